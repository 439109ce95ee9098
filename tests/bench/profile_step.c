/* Where a training step's time goes: profile_step SWEEP [threads] [auto|f32|bf16] [steps] [rule].
 * Runs one of the published sweeps, or a small model on eigenvalues, with every operation of the
 * backend's table timed, and prints milliseconds a step, shares, and for products their rate. One
 * thread is timed by its processor's time, so that other programs matter little. For people; not
 * run by ctest. */
#include "base/context_impl.h"
#include "compute/backend.h"

#include <lat/lat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 64 };

typedef struct sweep {
  const char *name, *task, *input, *output;
  int32_t size, layers, width, heads, decoder_width, decoder_heads;
  int32_t campaign; /* 1: the options of the models in examples/models (docs/results/recipes.md) */
} sweep;

static const sweep sweeps[] = {
    {"transpose-5x5", "transpose", "p1000", "p1000", 5, 1, 256, 8, 256, 8, 0},
    {"eigenvalues-5x5", "eigenvalues", "fp15", "fp15", 5, 6, 512, 8, 512, 8, 0},
    {"eigenvectors-5x5", "eigenvectors", "fp15", "p1000", 5, 6, 512, 8, 512, 8, 0},
    {"inverse-5x5", "inverse", "fp15", "p1000", 5, 6, 516, 12, 512, 8, 0},
    {"width-64", "eigenvalues", "fp15", "p1000", 5, 4, 64, 4, 64, 4, 0},
    {"width-128", "eigenvalues", "fp15", "p1000", 5, 4, 128, 4, 128, 4, 0},
    {"width-256", "eigenvalues", "fp15", "p1000", 5, 4, 256, 8, 256, 8, 0},
    {"campaign-64", "eigenvalues", "fp15", "p1000", 5, 4, 64, 4, 64, 4, 1},
    {"campaign-128", "eigenvalues", "fp15", "p1000", 5, 4, 128, 4, 128, 4, 1},
    {"campaign-256", "eigenvalues", "fp15", "p1000", 5, 4, 256, 8, 256, 8, 1},
};

enum operation {
  FORWARD,
  BACKWARD_INPUT,
  BACKWARD_WEIGHT,
  ATTENTION_FORWARD,
  ATTENTION_BACKWARD,
  LAYERNORM_FORWARD,
  LAYERNORM_BACKWARD,
  SHORTEN,
  EMBEDDING,
  CROSS_ENTROPY,
  ADD,
  PACK,
  OPERATIONS
};

static const char *const names[OPERATIONS] = {"linear forward",
                                              "linear backward, input",
                                              "linear backward, weight",
                                              "attention forward",
                                              "attention backward",
                                              "LayerNorm forward",
                                              "LayerNorm backward",
                                              "shortening",
                                              "embeddings",
                                              "cross-entropy",
                                              "add",
                                              "packing weights"};

static double seconds[OPERATIONS], flops[OPERATIONS];
static const lati_backend *real;
static clockid_t clock_used = CLOCK_MONOTONIC;

static double now(void) {
  struct timespec time;
  clock_gettime(clock_used, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#define TIMED(operation, call)                                                                     \
  do {                                                                                             \
    const double started = now();                                                                  \
    real->call;                                                                                    \
    seconds[operation] += now() - started;                                                         \
  } while (0)

static double product(int64_t tokens, int32_t out, int32_t in) {
  return 2.0 * (double)tokens * out * in;
}

static void pack(const lati_device *device, void *packed, const float *weight, int32_t out,
                 int32_t in) {
  TIMED(PACK, pack(device, packed, weight, out, in));
}

static void forward(const lati_device *device, lati_rows y, const lati_linear *linear, lati_rows x,
                    int64_t tokens, lati_activation activation, lati_rows pre,
                    const float *residual) {
  flops[FORWARD] += product(tokens, linear->out, linear->in);
  TIMED(FORWARD, linear_forward(device, y, linear, x, tokens, activation, pre, residual));
}

static void backward_input(const lati_device *device, lati_rows d_x, const lati_linear *linear,
                           lati_rows d_y, int64_t tokens, int accumulate, const lati_slope *slope) {
  flops[BACKWARD_INPUT] += product(tokens, linear->out, linear->in);
  TIMED(BACKWARD_INPUT, linear_backward_input(device, d_x, linear, d_y, tokens, accumulate, slope));
}

static void backward_weight(const lati_device *device, float *d_weight, float *d_bias,
                            lati_rows d_y, lati_rows x, int64_t tokens, int32_t out, int32_t in,
                            void *scratch) {
  flops[BACKWARD_WEIGHT] += product(tokens, out, in);
  TIMED(BACKWARD_WEIGHT,
        linear_backward_weight(device, d_weight, d_bias, d_y, x, tokens, out, in, scratch));
}

static void shorten(const lati_device *device, lati_rows y, const float *x, int64_t tokens,
                    int32_t width) {
  TIMED(SHORTEN, shorten(device, y, x, tokens, width));
}

static void layernorm_forward(const lati_device *device, float *y, lati_rows shortened, float *mean,
                              float *rstd, const float *x, const float *gamma, const float *beta,
                              int64_t tokens, int32_t width) {
  TIMED(LAYERNORM_FORWARD,
        layernorm_forward(device, y, shortened, mean, rstd, x, gamma, beta, tokens, width));
}

static void layernorm_backward(const lati_device *device, float *d_x, lati_rows shortened,
                               float *d_gamma, float *d_beta, const float *d_y, const float *x,
                               const float *mean, const float *rstd, const float *gamma,
                               int64_t tokens, int32_t width, int accumulate, float *scratch) {
  TIMED(LAYERNORM_BACKWARD,
        layernorm_backward(device, d_x, shortened, d_gamma, d_beta, d_y, x, mean, rstd, gamma,
                           tokens, width, accumulate, scratch));
}

static void attention_forward(const lati_device *device, lati_rows o, float *lse, lati_rows q,
                              lati_rows k, lati_rows v, const lati_attention *shape,
                              void *scratch) {
  TIMED(ATTENTION_FORWARD, attention_forward(device, o, lse, q, k, v, shape, scratch));
}

static void attention_backward(const lati_device *device, lati_rows d_q, lati_rows d_k,
                               lati_rows d_v, lati_rows d_o, lati_rows o, const float *lse,
                               lati_rows q, lati_rows k, lati_rows v, const lati_attention *shape,
                               void *scratch) {
  TIMED(ATTENTION_BACKWARD,
        attention_backward(device, d_q, d_k, d_v, d_o, o, lse, q, k, v, shape, scratch));
}

static void embedding_forward(const lati_device *device, float *x, const float *table,
                              const int32_t *ids, int64_t tokens, int32_t width, int accumulate) {
  TIMED(EMBEDDING, embedding_forward(device, x, table, ids, tokens, width, accumulate));
}

static void embedding_backward(const lati_device *device, float *d_table, const float *d_x,
                               const int32_t *ids, int64_t tokens, int32_t width) {
  TIMED(EMBEDDING, embedding_backward(device, d_table, d_x, ids, tokens, width));
}

static void cross_entropy(const lati_device *device, double *loss, uint8_t *correct,
                          lati_rows d_logits, float *logits, const int32_t *targets, int64_t tokens,
                          int32_t vocabulary, const lati_spread *spread) {
  TIMED(CROSS_ENTROPY, cross_entropy(device, loss, correct, d_logits, logits, targets, tokens,
                                     vocabulary, spread));
}

static void factored_cross_entropy(const lati_device *device, double *loss, uint8_t *correct,
                                   lati_rows d_scores, float *scores, const int32_t *targets,
                                   int64_t tokens, const lati_factored_symbols *symbols,
                                   const lati_spread *spread) {
  TIMED(CROSS_ENTROPY, factored_cross_entropy(device, loss, correct, d_scores, scores, targets,
                                              tokens, symbols, spread));
}

static void add(const lati_device *device, float *y, const float *x, int64_t count) {
  TIMED(ADD, add(device, y, x, count));
}

/* The context's table, timed. */
static void instrument(lat_context *ctx) {
  static lati_backend timed;
  real = ctx->device.operations;
  timed = *real;
  timed.pack = pack;
  timed.linear_forward = forward;
  timed.linear_backward_input = backward_input;
  timed.linear_backward_weight = backward_weight;
  timed.shorten = shorten;
  timed.layernorm_forward = layernorm_forward;
  timed.layernorm_backward = layernorm_backward;
  timed.attention_forward = attention_forward;
  timed.attention_backward = attention_backward;
  timed.embedding_forward = embedding_forward;
  timed.embedding_backward = embedding_backward;
  timed.cross_entropy = cross_entropy;
  timed.factored_cross_entropy = factored_cross_entropy;
  timed.add = add;
  ctx->device.operations = &timed;
}

typedef struct run {
  lat_tokenizer *tokenizer;
  lat_task *task;
  lat_model *model;
  lat_sampler *sampler;
  lat_batch *batch;
  lat_gradients *gradients;
  lat_optimizer *optimizer;
  double draw, passes, update; /* seconds */
} run;

static void check(lat_status status) {
  if (status != LAT_OK) {
    fprintf(stderr, "%s\n", lat_last_error());
    exit(1);
  }
}

static void prepare(run *r, lat_context *ctx, const sweep *s, const char *rule) {
  lat_tokenizer_options spelling;
  lat_task_options problem;
  lat_model_options shape;
  lat_optimizer_options update;
  lat_tokenizer_options_init(&spelling);
  lat_task_options_init(&problem);
  lat_model_options_init(&shape);
  lat_optimizer_options_init(&update);
  update.rule = rule;
  spelling.input_encoding = s->input;
  spelling.output_encoding = s->output;
  problem.name = s->task;
  problem.rows = s->size;
  if (s->campaign) {
    problem.canonical = spelling.input_triangle = 1;
    shape.factored = shape.matrix_positions = 1;
    shape.norm = LAT_NORM_PRE;
    shape.activation = LAT_GELU;
    shape.init = LAT_INIT_FOURIER;
  }
  shape.encoder_layers = s->layers;
  shape.encoder_width = s->width;
  shape.encoder_heads = s->heads;
  shape.decoder_layers = 1;
  shape.decoder_width = s->decoder_width;
  shape.decoder_heads = s->decoder_heads;
  check(lat_tokenizer_create(&r->tokenizer, ctx, &spelling));
  check(lat_task_create(&r->task, ctx, &problem));
  check(lat_model_create(&r->model, r->task, r->tokenizer, &shape));
  check(lat_sampler_create(&r->sampler, r->task, r->tokenizer, NULL));
  check(lat_batch_create(&r->batch, r->tokenizer));
  check(lat_gradients_create(&r->gradients, r->model));
  check(lat_optimizer_create(&r->optimizer, r->model, &update));
}

static void train(run *r) {
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  const double start = now();
  check(lat_sampler_next(r->batch, r->sampler, BATCH));
  const double drawn = now();
  check(lat_gradients_accumulate(r->gradients, &sum, r->model, r->batch));
  const double passed = now();
  check(lat_optimizer_step(r->optimizer, r->model, r->gradients, &sum));
  r->draw += drawn - start;
  r->passes += passed - drawn;
  r->update += now() - passed;
}

static void line(const char *name, double time, double whole, double work, int steps) {
  printf("| %-26s | %8.2f | %5.1f |", name, 1e3 * time / steps, 100 * time / whole);
  if (work > 0) {
    printf(" %6.0f |\n", 1e-9 * work / time);
  } else {
    printf("        |\n");
  }
}

static void report(const run *r, int steps) {
  const double whole = r->draw + r->passes + r->update;
  double within = 0, work = 0;
  printf("| operation | ms a step | %% | GFLOP/s |\n|---|---|---|---|\n");
  for (int i = 0; i < OPERATIONS; ++i) {
    line(names[i], seconds[i], whole, flops[i], steps);
    within += i == PACK ? 0 : seconds[i];
    work += flops[i];
  }
  line("optimizer, clipping", r->update - seconds[PACK], whole, 0, steps);
  line("drawing, tokenizing", r->draw, whole, 0, steps);
  line("the rest", r->passes - within, whole, 0, steps);
  line("all", whole, whole, work, steps);
  printf("%.1f examples/s\n", BATCH * steps / whole);
}

static int32_t precision_of(const char *name) {
  return strcmp(name, "f32") == 0    ? LAT_PRECISION_F32
         : strcmp(name, "bf16") == 0 ? LAT_PRECISION_BF16
                                     : LAT_PRECISION_AUTO;
}

int main(int argc, char **argv) {
  const sweep *chosen = NULL;
  for (size_t i = 0; i < sizeof sweeps / sizeof *sweeps; ++i) {
    chosen = argc > 1 && strcmp(argv[1], sweeps[i].name) == 0 ? &sweeps[i] : chosen;
  }
  if (chosen == NULL) {
    fprintf(stderr, "usage: profile_step SWEEP [threads] [auto|f32|bf16] [steps] [rule]\n");
    return 2;
  }
  lat_context *ctx = NULL;
  lat_context_options options;
  run r = {0};
  const int steps = argc > 4 ? atoi(argv[4]) : 10;
  lat_context_options_init(&options);
  options.threads = argc > 2 ? atoi(argv[2]) : 1;
  clock_used = options.threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  options.precision = precision_of(argc > 3 ? argv[3] : "auto");
  check(lat_context_create(&ctx, &options));
  instrument(ctx);
  prepare(&r, ctx, chosen, argc > 5 ? argv[5] : "adamw");
  train(&r); /* memory is laid out */
  memset(seconds, 0, sizeof seconds);
  memset(flops, 0, sizeof flops);
  r.draw = r.passes = r.update = 0;
  for (int i = 0; i < steps; ++i) {
    train(&r);
  }
  printf("%s, %s, %d threads, batches of %d\n\n", chosen->name, real->name, (int)options.threads,
         BATCH);
  report(&r, steps);
  lat_optimizer_free(r.optimizer);
  lat_gradients_free(r.gradients);
  lat_batch_free(r.batch);
  lat_sampler_free(r.sampler);
  lat_model_free(r.model);
  lat_task_free(r.task);
  lat_tokenizer_free(r.tokenizer);
  lat_context_free(ctx);
  return 0;
}
