/* What a model lets one do in each of its states, and memory that runs out. */
#include "counting_allocator.h"
#include "model_fixture.h"

#include <math.h>
#include <string.h>

static const char mapped_message[] = "the model's parameters are mapped: commit them first";

START_TEST(a_mapped_model_is_not_used) {
  model_fixture f;
  float *parameters = NULL, *again = NULL, logits[1];
  lat_model *copy = NULL;
  lat_gradients *gradients = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  model_fixture_open(&f, &(model_plan){0});
  must(lat_gradients_create(&gradients, f.model));
  must(lat_model_map(&parameters, f.model));
  ck_assert_ptr_eq(parameters, lat_model_parameters(f.model));
  again = parameters;
  must_fail(LAT_ERROR_STATE, lat_model_map(&again, f.model), mapped_message);
  ck_assert_ptr_null(again);
  must_fail(LAT_ERROR_STATE, lat_model_loss(&sum, f.model, f.batch), mapped_message);
  must_fail(LAT_ERROR_STATE, lat_model_logits(logits, 1, f.model, f.batch), mapped_message);
  must_fail(LAT_ERROR_STATE, lat_gradients_accumulate(gradients, &sum, f.model, f.batch),
            mapped_message);
  must_fail(LAT_ERROR_STATE, lat_model_clone(&copy, f.model), mapped_message);
  must_fail(LAT_ERROR_STATE, lat_model_freeze(f.model), mapped_message);
  must_fail(LAT_ERROR_STATE, lat_model_save(f.model, "/tmp/never"), mapped_message);
  must(lat_model_commit(f.model));
  must(lat_model_loss(&sum, f.model, f.batch));
  lat_gradients_free(gradients);
  model_fixture_close(&f);
}
END_TEST

START_TEST(commit_refuses_what_is_not_finite) {
  model_fixture f;
  float *parameters = NULL;
  model_fixture_open(&f, &(model_plan){0});
  must_fail(LAT_ERROR_STATE, lat_model_commit(f.model), "the model's parameters are not mapped");
  must(lat_model_map(&parameters, f.model));
  parameters[3] = NAN;
  must_fail(LAT_ERROR_NUMERIC, lat_model_commit(f.model),
            "encoder.embeddings.weight: element 3 is not finite");
  ck_assert_int_eq(lat_model_freeze(f.model), LAT_ERROR_STATE);
  parameters[3] = 0;
  must(lat_model_commit(f.model));
  model_fixture_close(&f);
}
END_TEST

START_TEST(a_frozen_model_cannot_be_mapped_but_cloned) {
  model_fixture f;
  float *parameters = NULL;
  lat_model *copy = NULL;
  model_fixture_open(&f, &(model_plan){0});
  must(lat_model_freeze(f.model));
  must(lat_model_freeze(f.model));
  must_fail(LAT_ERROR_STATE, lat_model_map(&parameters, f.model),
            "the model is frozen: map a clone of it");
  must(lat_model_clone(&copy, f.model));
  ck_assert(model_fixture_loss(copy, f.batch) == model_fixture_loss(f.model, f.batch));
  must(lat_model_map(&parameters, copy));
  parameters[0] += 1;
  must(lat_model_commit(copy));
  ck_assert(lat_model_parameters(f.model)[0] != lat_model_parameters(copy)[0]);
  lat_model_free(copy);
  model_fixture_close(&f);
}
END_TEST

START_TEST(null_arguments_are_refused) {
  model_fixture f;
  lat_gradients *gradients = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  float *parameters = NULL;
  model_fixture_open(&f, &(model_plan){0});
  must_fail(LAT_ERROR_ARGUMENT, lat_model_map(NULL, f.model), "parameters is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_map(&parameters, NULL), "model is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_commit(NULL), "model is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_freeze(NULL), "model is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_clone(NULL, f.model), "out is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_loss(NULL, f.model, f.batch), "sum is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_loss(&sum, NULL, f.batch), "model is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_loss(&sum, f.model, NULL), "the batch is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_logits(NULL, 9, f.model, f.batch), "logits is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_gradients_create(NULL, f.model), "out is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_gradients_create(&gradients, NULL), "model is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_gradients_accumulate(NULL, &sum, f.model, f.batch),
            "gradients is NULL");
  must(lat_gradients_create(&gradients, f.model));
  must_fail(LAT_ERROR_ARGUMENT, lat_gradients_accumulate(gradients, NULL, f.model, f.batch),
            "sum is NULL");
  lat_model_free(NULL);
  lat_gradients_free(NULL);
  lat_gradients_zero(NULL);
  ck_assert_ptr_null(lat_model_config(NULL));
  ck_assert_ptr_null(lat_model_task(NULL));
  lat_gradients_free(gradients);
  model_fixture_close(&f);
}
END_TEST

START_TEST(gradients_outlive_the_caller_s_model) {
  model_fixture f;
  lat_gradients *gradients = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  lat_model *copy = NULL;
  model_fixture_open(&f, &(model_plan){0});
  must(lat_model_clone(&copy, f.model));
  must(lat_gradients_create(&gradients, copy));
  must_fail(LAT_ERROR_ARGUMENT, lat_gradients_accumulate(gradients, &sum, f.model, f.batch),
            "the gradients were created for another model");
  must(lat_gradients_accumulate(gradients, &sum, copy, f.batch));
  lat_model_free(copy);
  ck_assert_uint_eq(lat_gradients_size(gradients), lat_model_parameter_count(f.model));
  lat_gradients_free(gradients);
  model_fixture_close(&f);
}
END_TEST

/* Everything a model needs from creation to one gradient. */
static lat_status use_model(const model_fixture *f, lat_tokenizer *tokenizer) {
  lat_status status = LAT_OK;
  lat_model_options options;
  lat_model *model = NULL, *copy = NULL;
  lat_gradients *gradients = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  model_fixture_options(&options);
  options.positions = LAT_POSITIONS_SINUSOIDAL;
  options.init = LAT_INIT_FOURIER;
  LATI_TRY(lat_model_create(&model, f->task, tokenizer, &options));
  LATI_TRY(lat_gradients_create(&gradients, model));
  LATI_TRY(lat_gradients_accumulate(gradients, &sum, model, f->batch));
  LATI_TRY(lat_model_loss(&sum, model, f->batch));
  LATI_TRY(lat_model_clone(&copy, model));
done:
  ck_assert(status == LAT_OK || copy == NULL);
  lat_model_free(copy);
  lat_gradients_free(gradients);
  lat_model_free(model);
  return status;
}

START_TEST(every_allocation_may_fail) {
  model_fixture f;
  counting_allocator allocator = {0};
  lat_context_options context = counting_options(&allocator);
  lat_tokenizer_options names;
  lat_tokenizer *tokenizer = NULL;
  lat_context *ctx = NULL;
  lat_status status = LAT_ERROR_MEMORY;
  model_fixture_open(&f, &(model_plan){0});
  lat_tokenizer_options_init(&names);
  names.input_encoding = names.output_encoding = "p10";
  context.threads = 1;
  must(lat_context_create(&ctx, &context));
  must(lat_tokenizer_create(&tokenizer, ctx, &names));
  const long live = allocator.live;
  for (long n = 1; status != LAT_OK; ++n) {
    allocator.fail_at = allocator.calls + n;
    status = use_model(&f, tokenizer);
    ck_assert(status == LAT_OK || status == LAT_ERROR_MEMORY);
    ck_assert_int_eq(allocator.live, live);
  }
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
  ck_assert_int_eq(allocator.live, 0);
  model_fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {a_mapped_model_is_not_used,
                                commit_refuses_what_is_not_finite,
                                a_frozen_model_cannot_be_mapped_but_cloned,
                                null_arguments_are_refused,
                                gradients_outlive_the_caller_s_model,
                                every_allocation_may_fail,
                                NULL};
  return run_suite("model state", tests);
}
