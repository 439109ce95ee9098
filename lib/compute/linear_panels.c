/* Linear layers on packed weights. Where operands are bf16, weights are rounded when they are
 * packed and activations and gradients when they are written, as narrow rows, or else as they are
 * used, in strips on the stack. Sums, biases and residuals are f32. */
#include "compute/ops.h"
#include "compute/panel.h"

/* A packed layer is W^T (in, out) for the forward product, then W (out, in) for the backward one.
 */
size_t lati_panel_packed_size(const lati_panel_kernel *kernel, int32_t out, int32_t in) {
  const int64_t words = lati_packed_words(kernel, in, out) + lati_packed_words(kernel, out, in);
  return (size_t)words * sizeof(uint32_t);
}

typedef struct packing {
  const lati_panel_kernel *kernel;
  uint32_t *packed;
  lati_rows weight;
  int64_t out, in, forward_panels;
} packing;

static void pack_panel(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const packing *p = argument;
  if (task < p->forward_panels) {
    int64_t words = lati_words(p->kernel, p->in), first = task * LATI_PANEL;
    p->kernel->panel_of_columns(p->packed + task * words * LATI_PANEL, words,
                                lati_rows_at(p->weight, first, 0),
                                lati_least(LATI_PANEL, p->out - first), p->in);
  } else {
    int64_t panel = task - p->forward_panels, first = panel * LATI_PANEL;
    int64_t words = lati_words(p->kernel, p->out);
    uint32_t *backward = p->packed + lati_packed_words(p->kernel, p->in, p->out);
    p->kernel->panel_of_rows(backward + panel * words * LATI_PANEL, words,
                             lati_rows_at(p->weight, 0, first), p->out,
                             lati_least(LATI_PANEL, p->in - first));
  }
}

void lati_panel_pack(const lati_panel_kernel *kernel, const lati_device *device, void *packed,
                     const float *weight, int32_t out, int32_t in) {
  /* lati_rows serves operands of either direction; weights are only read. */
  const lati_rows rows = lati_floats((float *)(uintptr_t)weight, in);
  packing p = {kernel, packed, rows, out, in, lati_blocks(out, LATI_PANEL)};
  lati_pool_run(device->pool, pack_panel, &p, p.forward_panels + lati_blocks(in, LATI_PANEL));
}

/* C (tokens, n) = A B for a packed B (k, n), and what follows it, in tiles of C. A tile takes A in
 * strips of rows and pieces of the contraction; a piece of B's columns stays in the near cache
 * while strips go by. Sums gather on the stack, panel by panel, or in C itself, which is f32 then,
 * where nothing follows, or C is added to, or one piece is not all of the contraction. */
typedef struct rows_pass {
  const lati_panel_kernel *kernel;
  lati_rows a;
  const uint32_t *b;
  lati_finish finish; /* of all rows and columns */
  int64_t tokens, n, k, words;
  int64_t rows, cols, tiles_across; /* of a tile of C */
  int64_t strip, piece, across;     /* of a block: rows, words and columns */
  int plain, accumulate;            /* nothing follows the product; onto C */
  int direct;                       /* sums gather in C */
} rows_pass;

/* Words: of a strip that is copied, of a piece, of a piece that is copied, and of B's columns in
 * the near cache. */
enum { STRIP_ROWS = 64, STRIP = 8192, PIECE = 512, COPIED_PIECE = 256 };
enum { TILE_ROWS = 384, LEAST_ROWS = 64, LEAST_COLS = 128, NEAR = 131072 };

/* Of one task: a panel's sums, and a copy of the strip where its rows cannot be taken as they lie.
 */
typedef struct rows_scratch {
  float sums[STRIP_ROWS * LATI_PANEL];
  uint32_t copy[STRIP];
  lati_strip strip;
  int64_t row, word; /* what strip is */
} rows_scratch;

/* m rows, n columns and a piece of the contraction. */
typedef struct rows_block {
  int64_t i, m, j, n, word;
} rows_block;

static lati_finish finish_at(const lati_finish *all, int64_t i, int64_t j) {
  lati_finish part = *all;
  part.y = lati_rows_at(all->y, i, j);
  part.pre = lati_rows_at(all->pre, i, j);
  part.slope.of = lati_rows_at(all->slope.of, i, j);
  part.bias = all->bias != NULL ? all->bias + j : NULL;
  part.residual = all->residual != NULL ? all->residual + i * all->ld_residual + j : NULL;
  return part;
}

static lati_strip strip_at(rows_scratch *scratch, const rows_pass *r, const rows_block *at) {
  const lati_panel_kernel *kernel = r->kernel;
  if (scratch->row != at->i || scratch->word != at->word) {
    const int64_t value = at->word * kernel->values;
    const int64_t words = lati_least(r->piece, r->words - at->word);
    scratch->strip = kernel->strip_of_rows(scratch->copy, words, lati_rows_at(r->a, at->i, value),
                                           at->m, lati_least(r->k - value, words * kernel->values));
    scratch->row = at->i;
    scratch->word = at->word;
  }
  return scratch->strip;
}

static void multiply_block(rows_scratch *scratch, const rows_pass *r, const rows_block *at,
                           lati_rows c, int accumulate) {
  const int64_t used = lati_used_words(r->kernel, r->k) - at->word;
  r->kernel->multiply(c.data, c.ld, strip_at(scratch, r, at),
                      r->b + at->j * r->words + at->word * LATI_PANEL, r->words * LATI_PANEL, at->m,
                      at->n, lati_least(r->piece, used), accumulate || at->word > 0);
}

static void finish_block(const rows_pass *r, const rows_block *at, lati_rows sums) {
  const lati_finish finish = finish_at(&r->finish, at->i, at->j);
  r->kernel->finish(&finish, sums.data, sums.ld, at->m, at->n);
}

static void direct_block(rows_scratch *scratch, const rows_pass *r, const rows_block *at) {
  const lati_rows c = lati_rows_at(r->finish.y, at->i, at->j);
  multiply_block(scratch, r, at, c, r->accumulate);
  if (!r->plain && at->word + r->piece >= r->words) {
    finish_block(r, at, c);
  }
}

/* Asks for what finish() will read and write, while the product goes on. */
static inline __attribute__((always_inline)) void fetch_block(const rows_pass *r,
                                                              const rows_block *at) {
  const lati_finish f = finish_at(&r->finish, at->i, at->j);
  const lati_rows residual = {.data = (float *)(uintptr_t)f.residual, .ld = f.ld_residual};
  lati_fetch_rows(f.slope.of, at->m, at->n);
  lati_fetch_rows(f.y, at->m, at->n);
  lati_fetch_rows(residual, at->m, at->n);
}

/* All pieces, whichever they are. */
static void summed_block(rows_scratch *scratch, const rows_pass *r, rows_block at) {
  const lati_rows sums = lati_floats(scratch->sums, r->across);
  fetch_block(r, &at);
  for (at.word = 0; at.word < r->words; at.word += r->piece) {
    multiply_block(scratch, r, &at, sums, 0);
  }
  finish_block(r, &at, sums);
}

static void rows_tile(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const rows_pass *r = argument;
  const int64_t first = task / r->tiles_across * r->rows, left = task % r->tiles_across * r->cols;
  const int64_t end = lati_least(r->tokens, first + r->rows);
  const int64_t right = lati_least(r->n, left + r->cols), step = r->direct ? r->piece : r->words;
  rows_scratch scratch;
  scratch.row = -1;
  for (int64_t word = 0; word < r->words; word += step) {
    for (int64_t i = first; i < end; i += r->strip) {
      for (int64_t j = left; j < right; j += r->across) {
        const rows_block at = {i, lati_least(r->strip, end - i), j,
                               lati_least(r->across, right - j), word};
        if (r->direct) {
          direct_block(&scratch, r, &at);
        } else {
          summed_block(&scratch, r, at);
        }
      }
    }
  }
}

/* `extent` in even pieces of at most `most`, in whole tiles. */
static int64_t even_piece(int64_t extent, int64_t most) {
  return lati_blocks(extent, lati_blocks(extent, most) * LATI_TILE) * LATI_TILE;
}

static void cut_strips(rows_pass *r) {
  const int is_float = r->finish.y.data != NULL;
  if (lati_in_place(r->kernel, r->a, r->k)) {
    r->piece = is_float && r->words > 2 * PIECE ? even_piece(r->words, PIECE) : r->words;
    r->strip = STRIP_ROWS;
  } else {
    r->piece = even_piece(r->words, COPIED_PIECE);
    r->strip = lati_least(STRIP_ROWS, STRIP / r->piece / LATI_TILE * LATI_TILE);
  }
  r->strip = lati_least(r->strip, r->tokens);
  r->across = STRIP_ROWS / r->strip * LATI_PANEL;
  r->direct = is_float && (r->plain || r->accumulate || r->piece < r->words);
}

/* Columns of B that the near cache holds, and rows for there to be enough tasks; few rows are one
 * tile's, and columns make the tasks. */
static void cut_tiles(rows_pass *r) {
  enum { ENOUGH = 16 };
  int64_t cols = NEAR / r->piece, rows = TILE_ROWS;
  if (r->tokens <= TILE_ROWS) {
    cols = lati_least(cols, lati_blocks(r->n, ENOUGH));
  } else {
    cols = even_piece(r->n, cols < LEAST_COLS ? LEAST_COLS : cols);
    rows = lati_least(rows, r->tokens * lati_blocks(r->n, cols) / ENOUGH);
  }
  r->cols = lati_blocks(cols, LEAST_COLS) * LEAST_COLS;
  r->rows = rows < LEAST_ROWS ? LEAST_ROWS : rows / LEAST_ROWS * LEAST_ROWS;
  r->tiles_across = lati_blocks(r->n, r->cols);
}

static void run_rows(rows_pass *r, const lati_device *device) {
  const lati_finish *f = &r->finish;
  r->words = lati_words(r->kernel, r->k);
  r->plain = f->bias == NULL && f->residual == NULL && lati_rows_none(f->pre) &&
             f->activation == LATI_IDENTITY && f->slope.activation == LATI_IDENTITY;
  cut_strips(r);
  cut_tiles(r);
  lati_pool_run(device->pool, rows_tile, r, lati_blocks(r->tokens, r->rows) * r->tiles_across);
}

void lati_panel_forward(const lati_panel_kernel *kernel, const lati_device *device, lati_rows y,
                        const lati_linear *linear, lati_rows x, int64_t tokens,
                        lati_activation activation, lati_rows pre, const float *residual) {
  const int onto = residual != NULL && residual == y.data; /* then the product is added there */
  rows_pass r = {.kernel = kernel,
                 .a = x,
                 .b = linear->packed,
                 .finish = {.y = y,
                            .pre = pre,
                            .bias = linear->bias,
                            .residual = onto ? NULL : residual,
                            .ld_residual = linear->out,
                            .activation = activation},
                 .accumulate = onto,
                 .tokens = tokens,
                 .n = linear->out,
                 .k = linear->in};
  run_rows(&r, device);
}

void lati_panel_backward_input(const lati_panel_kernel *kernel, const lati_device *device,
                               lati_rows d_x, const lati_linear *linear, lati_rows d_y,
                               int64_t tokens, int accumulate, const lati_slope *slope) {
  const uint32_t *packed = linear->packed;
  rows_pass r = {.kernel = kernel,
                 .a = d_y,
                 .b = packed + lati_packed_words(kernel, linear->in, linear->out),
                 .finish = {.y = d_x, .slope = slope != NULL ? *slope : (lati_slope){0}},
                 .tokens = tokens,
                 .n = linear->in,
                 .k = linear->out,
                 .accumulate = accumulate};
  run_rows(&r, device);
}

/* The forward product's panels are shared; the backward one's are not a slice's to use. */
void lati_panel_slice(const lati_panel_kernel *kernel, lati_linear *slice,
                      const lati_linear *linear, int32_t first, int32_t end) {
  const uint32_t *packed = linear->packed;
  lati_linear_slice(slice, linear, first, end);
  slice->packed = packed + lati_packed_words(kernel, linear->in, first);
}

/* d_weight = d_y^T x. x is packed as a whole first; d_y in slices of tokens on the stack, once for
 * a tile that goes across all columns or many. */
enum { PACKED_WORDS = 16, SLICE_WORDS = 96, WEIGHT_ROWS = 128, WEIGHT_COLS = 1024 };

size_t lati_panel_weight_scratch(const lati_panel_kernel *kernel, int64_t tokens, int32_t in) {
  return (size_t)lati_packed_words(kernel, tokens, in) * sizeof(uint32_t);
}

typedef struct weight_pass {
  const lati_panel_kernel *kernel;
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
  lati_fetch_rows(lati_rows_at(w->x, token, 0), count, w->in);
  for (int64_t j = 0; j < w->in; j += LATI_PANEL) {
    w->kernel->panel_of_rows(w->packed + j * total + word * LATI_PANEL, words,
                             lati_rows_at(w->x, token, j), count,
                             lati_least(LATI_PANEL, w->in - j));
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
    const lati_rows d_y = lati_rows_at(w->d_y, token, i);
    const lati_strip strip = kernel->strip_of_columns(a, words, d_y, count, m);
    if (j == 0 && w->d_bias != NULL) {
      kernel->column_sums(w->d_bias + i, d_y, count, m);
    }
    lati_fetch_rows(lati_rows_at(d_y, count, 0), lati_least(count, w->tokens - token - count), m);
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

void lati_panel_backward_weight(const lati_panel_kernel *kernel, const lati_device *device,
                                float *d_weight, float *d_bias, lati_rows d_y, lati_rows x,
                                int64_t tokens, int32_t out, int32_t in, void *scratch) {
  weight_pass w = {.kernel = kernel,
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
  lati_pool_run(device->pool, pack_inputs, &w,
                lati_blocks(lati_words(kernel, tokens), PACKED_WORDS));
  lati_pool_run(device->pool, weight_tile, &w, lati_blocks(out, w.rows) * w.tiles_across);
}
