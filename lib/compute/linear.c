/* Linear layers y = x W^T + b over all tokens, their products by BLIS. */
#include "compute/gemm.h"
#include "compute/ops.h"
#include "compute/vector.h"

/* The packed form is W^T (in, out): BLIS multiplies by rows that lie along memory 10 to 50 %
 * faster. Large tables (a vocabulary's) are not worth the memory and the repacking. */
enum { PACKED_LIMIT = 4 << 20 };

enum { FORWARD_ROWS = 192, FORWARD_COLS = 512, TRANSPOSE_ROWS = 64 };
/* Up to so many tokens, a product costs what reading W costs. */
enum { FEW_TOKENS = 4, FEW_COLS = 64 };
enum { INPUT_ROWS = 192, INPUT_COLS = 512 };
/* From 512 rows on BLIS packs its operands, which pays here: their rows lie apart by powers of two,
 * and read in place they would fight for the same lines of the caches. Smaller gradients are cut
 * for the sake of threads. */
enum { WEIGHT_ROWS = 512, WEIGHT_COLS = 256, WEIGHT_LEAST = 64 };

size_t lati_linear_packed_size(int32_t out, int32_t in) {
  int64_t count = (int64_t)out * in;
  return count <= PACKED_LIMIT ? (size_t)count * sizeof(float) : 0;
}

typedef struct packing {
  const lati_vector *vector;
  float *packed;
  const float *weight;
  int64_t out, in;
} packing;

static void pack_rows(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const packing *p = argument;
  int64_t first = task * TRANSPOSE_ROWS;
  p->vector->transpose(p->packed + first, p->out, p->weight + first * p->in, p->in,
                       lati_least(TRANSPOSE_ROWS, p->out - first), p->in);
}

void lati_linear_pack(const lati_device *device, void *packed, const float *weight, int32_t out,
                      int32_t in) {
  packing p = {lati_vector_best(), packed, weight, out, in};
  lati_pool_run(device->pool, pack_rows, &p, lati_blocks(out, TRANSPOSE_ROWS));
}

typedef struct forward {
  const lati_panel_kernel *panels; /* what they do besides products */
  lati_rows y, x;
  const lati_linear *linear;
  int64_t tokens, rows, tiles_across;
  lati_activation activation;
  lati_rows pre;
  const float *residual;
} forward;

/* Where the residual is y itself, the product is added to it. */
static int adds_onto(const forward *f) {
  return f->residual == f->y.data;
}

/* Bias, activation and residual of m rows from i on, n columns from j on. */
static void finish_tile(const forward *f, int64_t i, int64_t m, int64_t j, int64_t n) {
  const lati_linear *linear = f->linear;
  const int apart = f->residual != NULL && !adds_onto(f);
  const lati_finish finish = {.y = lati_rows_at(f->y, i, j),
                              .pre = lati_rows_at(f->pre, i, j),
                              .bias = linear->bias != NULL ? linear->bias + j : NULL,
                              .residual = apart ? f->residual + i * linear->out + j : NULL,
                              .ld_residual = linear->out,
                              .activation = f->activation};
  f->panels->finish(&finish, finish.y.data, finish.y.ld, m, n);
}

static void forward_tile(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const forward *f = argument;
  const lati_linear *linear = f->linear;
  int64_t i = task / f->tiles_across * f->rows, j = task % f->tiles_across * FORWARD_COLS;
  int64_t m = lati_least(f->rows, f->tokens - i), n = lati_least(FORWARD_COLS, linear->out - j);
  const float *packed = linear->packed;
  const int64_t packed_ld = linear->packed_out > 0 ? linear->packed_out : linear->out;
  const float *b = packed != NULL ? packed + j : linear->weight + j * linear->in;
  float *y = f->y.data + i * f->y.ld + j;
  lati_gemm(0, packed == NULL, m, n, linear->in, 1.0F, f->x.data + i * f->x.ld, f->x.ld, b,
            packed != NULL ? packed_ld : linear->in, adds_onto(f) ? 1.0F : 0.0F, y, f->y.ld);
  finish_tile(f, i, m, j, n);
}

/* A block of W's rows for every one of few tokens: W is read once, as it lies. */
static void forward_few(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const forward *f = argument;
  const int64_t in = f->linear->in;
  int64_t j = task * FEW_COLS, n = lati_least(FEW_COLS, f->linear->out - j);
  for (int64_t t = 0; t < f->tokens; ++t) {
    float *y = f->y.data + t * f->y.ld + j;
    for (int64_t i = 0; i < n; ++i) {
      const lati_rows row = lati_floats((float *)(uintptr_t)f->linear->weight + (j + i) * in, in);
      float product = f->panels->dot(row, lati_rows_at(f->x, t, 0), in);
      y[i] = adds_onto(f) ? y[i] + product : product;
    }
    finish_tile(f, t, 1, j, n);
  }
}

/* Tall tiles make good products; where that makes few of them they are cut lower, for there to be a
 * tile for everyone. */
static int64_t tile_rows(int64_t tokens, int64_t tiles_across, int64_t most) {
  enum { ENOUGH = 16, STEP = 24 };
  int64_t rows = lati_blocks(lati_blocks(tokens * tiles_across, ENOUGH), STEP) * STEP;
  return lati_least(rows, most);
}

void lati_linear_forward(const lati_device *device, lati_rows y, const lati_linear *linear,
                         lati_rows x, int64_t tokens, lati_activation activation, lati_rows pre,
                         const float *residual) {
  int64_t across = lati_blocks(linear->out, FORWARD_COLS);
  int64_t rows = tile_rows(tokens, across, FORWARD_ROWS);
  const lati_panel_kernel *panels = lati_vector_best()->panels;
  forward f = {panels, y, x, linear, tokens, rows, across, activation, pre, residual};
  if (tokens <= FEW_TOKENS) {
    lati_pool_run(device->pool, forward_few, &f, lati_blocks(linear->out, FEW_COLS));
    return;
  }
  lati_pool_run(device->pool, forward_tile, &f, lati_blocks(tokens, rows) * across);
}

void lati_linear_slice(lati_linear *slice, const lati_linear *linear, int32_t first, int32_t end) {
  const int32_t whole = linear->packed_out > 0 ? linear->packed_out : linear->out;
  *slice = *linear;
  slice->weight += (size_t)first * (size_t)linear->in;
  slice->bias = linear->bias != NULL ? linear->bias + first : NULL;
  slice->packed = linear->packed != NULL ? (const float *)linear->packed + first : NULL;
  slice->packed_out = whole;
  slice->out = end - first;
}

typedef struct backward_input {
  lati_rows d_x, d_y;
  const lati_linear *linear;
  int64_t tokens, rows, tiles_across;
  int accumulate;
  const lati_slope *slope;
} backward_input;

static void backward_input_tile(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const backward_input *b = argument;
  const lati_linear *linear = b->linear;
  int64_t i = task / b->tiles_across * b->rows, j = task % b->tiles_across * INPUT_COLS;
  int64_t m = lati_least(b->rows, b->tokens - i), n = lati_least(INPUT_COLS, linear->in - j);
  const lati_rows d_x = lati_rows_at(b->d_x, i, j);
  lati_gemm(0, 0, m, n, linear->out, 1.0F, b->d_y.data + i * b->d_y.ld, b->d_y.ld,
            linear->weight + j, linear->in, b->accumulate ? 1.0F : 0.0F, d_x.data, d_x.ld);
  if (b->slope != NULL) {
    const lati_finish finish = {.y = d_x,
                                .slope = {b->slope->activation, lati_rows_at(b->slope->of, i, j)}};
    lati_vector_best()->panels->finish(&finish, d_x.data, d_x.ld, m, n);
  }
}

void lati_linear_backward_input(const lati_device *device, lati_rows d_x, const lati_linear *linear,
                                lati_rows d_y, int64_t tokens, int accumulate,
                                const lati_slope *slope) {
  int64_t across = lati_blocks(linear->in, INPUT_COLS);
  int64_t rows = tile_rows(tokens, across, INPUT_ROWS);
  backward_input b = {d_x, d_y, linear, tokens, rows, across, accumulate, slope};
  lati_pool_run(device->pool, backward_input_tile, &b, lati_blocks(tokens, rows) * across);
}

typedef struct backward_weight {
  float *d_weight, *d_bias;
  lati_rows d_y, x;
  int64_t tokens, out, in, rows, cols, tiles, tiles_across;
} backward_weight;

static void bias_columns(const backward_weight *b, int64_t block) {
  int64_t first = block * LATI_COLUMN_BLOCK, n = lati_least(LATI_COLUMN_BLOCK, b->out - first);
  lati_vector_best()->panels->column_sums(b->d_bias + first, lati_rows_at(b->d_y, 0, first),
                                          b->tokens, n);
}

/* Tiles of d_weight, each summed over all tokens here and now; then blocks of d_bias. */
static void backward_weight_tile(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const backward_weight *b = argument;
  if (task >= b->tiles) {
    bias_columns(b, task - b->tiles);
    return;
  }
  int64_t i = task / b->tiles_across * b->rows, j = task % b->tiles_across * b->cols;
  lati_gemm(1, 0, lati_least(b->rows, b->out - i), lati_least(b->cols, b->in - j), b->tokens, 1.0F,
            b->d_y.data + i, b->d_y.ld, b->x.data + j, b->x.ld, 1.0F, b->d_weight + i * b->in + j,
            b->in);
}

size_t lati_linear_weight_scratch(int64_t tokens, int32_t in) {
  (void)tokens, (void)in;
  return 0;
}

void lati_linear_backward_weight(const lati_device *device, float *d_weight, float *d_bias,
                                 lati_rows d_y, lati_rows x, int64_t tokens, int32_t out,
                                 int32_t in, void *scratch) {
  (void)scratch;
  backward_weight b = {.d_weight = d_weight,
                       .d_bias = d_bias,
                       .d_y = d_y,
                       .x = x,
                       .tokens = tokens,
                       .out = out,
                       .in = in};
  int64_t quarter = lati_blocks(out, 4);
  b.rows = out >= WEIGHT_ROWS ? WEIGHT_ROWS : quarter > WEIGHT_LEAST ? quarter : WEIGHT_LEAST;
  b.cols = out >= WEIGHT_ROWS ? WEIGHT_COLS : WEIGHT_COLS / 2;
  b.tiles_across = lati_blocks(in, b.cols);
  b.tiles = lati_blocks(out, b.rows) * b.tiles_across;
  int64_t bias_tasks = d_bias != NULL ? lati_blocks(out, LATI_COLUMN_BLOCK) : 0;
  lati_pool_run(device->pool, backward_weight_tile, &b, b.tiles + bias_tasks);
}
