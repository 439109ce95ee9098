#include "base/alloc.h"
#include "linalg/lapack.h"
#include "linalg/random_matrix.h"
#include "suite.h"

#include <math.h>

enum { SIZE = 20, MATRICES = 200, COUNT = SIZE * SIZE };

static const lati_coefficients uniform = {0, 10}, gaussian = {1, 10};

typedef struct statistics {
  double mean, deviation, low, high;
} statistics;

static statistics describe(const double *values, size_t count) {
  statistics s = {.low = (double)INFINITY, .high = -(double)INFINITY};
  double squares = 0;
  for (size_t i = 0; i < count; ++i) {
    s.mean += values[i] / (double)count;
    squares += values[i] * values[i] / (double)count;
    s.low = fmin(s.low, values[i]);
    s.high = fmax(s.high, values[i]);
  }
  s.deviation = sqrt(squares - s.mean * s.mean);
  return s;
}

START_TEST(coefficients_have_their_moments) {
  static double values[100000];
  const double deviation = 10 / sqrt(3);
  lat_random random;
  lati_random_start(&random, 1, 0, 0);
  lati_random_fill(values, 100000, &uniform, &random);
  statistics s = describe(values, 100000);
  ck_assert_double_eq_tol(s.mean, 0, 0.1);
  ck_assert_double_eq_tol(s.deviation, deviation, 0.05);
  ck_assert_double_ge(s.low, -10);
  ck_assert_double_lt(s.low, -9.99);
  ck_assert_double_lt(s.high, 10);
  ck_assert_double_gt(s.high, 9.99);
  lati_random_fill(values, 100000, &gaussian, &random);
  s = describe(values, 100000);
  ck_assert_double_eq_tol(s.mean, 0, 0.1);
  ck_assert_double_eq_tol(s.deviation, deviation, 0.05);
  ck_assert_double_gt(s.high, 3 * deviation);
  ck_assert_double_eq(lati_coefficients_deviation(&gaussian), deviation);
}
END_TEST

/* Eigenvalues of MATRICES random matrices, each checked to be exactly symmetric. */
static void eigenvalues_of(double *eigenvalues, const lati_coefficients *coefficients,
                           lati_spectrum spectrum) {
  double *a = NULL, *work = NULL;
  ck_assert_int_eq(LATI_NEW(a, NULL, COUNT), LAT_OK);
  ck_assert_int_eq(LATI_NEW(work, NULL, lati_random_symmetric_work(SIZE)), LAT_OK);
  for (int k = 0; k < MATRICES; ++k) {
    lat_random random;
    lati_random_start(&random, 2, (uint32_t)spectrum, (uint64_t)k);
    ck_assert_int_eq(lati_random_symmetric(a, SIZE, coefficients, spectrum, &random, work), LAT_OK);
    for (int i = 0; i < COUNT; ++i) {
      ck_assert_double_eq(a[i], a[(i % SIZE) * SIZE + i / SIZE]);
    }
    ck_assert_int_eq(lati_lapack_syevd(a, eigenvalues + k * SIZE, SIZE, 0, work), LAT_OK);
  }
  lati_free(a);
  lati_free(work);
}

static statistics spectrum_of(const lati_coefficients *coefficients, lati_spectrum spectrum) {
  static double eigenvalues[MATRICES * SIZE];
  eigenvalues_of(eigenvalues, coefficients, spectrum);
  return describe(eigenvalues, MATRICES * SIZE);
}

/* Wigner's law: standard deviation sigma = sqrt(n) 10 / sqrt 3, edges at +- 2 sigma. */
START_TEST(semicircle) {
  const double sigma = sqrt(SIZE) * 10 / sqrt(3);
  const statistics s = spectrum_of(&uniform, LATI_SPECTRUM_SEMICIRCLE);
  ck_assert_double_eq_tol(s.deviation, sigma, 0.02 * sigma);
  ck_assert_double_eq_tol(s.mean, 0, 0.05 * sigma);
  ck_assert_double_gt(s.high, 1.8 * sigma);
  ck_assert_double_lt(s.high, 2.5 * sigma);
  const statistics g = spectrum_of(&gaussian, LATI_SPECTRUM_SEMICIRCLE);
  ck_assert_double_eq_tol(g.deviation, sigma, 0.02 * sigma);
}
END_TEST

START_TEST(spectra_of_the_same_deviation) {
  const double sigma = sqrt(SIZE) * 10 / sqrt(3);
  const lati_spectrum about_zero[] = {LATI_SPECTRUM_UNIFORM, LATI_SPECTRUM_GAUSSIAN,
                                      LATI_SPECTRUM_LAPLACE};
  for (int i = 0; i < 3; ++i) {
    const statistics s = spectrum_of(&uniform, about_zero[i]);
    ck_assert_double_eq_tol(s.mean, 0, 0.08 * sigma);
    ck_assert_double_eq_tol(s.deviation, sigma, 0.06 * sigma);
  }
  const statistics bounded = spectrum_of(&uniform, LATI_SPECTRUM_UNIFORM);
  ck_assert_double_le(bounded.high, sigma * sqrt(3) + 1e-9);
  ck_assert_double_ge(bounded.low, -sigma * sqrt(3) - 1e-9);
}
END_TEST

/* E|semicircle| = 8 sigma / (3 pi); E|laplace| = sigma / sqrt 2. */
START_TEST(positive_spectra) {
  const double sigma = sqrt(SIZE) * 10 / sqrt(3);
  statistics s = spectrum_of(&uniform, LATI_SPECTRUM_POSITIVE);
  ck_assert_double_ge(s.low, -1e-9);
  ck_assert_double_eq_tol(s.mean, 8 * sigma / (3 * acos(-1)), 0.02 * sigma);
  s = spectrum_of(&uniform, LATI_SPECTRUM_POSITIVE2);
  ck_assert_double_ge(s.low, -1e-9);
  ck_assert_double_eq_tol(s.mean, sigma / sqrt(2), 0.05 * sigma);
}
END_TEST

/* M^T M, M's coefficients of variance 10 / 3: support [0, 4 n 10 / 3], mean n 10 / 3, and second
 * moment twice the mean's square. */
START_TEST(marchenko_pastur) {
  const double mean = SIZE * 10 / 3.0;
  const statistics s = spectrum_of(&uniform, LATI_SPECTRUM_MARCENKO);
  ck_assert_double_ge(s.low, -1e-9);
  ck_assert_double_lt(s.high, 4.6 * mean);
  ck_assert_double_gt(s.high, 3.5 * mean);
  ck_assert_double_eq_tol(s.mean, mean, 0.02 * mean);
  ck_assert_double_eq_tol(s.deviation, mean, 0.05 * mean);
}
END_TEST

START_TEST(one_by_one) {
  double a = 0, *work = NULL;
  ck_assert_int_eq(LATI_NEW(work, NULL, lati_random_symmetric_work(1)), LAT_OK);
  for (int32_t spectrum = 0; spectrum < LATI_SPECTRUM_COUNT; ++spectrum) {
    lat_random random;
    lati_random_start(&random, 3, 0, 0);
    ck_assert_int_eq(lati_random_symmetric(&a, 1, &uniform, (lati_spectrum)spectrum, &random, work),
                     LAT_OK);
    ck_assert(isfinite(a) && a != 0);
  }
  lati_free(work);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {coefficients_have_their_moments,
                                semicircle,
                                spectra_of_the_same_deviation,
                                positive_spectra,
                                marchenko_pastur,
                                one_by_one,
                                NULL};
  return run_suite("random_matrix", tests);
}
