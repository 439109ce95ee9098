/* o = softmax(q k^T / sqrt(width)) v per sequence and head. Keys come in blocks; the softmax is
 * carried from block to block by its running maximum and sum, so that sequences may have any
 * length. */
#include "compute/attention.h"

#include <math.h>
#include <string.h>

enum { QUERIES = 32, KEYS = 128, DEPTH = 64 };

typedef struct tile {
  float scores[QUERIES * KEYS];
  float keys[DEPTH * KEYS]; /* transposed: (depth, keys) */
  int64_t key, depth;       /* what `keys` holds */
  float maximum[QUERIES], sum[QUERIES];
} tile;

typedef struct forward {
  lati_rows o, q, k, v;
  float *lse;
  const lati_attention *shape;
} forward;

/* Scores of m queries from i on against n keys from j on. Long heads are cut along their width; the
 * transposed keys are kept from one block of queries to the next. */
static void score_block(tile *t, const forward *f, const lati_head *head, int64_t i, int64_t m,
                        int64_t j, int64_t n) {
  for (int64_t d = 0; d < head->width; d += DEPTH) {
    int64_t depth = lati_least(DEPTH, head->width - d);
    if (t->key != j || t->depth != d) {
      head->vector->transpose(t->keys, KEYS, lati_head_key(head, f->k, j) + d, f->k.ld, n, depth);
      t->key = j;
      t->depth = d;
    }
    head->vector->product(t->scores, KEYS, lati_head_query(head, f->q, i) + d, f->q.ld, 1, t->keys,
                          KEYS, m, n, depth, d > 0);
  }
}

/* Turns row r of the scores (query i, keys from j on) into exponentials and rescales what earlier
 * blocks have summed up. */
static void soften_row(tile *t, const lati_head *head, float *o, int64_t r, int64_t i, int64_t j,
                       int64_t n) {
  float *row = t->scores + r * KEYS;
  int64_t seen = lati_head_visible(head, i, j, n);
  memset(row + seen, 0, (size_t)(n - seen) * sizeof *row);
  if (seen == 0) {
    return;
  }
  float largest = head->scale * head->vector->maximum(row, seen);
  float before = t->maximum[r], after = before < largest ? largest : before;
  float sum = head->vector->exponential(row, row, head->scale, after, seen);
  if (j > 0 && after > before) {
    float factor = expf(before - after);
    t->sum[r] *= factor;
    head->vector->scale(o, factor, head->width);
  }
  t->maximum[r] = after;
  t->sum[r] += sum;
}

static void query_block(tile *t, const forward *f, const lati_head *head, int64_t i, int64_t m) {
  int64_t step = lati_even_block(head->keys, KEYS);
  int64_t end = head->causal ? lati_least(head->keys, i + m) : head->keys;
  for (int64_t r = 0; r < m; ++r) {
    t->maximum[r] = -INFINITY;
    t->sum[r] = 0.0F;
  }
  for (int64_t j = 0; j < end; j += step) {
    int64_t n = lati_least(step, head->keys - j);
    score_block(t, f, head, i, m, j, n);
    for (int64_t r = 0; r < m; ++r) {
      soften_row(t, head, lati_head_query(head, f->o, i + r), r, i + r, j, n);
    }
    head->vector->product(lati_head_query(head, f->o, i), f->o.ld, t->scores, KEYS, 1,
                          lati_head_key(head, f->v, j), f->v.ld, m, head->width, n, j > 0);
  }
}

static void finish_rows(const tile *t, const forward *f, const lati_head *head, int64_t i,
                        int64_t m) {
  for (int64_t r = 0; r < m; ++r) {
    int64_t row = head->first_query + i + r;
    head->vector->scale(lati_head_query(head, f->o, i + r), 1.0F / t->sum[r], head->width);
    f->lse[row * f->shape->heads + head->column / head->width] = t->maximum[r] + logf(t->sum[r]);
  }
}

static void forward_head(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const forward *f = argument;
  lati_head head = lati_head_of(f->shape, task);
  tile t;
  t.key = t.depth = -1;
  for (int64_t i = 0; i < head.queries; i += QUERIES) {
    int64_t m = lati_least(QUERIES, head.queries - i);
    query_block(&t, f, &head, i, m);
    finish_rows(&t, f, &head, i, m);
  }
}

void lati_attention_forward(lati_pool *pool, lati_rows o, float *lse, lati_rows q, lati_rows k,
                            lati_rows v, const lati_attention *shape) {
  forward f = {o, q, k, v, lse, shape};
  lati_pool_run(pool, forward_head, &f, shape->sequences * shape->heads);
}
