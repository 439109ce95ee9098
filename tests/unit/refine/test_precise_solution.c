/* Inverses and solutions beyond double precision are right to the last digit or refused, and
 * singular matrices are told from nearly singular ones. */
#include "refine/precise_solution.h"
#include "refine/singular.h"
#include "refine_fixture.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static double work[4000];

static lat_status invert(double *x, lati_certificate *certificate, const double *a, int32_t n) {
  ck_assert_uint_le(lati_precise_inverse_work(n), sizeof work / sizeof *work);
  return lati_precise_inverse(x, certificate, a, n, 1e-12, work);
}

/* [c c+1; c-1 c] has determinant 1: its condition number is about 4 c^2. */
START_TEST(an_inverse_of_integers_is_exact) {
  for (double c = 1; c <= 0x1p46; c *= 2) {
    const double a[] = {c, c + 1, c - 1, c}, exact[] = {c, -c - 1, 1 - c, c};
    double x[4];
    lati_certificate certificate;
    ck_assert_int_eq(invert(x, &certificate, a, 2), LAT_OK);
    ck_assert_mem_eq(x, exact, sizeof x);
    ck_assert_int_eq(certificate.certified, 1);
    ck_assert_double_le(certificate.bound, 1e-16);
  }
}
END_TEST

/* The same matrices with right-hand sides of two integer solutions, one of which is far smaller
 * than |A^-1| |b|, and of one that is zero. */
START_TEST(solutions_of_integers_are_exact) {
  for (double c = 4; c <= 0x1p40; c *= 2) {
    const double a[] = {c, c + 1, c - 1, c}, exact[] = {3, 1 - c, 0, -2, c, 0};
    const double b[] = {c - 2, 2 * c, 0, c - 3, 2 * c - 1, 0};
    double x[6];
    lati_certificate certificate;
    ck_assert_uint_le(lati_precise_solution_work(2, 3), sizeof work / sizeof *work);
    ck_assert_int_eq(lati_precise_solution(x, &certificate, a, b, 2, 3, 1e-12, work), LAT_OK);
    for (int i = 0; i < 6; ++i) {
      ck_assert_double_eq(x[i], exact[i]);
    }
    ck_assert_double_le(certificate.bound, 1e-15);
  }
}
END_TEST

START_TEST(right_sides_of_any_scale_zero_and_too_large) {
  const double a[] = {2e200, 0, 0, 3e-95}, b[] = {4e300, 6e-300}, zeros[] = {0, 0};
  const double large[] = {1, 1e300};
  double x[2];
  lati_certificate certificate;
  ck_assert_int_eq(lati_precise_solution(x, &certificate, a, b, 2, 1, 1e-12, work), LAT_OK);
  ck_assert_double_le(fabs(x[0] / 2e100 - 1), 1e-15);
  ck_assert_double_le(fabs(x[1] / 2e-205 - 1), 1e-15);
  ck_assert_int_eq(lati_precise_solution(x, &certificate, a, zeros, 2, 1, 1e-12, work), LAT_OK);
  ck_assert(x[0] == 0 && x[1] == 0 && certificate.bound == 0);
  ck_assert_int_eq(lati_precise_solution(x, &certificate, a, large, 2, 1, 1e-12, work),
                   LAT_ERROR_NUMERIC);
}
END_TEST

START_TEST(rows_and_columns_of_any_scale) {
  const double a[] = {2e200, 1e-100, 1e205,
                      3e-95}; /* rows by 1 and 1e5, columns by 1e200, 1e-100 */
  double x[4];
  lati_certificate certificate;
  ck_assert_int_eq(invert(x, &certificate, a, 2), LAT_OK);
  const double exact[] = {3.0 / 5 * 1e-200, -1.0 / 5 * 1e-205, -1.0 / 5 * 1e100, 2.0 / 5 * 1e95};
  for (int i = 0; i < 4; ++i) {
    ck_assert_double_le(fabs(x[i] / exact[i] - 1), 1e-15);
  }
}
END_TEST

START_TEST(an_inverse_that_doubles_cannot_hold_is_refused) {
  const double a[] = {1e-310, 0, 0, 1};
  double x[4];
  lati_certificate certificate;
  ck_assert_int_eq(invert(x, &certificate, a, 2), LAT_ERROR_NUMERIC);
}
END_TEST

/* Determinants of 1 beyond 106 bits: not proven to be singular, because they are not. */
START_TEST(what_cannot_be_proven_is_not_called_singular) {
  const double c = 0x1p52, a[] = {c, c + 1, c - 1, c};
  const double wide[] = {1, 1e-300, 1e300, 2}; /* determinant 1 */
  double x[4];
  lati_certificate certificate;
  const lat_status status = invert(x, &certificate, a, 2);
  ck_assert(status == LAT_ERROR_LIMIT || (status == LAT_OK && x[0] == c));
  ck_assert_int_ne(invert(x, &certificate, wide, 2), LAT_ERROR_NUMERIC);
}
END_TEST

/* The last row becomes a sum of two others, exactly: all are integers. */
START_TEST(singular_matrices_are_told_from_their_neighbours) {
  for (int32_t round = 0; round < 40; ++round) {
    const int32_t n = 3 + round % 6;
    double a[MOST], x[MOST];
    lati_certificate certificate;
    for (int32_t i = 0; i < n * n; ++i) {
      a[i] = floor(1e6 * normal());
    }
    for (int32_t j = 0; j < n; ++j) {
      a[(n - 1) * n + j] = a[j] + 3 * a[n + j];
    }
    for (int32_t i = 0; i < n * n; ++i) {
      a[i] = ldexp(a[i], i / n * 100 - 250); /* whatever the units of a row */
    }
    ck_assert(lati_is_singular(a, n, work));
    ck_assert_int_eq(invert(x, &certificate, a, n), LAT_ERROR_NUMERIC);
    a[n * n - 1] *= 1 + 0x1p-52;
    ck_assert(!lati_is_singular(a, n, work));
    ck_assert_int_eq(invert(x, &certificate, a, n), LAT_OK);
  }
}
END_TEST

START_TEST(zero_matrices_and_single_numbers) {
  const double zeros[9] = {0}, five = 5;
  double x[9];
  lati_certificate certificate;
  ck_assert(lati_is_singular(zeros, 3, work));
  ck_assert_int_eq(invert(x, &certificate, zeros, 3), LAT_ERROR_NUMERIC);
  ck_assert_int_eq(invert(x, &certificate, zeros, 1), LAT_ERROR_NUMERIC);
  ck_assert_int_eq(invert(x, &certificate, &five, 1), LAT_OK);
  ck_assert_double_eq(x[0], 0.2);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {an_inverse_of_integers_is_exact,
                                solutions_of_integers_are_exact,
                                right_sides_of_any_scale_zero_and_too_large,
                                rows_and_columns_of_any_scale,
                                an_inverse_that_doubles_cannot_hold_is_refused,
                                what_cannot_be_proven_is_not_called_singular,
                                singular_matrices_are_told_from_their_neighbours,
                                zero_matrices_and_single_numbers,
                                NULL};
  return run_suite("precise_solution", tests);
}
