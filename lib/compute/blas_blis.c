/* Products by BLIS. The one file that sees blis.h. */
#include "base/alloc.h"
#include "base/context_impl.h"
#include "compute/blas.h"
#include "compute/processor.h"

#include <blis.h>
#include <pthread.h>
#include <stdio.h>

/* BLIS reads BLIS_ARCH_TYPE from the environment when it initialises itself, and ends the process
 * when the value names a configuration that it was built without; nothing that can be done from
 * here keeps it from that. */

/* Distances between the rows and between the columns of op(A) and op(B), and how they are read. */
typedef struct operands {
  inc_t a_row, a_col, b_row, b_col;
  rntm_t runtime;
} operands;

/* BLIS multiplies small matrices as they lie, and reads past the end of its operands: three
 * coefficients, but up to a row of A and a column of B where it takes A by rows and B by columns
 * (measured with the kernels of haswell, zen3 and skx). What may reach beyond the tail it shall
 * pack instead, which reads nothing past the end. */
static operands operands_as_stored(int transpose_a, int transpose_b, int64_t lda, int64_t ldb,
                                   size_t element) {
  operands x = {(inc_t)(transpose_a ? 1 : lda), (inc_t)(transpose_a ? lda : 1),
                (inc_t)(transpose_b ? 1 : ldb), (inc_t)(transpose_b ? ldb : 1),
                BLIS_RNTM_INITIALIZER};
  const int64_t far = (int64_t)(LATI_TAIL / element) - 16;
  if (!transpose_a && transpose_b && (lda > far || ldb > far)) {
    bli_rntm_disable_l3_sup(&x.runtime);
  }
  return x;
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

void lati_sgemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                int64_t ldc) {
  operands x = operands_as_stored(transpose_a, transpose_b, lda, ldb, sizeof *a);
  /* BLIS takes its inputs without const but only reads them. */
  bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)m, (dim_t)n, (dim_t)k, &alpha,
               (float *)a, x.a_row, x.a_col, (float *)b, x.b_row, x.b_col, &beta, c, (inc_t)ldc, 1,
               kernel_context(), &x.runtime);
}

void lati_dgemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, double alpha,
                const double *a, int64_t lda, const double *b, int64_t ldb, double beta, double *c,
                int64_t ldc) {
  operands x = operands_as_stored(transpose_a, transpose_b, lda, ldb, sizeof *a);
  bli_dgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)m, (dim_t)n, (dim_t)k, &alpha,
               (double *)a, x.a_row, x.a_col, (double *)b, x.b_row, x.b_col, &beta, c, (inc_t)ldc,
               1, kernel_context(), &x.runtime);
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
