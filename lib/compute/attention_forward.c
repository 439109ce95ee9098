/* o = dropout(softmax(q k^T / sqrt(width))) v per sequence and head, its products on a panel
 * kernel. Keys come in blocks; the softmax is carried from block to block by its running maximum
 * and sum, so that sequences may have any length. */
#include "compute/attention.h"

#include <math.h>
#include <string.h>

typedef struct tile {
  _Alignas(LATI_ALIGNMENT) float scores[LATI_QUERIES * LATI_KEYS];
  uint32_t queries[LATI_QUERIES * LATI_DEPTH], shares[LATI_QUERIES * LATI_KEYS];
  uint32_t keys[LATI_KEY_PANELS * LATI_DEPTH * LATI_PANEL]; /* k^T (depth, keys) */
  uint32_t values[LATI_KEYS * LATI_PANEL];                  /* v (keys, columns) */
  int64_t key, depth, value, column;                        /* what keys and values hold */
  float maximum[LATI_QUERIES], sum[LATI_QUERIES];
  _Alignas(LATI_ALIGNMENT) float mixed[]; /* (queries, width of the head) */
} tile;

size_t lati_attention_forward_scratch(int32_t head_width) {
  return lati_tile_bytes(sizeof(tile), (int64_t)LATI_QUERIES * head_width);
}

/* Scores of m queries from i on against n keys from j on. Long heads are cut along their width; all
 * keys of the block are packed, and kept from one block of queries to the next. */
static void score_block(tile *t, const lati_attention_pass *f, const lati_head *head, int64_t i,
                        int64_t m, int64_t j, int64_t n) {
  const int64_t block = lati_least(head->key_block, head->keys - j);
  for (int64_t d = 0; d < head->width; d += LATI_DEPTH) {
    const int64_t depth = lati_least(LATI_DEPTH, head->width - d);
    const int64_t words = lati_words(f->kernel, depth);
    if (t->key != j || t->depth != d) {
      lati_pack_keys(f->kernel, t->keys, lati_rows_at(lati_head_key(head, f->k, j), 0, d), block,
                     depth);
      t->key = j;
      t->depth = d;
    }
    const lati_strip q = f->kernel->strip_of_rows(
        t->queries, words, lati_rows_at(lati_head_query(head, f->q, i), 0, d), m, depth);
    f->kernel->multiply(t->scores, LATI_KEYS, q, t->keys, words * LATI_PANEL, m, n,
                        lati_used_words(f->kernel, depth), d > 0);
  }
}

/* Turns row r of the scores (query i, keys from j on) into exponentials and rescales what earlier
 * blocks have summed up. */
static void soften_row(tile *t, const lati_attention_pass *f, const lati_head *head, int64_t r,
                       int64_t i, int64_t j, int64_t n) {
  float *row = t->scores + r * LATI_KEYS;
  int64_t seen = lati_head_visible(head, i, j, n);
  memset(row + seen, 0, (size_t)(n - seen) * sizeof *row);
  if (seen == 0) {
    return;
  }
  float largest = head->scale * head->vector->maximum(row, seen);
  float before = t->maximum[r], after = before < largest ? largest : before;
  float sum = head->vector->exponential(row, row, head->scale, after, seen);
  lati_head_mask(f, head, row, 1, i, j, seen);
  if (j > 0 && after > before) {
    float factor = expf(before - after);
    t->sum[r] *= factor;
    head->vector->scale(t->mixed + r * head->width, factor, head->width);
  }
  t->maximum[r] = after;
  t->sum[r] += sum;
}

/* mixed (+)= P v for the same block. */
static void mix_block(tile *t, const lati_attention_pass *f, const lati_head *head, int64_t m,
                      int64_t j, int64_t n) {
  const int64_t block = lati_least(head->key_block, head->keys - j);
  const int64_t words = lati_words(f->kernel, n);
  const lati_strip p =
      f->kernel->strip_of_rows(t->shares, words, lati_floats(t->scores, LATI_KEYS), m, n);
  for (int64_t c = 0; c < head->width; c += LATI_PANEL) {
    const int64_t cols = lati_least(LATI_PANEL, head->width - c);
    if (t->value != j || t->column != c) {
      f->kernel->panel_of_rows(t->values, lati_words(f->kernel, block),
                               lati_rows_at(lati_head_key(head, f->v, j), 0, c), block, cols);
      t->value = j;
      t->column = c;
    }
    f->kernel->multiply(t->mixed + c, head->width, p, t->values, 0, m, cols,
                        lati_used_words(f->kernel, n), j > 0);
  }
}

static void query_block(tile *t, const lati_attention_pass *f, const lati_head *head, int64_t i,
                        int64_t m) {
  const int64_t end = head->causal ? lati_least(head->keys, i + m) : head->keys;
  for (int64_t r = 0; r < m; ++r) {
    t->maximum[r] = -INFINITY;
    t->sum[r] = 0.0F;
  }
  for (int64_t j = 0; j < end; j += head->key_block) {
    int64_t n = lati_least(head->key_block, end - j);
    score_block(t, f, head, i, m, j, n);
    for (int64_t r = 0; r < m; ++r) {
      soften_row(t, f, head, r, i + r, j, n);
    }
    mix_block(t, f, head, m, j, n);
  }
}

static void finish_block(tile *t, const lati_attention_pass *f, const lati_head *head, int64_t i,
                         int64_t m) {
  for (int64_t r = 0; r < m; ++r) {
    head->vector->scale(t->mixed + r * head->width, 1.0F / t->sum[r], head->width);
    *lati_head_lse(f, head, i + r) = t->maximum[r] + logf(t->sum[r]);
  }
  lati_store_sums(f->kernel, lati_head_query(head, f->o, i), t->mixed, m, head->width);
}

static void forward_head(tile *t, const lati_attention_pass *f, const lati_head *head) {
  t->key = t->value = -1;
  for (int64_t i = 0; i < head->queries; i += head->query_block) {
    int64_t m = lati_least(head->query_block, head->queries - i);
    query_block(t, f, head, i, m);
    finish_block(t, f, head, i, m);
  }
}

static void forward_heads(void *argument, int64_t task, int32_t worker) {
  const lati_attention_pass *f = argument;
  const lati_attention *shape = f->shape;
  const lati_heads heads = lati_heads_of(shape, task);
  void *own = lati_attention_tile(f, worker);
  lati_fetch_sequence(f->k, shape->k_offsets, shape, &heads);
  lati_fetch_sequence(f->q, shape->q_offsets, shape, &heads);
  lati_fetch_sequence(f->v, shape->k_offsets, shape, &heads);
  for (int64_t h = 0; h < heads.count; ++h) {
    const lati_head head = lati_head_of(shape, heads.sequence, heads.first + h);
    if (lati_head_is_short(&head)) {
      lati_attention_short_forward(own, f, &head);
    } else {
      forward_head(own, f, &head);
    }
  }
}

void lati_panel_attention_forward(const lati_panel_kernel *kernel, const lati_device *device,
                                  lati_rows o, float *lse, lati_rows q, lati_rows k, lati_rows v,
                                  const lati_attention *shape, void *scratch) {
  lati_attention_pass f = {
      .kernel = kernel, .q = q, .k = k, .v = v, .o = o, .lse = lse, .shape = shape};
  f.tiles = scratch;
  f.tile_bytes = lati_panel_attention_scratch(lati_attention_longest(shape), shape->head_width);
  lati_pool_run(device->pool, forward_heads, &f, lati_attention_tasks(shape));
}
