/* Linear layers on packed weights. Where operands are bf16, both of every product are rounded:
 * weights when they are packed, activations and gradients in strips on the stack, as they are used.
 * Sums, biases, activations and residuals stay in f32. */
#include "compute/ops.h"
#include "compute/panel.h"
#include "compute/vector.h"

/* Words of a strip of A, words of the contraction that it holds at most, and the tiles that tasks
 * work on. */
enum { STRIP = 12288, STRIP_WORDS = 384 };
enum { TILE_ROWS = 192, TILE_COLS = 512, LEAST_ROWS = 48, LEAST_COLS = 128 };

/* A packed layer is W^T (in, out) for the forward product, then W (out, in) for the backward one.
 */
size_t lati_panel_packed_size(const lati_panel_kernel *kernel, int32_t out, int32_t in) {
  const int64_t words = lati_packed_words(kernel, in, out) + lati_packed_words(kernel, out, in);
  return (size_t)words * sizeof(uint32_t);
}

typedef struct packing {
  const lati_panel_kernel *kernel;
  uint32_t *packed;
  const float *weight;
  int64_t out, in, forward_panels;
} packing;

static void pack_panel(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const packing *p = argument;
  if (task < p->forward_panels) {
    int64_t words = lati_words(p->kernel, p->in), first = task * LATI_PANEL;
    p->kernel->panel_of_columns(p->packed + task * words * LATI_PANEL, words,
                                p->weight + first * p->in, p->in,
                                lati_least(LATI_PANEL, p->out - first), p->in);
  } else {
    int64_t panel = task - p->forward_panels, first = panel * LATI_PANEL;
    int64_t words = lati_words(p->kernel, p->out);
    uint32_t *backward = p->packed + lati_packed_words(p->kernel, p->in, p->out);
    p->kernel->panel_of_rows(backward + panel * words * LATI_PANEL, words, p->weight + first, p->in,
                             p->out, lati_least(LATI_PANEL, p->in - first));
  }
}

void lati_panel_pack(const lati_panel_kernel *kernel, lati_pool *pool, void *packed,
                     const float *weight, int32_t out, int32_t in) {
  packing p = {kernel, packed, weight, out, in, lati_blocks(out, LATI_PANEL)};
  lati_pool_run(pool, pack_panel, &p, p.forward_panels + lati_blocks(in, LATI_PANEL));
}

/* C (tokens, n) = A B for a packed B (k, n), and what follows it. */
typedef struct rows_pass {
  const lati_panel_kernel *kernel;
  const lati_vector *vector;
  lati_rows c, a;
  const uint32_t *b;
  const float *bias, *residual;
  float *pre;
  int64_t tokens, n, k, rows, cols, tiles_across;
  lati_activation activation;
  int accumulate, plain; /* plain: nothing follows the product */
} rows_pass;

/* The contraction in even pieces that fill a strip. */
static int64_t piece_words(const rows_pass *r) {
  int64_t words = lati_words(r->kernel, r->k), pieces = lati_blocks(words, STRIP_WORDS);
  return lati_blocks(words, pieces * LATI_TILE) * LATI_TILE;
}

static int64_t strip_rows(const rows_pass *r) {
  return r->kernel->in_place ? r->rows : STRIP / piece_words(r) / LATI_TILE * LATI_TILE;
}

/* Rows i .. i + m - 1, columns j .. j + n - 1 of C. */
static void multiply_strip(const rows_pass *r, int64_t i, int64_t m, int64_t j, int64_t n) {
  uint32_t strip[STRIP];
  const lati_panel_kernel *kernel = r->kernel;
  const int64_t total = lati_words(kernel, r->k), step = piece_words(r);
  const uint32_t *b = r->b + j * total;
  for (int64_t first = 0; first < total; first += step) {
    int64_t words = lati_least(step, total - first), value = first * kernel->values;
    lati_strip a = kernel->strip_of_rows(strip, words, r->a.data + i * r->a.ld + value, r->a.ld, m,
                                         r->k - value);
    kernel->multiply(r->c.data + i * r->c.ld + j, r->c.ld, a, b + first * LATI_PANEL,
                     total * LATI_PANEL, m, n, words, r->accumulate || first > 0);
  }
}

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
  int64_t end = lati_least(r->tokens, first + r->rows), n = lati_least(r->cols, r->n - j);
  int64_t strip = strip_rows(r);
  for (int64_t i = first; i < end; i += strip) {
    int64_t m = lati_least(strip, end - i);
    multiply_strip(r, i, m, j, n);
    if (!r->plain) {
      finish_rows(r, i, m, j, n);
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

void lati_panel_forward(const lati_panel_kernel *kernel, lati_pool *pool, lati_rows y,
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

void lati_panel_backward_input(const lati_panel_kernel *kernel, lati_pool *pool, lati_rows d_x,
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
                 .b = packed + lati_packed_words(kernel, linear->in, linear->out),
                 .tokens = tokens,
                 .n = linear->in,
                 .k = linear->out,
                 .accumulate = accumulate,
                 .plain = 1};
  run_rows(&r, pool);
}

/* The forward product's panels are shared; the backward one's are not a slice's to use. */
void lati_panel_slice(const lati_panel_kernel *kernel, lati_linear *slice,
                      const lati_linear *linear, int32_t first, int32_t end) {
  const uint32_t *packed = linear->packed;
  lati_linear_slice(slice, linear, first, end);
  slice->packed = packed != NULL ? packed + lati_packed_words(kernel, linear->in, first) : NULL;
}

/* Tokens are taken in slices, whose operands lie on the stack. */
enum { SLICE_WORDS = 48, WEIGHT_ROWS = 256, WEIGHT_COLS = 512 };

typedef struct weight_pass {
  const lati_panel_kernel *kernel;
  const lati_vector *vector;
  float *d_weight, *d_bias;
  lati_rows d_y, x;
  int64_t tokens, out, in, rows, tiles, tiles_across;
} weight_pass;

/* A tile of d_weight. */
typedef struct weight_tile {
  int64_t i, m, j, n;
} weight_tile;

/* Asks for the tokens' part of a matrix before it is needed; rows are too far apart for the
 * processor to guess the next. */
static void fetch_rows(lati_rows x, int64_t first, int64_t end, int64_t column, int64_t cols) {
  enum { LINE = 16 };
  for (int64_t t = first; t < end; ++t) {
    for (int64_t j = 0; j < cols; j += LINE) {
      __builtin_prefetch(x.data + t * x.ld + column + j, 0, 2);
    }
  }
}

/* d_weight's tile += the part of `count` tokens from `token` on. */
static void weight_slice(const weight_pass *w, const weight_tile *tile, int64_t token,
                         int64_t count) {
  uint32_t a[SLICE_WORDS * WEIGHT_ROWS], b[SLICE_WORDS * LATI_PANEL];
  const lati_panel_kernel *kernel = w->kernel;
  const int64_t words = lati_words(kernel, count), next = token + count;
  const int64_t end = lati_least(w->tokens, next + count);
  lati_strip strip = kernel->strip_of_columns(a, words, w->d_y.data + token * w->d_y.ld + tile->i,
                                              w->d_y.ld, count, tile->m);
  fetch_rows(w->d_y, next, end, tile->i, tile->m);
  for (int64_t c = 0; c < tile->n; c += LATI_PANEL) {
    const int64_t j = tile->j + c, cols = lati_least(LATI_PANEL, tile->n - c);
    kernel->panel_of_rows(b, words, w->x.data + token * w->x.ld + j, w->x.ld, count, cols);
    fetch_rows(w->x, next, end, j, cols);
    kernel->multiply(w->d_weight + tile->i * w->in + j, w->in, strip, b, 0, tile->m, cols, words,
                     1);
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
static void weight_task(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const weight_pass *w = argument;
  if (task >= w->tiles) {
    int64_t first = (task - w->tiles) * LATI_COLUMN_BLOCK;
    w->vector->column_sums(w->d_bias + first, w->d_y.data + first, w->d_y.ld, w->tokens,
                           lati_least(LATI_COLUMN_BLOCK, w->out - first));
    return;
  }
  const int64_t i = task / w->tiles_across * w->rows, j = task % w->tiles_across * WEIGHT_COLS;
  const weight_tile tile = {i, lati_least(w->rows, w->out - i), j,
                            lati_least(WEIGHT_COLS, w->in - j)};
  const int64_t slice = SLICE_WORDS * w->kernel->values;
  for (int64_t token = 0; token < w->tokens; token += slice) {
    weight_slice(w, &tile, token, lati_least(slice, w->tokens - token));
  }
}

void lati_panel_backward_weight(const lati_panel_kernel *kernel, lati_pool *pool, float *d_weight,
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
  lati_pool_run(pool, weight_task, &w, w.tiles + bias_tasks);
}
