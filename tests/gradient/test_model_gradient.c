/* The whole model's gradient against central differences of its loss, over every option. Operations
 * are the naive twin's, in double, so that the differences are the derivative and not rounding;
 * that the fast operations agree with the twin is tested elsewhere. */
#include "naive/naive.h"
#include "unit/transformer/model_fixture.h"

#include <math.h>
#include <string.h>

/* Of fourth-order central differences. */
#define STEP 0.005
#define TOLERANCE 1e-3

typedef struct architecture {
  const char *name;
  const char *input, *output;
  int32_t examples; /* of the batch */
  size_t parts;     /* coordinates a tensor */
  double spread;    /* of targets */
  lat_model_options options;
} architecture;

typedef struct gradient_check {
  model_fixture f;
  lat_gradients *gradients;
  int64_t compared, wrong;
  double spread;
} gradient_check;

static void set_parameter(lat_model *model, size_t coordinate, float value) {
  float *parameters = NULL;
  must(lat_model_map(&parameters, model));
  parameters[coordinate] = value;
  must(lat_model_commit(model));
}

/* The loss as training sees it: with the dropout masks of step 0. */
static double loss_of(gradient_check *check) {
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  if (check->f.model->options.dropout == 0 && check->f.model->options.attention_dropout == 0 &&
      check->spread == 0) {
    return model_fixture_loss(check->f.model, check->f.batch);
  }
  lat_gradients_seek(check->gradients, 0);
  must(lat_gradients_accumulate(check->gradients, &sum, check->f.model, check->f.batch));
  return sum.loss;
}

/* (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, with the steps that f32 really took. */
static double difference(gradient_check *check, size_t coordinate) {
  const float at = lat_model_parameters(check->f.model)[coordinate];
  const double places[4] = {-2, -1, 1, 2};
  double f[4], x[4];
  for (int i = 0; i < 4; ++i) {
    const float moved = at + (float)(places[i] * STEP);
    x[i] = (double)moved;
    set_parameter(check->f.model, coordinate, moved);
    f[i] = loss_of(check);
  }
  set_parameter(check->f.model, coordinate, at);
  const double near = (f[2] - f[1]) / (x[2] - x[1]), far = (f[3] - f[0]) / (x[3] - x[0]);
  return (4 * near - far) / 3;
}

static void check_coordinate(gradient_check *check, size_t coordinate, double gradient) {
  const double numeric = difference(check, coordinate);
  const double scale = fmax(1, fmax(fabs(gradient), fabs(numeric)));
  ++check->compared;
  check->wrong += !(fabs(gradient - numeric) <= TOLERANCE * scale);
}

/* The element of largest gradient in each of a few equal parts of the tensor. */
static void check_tensor(gradient_check *check, const lat_tensor *tensor, const float *gradient,
                         size_t parts) {
  const size_t part = (tensor->size + parts - 1) / parts;
  for (size_t first = 0; first < tensor->size; first += part) {
    size_t best = first;
    for (size_t i = first; i < first + part && i < tensor->size; ++i) {
      best = fabsf(gradient[i]) > fabsf(gradient[best]) ? i : best;
    }
    check_coordinate(check, tensor->offset + best, (double)gradient[best]);
  }
}

/* Half of the inner units on and half off whatever the token, so that no step crosses a ReLU's
 * kink. */
static void leave_kinks(lat_model *model) {
  float *parameters = NULL;
  must(lat_model_map(&parameters, model));
  for (int32_t i = 0; i < model->table.count; ++i) {
    const lati_parameter *entry = &model->table.entries[i];
    for (size_t j = 0; strstr(entry->name, "lin1.bias") != NULL && j < entry->size; ++j) {
      parameters[entry->offset + j] = j % 2 == 0 ? 6.0f : -6.0f;
    }
  }
  must(lat_model_commit(model));
}

static void run_check(gradient_check *check, const architecture *which,
                      const lati_backend *backend) {
  const model_plan plan = {
      .input = which->input, .output = which->output, .backend = backend, .model = &which->options};
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  memset(check, 0, sizeof *check);
  model_fixture_open(&check->f, &plan);
  lat_batch_free(check->f.batch);
  check->f.batch = model_fixture_batch(&check->f, 0, which->examples);
  if (which->options.activation == LAT_RELU) {
    leave_kinks(check->f.model);
  }
  must(lat_gradients_create(&check->gradients, check->f.model));
  check->spread = which->spread;
  must(lat_gradients_set_target_spread(check->gradients, which->spread));
  const size_t size = lat_gradients_size(check->gradients);
  float *gradient = malloc(size * sizeof *gradient);
  lat_gradients_seek(check->gradients, 0);
  must(lat_gradients_accumulate(check->gradients, &sum, check->f.model, check->f.batch));
  memcpy(gradient, lati_gradients_vector(check->gradients), size * sizeof *gradient);
  for (int32_t i = 0; i < lat_model_tensor_count(check->f.model); ++i) {
    lat_tensor tensor;
    lat_tensor_init(&tensor);
    must(lat_model_tensor(&tensor, check->f.model, i));
    check_tensor(check, &tensor, gradient + tensor.offset, which->parts);
  }
  free(gradient);
  lat_gradients_free(check->gradients);
  model_fixture_close(&check->f);
}

static void passes(const architecture *which) {
  gradient_check check;
  run_check(&check, which, &lati_backend_naive);
  ck_assert_msg(check.wrong == 0, "%s: %lld of %lld coordinates differ", which->name,
                (long long)check.wrong, (long long)check.compared);
}

static architecture base(const char *name) {
  architecture which = {.name = name, .input = "p10", .output = "p10", .examples = 3, .parts = 2};
  model_fixture_options(&which.options);
  return which;
}

/* Options that change the layers' equations. */
START_TEST(every_layer_option) {
  architecture which = base("layers");
  which.options.norm = _i & 1;
  which.options.activation = _i >> 1 & 1;
  which.options.cross_query_from_input = _i >> 2 & 1;
  which.options.norm_kind = _i >> 3 & 1;
  passes(&which);
}
END_TEST

/* Gates of every activation, and products without one. */
START_TEST(gated_feed_forward) {
  architecture which = base("gated feed-forward");
  which.parts = 1;
  which.options.ffn = _i < 4 ? LAT_FFN_GATED : LAT_FFN_BILINEAR;
  which.options.activation = _i >> 1 & 1;
  which.options.norm = _i & 1;
  which.options.ffn_factor = 3;
  passes(&which);
}
END_TEST

/* Options that change how tokens go in and logits come out. */
START_TEST(every_embedding_option) {
  architecture which = base("embeddings");
  which.options.activation = LAT_GELU;
  which.options.tied = _i & 1;
  which.options.positions = _i >> 1 & 1;
  which.options.matrix_positions = _i >> 2 & 1;
  passes(&which);
}
END_TEST

START_TEST(shared_layers_applied_again) {
  architecture which = base("loops");
  which.options.encoder_layers = which.options.encoder_loops = 2;
  which.options.decoder_loops = 3;
  which.options.norm = _i;
  which.options.cross_query_from_input = 1;
  passes(&which);
}
END_TEST

/* Layers that end with a gate; all of them repeated, or the second alone. */
START_TEST(copy_gates) {
  architecture which = base("copy gates");
  which.parts = 1;
  which.options.encoder_layers = which.options.encoder_loops = 2;
  which.options.decoder_loops = _i < 2 ? 1 : 2;
  which.options.encoder_loop_layer = _i < 2 ? 2 : 0;
  which.options.norm = _i & 1;
  which.options.copy_gate = 1;
  which.options.activation = LAT_GELU;
  which.options.dropout = _i == 3 ? 0.3 : 0;
  passes(&which);
}
END_TEST

START_TEST(dropout_with_its_masks_held) {
  architecture which = base("dropout");
  which.options.dropout = _i < 2 ? 0.3 : 0;
  which.options.attention_dropout = _i < 2 ? 0 : 0.3;
  if (_i >= 2) { /* the slow twin draws the masks anew for every number */
    which.examples = 1;
    which.parts = 1;
  }
  which.options.norm = _i & 1;
  which.options.activation = LAT_GELU;
  passes(&which);
}
END_TEST

START_TEST(factored_embeddings) {
  architecture which = base("factored");
  which.options.activation = LAT_GELU;
  which.options.factored = 1;
  which.options.matrix_positions = 1;
  which.input = _i == 0 ? "p10" : "fp15";
  which.output = _i == 0 ? "fp15" : "p10";
  if (_i == 0) { /* 29,129 logits a token */
    which.examples = 1;
    which.parts = 1;
  }
  passes(&which);
}
END_TEST

/* Tied to the embeddings' factors, with a weight of its own, of an encoder alone, and over
 * neighbours. */
START_TEST(factored_head) {
  architecture which = base("factored head");
  which.options.factored = which.options.tied = _i == 0 || _i == 3;
  which.options.factored_head = 1;
  which.options.architecture = _i == 2 ? LAT_ARCHITECTURE_ENCODER : which.options.architecture;
  which.spread = _i == 3 ? 1.5 : 0;
  which.input = "p10";
  which.output = "fp15";
  which.examples = 1; /* the slow twin goes through 29,129 symbols a token */
  which.parts = 1;
  passes(&which);
}
END_TEST

/* Query positions behind a problem, in either placement of the norm; rows and columns of both, or
 * factors in front. */
START_TEST(an_encoder_alone) {
  architecture which = base("encoder alone");
  which.options.architecture = LAT_ARCHITECTURE_ENCODER;
  which.options.norm = _i & 1;
  which.options.activation = LAT_GELU;
  which.options.encoder_layers = 2;
  which.options.matrix_positions = which.options.factored = _i >> 1 & 1;
  which.options.dropout = _i == 3 ? 0.3 : 0;
  which.options.query_per_number = _i >= 4;
  which.input = _i >> 1 & 1 ? "fp15" : "p10";
  which.output = "p1000";
  passes(&which);
}
END_TEST

/* Problem and answer in one causal stack. */
START_TEST(a_decoder_alone) {
  architecture which = base("decoder alone");
  which.parts = 1;
  which.options.architecture = LAT_ARCHITECTURE_DECODER;
  which.options.norm = _i & 1;
  which.options.activation = LAT_GELU;
  which.options.decoder_layers = 2;
  which.options.tied = _i < 2;
  which.options.matrix_positions = which.options.factored = _i >> 1 & 1;
  which.options.positions = _i == 2 ? LAT_POSITIONS_SINUSOIDAL : LAT_POSITIONS_LEARNED;
  which.input = _i >> 1 & 1 ? "fp15" : "p10";
  passes(&which);
}
END_TEST

/* Recurrent stacks, with attention over the encoder's output or without. */
START_TEST(recurrent_stacks) {
  architecture which = base("recurrent");
  which.parts = 1;
  which.options.architecture = _i < 4 ? LAT_ARCHITECTURE_LSTM : LAT_ARCHITECTURE_GRU;
  which.options.encoder_attention = _i >> 1 & 1;
  which.options.norm = _i & 1;
  which.options.encoder_layers = which.options.decoder_layers = 2;
  which.options.activation = LAT_GELU;
  which.options.dropout = _i == 7 ? 0.3 : 0;
  passes(&which);
}
END_TEST

START_TEST(spread_targets) {
  architecture which = base("spread");
  which.options.activation = LAT_GELU;
  which.output = "p1000";
  which.spread = 3;
  passes(&which);
}
END_TEST

/* A gradient that is wrong in one operation must be noticed. */
static void backward_of_values_flipped(const lati_device *device, lati_rows d_q, lati_rows d_k,
                                       lati_rows d_v, lati_rows d_o, lati_rows o, const float *lse,
                                       lati_rows q, lati_rows k, lati_rows v,
                                       const lati_attention *shape, void *scratch) {
  lati_backend_naive.attention_backward(device, d_q, d_k, d_v, d_o, o, lse, q, k, v, shape,
                                        scratch);
  for (int64_t t = 0; t < shape->k_offsets[shape->sequences]; ++t) {
    d_v.data[t * d_v.ld] = -d_v.data[t * d_v.ld];
  }
}

static void add_nothing(const lati_device *device, float *y, const float *x, int64_t count) {
  (void)device;
  (void)y;
  (void)x;
  (void)count;
}

START_TEST(a_wrong_gradient_is_noticed) {
  lati_backend broken = lati_backend_naive;
  architecture which = base("negative control");
  gradient_check check;
  which.options.activation = LAT_GELU;
  which.options.cross_query_from_input = 1;
  if (_i == 0) {
    broken.attention_backward = backward_of_values_flipped;
  } else {
    broken.add = add_nothing;
  }
  run_check(&check, &which, &broken);
  ck_assert_int_gt(check.wrong, 0);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("model gradient");
  tcase_add_loop_test(tests, every_layer_option, 0, 12);
  tcase_add_loop_test(tests, every_embedding_option, 0, 8);
  tcase_add_loop_test(tests, shared_layers_applied_again, 0, 2);
  tcase_add_loop_test(tests, gated_feed_forward, 0, 5);
  tcase_add_loop_test(tests, copy_gates, 0, 4);
  tcase_add_loop_test(tests, dropout_with_its_masks_held, 0, 4);
  tcase_add_loop_test(tests, factored_embeddings, 0, 2);
  tcase_add_loop_test(tests, factored_head, 0, 4);
  tcase_add_loop_test(tests, an_encoder_alone, 0, 6);
  tcase_add_loop_test(tests, a_decoder_alone, 0, 4);
  tcase_add_loop_test(tests, recurrent_stacks, 0, 8);
  tcase_add_test(tests, spread_targets);
  tcase_add_loop_test(tests, a_wrong_gradient_is_noticed, 0, 2);
  return run_case("model gradient", tests);
}
