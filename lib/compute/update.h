/* Loops over flat vectors: what an optimizer does, one pass over memory; and their table, of which
 * a backend has one. */
#ifndef LATI_UPDATE_H
#define LATI_UPDATE_H

#include "compute/orthogonal_update.h"

#include <stddef.h>
#include <stdint.h>

/* Sum of squares in double, in blocks of LATI_UPDATE_BLOCK elements added in order. NaN or infinity
 * in, NaN or infinity out. */
double lati_sum_of_squares(const lati_device *device, const float *x, int64_t count,
                           double *partials);
/* Doubles of `partials` needed for `count` elements, one for each block. */
int64_t lati_sum_of_squares_partials(int64_t count);
/* The sum of partials that parts of a vector, of whole blocks but the last, have left. */
double lati_sum_of_partials(const lati_device *device, const double *partials, int64_t count);

/* A stretch of a flat vector; one task's where it has at most LATI_UPDATE_BLOCK elements. */
typedef struct lati_stretch {
  size_t offset, size;
} lati_stretch;
enum { LATI_UPDATE_BLOCK = 16384 };

/* Adam on the stretches, a task each, of parameters p with gradient scale * g: m = b1 m + (1 - b1)
 * g; v = b2 v + (1 - b2) g^2; p -= rate (m / c1) / (sqrt(v / c2) + epsilon) + rate decay p, c1 = 1
 * - b1^t, c2 = 1 - b2^t. g is set to zero. */
typedef struct lati_adam {
  double rate, beta1, beta2, epsilon, decay, correction1, correction2, scale;
} lati_adam;
void lati_adam_update(const lati_device *device, float *p, float *g, float *m, float *v,
                      const lati_stretch *stretches, int32_t count, const lati_adam *adam);

/* average = keep average + (1 - keep) x, element by element; keep 0 copies. */
void lati_average_update(const lati_device *device, float *average, const float *x, int64_t count,
                         double keep);

/* The operations of an update, of a backend's table. */
typedef struct lati_update {
  int64_t (*sum_of_squares_partials)(int64_t count);
  double (*sum_of_squares)(const lati_device *device, const float *x, int64_t count,
                           double *partials);
  double (*sum_of_partials)(const lati_device *device, const double *partials, int64_t count);
  void (*adam)(const lati_device *device, float *p, float *g, float *m, float *v,
               const lati_stretch *stretches, int32_t count, const lati_adam *adam);
  void (*average)(const lati_device *device, float *average, const float *x, int64_t count,
                  double keep);
  /* compute/orthogonal_update.h */
  size_t (*orthogonal_work)(int32_t rows, int32_t cols);
  void (*orthogonal_factors)(const lati_device *device, const lati_orthogonal_update *update,
                             int32_t rank);
  void (*orthogonal_update)(const lati_device *device, const lati_orthogonal_update *update);
} lati_update;

extern const lati_update lati_host_update; /* the processor's */

#endif
