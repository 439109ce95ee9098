/* Tasks of several operands and results: what they answer, how they are written, what is refused.
 */
#include "task/registry.h"
#include "task_fixture.h"

enum { ROOM = 64 };

static lat_context *ctx;

static lat_batch *draw(const char *name, int32_t rows, int32_t cols, lat_task **task) {
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_tokenizer *tokenizer = new_tokenizer(ctx, "fp15", "fp15");
  *task = new_task(ctx, name, rows, cols);
  OK(lat_sampler_create(&sampler, *task, tokenizer, NULL));
  OK(lat_batch_create(&batch, tokenizer));
  OK(lat_sampler_next(batch, sampler, 50));
  lat_sampler_free(sampler);
  lat_tokenizer_free(tokenizer);
  return batch;
}

/* Examples are right by the task's own residual, which needs no target. */
static void check_examples(const char *name, int32_t rows, int32_t cols) {
  lat_task *task = NULL;
  lat_batch *batch = draw(name, rows, cols, &task);
  const int32_t operands = lat_task_operand_count(task);
  for (int64_t i = 0; i < lat_batch_size(batch); ++i) {
    lat_matrix from[LAT_MAX_OPERANDS], to[LAT_MAX_OPERANDS];
    lat_score score;
    ck_assert_int_eq(lat_batch_operand_count(batch, LAT_INPUT, i), operands);
    for (int32_t k = 0; k < operands; ++k) {
      OK(lat_batch_operand(&from[k], batch, LAT_INPUT, i, k));
    }
    OK(lat_batch_operand(&to[0], batch, LAT_OUTPUT, i, 0));
    lat_score_init(&score);
    OK(lat_task_score_operands(&score, task, from, operands, NULL, to, 1, NULL));
    ck_assert_msg(score.residual < 1e-9, "%s: residual %g", name, score.residual);
    to[0].data[0] += 1;
    OK(lat_task_score_operands(&score, task, from, operands, NULL, to, 1, NULL));
    ck_assert_msg(score.residual > 1e-6, "%s: residual %g of a wrong answer", name, score.residual);
  }
  lat_batch_free(batch);
  lat_task_free(task);
}

START_TEST(examples_solve_their_equations) {
  ctx = new_context(2);
  check_examples("linear-system", 1, 0);
  check_examples("linear-system", 4, 0);
  check_examples("linear-system", 3, 5);
  check_examples("least-squares", 5, 2);
  check_examples("least-squares", 3, 3);
  check_examples("sylvester", 1, 1);
  check_examples("sylvester", 3, 4);
  check_examples("sylvester", 5, 2);
  check_examples("determinant", 1, 0);
  lat_context_free(ctx);
}
END_TEST

/* Expansion along the first row. */
static double plain_determinant(const lat_matrix *a) {
  double sum = 0, minor_data[ROOM];
  if (a->rows == 1) {
    return a->data[0];
  }
  for (int32_t k = 0; k < a->cols; ++k) {
    const lat_matrix minor = by_rows(minor_data, a->rows - 1, a->cols - 1);
    for (int32_t i = 1; i < a->rows; ++i) {
      for (int32_t j = 0, col = 0; j < a->cols; ++j) {
        if (j != k) {
          minor.data[(i - 1) * minor.ld + col++] = at(a, i, j);
        }
      }
    }
    sum += (k % 2 == 0 ? 1 : -1) * at(a, 0, k) * plain_determinant(&minor);
  }
  return sum;
}

START_TEST(determinants_are_those_of_the_expansion) {
  ctx = new_context(1);
  for (int32_t n = 1; n <= 5; ++n) {
    lat_task *task = NULL;
    lat_batch *batch = draw("determinant", n, 0, &task);
    for (int64_t i = 0; i < lat_batch_size(batch); ++i) {
      lat_matrix a, x;
      OK(lat_batch_matrix(&a, batch, LAT_INPUT, i));
      OK(lat_batch_matrix(&x, batch, LAT_OUTPUT, i));
      const double plain = plain_determinant(&a);
      ck_assert_double_eq_tol(x.data[0], plain, 1e-9 * (1 + fabs(plain)));
    }
    lat_batch_free(batch);
    lat_task_free(task);
  }
  /* Products that overflow or vanish on the way. */
  double graded[16] = {1e-200, 0, 0, 0, 0, 1e-200, 0, 0, 0, 0, 1e200, 0, 0, 0, 0, 1e200}, x = 0;
  lat_task *four = new_task(ctx, "determinant", 4, 0);
  const lat_matrix a = by_rows(graded, 4, 4);
  lat_matrix of_four = by_rows(&x, 1, 1);
  for (int swapped = 0; swapped < 2; ++swapped) {
    OK(lat_task_answer(&of_four, four, &a));
    ck_assert_double_eq_tol(x, 1, 1e-12);
    graded[0] = graded[5] = 1e200;
    graded[10] = graded[15] = 1e-200;
  }
  graded[15] = 0;
  graded[10] = 1e200;
  OK(lat_task_answer(&of_four, four, &a));
  ck_assert_double_eq(x, 0);
  lat_task_free(four);
  double zero[4] = {1, 2, 2, 4};
  lat_task *task = new_task(ctx, "determinant", 2, 0);
  const lat_matrix singular = by_rows(zero, 2, 2);
  lat_matrix answer = by_rows(&x, 1, 1);
  OK(lat_task_answer(&answer, task, &singular));
  ck_assert_double_eq(x, 0);
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* Operands have a header each, one after the other; joined ones share one. */
START_TEST(operands_are_written_one_after_the_other) {
  ctx = new_context(1);
  lat_task *task = new_task(ctx, "linear-system", 2, 0), *add = new_task(ctx, "add", 2, 0);
  lat_tokenizer *tokenizer = new_tokenizer(ctx, "fp15", "fp15");
  double a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8};
  const lat_matrix system[] = {by_rows(a, 2, 2), by_rows(b, 2, 1)};
  const lat_matrix pair[] = {{a, 2, 2, 2, LAT_COLUMN_MAJOR}, by_rows(b, 2, 2)};
  lat_batch *batch = NULL;
  lat_sequences found;
  lat_matrix read, operand;
  double data[ROOM];
  size_t used = 0, rest = 0;
  OK(lat_batch_create(&batch, tokenizer));
  OK(lat_batch_append_operands(batch, 'L', task, system, 2, NULL, 0));
  OK(lat_batch_append_operands(batch, 0, add, pair, 2, &pair[1], 1));
  OK(lat_batch_sequences(&found, batch, LAT_INPUT));
  ck_assert_int_eq(found.offsets[1], 1 + 2 + 4 + 2 + 2);
  read = by_rows(data, 0, 0);
  OK(lat_tokenizer_decode(&read, ROOM, NULL, &used, tokenizer, LAT_INPUT, found.tokens, 11));
  ck_assert(used == 7 && read.rows == 2 && read.cols == 2 && data[3] == 4);
  OK(lat_tokenizer_decode(&read, ROOM, NULL, &rest, tokenizer, LAT_INPUT, found.tokens + used,
                          11 - used));
  ck_assert(used + rest == 11 && read.rows == 2 && read.cols == 1 && data[1] == 6);
  FAILS(lat_batch_matrix(&read, batch, LAT_INPUT, 0), LAT_ERROR_STATE, "2 matrices");
  ck_assert_int_eq(lat_batch_operand_count(batch, LAT_OUTPUT, 0), 0);
  OK(lat_batch_matrix(&read, batch, LAT_INPUT, 1)); /* [A B] */
  ck_assert(read.cols == 4 && read.data[1] == 3 && read.data[2] == 5);
  OK(lat_batch_operand(&operand, batch, LAT_INPUT, 1, 1));
  ck_assert(operand.cols == 2 && at(&operand, 1, 0) == 7);
  FAILS(lat_batch_operand(&operand, batch, LAT_INPUT, 1, 2), LAT_ERROR_ARGUMENT, "outside 0..1");
  FAILS(lat_batch_append_operands(batch, 0, task, system, 1, NULL, 0), LAT_ERROR_ARGUMENT,
        "count 1: task 'linear-system' has 2 operands");
  FAILS(lat_batch_append_operands(batch, 0, task, system, -1, NULL, 0), LAT_ERROR_ARGUMENT,
        "count -1: task 'linear-system' has 2 operands");
  FAILS(lat_batch_append_operands(batch, 0, task, system, 2, system, -1), LAT_ERROR_ARGUMENT,
        "count -1: task 'linear-system' has 2 operands");
  FAILS(lat_batch_append_operands(batch, 0, task, pair, 2, &system[1], 1), LAT_ERROR_SHAPE,
        "output");
  const lat_matrix misfit[] = {by_rows(a, 2, 2), by_rows(b, 3, 1)};
  FAILS(
      lat_batch_append_operands(batch, 0, task, misfit, 2, NULL, 0), LAT_ERROR_SHAPE,
      "task 'linear-system' takes a square matrix and right-hand sides of as many rows, not 2 x 2 "
      "and 3 x 1");
  ck_assert_int_eq(lat_batch_size(batch), 2);
  lat_batch_free(batch);
  lat_tokenizer_free(tokenizer);
  lat_task_free(add);
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

START_TEST(results_come_apart) {
  ctx = new_context(1);
  lat_task *task = new_task(ctx, "eigenvectors", 2, 0);
  double s[4] = {2, 1, 1, 2}, values[2], vectors[4];
  const lat_matrix input = by_rows(s, 2, 2);
  lat_matrix results[] = {by_rows(values, 1, 2), {vectors, 2, 2, 2, LAT_COLUMN_MAJOR}};
  ck_assert_int_eq(lat_task_result_count(task), 2);
  OK(lat_task_answer_operands(results, 2, task, &input, 1));
  ck_assert_double_eq_tol(values[0], 1, 1e-14);
  ck_assert_double_eq_tol(values[1], 3, 1e-14);
  ck_assert_double_eq_tol(fabs(vectors[0]), sqrt(0.5), 1e-14);
  FAILS(lat_task_answer(results, task, &input), LAT_ERROR_ARGUMENT,
        "count 1: task 'eigenvectors' has 1 operand and 2 results");
  FAILS(lat_task_answer_operands(results, -1, task, &input, 1), LAT_ERROR_ARGUMENT, "count -1");
  FAILS(lat_task_answer_operands(results, 2, task, &input, -1), LAT_ERROR_ARGUMENT, "count -1");
  FAILS(lat_task_result_shapes(results, 2, task, &input, -1), LAT_ERROR_ARGUMENT, "count -1");
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* The tube products of two slices, written out: C_1 and C_2 of scalars and of 1 x 2 by 2 x 1. */
START_TEST(tensors_multiply_under_their_transform) {
  ctx = new_context(1);
  double a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8}, c[2];
  const lat_matrix operands[] = {by_rows(a, 2, 2), by_rows(b, 4, 1)};
  lat_matrix answer = by_rows(c, 2, 1);
  /* A_1 B_1 = 17, A_1 B_2 = 23, A_2 B_1 = 39, A_2 B_2 = 53; the cosine transform of length 2 is
   * (x + y, x - y) / sqrt 2. */
  const double sums = (17 + 23 + 39 + 53) / sqrt(8), differences = (17 - 23 - 39 + 53) / sqrt(8);
  const struct {
    const char *transform;
    double first, second;
  } expected[] = {{"identity", 17, 53},
                  {"circulant", 17 + 53, 23 + 39},
                  {"dct", sums + differences, sums - differences},
                  {NULL, 17, 53}};
  for (int i = 0; i < 4; ++i) {
    lat_task *task = NULL;
    lat_task_options options = task_options("tproduct", 2, 2);
    options.transform = expected[i].transform;
    OK(lat_task_create(&task, ctx, &options));
    OK(lat_task_answer_operands(&answer, 1, task, operands, 2));
    ck_assert_double_eq_tol(c[0], expected[i].first, 1e-13);
    ck_assert_double_eq_tol(c[1], expected[i].second, 1e-13);
    lat_task_free(task);
  }
  lat_task *task = NULL;
  lat_task_options options = task_options("product", 2, 2);
  options.transform = "log1p";
  OK(lat_task_create(&task, ctx, &options));
  double f[4] = {-1, 0, 0, 0}, g[4] = {1, 2, 3, 4}, h[4];
  const lat_matrix both[] = {by_rows(f, 2, 2), by_rows(g, 2, 2)};
  lat_matrix product = by_rows(h, 2, 2);
  OK(lat_task_answer_operands(&product, 1, task, both, 2));
  ck_assert_double_eq_tol(h[1], -2 * log(2), 1e-15);
  ck_assert_int_eq(task->scaling, LATI_SCALE_NONE);
  lat_task_free(task);
  const lat_matrix wrong[] = {operands[0], by_rows(b, 3, 1)};
  task = new_task(ctx, "tproduct", 2, 2);
  FAILS(lat_task_answer_operands(&answer, 1, task, wrong, 2), LAT_ERROR_SHAPE, "tensors");
  lat_task_free(task);
  task = NULL;
  options.transform = "dct";
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_NOT_FOUND,
        "task 'product' has no transform 'dct'; there are none, log1p");
  options = task_options("add", 2, 2);
  options.transform = "log1p";
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_ARGUMENT, "task 'add' takes no transform");
  lat_context_free(ctx);
}
END_TEST

START_TEST(singular_systems_have_no_answer) {
  ctx = new_context(1);
  double a[4] = {1, 2, 2, 4}, b[4] = {1, 1, 1, 1}, minus[4] = {-1, -2, -2, -4}, x[4];
  const lat_matrix system[] = {by_rows(a, 2, 2), by_rows(b, 2, 2)};
  const lat_matrix equation[] = {by_rows(a, 2, 2), by_rows(minus, 2, 2), by_rows(b, 2, 2)};
  lat_matrix answer = by_rows(x, 2, 2);
  lat_task *task = new_task(ctx, "linear-system", 2, 2);
  FAILS(lat_task_answer_operands(&answer, 1, task, system, 2), LAT_ERROR_NUMERIC, "singular");
  lat_task_free(task);
  task = new_task(ctx, "sylvester", 2, 2);
  FAILS(lat_task_answer_operands(&answer, 1, task, equation, 3), LAT_ERROR_NUMERIC, "in common");
  lat_task_free(task);
  task = NULL;
  lat_task_options options = task_options("linear-system", 2, 0);
  options.structure = "zero";
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_ARGUMENT, "no answer for structure zero");
  options = task_options("linear-system", 2, 0);
  options.min_size = 2;
  options.max_size = 4;
  options.rectangular = 1;
  FAILS(lat_task_create(&task, ctx, &options), LAT_ERROR_ARGUMENT, "square");
  lat_context_free(ctx);
}
END_TEST

/* Two operands, two results: a 1 x 1 and a row, which change places. */
static int32_t two_shapes(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  (void)random, (void)user;
  rows[0] = rows[1] = cols[0] = 1;
  cols[1] = 2;
  return 0;
}

static int32_t exchanged_shapes(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                                const int32_t *input_cols, void *user) {
  (void)user;
  for (int32_t i = 0; i < 2; ++i) {
    rows[i] = input_rows[1 - i];
    cols[i] = input_cols[1 - i];
  }
  return input_cols[0] == 1 ? 0 : LAT_TASK_REJECT;
}

static int32_t draw_two(lat_matrix *input, lat_random *random, void *user) {
  (void)user;
  for (int32_t i = 0; i < 3; ++i) {
    input[i > 0].data[i > 0 ? i - 1 : 0] = lat_random_integer(random, 1, 9);
  }
  return 0;
}

static int32_t exchange(lat_matrix *output, const lat_matrix *input, void *user) {
  (void)user;
  output[0].data[0] = input[1].data[0];
  output[0].data[1] = input[1].data[1];
  output[1].data[0] = input[0].data[0];
  return 0;
}

START_TEST(custom_tasks_have_operands_and_results) {
  ctx = new_context(1);
  lat_task *task = NULL;
  lat_task_functions f;
  lat_task_functions_init(&f);
  f.name = "exchange";
  f.letter = 'E';
  f.operand_count = f.result_count = 2;
  f.input_shape = two_shapes;
  f.output_shape = exchanged_shapes;
  f.draw = draw_two;
  f.answer = exchange;
  OK(lat_task_create_custom(&task, ctx, &f, NULL));
  double a = 3, b[2] = {4, 5}, x[2], y;
  const lat_matrix operands[] = {by_rows(&a, 1, 1), by_rows(b, 1, 2)};
  lat_matrix results[] = {by_rows(x, 1, 2), by_rows(&y, 1, 1)};
  OK(lat_task_answer_operands(results, 2, task, operands, 2));
  ck_assert(x[0] == 4 && x[1] == 5 && y == 3);
  lat_score score;
  lat_score_init(&score);
  y = 4; /* one of 3 + 4 + 5 is off */
  OK(lat_task_score_operands(&score, task, operands, 2, NULL, results, 2, NULL));
  ck_assert_double_eq_tol(score.residual, 1.0 / 12, 1e-15);
  ck_assert_double_eq_tol(score.within_1pct, 2.0 / 3, 1e-15);
  const lat_matrix wrong[] = {operands[1], operands[0]};
  FAILS(lat_task_answer_operands(results, 2, task, wrong, 2), LAT_ERROR_SHAPE,
        "task 'exchange' does not take matrices of 1 x 2 and 1 x 1");
  lat_task_free(task);
  f.operand_count = 5;
  FAILS(lat_task_create_custom(&task, ctx, &f, NULL), LAT_ERROR_ARGUMENT,
        "operand_count 5 is outside 0..4");
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {
      examples_solve_their_equations,           determinants_are_those_of_the_expansion,
      operands_are_written_one_after_the_other, results_come_apart,
      tensors_multiply_under_their_transform,   singular_systems_have_no_answer,
      custom_tasks_have_operands_and_results,   NULL};
  return run_suite("task_operands", tests);
}
