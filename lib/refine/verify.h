/* How far predicted eigenvalues or singular values are off, proven without the exact ones: by
 * Sylvester's law of inertia and bisection. All matrices are row-major packed. */
#ifndef LATI_VERIFY_H
#define LATI_VERIFY_H

#include "refine/certify.h"

#include <stddef.h>
#include <stdint.h>

/* low <= |P - T|_1 / |T|_1 <= high, T the exact values; 0 for P = T = 0, infinity where T alone is
 * 0. */
typedef struct lati_error_bounds {
  double low, high;
} lati_error_bounds;

/* What to find out. */
typedef struct lati_question {
  double tolerance; /* bounds are narrowed until they decide on which side of it the error lies */
  double sharpness; /* and until they differ by this part of the upper one; infinity: not */
} lati_question;

/* Values (n, descending) of symmetric a (n x n): of its symmetric part, which is within rounding.
 */
lati_error_bounds lati_verify_eigenvalues(const double *values, const double *a, int32_t n,
                                          const lati_question *question, double *work);
size_t lati_verify_eigenvalues_work(int32_t n);

/* Values (min(rows, cols), descending) of a: the largest eigenvalues of [0 a; a^T 0]. */
lati_error_bounds lati_verify_singular_values(const double *values, const double *a, int32_t rows,
                                              int32_t cols, const lati_question *question,
                                              double *work);
size_t lati_verify_singular_values_work(int32_t rows, int32_t cols);

/* Certificates of values alone: descending, singular values >= 0, and every |P_i - T_i| / |a|_F at
 * most `bound`, which is at most the tolerance. Work as above. */
lati_certificate lati_certify_eigenvalues(const double *values, const double *a, int32_t n,
                                          double tolerance, double *work);
lati_certificate lati_certify_singular_values(const double *values, const double *a, int32_t rows,
                                              int32_t cols, double tolerance, double *work);

#endif
