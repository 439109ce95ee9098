/* Attention as its equations, a query and a head at a time. */
#include "compute/dropout.h"
#include "naive/naive.h"

#include <math.h>

enum {
  MASK_KEYS = 4,    /* a block of random numbers */
  COLUMN_BLOCK = 64 /* coefficients of an answer that are summed together */
};

/* One query of one head against the keys that it sees: rows first .. first + seen - 1. */
typedef struct pair {
  int64_t query, first, seen, column, width, head, sequence;
} pair;

static float *at(lati_rows rows, int64_t row, const pair *p) {
  return rows.data + row * rows.ld + p->column;
}

static double dot(const float *a, const float *b, int64_t n) {
  double sum = 0.0;
  for (int64_t i = 0; i < n; ++i) {
    sum += (double)a[i] * (double)b[i];
  }
  return sum;
}

static double score(lati_rows q, lati_rows k, int64_t key, const pair *p) {
  return dot(at(q, p->query, p), at(k, key, p), p->width) / sqrt((double)p->width);
}

typedef void visit_function(void *argument, const pair *p);

static void for_each_query(const lati_attention *shape, visit_function *visit, void *argument) {
  for (int64_t s = 0; s < shape->sequences; ++s) {
    int64_t first = shape->k_offsets[s], keys = shape->k_offsets[s + 1] - first;
    for (int64_t i = shape->q_offsets[s]; i < shape->q_offsets[s + 1]; ++i) {
      int64_t causal = i - shape->q_offsets[s] + 1, seen = keys;
      if (shape->causal && causal < keys) {
        seen = causal;
      }
      for (int64_t h = 0; h < shape->heads; ++h) {
        pair p = {i, first, seen, h * shape->head_width, shape->head_width, h, s};
        visit(argument, &p);
      }
    }
  }
}

/* 0 or 1 / (1 - rate): what dropout makes of the probability of a key that the query sees. */
static double kept(const lati_attention *shape, const pair *p, int64_t key) {
  float all[MASK_KEYS];
  const int64_t block = key / MASK_KEYS * MASK_KEYS, place = key - block;
  if (shape->dropout == NULL) {
    return 1.0;
  }
  for (int64_t i = 0; i <= place; ++i) {
    all[i] = 1.0F;
  }
  const lati_masked_query query = {p->sequence, p->query - shape->q_offsets[p->sequence],
                                   shape->k_offsets[p->sequence + 1] - p->first, p->head};
  lati_attention_mask(all, 1, shape->dropout, &query, block, place + 1);
  return (double)all[place];
}

typedef struct forward {
  lati_rows o, q, k, v;
  float *lse;
  const lati_attention *shape;
} forward;

/* o_d = sum_j p_j v_jd, for `count` coefficients d from the first. */
static void add_up_values(const forward *f, const pair *p, double lse, int64_t first,
                          int64_t count) {
  double sums[COLUMN_BLOCK] = {0};
  for (int64_t j = 0; j < p->seen; ++j) {
    const float *v = at(f->v, p->first + j, p) + first;
    const double weight = kept(f->shape, p, j) * exp(score(f->q, f->k, p->first + j, p) - lse);
    for (int64_t d = 0; d < count; ++d) {
      sums[d] += weight * (double)v[d];
    }
  }
  for (int64_t d = 0; d < count; ++d) {
    at(f->o, p->query, p)[first + d] = (float)sums[d];
  }
}

static void forward_query(void *argument, const pair *p) {
  const forward *f = argument;
  double largest = -INFINITY, sum = 0.0;
  for (int64_t j = 0; j < p->seen; ++j) {
    largest = fmax(largest, score(f->q, f->k, p->first + j, p));
  }
  for (int64_t j = 0; j < p->seen; ++j) {
    sum += exp(score(f->q, f->k, p->first + j, p) - largest);
  }
  double lse = largest + log(sum);
  f->lse[p->query * f->shape->heads + p->head] = (float)lse;
  for (int64_t d = 0; d < p->width; d += COLUMN_BLOCK) {
    add_up_values(f, p, lse, d, p->width - d < COLUMN_BLOCK ? p->width - d : COLUMN_BLOCK);
  }
}

void lati_naive_attention_forward(const lati_device *device, lati_rows o, float *lse, lati_rows q,
                                  lati_rows k, lati_rows v, const lati_attention *shape,
                                  void *scratch) {
  (void)scratch;
  (void)device;
  forward f = {o, q, k, v, lse, shape};
  for_each_query(shape, forward_query, &f);
}

typedef struct backward {
  lati_rows d_q, d_k, d_v, d_o, o, q, k, v;
  const float *lse;
  const lati_attention *shape;
} backward;

static void add_scaled(float *y, double factor, const float *x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    y[i] = (float)((double)y[i] + factor * (double)x[i]);
  }
}

static void backward_query(void *argument, const pair *p) {
  const backward *b = argument;
  const float *d_o = at(b->d_o, p->query, p);
  double lse = (double)b->lse[p->query * b->shape->heads + p->head];
  double offset = dot(d_o, at(b->o, p->query, p), p->width);
  for (int64_t j = p->first; j < p->first + p->seen; ++j) {
    double probability = exp(score(b->q, b->k, j, p) - lse);
    double mask = kept(b->shape, p, j - p->first);
    double d_p = mask * dot(d_o, at(b->v, j, p), p->width);
    double d_s = probability * (d_p - offset) / sqrt((double)p->width);
    add_scaled(at(b->d_v, j, p), mask * probability, d_o, p->width);
    add_scaled(at(b->d_q, p->query, p), d_s, at(b->k, j, p), p->width);
    add_scaled(at(b->d_k, j, p), d_s, at(b->q, p->query, p), p->width);
  }
}

static void clear(lati_rows rows, int64_t count, const lati_attention *shape) {
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t d = 0; d < (int64_t)shape->heads * shape->head_width; ++d) {
      rows.data[i * rows.ld + d] = 0.0F;
    }
  }
}

void lati_naive_attention_backward(const lati_device *device, lati_rows d_q, lati_rows d_k,
                                   lati_rows d_v, lati_rows d_o, lati_rows o, const float *lse,
                                   lati_rows q, lati_rows k, lati_rows v,
                                   const lati_attention *shape, void *scratch) {
  (void)scratch;
  (void)device;
  clear(d_q, shape->q_offsets[shape->sequences], shape);
  clear(d_k, shape->k_offsets[shape->sequences], shape);
  clear(d_v, shape->k_offsets[shape->sequences], shape);
  backward b = {d_q, d_k, d_v, d_o, o, q, k, v, lse, shape};
  for_each_query(shape, backward_query, &b);
}
