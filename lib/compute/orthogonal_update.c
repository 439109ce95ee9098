/* Updates by orthogonal factors (compute/orthogonalise.h): a worker takes a matrix at a time, with
 * scratch memory of its own. */
#include "compute/orthogonal_update.h"

#include "compute/orthogonalise.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

typedef struct job {
  const lati_orthogonal_update *update;
  int32_t rank;
} job;

static size_t size_of(const lati_orthogonal_matrix *matrix) {
  return (size_t)matrix->rows * (size_t)matrix->cols;
}

static void orthogonalise(float *o, float *x, const lati_orthogonal_update *u,
                          const lati_orthogonal_matrix *matrix, int32_t worker) {
  lati_orthogonalise(o, x, matrix->rows, matrix->cols, u->bf16,
                     u->work + (size_t)worker * u->work_size);
}

static void add_momentum(float *g, float *m, const lati_orthogonal_update *u,
                         const lati_orthogonal_matrix *matrix) {
  lati_vector_best()->nesterov(g, m, (float)u->scale, (float)u->keep, (int64_t)size_of(matrix));
}

static void find_factor(void *argument, int64_t task, int32_t worker) {
  const job *call = argument;
  const lati_orthogonal_update *u = call->update;
  const lati_orthogonal_matrix *matrix = &u->matrices[task];
  const size_t bytes = size_of(matrix) * sizeof(float);
  float *o = u->factors + matrix->factor, *x = u->scratch + matrix->offset;
  if (matrix->rank != call->rank) {
    return;
  }
  memcpy(x, u->gradients + matrix->offset, bytes);
  memcpy(o, u->momentum + matrix->offset, bytes);
  add_momentum(x, o, u, matrix);
  orthogonalise(o, x, u, matrix, worker);
}

void lati_orthogonal_factors(const lati_device *device, const lati_orthogonal_update *update,
                             int32_t rank) {
  job call = {update, rank};
  lati_pool_run(device->pool, find_factor, &call, update->count);
}

static void update_matrix(void *argument, int64_t task, int32_t worker) {
  const job *call = argument;
  const lati_orthogonal_update *u = call->update;
  const lati_orthogonal_matrix *matrix = &u->matrices[task];
  const size_t count = size_of(matrix);
  const double tall = fmax(1, (double)matrix->rows / (double)matrix->cols);
  const float rate = (float)(u->rate * sqrt(tall));
  const float decay = (float)(u->rate * u->decay);
  const int found = u->factors != NULL;
  float *p = u->parameters + matrix->offset, *g = u->gradients + matrix->offset;
  float *o = found ? u->factors + matrix->factor : u->scratch + matrix->offset;
  add_momentum(g, u->momentum + matrix->offset, u, matrix);
  if (!found) {
    orthogonalise(o, g, u, matrix, worker);
  }
  lati_vector_best()->combine(p, 1 - decay, o, -rate, (int64_t)count);
  memset(g, 0, count * sizeof *g);
}

void lati_orthogonal_update_matrices(const lati_device *device,
                                     const lati_orthogonal_update *update) {
  job call = {.update = update};
  lati_pool_run(device->pool, update_matrix, &call, update->count);
}
