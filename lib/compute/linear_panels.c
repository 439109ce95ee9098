/* Linear layers on packed weights. Where operands are bf16, both of every product are rounded:
 * weights when they are packed, activations and gradients in strips on the stack, as they are used.
 * Sums, biases, activations and residuals stay in f32. */
#include "compute/ops.h"
#include "compute/panel.h"
#include "compute/vector.h"

/* Words of a strip of A, words of the contraction that it holds at most, and the tiles that tasks
 * work on. */
enum { STRIP = 12288, STRIP_WORDS = 384 };
enum { TILE_ROWS = 192, TILE_COLS = 1024, LEAST_ROWS = 48, LEAST_COLS = 128 };

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

/* A rectangle of C, and a piece of the contraction. */
typedef struct rows_piece {
  int64_t i, m, j, n, word, words;
} rows_piece;

static void multiply_strip(const rows_pass *r, const rows_piece *p) {
  uint32_t strip[STRIP];
  const lati_panel_kernel *kernel = r->kernel;
  const int64_t total = lati_words(kernel, r->k), value = p->word * kernel->values;
  const int64_t used = lati_least(p->words, lati_used_words(kernel, r->k) - p->word);
  const lati_strip a = kernel->strip_of_rows(strip, p->words, r->a.data + p->i * r->a.ld + value,
                                             r->a.ld, p->m, r->k - value);
  kernel->multiply(r->c.data + p->i * r->c.ld + p->j, r->c.ld, a,
                   r->b + p->j * total + p->word * LATI_PANEL, total * LATI_PANEL, p->m, p->n, used,
                   r->accumulate || p->word > 0);
}

static void finish_rows(const rows_pass *r, const rows_piece *p) {
  for (int64_t t = p->i; t < p->i + p->m; ++t) {
    int64_t place = t * r->n + p->j;
    r->vector->epilogue(r->c.data + t * r->c.ld + p->j, r->pre != NULL ? r->pre + place : NULL,
                        r->bias != NULL ? r->bias + p->j : NULL,
                        r->residual != NULL ? r->residual + place : NULL, r->activation, p->n);
  }
}

/* Piece by piece of the contraction, so that B's stays near while A's strips go by. */
static void rows_tile(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const rows_pass *r = argument;
  const int64_t first = task / r->tiles_across * r->rows, j = task % r->tiles_across * r->cols;
  const int64_t end = lati_least(r->tokens, first + r->rows), n = lati_least(r->cols, r->n - j);
  const int64_t total = lati_words(r->kernel, r->k), step = piece_words(r), strip = strip_rows(r);
  for (int64_t word = 0; word < total; word += step) {
    for (int64_t i = first; i < end; i += strip) {
      const rows_piece p = {i,    lati_least(strip, end - i),    j, n,
                            word, lati_least(step, total - word)};
      multiply_strip(r, &p);
      if (word + step >= total && !r->plain) {
        finish_rows(r, &p);
      }
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

/* d_weight = d_y^T x. x is packed as a whole first; d_y in slices of tokens on the stack, once for
 * a tile that goes across all columns or many. */
enum { PACKED_WORDS = 16, SLICE_WORDS = 64, WEIGHT_ROWS = 192, WEIGHT_COLS = 1024 };

size_t lati_panel_weight_scratch(const lati_panel_kernel *kernel, int64_t tokens, int32_t in) {
  return (size_t)lati_packed_words(kernel, tokens, in) * sizeof(uint32_t);
}

typedef struct weight_pass {
  const lati_panel_kernel *kernel;
  const lati_vector *vector;
  float *d_weight, *d_bias;
  lati_rows d_y, x;
  uint32_t *packed; /* x: panels of (tokens, in) */
  int64_t tokens, out, in, rows, tiles_across;
} weight_pass;

/* Few tokens and all columns, so that rows are read as they lie. */
static void pack_inputs(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const weight_pass *w = argument;
  const int64_t total = lati_words(w->kernel, w->tokens), word = task * PACKED_WORDS;
  const int64_t words = lati_least(PACKED_WORDS, total - word), token = word * w->kernel->values;
  const int64_t count = lati_least(words * w->kernel->values, w->tokens - token);
  const float *x = w->x.data + token * w->x.ld;
  for (int64_t j = 0; j < w->in; j += LATI_PANEL) {
    w->kernel->panel_of_rows(w->packed + j * total + word * LATI_PANEL, words, x + j, w->x.ld,
                             count, lati_least(LATI_PANEL, w->in - j));
  }
}

/* A tile is summed over all tokens here and now; the first of a row of tiles adds d_y's sums, which
 * are at hand, to d_bias. */
static void weight_tile(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  uint32_t a[SLICE_WORDS * WEIGHT_ROWS];
  const weight_pass *w = argument;
  const lati_panel_kernel *kernel = w->kernel;
  const int64_t i = task / w->tiles_across * w->rows, j = task % w->tiles_across * WEIGHT_COLS;
  const int64_t m = lati_least(w->rows, w->out - i), n = lati_least(WEIGHT_COLS, w->in - j);
  const int64_t total = lati_words(kernel, w->tokens);
  for (int64_t word = 0; word < total; word += SLICE_WORDS) {
    const int64_t words = lati_least(SLICE_WORDS, total - word), token = word * kernel->values;
    const int64_t count = lati_least(words * kernel->values, w->tokens - token);
    const float *d_y = w->d_y.data + token * w->d_y.ld + i;
    const lati_strip strip = kernel->strip_of_columns(a, words, d_y, w->d_y.ld, count, m);
    if (j == 0 && w->d_bias != NULL) {
      w->vector->column_sums(w->d_bias + i, d_y, w->d_y.ld, count, m);
    }
    kernel->multiply(w->d_weight + i * w->in + j, w->in, strip,
                     w->packed + j * total + word * LATI_PANEL, total * LATI_PANEL, m, n,
                     lati_used_words(kernel, count), 1);
  }
}

/* As even as they come, and enough of them for a few threads. */
static int64_t weight_rows(int64_t out) {
  enum { ENOUGH = 4 };
  const int64_t tiles = lati_blocks(out, WEIGHT_ROWS);
  return lati_blocks(out, (tiles < ENOUGH ? ENOUGH : tiles) * LATI_TILE) * LATI_TILE;
}

void lati_panel_backward_weight(const lati_panel_kernel *kernel, lati_pool *pool, float *d_weight,
                                float *d_bias, lati_rows d_y, lati_rows x, int64_t tokens,
                                int32_t out, int32_t in, void *scratch) {
  weight_pass w = {.kernel = kernel,
                   .vector = lati_vector_best(),
                   .d_weight = d_weight,
                   .d_bias = d_bias,
                   .d_y = d_y,
                   .x = x,
                   .packed = scratch,
                   .tokens = tokens,
                   .out = out,
                   .in = in};
  w.tiles_across = lati_blocks(in, WEIGHT_COLS);
  w.rows = weight_rows(out);
  lati_pool_run(pool, pack_inputs, &w, lati_blocks(lati_words(kernel, tokens), PACKED_WORDS));
  lati_pool_run(pool, weight_tile, &w, lati_blocks(out, w.rows) * w.tiles_across);
}
