/* Products of small matrices in double precision, row-major packed. */
#ifndef LATI_DENSE_H
#define LATI_DENSE_H

#include <stdint.h>

/* c (m x n) = a (m x k) b (k x n). */
void lati_multiply(double *c, const double *a, const double *b, int32_t m, int32_t k, int32_t n);
/* c (m x n) = a^T b, where a is k x m and b is k x n. */
void lati_multiply_transposed(double *c, const double *a, const double *b, int32_t m, int32_t k,
                              int32_t n);
/* d (n x n) = I - x^T x, where x is m x n; returns its Frobenius norm. */
double lati_orthonormality_defect(double *d, const double *x, int32_t m, int32_t n);
/* sqrt(sum x^2); the squares must neither overflow nor matter below 1e-154. */
double lati_frobenius(const double *x, int64_t count);

#endif
