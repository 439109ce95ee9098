/* Linear layers with bf16 operands. Both operands of every product are rounded: weights when they
 * are packed, activations and gradients in strips on the stack, as they are used. Sums, biases,
 * activations and residuals stay in f32. */
#include "compute/bf16.h"
#include "compute/vector.h"

/* Words of a strip of rounded rows, pairs of the contraction that it holds at most, and the tiles
 * that tasks work on. */
enum { STRIP = 12288, STRIP_PAIRS = 384 };
enum { TILE_ROWS = 192, TILE_COLS = 512, LEAST_ROWS = 48, LEAST_COLS = 128 };

/* A packed layer is W^T (in, out) for the forward product, then W (out, in) for the backward one.
 */
static int64_t forward_words(int32_t out, int32_t in) {
  return lati_bf16_words(in, out);
}

size_t lati_bf16_packed_size(int32_t out, int32_t in) {
  return (size_t)(forward_words(out, in) + lati_bf16_words(out, in)) * sizeof(uint32_t);
}

typedef struct packing {
  const lati_bf16_kernel *kernel;
  uint32_t *packed;
  const float *weight;
  int64_t out, in, forward_panels;
} packing;

static void pack_panel(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const packing *p = argument;
  if (task < p->forward_panels) {
    int64_t pairs = lati_bf16_pairs(p->in), first = task * LATI_BF16_PANEL;
    p->kernel->panel_of_columns(p->packed + task * pairs * LATI_BF16_PANEL, pairs,
                                p->weight + first * p->in, p->in,
                                lati_least(LATI_BF16_PANEL, p->out - first), p->in);
  } else {
    int64_t panel = task - p->forward_panels, first = panel * LATI_BF16_PANEL;
    int64_t pairs = lati_bf16_pairs(p->out);
    uint32_t *dst = p->packed + lati_bf16_words(p->in, p->out) + panel * pairs * LATI_BF16_PANEL;
    p->kernel->panel_of_rows(dst, pairs, p->weight + first, p->in, p->out,
                             lati_least(LATI_BF16_PANEL, p->in - first));
  }
}

void lati_bf16_pack(const lati_bf16_kernel *kernel, lati_pool *pool, void *packed,
                    const float *weight, int32_t out, int32_t in) {
  packing p = {kernel, packed, weight, out, in, lati_blocks(out, LATI_BF16_PANEL)};
  lati_pool_run(pool, pack_panel, &p, p.forward_panels + lati_blocks(in, LATI_BF16_PANEL));
}

/* C (m, n) (+)= A B for a packed B (k, n), A rounded here; n is cut by the caller. */
typedef struct product {
  const lati_bf16_kernel *kernel;
  const uint32_t *b; /* whole panels */
  int64_t m, n, k;
} product;

/* The contraction in even pieces that fill a strip. */
static int64_t strip_pairs(int64_t k) {
  int64_t pairs = lati_bf16_pairs(k), pieces = lati_blocks(pairs, STRIP_PAIRS);
  return lati_blocks(pairs, pieces * LATI_BF16_TILE) * LATI_BF16_TILE;
}

static int64_t strip_rows(int64_t k) {
  return STRIP / strip_pairs(k) / LATI_BF16_TILE * LATI_BF16_TILE;
}

static void multiply_strip(const product *p, float *c, int64_t ldc, const float *a, int64_t lda,
                           int64_t m, int accumulate) {
  uint32_t strip[STRIP];
  int64_t total = lati_bf16_pairs(p->k), step = strip_pairs(p->k);
  for (int64_t first = 0; first < total; first += step) {
    int64_t pairs = lati_least(step, total - first);
    p->kernel->pair_rows(strip, pairs, a + 2 * first, lda, m, p->k - 2 * first);
    p->kernel->multiply(c, ldc, (lati_bf16_block){strip, pairs, 1}, p->b + first * LATI_BF16_PANEL,
                        total * LATI_BF16_PANEL, m, p->n, pairs, accumulate || first > 0);
  }
}

typedef struct rows_pass {
  const lati_bf16_kernel *kernel;
  const lati_vector *vector;
  lati_rows c, a;
  const uint32_t *b;
  const float *bias, *residual;
  float *pre;
  int64_t tokens, n, k, rows, cols, tiles_across;
  lati_activation activation;
  int accumulate, plain; /* plain: nothing follows the product */
} rows_pass;

static void finish_rows(const rows_pass *r, int64_t i, int64_t m, int64_t j, int64_t n) {
  for (int64_t t = i; t < i + m; ++t) {
    int64_t place = t * r->n + j;
    r->vector->epilogue(r->c.data + t * r->c.ld + j, r->pre != NULL ? r->pre + place : NULL,
                        r->bias != NULL ? r->bias + j : NULL,
                        r->residual != NULL ? r->residual + place : NULL, r->activation, n);
  }
}

static void rows_tile(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const rows_pass *r = argument;
  int64_t first = task / r->tiles_across * r->rows, j = task % r->tiles_across * r->cols;
  int64_t end = lati_least(r->tokens, first + r->rows), strip = strip_rows(r->k);
  product p = {r->kernel, r->b + lati_bf16_words(r->k, j), 0, lati_least(r->cols, r->n - j), r->k};
  for (int64_t i = first; i < end; i += strip) {
    int64_t m = lati_least(strip, end - i);
    multiply_strip(&p, r->c.data + i * r->c.ld + j, r->c.ld, r->a.data + i * r->a.ld, r->a.ld, m,
                   r->accumulate);
    if (!r->plain) {
      finish_rows(r, i, m, j, p.n);
    }
  }
}

static void run_rows(rows_pass *r, lati_pool *pool) {
  enum { ENOUGH = 16 };
  r->cols = r->tokens <= LEAST_ROWS ? LEAST_COLS : TILE_COLS;
  r->tiles_across = lati_blocks(r->n, r->cols);
  int64_t fair = lati_blocks(r->tokens * r->tiles_across, ENOUGH);
  r->rows = lati_least(TILE_ROWS, lati_blocks(fair, LEAST_ROWS) * LEAST_ROWS);
  lati_pool_run(pool, rows_tile, r, lati_blocks(r->tokens, r->rows) * r->tiles_across);
}

void lati_bf16_forward(const lati_bf16_kernel *kernel, lati_pool *pool, lati_rows y,
                       const lati_linear *linear, lati_rows x, int64_t tokens,
                       lati_activation activation, float *pre, const float *residual) {
  if (linear->packed == NULL) {
    lati_linear_forward(pool, y, linear, x, tokens, activation, pre, residual);
    return;
  }
  int onto = residual == y.data; /* then the residual is where the product is added */
  rows_pass r = {.kernel = kernel,
                 .vector = lati_vector_best(),
                 .c = y,
                 .a = x,
                 .b = linear->packed,
                 .bias = linear->bias,
                 .residual = onto ? NULL : residual,
                 .pre = pre,
                 .tokens = tokens,
                 .n = linear->out,
                 .k = linear->in,
                 .activation = activation,
                 .accumulate = onto};
  run_rows(&r, pool);
}

void lati_bf16_backward_input(const lati_bf16_kernel *kernel, lati_pool *pool, lati_rows d_x,
                              const lati_linear *linear, lati_rows d_y, int64_t tokens,
                              int accumulate) {
  if (linear->packed == NULL) {
    lati_linear_backward_input(pool, d_x, linear, d_y, tokens, accumulate);
    return;
  }
  const uint32_t *packed = linear->packed;
  rows_pass r = {.kernel = kernel,
                 .c = d_x,
                 .a = d_y,
                 .b = packed + forward_words(linear->out, linear->in),
                 .tokens = tokens,
                 .n = linear->in,
                 .k = linear->out,
                 .accumulate = accumulate,
                 .plain = 1};
  run_rows(&r, pool);
}

/* The forward product's panels are shared; the backward one's are not a slice's to use. */
void lati_bf16_slice(lati_linear *slice, const lati_linear *linear, int32_t first, int32_t end) {
  const uint32_t *packed = linear->packed;
  lati_linear_slice(slice, linear, first, end);
  slice->packed = packed != NULL ? packed + lati_bf16_words(linear->in, first) : NULL;
}

/* Tokens are taken in slices, whose rounded operands lie on the stack. */
enum { SLICE = 96, SLICE_PAIRS = SLICE / 2, WEIGHT_ROWS = 256, WEIGHT_COLS = 256 };

typedef struct weight_pass {
  const lati_bf16_kernel *kernel;
  const lati_vector *vector;
  float *d_weight, *d_bias;
  lati_rows d_y, x;
  int64_t tokens, out, in, rows, tiles, tiles_across;
} weight_pass;

static void weight_slice(const weight_pass *w, int64_t i, int64_t m, int64_t j, int64_t n,
                         int64_t token) {
  uint32_t a[SLICE_PAIRS * WEIGHT_ROWS], b[SLICE_PAIRS * LATI_BF16_PANEL];
  int64_t count = lati_least(SLICE, w->tokens - token), pairs = lati_bf16_pairs(count);
  const float *d_y = w->d_y.data + token * w->d_y.ld + i;
  const float *x = w->x.data + token * w->x.ld + j;
  lati_bf16_block block = w->kernel->block_of_columns(a, pairs, d_y, w->d_y.ld, count, m);
  for (int64_t c = 0; c < n; c += LATI_BF16_PANEL) {
    int64_t cols = lati_least(LATI_BF16_PANEL, n - c);
    w->kernel->panel_of_rows(b, pairs, x + c, w->x.ld, count, cols);
    w->kernel->multiply(w->d_weight + i * w->in + j + c, w->in, block, b, 0, m, cols, pairs, 1);
  }
}

/* Large tiles read their operands less often; small gradients are cut for the sake of threads. */
static int64_t weight_rows(int64_t out, int64_t tiles_across) {
  enum { LEAST = 64, ENOUGH = 4 };
  int64_t rows = WEIGHT_ROWS;
  while (rows > LEAST && lati_blocks(out, rows) * tiles_across < ENOUGH) {
    rows /= 2;
  }
  return rows;
}

/* Tiles of d_weight, each summed over all tokens here and now; then blocks of d_bias. */
static void weight_tile(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const weight_pass *w = argument;
  if (task >= w->tiles) {
    int64_t first = (task - w->tiles) * LATI_COLUMN_BLOCK;
    w->vector->column_sums(w->d_bias + first, w->d_y.data + first, w->d_y.ld, w->tokens,
                           lati_least(LATI_COLUMN_BLOCK, w->out - first));
    return;
  }
  int64_t i = task / w->tiles_across * w->rows, j = task % w->tiles_across * WEIGHT_COLS;
  for (int64_t token = 0; token < w->tokens; token += SLICE) {
    weight_slice(w, i, lati_least(w->rows, w->out - i), j, lati_least(WEIGHT_COLS, w->in - j),
                 token);
  }
}

void lati_bf16_backward_weight(const lati_bf16_kernel *kernel, lati_pool *pool, float *d_weight,
                               float *d_bias, lati_rows d_y, lati_rows x, int64_t tokens,
                               int32_t out, int32_t in) {
  weight_pass w = {.kernel = kernel,
                   .vector = lati_vector_best(),
                   .d_weight = d_weight,
                   .d_bias = d_bias,
                   .d_y = d_y,
                   .x = x,
                   .tokens = tokens,
                   .out = out,
                   .in = in};
  w.tiles_across = lati_blocks(in, WEIGHT_COLS);
  w.rows = weight_rows(out, w.tiles_across);
  w.tiles = lati_blocks(out, w.rows) * w.tiles_across;
  int64_t bias_tasks = d_bias != NULL ? lati_blocks(out, LATI_COLUMN_BLOCK) : 0;
  lati_pool_run(pool, weight_tile, &w, w.tiles + bias_tasks);
}
