/* What cross-entropies over plain and over factored symbols, and the choice of the latter, have in
 * common. */
#ifndef LATI_CROSS_ENTROPY_H
#define LATI_CROSS_ENTROPY_H

#include "compute/ops.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

/* The distribution that a target has become: exp(factor (j - at)^2) / total for first <= j < end.
 */
typedef struct lati_soft_target {
  int64_t at, first, end;
  double factor, total;
} lati_soft_target;

static inline double lati_soft_share(const lati_soft_target *soft, int64_t j) {
  const double distance = (double)(j - soft->at);
  return exp(soft->factor * distance * distance) / soft->total;
}

/* spread: NULL where the target is all of it. */
static inline lati_soft_target lati_soften(int64_t target, const lati_spread *spread) {
  lati_soft_target soft = {target, target, target + 1, 0.0, 1.0};
  if (spread != NULL) {
    const int64_t reach = (int64_t)ceil(LATI_SPREAD_REACH * spread->width);
    const int64_t first = spread->first[target], end = spread->end[target];
    double total = 0.0;
    soft.first = first > target - reach ? first : target - reach;
    soft.end = lati_least(end, target + reach + 1);
    soft.factor = -0.5 / (spread->width * spread->width);
    for (int64_t j = soft.first; j < soft.end; ++j) {
      total += lati_soft_share(&soft, j);
    }
    soft.total = total;
  }
  return soft;
}

/* Returns the sum of exp(x - shift) over n values, which `to` keeps unless it is NULL; it may be x.
 * Sums are carried in f32 over a chunk, and in double beyond. */
static inline double lati_exponentials(const lati_vector *vector, float *to, const float *x,
                                       float shift, int64_t n) {
  enum { CHUNK = 1024 };
  float scratch[CHUNK];
  double sum = 0.0;
  for (int64_t i = 0; i < n; i += CHUNK) {
    sum += (double)vector->exponential(to != NULL ? to + i : scratch, x + i, 1.0F, shift,
                                       lati_least(CHUNK, n - i));
  }
  return sum;
}

/* A token's gradient, which has taken the place of its scores x, to where it is wanted. */
static inline void lati_store_gradient(const lati_vector *vector, lati_rows d, const float *x,
                                       int64_t n) {
  if (d.narrow != NULL) {
    vector->shorten(d.narrow, x, n);
  } else if (d.data != x) {
    memcpy(d.data, x, (size_t)n * sizeof *x);
  }
}

#endif
