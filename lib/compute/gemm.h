/* Matrix products in f32 and f64 by the BLAS behind compute/blas.h. Sizes are validated before it
 * is called (BLIS aborts on bad ones). */
#ifndef LATI_GEMM_H
#define LATI_GEMM_H

#include "base/context_impl.h"

#include <stdint.h>

/* C (m, n) = alpha op(A) op(B) + beta C, row-major with leading dimensions; op transposes when the
 * flag is set. One thread. Operands lie in memory with LATI_TAIL readable bytes behind their arena.
 */
void lati_gemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
               const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
               int64_t ldc);

/* C (m, n) = op(A) op(B) + beta C in f64; otherwise as lati_gemm(). */
void lati_gemm_f64(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                   const double *a, int64_t lda, const double *b, int64_t ldb, double beta,
                   double *c, int64_t ldc);

/* lati_gemm() on the pool: C is cut into tiles fixed by its shape. */
void lati_gemm_parallel(const lati_device *device, int transpose_a, int transpose_b, int64_t m,
                        int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                        const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

/* Initialises the BLAS and fills its pools for one thread, once a process (called when a context is
 * created). */
lat_status lati_gemm_warm_up(const lat_context *ctx);

#endif
