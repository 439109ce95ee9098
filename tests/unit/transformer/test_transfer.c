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

static void check_same(const lat_model *a, const lat_model *b, const char *name) {
  lat_tensor ours, theirs;
  lat_tensor_init(&ours);
  lat_tensor_init(&theirs);
  const float *one = tensor_of(a, name, &ours), *other = tensor_of(b, name, &theirs);
  ck_assert_uint_eq(ours.size, theirs.size);
  ck_assert_mem_eq(one, other, ours.size * sizeof *one);
}

/* An encoder serves a model of another encoding of answers, and with more layers of a decoder. */
START_TEST(an_encoder_is_copied_alone) {
  model_fixture from, to;
  lat_model *before = NULL;
  lat_model_options options;
  model_fixture_options(&options);
  options.seed = 7;
  model_fixture_open(&from, &(model_plan){.output = "p1000", .model = &options});
  options.seed = 8;
  options.decoder_layers = 2;
  model_fixture_open(&to, &(model_plan){.output = "fp15", .model = &options});
  must(lat_model_clone(&before, to.model));
  must(lat_model_freeze(from.model));
  must(lat_model_copy_parameters(to.model, from.model, "encoder."));
  for (int32_t i = 0; i < lat_model_tensor_count(to.model); ++i) {
    lat_tensor tensor;
    lat_tensor_init(&tensor);
    must(lat_model_tensor(&tensor, to.model, i));
    if (strstr(tensor.name, "position_embeddings") == NULL) {
      const int encoder = strncmp(tensor.name, "encoder.", 8) == 0;
      check_same(to.model, encoder ? from.model : before, tensor.name);
    }
  }
  lat_model_free(before);
  model_fixture_close(&to);
  model_fixture_close(&from);
}
END_TEST

/* What the copy computes is what the model computes that it is of. */
START_TEST(all_parameters_are_copied_without_a_prefix) {
  model_fixture f;
  lat_model *other = NULL;
  lat_model_options options;
  model_fixture_options(&options);
  options.seed = 8;
  model_fixture_open(&f, &(model_plan){0});
  must(lat_model_create(&other, f.task, f.tokenizer, &options));
  ck_assert(model_fixture_loss(other, f.batch) != model_fixture_loss(f.model, f.batch));
  must(lat_model_copy_parameters(other, f.model, NULL));
  ck_assert(model_fixture_loss(other, f.batch) == model_fixture_loss(f.model, f.batch));
  must(lat_model_copy_parameters(other, other, ""));
  ck_assert(model_fixture_loss(other, f.batch) == model_fixture_loss(f.model, f.batch));
  lat_model_free(other);
  model_fixture_close(&f);
}
END_TEST

static void check_refused(lat_status status, lat_status expected, const char *message) {
  ck_assert_int_eq(status, expected);
  ck_assert_msg(strstr(lat_last_error(), message) != NULL, "'%s' lacks '%s'", lat_last_error(),
                message);
}

START_TEST(refuses_parts_that_do_not_match) {
  model_fixture f, wide, digits;
  lat_model_options options;
  float *parameters = NULL;
  model_fixture_options(&options);
  model_fixture_open(&f, &(model_plan){0});
  model_fixture_open(&digits, &(model_plan){.input = "p1000", .model = &options});
  options.encoder_layers = 2;
  model_fixture_open(&wide, &(model_plan){.model = &options});
  check_refused(lat_model_copy_parameters(f.model, wide.model, "encoder."), LAT_ERROR_ARGUMENT,
                "encoder.layers.1");
  check_refused(lat_model_copy_parameters(wide.model, f.model, "encoder."), LAT_ERROR_ARGUMENT,
                "not in the model to copy from");
  must(lat_model_copy_parameters(f.model, wide.model, "encoder.layers.0."));
  check_refused(lat_model_copy_parameters(f.model, digits.model, "encoder."), LAT_ERROR_ARGUMENT,
                "inputs as different tokens");
  check_refused(lat_model_copy_parameters(f.model, digits.model, ""), LAT_ERROR_ARGUMENT,
                "inputs as different tokens");
  must(lat_model_copy_parameters(f.model, digits.model, "decoder."));
  check_refused(lat_model_copy_parameters(f.model, wide.model, "coder"), LAT_ERROR_ARGUMENT,
                "no tensor's name begins with 'coder'");
  check_refused(lat_model_copy_parameters(NULL, wide.model, "encoder."), LAT_ERROR_ARGUMENT,
                "NULL");
  check_refused(lat_model_copy_parameters(f.model, NULL, "encoder."), LAT_ERROR_ARGUMENT, "NULL");
  must(lat_model_map(&parameters, wide.model));
  check_refused(lat_model_copy_parameters(f.model, wide.model, "encoder."), LAT_ERROR_STATE,
                "mapped");
  must(lat_model_commit(wide.model));
  must(lat_model_freeze(f.model));
  check_refused(lat_model_copy_parameters(f.model, f.model, "encoder."), LAT_ERROR_STATE, "frozen");
  model_fixture_close(&digits);
  model_fixture_close(&wide);
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

/* Example 0 of a task. */
static lat_batch *first_example(const model_fixture *f, lat_task *task) {
  model_fixture other = *f;
  other.task = task;
  return model_fixture_batch(&other, 0, 1);
}

/* The token of an example's side that belongs to the same entry, and is as far behind the first one
 * that does, as token `at` of another example; -1 when there is none. */
static int64_t same_entry(const lati_batch_side *in, const lati_batch_side *other, int64_t at) {
  int64_t behind = at;
  while (behind > 0 && other->rows[behind - 1] == other->rows[at] &&
         other->cols[behind - 1] == other->cols[at]) {
    behind -= 1;
  }
  for (int64_t t = 0; t < in->offsets[1]; ++t) {
    if (in->rows[t] == other->rows[at] && in->cols[t] == other->cols[at]) {
      return t + at - behind;
    }
  }
  return -1;
}

/* The row of an entry's place is the older model's for that entry, or a new model's. */
static void check_entries(const lat_model *larger, const lat_model *from, const lat_model *fresh,
                          int32_t side, const char *name) {
  lat_tensor had, has, would_have;
  lat_tensor_init(&had);
  lat_tensor_init(&has);
  lat_tensor_init(&would_have);
  const float *old = tensor_of(from, name, &had), *now = tensor_of(larger, name, &has);
  const float *new = tensor_of(fresh, name, &would_have);
  const model_fixture f = {NULL, NULL, lat_model_tokenizer(from), NULL, NULL};
  lat_batch *big = first_example(&f, lat_model_task(larger));
  lat_batch *small = first_example(&f, lat_model_task(from));
  const lati_batch_side *in = &big->side[side];
  const int64_t framing = side == LAT_INPUT, width = has.shape[1];
  int64_t moved = 0;
  for (int64_t t = 0; t < in->offsets[1]; ++t) {
    const int64_t was = same_entry(&small->side[side], in, t);
    ck_assert_mem_eq(now + (t + framing) * width,
                     was < 0 ? new + (t + framing) * width : old + (was + framing) * width,
                     (size_t)width * sizeof *now);
    moved += was >= 0 && was != t;
  }
  ck_assert_int_gt(moved, 0);
  lat_batch_free(small);
  lat_batch_free(big);
}

/* What was learned about the place of an entry goes with the entry. */
START_TEST(positions_follow_their_entries) {
  model_fixture f;
  lat_model *from = NULL, *larger = NULL, *fresh = NULL;
  model_fixture_open(&f, &(model_plan){.output = "p1000"});
  lat_task *small = create_task(&f, "eigenvectors", 3), *big = create_task(&f, "eigenvectors", 4);
  must(lat_model_create(&from, small, f.tokenizer, NULL));
  model_fixture_perturb(from);
  must(lat_model_create_from(&larger, from, big, NULL));
  must(lat_model_create(&fresh, big, f.tokenizer, NULL));
  check_entries(larger, from, fresh, LAT_INPUT, "encoder.position_embeddings.weight");
  check_entries(larger, from, fresh, LAT_OUTPUT, "decoder.position_embeddings.weight");
  lat_model_free(fresh);
  lat_model_free(larger);
  lat_model_free(from);
  lat_task_free(big);
  lat_task_free(small);
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
                 "decoder.embeddings.weight: 341 x 24, but 341 x 12 in the model to copy from");
  model_fixture_options(&options);
  options.encoder_layers = 2;
  expect_refusal(&f, &options,
                 "encoder.layers.1.self_attention.q_lin.weight: not in the model to copy from");
  model_fixture_options(&options);
  options.positions = LAT_POSITIONS_SINUSOIDAL;
  expect_refusal(&f, &options,
                 "encoder.position_embeddings.weight: of the model to copy from, not in the other");
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
      an_encoder_is_copied_alone,       all_parameters_are_copied_without_a_prefix,
      refuses_parts_that_do_not_match,  what_was_learned_is_kept,
      positions_follow_their_entries,   a_smaller_size_keeps_all_positions,
      other_architectures_are_refused,  options_that_keep_the_tensors_are_taken,
      bad_arguments_are_refused,        NULL};
  return run_suite("transfer", tests);
}
