#include "compute/gemm.h"

#include "base/alloc.h"
#include "compute/backend.h"
#include "compute/blas.h"

#include <stdatomic.h>

/* Tiles of C for the parallel product. A tile's height pays for reading B, its width for A. */
enum { TILE_ROWS = 192, TILE_COLS = 256 };

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* A BLAS may end the process when it is not. */
static int well_formed(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                       int64_t lda, int64_t ldb, int64_t ldc) {
  return m > 0 && n > 0 && k >= 0 && ldc >= n && lda >= (transpose_a ? m : k) &&
         ldb >= (transpose_b ? k : n);
}

static void scale_rows(int64_t m, int64_t n, float beta, float *c, int64_t ldc) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      c[i * ldc + j] = beta == 0.0F ? 0.0F : beta * c[i * ldc + j];
    }
  }
}

void lati_gemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
               const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
               int64_t ldc) {
  if (!well_formed(transpose_a, transpose_b, m, n, k, lda, ldb, ldc)) {
    return;
  }
  if (k == 0) {
    scale_rows(m, n, beta, c, ldc);
    return;
  }
  lati_sgemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void lati_gemm_f64(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                   const double *a, int64_t lda, const double *b, int64_t ldb, double beta,
                   double *c, int64_t ldc) {
  if (!well_formed(transpose_a, transpose_b, m, n, k, lda, ldb, ldc)) {
    return;
  }
  lati_dgemm(transpose_a, transpose_b, m, n, k, 1.0, a, lda, b, ldb, beta, c, ldc);
}

typedef struct product {
  int transpose_a, transpose_b;
  int64_t m, n, k, lda, ldb, ldc, tiles_across;
  const float *a, *b;
  float *c;
  float alpha, beta;
} product;

static void product_tile(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const product *p = argument;
  int64_t i = task / p->tiles_across * TILE_ROWS, j = task % p->tiles_across * TILE_COLS;
  lati_gemm(p->transpose_a, p->transpose_b, least(TILE_ROWS, p->m - i), least(TILE_COLS, p->n - j),
            p->k, p->alpha, p->a + i * (p->transpose_a ? 1 : p->lda), p->lda,
            p->b + j * (p->transpose_b ? p->ldb : 1), p->ldb, p->beta, p->c + i * p->ldc + j,
            p->ldc);
}

void lati_gemm_parallel(const lati_device *device, int transpose_a, int transpose_b, int64_t m,
                        int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                        const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  if (!well_formed(transpose_a, transpose_b, m, n, k, lda, ldb, ldc)) {
    return;
  }
  product p = {.transpose_a = transpose_a,
               .transpose_b = transpose_b,
               .m = m,
               .n = n,
               .k = k,
               .lda = lda,
               .ldb = ldb,
               .ldc = ldc,
               .a = a,
               .b = b,
               .c = c,
               .alpha = alpha,
               .beta = beta};
  p.tiles_across = (n + TILE_COLS - 1) / TILE_COLS;
  lati_pool_run(device->pool, product_tile, &p, (m + TILE_ROWS - 1) / TILE_ROWS * p.tiles_across);
}

/* Beyond the sizes for which BLIS multiplies without packing, so that its pools of memory fill. */
enum { WARM_UP_ROWS = 600, WARM_UP_COLS = 300 };

/* The pools are the process's, and filled once. */
static atomic_int warmed;

lat_status lati_gemm_warm_up(const lat_context *ctx) {
  float *x = NULL;
  lat_status status = LAT_OK;
  if (atomic_load(&warmed)) {
    return LAT_OK;
  }
  LATI_TRY(LATI_NEW(x, ctx, 3 * WARM_UP_ROWS * WARM_UP_COLS));
  float *b = x + WARM_UP_ROWS * WARM_UP_COLS, *c = b + WARM_UP_COLS * WARM_UP_COLS;
  lati_gemm(0, 0, WARM_UP_ROWS, WARM_UP_COLS, WARM_UP_COLS, 1.0F, x, WARM_UP_COLS, b, WARM_UP_COLS,
            0.0F, c, WARM_UP_COLS);
  atomic_store(&warmed, 1);
done:
  lati_free(x);
  return status;
}
