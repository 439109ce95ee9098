#include "compute/gemm.h"

#include "base/alloc.h"
#include "compute/backend.h"
#include "compute/processor.h"

#include <blis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* BLIS reads BLIS_ARCH_TYPE from the environment when it initialises itself, and ends the process
 * when the value names a configuration that it was built without; nothing that can be done from
 * here keeps it from that. */

/* Tiles of C for the parallel product. A tile's height pays for reading B, its width for A. */
enum { TILE_ROWS = 192, TILE_COLS = 256 };

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* BLIS multiplies small matrices as they lie, and reads past the end of its operands: three
 * coefficients, but up to a row of A and a column of B where it takes A by rows and B by columns
 * (measured with the kernels of haswell, zen3 and skx). What may reach beyond the tail it shall
 * pack instead, which reads nothing past the end. */
static void keep_within_tail(rntm_t *runtime, int64_t lda, int64_t ldb, size_t element) {
  const int64_t far = (int64_t)(LATI_TAIL / element) - 16;
  if (lda > far || ldb > far) {
    bli_rntm_disable_l3_sup(runtime);
  }
}

/* What BLIS would abort on. */
static int well_formed(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                       int64_t lda, int64_t ldb, int64_t ldc) {
  return m > 0 && n > 0 && k >= 0 && ldc >= n && lda >= (transpose_a ? m : k) &&
         ldb >= (transpose_b ? k : n);
}

/* BLIS knows processors by name, and gives one that came after it plain loops. The system's BLIS
 * does not let others choose, and since version 2 none does. */
static arch_t best_kernels(void) {
  bli_init(); /* asked for its kernels before that, BLIS may end the process */
  const arch_t chosen = bli_arch_query_id();
#if defined(__x86_64__) && LATI_CHOOSES_BLIS_KERNELS
  if (chosen == BLIS_ARCH_GENERIC && lati_processor_here()->avx512) {
    return BLIS_ARCH_SKX;
  }
  if (chosen == BLIS_ARCH_GENERIC && lati_processor_here()->avx2) {
    return BLIS_ARCH_HASWELL;
  }
#endif
  return chosen;
}

/* Which is const or not, as is what takes it, by BLIS's version. */
static cntx_t *kernel_context(void) {
#if LATI_CHOOSES_BLIS_KERNELS
  return (cntx_t *)bli_gks_lookup_nat_cntx(best_kernels());
#else
  return NULL;
#endif
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
  inc_t a_row = (inc_t)(transpose_a ? 1 : lda), a_col = (inc_t)(transpose_a ? lda : 1);
  inc_t b_row = (inc_t)(transpose_b ? 1 : ldb), b_col = (inc_t)(transpose_b ? ldb : 1);
  rntm_t runtime = BLIS_RNTM_INITIALIZER;
  if (!transpose_a && transpose_b) {
    keep_within_tail(&runtime, lda, ldb, sizeof *a);
  }
  /* BLIS takes its inputs without const but only reads them. */
  bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)m, (dim_t)n, (dim_t)k, &alpha,
               (float *)a, a_row, a_col, (float *)b, b_row, b_col, &beta, c, (inc_t)ldc, 1,
               kernel_context(), &runtime);
}

void lati_gemm_f64(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                   const double *a, int64_t lda, const double *b, int64_t ldb, double beta,
                   double *c, int64_t ldc) {
  if (!well_formed(transpose_a, transpose_b, m, n, k, lda, ldb, ldc)) {
    return;
  }
  double one = 1;
  inc_t a_row = (inc_t)(transpose_a ? 1 : lda), a_col = (inc_t)(transpose_a ? lda : 1);
  inc_t b_row = (inc_t)(transpose_b ? 1 : ldb), b_col = (inc_t)(transpose_b ? ldb : 1);
  rntm_t runtime = BLIS_RNTM_INITIALIZER;
  if (!transpose_a && transpose_b) {
    keep_within_tail(&runtime, lda, ldb, sizeof *a);
  }
  bli_dgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)m, (dim_t)n, (dim_t)k, &one,
               (double *)a, a_row, a_col, (double *)b, b_row, b_col, &beta, c, (inc_t)ldc, 1,
               kernel_context(), &runtime);
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

static char description[64];
static pthread_once_t described = PTHREAD_ONCE_INIT;

static void describe(void) {
  const arch_t kernels = best_kernels();
  snprintf(description, sizeof description, "BLIS %s (%s)", bli_info_get_version_str(),
           bli_arch_string(kernels));
}

const char *lati_gemm_description(void) {
  pthread_once(&described, describe);
  return description;
}
