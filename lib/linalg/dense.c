/* Products of small matrices in double precision, as plain loops over contiguous rows. */
#include "linalg/dense.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* row (n) += factor b_row (n). */
static void add_multiple(double *row, double factor, const double *b_row, int32_t n) {
  for (int32_t j = 0; j < n; ++j) {
    row[j] += factor * b_row[j];
  }
}

void lati_multiply(double *c, const double *a, const double *b, int32_t m, int32_t k, int32_t n) {
  memset(c, 0, (size_t)m * (size_t)n * sizeof *c);
  for (int32_t i = 0; i < m; ++i) {
    for (int32_t l = 0; l < k; ++l) {
      add_multiple(c + (size_t)i * (size_t)n, a[(size_t)i * (size_t)k + (size_t)l],
                   b + (size_t)l * (size_t)n, n);
    }
  }
}

void lati_multiply_transposed(double *c, const double *a, const double *b, int32_t m, int32_t k,
                              int32_t n) {
  memset(c, 0, (size_t)m * (size_t)n * sizeof *c);
  for (int32_t l = 0; l < k; ++l) {
    for (int32_t i = 0; i < m; ++i) {
      add_multiple(c + (size_t)i * (size_t)n, a[(size_t)l * (size_t)m + (size_t)i],
                   b + (size_t)l * (size_t)n, n);
    }
  }
}

double lati_orthonormality_defect(double *d, const double *x, int32_t m, int32_t n) {
  lati_multiply_transposed(d, x, x, n, m, n);
  for (int32_t i = 0; i < n * n; ++i) {
    d[i] = (i % (n + 1) == 0 ? 1 : 0) - d[i];
  }
  return lati_frobenius(d, (int64_t)n * n);
}

double lati_frobenius(const double *x, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    sum += x[i] * x[i];
  }
  return sqrt(sum);
}
