/* Householder reflections H = I - 2 v v^T, |v| = 1, which are orthogonal, symmetric and their own
 * inverses. */
#ifndef LATI_REFLECTION_H
#define LATI_REFLECTION_H

#include "linalg/matrix.h"

#include <lat/task.h>

/* A direction v of n components, evenly spread over the sphere. */
void lati_reflection_draw(double *v, int32_t n, lat_random *random);

/* A becomes H A, and A H. */
void lati_reflect_rows(const lat_matrix *a, const double *v);
void lati_reflect_cols(const lat_matrix *a, const double *v);

#endif
