/* Updates of matrices by the orthogonal factor of their momentum, a task for each matrix. */
#ifndef LATI_ORTHOGONAL_UPDATE_H
#define LATI_ORTHOGONAL_UPDATE_H

#include "base/context_impl.h"

#include <stddef.h>
#include <stdint.h>

/* A matrix inside the flat vectors. */
typedef struct lati_orthogonal_matrix {
  size_t offset;
  int32_t rows, cols;
  int32_t rank;  /* who finds its factor, where the matrices are shared out */
  size_t factor; /* place of its orthogonal factor among all of them */
} lati_orthogonal_matrix;

typedef struct lati_orthogonal_update {
  const lati_orthogonal_matrix *matrices;
  int32_t count;
  int32_t bf16; /* operands of most products are rounded, as lati_orthogonalise() has it */
  float *parameters, *gradients, *momentum, *scratch; /* flat vectors of one layout */
  float *factors; /* of all matrices, which are there already; NULL: each is found in scratch */
  float *work;    /* work_size floats for each worker: the most that a matrix takes */
  size_t work_size;
  double rate, keep, decay, scale; /* keep: of the momentum; scale: of the gradient */
} lati_orthogonal_update;

/* The factors of the matrices of one rank, from copies of gradient and momentum: overwrites their
 * parts of `factors` and `scratch`. */
void lati_orthogonal_factors(const lati_device *device, const lati_orthogonal_update *update,
                             int32_t rank);

/* For each matrix P (rows, cols) with gradient G:
 *   M = keep M + scale G;  U = scale G + keep M
 *   P -= rate (sqrt(max(1, rows / cols)) O + decay P),  O = the orthogonal factor of U
 * and G is set to zero. Without `factors` its part of scratch is overwritten. */
void lati_orthogonal_update_matrices(const lati_device *device,
                                     const lati_orthogonal_update *update);

#endif
