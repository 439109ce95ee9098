/* The model against its PyTorch twin (tests/golden/make_model.py): logits, loss, every gradient,
 * ten steps of Adam and AdamW; and the options of the architecture one by one. The twin computes in
 * double, so the tolerances are what single precision costs. */
#include "golden/golden_files.h"

#include "transformer/safetensors.h"

#include "check_quietly.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VARIANTS = 16, ARCHITECTURES = 21, RUNS = 3, RUN_WITH_PARAMETERS = 1, ENTRIES = 16 };

/* On max(1, |expected|). */
static const double LOGIT_TOLERANCE = 1e-5;
static const double GRADIENT_TOLERANCE = 2e-5;
static const double LOSS_TOLERANCE = 1e-6;
/* Steps divide by the root of the second moment, which lifts rounding errors of small gradients. */
static const double STEP_LOSS_TOLERANCE = 2e-5;

typedef struct subject {
  lat_tokenizer *tokenizer;
  lat_task *task;
  lat_model *model;
  lat_batch *batch;
  size_t rows, symbols; /* of the logits */
} subject;

static const char LOGITS[] = "model-logits.safetensors";

static json_t *golden, *architectures; /* model.json, architectures.json */
static lat_context *ctx;

static void ok(lat_status status) {
  ck_assert_msg(status == LAT_OK, "%s: %s", lat_status_name(status), lat_last_error());
}

static void set_up(void) {
  lat_context_options options;
  lat_context_options_init(&options);
  options.precision = LAT_PRECISION_F32;
  ok(lat_context_create(&ctx, &options));
  golden = golden_load("model.json");
  ck_assert_uint_eq(json_array_size(golden_member(golden, "variants")), VARIANTS);
  architectures = golden_load("architectures.json");
  ck_assert_uint_eq(json_array_size(golden_member(architectures, "variants")), ARCHITECTURES);
}

static void tear_down(void) {
  json_decref(golden);
  json_decref(architectures);
  lat_context_free(ctx);
}

static int32_t chosen(const json_t *config, const char *key, const char *other) {
  return strcmp(golden_text(config, key), other) == 0;
}

/* Of a member that only the configurations have that do not take its default. */
static int32_t younger(const json_t *config, const char *key, const char *other) {
  return json_object_get(config, key) != NULL && chosen(config, key, other);
}

static void read_options(lat_model_options *options, const json_t *config) {
  lat_model_options_init(options);
  options->encoder_layers = golden_integer(config, "encoder_layers");
  options->encoder_width = golden_integer(config, "encoder_width");
  options->encoder_heads = golden_integer(config, "encoder_heads");
  options->encoder_loops = golden_integer(config, "encoder_loops");
  options->decoder_layers = golden_integer(config, "decoder_layers");
  options->decoder_width = golden_integer(config, "decoder_width");
  options->decoder_heads = golden_integer(config, "decoder_heads");
  options->decoder_loops = golden_integer(config, "decoder_loops");
  options->ffn_factor = golden_integer(config, "ffn_factor");
  options->norm = chosen(config, "norm", "pre") ? LAT_NORM_PRE : LAT_NORM_POST;
  options->activation = chosen(config, "activation", "gelu") ? LAT_GELU : LAT_RELU;
  options->positions =
      chosen(config, "positions", "sinusoidal") ? LAT_POSITIONS_SINUSOIDAL : LAT_POSITIONS_LEARNED;
  options->tied = golden_integer(config, "tied");
  options->matrix_positions = golden_integer(config, "matrix_positions");
  options->factored = golden_integer(config, "factored");
  options->cross_query_from_input = golden_integer(config, "cross_query_from_input");
  options->max_positions = golden_integer(config, "max_positions");
  options->architecture = younger(config, "architecture", "encoder")   ? LAT_ARCHITECTURE_ENCODER
                          : younger(config, "architecture", "decoder") ? LAT_ARCHITECTURE_DECODER
                          : younger(config, "architecture", "lstm")    ? LAT_ARCHITECTURE_LSTM
                          : younger(config, "architecture", "gru")     ? LAT_ARCHITECTURE_GRU
                                                                       : 0;
  options->ffn = younger(config, "ffn", "gated")      ? LAT_FFN_GATED
                 : younger(config, "ffn", "hashed")   ? LAT_FFN_HASHED
                 : younger(config, "ffn", "bilinear") ? LAT_FFN_BILINEAR
                                                      : LAT_FFN_PLAIN;
  if (options->ffn == LAT_FFN_HASHED) {
    options->ffn_hash_bits = golden_integer(config, "ffn_hash_bits");
  }
  options->copy_gate = json_object_get(config, "copy_gate") != NULL;
  options->encoder_loop_layer =
      (int32_t)json_integer_value(json_object_get(config, "encoder_loop_layer"));
  options->query_per_number = json_object_get(config, "query_per_number") != NULL;
  options->factored_head = json_object_get(config, "factored_head") != NULL;
  options->encoder_attention = json_object_get(config, "encoder_attention") != NULL;
  options->norm_kind =
      younger(config, "norm_kind", "rms") ? LAT_NORM_KIND_RMS : LAT_NORM_KIND_LAYER;
}

/* noise_parameters() of twin.py. */
static void fill_parameters(lat_model *model) {
  float *parameters = NULL;
  int32_t count = lat_model_tensor_count(model);
  lat_tensor tensor;
  lat_tensor_init(&tensor);
  ok(lat_model_map(&parameters, model));
  for (int32_t i = 0; i < count; ++i) {
    ok(lat_model_tensor(&tensor, model, i));
    uint32_t hash = golden_hash("", tensor.name);
    double scale = tensor.rank == 2 ? sqrt(3.0 / tensor.shape[1]) : 0.3;
    const char *end = strrchr(tensor.name, '.');
    int is_gain = strstr(tensor.name, "norm") != NULL && strcmp(end, ".weight") == 0;
    for (size_t k = 0; k < tensor.size; ++k) {
      parameters[tensor.offset + k] = (float)(golden_noise(hash, k) * scale + (is_gain ? 1 : 0));
    }
  }
  ok(lat_model_commit(model));
}

static void create_model(subject *s, const json_t *config) {
  lat_tokenizer_options tokenizer_options;
  lat_task_options task_options;
  lat_model_options model_options;
  lat_tokenizer_options_init(&tokenizer_options);
  tokenizer_options.input_encoding = golden_text(config, "input_encoding");
  tokenizer_options.output_encoding = golden_text(config, "output_encoding");
  ok(lat_tokenizer_create(&s->tokenizer, ctx, &tokenizer_options));
  lat_task_options_init(&task_options);
  task_options.rows = 3;
  task_options.cols = 2;
  ok(lat_task_create(&s->task, ctx, &task_options));
  read_options(&model_options, config);
  ok(lat_model_create(&s->model, s->task, s->tokenizer, &model_options));
  fill_parameters(s->model);
}

/* The golden matrices and their transposes. */
static void append_examples(subject *s) {
  const json_t *matrices = golden_member(golden, "matrices");
  ok(lat_batch_create(&s->batch, s->tokenizer));
  for (size_t i = 0; i < json_array_size(matrices); ++i) {
    double data[ENTRIES];
    lat_matrix input = golden_matrix(data, ENTRIES, json_array_get(matrices, i));
    lat_matrix output = {data, input.cols, input.rows, input.ld, LAT_COLUMN_MAJOR};
    ok(lat_batch_append(s->batch, 0, &input, &output));
  }
}

static void check_tokens(const subject *s, const json_t *tokens, int32_t side, const char *key) {
  lat_sequences sequences;
  ok(lat_batch_sequences(&sequences, s->batch, side));
  ck_assert_int_eq(sequences.count, (int64_t)json_array_size(tokens));
  for (int64_t i = 0; i < sequences.count; ++i) {
    const json_t *expected = golden_member(json_array_get(tokens, (size_t)i), key);
    int64_t first = sequences.offsets[i], length = sequences.offsets[i + 1] - first;
    ck_assert_int_eq(length, (int64_t)json_array_size(expected));
    for (int64_t k = 0; k < length; ++k) {
      ck_assert_int_eq(sequences.tokens[first + k],
                       json_integer_value(json_array_get(expected, (size_t)k)));
    }
  }
}

static void subject_create(subject *s, const json_t *item) {
  const json_t *tokens = golden_member(item, "tokens");
  *s = (subject){NULL, NULL, NULL, NULL, 0, 0};
  create_model(s, golden_member(item, "config"));
  append_examples(s);
  check_tokens(s, tokens, LAT_INPUT, "input");
  check_tokens(s, tokens, LAT_OUTPUT, "output");
  s->rows = (size_t)golden_integer(item, "target_tokens");
  s->symbols = (size_t)lat_tokenizer_vocabulary_size(s->tokenizer, LAT_OUTPUT);
}

static void subject_free(subject *s) {
  lat_batch_free(s->batch);
  lat_model_free(s->model);
  lat_task_free(s->task);
  lat_tokenizer_free(s->tokenizer);
}

static float *floats(size_t count) {
  float *data = malloc(count * sizeof *data);
  ck_assert_ptr_nonnull(data);
  return data;
}

static float *read_tensor(lati_safetensors *file, const char *name, int32_t rank, size_t rows,
                          size_t cols) {
  float *data = floats(rows * cols);
  const int64_t shape[2] = {(int64_t)rows, (int64_t)cols};
  ok(lati_safetensors_read(data, file, name, rank, shape));
  return data;
}

static lati_safetensors *open_file(const char *name) {
  lati_safetensors *file = NULL;
  ok(lati_safetensors_open(&file, ctx, golden_path(name)));
  return file;
}

/* Largest |found - expected| / max(1, |expected|). */
static double worst(const float *found, const float *expected, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    double error = fabs((double)found[i] - expected[i]) / fmax(1, fabs(expected[i]));
    largest = error > largest || isnan(error) ? error : largest;
  }
  return largest;
}

/* Every stride-th column of the model's logits against the tensor `name` of a golden file: the
 * worst error. */
static double logit_error(const subject *s, const char *path, const char *name, size_t stride) {
  lati_safetensors *file = open_file(path);
  size_t kept = (s->symbols + stride - 1) / stride;
  float *expected = read_tensor(file, name, 2, s->rows, kept);
  float *logits = floats(s->rows * s->symbols), *found = floats(s->rows * kept);
  ok(lat_model_logits(logits, s->rows * s->symbols, s->model, s->batch));
  for (size_t i = 0; i < s->rows; ++i) {
    for (size_t j = 0; j < kept; ++j) {
      found[i * kept + j] = logits[i * s->symbols + j * stride];
    }
  }
  double error = worst(found, expected, s->rows * kept);
  free(found);
  free(logits);
  free(expected);
  lati_safetensors_close(file);
  return error;
}

static void check_loss(const lat_loss_sum *sum, const json_t *item) {
  double expected = golden_number(item, "loss_sum");
  ck_assert_int_eq(sum->tokens, golden_integer(item, "target_tokens"));
  ck_assert_int_eq(sum->correct_tokens, golden_integer(item, "correct_tokens"));
  ck_assert_int_eq(sum->examples, 4);
  ck_assert_msg(fabs(sum->loss - expected) <= LOSS_TOLERANCE * expected, "loss %.9g, not %.9g",
                sum->loss, expected);
}

/* Against a file that holds a tensor for every one of the model's, and no other. */
static void check_gradients(const subject *s, const float *gradients) {
  lati_safetensors *file = open_file("model-gradients.safetensors");
  ck_assert_int_eq(lati_safetensors_count(file), lat_model_tensor_count(s->model));
  for (int32_t i = 0; i < lat_model_tensor_count(s->model); ++i) {
    lat_tensor tensor;
    lat_tensor_init(&tensor);
    ok(lat_model_tensor(&tensor, s->model, i));
    float *expected = read_tensor(file, tensor.name, tensor.rank, (size_t)tensor.shape[0],
                                  (size_t)tensor.shape[1]);
    double error = worst(gradients + tensor.offset, expected, tensor.size);
    ck_assert_msg(error <= GRADIENT_TOLERANCE, "gradient of %s is off by %g", tensor.name, error);
    free(expected);
  }
  lati_safetensors_close(file);
}

START_TEST(logits_loss_and_gradients) {
  const json_t *base = golden_member(golden, "base");
  lat_gradients *gradients = NULL;
  float *values = NULL;
  lat_loss_sum sum, validation;
  lat_loss_sum_init(&sum);
  lat_loss_sum_init(&validation);
  subject s;
  subject_create(&s, base);
  double error = logit_error(&s, LOGITS, "base", 1);
  ck_assert_msg(error <= LOGIT_TOLERANCE, "logits are off by %g", error);
  ok(lat_model_loss(&validation, s.model, s.batch));
  check_loss(&validation, base);
  ok(lat_gradients_create(&gradients, s.model));
  ok(lat_gradients_accumulate(gradients, &sum, s.model, s.batch));
  check_loss(&sum, base);
  ok(lat_gradients_map(&values, gradients));
  check_gradients(&s, values);
  lat_gradients_free(gradients);
  subject_free(&s);
}
END_TEST

static lat_optimizer *make_optimizer(lat_model *model, const json_t *run) {
  lat_optimizer *optimizer = NULL;
  lat_optimizer_options options;
  lat_optimizer_options_init(&options);
  options.rule = golden_text(run, "rule");
  options.learning_rate = golden_number(run, "learning_rate");
  options.beta2 = golden_number(run, "beta2");
  options.epsilon = golden_number(run, "epsilon");
  options.weight_decay = golden_number(run, "weight_decay");
  options.clip_norm = golden_number(run, "clip");
  ok(lat_optimizer_create(&optimizer, model, &options));
  return optimizer;
}

static void check_step(const char *what, size_t step, double found, const json_t *expected) {
  double value = json_number_value(json_array_get(expected, step));
  ck_assert_msg(fabs(found - value) <= STEP_LOSS_TOLERANCE * value,
                "%s of step %zu: %.9g, not %.9g", what, step, found, value);
}

/* A key's bias shifts all scores of a query alike, so its gradient is zero but for rounding, and
 * Adam makes steps of rounding errors; elsewhere parameters agree within a few percent of a step.
 */
static void check_parameters(const subject *s, double learning_rate, size_t steps) {
  lati_safetensors *file = open_file("model-adam.safetensors");
  for (int32_t i = 0; i < lat_model_tensor_count(s->model); ++i) {
    lat_tensor tensor;
    lat_tensor_init(&tensor);
    ok(lat_model_tensor(&tensor, s->model, i));
    float *expected = read_tensor(file, tensor.name, tensor.rank, (size_t)tensor.shape[0],
                                  (size_t)tensor.shape[1]);
    double bound = strstr(tensor.name, "k_lin.bias") != NULL ? 2.0 * (double)steps : 0.05;
    double error = worst(lat_model_parameters(s->model) + tensor.offset, expected, tensor.size);
    ck_assert_msg(error <= bound * learning_rate, "%s is off by %g", tensor.name, error);
    free(expected);
  }
  lati_safetensors_close(file);
}

START_TEST(ten_steps) {
  const json_t *base = golden_member(golden, "base");
  const json_t *run = json_array_get(golden_member(base, "adam"), (size_t)_i);
  const json_t *losses = golden_member(run, "losses"), *norms = golden_member(run, "norms");
  lat_gradients *gradients = NULL;
  subject s;
  subject_create(&s, base);
  lat_optimizer *optimizer = make_optimizer(s.model, run);
  ok(lat_gradients_create(&gradients, s.model));
  ck_assert_uint_eq(json_array_size(losses), 10);
  for (size_t step = 0; step < 10; ++step) {
    lat_loss_sum sum;
    lat_loss_sum_init(&sum);
    ok(lat_gradients_accumulate(gradients, &sum, s.model, s.batch));
    check_step("loss", step, sum.loss / (double)sum.tokens, losses);
    ok(lat_optimizer_step(optimizer, s.model, gradients, &sum));
    check_step("gradient norm", step, lat_optimizer_gradient_norm(optimizer), norms);
  }
  if (_i == RUN_WITH_PARAMETERS) {
    check_parameters(&s, golden_number(run, "learning_rate"), 10);
  }
  lat_gradients_free(gradients);
  lat_optimizer_free(optimizer);
  subject_free(&s);
}
END_TEST

/* L2 norm, and the product with a fixed vector. */
static void check_marks(const lat_tensor *tensor, const float *gradient, const json_t *marks) {
  uint32_t hash = golden_hash("mark:", tensor->name);
  double norm = json_number_value(json_array_get(marks, 0));
  double product = json_number_value(json_array_get(marks, 1));
  double square = 0, found = 0;
  for (size_t i = 0; i < tensor->size; ++i) {
    square += (double)gradient[i] * gradient[i];
    found += gradient[i] * golden_noise(hash, i);
  }
  double bound = GRADIENT_TOLERANCE * fmax(1, norm);
  ck_assert_msg(fabs(sqrt(square) - norm) <= bound, "gradient of %s: norm %.9g, not %.9g",
                tensor->name, sqrt(square), norm);
  ck_assert_msg(fabs(found - product) <= bound, "gradient of %s: product %.9g, not %.9g",
                tensor->name, found, product);
}

static void check_all_marks(const subject *s, const float *gradients, const json_t *marks) {
  ck_assert_int_eq(lat_model_tensor_count(s->model), (int32_t)json_object_size(marks));
  for (int32_t i = 0; i < lat_model_tensor_count(s->model); ++i) {
    lat_tensor tensor;
    lat_tensor_init(&tensor);
    ok(lat_model_tensor(&tensor, s->model, i));
    check_marks(&tensor, gradients + tensor.offset, golden_member(marks, tensor.name));
  }
}

static void check_variant(const json_t *file, const char *logits, int index) {
  const json_t *variant = json_array_get(golden_member(file, "variants"), (size_t)index);
  const char *name = golden_text(variant, "name");
  lat_gradients *gradients = NULL;
  float *values = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  subject s;
  subject_create(&s, variant);
  double error = logit_error(&s, logits, name, (size_t)golden_integer(variant, "stride"));
  ck_assert_msg(error <= LOGIT_TOLERANCE, "%s: logits are off by %g", name, error);
  ok(lat_gradients_create(&gradients, s.model));
  ok(lat_gradients_accumulate(gradients, &sum, s.model, s.batch));
  check_loss(&sum, variant);
  ok(lat_gradients_map(&values, gradients));
  check_all_marks(&s, values, golden_member(variant, "gradients"));
  lat_gradients_free(gradients);
  subject_free(&s);
}

START_TEST(variants_of_the_architecture) {
  check_variant(golden, LOGITS, _i);
}
END_TEST

START_TEST(other_architectures) {
  check_variant(architectures, "architectures-logits.safetensors", _i);
}
END_TEST

/* Variants with the same parameters, and one weight moved a little, must be told apart. */
START_TEST(comparisons_can_fail) {
  const json_t *plain = json_array_get(golden_member(golden, "variants"), 0);
  size_t stride = (size_t)golden_integer(plain, "stride");
  float *parameters = NULL;
  subject s;
  subject_create(&s, plain);
  ck_assert_double_gt(logit_error(&s, LOGITS, "gelu", stride), 100 * LOGIT_TOLERANCE);
  ck_assert_double_gt(logit_error(&s, LOGITS, "cross-query", stride), 100 * LOGIT_TOLERANCE);
  ok(lat_model_map(&parameters, s.model));
  parameters[0] += 1e-2F; /* of the embedding of EOS, which begins every sequence */
  ok(lat_model_commit(s.model));
  ck_assert_double_gt(logit_error(&s, LOGITS, "plain", stride), LOGIT_TOLERANCE);
  subject_free(&s);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("golden model");
  TCase *tests = tcase_create("model");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_test(tests, logits_loss_and_gradients);
  tcase_add_loop_test(tests, ten_steps, 0, RUNS);
  tcase_add_loop_test(tests, variants_of_the_architecture, 0, VARIANTS);
  tcase_add_loop_test(tests, other_architectures, 0, ARCHITECTURES);
  tcase_add_test(tests, comparisons_can_fail);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
