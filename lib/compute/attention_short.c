/* Attention of heads whose keys fit into one block. Scores are kept transposed, S^T = k q^T (keys,
 * queries), so that the softmax of a query runs down a column: whole vectors of queries, and no sum
 * or maximum across a vector. With scale = 1 / sqrt(width):
 *   P = softmax(scale S),  o = P v;  d_v = P^T d_o,  d_P^T = v d_o^T,
 *   d_S = scale P (d_P - D),  D = row sums of P d_P,  d_q = d_S k,  d_k = d_S^T q.
 * Dropout's mask M (0 or 1 / (1 - rate)) stands before P in o and d_v, and before d_P. */
#include "compute/attention.h"

#include <math.h>
#include <string.h>

typedef struct tile {
  _Alignas(LATI_ALIGNMENT) float p[LATI_KEYS * LATI_QUERIES]; /* S^T, then P^T */
  float d[LATI_KEYS * LATI_QUERIES];                          /* d_P^T, then d_S^T */
  float maximum[LATI_QUERIES], sum[LATI_QUERIES], lse[LATI_QUERIES];
  uint32_t strip[LATI_QUERIES * LATI_KEYS];                    /* left operands, one by one */
  uint32_t panel[LATI_QUERIES * LATI_PANEL];                   /* right ones, rows as they lie */
  uint32_t columns[LATI_KEY_PANELS * LATI_DEPTH * LATI_PANEL]; /* and transposed */
  float *d_q, *d_k, *d_v;                                      /* (rows of a block, width) */
  _Alignas(LATI_ALIGNMENT) float sums[];
} tile;

size_t lati_attention_short_scratch(int32_t head_width) {
  return lati_tile_bytes(sizeof(tile), (int64_t)(2 * LATI_KEYS + LATI_QUERIES) * head_width);
}

/* m queries of a head from i on, and the first n keys, which are all that they see. */
typedef struct block {
  tile *t;
  const lati_attention_pass *pass;
  const lati_head *head;
  int64_t i, m, n, ld;
} block;

static block block_at(tile *t, const lati_attention_pass *pass, const lati_head *head, int64_t i) {
  const int64_t m = lati_least(head->query_block, head->queries - i);
  const int64_t n = head->causal ? lati_least(head->keys, i + m) : head->keys;
  return (block){t, pass, head, i, m, n, lati_blocks(m, LATI_TILE) * LATI_TILE};
}

static lati_score_block scores_of(const block *b, float *data) {
  return (lati_score_block){data, b->ld, b->n, b->m, b->head->causal ? b->i : b->n};
}

/* c (keys, queries) = left right^T of a head's rows of keys and of queries. */
static void multiply_heads(const block *b, float *c, lati_rows left, lati_rows right) {
  const lati_panel_kernel *kernel = b->pass->kernel;
  const int64_t width = b->head->width;
  left = lati_head_key(b->head, left, 0);
  right = lati_head_query(b->head, right, b->i);
  for (int64_t d = 0; d < width; d += LATI_DEPTH) {
    const int64_t depth = lati_least(LATI_DEPTH, width - d), words = lati_words(kernel, depth);
    lati_pack_keys(kernel, b->t->columns, lati_rows_at(right, 0, d), b->m, depth);
    const lati_strip strip =
        kernel->strip_of_rows(b->t->strip, words, lati_rows_at(left, 0, d), b->n, depth);
    kernel->multiply(c, b->ld, strip, b->t->columns, words * LATI_PANEL, b->n, b->m,
                     lati_used_words(kernel, depth), d > 0);
  }
}

/* c (m, width) = (or +=) a times `count` of a head's rows x. */
static void multiply_rows(const block *b, float *c, lati_strip a, int64_t m, lati_rows x,
                          int64_t count, int accumulate) {
  const lati_panel_kernel *kernel = b->pass->kernel;
  const int64_t width = b->head->width, words = lati_used_words(kernel, count);
  for (int64_t j = 0; j < width; j += LATI_PANEL) {
    const int64_t cols = lati_least(LATI_PANEL, width - j);
    kernel->panel_of_rows(b->t->panel, words, lati_rows_at(x, 0, j), count, cols);
    kernel->multiply(c + j, width, a, b->t->panel, 0, m, cols, words, accumulate);
  }
}

/* y (queries, width) = x times rows of keys, with x^T (keys, queries) in the tile. */
static void multiply_by_keys(const block *b, lati_rows y, float *x, lati_rows keys) {
  const lati_panel_kernel *kernel = b->pass->kernel;
  const lati_strip strip = kernel->strip_of_columns(b->t->strip, lati_used_words(kernel, b->n),
                                                    lati_floats(x, b->ld), b->n, b->m);
  multiply_rows(b, b->t->d_q, strip, b->m, lati_head_key(b->head, keys, 0), b->n, 0);
  lati_store_sums(kernel, lati_head_query(b->head, y, b->i), b->t->d_q, b->m, b->head->width);
}

/* y (keys, width) = (or +=) x^T times rows of queries, with x^T (keys, queries) in the tile. */
static void multiply_by_queries(const block *b, float *y, float *x, lati_rows queries) {
  const lati_panel_kernel *kernel = b->pass->kernel;
  const lati_strip strip = kernel->strip_of_rows(b->t->strip, lati_words(kernel, b->m),
                                                 lati_floats(x, b->ld), b->n, b->m);
  multiply_rows(b, y, strip, b->n, lati_head_query(b->head, queries, b->i), b->m, b->i > 0);
}

/* Dropout of the block's columns, of probabilities or of their gradients. */
static void mask_columns(const block *b, float *p) {
  for (int64_t r = 0; r < b->m && b->pass->shape->dropout != NULL; ++r) {
    lati_head_mask(b->pass, b->head, p + r, b->ld, b->i + r, 0,
                   lati_head_visible(b->head, b->i + r, 0, b->n));
  }
}

static void open_tile(tile *t, const lati_head *head) {
  t->d_q = t->sums;
  t->d_k = t->d_q + LATI_QUERIES * head->width;
  t->d_v = t->d_k + LATI_KEYS * head->width;
}

void lati_attention_short_forward(void *memory, const lati_attention_pass *pass,
                                  const lati_head *head) {
  tile *t = memory;
  open_tile(t, head);
  for (int64_t i = 0; i < head->queries; i += head->query_block) {
    const block b = block_at(t, pass, head, i);
    const lati_score_block scores = scores_of(&b, t->p);
    multiply_heads(&b, t->p, pass->k, pass->q);
    head->vector->softmax_columns(&scores, head->scale, t->maximum, t->sum);
    for (int64_t r = 0; r < b.m; ++r) {
      *lati_head_lse(pass, head, i + r) = t->maximum[r] + logf(t->sum[r]);
    }
    mask_columns(&b, t->p);
    multiply_by_keys(&b, pass->o, t->p, pass->v);
  }
}

static void backward_block(const block *b) {
  const lati_attention_pass *pass = b->pass;
  tile *t = b->t;
  const lati_score_block scores = scores_of(b, t->p);
  multiply_heads(b, t->p, pass->k, pass->q);
  multiply_heads(b, t->d, pass->v, pass->d_o);
  for (int64_t r = 0; r < b->m; ++r) {
    t->lse[r] = *lati_head_lse(pass, b->head, b->i + r);
  }
  mask_columns(b, t->d);
  b->head->vector->softmax_columns_backward(&scores, t->d, b->head->scale, t->lse);
  mask_columns(b, t->p);
  multiply_by_queries(b, t->d_v, t->p, pass->d_o);
  multiply_by_queries(b, t->d_k, t->d, pass->q);
  multiply_by_keys(b, pass->d_q, t->d, pass->k);
}

/* The first block sets the sums of the keys that it sees; the rest begin as zeros. */
void lati_attention_short_backward(void *memory, const lati_attention_pass *pass,
                                   const lati_head *head) {
  tile *t = memory;
  const lati_panel_kernel *kernel = pass->kernel;
  open_tile(t, head);
  for (int64_t i = 0; i < head->queries; i += head->query_block) {
    const block b = block_at(t, pass, head, i);
    if (i == 0) {
      const size_t unseen = (size_t)((head->keys - b.n) * head->width) * sizeof(float);
      memset(t->d_k + b.n * head->width, 0, unseen);
      memset(t->d_v + b.n * head->width, 0, unseen);
    }
    backward_block(&b);
  }
  lati_store_sums(kernel, lati_head_key(head, pass->d_k, 0), t->d_k, head->keys, head->width);
  lati_store_sums(kernel, lati_head_key(head, pass->d_v, 0), t->d_v, head->keys, head->width);
}
