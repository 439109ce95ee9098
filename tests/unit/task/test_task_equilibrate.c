/* Equilibrated canonical forms of inverses: what they look like, that scaled inputs share one, that
 * answers come back, what batches keep of them, and what is refused. */
#include "task/batch_impl.h"
#include "task/equilibrate.h"
#include "task/registry.h"
#include "task_fixture.h"

enum { N = 5, MOST = 400 };

static lat_task *equilibrated_task(lat_context *ctx, int32_t rows) {
  lat_task *task = NULL;
  lat_task_options options = task_options("inverse", rows, 0);
  options.canonical = options.equilibrate = 1;
  OK(lat_task_create(&task, ctx, &options));
  return task;
}

/* A small generator of the test's own, on (-1, 1). */
static uint32_t seed = 1;

static double number(void) {
  seed = seed * 1664525u + 1013904223u;
  return ((double)(seed >> 8) + 0.5) / (1 << 23) - 1;
}

static void fill(lat_matrix *a) {
  for (int32_t i = 0; i < a->rows * a->cols; ++i) {
    a->data[i] = 10 * number();
  }
}

static void take_form(lat_matrix *form, lati_transform *transform, const lat_task *task,
                      const lat_matrix *a) {
  ck_assert_uint_eq(lat_task_transform_size(task), sizeof *transform);
  OK(lat_task_canonicalize(form, 1, transform, task, a));
}

static double line_sum(const lat_matrix *a, int32_t line, int columns) {
  double sum = 0;
  for (int32_t k = 0; k < a->rows; ++k) {
    sum += fabs(columns ? at(a, k, line) : at(a, line, k));
  }
  return sum;
}

START_TEST(sizes_in_rows_and_columns_sum_to_one) {
  static const int32_t sizes[] = {1, 2, N, 20};
  double a_data[MOST], c_data[MOST];
  lati_transform transform;
  lat_context *ctx = new_context(1);
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
    const int32_t n = sizes[s];
    lat_task *task = equilibrated_task(ctx, n);
    lat_matrix a = by_rows(a_data, n, n), c = by_rows(c_data, n, n);
    for (int32_t trial = 0; trial < 50; ++trial) {
      fill(&a);
      take_form(&c, &transform, task, &a);
      for (int32_t i = 0; i < n; ++i) {
        ck_assert_double_eq_tol(line_sum(&c, i, 0), 1, 1e-12);
        ck_assert_double_eq_tol(line_sum(&c, i, 1), 1, 1e-12);
        ck_assert_double_ge(at(&c, 0, i), 0);
        ck_assert_double_ge(at(&c, i, 0), 0);
        ck_assert_double_ge(at(&c, 0, 0), fabs(at(&c, i, n - 1 - i)));
      }
    }
    lat_task_free(task);
  }
  lat_context_free(ctx);
}
END_TEST

/* b = R A S with signs and sizes of any kind, rows and columns reversed. */
static void rescale(lat_matrix *b, const lat_matrix *a) {
  const int32_t n = a->rows;
  double row[N], col[N];
  for (int32_t i = 0; i < n; ++i) {
    row[i] = (number() < 0 ? -1 : 1) * exp(5 * number());
    col[i] = (number() < 0 ? -1 : 1) * exp(5 * number());
  }
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      b->data[i * b->ld + j] = row[i] * col[j] * at(a, n - 1 - i, n - 1 - j);
    }
  }
}

START_TEST(scaled_inputs_share_a_form) {
  double a_data[MOST], b_data[MOST], c_data[MOST], d_data[MOST];
  lati_transform transform;
  lat_context *ctx = new_context(1);
  lat_task *task = equilibrated_task(ctx, N);
  lat_matrix a = by_rows(a_data, N, N), b = by_rows(b_data, N, N);
  lat_matrix c = by_rows(c_data, N, N), d = by_rows(d_data, N, N);
  for (int32_t trial = 0; trial < 100; ++trial) {
    fill(&a);
    rescale(&b, &a);
    take_form(&c, &transform, task, &a);
    take_form(&d, &transform, task, &b);
    for (int32_t i = 0; i < N * N; ++i) {
      ck_assert_double_eq_tol(c.data[i], d.data[i], 1e-11);
    }
  }
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

START_TEST(answers_come_back) {
  double a_data[MOST], c_data[MOST], answer_data[MOST], back_data[MOST];
  lati_transform transform;
  lat_context *ctx = new_context(1);
  lat_task *task = equilibrated_task(ctx, N);
  lat_matrix a = by_rows(a_data, N, N), c = by_rows(c_data, N, N);
  lat_matrix answer = by_rows(answer_data, N, N), back = by_rows(back_data, N, N);
  for (int32_t trial = 0; trial < 100; ++trial) {
    lat_score score;
    fill(&a);
    take_form(&c, &transform, task, &a);
    OK(lat_task_answer(&answer, task, &c));
    OK(lat_task_restore(&back, 1, task, &transform, &answer));
    lat_score_init(&score);
    OK(joined_score(&score, task, &a, NULL, &back, NULL));
    ck_assert_double_le(score.residual, 1e-9);
  }
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* Sums that overflow or vanish, lines of zeros, and patterns for which the iteration does not
 * converge. */
START_TEST(extreme_inputs_have_finite_forms) {
  static const double inputs[][9] = {
      {1e308, -1e308, 1e308, 1e308, 1e308, 1e308, -1e308, 1e308, 1},
      {1e-308, 1e-308, 0, 0, 1e-308, 1e-320, 1e-308, 0, 1e-308},
      {1e300, 1, 1e-300, 1, 1e-300, 1e300, 1e-300, 1e300, 1},
      {1, 2, 3, 0, 4, 5, 0, 0, 6},
      {1, 2, 3, 0, 0, 0, 4, 5, 6},
      {0, 0, 0, 0, 0, 0, 0, 0, 0},
      {0, 2, 0, 0, 0, 3, 5, 0, 0},
  };
  double c_data[9];
  lati_transform transform;
  lat_context *ctx = new_context(1);
  lat_task *task = equilibrated_task(ctx, 3);
  for (size_t k = 0; k < sizeof inputs / sizeof *inputs; ++k) {
    double a_data[9];
    memcpy(a_data, inputs[k], sizeof a_data);
    lat_matrix a = by_rows(a_data, 3, 3), c = by_rows(c_data, 3, 3);
    take_form(&c, &transform, task, &a);
    for (int32_t i = 0; i < 9; ++i) {
      ck_assert_msg(isfinite(c_data[i]) && fabs(c_data[i]) <= 1 + 1e-12, "input %zu: %g", k,
                    c_data[i]);
    }
    for (int32_t i = 0; i < 3; ++i) {
      ck_assert(isfinite(transform.row_factor[i]) && transform.row_factor[i] != 0);
      ck_assert(isfinite(transform.col_factor[i]) && transform.col_factor[i] != 0);
    }
  }
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* Both tasks draw the same matrices, one of them as they are. */
START_TEST(batches_keep_the_factors) {
  lat_context *ctx = new_context(1);
  lat_task *task = equilibrated_task(ctx, N), *plain = new_task(ctx, "inverse", N, 0);
  lat_tokenizer *tokenizer = new_tokenizer(ctx, "fp15", "fp15");
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL, *other = NULL;
  OK(lat_batch_create(&batch, tokenizer));
  OK(lat_batch_create(&other, tokenizer));
  OK(lat_sampler_create(&sampler, plain, tokenizer, NULL));
  OK(lat_sampler_next(batch, sampler, 40));
  ck_assert_ptr_null(lati_batch_factors(batch, 0));
  lat_sampler_free(sampler);
  OK(lat_sampler_create(&sampler, task, tokenizer, NULL));
  OK(lat_sampler_next(other, sampler, 40));
  OK(lati_batch_concatenate(batch, other));
  ck_assert_ptr_null(lati_batch_factors(batch, 39));
  for (int64_t i = 0; i < 40; ++i) {
    const double *drawn = batch->side[LAT_INPUT].values + i * N * N;
    const double *kept = lati_batch_factors(batch, 40 + i);
    lati_transform transform;
    double a_data[N * N], c_data[N * N];
    memcpy(a_data, drawn, sizeof a_data);
    lat_matrix a = by_rows(a_data, N, N), c = by_rows(c_data, N, N);
    take_form(&c, &transform, task, &a);
    ck_assert_ptr_nonnull(kept);
    ck_assert_mem_eq(kept, transform.row_factor, N * sizeof *kept);
    ck_assert_mem_eq(kept + N, transform.col_factor, N * sizeof *kept);
    ck_assert_mem_eq(kept, lati_batch_factors(other, i), 2 * N * sizeof *kept);
  }
  lat_sampler_free(sampler);
  lat_batch_free(other);
  lat_batch_free(batch);
  lat_tokenizer_free(tokenizer);
  lat_task_free(plain);
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

START_TEST(undoing_the_factors_gives_the_residual_of_the_input) {
  double a_data[N * N], c_data[N * N], p_data[N * N], back_data[N * N];
  lati_transform transform;
  lat_context *ctx = new_context(1);
  lat_task *task = equilibrated_task(ctx, N);
  lat_matrix a = by_rows(a_data, N, N), c = by_rows(c_data, N, N);
  lat_matrix p = by_rows(p_data, N, N), back = by_rows(back_data, N, N);
  for (int32_t trial = 0; trial < 20; ++trial) {
    lat_score direct, undone;
    fill(&a);
    fill(&p); /* any matrix is a prediction */
    take_form(&c, &transform, task, &a);
    OK(lat_task_restore(&back, 1, task, &transform, &p));
    lati_unscale_lines(&c, transform.row_factor, transform.col_factor);
    lati_scale_lines(&p, transform.col_factor, transform.row_factor);
    lat_score_init(&direct);
    lat_score_init(&undone);
    OK(joined_score(&direct, task, &a, NULL, &back, NULL));
    OK(joined_score(&undone, task, &c, NULL, &p, NULL));
    ck_assert_double_eq_tol(undone.residual / direct.residual, 1, 1e-9);
  }
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

START_TEST(refuses_what_is_not_equilibrated) {
  lat_context *ctx = new_context(1);
  lat_task *task = NULL;
  lat_task_options options = task_options("inverse", N, 0);
  options.equilibrate = 1;
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_ARGUMENT, "canonical is 0");
  options.name = "eigenvalues";
  options.canonical = 1;
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_ARGUMENT, "no equilibrated form");
  options.name = "inverse";
  options.equilibrate = 2;
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_ARGUMENT, "equilibrate");
  ck_assert_ptr_null(task);
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {sizes_in_rows_and_columns_sum_to_one,
                                scaled_inputs_share_a_form,
                                answers_come_back,
                                extreme_inputs_have_finite_forms,
                                batches_keep_the_factors,
                                undoing_the_factors_gives_the_residual_of_the_input,
                                refuses_what_is_not_equilibrated,
                                NULL};
  return run_suite("task_equilibrate", tests);
}
