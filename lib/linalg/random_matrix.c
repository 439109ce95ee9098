#include "linalg/random_matrix.h"

#include "linalg/lapack.h"

#include <math.h>

double lati_coefficients_deviation(const lati_coefficients *coefficients) {
  return coefficients->range / sqrt(3);
}

void lati_random_fill(double *values, size_t count, const lati_coefficients *coefficients,
                      lat_random *random) {
  if (coefficients->gaussian) {
    const double deviation = lati_coefficients_deviation(coefficients);
    for (size_t i = 0; i < count; ++i) {
      values[i] = deviation * lat_random_normal(random);
    }
    return;
  }
  const double width = 2 * coefficients->range;
  for (size_t i = 0; i < count; ++i) {
    values[i] = width * lat_random_uniform(random) - coefficients->range;
  }
}

void lati_random_bias_signs(double *a, int32_t rows, int32_t cols, int symmetric,
                            lat_random *random) {
  for (int32_t i = 0; i < rows; ++i) {
    for (int32_t j = 0; j < (symmetric ? i + 1 : cols); ++j) {
      double *entry = a + (size_t)i * (size_t)cols + (size_t)j;
      if (lat_random_uniform(random) < 0.75) {
        *entry = fabs(*entry);
      }
      if (symmetric) {
        a[(size_t)j * (size_t)cols + (size_t)i] = *entry;
      }
    }
  }
}

/* Wigner: coefficients i.i.d. on and below the diagonal, mirrored above. */
static void fill_wigner(double *a, int32_t n, const lati_coefficients *coefficients,
                        lat_random *random) {
  for (int32_t i = 0; i < n; ++i) {
    double *row = a + (size_t)i * (size_t)n;
    lati_random_fill(row, (size_t)i + 1, coefficients, random);
    for (int32_t j = 0; j < i; ++j) {
      a[(size_t)j * (size_t)n + (size_t)i] = row[j];
    }
  }
}

/* a_ij = sum_k d_k m_ki m_kj over the rows of m, d NULL meaning ones; mirrored, so that a is
 * exactly symmetric. */
static void fill_congruence(double *a, const double *m, const double *d, int32_t n) {
  const size_t width = (size_t)n;
  for (size_t i = 0; i < width; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (size_t k = 0; k < width; ++k) {
        sum += (d == NULL ? 1 : d[k]) * m[k * width + i] * m[k * width + j];
      }
      a[i * width + j] = sum;
      a[j * width + i] = sum;
    }
  }
}

/* M^T M with coefficients of M on +- sqrt(range). */
static void fill_marcenko(double *a, int32_t n, const lati_coefficients *coefficients,
                          lat_random *random, double *work) {
  const lati_coefficients factor = {coefficients->gaussian, sqrt(coefficients->range)};
  lati_random_fill(work, (size_t)n * (size_t)n, &factor, random);
  fill_congruence(a, work, NULL, n);
}

size_t lati_random_symmetric_work(int32_t n) {
  return (size_t)n * ((size_t)n + 1) + lati_lapack_work(n, n);
}

/* S = V diag(w) V^T is drawn, w replaced, and S formed again. LAPACK's column-major V is V^T read
 * by rows, which is the factor that fill_congruence() takes. */
lat_status lati_random_symmetric(double *a, int32_t n, const lati_coefficients *coefficients,
                                 lati_spectrum spectrum, lat_random *random, double *work) {
  if (spectrum == LATI_SPECTRUM_MARCENKO) {
    fill_marcenko(a, n, coefficients, random, work);
    return LAT_OK;
  }
  if (spectrum == LATI_SPECTRUM_SEMICIRCLE) {
    fill_wigner(a, n, coefficients, random);
    return LAT_OK;
  }
  double *vectors = work;
  double *eigenvalues = vectors + (size_t)n * (size_t)n;
  fill_wigner(vectors, n, coefficients, random);
  const lat_status status = lati_lapack_syevd(vectors, eigenvalues, n, 1, eigenvalues + n);
  if (status != LAT_OK) {
    return status;
  }
  const double sigma = sqrt((double)n) * lati_coefficients_deviation(coefficients);
  lati_spectrum_replace(eigenvalues, n, spectrum, sigma, random);
  fill_congruence(a, vectors, eigenvalues, n);
  return LAT_OK;
}
