/* Models of tasks with several operands: sequences of several matrices are decoded, solved, scored.
 */
#include "infer_fixture.h"

#include <math.h>

static void open_system(fixture *f, int32_t rows, int32_t cols) {
  const fixture_plan plan = {.task = "linear-system", .rows = rows, .cols = cols};
  fixture_open(f, &plan);
}

START_TEST(solvers_take_operands) {
  fixture f;
  lat_decode_options options;
  lat_solver *solver = NULL;
  lat_report reports[2];
  double a[4] = {2, 0, 0, 4}, b[4] = {1, 2, 3, 4}, x[2], y[2];
  const lat_matrix operands[] = {{a, 2, 2, 2, LAT_ROW_MAJOR},
                                 {b, 2, 1, 1, LAT_ROW_MAJOR},
                                 {a, 2, 2, 2, LAT_COLUMN_MAJOR},
                                 {b + 2, 2, 1, 2, LAT_COLUMN_MAJOR}};
  lat_matrix results[] = {{x, 2, 1, 1, LAT_ROW_MAJOR}, {y, 2, 1, 2, LAT_COLUMN_MAJOR}};
  open_system(&f, 2, 1);
  lat_decode_options_init(&options);
  options.fallback = 1;
  must(lat_solver_create(&solver, f.model, &options));
  lat_report_init(&reports[0]);
  lat_report_init(&reports[1]);
  must(lat_solver_solve_operands(results, 1, reports, solver, operands, 2, 2));
  ck_assert(x[0] == 0.5 && x[1] == 0.5 && y[0] == 1.5 && y[1] == 1);
  ck_assert_int_eq(reports[1].source, LAT_SOURCE_LAPACK);
  ck_assert_int_eq(reports[1].verdict, LAT_VERDICT_CERTIFIED);
  ck_assert_int_eq(lat_solver_solve(results, NULL, solver, operands), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "has 2 operands and 1 result"));
  const lat_matrix other[] = {{a, 1, 1, 1, LAT_ROW_MAJOR}, {b, 1, 1, 1, LAT_ROW_MAJOR}};
  ck_assert_int_eq(lat_solver_solve_operands(results, 1, NULL, solver, other, 2, 1),
                   LAT_ERROR_SHAPE);
  ck_assert_str_eq(lat_last_error(), "input is 1 x 1 and 1 x 1, the model solves 2 x 2 and 2 x 1");
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

START_TEST(evaluations_score_operands) {
  fixture f;
  lat_evaluate_options options;
  lat_evaluation *evaluation = NULL;
  open_system(&f, 2, 2);
  lat_evaluate_options_init(&options);
  options.count = 60;
  options.ceiling = 1;
  must(lat_evaluate(&evaluation, f.model, &options));
  const lat_accuracy *all = lat_evaluation_row(evaluation, 0);
  ck_assert_int_eq(all->count, 60);
  ck_assert_double_lt(all->accuracy[0], 50);
  ck_assert_double_gt(all->ceiling[0], 90);
  lat_evaluation_free(evaluation);
  fixture_close(&f);
}
END_TEST

/* Two results of 1 x 1 that repeat the two operands. */
static int32_t one_by_one(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  (void)random, (void)user;
  rows[0] = rows[1] = cols[0] = cols[1] = 1;
  return 0;
}

static int32_t same_shapes(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                           const int32_t *input_cols, void *user) {
  (void)user;
  for (int32_t i = 0; i < 2; ++i) {
    rows[i] = input_rows[i];
    cols[i] = input_cols[i];
  }
  return 0;
}

static int32_t draw(lat_matrix *input, lat_random *random, void *user) {
  (void)user;
  input[0].data[0] = lat_random_integer(random, 1, 9);
  input[1].data[0] = lat_random_integer(random, 1, 9);
  return 0;
}

static int32_t repeat(lat_matrix *output, const lat_matrix *input, void *user) {
  (void)user;
  output[0].data[0] = input[0].data[0];
  output[1].data[0] = input[1].data[0];
  return 0;
}

/* Under the grammar every answer is two matrices, and fits, whatever the model prefers. */
START_TEST(the_grammar_counts_matrices) {
  lat_context *ctx = NULL;
  lat_task *task = NULL;
  lat_task_functions functions;
  fixture f;
  lat_model_options options;
  fixture_plan plan = {.model = &options};
  lat_sequences found;
  double data[10000];
  fixture_model_options(&options);
  options.max_positions = 40;
  lat_task_functions_init(&functions);
  functions.name = "repeat";
  functions.letter = 'R';
  functions.operand_count = functions.result_count = 2;
  functions.input_shape = one_by_one;
  functions.output_shape = same_shapes;
  functions.draw = draw;
  functions.answer = repeat;
  must(lat_context_create(&ctx, NULL));
  must(lat_task_create_custom(&task, ctx, &functions, NULL));
  fixture_open_task(&f, ctx, task, &plan);
  lat_batch *batch = fixture_batch(&f, 0, 20);
  lat_session *session = fixture_session(&f, NULL);
  must(lat_session_decode(&found, session, batch));
  for (int64_t i = 0; i < found.count; ++i) {
    const int32_t *tokens = found.tokens + found.offsets[i];
    const size_t count = (size_t)(found.offsets[i + 1] - found.offsets[i]);
    size_t used = 0, rest = 0;
    lat_matrix read = {data, 0, 0, 0, LAT_ROW_MAJOR};
    must(lat_tokenizer_decode(&read, 10000, NULL, &used, f.tokenizer, LAT_OUTPUT, tokens, count));
    must(lat_tokenizer_decode(&read, 10000, NULL, &rest, f.tokenizer, LAT_OUTPUT, tokens + used,
                              count - used));
    ck_assert_uint_eq(used + rest, count);
  }
  lat_session_free(session);
  lat_batch_free(batch);
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {solvers_take_operands, evaluations_score_operands,
                                the_grammar_counts_matrices, NULL};
  return run_suite("infer_operands", tests);
}
