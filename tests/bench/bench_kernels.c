/* Speed of the operations at the sweeps' shapes: bench_kernels [threads] [f32|bf16]. For people;
 * not run by ctest. Prints GFLOP/s (products, attention) or GB/s of operands (the rest), the best
 * of several runs. */
#include "base/context_impl.h"
#include "compute/backend.h"
#include "compute/gemm.h"
#include "compute/update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static lat_context *ctx;
static const lati_device *device;
static const lati_backend *backend;

/* The best of many short runs by the clock on the wall: those that other work interrupted drop out.
 * (A thread's own clock was seen to run slow where threads share a processor.) */
static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static float *fresh(int64_t count) {
  void *block = NULL;
  if (lati_alloc(&block, ctx, (size_t)count, sizeof(float)) != LAT_OK) {
    fprintf(stderr, "%s\n", lat_last_error());
    exit(1);
  }
  float *x = block;
  for (int64_t i = 0; i < count; ++i) {
    x[i] = (float)((i * 7919 + 13) % 2003) / 1001.5F - 1.0F;
  }
  return x;
}

typedef void run_function(void *argument);

/* Seconds of the best run in about a quarter of a second. */
static double best_of(run_function *run, void *argument) {
  double best = 1e9, end = now() + 0.25;
  do {
    double start = now();
    run(argument);
    double taken = now() - start;
    best = taken < best ? taken : best;
  } while (now() < end);
  return best;
}

static void report(const char *what, const char *shape, double work, const char *unit,
                   double seconds) {
  printf("%-24s %-26s %8.3f ms %8.1f %s\n", what, shape, 1e3 * seconds, 1e-9 * work / seconds,
         unit);
  fflush(stdout);
}

/* `values`, `count` rows of them, as the table wants operands. */
static lati_rows operand(const float *values, int64_t count, int32_t width) {
  const lati_rows x = lati_operand(backend, fresh((count + LATI_TILE) * width), width);
  if (x.narrow != NULL) {
    backend->shorten(device, x, values, count, width);
  }
  return x;
}

static void free_rows(lati_rows x) {
  lati_free(x.data);
  lati_free(x.narrow);
}

/* x, y and their gradients are operands; what a residual is added to is f32, as the residual is. */
typedef struct layer {
  int64_t tokens;
  lati_linear linear;
  float *floats_x, *floats_y, *d_weight, *d_bias, *residual;
  lati_rows x, y, d_x, pre;
  void *packed, *scratch;
  lati_activation activation;
} layer;

static void run_forward(void *argument) {
  const layer *l = argument;
  const lati_rows y = l->residual != NULL ? lati_floats(l->floats_y, l->linear.out) : l->y;
  const lati_rows none = {0};
  backend->linear_forward(device, y, &l->linear, l->x, l->tokens, l->activation,
                          l->activation == LATI_GELU ? l->pre : none, l->residual);
}

static void run_backward_input(void *argument) {
  const layer *l = argument;
  backend->linear_backward_input(device, lati_floats(l->floats_x, l->linear.in), &l->linear, l->y,
                                 l->tokens, 0, NULL);
}

/* As where an activation made x. */
static void run_backward_slope(void *argument) {
  const layer *l = argument;
  const lati_slope slope = {LATI_GELU, l->x};
  backend->linear_backward_input(device, l->d_x, &l->linear, l->y, l->tokens, 0, &slope);
}

static void run_backward_weight(void *argument) {
  const layer *l = argument;
  backend->linear_backward_weight(device, l->d_weight, l->d_bias, l->y, l->x, l->tokens,
                                  l->linear.out, l->linear.in, l->scratch);
}

static void run_product(void *argument) {
  const layer *l = argument;
  lati_gemm_parallel(device, 0, 1, l->tokens, l->linear.out, l->linear.in, 1.0F, l->floats_x,
                     l->linear.in, l->linear.weight, l->linear.in, 0.0F, l->floats_y,
                     l->linear.out);
}

static void run_pack(void *argument) {
  const layer *l = argument;
  backend->pack(device, l->packed, l->linear.weight, l->linear.out, l->linear.in);
}

static void open_layer(layer *l, int32_t out, int32_t in) {
  const size_t packed = backend->packed_size(out, in);
  const size_t scratch = backend->weight_scratch(l->tokens, in);
  l->packed = packed > 0 ? fresh((int64_t)(packed / sizeof(float) + 1)) : NULL;
  l->scratch = scratch > 0 ? fresh((int64_t)(scratch / sizeof(float) + 1)) : NULL;
  l->linear = (lati_linear){.weight = fresh((int64_t)out * in),
                            .bias = fresh(out),
                            .packed = l->packed,
                            .in = in,
                            .out = out};
  l->floats_x = fresh(l->tokens * in);
  l->floats_y = fresh(l->tokens * out);
  l->x = operand(l->floats_x, l->tokens, in);
  l->d_x = operand(l->floats_x, l->tokens, in);
  l->y = operand(l->floats_y, l->tokens, out);
  l->pre = operand(l->floats_y, l->tokens, out);
  l->d_weight = fresh((int64_t)out * in);
  l->d_bias = fresh(out);
  l->residual = l->activation == LATI_IDENTITY ? fresh(l->tokens * out) : NULL;
}

static void close_layer(layer *l) {
  const lati_rows rows[] = {l->x, l->d_x, l->y, l->pre};
  void *blocks[] = {(void *)l->linear.weight,
                    (void *)l->linear.bias,
                    l->packed,
                    l->floats_x,
                    l->floats_y,
                    l->d_weight,
                    l->d_bias,
                    l->residual,
                    l->scratch};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
    free_rows(rows[i]);
  }
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

static void bench_layer(int64_t tokens, int32_t out, int32_t in, lati_activation activation) {
  layer l = {.tokens = tokens, .activation = activation};
  open_layer(&l, out, in);
  char shape[64];
  snprintf(shape, sizeof shape, "%ld x %d <- %d", (long)tokens, out, in);
  double work = 2.0 * (double)tokens * out * in;
  if (l.packed != NULL) {
    report("pack", shape, 8.0 * out * in, "GB/s", best_of(run_pack, &l));
  }
  report("linear forward", shape, work, "GFLOP/s", best_of(run_forward, &l));
  report("linear backward input", shape, work, "GFLOP/s", best_of(run_backward_input, &l));
  report("backward input, slope", shape, work, "GFLOP/s", best_of(run_backward_slope, &l));
  report("linear backward weight", shape, work, "GFLOP/s", best_of(run_backward_weight, &l));
  report("gemm", shape, work, "GFLOP/s", best_of(run_product, &l));
  close_layer(&l);
}

typedef struct heads {
  lati_attention shape;
  lati_rows q, k, v, o, d_q, d_k, d_v, d_o;
  float *lse;
  void *scratch;
} heads;

static void run_attention(void *argument) {
  const heads *h = argument;
  backend->attention_forward(device, h->o, h->lse, h->q, h->k, h->v, &h->shape, h->scratch);
}

static void run_attention_backward(void *argument) {
  const heads *h = argument;
  backend->attention_backward(device, h->d_q, h->d_k, h->d_v, h->d_o, h->o, h->lse, h->q, h->k,
                              h->v, &h->shape, h->scratch);
}

static void bench_attention(int64_t length, int32_t head_count, int32_t width, int causal) {
  enum { SEQUENCES = 64 };
  int64_t offsets[SEQUENCES + 1], tokens = SEQUENCES * length;
  const int32_t third = head_count * width, ld = 3 * third;
  for (int i = 0; i <= SEQUENCES; ++i) {
    offsets[i] = i * length;
  }
  float *values = fresh(tokens * ld), *lse = fresh(tokens * head_count);
  const size_t scratch =
      backend->attention_scratch(length, width) * (size_t)lati_pool_size(device->pool);
  float *tiles = fresh((int64_t)(scratch / sizeof(float) + 1));
  const lati_rows qkv = operand(values, tokens, ld), d_qkv = operand(values, tokens, ld);
  heads h = {.shape = {offsets, offsets, SEQUENCES, head_count, width, causal, NULL},
             .q = qkv,
             .k = lati_rows_at(qkv, 0, third),
             .v = lati_rows_at(qkv, 0, 2 * third),
             .d_q = d_qkv,
             .d_k = lati_rows_at(d_qkv, 0, third),
             .d_v = lati_rows_at(d_qkv, 0, 2 * third),
             .o = operand(values, tokens, third),
             .d_o = operand(values, tokens, third),
             .lse = lse,
             .scratch = tiles};
  char shape[64];
  snprintf(shape, sizeof shape, "64 x %ld, %d heads of %d%s", (long)length, head_count, width,
           causal ? " c" : "");
  double work = 4.0 * SEQUENCES * (double)(length * length) * head_count * width;
  report("attention forward", shape, work, "GFLOP/s", best_of(run_attention, &h));
  report("attention backward", shape, 2.5 * work, "GFLOP/s", best_of(run_attention_backward, &h));
  free_rows(qkv), free_rows(d_qkv), free_rows(h.o), free_rows(h.d_o);
  lati_free(values), lati_free(lse), lati_free(tiles);
}

typedef struct rows {
  int64_t tokens;
  int32_t width;
  float *x, *y, *d_x, *d_y, *mean, *rstd, *gamma, *sums;
  lati_rows shortened; /* none where the table is not narrow */
  int32_t *ids;
  double *loss;
  uint8_t *correct;
} rows;

static void run_norm(void *argument) {
  const rows *r = argument;
  backend->layernorm_forward(device, r->y, r->shortened, r->mean, r->rstd, r->x, r->gamma, r->gamma,
                             r->tokens, r->width);
}

static void run_norm_backward(void *argument) {
  const rows *r = argument;
  backend->layernorm_backward(device, r->d_x, r->shortened, r->d_x, r->d_x + r->width, r->d_y, r->x,
                              r->mean, r->rstd, r->gamma, r->tokens, r->width, 1, r->sums);
}

static void run_embedding(void *argument) {
  const rows *r = argument;
  backend->embedding_forward(device, r->y, r->x, r->ids, r->tokens, r->width, 0);
}

static void run_embedding_backward(void *argument) {
  const rows *r = argument;
  backend->embedding_backward(device, r->d_x, r->y, r->ids, r->tokens, r->width);
}

static void run_loss(void *argument) {
  const rows *r = argument;
  /* Rows of the gradient begin where those of the logits do. */
  const lati_rows d_logits = lati_operand(backend, r->x, r->width * (backend->narrow ? 2 : 1));
  backend->cross_entropy(device, r->loss, r->correct, d_logits, r->x, r->ids, r->tokens, r->width,
                         NULL);
}

static void bench_rows(int64_t tokens, int32_t width, int is_loss) {
  int64_t count = tokens * width;
  rows r = {.tokens = tokens, .width = width};
  r.x = fresh(count), r.y = fresh(count), r.d_x = fresh(count), r.d_y = fresh(count);
  r.mean = fresh(tokens), r.rstd = fresh(tokens), r.gamma = fresh(width);
  r.sums = fresh(2 * LATI_NORM_GROUPS * width);
  r.shortened = backend->narrow ? operand(r.x, tokens, width) : (lati_rows){0};
  r.ids = (int32_t *)fresh(tokens);
  r.loss = (double *)(void *)fresh(2 * tokens);
  r.correct = (uint8_t *)fresh(tokens);
  for (int64_t t = 0; t < tokens; ++t) {
    r.ids[t] = (int32_t)(t * 37 % (tokens < width ? tokens : width));
  }
  char shape[64];
  snprintf(shape, sizeof shape, "%ld x %d", (long)tokens, width);
  double bytes = 4.0 * (double)count;
  if (is_loss) {
    report("cross-entropy", shape, 2.0 * bytes, "GB/s", best_of(run_loss, &r));
  } else {
    report("layernorm forward", shape, 2.0 * bytes, "GB/s", best_of(run_norm, &r));
    report("layernorm backward", shape, 4.0 * bytes, "GB/s", best_of(run_norm_backward, &r));
    report("embedding forward", shape, 2.0 * bytes, "GB/s", best_of(run_embedding, &r));
    report("embedding backward", shape, 3.0 * bytes, "GB/s", best_of(run_embedding_backward, &r));
  }
  free_rows(r.shortened);
  void *blocks[] = {r.x,     r.y,    r.d_x, r.d_y,  r.mean,   r.rstd,
                    r.gamma, r.sums, r.ids, r.loss, r.correct};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

enum { PARAMETERS = 6 << 20 };

static void run_adam(void *argument) {
  float *p = argument;
  const lati_adam adam = {1e-4, 0.9, 0.999, 1e-8, 0.0, 0.1, 0.001, 1e-3};
  lati_stretch stretches[PARAMETERS / LATI_UPDATE_BLOCK];
  for (size_t i = 0; i < sizeof stretches / sizeof *stretches; ++i) {
    stretches[i] = (lati_stretch){i * LATI_UPDATE_BLOCK, LATI_UPDATE_BLOCK};
  }
  lati_adam_update(device, p, p + PARAMETERS, p + 2 * PARAMETERS, p + 3 * PARAMETERS, stretches,
                   sizeof stretches / sizeof *stretches, &adam);
}

static void run_squares(void *argument) {
  float *p = argument;
  (void)lati_sum_of_squares(device, p, PARAMETERS, (double *)(void *)(p + PARAMETERS));
}

static void bench_update(void) {
  float *p = fresh(4LL * PARAMETERS);
  memset(p + 3LL * PARAMETERS, 0, PARAMETERS * sizeof *p);
  report("sum of squares", "6 M", 4.0 * PARAMETERS, "GB/s", best_of(run_squares, p));
  report("adam", "6 M", 32.0 * PARAMETERS, "GB/s", best_of(run_adam, p));
  lati_free(p);
}

int main(int count, char **arguments) {
  lat_context_options options;
  lat_context_options_init(&options);
  options.threads = count > 1 ? atoi(arguments[1]) : 2;
  options.precision =
      count > 2 && strcmp(arguments[2], "bf16") == 0 ? LAT_PRECISION_BF16 : LAT_PRECISION_F32;
  if (lat_context_create(&ctx, &options) != LAT_OK) {
    fprintf(stderr, "%s\n", lat_last_error());
    return 1;
  }
  device = &ctx->device;
  backend = device->operations;
  printf("%s, %s, %d threads\n", backend->name, lati_gemm_description(), options.threads);
  bench_layer(1792, 512, 512, LATI_IDENTITY); /* encoder, eigenvalues 5x5: 64 x 28 tokens */
  bench_layer(1792, 1536, 512, LATI_IDENTITY);
  bench_layer(1792, 2048, 512, LATI_RELU);
  bench_layer(1792, 512, 2048, LATI_IDENTITY);
  bench_layer(5120, 256, 256, LATI_IDENTITY);
  bench_layer(5120, 1024, 256, LATI_GELU);
  bench_layer(5120, 128, 128, LATI_IDENTITY); /* the quick-start model */
  bench_layer(5120, 512, 128, LATI_RELU);
  bench_layer(5120, 128, 512, LATI_IDENTITY);
  bench_layer(2560, 1203, 128, LATI_RELU); /* logits */
  bench_layer(512, 29001, 512, LATI_RELU);
  bench_layer(64, 512, 512, LATI_IDENTITY); /* one step of decoding */
  bench_layer(1, 512, 512, LATI_IDENTITY);
  bench_attention(28, 8, 64, 0);
  bench_attention(80, 8, 64, 0);
  bench_attention(80, 4, 32, 0);
  bench_attention(80, 12, 43, 1);
  bench_attention(130, 8, 32, 0);
  bench_rows(5120, 128, 0);
  bench_rows(1792, 512, 0);
  bench_rows(2560, 1203, 1);
  bench_rows(512, 29001, 1);
  bench_update();
  lat_context_free(ctx);
  return 0;
}
