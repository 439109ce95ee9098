/* Loops over short rows of floats, written once (vector_kernels.h) and compiled once per
 * instruction set (vector_portable.c, vector_avx2.c, vector_avx512.c, vector_neon.c). The
 * processor's best table is chosen once per process. Rows need no alignment, and nothing outside
 * them is touched. */
#ifndef LATI_VECTOR_H
#define LATI_VECTOR_H

#include "compute/panel.h"

typedef struct lati_adam_factors {
  float keep1, take1, keep2, take2; /* m = keep1 m + take1 g; v = keep2 v + take2 g^2; g raw */
  float rate, inverse_root;         /* p -= rate m / (sqrt(v) inverse_root + epsilon) */
  float epsilon, shrink;            /* and p is first multiplied by shrink */
} lati_adam_factors;

/* A block of attention's scores, transposed: rows are keys, columns queries. A query i sees the
 * keys j <= i + shift. */
typedef struct lati_score_block {
  float *data; /* (keys, queries) */
  int64_t ld, keys, queries, shift;
} lati_score_block;

/* Words that a head takes when it is narrow: two bf16 each. */
static inline int64_t lati_narrow_head(int64_t head_width) {
  return (head_width + 1) / 2;
}

typedef struct lati_vector {
  const char *name;
  int32_t lanes;
  const lati_panel_kernel *panels; /* in f32 */

  /* dst (cols, rows) = src (rows, cols) transposed. */
  void (*transpose)(float *dst, int64_t ld_dst, const float *src, int64_t ld_src, int64_t rows,
                    int64_t cols);

  void (*scale)(float *x, float factor, int64_t n);
  void (*add)(float *y, const float *x, int64_t n);
  float (*maximum)(const float *x, int64_t n);
  double (*sum_of_squares)(const float *x, int64_t n);
  /* y = exp(scale x - shift); returns the sum. y may alias x. */
  float (*exponential)(float *y, const float *x, float scale, float shift, int64_t n);
  /* d = scale p (d - offset): the gradient of softmax, in place. */
  void (*softmax_backward)(float *d, const float *p, float scale, float offset, int64_t n);

  /* The softmax of every column of scale times the scores, in place; unseen keys become 0. maximum
   * (of the scaled scores) and sum (of exp(score - maximum)) are (queries). */
  void (*softmax_columns)(const lati_score_block *scores, float scale, float *maximum, float *sum);
  /* Scores become probabilities P = exp(scale score - lse), and d = d_P becomes d_S = scale P (d_P
   * - column sums of P d_P). d lies as the scores do; lse (queries). */
  void (*softmax_columns_backward)(const lati_score_block *scores, float *d, float scale,
                                   const float *lse);

  /* Mean and 1 / sqrt(variance + eps) of a row, and the row normalised. beta NULL: the mean counts
   * as 0 (RMSNorm). */
  void (*normalise)(float *y, float *mean, float *rstd, const float *x, const float *gamma,
                    const float *beta, int64_t n);
  void (*normalise_backward)(float *d_x, const float *d_y, const float *x, float mean, float rstd,
                             const float *gamma, int64_t n, int centred, int accumulate);
  /* d_gamma += d_y (x - mean) rstd; d_beta += d_y, over n columns, summed over rows in order. */
  void (*normalise_parameters)(float *d_gamma, float *d_beta, const float *d_y, const float *x,
                               int64_t ld, const float *mean, const float *rstd, int64_t rows,
                               int64_t n);

  /* o (heads * head_width) = softmax(q_h k_h^T / sqrt(head_width)) v_h for every head h: one query
   * against `count` > 0 keys. keys[i] is heads * head_width floats or, narrow, heads *
   * lati_narrow_head(head_width) words that narrow() made; its value lies `to_value` floats behind
   * it. scores: scratch of heads * count. */
  void (*attend)(float *o, const float *q, const float *const *keys, int64_t to_value,
                 int64_t count, int32_t heads, int32_t head_width, float *scores);
  void (*attend_narrow)(float *o, const float *q, const float *const *keys, int64_t to_value,
                        int64_t count, int32_t heads, int32_t head_width, float *scores);
  /* Rounds heads of floats to bf16, two to a word. */
  void (*narrow)(float *dst, const float *src, int32_t heads, int32_t head_width);
  /* Rounds a row to bf16. dst may be where src begins. */
  void (*shorten)(uint16_t *dst, const float *src, int64_t n);

  /* average += share (x - average) */
  void (*follow)(float *average, const float *x, float share, int64_t n);

  void (*adam)(float *p, float *g, float *m, float *v, const lati_adam_factors *factors, int64_t n);
  /* y = factor_y y + factor_x x. */
  void (*combine)(float *y, float factor_y, const float *x, float factor_x, int64_t n);
  /* m = momentum m + factor g; g = factor g + momentum m: Nesterov's momentum. */
  void (*nesterov)(float *g, float *m, float factor, float momentum, int64_t n);
} lati_vector;

extern const lati_vector lati_vector_portable;
#if defined(__x86_64__)
extern const lati_vector lati_vector_avx2, lati_vector_avx512;
#elif defined(__aarch64__)
extern const lati_vector lati_vector_neon;
#endif

/* Variance is regularised with this in layer normalisation. */
#define LATI_NORM_EPSILON 1e-12F

/* The best table that this processor runs. */
const lati_vector *lati_vector_best(void);

#endif
