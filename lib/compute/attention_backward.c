/* With P the probabilities and scale = 1 / sqrt(width), per sequence and head:
 *   d_v = P^T d_o,  d_P = d_o v^T,  d_S = scale P (d_P - D),  D_i = d_o_i . o_i,
 *   d_q = d_S k,    d_k = d_S^T q. */
#include "compute/attention.h"

#include <math.h>
#include <string.h>

enum { QUERIES = 16, KEYS = 96, DEPTH = 64 };

typedef struct tile {
  float p[QUERIES * KEYS], d[QUERIES * KEYS];
  float keys[DEPTH * KEYS], values[DEPTH * KEYS]; /* transposed: (depth, keys) */
  int64_t key, depth;                             /* what they hold */
} tile;

typedef struct backward {
  lati_rows d_q, d_k, d_v, d_o, o, q, k, v;
  const float *lse;
  const lati_attention *shape;
} backward;

/* The scores q k^T in t->p and d_o v^T in t->d. */
static void products_of_rows(tile *t, const backward *b, const lati_head *head, int64_t i,
                             int64_t m, int64_t j, int64_t n) {
  const lati_vector *vector = head->vector;
  for (int64_t d = 0; d < head->width; d += DEPTH) {
    int64_t depth = lati_least(DEPTH, head->width - d);
    if (t->key != j || t->depth != d) {
      vector->transpose(t->keys, KEYS, lati_head_key(head, b->k, j) + d, b->k.ld, n, depth);
      vector->transpose(t->values, KEYS, lati_head_key(head, b->v, j) + d, b->v.ld, n, depth);
      t->key = j;
      t->depth = d;
    }
    vector->product(t->p, KEYS, lati_head_query(head, b->q, i) + d, b->q.ld, 1, t->keys, KEYS, m, n,
                    depth, d > 0);
    vector->product(t->d, KEYS, lati_head_query(head, b->d_o, i) + d, b->d_o.ld, 1, t->values, KEYS,
                    m, n, depth, d > 0);
  }
}

/* Row r: scores become probabilities, d_P becomes d_S. */
static void soften_row(tile *t, const backward *b, const lati_head *head, int64_t r, int64_t i,
                       int64_t j, int64_t n) {
  float *p = t->p + r * KEYS, *d = t->d + r * KEYS;
  int64_t seen = lati_head_visible(head, i, j, n);
  float lse = b->lse[(head->first_query + i) * b->shape->heads + head->column / head->width];
  float offset = head->vector->dot(lati_head_query(head, b->d_o, i), lati_head_query(head, b->o, i),
                                   head->width);
  head->vector->exponential(p, p, head->scale, lse, seen);
  memset(p + seen, 0, (size_t)(n - seen) * sizeof *p);
  head->vector->softmax_backward(d, p, head->scale, offset, n);
}

static void accumulate_block(const tile *t, const backward *b, const lati_head *head, int64_t i,
                             int64_t m, int64_t j, int64_t n) {
  const lati_vector *vector = head->vector;
  vector->product(lati_head_key(head, b->d_v, j), b->d_v.ld, t->p, 1, KEYS,
                  lati_head_query(head, b->d_o, i), b->d_o.ld, n, head->width, m, 1);
  vector->product(lati_head_key(head, b->d_k, j), b->d_k.ld, t->d, 1, KEYS,
                  lati_head_query(head, b->q, i), b->q.ld, n, head->width, m, 1);
  vector->product(lati_head_query(head, b->d_q, i), b->d_q.ld, t->d, KEYS, 1,
                  lati_head_key(head, b->k, j), b->k.ld, m, head->width, n, 1);
}

static void clear(float *x, int64_t ld, int64_t rows, int64_t width) {
  for (int64_t i = 0; i < rows; ++i) {
    memset(x + i * ld, 0, (size_t)width * sizeof *x);
  }
}

static void backward_head(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const backward *b = argument;
  lati_head head = lati_head_of(b->shape, task);
  tile t;
  t.key = t.depth = -1;
  clear(lati_head_query(&head, b->d_q, 0), b->d_q.ld, head.queries, head.width);
  clear(lati_head_key(&head, b->d_k, 0), b->d_k.ld, head.keys, head.width);
  clear(lati_head_key(&head, b->d_v, 0), b->d_v.ld, head.keys, head.width);
  int64_t step = lati_even_block(head.keys, KEYS);
  for (int64_t j = 0; j < head.keys; j += step) {
    int64_t n = lati_least(step, head.keys - j);
    int64_t first = head.causal ? j / QUERIES * QUERIES : 0;
    for (int64_t i = first; i < head.queries; i += QUERIES) {
      int64_t m = lati_least(QUERIES, head.queries - i);
      products_of_rows(&t, b, &head, i, m, j, n);
      for (int64_t r = 0; r < m; ++r) {
        soften_row(&t, b, &head, r, i + r, j, n);
      }
      accumulate_block(&t, b, &head, i, m, j, n);
    }
  }
}

void lati_attention_backward(lati_pool *pool, lati_rows d_q, lati_rows d_k, lati_rows d_v,
                             lati_rows d_o, lati_rows o, const float *lse, lati_rows q, lati_rows k,
                             lati_rows v, const lati_attention *shape) {
  backward b = {d_q, d_k, d_v, d_o, o, q, k, v, lse, shape};
  lati_pool_run(pool, backward_head, &b, shape->sequences * shape->heads);
}
