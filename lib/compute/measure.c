/* lat_context_measure(): what the processor can multiply, and what the library's products do. */
#include "base/floating.h"
#include "compute/panel.h"
#include "compute/peak.h"
#include "compute/processor.h"

#include <math.h>
#include <time.h>

typedef void work_function(void *argument);

static double seconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Seconds of the shortest of the runs that fit into `seconds`, two at least: the first one warms
 * the caches and wakes the team. */
static double shortest(double seconds, work_function *work, void *argument) {
  double least = HUGE_VAL, end = seconds_now() + seconds;
  for (int32_t runs = 0; runs < 2 || seconds_now() < end; runs += runs < 2) {
    double started = seconds_now();
    work(argument);
    least = fmin(least, seconds_now() - started);
  }
  return least;
}

static const lati_peak *best_peak(const lati_backend *backend) {
#if LATI_HAS_AMX
  if (backend == &lati_backend_bf16_amx) {
    return &lati_peak_bf16_tiles;
  }
#endif
#if LATI_HAS_AVX512_BF16
  if (backend == &lati_backend_bf16_avx512) {
    return &lati_peak_bf16_dot;
  }
#endif
#if defined(__x86_64__)
  if (lati_processor_here()->avx512) {
    return &lati_peak_avx512;
  }
  if (lati_processor_here()->avx2) {
    return &lati_peak_avx2;
  }
#endif
#if LATI_HAS_ARM_BF16
  if (backend == &lati_backend_bf16_neon) {
    return &lati_peak_bf16_neon;
  }
#endif
  (void)backend;
#if defined(__aarch64__)
  return &lati_peak_neon;
#else
  return &lati_peak_portable;
#endif
}

typedef struct peak_work {
  const lat_context *ctx;
  const lati_peak *peak;
  int64_t tasks, rounds;
} peak_work;

static void peak_task(void *argument, int64_t task, int32_t worker) {
  (void)task, (void)worker;
  const peak_work *p = argument;
  _Alignas(LATI_ALIGNMENT) float x[LATI_PEAK_FLOATS];
  for (int32_t i = 0; i < LATI_PEAK_FLOATS; ++i) {
    x[i] = 1e-3F;
  }
  p->peak->run(x, p->rounds);
}

static void run_peak(void *argument) {
  const peak_work *p = argument;
  lati_pool_run(p->ctx->device.pool, peak_task, argument, p->tasks);
}

/* Tasks are short enough for every thread to have its share of them, long enough for handing them
 * out to cost nothing. */
static double peak_rate(const lat_context *ctx, double seconds) {
  const double task_operations = 2e7;
  peak_work p = {
      .ctx = ctx, .peak = best_peak(ctx->device.operations), .tasks = 8 * ctx->options.threads};
  p.rounds = (int64_t)(task_operations / p.peak->operations);
  double operations = p.peak->operations * (double)p.rounds * (double)p.tasks;
  return operations / shortest(seconds, run_peak, &p);
}

/* A linear layer and what passes through it. */
typedef struct layer_work {
  const lat_context *ctx;
  lati_linear linear;
  int64_t tokens;
  float *weight, *x, *y, *d_weight, *d_x;
  void *packed, *scratch;
} layer_work;

/* Small numbers of both signs. */
static void write_numbers(const lat_context *ctx, float *to, int64_t count) {
  enum { PERIOD = 61 };
  float numbers[PERIOD];
  for (int64_t i = 0; i < PERIOD; ++i) {
    numbers[i] = (float)(i - 30) / 64.0F;
  }
  for (int64_t i = 0; i < count; i += PERIOD) {
    const int64_t n = count - i < PERIOD ? count - i : PERIOD;
    lati_device_write(&ctx->device, to + i, numbers, (size_t)n * sizeof *to);
  }
}

static lat_status open_layer(layer_work *l, int32_t out, int32_t in) {
  const lat_context *ctx = l->ctx;
  const size_t packed = ctx->device.operations->packed_size(out, in);
  const size_t scratch = ctx->device.operations->weight_scratch(l->tokens, in);
  lat_status status = LAT_OK;
  LATI_TRY(LATI_NEW_ON_DEVICE(l->weight, ctx, (int64_t)out * in));
  LATI_TRY(LATI_NEW_ON_DEVICE(l->d_weight, ctx, (int64_t)out * in));
  LATI_TRY(LATI_NEW_ON_DEVICE(l->x, ctx, (l->tokens + LATI_TILE) * in));
  LATI_TRY(LATI_NEW_ON_DEVICE(l->d_x, ctx, (l->tokens + LATI_TILE) * in));
  LATI_TRY(LATI_NEW_ON_DEVICE(l->y, ctx, (l->tokens + LATI_TILE) * out));
  write_numbers(ctx, l->weight, (int64_t)out * in);
  write_numbers(ctx, l->d_x, l->tokens * in);
  if (ctx->device.operations->narrow) {
    ctx->device.operations->shorten(&ctx->device, lati_operand(ctx->device.operations, l->x, in),
                                    l->d_x, l->tokens, in);
  } else {
    write_numbers(ctx, l->x, l->tokens * in);
  }
  l->linear = (lati_linear){.weight = l->weight, .in = in, .out = out};
  if (packed > 0) {
    LATI_TRY(ctx->device.operations->memory->allocate(&l->packed, ctx, packed, 1));
    ctx->device.operations->pack(&ctx->device, l->packed, l->weight, out, in);
    l->linear.packed = l->packed;
  }
  if (scratch > 0) {
    LATI_TRY(ctx->device.operations->memory->allocate(&l->scratch, ctx, scratch, 1));
  }
done:
  return status;
}

static void close_layer(layer_work *l) {
  void *blocks[] = {l->scratch, l->packed, l->y, l->d_x, l->x, l->d_weight, l->weight};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_device_free(l->ctx, blocks[i]);
  }
}

/* y = x W^T, dW += y^T x, dx = y W: each the same number of operations. */
static void run_layer(void *argument) {
  layer_work *l = argument;
  const lati_backend *backend = l->ctx->device.operations;
  const lati_device *device = &l->ctx->device;
  const lati_rows x = lati_operand(backend, l->x, l->linear.in);
  const lati_rows y = lati_operand(backend, l->y, l->linear.out);
  const lati_rows d_x = lati_operand(backend, l->d_x, l->linear.in);
  backend->linear_forward(device, y, &l->linear, x, l->tokens, LATI_IDENTITY, (lati_rows){0}, NULL);
  backend->linear_backward_weight(device, l->d_weight, NULL, y, x, l->tokens, l->linear.out,
                                  l->linear.in, l->scratch);
  backend->linear_backward_input(device, d_x, &l->linear, y, l->tokens, 0, NULL);
}

static lat_status product_rate(double *rate, const lat_context *ctx, int64_t tokens, int32_t out,
                               int32_t in, double seconds) {
  layer_work l = {.ctx = ctx, .tokens = tokens};
  lat_status status = open_layer(&l, out, in);
  if (status == LAT_OK) {
    double operations = 6.0 * (double)tokens * (double)out * (double)in;
    *rate = operations / shortest(seconds, run_layer, &l);
  }
  close_layer(&l);
  return status;
}

static lat_status check_measurement(const lat_context *ctx, int64_t tokens, int32_t out, int32_t in,
                                    double seconds) {
  enum { MAX_TOKENS = 1 << 24, MAX_WIDTH = 1 << 20 };
  if (ctx == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "ctx is NULL");
  }
  if (!(seconds >= 0.0 && seconds <= 60.0)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "measure: seconds %g is outside 0..60", seconds);
  }
  if (tokens < 1 || tokens > MAX_TOKENS) {
    return lati_fail(LAT_ERROR_ARGUMENT, "measure: tokens %lld is outside 1..%d", (long long)tokens,
                     (int)MAX_TOKENS);
  }
  if (out < 1 || out > MAX_WIDTH || in < 1 || in > MAX_WIDTH) {
    return lati_fail(LAT_ERROR_ARGUMENT, "measure: out %d or in %d is outside 1..%d", (int)out,
                     (int)in, (int)MAX_WIDTH);
  }
  return LAT_OK;
}

lat_status lat_context_measure(double *ceiling, double *products, const lat_context *ctx,
                               int64_t tokens, int32_t out, int32_t in, double seconds) {
  lat_status status = LAT_OK;
  lati_floating floating;
  lati_floating_enter(&floating);
  LATI_TRY(check_measurement(ctx, tokens, out, in, seconds));
  if (ceiling != NULL) {
    *ceiling = peak_rate(ctx, seconds);
  }
  if (products != NULL) {
    LATI_TRY(product_rate(products, ctx, tokens, out, in, seconds));
  }
done:
  lati_floating_leave(&floating);
  return status;
}
