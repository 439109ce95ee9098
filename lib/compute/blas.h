/* The BLAS behind compute/gemm.h: BLIS (blas_blis.c), or with LAT_CBLAS_LIBRARY any library that
 * has CBLAS's functions (blas_cblas.c). Compiled is the one that CMake was told. */
#ifndef LATI_BLAS_H
#define LATI_BLAS_H

#include <stdint.h>

/* C (m, n) = alpha op(A) op(B) + beta C as lati_gemm(), which has checked that m and n are
 * positive, k is not negative, and the leading dimensions fit. */
void lati_sgemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                int64_t ldc);

/* lati_sgemm() in f64. */
void lati_dgemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, double alpha,
                const double *a, int64_t lda, const double *b, int64_t ldb, double beta, double *c,
                int64_t ldc);

#endif
