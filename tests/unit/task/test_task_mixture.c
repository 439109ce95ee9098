/* Mixtures for co-training. */
#include "task/registry.h"
#include "task/task_impl.h"
#include "task_fixture.h"

static lat_context *ctx;

static lat_task *new_mixture(const double *weights) {
  lat_task *mixture = NULL;
  lat_task *tasks[3] = {new_task(ctx, "transpose", 2, 3), new_task(ctx, "eigenvectors", 3, 0),
                        new_task(ctx, "svd", 2, 0)};
  OK(lat_task_create_mixture(&mixture, ctx, tasks, weights, 3));
  for (int i = 0; i < 3; ++i) {
    lat_task_free(tasks[i]); /* the mixture holds references */
  }
  return mixture;
}

START_TEST(holds_its_components) {
  ctx = new_context(1);
  lat_task *mixture = new_mixture(NULL);
  int32_t shape[4] = {0}, degree = 0;
  ck_assert_str_eq(lat_task_name(mixture), "mixture");
  ck_assert_int_eq(lat_task_letter(mixture), 0);
  ck_assert_int_eq(lat_task_component_count(mixture), 3);
  ck_assert_str_eq(lat_task_name(lat_task_component(mixture, 2)), "svd");
  ck_assert_ptr_null(lat_task_component(mixture, 3));
  ck_assert_ptr_null(lat_task_component(mixture, -1));
  FAILS(lat_task_max_shapes(&shape[0], &shape[1], &shape[2], &shape[3], mixture),
        LAT_ERROR_ARGUMENT, "task 'eigenvectors' has 1 operand and 2 results");
  lati_form operands, results;
  OK(lati_task_max_forms(&operands, &results, mixture));
  ck_assert(operands.count == 1 && operands.shape[0].rows == 3 && operands.shape[0].cols == 3);
  ck_assert(results.count == 1 && results.shape[0].rows == 5 && results.shape[0].cols == 3);
  ck_assert_int_eq(lati_task_scaling(&degree, mixture), LATI_SCALE_NONE);
  ck_assert(!lati_task_symmetric(mixture) && !lati_task_self_scoring(mixture));
  lat_task_free(mixture);
  lat_context_free(ctx);
}
END_TEST

START_TEST(weights_and_letters) {
  ctx = new_context(2);
  const double weights[3] = {1, 2, 5};
  static const char letters[3] = {'T', 'F', 'S'};
  enum { COUNT = 6000 };
  lat_task *mixture = new_mixture(weights);
  lat_tokenizer *tokenizer = new_tokenizer(ctx, "p1000", "fp15");
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  OK(lat_sampler_create(&sampler, mixture, tokenizer, NULL));
  OK(lat_batch_create(&batch, tokenizer));
  OK(lat_sampler_next(batch, sampler, COUNT));
  int counts[3] = {0};
  for (int64_t i = 0; i < COUNT; ++i) {
    const int32_t component = lat_batch_component(batch, i);
    ++counts[component];
    for (int side = 0; side < 2; ++side) {
      const lati_batch_side *s = &batch->side[side];
      ck_assert_int_eq(s->tokens[s->offsets[i]], LAT_TOKEN_LETTER + letters[component] - 'A');
      ck_assert_int_eq(s->rows[s->offsets[i] + i + 2], 0);
      ck_assert_int_eq(s->rows[s->offsets[i] + i + 3], 1);
    }
    lat_matrix a;
    OK(lat_batch_matrix(&a, batch, LAT_INPUT, i));
    ck_assert_int_eq(a.rows, component == 1 ? 3 : 2);
    ck_assert_int_eq(lati_batch_distribution(batch, i) != NULL, component == 1);
  }
  for (int i = 0; i < 3; ++i) {
    const double p = weights[i] / 8;
    ck_assert_double_eq_tol(counts[i], p * COUNT, 5 * sqrt(COUNT * p * (1 - p)));
  }
  lat_sampler_free(sampler);
  lat_batch_free(batch);
  lat_tokenizer_free(tokenizer);
  lat_task_free(mixture);
  lat_context_free(ctx);
}
END_TEST

START_TEST(refusals) {
  ctx = new_context(1);
  lat_task *mixture = new_mixture(NULL), *out = mixture;
  lat_task *add = new_task(ctx, "add", 2, 0), *again = new_task(ctx, "add", 3, 0);
  const double bad[2] = {1, 0};
  double data[4] = {1, 2, 3, 4};
  lat_matrix a = by_rows(data, 2, 2);
  lat_score score;
  int32_t rows = 0, cols = 0;
  lat_score_init(&score);
  FAILS(lat_task_create_mixture(&out, ctx, (lat_task *[]){add, again}, NULL, 2), LAT_ERROR_ARGUMENT,
        "same letter A");
  ck_assert_ptr_null(out);
  FAILS(lat_task_create_mixture(&out, ctx, (lat_task *[]){add, mixture}, NULL, 2),
        LAT_ERROR_ARGUMENT, "task 2 of the mixture is a mixture");
  FAILS(lat_task_create_mixture(&out, ctx, (lat_task *[]){add, NULL}, NULL, 2), LAT_ERROR_ARGUMENT,
        "task 2 of the mixture is NULL");
  FAILS(lat_task_create_mixture(&out, ctx, NULL, NULL, 2), LAT_ERROR_ARGUMENT, "tasks are NULL");
  FAILS(lat_task_create_mixture(&out, ctx, &add, NULL, 0), LAT_ERROR_ARGUMENT,
        "mixture of 0 tasks is outside 1..16");
  FAILS(lat_task_create_mixture(&out, ctx, &add, NULL, 17), LAT_ERROR_ARGUMENT, "17 tasks");
  lat_task *svd = new_task(ctx, "svd", 2, 0);
  FAILS(lat_task_create_mixture(&out, ctx, (lat_task *[]){add, svd}, bad, 2), LAT_ERROR_ARGUMENT,
        "weight 2 is 0, not positive");
  FAILS(lat_task_create_mixture(&out, NULL, &add, NULL, 1), LAT_ERROR_ARGUMENT, "context is NULL");
  FAILS(lat_task_output_shape(&rows, &cols, mixture, 2, 2), LAT_ERROR_STATE, "mixture");
  FAILS(lat_task_answer(&a, mixture, &a), LAT_ERROR_STATE, "mixture");
  FAILS(lat_task_score(&score, mixture, &a, NULL, &a, NULL), LAT_ERROR_STATE, "mixture");
  lat_task_free(svd);
  lat_task_free(add);
  lat_task_free(again);
  lat_task_free(mixture);
  lat_context_free(ctx);
}
END_TEST

START_TEST(json_both_ways) {
  ctx = new_context(1);
  const double weights[3] = {1, 0.1, 5};
  lat_task *mixture = new_mixture(weights), *again = NULL;
  json_t *object = NULL, *object2 = NULL;
  OK(lati_task_to_json(&object, mixture));
  OK(lati_task_from_json(&again, ctx, object, NULL));
  OK(lati_task_to_json(&object2, again));
  ck_assert(json_equal(object, object2));
  ck_assert_int_eq(lat_task_component_count(again), 3);
  ck_assert_double_eq(json_number_value(json_array_get(json_object_get(object2, "weights"), 1)),
                      0.1);
  json_decref(object);
  json_decref(object2);
  lat_task_free(again);
  lat_task_free(mixture);
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {holds_its_components, weights_and_letters, refusals, json_both_ways,
                                NULL};
  return run_suite("task_mixture", tests);
}
