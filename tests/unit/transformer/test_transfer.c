/* Models that start from another one's parameters. */
#include "model_fixture.h"

#include <string.h>

static lat_task *create_task(const model_fixture *f, const char *name, int32_t size) {
  lat_task *task = NULL;
  lat_task_options options;
  lat_task_options_init(&options);
  options.name = name;
  options.rows = size;
  must(lat_task_create(&task, f->ctx, &options));
  return task;
}

static const float *tensor_of(const lat_model *model, const char *name, lat_tensor *out) {
  for (int32_t i = 0; i < lat_model_tensor_count(model); ++i) {
    must(lat_model_tensor(out, model, i));
    if (strcmp(out->name, name) == 0) {
      return lat_model_parameters(model) + out->offset;
    }
  }
  ck_abort_msg("no tensor %s", name);
  return NULL;
}

/* Rows that both models have are the older one's; the others those of a new model. */
static void check_positions(const lat_model *larger, const lat_model *from, const lat_model *fresh,
                            const char *name) {
  lat_tensor had, has, would_have;
  lat_tensor_init(&had);
  lat_tensor_init(&has);
  lat_tensor_init(&would_have);
  const float *old = tensor_of(from, name, &had), *now = tensor_of(larger, name, &has);
  const float *new = tensor_of(fresh, name, &would_have);
  ck_assert_int_gt(has.shape[0], had.shape[0]);
  ck_assert_uint_eq(has.size, would_have.size);
  ck_assert_mem_eq(now, old, had.size * sizeof *old);
  ck_assert_mem_eq(now + had.size, new + had.size, (has.size - had.size) * sizeof *new);
}

static void check_other_tensors(const lat_model *larger, const lat_model *from) {
  for (int32_t i = 0; i < lat_model_tensor_count(from); ++i) {
    lat_tensor had, has;
    lat_tensor_init(&had);
    lat_tensor_init(&has);
    must(lat_model_tensor(&had, from, i));
    const float *now = tensor_of(larger, had.name, &has);
    if (strstr(had.name, "position_embeddings") == NULL) {
      ck_assert_uint_eq(has.size, had.size);
      ck_assert_mem_eq(now, lat_model_parameters(from) + had.offset, had.size * sizeof *now);
    }
  }
}

START_TEST(a_larger_size_has_more_positions) {
  model_fixture f;
  lat_model *larger = NULL, *fresh = NULL;
  lat_model_options options;
  model_fixture_options(&options);
  options.matrix_positions = 1;
  model_fixture_open(&f, &(model_plan){.model = &options});
  lat_task *task = create_task(&f, "transpose", 4);
  must(lat_model_freeze(f.model));
  must(lat_model_create_from(&larger, f.model, task, NULL));
  must(lat_model_create(&fresh, task, f.tokenizer, &options));
  ck_assert_ptr_eq(lat_model_task(larger), task);
  ck_assert_ptr_eq(lat_model_tokenizer(larger), f.tokenizer);
  check_positions(larger, f.model, fresh, "encoder.position_embeddings.weight");
  check_positions(larger, f.model, fresh, "decoder.position_embeddings.weight");
  check_other_tensors(larger, f.model);
  float *parameters = NULL;
  must(lat_model_map(&parameters, larger));
  must(lat_model_commit(larger));
  lat_model_free(fresh);
  lat_model_free(larger);
  lat_task_free(task);
  model_fixture_close(&f);
}
END_TEST

/* On the old task's examples the new model computes what the old one does. */
/* Query positions too are as many as the longest sequence has. */
START_TEST(an_encoder_alone_has_more_positions_of_both_kinds) {
  model_fixture f;
  lat_model *larger = NULL, *fresh = NULL;
  lat_model_options options;
  model_fixture_options(&options);
  options.architecture = LAT_ARCHITECTURE_ENCODER;
  model_fixture_open(&f, &(model_plan){.output = "p1000", .model = &options});
  lat_task *task = create_task(&f, "transpose", 4);
  must(lat_model_create_from(&larger, f.model, task, NULL));
  must(lat_model_create(&fresh, task, f.tokenizer, &options));
  check_positions(larger, f.model, fresh, "encoder.position_embeddings.weight");
  check_positions(larger, f.model, fresh, "encoder.query_embeddings.weight");
  lat_model_free(fresh);
  lat_model_free(larger);
  lat_task_free(task);
  model_fixture_close(&f);
}
END_TEST

START_TEST(what_was_learned_is_kept) {
  model_fixture f;
  lat_model *larger = NULL;
  model_fixture_open(&f, &(model_plan){0});
  lat_task *task = create_task(&f, "transpose", 4);
  must(lat_model_create_from(&larger, f.model, task, NULL));
  ck_assert(model_fixture_loss(larger, f.batch) == model_fixture_loss(f.model, f.batch));
  lat_model_free(larger);
  lat_task_free(task);
  model_fixture_close(&f);
}
END_TEST

START_TEST(a_smaller_size_keeps_all_positions) {
  model_fixture f;
  lat_model *smaller = NULL;
  model_fixture_open(&f, &(model_plan){0});
  lat_task *task = create_task(&f, "eigenvalues", 1);
  must(lat_model_create_from(&smaller, f.model, task, NULL));
  ck_assert_uint_eq(lat_model_parameter_count(smaller), lat_model_parameter_count(f.model));
  ck_assert_mem_eq(lat_model_parameters(smaller), lat_model_parameters(f.model),
                   lat_model_parameter_count(f.model) * sizeof(float));
  lat_model_free(smaller);
  lat_task_free(task);
  model_fixture_close(&f);
}
END_TEST

static void expect_refusal(const model_fixture *f, const lat_model_options *options,
                           const char *message) {
  lat_model *model = f->model;
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create_from(&model, f->model, f->task, options), message);
  ck_assert_ptr_null(model);
}

START_TEST(other_architectures_are_refused) {
  model_fixture f;
  lat_model_options options;
  model_fixture_open(&f, &(model_plan){0});
  model_fixture_options(&options);
  options.decoder_width = 24;
  expect_refusal(&f, &options,
                 "decoder.embeddings.weight: 341 x 24, but 341 x 12 in the model to start from");
  model_fixture_options(&options);
  options.encoder_layers = 2;
  expect_refusal(&f, &options,
                 "encoder.layers.1.self_attention.q_lin.weight: not in the model to start from");
  model_fixture_options(&options);
  options.positions = LAT_POSITIONS_SINUSOIDAL;
  expect_refusal(
      &f, &options,
      "encoder.position_embeddings.weight: of the model to start from, not in the new one");
  options.encoder_heads = 3;
  expect_refusal(&f, &options, "heads 3 does not divide width 8 (encoder)");
  model_fixture_close(&f);
}
END_TEST

START_TEST(options_that_keep_the_tensors_are_taken) {
  model_fixture f;
  lat_model *model = NULL;
  lat_model_options options;
  model_fixture_open(&f, &(model_plan){0});
  model_fixture_options(&options);
  options.encoder_loops = 3;
  options.dropout = 0.1;
  options.max_positions = 5;
  must(lat_model_create_from(&model, f.model, f.task, &options));
  ck_assert_ptr_nonnull(strstr(lat_model_config(model), "\"encoder_loops\":3"));
  ck_assert_ptr_nonnull(strstr(lat_model_config(model), "\"max_positions\":5"));
  lat_model_free(model);
  model_fixture_close(&f);
}
END_TEST

START_TEST(bad_arguments_are_refused) {
  model_fixture f;
  lat_model *model = NULL;
  float *parameters = NULL;
  model_fixture_open(&f, &(model_plan){0});
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create_from(NULL, f.model, f.task, NULL), "out is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create_from(&model, NULL, f.task, NULL), "model is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create_from(&model, f.model, NULL, NULL), "task is NULL");
  must(lat_model_map(&parameters, f.model));
  ck_assert_int_eq(lat_model_create_from(&model, f.model, f.task, NULL), LAT_ERROR_STATE);
  model_fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {
      a_larger_size_has_more_positions, an_encoder_alone_has_more_positions_of_both_kinds,
      what_was_learned_is_kept,         a_smaller_size_keeps_all_positions,
      other_architectures_are_refused,  options_that_keep_the_tensors_are_taken,
      bad_arguments_are_refused,        NULL};
  return run_suite("transfer", tests);
}
