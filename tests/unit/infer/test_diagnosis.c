/* Diagnoses: the theorem on exact inverses rounded to three digits, what a condition number sorts,
 * parts of wrong vectors, and what an evaluation shows of its examples. */
#include "infer/diagnosis.h"
#include "infer_fixture.h"

#include "linalg/matrix.h"
#include "task/task_impl.h"

#include <math.h>

static const double tolerances[LAT_TOLERANCES] = {0.05, 0.02, 0.01, 0.005};

static lati_tokens tokens_of(const lat_batch *batch, int32_t side, int64_t i) {
  const lati_batch_side *all = &batch->side[side];
  return (lati_tokens){all->tokens + all->offsets[i],
                       (size_t)(all->offsets[i + 1] - all->offsets[i])};
}

/* An exact solver that rounds its answer to three digits fails only on ill-conditioned matrices:
 * |A P - I| / n <= 0.005 sum |A| |A^-1| / n, so within 5 % wherever that sum is below 10. */
START_TEST(exact_inverses_fail_by_their_condition) {
  enum { COUNT = 4000 };
  const fixture_plan plan = {.task = "inverse", .rows = 5};
  fixture f;
  lati_scorer scorer;
  lat_score_options options;
  lati_diagnosis diagnosis = {.count = 0};
  int32_t sorted = 0;
  fixture_open(&f, &plan);
  lat_score_options_init(&options);
  must(lati_scorer_init(&scorer, f.ctx, f.tokenizer, f.task, &options));
  lat_batch *batch = fixture_batch(&f, 0, COUNT);
  for (int64_t i = 0; i < COUNT; ++i) {
    const lati_asked asked = {.input = tokens_of(batch, LAT_INPUT, i),
                              .target = tokens_of(batch, LAT_OUTPUT, i)};
    lati_prediction exact;
    lati_example example;
    lati_findings findings;
    must(lati_score_ceiling(&exact, &scorer, f.task, &asked));
    must(
        lati_read_example(&example, &scorer, f.task, &asked, &(lati_guess){asked.target, NULL, 1}));
    must(lati_find(&findings, f.task, &example));
    must(lati_diagnosis_add(&diagnosis, f.ctx, f.task, &findings, exact.residual, tolerances));
    ck_assert_msg(findings.condition >= 10 || exact.residual < 0.05, "condition %g, residual %g",
                  findings.condition, exact.residual);
    sorted += (findings.condition > 79) == !(exact.residual < 0.05);
  }
  lat_diagnosis told;
  lati_diagnosis_finish(&diagnosis);
  lati_diagnosis_tell(&told, &diagnosis);
  ck_assert_int_eq(told.criterion, LAT_CRITERION_INPUT);
  ck_assert_int_eq(told.count, COUNT);
  ck_assert_double_eq_tol(100 * (double)told.failed / COUNT, 7.2, 1.5);
  ck_assert_double_eq_tol(100.0 * sorted / COUNT, 98.2, 0.7);
  ck_assert_double_ge(told.sorted, 100.0 * sorted / COUNT);
  ck_assert_double_eq_tol(told.auc, 0.996, 0.002);
  ck_assert_double_lt(told.failed_2, told.threshold);
  ck_assert_double_lt(told.right_98, 2 * told.threshold);
  lati_diagnosis_clear(&diagnosis);
  lat_batch_free(batch);
  lati_scorer_clear(&scorer);
  fixture_close(&f);
}
END_TEST

START_TEST(wrong_vectors_are_taken_apart) {
  const fixture_plan plan = {.task = "eigenvectors", .rows = 2};
  const double r = sqrt(0.5);
  double input[] = {2, 1, 1, 2}, target[] = {1, 3, r, r, -r, r};
  double skew[] = {1, 3.03, 1, 1, 0, 0.2}; /* columns (1, 0), (1, 0.2) */
  fixture f;
  lati_findings findings;
  lati_diagnosis diagnosis = {.count = 0};
  lat_diagnosis told;
  fixture_open(&f, &plan);
  const lati_example example = {.source = {lati_matrix_view(input, 2, 2)},
                                .target = {lati_matrix_view(target, 3, 2)},
                                .predicted = {lati_matrix_view(skew, 3, 2)},
                                .has_prediction = 1};
  must(lati_find(&findings, f.task, &example));
  ck_assert_double_eq_tol(findings.values, 0.03 / 4, 1e-12);
  ck_assert_double_eq_tol(findings.norms, sqrt(1.04) - 1, 1e-12);
  ck_assert_double_eq_tol(findings.orthogonality, 1 / sqrt(1.04), 1e-12);
  ck_assert_double_gt(findings.condition, 5);
  must(lati_diagnosis_add(&diagnosis, f.ctx, f.task, &findings, 0.3, tolerances));
  findings.condition = 1.01;
  must(lati_diagnosis_add(&diagnosis, f.ctx, f.task, &findings, 0.01, tolerances));
  lati_diagnosis_finish(&diagnosis);
  lati_diagnosis_tell(&told, &diagnosis);
  ck_assert_int_eq(told.failed, 1);
  ck_assert_double_eq(told.values[2], 100);
  ck_assert_double_eq(told.values[3], 0);
  ck_assert_double_eq(told.norms[1], 100);
  ck_assert_double_eq(told.norms[2], 0);
  ck_assert_double_eq(told.orthogonality[0], 0);
  ck_assert_double_eq(told.auc, 1);
  ck_assert_double_eq(told.sorted, 100);
  ck_assert_double_eq(told.threshold, 1.01);
  lati_diagnosis_clear(&diagnosis);
  fixture_close(&f);
}
END_TEST

typedef struct seen {
  int32_t count, matrices, stop_at;
} seen;

static int32_t look(const lat_observation *observation, void *user) {
  seen *s = user;
  ck_assert_uint_eq(observation->struct_size, sizeof *observation);
  ck_assert_uint_eq(observation->index, (uint64_t)s->count);
  ck_assert_str_eq(lat_task_name(observation->task), "inverse");
  ck_assert_int_eq(observation->input->rows, 2);
  ck_assert_int_eq(observation->target->cols, 2);
  ck_assert_int_eq(observation->prediction == NULL,
                   observation->verdict == LAT_VERDICT_UNDECODABLE);
  ck_assert_double_ge(observation->condition, 1 - 1e-12);
  s->matrices += observation->prediction != NULL;
  return ++s->count == s->stop_at;
}

START_TEST(evaluations_show_their_examples) {
  const fixture_plan plan = {.task = "inverse", .rows = 2};
  fixture f;
  seen s = {0, 0, 0};
  lat_evaluation *evaluation = NULL;
  lat_evaluate_options options;
  lat_diagnosis diagnosis;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 2);
  lat_evaluate_options_init(&options);
  lat_decode_options decode;
  lat_decode_options_init(&decode);
  options.decode = &decode;
  options.count = 30;
  options.batch_size = 8;
  options.observe = look;
  options.user = &s;
  options.tolerances[0] = 0.5;
  options.tolerances[2] = 1e300;
  must(lat_evaluate(&evaluation, f.model, &options));
  ck_assert_int_eq(s.count, 30);
  ck_assert_int_gt(s.matrices, 0);
  ck_assert_double_eq(lat_evaluation_tolerance(evaluation, 0), 0.5);
  ck_assert_double_eq(lat_evaluation_tolerance(evaluation, 1), 1e300);
  ck_assert_double_eq(lat_evaluation_tolerance(evaluation, 2), 0);
  ck_assert_double_eq(lat_evaluation_tolerance(evaluation, 4), 0);
  const lat_accuracy *all = lat_evaluation_row(evaluation, 0);
  ck_assert_double_eq(all->accuracy[1], all->well_formed);
  ck_assert(isnan(all->accuracy[2]));
  lat_diagnosis_init(&diagnosis);
  ck_assert_int_eq(lat_evaluation_diagnosis(&diagnosis, evaluation), LAT_ERROR_STATE);
  ck_assert_int_eq(lat_evaluation_diagnosis(&diagnosis, NULL), LAT_ERROR_ARGUMENT);
  lat_evaluation_free(evaluation);
  s = (seen){0, 0, 5};
  options.diagnose = 1;
  ck_assert_int_eq(lat_evaluate(&evaluation, f.model, &options), LAT_ERROR_CANCELLED);
  s = (seen){0, 0, 0};
  must(lat_evaluate(&evaluation, f.model, &options));
  must(lat_evaluation_diagnosis(&diagnosis, evaluation));
  ck_assert_int_eq(diagnosis.count, s.matrices);
  ck_assert_int_eq(diagnosis.criterion, LAT_CRITERION_INPUT);
  lat_evaluation_free(evaluation);
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {exact_inverses_fail_by_their_condition,
                                wrong_vectors_are_taken_apart, evaluations_show_their_examples,
                                NULL};
  return run_suite("infer_diagnosis", tests);
}
