/* Products by a library that has CBLAS's functions with integers of 32 bits, whatever it calls its
 * header: their interface is that of the BLAS Technical Forum (2001), appendix B. */
#include "compute/blas.h"
#include "base/context_impl.h"

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

extern void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k,
                        float alpha, const float *a, int lda, const float *b, int ldb, float beta,
                        float *c, int ldc);
extern void cblas_dgemm(int order, int transpose_a, int transpose_b, int m, int n, int k,
                        double alpha, const double *a, int lda, const double *b, int ldb,
                        double beta, double *c, int ldc);

/* Rows of C and terms of its sums that one call takes. Numbers of tokens and of vectors may exceed
 * an int; widths, and so the leading dimensions, do not. */
enum { PIECE = 1 << 30 };

static int piece(int64_t count) {
  return count < PIECE ? (int)count : PIECE;
}

static int operation(int transpose) {
  return transpose ? TRANSPOSE : NO_TRANSPOSE;
}

void lati_sgemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                int64_t ldc) {
  for (int64_t i = 0; i < m; i += PIECE) {
    for (int64_t l = 0; l == 0 || l < k; l += PIECE) {
      cblas_sgemm(ROW_MAJOR, operation(transpose_a), operation(transpose_b), piece(m - i), (int)n,
                  piece(k - l), alpha, a + (transpose_a ? l * lda + i : i * lda + l), (int)lda,
                  b + (transpose_b ? l : l * ldb), (int)ldb, l == 0 ? beta : 1.0F, c + i * ldc,
                  (int)ldc);
    }
  }
}

void lati_dgemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, double alpha,
                const double *a, int64_t lda, const double *b, int64_t ldb, double beta, double *c,
                int64_t ldc) {
  for (int64_t i = 0; i < m; i += PIECE) {
    for (int64_t l = 0; l == 0 || l < k; l += PIECE) {
      cblas_dgemm(ROW_MAJOR, operation(transpose_a), operation(transpose_b), piece(m - i), (int)n,
                  piece(k - l), alpha, a + (transpose_a ? l * lda + i : i * lda + l), (int)lda,
                  b + (transpose_b ? l : l * ldb), (int)ldb, l == 0 ? beta : 1.0, c + i * ldc,
                  (int)ldc);
    }
  }
}

const char *lati_gemm_description(void) {
  return "CBLAS (" LATI_CBLAS_NAME ")";
}
