/* Sylvester's law of inertia as a proof: a factorisation of S - sigma I tells how many eigenvalues
 * of S lie below sigma, up to its own measured error. */
#ifndef LATI_INERTIA_H
#define LATI_INERTIA_H

#include "base/error.h"

#include <stdint.h>

typedef struct lati_inertia {
  int32_t negative, zero; /* of the factor D */
  double error; /* the smallest `negative` + `zero` eigenvalues of S lie at or below sigma + error,
                   the largest n - `negative` at or above sigma - error; infinity: nothing known */
} lati_inertia;

/* s (n x n, symmetric, row-major packed); its squares must neither overflow nor matter below
 * 1e-290. work: lati_inertia_work() doubles. */
void lati_inertia_of(lati_inertia *out, const double *s, int32_t n, double sigma, double *work);
size_t lati_inertia_work(int32_t n);

#endif
