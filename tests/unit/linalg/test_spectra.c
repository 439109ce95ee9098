#include "linalg/spectra.h"
#include "suite.h"

#include <math.h>
#include <string.h>

START_TEST(names) {
  static const char *const expected[] = {"semicircle", "positive",  "uniform", "gaussian",
                                         "laplace",    "positive2", "marcenko"};
  for (int32_t i = 0; i < LATI_SPECTRUM_COUNT; ++i) {
    ck_assert_str_eq(lati_spectrum_name(i), expected[i]);
  }
  ck_assert_ptr_null(lati_spectrum_name(-1));
  ck_assert_ptr_null(lati_spectrum_name(LATI_SPECTRUM_COUNT));
}
END_TEST

START_TEST(reads_mixtures) {
  lati_spectra spectra;
  ck_assert_int_eq(lati_spectra_parse(&spectra, "laplace"), LAT_OK);
  ck_assert_int_eq(spectra.count, 1);
  ck_assert_int_eq(spectra.index[0], LATI_SPECTRUM_LAPLACE);
  ck_assert_double_eq(spectra.cumulative[0], 1);
  ck_assert_int_eq(lati_spectra_parse(&spectra, "marcenko:0.5,positive,uniform:2.5"), LAT_OK);
  ck_assert_int_eq(spectra.count, 3);
  ck_assert_int_eq(spectra.index[0], LATI_SPECTRUM_MARCENKO);
  ck_assert_int_eq(spectra.index[1], LATI_SPECTRUM_POSITIVE);
  ck_assert_int_eq(spectra.index[2], LATI_SPECTRUM_UNIFORM);
  ck_assert_double_eq(spectra.cumulative[0], 0.125);
  ck_assert_double_eq(spectra.cumulative[1], 0.375);
  ck_assert_double_eq(spectra.cumulative[2], 1);
  ck_assert_int_eq(lati_spectra_parse(&spectra, "semicircle,positive,uniform,gaussian,laplace,"
                                                "positive2,marcenko"),
                   LAT_OK);
  ck_assert_int_eq(spectra.count, LATI_SPECTRUM_COUNT);
}
END_TEST

START_TEST(refuses_bad_mixtures) {
  static const struct {
    const char *text;
    lat_status status;
    const char *message;
  } cases[] = {
      {"", LAT_ERROR_NOT_FOUND, "no distribution ''"},
      {"cauchy", LAT_ERROR_NOT_FOUND, "no distribution 'cauchy'; there are semicircle"},
      {"laplace,", LAT_ERROR_NOT_FOUND, "no distribution ''"},
      {"laplac", LAT_ERROR_NOT_FOUND, "'laplac'"},
      {"laplace,uniform,laplace", LAT_ERROR_ARGUMENT, "'laplace' is given twice"},
      {"laplace:", LAT_ERROR_ARGUMENT, "not a positive number"},
      {"laplace:0", LAT_ERROR_ARGUMENT, "not a positive number: '0'"},
      {"laplace:-1", LAT_ERROR_ARGUMENT, "not a positive number"},
      {"laplace:nan", LAT_ERROR_ARGUMENT, "not a positive number"},
      {"laplace:inf", LAT_ERROR_ARGUMENT, "not a positive number"},
      {"laplace:1x", LAT_ERROR_ARGUMENT, "not a positive number"},
      {"laplace:1,5:2", LAT_ERROR_NOT_FOUND, "no distribution '5'"},
      {"laplace:1e308,uniform:1e308", LAT_ERROR_ARGUMENT, "sum of the weights"},
      {"semicircle,positive,uniform,gaussian,laplace,positive2,marcenko,marcenko",
       LAT_ERROR_ARGUMENT, "'marcenko' is given twice"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    lati_spectra spectra;
    ck_assert_msg(lati_spectra_parse(&spectra, cases[i].text) == cases[i].status, "'%s'",
                  cases[i].text);
    ck_assert_msg(strstr(lat_last_error(), cases[i].message) != NULL, "'%s': '%s'", cases[i].text,
                  lat_last_error());
  }
}
END_TEST

START_TEST(weights_become_shares) {
  const double weights[3] = {1, 2, 5};
  double cumulative[3];
  int counts[3] = {0};
  enum { DRAWS = 40000 };
  ck_assert_int_eq(lati_weights_accumulate(cumulative, weights, 3), LAT_OK);
  lat_random random;
  lati_random_start(&random, 5, 0, 0);
  for (int i = 0; i < DRAWS; ++i) {
    ++counts[lati_weights_draw(cumulative, 3, &random)];
  }
  for (int i = 0; i < 3; ++i) {
    const double p = weights[i] / 8;
    ck_assert_double_eq_tol(counts[i], p * DRAWS, 5 * sqrt(DRAWS * p * (1 - p)));
  }
  const double bad[2] = {1, -1};
  ck_assert_int_eq(lati_weights_accumulate(cumulative, bad, 2), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "weight 2 is -1, not positive and finite");
}
END_TEST

typedef struct moments {
  double mean, variance, kurtosis, low, high;
} moments;

/* Moments of replaced eigenvalues; those of the semicircle they replace alternate in sign. */
static moments measure(lati_spectrum spectrum, double sigma) {
  enum { DRAWS = 200000, SIZE = 50 };
  double sums[5] = {0}, values[SIZE];
  moments m = {.low = (double)INFINITY, .high = -(double)INFINITY};
  lat_random random;
  lati_random_start(&random, 9, 0, (uint64_t)spectrum);
  for (int i = 0; i < DRAWS / SIZE; ++i) {
    for (int j = 0; j < SIZE; ++j) {
      values[j] = j % 2 == 0 ? -3 : 2;
    }
    lati_spectrum_replace(values, SIZE, spectrum, sigma, &random);
    for (int j = 0; j < SIZE; ++j) {
      for (int power = 1; power <= 4; ++power) {
        sums[power] += pow(values[j], power) / DRAWS;
      }
      m.low = fmin(m.low, values[j]);
      m.high = fmax(m.high, values[j]);
    }
  }
  m.mean = sums[1];
  m.variance = sums[2] - sums[1] * sums[1];
  m.kurtosis = sums[4] / (sums[2] * sums[2]); /* about zero */
  return m;
}

/* All spectra about zero have standard deviation sigma; fourth moments tell them apart: uniform
 * 9/5, gaussian 3, laplace 6. */
START_TEST(spectra_have_their_moments) {
  const double sigma = 4;
  static const struct {
    lati_spectrum spectrum;
    double kurtosis, tolerance;
  } cases[] = {{LATI_SPECTRUM_UNIFORM, 1.8, 0.03},
               {LATI_SPECTRUM_GAUSSIAN, 3, 0.1},
               {LATI_SPECTRUM_LAPLACE, 6, 0.4}};
  for (int i = 0; i < 3; ++i) {
    const moments m = measure(cases[i].spectrum, sigma);
    ck_assert_double_eq_tol(m.mean, 0, 5 * sigma / sqrt(200000));
    ck_assert_double_eq_tol(sqrt(m.variance), sigma, 0.05);
    ck_assert_double_eq_tol(m.kurtosis, cases[i].kurtosis, cases[i].tolerance);
  }
  const moments uniform = measure(LATI_SPECTRUM_UNIFORM, sigma);
  ck_assert_double_eq_tol(uniform.low, -sigma * sqrt(3), 0.01);
  ck_assert_double_eq_tol(uniform.high, sigma * sqrt(3), 0.01);
}
END_TEST

START_TEST(positive_spectra_are_positive) {
  const moments folded = measure(LATI_SPECTRUM_POSITIVE, 4);
  ck_assert_double_eq(folded.low, 2);
  ck_assert_double_eq(folded.high, 3);
  const moments laplace = measure(LATI_SPECTRUM_POSITIVE2, 4);
  ck_assert_double_ge(laplace.low, 0);
  ck_assert_double_eq_tol(laplace.mean, 4 / sqrt(2), 0.05); /* an exponential of that scale */
  const moments semicircle = measure(LATI_SPECTRUM_SEMICIRCLE, 4);
  ck_assert_double_eq(semicircle.low, -3);
  ck_assert_double_eq(semicircle.high, 2);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {names,
                                reads_mixtures,
                                refuses_bad_mixtures,
                                weights_become_shares,
                                spectra_have_their_moments,
                                positive_spectra_are_positive,
                                NULL};
  return run_suite("spectra", tests);
}
