/* Bounds of errors of values alone hold, and decide; inertia counts; refinement from values comes
 * back to the precision of doubles, and what it certifies is true. */
#include "linalg/dense.h"
#include "linalg/lapack.h"
#include "refine/inertia.h"
#include "refine/refine.h"
#include "refine/verify.h"
#include "refine_fixture.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 60 };

static double work[40000];

/* diag(values) rotated, and the values descending. */
static void pose(double *a, double *values, int32_t n, int32_t kind) {
  double q[MOST];
  random_orthogonal(q, n);
  spectrum(values, n, kind);
  for (int32_t i = 1; i < n; ++i) {
    for (int32_t j = i; j > 0 && values[j - 1] < values[j]; --j) {
      const double moved = values[j];
      values[j] = values[j - 1];
      values[j - 1] = moved;
    }
  }
  symmetric_of(a, q, values, n);
}

START_TEST(inertia_counts_the_eigenvalues_below) {
  for (int32_t round = 0; round < ROUNDS * SPECTRA; ++round) {
    const int32_t n = 1 + round % 9, kind = round % SPECTRA;
    double a[MOST], values[12];
    pose(a, values, n, kind);
    for (int32_t i = 0; i < 4; ++i) {
      const double sigma = i == 0 ? 0 : i == 1 ? values[round % n] : 2 * normal();
      lati_inertia inertia;
      int32_t surely = 0, perhaps = 0;
      ck_assert_uint_le(lati_inertia_work(n), sizeof work / sizeof *work);
      lati_inertia_of(&inertia, a, n, sigma, work);
      ck_assert_double_le(inertia.error, 1e-12 * (1 + fabs(sigma)));
      /* The matrix as it is rounded has its eigenvalues within 1e-14 of `values`. */
      for (int32_t k = 0; k < n; ++k) {
        surely += values[k] < sigma - inertia.error - 1e-14;
        perhaps += values[k] <= sigma + inertia.error + 1e-14;
      }
      ck_assert_int_le(surely, inertia.negative + inertia.zero);
      ck_assert_int_ge(perhaps, inertia.negative);
    }
  }
}
END_TEST

static double error_of(const double *p, const double *t, int32_t n) {
  double error = 0, size = 0;
  for (int32_t i = 0; i < n; ++i) {
    error += fabs(p[i] - t[i]);
    size += fabs(t[i]);
  }
  return size == 0 ? (error == 0 ? 0 : INFINITY) : error / size;
}

/* Bounds against the true error, which is known to about 1e-14. */
static void check_bounds(const lati_error_bounds *bounds, const lati_question *question,
                         double error) {
  if (isinf(error)) {
    ck_assert(isinf(bounds->high));
    return;
  }
  ck_assert_double_le(bounds->low, error + 1e-13);
  ck_assert_double_ge(bounds->high, error - 1e-13);
  if (fabs(error - question->tolerance) > 1e-11 + 1e-11 * error) { /* no tie: decided */
    ck_assert_int_eq(bounds->high <= question->tolerance, error < question->tolerance);
    ck_assert_int_eq(bounds->low > question->tolerance, error > question->tolerance);
  }
}

START_TEST(errors_of_eigenvalues_are_bounded_and_decided) {
  for (int32_t round = 0; round < ROUNDS * SPECTRA; ++round) {
    const int32_t n = 1 + round % 7, kind = round % SPECTRA;
    const double scale = (const double[]){1, 1e-300, 1e300}[round % 3];
    double a[MOST], values[12], p[12];
    pose(a, values, n, kind);
    for (int32_t i = 0; i < n; ++i) {
      p[i] = scale * (values[i] + pow(10, -1 - round % 5) * normal());
    }
    for (int32_t i = 0; i < n * n; ++i) {
      a[i] *= scale;
    }
    for (int32_t i = 0; i < n; ++i) {
      values[i] *= scale;
    }
    const lati_question question = {0.05, round % 2 ? 0.25 : INFINITY};
    const lati_error_bounds bounds = lati_verify_eigenvalues(p, a, n, &question, work);
    check_bounds(&bounds, &question, error_of(p, values, n));
    if (round % 2 && isfinite(bounds.high) && bounds.high > 1e-9 && bounds.high < 0.5) {
      ck_assert_double_ge(bounds.low, 0.74 * bounds.high);
    }
  }
}
END_TEST

START_TEST(errors_of_singular_values_are_bounded_and_decided) {
  static const int32_t shapes[][2] = {{1, 1}, {4, 4}, {5, 3}, {2, 6}};
  for (int32_t round = 0; round < ROUNDS; ++round) {
    const int32_t m = shapes[round % 4][0], n = shapes[round % 4][1], k = m < n ? m : n;
    double a[MOST], copy[MOST], s[12], p[12];
    fill(a, m * n);
    if (round % 5 == 0) { /* of rank 1 */
      for (int32_t i = n; i < m * n; ++i) {
        a[i] = (i / n) * a[i % n];
      }
    }
    for (int32_t i = 0; i < m * n; ++i) { /* LAPACK's are of the transpose: the same */
      copy[i] = a[i];
    }
    ck_assert_int_eq(lati_lapack_gesdd(copy, s, NULL, NULL, n, m, work), LAT_OK);
    for (int32_t i = 0; i < k; ++i) {
      p[i] = s[i] + pow(10, -1 - round % 4) * normal();
    }
    const lati_question question = {0.05, 0.25};
    ck_assert_uint_le(lati_verify_singular_values_work(m, n), sizeof work / sizeof *work);
    const lati_error_bounds bounds = lati_verify_singular_values(p, a, m, n, &question, work);
    check_bounds(&bounds, &question, error_of(p, s, k));
    const lati_certificate exact = lati_certify_singular_values(s, a, m, n, 1e-12, work);
    ck_assert_int_eq(exact.certified, 1);
    ck_assert_double_le(exact.bound, 1e-13);
    ck_assert_int_eq(lati_certify_singular_values(p, a, m, n, 1e-12, work).certified, 0);
  }
}
END_TEST

START_TEST(values_alone_are_refined_and_certified) {
  static const int32_t shapes[][2] = {{1, 1}, {4, 4}, {5, 3}, {2, 6}};
  static const double scales[] = {1, 1e-300, 1e300};
  for (int32_t round = 0; round < ROUNDS * SPECTRA; ++round) {
    const int32_t n = 1 + round % 7, kind = round % SPECTRA;
    const double scale = scales[round % 3];
    double a[MOST], values[12], p[12];
    pose(a, values, n, kind);
    for (int32_t i = 0; i < n * n; ++i) {
      a[i] *= scale;
    }
    for (int32_t i = 0; i < n; ++i) {
      p[i] = scale * values[i] * (1 + 0.05 * normal());
    }
    lati_refinement r = {.most_steps = 20, .tolerance = 1e-14};
    ck_assert_uint_le(lati_refine_eigenvalues_work(n), sizeof work / sizeof *work);
    ck_assert_int_eq(lati_refine_eigenvalues(&r, p, a, n, work), LAT_OK);
    const lati_certificate c = lati_certify_eigenvalues(p, a, n, 1e-12, work);
    ck_assert_msg(c.certified, "n %d, spectrum %d: defect %g in %d steps", n, kind, r.after,
                  r.steps);
    for (int32_t i = 0; i < n; ++i) {
      ck_assert_double_le(fabs(p[i] - scale * values[i]),
                          1e-13 * n * scale * fmax(fabs(values[0]), fabs(values[n - 1])));
    }
  }
  for (int32_t round = 0; round < ROUNDS; ++round) {
    const int32_t m = shapes[round % 4][0], n = shapes[round % 4][1], k = m < n ? m : n;
    double a[MOST], copy[MOST], s[12];
    fill(a, m * n);
    for (int32_t i = 0; i < m * n; ++i) {
      a[i] = round % 5 == 0 && i >= n ? (i / n) * a[i % n] : a[i] * scales[round % 3];
      copy[i] = a[i];
    }
    ck_assert_int_eq(lati_lapack_gesdd(copy, s, NULL, NULL, n, m, work), LAT_OK);
    for (int32_t i = 0; i < k; ++i) {
      s[i] *= 1 + 0.05 * normal();
    }
    lati_refinement r = {.most_steps = 20, .tolerance = 1e-14};
    ck_assert_uint_le(lati_refine_singular_values_work(m, n), sizeof work / sizeof *work);
    ck_assert_int_eq(lati_refine_singular_values(&r, s, a, m, n, work), LAT_OK);
    ck_assert_msg(lati_certify_singular_values(s, a, m, n, 1e-12, work).certified,
                  "%d x %d, round %d: defect %g in %d steps", m, n, round, r.after, r.steps);
  }
}
END_TEST

START_TEST(wrong_values_are_not_certified) {
  double a[4] = {2, 1, 1, 2}, right[2] = {3, 1}, swapped[2] = {1, 3}, off[2] = {3, 1 + 1e-9};
  double twice[2] = {3, 3}, infinite[2] = {INFINITY, 1}, zeros[4] = {0}, negative[2] = {3, -1};
  ck_assert_int_eq(lati_certify_eigenvalues(right, a, 2, 1e-12, work).certified, 1);
  ck_assert_int_eq(lati_certify_eigenvalues(swapped, a, 2, 1e-12, work).certified, 0);
  ck_assert_int_eq(lati_certify_eigenvalues(off, a, 2, 1e-12, work).certified, 0);
  ck_assert_int_eq(lati_certify_eigenvalues(off, a, 2, 1e-8, work).certified, 1);
  ck_assert_int_eq(lati_certify_eigenvalues(twice, a, 2, 1e-3, work).certified, 0);
  ck_assert_int_eq(lati_certify_eigenvalues(infinite, a, 2, 1e-3, work).certified, 0);
  ck_assert_int_eq(lati_certify_eigenvalues(right, zeros, 2, 1e-3, work).certified, 0);
  ck_assert_int_eq(lati_certify_eigenvalues(zeros, zeros, 2, 1e-3, work).certified, 1);
  ck_assert_int_eq(lati_certify_singular_values(right, a, 2, 2, 1e-12, work).certified, 1);
  ck_assert_int_eq(lati_certify_singular_values(negative, a, 2, 2, 1e-12, work).certified, 0);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {inertia_counts_the_eigenvalues_below,
                                errors_of_eigenvalues_are_bounded_and_decided,
                                errors_of_singular_values_are_bounded_and_decided,
                                values_alone_are_refined_and_certified,
                                wrong_values_are_not_certified,
                                NULL};
  return run_suite("verify", tests);
}
