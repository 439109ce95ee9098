/* The processor's loops over flat vectors, in blocks of fixed size. */
#include "compute/update.h"

#include "compute/ops.h"
#include "compute/orthogonalise.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

enum { BLOCK = LATI_UPDATE_BLOCK };

int64_t lati_sum_of_squares_partials(int64_t count) {
  return lati_blocks(count, BLOCK);
}

typedef struct squares {
  const lati_vector *vector;
  const float *x;
  double *partials;
  int64_t count;
} squares;

static void squares_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const squares *s = argument;
  int64_t first = task * BLOCK;
  s->partials[task] = s->vector->sum_of_squares(s->x + first, lati_least(BLOCK, s->count - first));
}

double lati_sum_of_squares(const lati_device *device, const float *x, int64_t count,
                           double *partials) {
  squares s = {lati_vector_best(), x, partials, count};
  int64_t blocks = lati_blocks(count, BLOCK);
  lati_pool_run(device->pool, squares_block, &s, blocks);
  return lati_sum_of_partials(device, partials, blocks);
}

double lati_sum_of_partials(const lati_device *device, const double *partials, int64_t count) {
  double sum = 0.0;
  (void)device;
  for (int64_t i = 0; i < count; ++i) {
    sum += partials[i];
  }
  return sum;
}

typedef struct adam_update {
  const lati_vector *vector;
  float *p, *g, *m, *v;
  const lati_stretch *stretches;
  lati_adam_factors factors;
} adam_update;

static void adam_stretch(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const adam_update *a = argument;
  const size_t first = a->stretches[task].offset;
  a->vector->adam(a->p + first, a->g + first, a->m + first, a->v + first, &a->factors,
                  (int64_t)a->stretches[task].size);
}

/* Factors that do not change along the vector are put together in double. */
void lati_adam_update(const lati_device *device, float *p, float *g, float *m, float *v,
                      const lati_stretch *stretches, int32_t count, const lati_adam *adam) {
  adam_update a = {
      .vector = lati_vector_best(), .p = p, .g = g, .m = m, .v = v, .stretches = stretches};
  a.factors = (lati_adam_factors){
      .keep1 = (float)adam->beta1,
      .take1 = (float)((1.0 - adam->beta1) * adam->scale),
      .keep2 = (float)adam->beta2,
      .take2 = (float)((1.0 - adam->beta2) * adam->scale * adam->scale),
      .rate = (float)(adam->rate / adam->correction1),
      .inverse_root = (float)(1.0 / sqrt(adam->correction2)),
      .epsilon = (float)adam->epsilon,
      .shrink = (float)(1.0 - adam->rate * adam->decay),
  };
  lati_pool_run(device->pool, adam_stretch, &a, count);
}

typedef struct average_update {
  const lati_vector *vector;
  float *average;
  const float *x;
  int64_t count;
  float share; /* of x in the sum */
} average_update;

static void average_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const average_update *a = argument;
  int64_t first = task * BLOCK;
  a->vector->follow(a->average + first, a->x + first, a->share,
                    lati_least(BLOCK, a->count - first));
}

void lati_average_update(const lati_device *device, float *average, const float *x, int64_t count,
                         double keep) {
  if (keep == 0.0) {
    memcpy(average, x, (size_t)count * sizeof *x);
    return;
  }
  average_update a = {lati_vector_best(), average, x, count, (float)(1.0 - keep)};
  lati_pool_run(device->pool, average_block, &a, lati_blocks(count, BLOCK));
}

const lati_update lati_host_update = {.sum_of_squares_partials = lati_sum_of_squares_partials,
                                      .sum_of_squares = lati_sum_of_squares,
                                      .sum_of_partials = lati_sum_of_partials,
                                      .adam = lati_adam_update,
                                      .average = lati_average_update,
                                      .orthogonal_work = lati_orthogonalise_work,
                                      .orthogonal_factors = lati_orthogonal_factors,
                                      .orthogonal_update = lati_orthogonal_update_matrices};
