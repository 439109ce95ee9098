/* Problems in other coordinates: which tasks have them, that the answer there comes back as the
 * answer, and that the coordinates are others for each candidate. */
#include "task/registry.h"
#include "task/task_impl.h"
#include "task_fixture.h"

#include <math.h>
#include <string.h>

enum { MOST = 200 };

/* Example `index` of a task's own distribution. */
static lati_matrices draw_operands(double *values, lat_task *task, lat_batch *batch,
                                   lat_tokenizer *tokenizer, uint64_t index) {
  lat_sampler *sampler = NULL;
  OK(lat_sampler_create(&sampler, task, tokenizer, NULL));
  lat_sampler_seek(sampler, index);
  OK(lat_sampler_next(batch, sampler, 1));
  lat_sampler_free(sampler);
  const lati_batch_side *side = &batch->side[LAT_INPUT];
  const lati_matrices operands = lati_matrices_at(values, &side->forms[0]);
  ck_assert_uint_le(lati_form_values(&operands.form), MOST);
  memcpy(values, side->values, lati_form_values(&operands.form) * sizeof *values);
  return operands;
}

static double difference(const double *a, const double *b, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    largest = fmax(largest, fabs(a[i] - b[i]));
  }
  return largest;
}

/* The answer to the reflected operands, reflected, answers the operands. */
static void check_answer(const lat_task *task, const lati_matrices *operands, int32_t candidate) {
  double values[MOST], answer[MOST];
  const size_t count = lati_form_values(&operands->form);
  lati_form results;
  lat_score score = {.struct_size = sizeof score};
  OK(lati_task_result_form(&results, task, &operands->form));
  const lati_matrices seen = lati_matrices_at(values, &operands->form);
  const lati_matrices x = lati_matrices_at(answer, &results);
  memcpy(values, operands->written[0].data, count * sizeof *values);
  lati_task_reflect(&seen, task, LAT_INPUT, candidate);
  ck_assert_double_gt(difference(values, operands->written[0].data, count), 1e-3);
  OK(lati_task_answer((lat_matrix *)x.written, task, seen.written));
  lati_task_reflect(&x, task, LAT_OUTPUT, candidate);
  OK(lati_task_score(&score, task, operands->written, NULL, x.written, NULL));
  ck_assert_msg(score.residual < 1e-10, "%s: residual %g", lat_task_name(task), score.residual);
  lati_task_reflect(&seen, task, LAT_INPUT, candidate);
  ck_assert_double_lt(difference(values, operands->written[0].data, count), 1e-10);
}

/* Whether the task has other coordinates. */
static int check_task(lat_task *task, lat_tokenizer *tokenizer) {
  lat_batch *batch = NULL;
  OK(lat_batch_create(&batch, tokenizer));
  for (int32_t candidate = 1; candidate < 6 && lati_task_reflects(task); ++candidate) {
    double values[MOST];
    const lati_matrices operands =
        draw_operands(values, task, batch, tokenizer, (uint64_t)candidate);
    check_answer(task, &operands, candidate);
  }
  lat_batch_free(batch);
  return lati_task_reflects(task);
}

START_TEST(answers_in_other_coordinates_come_back) {
  lat_context *ctx = new_context(1);
  lat_tokenizer *tokenizer = new_tokenizer(ctx, "p1000", "fp15");
  int32_t reflecting = 0;
  for (int32_t t = 0; t < lat_task_builtin_count(); ++t) {
    lat_task *task = new_task(ctx, lat_task_builtin_name(t), 4, 0);
    reflecting += check_task(task, tokenizer);
    lat_task_free(task);
  }
  ck_assert_int_eq(reflecting, 12); /* not transpose, add and tproduct */
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
}
END_TEST

START_TEST(so_do_those_of_operands_that_are_not_square) {
  static const struct {
    const char *name;
    int32_t rows, cols;
  } shapes[] = {{"singular-values", 3, 5}, {"svd", 3, 5},       {"svd", 5, 3},
                {"least-squares", 5, 3},   {"sylvester", 4, 3}, {"linear-system", 4, 2},
                {"product", 4, 3},         {"matvec", 3, 4}};
  lat_context *ctx = new_context(1);
  lat_tokenizer *tokenizer = new_tokenizer(ctx, "p1000", "fp15");
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
    lat_task *task = new_task(ctx, shapes[i].name, shapes[i].rows, shapes[i].cols);
    ck_assert(check_task(task, tokenizer));
    lat_task_free(task);
  }
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
}
END_TEST

START_TEST(a_transformed_product_has_no_other_coordinates) {
  lat_context *ctx = new_context(1);
  lat_task *task = NULL;
  lat_task_options options = task_options("product", 3, 0);
  options.transform = "log1p";
  OK(lat_task_create(&task, ctx, &options));
  ck_assert_int_eq(lati_task_reflects(task), 0);
  ck_assert_int_eq(lati_task_has_equivalents(task), 1);
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* Norms are those of A; two candidates' coordinates are not alike. */
START_TEST(each_candidate_has_coordinates_of_its_own) {
  enum { N = 5, CANDIDATES = 8 };
  lat_context *ctx = new_context(1);
  lat_task *task = new_task(ctx, "inverse", N, 0);
  double seen[CANDIDATES][N * N];
  const lati_form form = lati_form_of(N, N);
  for (int32_t k = 0; k < CANDIDATES; ++k) {
    double square = 0;
    for (int32_t i = 0; i < N * N; ++i) {
      seen[k][i] = i % (N + 2) == 0 ? 3 : 1.0 / (i + 1);
      square += k == 0 ? 0 : seen[k][i] * seen[k][i];
    }
    const lati_matrices a = lati_matrices_at(seen[k], &form);
    if (k > 0) {
      lati_task_reflect(&a, task, LAT_INPUT, k);
    }
    for (int32_t i = 0; i < N * N && k > 0; ++i) {
      square -= seen[k][i] * seen[k][i];
    }
    ck_assert_double_eq_tol(square, 0, 1e-12);
    for (int32_t other = 0; other < k; ++other) {
      ck_assert_double_gt(difference(seen[k], seen[other], N * N), 0.5);
    }
  }
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {answers_in_other_coordinates_come_back,
                                so_do_those_of_operands_that_are_not_square,
                                a_transformed_product_has_no_other_coordinates,
                                each_candidate_has_coordinates_of_its_own, NULL};
  return run_suite("task_reflect", tests);
}
