/* With P the probabilities and scale = 1 / sqrt(width), per sequence and head:
 *   d_v = P^T d_o,  d_P = d_o v^T,  d_S = scale P (d_P - D),  D_i = d_o_i . o_i,
 *   d_q = d_S k,    d_k = d_S^T q.
 * With dropout's mask M (0 or 1 / (1 - rate)): d_v = (M P)^T d_o and d_P = M (d_o v^T). */
#include "compute/attention.h"

#include <math.h>
#include <string.h>

typedef struct tile {
  _Alignas(LATI_ALIGNMENT) float p[LATI_QUERIES * LATI_KEYS]; /* P */
  float d[LATI_QUERIES * LATI_KEYS];                          /* d_P, then d_S */
  uint32_t strip[LATI_QUERIES * LATI_KEYS];                   /* left operands, one by one */
  uint32_t panel[LATI_QUERIES * LATI_PANEL];                  /* right ones */
  uint32_t keys[LATI_KEY_PANELS * LATI_DEPTH * LATI_PANEL];   /* k^T, v^T (depth, keys) */
  uint32_t values[LATI_KEY_PANELS * LATI_DEPTH * LATI_PANEL];
  int64_t key, depth;     /* what they hold */
  float *d_k, *d_v, *d_q; /* in sums: of one block of keys, and of all queries */
  _Alignas(LATI_ALIGNMENT) float sums[];
} tile;

size_t lati_attention_backward_scratch(int64_t longest, int32_t head_width) {
  return lati_tile_bytes(sizeof(tile), (2 * LATI_KEYS + longest) * head_width);
}

size_t lati_panel_attention_scratch(int64_t longest, int32_t head_width) {
  const size_t forward = lati_attention_forward_scratch(head_width);
  const size_t backward = lati_attention_backward_scratch(longest, head_width);
  const size_t both = backward > forward ? backward : forward;
  const size_t of_short = lati_attention_short_scratch(head_width);
  return both > of_short ? both : of_short;
}

/* The scores q k^T in t->p and d_o v^T in t->d. */
static void products_of_rows(tile *t, const lati_attention_pass *b, const lati_head *head,
                             int64_t i, int64_t m, int64_t j, int64_t n) {
  const lati_panel_kernel *kernel = b->kernel;
  for (int64_t d = 0; d < head->width; d += LATI_DEPTH) {
    const int64_t depth = lati_least(LATI_DEPTH, head->width - d);
    const int64_t words = lati_words(kernel, depth), panel = words * LATI_PANEL;
    const int64_t used = lati_used_words(kernel, depth);
    if (t->key != j || t->depth != d) {
      lati_pack_keys(kernel, t->keys, lati_rows_at(lati_head_key(head, b->k, j), 0, d), n, depth);
      lati_pack_keys(kernel, t->values, lati_rows_at(lati_head_key(head, b->v, j), 0, d), n, depth);
      t->key = j;
      t->depth = d;
    }
    const lati_strip q = kernel->strip_of_rows(
        t->strip, words, lati_rows_at(lati_head_query(head, b->q, i), 0, d), m, depth);
    kernel->multiply(t->p, LATI_KEYS, q, t->keys, panel, m, n, used, d > 0);
    const lati_strip d_o = kernel->strip_of_rows(
        t->strip, words, lati_rows_at(lati_head_query(head, b->d_o, i), 0, d), m, depth);
    kernel->multiply(t->d, LATI_KEYS, d_o, t->values, panel, m, n, used, d > 0);
  }
}

/* Row r: scores become probabilities, d_P becomes d_S. */
static void soften_row(tile *t, const lati_attention_pass *b, const lati_head *head, int64_t r,
                       int64_t i, int64_t j, int64_t n) {
  float *p = t->p + r * LATI_KEYS, *d = t->d + r * LATI_KEYS;
  int64_t seen = lati_head_visible(head, i, j, n);
  float lse = *lati_head_lse(b, head, i);
  float offset =
      b->kernel->dot(lati_head_query(head, b->d_o, i), lati_head_query(head, b->o, i), head->width);
  head->vector->exponential(p, p, head->scale, lse, seen);
  memset(p + seen, 0, (size_t)(n - seen) * sizeof *p);
  lati_head_mask(b, head, d, 1, i, j, seen);
  head->vector->softmax_backward(d, p, head->scale, offset, n);
  lati_head_mask(b, head, p, 1, i, j, seen);
}

/* c (m, width) = (or +=) a times `count` rows of x. */
static void multiply_rows(tile *t, const lati_attention_pass *b, float *c, lati_strip a, int64_t m,
                          lati_rows x, int64_t count, int64_t width, int accumulate) {
  const int64_t words = lati_words(b->kernel, count);
  for (int64_t j = 0; j < width; j += LATI_PANEL) {
    const int64_t cols = lati_least(LATI_PANEL, width - j);
    b->kernel->panel_of_rows(t->panel, words, lati_rows_at(x, 0, j), count, cols);
    b->kernel->multiply(c + j, width, a, t->panel, 0, m, cols, lati_used_words(b->kernel, count),
                        accumulate);
  }
}

/* d_v and d_k of n keys from m queries, d_q of these from those keys; `begin`: the keys' first
 * queries. */
static void accumulate_block(tile *t, const lati_attention_pass *b, const lati_head *head,
                             int64_t i, int64_t m, int64_t j, int64_t n, int begin) {
  const lati_panel_kernel *kernel = b->kernel;
  const int64_t by_queries = lati_words(kernel, m), by_keys = lati_words(kernel, n);
  const lati_rows p = lati_floats(t->p, LATI_KEYS), d = lati_floats(t->d, LATI_KEYS);
  lati_strip a = kernel->strip_of_columns(t->strip, by_queries, p, m, n);
  multiply_rows(t, b, t->d_v, a, n, lati_head_query(head, b->d_o, i), m, head->width, !begin);
  a = kernel->strip_of_columns(t->strip, by_queries, d, m, n);
  multiply_rows(t, b, t->d_k, a, n, lati_head_query(head, b->q, i), m, head->width, !begin);
  a = kernel->strip_of_rows(t->strip, by_keys, d, m, n);
  multiply_rows(t, b, t->d_q + i * head->width, a, m, lati_head_key(head, b->k, j), n, head->width,
                j > 0);
}

/* m queries from i on against n keys from j on, of which the last of those queries sees the first
 * `seen`. */
static void backward_block(tile *t, const lati_attention_pass *b, const lati_head *head, int64_t i,
                           int64_t m, int64_t j, int64_t n, int begin) {
  const int64_t seen = head->causal ? lati_least(n, i + m - j) : n;
  products_of_rows(t, b, head, i, m, j, n);
  for (int64_t r = 0; r < m; ++r) {
    soften_row(t, b, head, r, i + r, j, seen);
  }
  if (begin) {
    const size_t unseen = (size_t)((n - seen) * head->width) * sizeof(float);
    memset(t->d_k + seen * head->width, 0, unseen);
    memset(t->d_v + seen * head->width, 0, unseen);
  }
  accumulate_block(t, b, head, i, m, j, seen, begin);
}

static void backward_head(tile *t, const lati_attention_pass *b, const lati_head *head) {
  t->key = -1;
  t->d_k = t->sums;
  t->d_v = t->d_k + LATI_KEYS * head->width;
  t->d_q = t->d_v + LATI_KEYS * head->width;
  for (int64_t j = 0; j < head->keys; j += head->key_block) {
    const int64_t n = lati_least(head->key_block, head->keys - j);
    const int64_t first = head->causal ? j / head->query_block * head->query_block : 0;
    for (int64_t i = first; i < head->queries; i += head->query_block) {
      const int64_t m = lati_least(head->query_block, head->queries - i);
      backward_block(t, b, head, i, m, j, n, i == first);
    }
    lati_store_sums(b->kernel, lati_head_key(head, b->d_k, j), t->d_k, n, head->width);
    lati_store_sums(b->kernel, lati_head_key(head, b->d_v, j), t->d_v, n, head->width);
  }
  lati_store_sums(b->kernel, lati_head_query(head, b->d_q, 0), t->d_q, head->queries, head->width);
}

static void backward_heads(void *argument, int64_t task, int32_t worker) {
  const lati_attention_pass *b = argument;
  const lati_attention *shape = b->shape;
  const lati_heads heads = lati_heads_of(shape, task);
  void *own = lati_attention_tile(b, worker);
  lati_fetch_sequence(b->k, shape->k_offsets, shape, &heads);
  lati_fetch_sequence(b->v, shape->k_offsets, shape, &heads);
  lati_fetch_sequence(b->q, shape->q_offsets, shape, &heads);
  lati_fetch_sequence(b->d_o, shape->q_offsets, shape, &heads);
  for (int64_t h = 0; h < heads.count; ++h) {
    const lati_head head = lati_head_of(shape, heads.sequence, heads.first + h);
    if (lati_head_is_short(&head)) {
      lati_attention_short_backward(own, b, &head);
    } else {
      backward_head(own, b, &head);
    }
  }
}

void lati_panel_attention_backward(const lati_panel_kernel *kernel, const lati_device *device,
                                   lati_rows d_q, lati_rows d_k, lati_rows d_v, lati_rows d_o,
                                   lati_rows o, const float *lse, lati_rows q, lati_rows k,
                                   lati_rows v, const lati_attention *shape, void *scratch) {
  /* lati_attention_pass serves both directions; here the log-sum-exps are only read. */
  lati_attention_pass b = {kernel, q,       k, v, o, d_q, d_k, d_v, d_o, (float *)(uintptr_t)lse,
                           shape,  scratch, 0};
  b.tile_bytes = lati_panel_attention_scratch(lati_attention_longest(shape), shape->head_width);
  lati_pool_run(device->pool, backward_heads, &b, lati_attention_tasks(shape));
}
