/* Scratchpads: what stands in front of an answer, for which tasks, and up to which size. */
#include "task_fixture.h"

enum { MOST = 400 };

static lat_context *ctx;

static lat_task *scratchpad_task(const char *name, int32_t size, int32_t canonical) {
  lat_task *task = NULL;
  lat_task_options options = task_options(name, size, size);
  options.scratchpad = 1;
  options.canonical = canonical;
  OK(lat_task_create(&task, ctx, &options));
  return task;
}

/* Example 0 of the task: its input, and the matrices that its answer's tokens say, numbers of four
 * digits. */
typedef struct drawn {
  double input_data[MOST], steps_data[MOST], answer_data[MOST];
  lat_matrix input, steps, answer;
} drawn;

static lat_tokenizer *precise_tokenizer(void) {
  lat_tokenizer *tokenizer = NULL;
  lat_tokenizer_options options;
  lat_tokenizer_options_init(&options);
  options.input_encoding = options.output_encoding = "p10";
  options.output_digits = 4;
  OK(lat_tokenizer_create(&tokenizer, ctx, &options));
  return tokenizer;
}

static void read_matrix(lat_matrix *out, double *data, lat_tokenizer *tokenizer,
                        const lat_sequences *sequences, size_t *place) {
  size_t used = 0;
  *out = by_rows(data, 0, 0);
  OK(lat_tokenizer_decode(out, MOST, NULL, &used, tokenizer, LAT_OUTPUT, sequences->tokens + *place,
                          (size_t)sequences->offsets[1] - *place));
  *place += used;
}

static void draw(drawn *d, lat_task *task, uint64_t seed) {
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_sampler_options options;
  lat_sequences sequences;
  size_t place = 0;
  lat_tokenizer *tokenizer = precise_tokenizer();
  lat_sampler_options_init(&options);
  options.seed = seed;
  OK(lat_batch_create(&batch, tokenizer));
  OK(lat_sampler_create(&sampler, task, tokenizer, &options));
  OK(lat_sampler_next(batch, sampler, 1));
  OK(lat_batch_sequences(&sequences, batch, LAT_OUTPUT));
  read_matrix(&d->steps, d->steps_data, tokenizer, &sequences, &place);
  read_matrix(&d->answer, d->answer_data, tokenizer, &sequences, &place);
  ck_assert_uint_eq(place, (size_t)sequences.offsets[1]);
  lat_matrix view;
  OK(lat_batch_matrix(&view, batch, LAT_INPUT, 0));
  memcpy(d->input_data, view.data, (size_t)(view.rows * view.cols) * sizeof *view.data);
  d->input = by_rows(d->input_data, view.rows, view.cols);
  lat_sampler_free(sampler);
  lat_batch_free(batch);
  lat_tokenizer_free(tokenizer);
}

static void assert_near(double got, double wanted) {
  ck_assert_double_eq_tol(got, wanted, 6e-4 * fabs(wanted) + 1e-12);
}

/* Row i: the sums over the first 1, 2, 3 rows for each column of the right operand; at last of a
 * product under a transform. */
START_TEST(products_write_their_partial_sums) {
  static const char *const names[] = {"matvec", "product", "product"};
  enum { N = 4, LOG1P = 2 };
  drawn d;
  lat_task *task = NULL;
  const int32_t cols = _i == 0 ? 1 : N;
  lat_task_options options = task_options(names[_i], N, N);
  options.scratchpad = 1;
  options.transform = _i == LOG1P ? "log1p" : NULL;
  OK(lat_task_create(&task, ctx, &options));
  draw(&d, task, 3);
  ck_assert_int_eq(d.steps.rows, N);
  ck_assert_int_eq(d.steps.cols, cols * (N - 1));
  for (int32_t i = 0; i < N; ++i) {
    for (int32_t j = 0; j < cols; ++j) {
      double sum = 0;
      for (int32_t l = 0; l < N; ++l) {
        const double a = at(&d.input, l, i);
        sum += (_i == LOG1P ? copysign(log1p(fabs(a)), a) : a) * at(&d.input, l, N + j);
        assert_near(l < N - 1 ? at(&d.steps, i, j * (N - 1) + l) : at(&d.answer, i, j), sum);
      }
    }
  }
  lat_task_free(task);
}
END_TEST

/* After k steps of elimination in place the leading k x k block is the inverse of that block of A,
 * and beside it stands its product with what is beside it in A. */
START_TEST(inverses_write_their_elimination) {
  enum { N = 4 };
  drawn d;
  lat_task *task = scratchpad_task("inverse", N, 1);
  draw(&d, task, (uint64_t)_i);
  ck_assert_int_eq(d.steps.rows, N * (N - 1));
  ck_assert_int_eq(d.steps.cols, N);
  for (int32_t k = 1; k <= N; ++k) {
    for (int32_t i = 0; i < k; ++i) {
      for (int32_t j = 0; j < N; ++j) {
        double sum = 0, size = 0;
        for (int32_t l = 0; l < k; ++l) {
          const double x = k < N ? at(&d.steps, (k - 1) * N + l, j) : at(&d.answer, l, j);
          sum += at(&d.input, i, l) * x;
          size += fabs(at(&d.input, i, l) * x);
        }
        const double wanted = j < k ? i == j : at(&d.input, i, j);
        ck_assert_double_eq_tol(sum, wanted, 6e-4 * size);
      }
    }
  }
  lat_task_free(task);
}
END_TEST

/* Steps follow from the operands; a problem without its answer has none. */
START_TEST(examples_of_the_host_have_steps_too) {
  double a[4] = {4, 2, 1, 2}, x[4] = {1. / 3, -1. / 3, -1. / 6, 2. / 3}, read[MOST];
  const double wanted[4] = {0.25, 0.5, -0.25, 1.5};
  const lat_matrix input = by_rows(a, 2, 2), answer = by_rows(x, 2, 2);
  lat_batch *batch = NULL;
  lat_sequences sequences;
  lat_matrix steps;
  size_t place = 0;
  lat_task *task = scratchpad_task("inverse", 2, 0);
  lat_tokenizer *tokenizer = precise_tokenizer();
  OK(lat_batch_create(&batch, tokenizer));
  OK(lat_batch_append_operands(batch, 0, task, &input, 1, &answer, 1));
  OK(lat_batch_append_operands(batch, 0, task, &input, 1, NULL, 0));
  OK(lat_batch_sequences(&sequences, batch, LAT_OUTPUT));
  read_matrix(&steps, read, tokenizer, &sequences, &place);
  for (int i = 0; i < 4; ++i) {
    ck_assert_double_eq(read[i], wanted[i]);
  }
  ck_assert_int_eq(sequences.offsets[2], sequences.offsets[1]);
  lat_batch_free(batch);
  lat_tokenizer_free(tokenizer);
  lat_task_free(task);
}
END_TEST

static void check_refused(const char *name, int32_t size, const char *message) {
  lat_task *task = NULL;
  lat_task_options options = task_options(name, size, size);
  options.scratchpad = 1;
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_ARGUMENT, message);
  ck_assert_ptr_null(task);
}

START_TEST(what_has_no_scratchpad_is_refused) {
  check_refused("transpose", 3, "task 'transpose' has no scratchpad");
  check_refused("syminverse", 3, "task 'syminverse' has no scratchpad");
  check_refused("inverse", 11, "the scratchpad for 11 x 11 is 110 x 11, more than 100");
  check_refused("inverse", 1, "nothing lies between 1 x 1 and the answer");
  check_refused("matvec", 1, "nothing lies between 1 x 1 and 1 x 1 and the answer");
  check_refused("product", 11, "the scratchpad for 11 x 11 and 11 x 11 is 11 x 110");
}
END_TEST

/* Drawn sizes, and operands of the caller's. */
START_TEST(no_size_may_lack_one) {
  lat_task *task = NULL;
  double a[1] = {2}, x[1];
  const lat_matrix input = by_rows(a, 1, 1);
  lat_matrix output = by_rows(x, 1, 1);
  lat_task_options options;
  lat_task_options_init(&options);
  options.name = "inverse";
  options.scratchpad = options.min_size = 1;
  options.max_size = 3;
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_ARGUMENT, "nothing lies between 1 x 1");
  options.min_size = 2;
  OK(lat_task_create(&task, ctx, &options));
  FAILS(lat_task_answer(&output, task, &input), LAT_ERROR_SHAPE, "nothing lies between 1 x 1");
  lat_task_free(task);
}
END_TEST

START_TEST(an_encoder_alone_has_no_room_for_one) {
  lat_model *model = NULL;
  lat_model_options options;
  lat_task *task = scratchpad_task("inverse", 2, 0);
  lat_tokenizer *tokenizer = new_tokenizer(ctx, "p1000", "p1000");
  lat_model_options_init(&options);
  options.architecture = LAT_ARCHITECTURE_ENCODER;
  FAILS(lat_model_create(&model, task, tokenizer, &options), LAT_ERROR_ARGUMENT,
        "are written one after the other");
  lat_tokenizer_free(tokenizer);
  lat_task_free(task);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("scratchpad");
  ctx = new_context(1);
  tcase_add_loop_test(tests, products_write_their_partial_sums, 0, 3);
  tcase_add_loop_test(tests, inverses_write_their_elimination, 0, 5);
  tcase_add_test(tests, examples_of_the_host_have_steps_too);
  tcase_add_test(tests, what_has_no_scratchpad_is_refused);
  tcase_add_test(tests, no_size_may_lack_one);
  tcase_add_test(tests, an_encoder_alone_has_no_room_for_one);
  const int failed = run_case("scratchpad", tests);
  lat_context_free(ctx);
  return failed;
}
