/* Forward and backward passes of whole models: agreement of different ways to the same numbers. */
#include "counting_allocator.h"
#include "model_variants.h"
#include "naive/naive.h"

#include <fenv.h>
#include <math.h>
#include <string.h>

static float *logits_of(const model_fixture *f, const lat_batch *batch, size_t *count) {
  lat_sequences targets;
  must(lat_batch_sequences(&targets, batch, LAT_OUTPUT));
  const size_t rows = (size_t)(targets.offsets[targets.count] + targets.count);
  *count = rows * (size_t)lat_tokenizer_vocabulary_size(f->tokenizer, LAT_OUTPUT);
  float *logits = malloc(*count * sizeof *logits);
  must(lat_model_logits(logits, *count, f->model, batch));
  return logits;
}

START_TEST(a_ragged_batch_is_its_sequences_one_by_one) {
  model_fixture f;
  size_t count = 0, one = 0, done = 0;
  lat_loss_sum together, apart;
  lat_loss_sum_init(&together);
  lat_loss_sum_init(&apart);
  model_variant_open(&f, _i, 1, NULL);
  float *all = logits_of(&f, f.batch, &count);
  must(lat_model_loss(&together, f.model, f.batch));
  for (uint64_t i = 0; i < 3; ++i) {
    lat_batch *single = model_fixture_batch(&f, i, 1);
    float *logits = logits_of(&f, single, &one);
    ck_assert(model_fixture_distance(all + done, logits, one) < 1e-5);
    must(lat_model_loss(&apart, f.model, single));
    done += one;
    free(logits);
    lat_batch_free(single);
  }
  ck_assert_uint_eq(done, count);
  ck_assert(fabs(together.loss - apart.loss) < 1e-5 * together.loss);
  ck_assert_int_eq(together.tokens, apart.tokens);
  ck_assert_int_eq(together.correct_tokens, apart.correct_tokens);
  ck_assert_int_eq(together.examples, 3);
  free(all);
  model_fixture_close(&f);
}
END_TEST

START_TEST(fast_operations_agree_with_the_slow_twin) {
  model_fixture fast, slow;
  size_t count = 0;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  model_variant_open(&fast, _i, 2, NULL);
  model_variant_open(&slow, _i, 1, &lati_backend_naive);
  float *a = logits_of(&fast, fast.batch, &count), *b = logits_of(&slow, slow.batch, &count);
  ck_assert(model_fixture_distance(a, b, count) < 1e-5);
  free(a);
  free(b);
  a = model_fixture_gradient(fast.model, fast.batch, &sum);
  b = model_fixture_gradient(slow.model, slow.batch, &sum);
  ck_assert(model_fixture_distance(a, b, lat_model_parameter_count(fast.model)) < 2e-5);
  free(a);
  free(b);
  model_fixture_close(&slow);
  model_fixture_close(&fast);
}
END_TEST

START_TEST(threads_change_no_bit) {
  float *expected = NULL;
  for (int32_t threads = 1; threads <= 4; threads *= 2) {
    model_fixture f;
    lat_loss_sum sum;
    lat_loss_sum_init(&sum);
    model_variant_open(&f, _i, threads, NULL);
    lat_batch *batch = model_fixture_batch(&f, 0, 60);
    const size_t bytes = lat_model_parameter_count(f.model) * sizeof(float);
    float *gradient = model_fixture_gradient(f.model, batch, &sum);
    if (expected == NULL) {
      expected = gradient;
    } else {
      ck_assert_mem_eq(gradient, expected, bytes);
      free(gradient);
    }
    lat_batch_free(batch);
    model_fixture_close(&f);
  }
  free(expected);
}
END_TEST

/* Log-softmax of the logits, by hand. */
START_TEST(the_loss_is_that_of_the_logits) {
  model_fixture f;
  size_t count = 0;
  lat_sequences targets;
  lat_loss_sum sum, trained;
  lat_loss_sum_init(&sum);
  lat_loss_sum_init(&trained);
  double loss = 0;
  int64_t row = 0, correct = 0;
  model_variant_open(&f, _i, 1, NULL);
  const int32_t symbols = lat_tokenizer_vocabulary_size(f.tokenizer, LAT_OUTPUT);
  float *logits = logits_of(&f, f.batch, &count);
  must(lat_batch_sequences(&targets, f.batch, LAT_OUTPUT));
  for (int64_t s = 0; s < targets.count; ++s) {
    for (int64_t t = targets.offsets[s]; t <= targets.offsets[s + 1]; ++t, ++row) {
      const float *x = logits + row * symbols;
      const int32_t target = t < targets.offsets[s + 1] ? targets.tokens[t] : LAT_TOKEN_EOS;
      double total = 0;
      int best = 1;
      for (int32_t i = 0; i < symbols; ++i) {
        total += exp((double)x[i] - (double)x[target]);
        best = best && (i == target || x[i] < x[target]);
      }
      loss += log(total);
      correct += best;
    }
  }
  must(lat_model_loss(&sum, f.model, f.batch));
  free(model_fixture_gradient(f.model, f.batch, &trained));
  ck_assert(fabs(sum.loss - loss) < 1e-5 * loss);
  ck_assert(sum.loss == trained.loss);
  ck_assert_int_eq(sum.tokens, row);
  ck_assert_int_eq(sum.correct_tokens, correct);
  free(logits);
  model_fixture_close(&f);
}
END_TEST

START_TEST(gradients_add_up) {
  model_fixture f;
  lat_gradients *gradients = NULL;
  lat_loss_sum sum, once;
  lat_loss_sum_init(&sum);
  lat_loss_sum_init(&once);
  model_variant_open(&f, 1, 1, NULL);
  float *single = model_fixture_gradient(f.model, f.batch, &once);
  must(lat_gradients_create(&gradients, f.model));
  must(lat_gradients_accumulate(gradients, &sum, f.model, f.batch));
  must(lat_gradients_accumulate(gradients, &sum, f.model, f.batch));
  ck_assert(sum.loss == 2 * once.loss);
  const size_t size = lat_gradients_size(gradients);
  for (size_t i = 0; i < size; ++i) {
    single[i] *= 2;
  }
  ck_assert(model_fixture_distance(single, lati_gradients_vector(gradients), size) < 1e-5);
  lat_gradients_zero(gradients);
  ck_assert(lati_gradients_vector(gradients)[0] == 0);
  ck_assert(lati_gradients_vector(gradients)[size - 1] == 0);
  free(single);
  lat_gradients_free(gradients);
  model_fixture_close(&f);
}
END_TEST

START_TEST(gradients_are_lent_one_at_a_time) {
  model_fixture f;
  float *values = NULL, *again = NULL;
  lat_gradients *gradients = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  model_variant_open(&f, 1, 1, NULL);
  must(lat_gradients_create(&gradients, f.model));
  ck_assert_int_eq(lat_gradients_map(NULL, gradients), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_gradients_map(&values, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_gradients_commit(NULL), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_gradients_commit(gradients), LAT_ERROR_STATE);
  must(lat_gradients_map(&values, gradients));
  ck_assert_int_eq(lat_gradients_map(&again, gradients), LAT_ERROR_STATE);
  ck_assert_ptr_null(again);
  ck_assert_int_eq(lat_gradients_accumulate(gradients, &sum, f.model, f.batch), LAT_ERROR_STATE);
  ck_assert_int_eq(sum.tokens, 0);
  values[5] = 3;
  lat_gradients_zero(gradients);
  ck_assert(values[5] == 0);
  values[6] = 4;
  must(lat_gradients_commit(gradients));
  ck_assert(lati_gradients_vector(gradients)[6] == 4);
  must(lat_gradients_map(&values, gradients)); /* and never committed */
  lat_gradients_free(gradients);
  model_fixture_close(&f);
}
END_TEST

START_TEST(dropout_is_a_function_of_the_step) {
  model_fixture f;
  lat_model_options options;
  lat_gradients *gradients = NULL;
  lat_loss_sum sums[4];
  model_fixture_options(&options);
  options.dropout = 0.5;
  model_fixture_open(&f, &(model_plan){.model = &options});
  must(lat_gradients_create(&gradients, f.model));
  for (int i = 0; i < 4; ++i) {
    lat_loss_sum_init(&sums[i]);
  }
  for (int i = 0; i < 3; ++i) {
    must(lat_gradients_accumulate(gradients, &sums[i], f.model, f.batch));
  }
  lat_gradients_seek(gradients, 1);
  must(lat_gradients_accumulate(gradients, &sums[3], f.model, f.batch));
  ck_assert(sums[3].loss == sums[1].loss);
  ck_assert(sums[0].loss != sums[1].loss && sums[1].loss != sums[2].loss);
  ck_assert(model_fixture_loss(f.model, f.batch) == model_fixture_loss(f.model, f.batch));
  lat_gradients_free(gradients);
  model_fixture_close(&f);
}
END_TEST

/* The loss and gradients of examples 0 .. 5 in two batches, or in one where `split` is 0. */
static double dropped_loss(float *gradient, model_fixture *f, int64_t split) {
  const int64_t begin[] = {0, split, 6};
  lat_gradients *gradients = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  must(lat_gradients_create(&gradients, f->model));
  for (int i = split > 0 ? 0 : 1; i < 2; ++i) {
    lat_batch *batch = model_fixture_batch(f, (uint64_t)begin[i], begin[i + 1] - begin[i]);
    lati_gradients_place(gradients, 3, (uint64_t)begin[i]);
    must(lat_gradients_accumulate(gradients, &sum, f->model, batch));
    lat_batch_free(batch);
  }
  memcpy(gradient, lati_gradients_vector(gradients), 400 * sizeof *gradient);
  lat_gradients_free(gradients);
  return sum.loss;
}

/* What is dropped of an example does not depend on the batch that it is in, but for rounding. */
START_TEST(dropout_is_that_of_the_example) {
  model_fixture f;
  lat_model_options options;
  float whole[400], split[400];
  model_fixture_options(&options);
  options.dropout = _i == 0 ? 0.5 : 0;
  options.attention_dropout = _i == 1 ? 0.5 : 0;
  model_fixture_open(&f, &(model_plan){.model = &options, .backend = &lati_backend_f32});
  const double loss = dropped_loss(whole, &f, 0);
  for (int64_t at = 1; at < 6; ++at) {
    ck_assert_double_eq_tol(dropped_loss(split, &f, at), loss, 1e-5 * loss);
    for (int i = 0; i < 400; ++i) {
      ck_assert_float_eq_tol(split[i], whole[i], 1e-4F);
    }
  }
  model_fixture_close(&f);
}
END_TEST

START_TEST(bad_batches_are_refused) {
  model_fixture f, other;
  lat_model_options options;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  lat_batch *batch = NULL;
  double entries[4] = {1, 2, 3, 4};
  const lat_matrix a = {entries, 2, 2, 2, LAT_ROW_MAJOR};
  float logit = 0;
  model_fixture_options(&options);
  options.max_positions = 12;
  model_fixture_open(&f, &(model_plan){.model = &options});
  model_fixture_open(&other, &(model_plan){.output = "b1999"});
  must(lat_batch_create(&batch, f.tokenizer));
  must_fail(LAT_ERROR_ARGUMENT, lat_model_loss(&(lat_loss_sum){0}, f.model, f.batch),
            "sum: struct_size 0 is below 48: not initialised");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_loss(&sum, f.model, batch), "the batch is empty");
  must(lat_batch_append(batch, 0, &(lat_matrix){entries, 1, 1, 1, LAT_ROW_MAJOR}, NULL));
  must_fail(LAT_ERROR_ARGUMENT, lat_model_loss(&sum, f.model, batch), "example 0 has no target");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_loss(&sum, f.model, other.batch),
            "the batch's output is in b1999, the model's in p10");
  lat_batch_clear(batch);
  must(lat_batch_append(batch, 0, &a, &a));
  must_fail(LAT_ERROR_LIMIT, lat_model_loss(&sum, f.model, batch),
            "example 0: input of 24 tokens exceeds max_positions 12");
  lat_batch_clear(batch);
  const lat_matrix one = {entries, 1, 1, 1, LAT_ROW_MAJOR};
  must(lat_batch_append(batch, 0, &one, &one));
  must_fail(LAT_ERROR_LIMIT, lat_model_logits(&logit, 1, f.model, batch),
            "capacity of 1 floats is below the 2728 of the logits");
  ck_assert(sum.loss == 0 && sum.tokens == 0);
  lat_batch_free(batch);
  model_fixture_close(&other);
  model_fixture_close(&f);
}
END_TEST

START_TEST(a_loss_that_is_not_finite_is_reported) {
  model_fixture f;
  float *parameters = NULL;
  lat_gradients *gradients = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  model_fixture_open(&f, &(model_plan){0});
  must(lat_gradients_create(&gradients, f.model));
  must(lat_model_map(&parameters, f.model));
  for (size_t i = 0; i < lat_model_parameter_count(f.model); ++i) {
    parameters[i] *= 1e30f;
  }
  must(lat_model_commit(f.model));
  must_fail(LAT_ERROR_NUMERIC, lat_gradients_accumulate(gradients, &sum, f.model, f.batch),
            "the loss of target token 0 is not finite");
  ck_assert_int_eq(lat_model_loss(&sum, f.model, f.batch), LAT_ERROR_NUMERIC);
  ck_assert_int_eq(sum.tokens, 0);
  lat_gradients_free(gradients);
  model_fixture_close(&f);
}
END_TEST

START_TEST(a_step_allocates_nothing) {
  counting_allocator allocator = {0};
  lat_context_options context = counting_options(&allocator);
  lat_context *ctx = NULL;
  lat_tokenizer *tokenizer = NULL;
  lat_gradients *gradients = NULL;
  lat_model *model = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  model_fixture f;
  model_fixture_open(&f, &(model_plan){.input = "p1000", .output = "p1000"});
  must(lat_context_create(&ctx, &context));
  must(lat_tokenizer_create(&tokenizer, ctx, NULL));
  must(lat_model_create(&model, f.task, tokenizer, NULL));
  must(lat_gradients_create(&gradients, model));
  must(lat_gradients_accumulate(gradients, &sum, model, f.batch));
  const long calls = allocator.calls;
  must(lat_gradients_accumulate(gradients, &sum, model, f.batch));
  ck_assert_int_eq(allocator.calls, calls);
  lat_gradients_free(gradients);
  lat_model_free(model);
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
  ck_assert_int_eq(allocator.live, 0);
  model_fixture_close(&f);
}
END_TEST

START_TEST(the_caller_s_rounding_mode_changes_no_bit) {
  model_fixture f;
  lat_loss_sum nearest, upward;
  lat_loss_sum_init(&nearest);
  lat_loss_sum_init(&upward);
  model_variant_open(&f, 0, 2, NULL);
  const size_t bytes = lat_model_parameter_count(f.model) * sizeof(float);
  float *expected = model_fixture_gradient(f.model, f.batch, &nearest);
  ck_assert_int_eq(fesetround(FE_UPWARD), 0);
  float *gradient = model_fixture_gradient(f.model, f.batch, &upward);
  ck_assert_int_eq(fegetround(), FE_UPWARD);
  ck_assert_int_eq(fesetround(FE_TONEAREST), 0);
  ck_assert_mem_eq(gradient, expected, bytes);
  ck_assert(nearest.loss == upward.loss);
  free(gradient);
  free(expected);
  model_fixture_close(&f);
}
END_TEST

#ifdef __SSE2__
/* Of outputs that the model is sure not to see some 1e-40 of the gradient's size would be left:
 * numbers below the least normal one slow down the products that they come into. */
START_TEST(no_gradient_lies_below_the_least_normal_number) {
  model_fixture f;
  lat_loss_sum sum;
  float *parameters = NULL;
  lat_loss_sum_init(&sum);
  model_variant_open(&f, 0, 2, NULL);
  const float *bias = f.model->projection.bias;
  const int64_t first = bias - f.model->parameters, count = f.model->projection.out;
  must(lat_model_map(&parameters, f.model));
  for (int64_t i = 0; i < count; ++i) {
    parameters[first + i] -= i % 2 == 0 ? 80 + (float)(i % 40) / 2 : 0;
  }
  must(lat_model_commit(f.model));
  lat_batch *batch = model_fixture_batch(&f, 0, 60);
  float *gradient = model_fixture_gradient(f.model, batch, &sum);
  for (size_t i = 0; i < lat_model_parameter_count(f.model); ++i) {
    ck_assert_int_ne(fpclassify(gradient[i]), FP_SUBNORMAL);
  }
  free(gradient);
  lat_batch_free(batch);
  model_fixture_close(&f);
}
END_TEST
#endif

int main(void) {
  TCase *tests = tcase_create("passes");
  tcase_add_loop_test(tests, a_ragged_batch_is_its_sequences_one_by_one, 0, MODEL_VARIANTS);
  tcase_add_loop_test(tests, fast_operations_agree_with_the_slow_twin, 0, MODEL_VARIANTS);
  tcase_add_loop_test(tests, threads_change_no_bit, 0, MODEL_VARIANTS);
  tcase_add_loop_test(tests, the_loss_is_that_of_the_logits, 0, MODEL_VARIANTS);
  tcase_add_test(tests, gradients_add_up);
  tcase_add_test(tests, gradients_are_lent_one_at_a_time);
  tcase_add_test(tests, dropout_is_a_function_of_the_step);
  tcase_add_loop_test(tests, dropout_is_that_of_the_example, 0, 2);
  tcase_add_test(tests, bad_batches_are_refused);
  tcase_add_test(tests, a_loss_that_is_not_finite_is_reported);
  tcase_add_test(tests, a_step_allocates_nothing);
  tcase_add_test(tests, the_caller_s_rounding_mode_changes_no_bit);
#ifdef __SSE2__
  tcase_add_test(tests, no_gradient_lies_below_the_least_normal_number);
#endif
  return run_case("passes", tests);
}
