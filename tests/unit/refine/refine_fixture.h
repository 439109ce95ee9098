/* Random matrices of given spectra, for the tests of refinement. */
#ifndef LAT_TESTS_REFINE_FIXTURE_H
#define LAT_TESTS_REFINE_FIXTURE_H

#include "linalg/lapack.h"

#include "check_quietly.h"
#include <math.h>

enum { MOST = 12 * 12 };

static uint64_t bits = 88172645463325252u;

static inline double normal(void) {
  double sum = 0;
  for (int i = 0; i < 12; ++i) {
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    sum += (double)(bits >> 11) * 0x1p-53;
  }
  return sum - 6;
}

static inline void fill(double *x, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    x[i] = normal();
  }
}

/* q (n x n): the eigenvectors of a random symmetric matrix. */
static inline void random_orthogonal(double *q, int32_t n) {
  static double lapack_work[4000];
  double values[12];
  fill(q, n * n);
  ck_assert_int_eq(lati_lapack_syevd(q, values, n, 1, lapack_work), LAT_OK);
}

/* a = q diag(values) q^T, exactly symmetric. */
static inline void symmetric_of(double *a, const double *q, const double *values, int32_t n) {
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (int32_t k = 0; k < n; ++k) {
        sum += q[i * n + k] * values[k] * q[j * n + k];
      }
      a[i * n + j] = a[j * n + i] = sum;
    }
  }
}

/* Spectra that are hard in one way each; n values, of size about 1. */
enum { RANDOM, REPEATED, CLUSTERED, CLOSE, GRADED, DEFICIENT, ALL_EQUAL, ZERO, SPECTRA };

static inline void spectrum(double *values, int32_t n, int32_t kind) {
  for (int32_t i = 0; i < n; ++i) {
    const double choices[SPECTRA] = {normal(),
                                     i / 2,
                                     1 + i / 2 + 1e-6 * normal(),
                                     1 + 1e-10 * normal(),
                                     pow(10, -12.0 * i / n),
                                     i < n / 2 ? 0 : 1 + i,
                                     2,
                                     0};
    values[i] = choices[kind];
  }
}

#endif
