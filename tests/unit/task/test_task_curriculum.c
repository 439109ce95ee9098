/* Weights over the examples of a stream: sizes, tasks, spectra. */
#include "task/task_impl.h"
#include "task_fixture.h"

typedef struct course {
  lat_context *ctx;
  lat_tokenizer *tokenizer;
  lat_task *task;
  lat_sampler *sampler;
  lat_batch *batch;
} course;

static lat_task *new_sizes(lat_context *ctx, const char *name, int32_t rectangular) {
  lat_task *task = NULL;
  lat_task_options options = task_options(name, 5, 0);
  options.min_size = 2;
  options.max_size = 4;
  options.rectangular = rectangular;
  OK(lat_task_create(&task, ctx, &options));
  return task;
}

static course begin(const char *name, int32_t rectangular, int32_t threads) {
  course c = {.ctx = new_context(threads)};
  c.tokenizer = new_tokenizer(c.ctx, "p1000", "p1000");
  c.task = new_sizes(c.ctx, name, rectangular);
  OK(lat_batch_create(&c.batch, c.tokenizer));
  return c;
}

static void make_sampler(course *c, const lat_sampler_options *options) {
  OK(lat_sampler_create(&c->sampler, c->task, c->tokenizer, options));
}

static void end(course *c) {
  lat_batch_free(c->batch);
  lat_sampler_free(c->sampler);
  lat_task_free(c->task);
  lat_tokenizer_free(c->tokenizer);
  lat_context_free(c->ctx);
}

/* Counts of rows, or of columns, in `count` examples from `first`. */
static void count_sizes(int counts[8], course *c, int columns, uint64_t first, int64_t count) {
  lat_matrix input;
  memset(counts, 0, 8 * sizeof *counts);
  lat_sampler_seek(c->sampler, first);
  OK(lat_sampler_next(c->batch, c->sampler, count));
  for (int64_t i = 0; i < count; ++i) {
    OK(lat_batch_matrix(&input, c->batch, LAT_INPUT, i));
    ck_assert_int_lt(columns ? input.cols : input.rows, 8);
    ++counts[columns ? input.cols : input.rows];
  }
}

static void expect_share(int found, double share, int count) {
  ck_assert_double_eq_tol(found, share * count, 5 * sqrt(count * share * (1 - share)) + 1e-9);
}

START_TEST(shares_are_linear_between_points) {
  int counts[8];
  lat_sampler_options options;
  course c = begin("eigenvalues", 0, 1);
  lat_sampler_options_init(&options);
  options.size_weights = "2:3,3@10000;4@30000";
  make_sampler(&c, &options);
  count_sizes(counts, &c, 0, 0, 2000);
  expect_share(counts[2], 0.75, 2000);
  expect_share(counts[3], 0.25, 2000);
  count_sizes(counts, &c, 0, 19000, 2000);
  expect_share(counts[2], 0.375, 2000);
  expect_share(counts[3], 0.125, 2000);
  expect_share(counts[4], 0.5, 2000);
  count_sizes(counts, &c, 0, 30000, 500);
  ck_assert_int_eq(counts[4], 500);
  count_sizes(counts, &c, 0, UINT64_C(1) << 60, 500);
  ck_assert_int_eq(counts[4], 500);
  lati_sampler_stay_at_end(c.sampler);
  count_sizes(counts, &c, 0, 0, 500);
  ck_assert_int_eq(counts[4], 500);
  end(&c);
}
END_TEST

START_TEST(rows_and_columns_are_drawn_apart) {
  int rows[8], cols[8];
  lat_sampler_options options;
  course c = begin("transpose", 1, 1);
  lat_sampler_options_init(&options);
  options.size_weights = "2,4:3";
  make_sampler(&c, &options);
  count_sizes(rows, &c, 0, 0, 2000);
  count_sizes(cols, &c, 1, 0, 2000);
  expect_share(rows[2], 0.25, 2000);
  expect_share(cols[2], 0.25, 2000);
  ck_assert_int_eq(rows[3] + cols[3], 0);
  ck_assert_int_ne(rows[2], cols[2]);
  end(&c);
}
END_TEST

/* Example i is the same wherever drawing began and on however many threads. */
START_TEST(examples_follow_from_their_index) {
  lat_sampler_options options;
  course one = begin("eigenvalues", 0, 1), many = begin("eigenvalues", 0, 3);
  lat_sampler_options_init(&options);
  options.size_weights = "2@0;4@400";
  options.distribution_weights = "semicircle,laplace@0;positive@300";
  make_sampler(&one, &options);
  make_sampler(&many, &options);
  OK(lat_sampler_next(one.batch, one.sampler, 500));
  lat_sampler_seek(many.sampler, 150);
  OK(lat_sampler_next(many.batch, many.sampler, 200));
  for (int64_t i = 0; i < 200; ++i) {
    lat_matrix a, b;
    OK(lat_batch_matrix(&a, one.batch, LAT_INPUT, 150 + i));
    OK(lat_batch_matrix(&b, many.batch, LAT_INPUT, i));
    ck_assert_int_eq(a.rows, b.rows);
    ck_assert_mem_eq(a.data, b.data, sizeof *a.data * (size_t)(a.rows * a.cols));
  }
  end(&one);
  end(&many);
}
END_TEST

START_TEST(spectra_change) {
  lat_sampler_options options;
  course c = begin("eigenvalues", 0, 1);
  lat_sampler_options_init(&options);
  options.distribution_weights = "laplace@0;positive@10";
  make_sampler(&c, &options);
  OK(lat_sampler_next(c.batch, c.sampler, 60));
  ck_assert_str_eq(lati_batch_distribution(c.batch, 0), "laplace");
  for (int64_t i = 10; i < 60; ++i) {
    ck_assert_str_eq(lati_batch_distribution(c.batch, i), "positive");
  }
  end(&c);
}
END_TEST

START_TEST(tasks_change) {
  lat_sampler_options options;
  course c = begin("transpose", 0, 1);
  lat_task *other = new_sizes(c.ctx, "eigenvalues", 0), *mixture = NULL;
  lat_task *const tasks[] = {c.task, other};
  OK(lat_task_create_mixture(&mixture, c.ctx, tasks, NULL, 2));
  lat_task_free(other);
  lat_task_free(c.task);
  c.task = mixture;
  lat_sampler_options_init(&options);
  options.task_weights = "eigenvalues;transpose@10";
  options.size_weights = "3";
  make_sampler(&c, &options);
  OK(lat_sampler_next(c.batch, c.sampler, 60));
  ck_assert_int_eq(lat_batch_component(c.batch, 0), 1);
  for (int64_t i = 10; i < 60; ++i) {
    ck_assert_int_eq(lat_batch_component(c.batch, i), 0);
  }
  end(&c);
}
END_TEST

static void expect_refused(course *c, const char *text, const char *message) {
  lat_sampler_options options;
  lat_sampler_options_init(&options);
  options.size_weights = text;
  FAILS(lat_sampler_create(&c->sampler, c->task, c->tokenizer, &options), LAT_ERROR_ARGUMENT,
        message);
  ck_assert_ptr_null(c->sampler);
}

START_TEST(bad_weights_are_refused) {
  lat_sampler_options options;
  course c = begin("transpose", 0, 1);
  expect_refused(&c, "", "size_weights: '' is none of the task's sizes");
  expect_refused(&c, "5", "'5' is none of");
  expect_refused(&c, "3x", "'3x' is none of");
  expect_refused(&c, "3,3", "a name is given twice: '3'");
  expect_refused(&c, "3:0", "a weight is not in 0..1e100, without 0: '0'");
  expect_refused(&c, "3:x", "a weight is not in");
  expect_refused(&c, "3:nan", "a weight is not in");
  expect_refused(&c, "3:1e101", "a weight is not in");
  expect_refused(&c, "3@-1", "not a number of examples: '-1'");
  expect_refused(&c, "3@1.5", "not a number of examples: '1.5'");
  expect_refused(&c, "3@", "not a number of examples: ''");
  expect_refused(&c, "3@5;4@5", "5 examples follow 5: points must ascend");
  expect_refused(&c, "3;4", "a later point needs @EXAMPLES: ''");
  expect_refused(&c, "3;", "'' is none of");
  expect_refused(&c, "3:1 4", "unexpected ' 4'");
  lat_sampler_options_init(&options);
  options.task_weights = "transpose";
  FAILS(lat_sampler_create(&c.sampler, c.task, c.tokenizer, &options), LAT_ERROR_ARGUMENT,
        "task_weights: task 'transpose' is not a mixture");
  lat_sampler_options_init(&options);
  options.distribution_weights = "laplace";
  FAILS(lat_sampler_create(&c.sampler, c.task, c.tokenizer, &options), LAT_ERROR_ARGUMENT,
        "matrices of task 'transpose' are not symmetric");
  lat_task_free(c.task);
  c.task = new_task(c.ctx, "eigenvalues", 3, 0);
  expect_refused(&c, "3", "the sizes of task 'eigenvalues' are not drawn from min_size..max_size");
  options.distribution_weights = "laplac";
  FAILS(lat_sampler_create(&c.sampler, c.task, c.tokenizer, &options), LAT_ERROR_ARGUMENT,
        "distribution_weights: 'laplac' is none of semicircle");
  end(&c);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {shares_are_linear_between_points,
                                rows_and_columns_are_drawn_apart,
                                examples_follow_from_their_index,
                                spectra_change,
                                tasks_change,
                                bad_weights_are_refused,
                                NULL};
  return run_suite("task_curriculum", tests);
}
