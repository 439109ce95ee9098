/* Refinement: disturbed answers of random, clustered, graded and deficient matrices come back to
 * the precision of doubles; what cannot is told, and loses nothing. */
#include "linalg/dense.h"
#include "linalg/lapack.h"
#include "linalg/matrix.h"
#include "refine/certify.h"
#include "refine/refine.h"
#include "refine_fixture.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 200 };

static double work[20000];

/* In -1..-0.5 or 0.5..1, so that what it disturbs is off. */
static double uniform_noise(void) {
  const double x = normal();
  return copysign(0.5 + 0.5 * fmin(1, fabs(x)), x);
}

/* x (m x n) gets noise of `size` times the mean size of its entries, at most twice that. */
static void disturb(double *x, int32_t m, int32_t n, double size) {
  for (int32_t i = 0; i < m * n; ++i) {
    x[i] += size / sqrt(m) * fmax(-2, fmin(2, normal()));
  }
}

static void check_symmetric(int32_t n, int32_t kind, double size, double scale) {
  double q[MOST], a[MOST], values[12], found[12], check[MOST];
  random_orthogonal(q, n);
  spectrum(values, n, kind);
  symmetric_of(a, q, values, n);
  for (int32_t i = 0; i < n * n; ++i) {
    a[i] *= scale;
  }
  disturb(q, n, n, size);
  lati_refinement r = {.most_steps = 20, .tolerance = 1e-13};
  ck_assert_uint_le(lati_refine_symmetric_work(n), sizeof work / sizeof *work);
  ck_assert_int_eq(lati_refine_symmetric(&r, found, q, a, n, work), LAT_OK);
  ck_assert_msg(r.after <= 1e-12, "n %d, spectrum %d, disturbance %g: defect %g -> %g in %d steps",
                n, kind, size, r.before, r.after, r.steps);
  ck_assert_double_le(lati_orthonormality_defect(check, q, n, n), 1e-12);
  double largest = lati_norm_max(a, (size_t)(n * n));
  for (int32_t i = 0; i < n; ++i) {
    double sum = 0;
    ck_assert(i == 0 || found[i - 1] <= found[i]);
    for (int32_t row = 0; row < n; ++row) {
      double entry = -found[i] * q[row * n + i];
      for (int32_t k = 0; k < n; ++k) {
        entry += a[row * n + k] * q[k * n + i];
      }
      sum = fmax(sum, fabs(entry));
    }
    ck_assert_double_le(sum, 1e-12 * n * largest);
  }
}

START_TEST(eigenvectors_come_back) {
  static const double scales[] = {1, 1e-300, 1e300};
  for (int32_t kind = 0; kind < SPECTRA; ++kind) {
    for (int32_t round = 0; round < ROUNDS; ++round) {
      check_symmetric(1 + round % 8, kind, 0.2 * (round % 5) / 4 * 0.7, scales[round % 3]);
    }
  }
}
END_TEST

/* a = u diag(s) v^T, m x n with m >= n or not. */
static void check_svd(int32_t m, int32_t n, int32_t kind, double size, double scale) {
  const int32_t k = m < n ? m : n;
  double u[MOST], v[MOST], a[MOST], s[12], left[MOST], right[MOST], check[MOST];
  random_orthogonal(u, m);
  random_orthogonal(v, n);
  spectrum(s, k, kind);
  for (int32_t i = 0; i < m * n; ++i) {
    a[i] = 0;
    for (int32_t l = 0; l < k; ++l) {
      a[i] += scale * u[i / n * m + l] * fabs(s[l]) * v[i % n * n + l];
    }
  }
  for (int32_t i = 0; i < m * k; ++i) {
    left[i] = u[i / k * m + i % k];
  }
  for (int32_t i = 0; i < n * k; ++i) {
    right[i] = v[i / k * n + i % k];
  }
  disturb(left, m, k, size);
  disturb(right, n, k, size);
  lati_refinement r = {.most_steps = 20, .tolerance = 1e-13};
  ck_assert_uint_le(lati_refine_svd_work(m, n), sizeof work / sizeof *work);
  ck_assert_int_eq(lati_refine_svd(&r, s, left, right, a, m, n, work), LAT_OK);
  ck_assert_msg(r.after <= 1e-12,
                "%d x %d, spectrum %d, disturbance %g: defect %g -> %g in %d steps", m, n, kind,
                size, r.before, r.after, r.steps);
  ck_assert_double_le(lati_orthonormality_defect(check, left, m, k), 1e-12);
  ck_assert_double_le(lati_orthonormality_defect(check, right, n, k), 1e-12);
  const double largest = lati_norm_max(a, (size_t)(m * n));
  for (int32_t i = 0; i < m * n; ++i) {
    double entry = a[i];
    for (int32_t l = 0; l < k; ++l) {
      entry -= left[i / n * k + l] * s[l] * right[i % n * k + l];
    }
    ck_assert_double_le(fabs(entry), 1e-12 * k * largest);
  }
  for (int32_t i = 0; i < k; ++i) {
    ck_assert_double_ge(s[i], 0);
    ck_assert(i == 0 || s[i - 1] >= s[i]);
  }
}

START_TEST(singular_vectors_come_back) {
  static const int32_t shapes[][2] = {{1, 1}, {4, 4}, {6, 4}, {3, 5}, {5, 1}, {7, 7}, {1, 4}};
  static const double scales[] = {1, 1e-300, 1e300};
  for (int32_t kind = 0; kind < SPECTRA; ++kind) {
    for (int32_t round = 0; round < ROUNDS; ++round) {
      const int32_t *shape = shapes[round % 7];
      check_svd(shape[0], shape[1], kind, 0.2 * (round % 5) / 4 * 0.7, scales[round % 3]);
    }
  }
}
END_TEST

START_TEST(inverses_come_back_and_square_their_defect) {
  static const double scales[] = {1, 1e-150, 1e150};
  int32_t refined = 0;
  for (int32_t round = 0; round < ROUNDS; ++round) {
    const int32_t n = 1 + round % 8;
    const double scale = scales[round % 3];
    double a[MOST], x[MOST], exact[MOST];
    fill(a, n * n);
    for (int32_t i = 0; i < n; ++i) {
      a[i * (n + 1)] += 4;
    }
    lati_transpose(exact, a, n, n);
    ck_assert_int_eq(lati_lapack_inverse(exact, n, work), LAT_OK);
    lati_transpose(x, exact, n, n);
    for (int32_t i = 0; i < n * n; ++i) {
      a[i] *= scale;
      x[i] = x[i] / scale * (1 + 0.1 * normal() / n);
    }
    lati_refinement r = {.most_steps = 1, .tolerance = 0};
    lati_refine_inverse(&r, x, a, n, work);
    if (r.before < 0.9) {
      ck_assert_double_le(r.after, r.before * r.before + 1e-13);
      r = (lati_refinement){.most_steps = 20, .tolerance = 1e-15};
      lati_refine_inverse(&r, x, a, n, work);
      ck_assert_double_le(r.after, 1e-13);
      ++refined;
    }
  }
  ck_assert_int_ge(refined, ROUNDS * 9 / 10);
}
END_TEST

START_TEST(what_is_out_of_reach_stays_as_it_was) {
  double a[4] = {1, 2, 2, 4}, x[4] = {1, 0, 0, 1}, zeros[4] = {0}, values[2];
  double nan_vectors[4] = {NAN, 0, 0, 1}, parallel[4] = {1, 1, 1, 1};
  lati_refinement r = {.most_steps = 20, .tolerance = 1e-12};
  lati_refine_inverse(&r, x, a, 2, work);
  ck_assert_int_eq(r.steps, 0);
  ck_assert_int_eq(r.converged, 0);
  ck_assert_double_eq(x[0], 1);
  ck_assert_double_eq(x[1], 0);
  lati_refine_inverse(&r, nan_vectors, a, 2, work);
  ck_assert_double_eq(r.after, INFINITY);
  lati_refine_inverse(&r, zeros, zeros, 2, work);
  ck_assert_int_eq(r.converged, 0);
  ck_assert_int_eq(lati_refine_symmetric(&r, values, nan_vectors, a, 2, work), LAT_OK);
  ck_assert_int_eq(r.converged, 0);
  ck_assert_int_eq(lati_refine_symmetric(&r, values, parallel, a, 2, work), LAT_OK);
  ck_assert_int_eq(r.converged, 0);
  ck_assert_int_eq(r.steps, 0);
}
END_TEST

/* Matrices of small integers and determinant 1, products of unit triangles, whose inverses are
 * integers too: errors are known exactly. */
static void unimodular(double *a, double *inverse, int32_t n) {
  double lower[MOST] = {0}, upper[MOST] = {0}, lower_inverse[MOST], upper_inverse[MOST];
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      lower[i * n + j] = i == j ? 1 : i > j ? round(normal()) : 0;
      upper[i * n + j] = i == j ? 1 : i < j ? round(normal()) : 0;
    }
  }
  lati_multiply(a, lower, upper, n, n, n);
  memset(lower_inverse, 0, sizeof lower_inverse);
  memset(upper_inverse, 0, sizeof upper_inverse);
  for (int32_t j = 0; j < n; ++j) { /* substitution, exact in integers */
    for (int32_t i = 0; i < n; ++i) {
      double sum = i == j;
      for (int32_t k = 0; k < i; ++k) {
        sum -= lower[i * n + k] * lower_inverse[k * n + j];
      }
      lower_inverse[i * n + j] = sum;
    }
    for (int32_t i = n - 1; i >= 0; --i) {
      double sum = i == j;
      for (int32_t k = i + 1; k < n; ++k) {
        sum -= upper[i * n + k] * upper_inverse[k * n + j];
      }
      upper_inverse[i * n + j] = sum;
    }
  }
  lati_multiply(inverse, upper_inverse, lower_inverse, n, n, n);
}

static double distance(const double *x, const double *y, int32_t count) {
  double d[MOST];
  for (int32_t i = 0; i < count; ++i) {
    d[i] = x[i] - y[i];
  }
  return lati_frobenius(d, count);
}

START_TEST(bounds_of_inverses_hold) {
  int32_t certified = 0;
  for (int32_t round = 0; round < 20 * ROUNDS; ++round) {
    const int32_t n = 1 + round % 6;
    double a[MOST], exact[MOST], x[MOST];
    unimodular(a, exact, n);
    for (int32_t i = 0; i < n * n; ++i) {
      x[i] = exact[i] * (1 + pow(10, -10 - round % 6) * normal());
    }
    const lati_certificate c = lati_certify_inverse(x, a, n, 1e-6, work);
    if (c.certified) {
      ck_assert_double_le(distance(x, exact, n * n) / lati_frobenius(x, n * n), c.bound);
      ++certified;
    } else {
      ck_assert(isnan(c.bound));
    }
  }
  ck_assert_int_ge(certified, 15 * ROUNDS);
}
END_TEST

START_TEST(wrong_inverses_are_not_certified) {
  double singular[4] = {1, 2, 2, 4}, pseudo[4] = {0.04, 0.08, 0.08, 0.16};
  double identity[4] = {1, 0, 0, 1}, off[4] = {1, 1e-9, 0, 1}, nan_matrix[4] = {NAN, 0, 0, 1};
  ck_assert_int_eq(lati_certify_inverse(pseudo, singular, 2, 1, work).certified, 0);
  ck_assert_int_eq(lati_certify_inverse(off, identity, 2, 1e-12, work).certified, 0);
  ck_assert_int_eq(lati_certify_inverse(off, identity, 2, 1e-8, work).certified, 1);
  ck_assert_int_eq(lati_certify_inverse(nan_matrix, identity, 2, 1, work).certified, 0);
  ck_assert_int_eq(lati_certify_inverse(identity, nan_matrix, 2, 1, work).certified, 0);
}
END_TEST

/* Diagonal matrices, whose values are known exactly. */
START_TEST(bounds_of_values_hold) {
  for (int32_t round = 0; round < ROUNDS; ++round) {
    const int32_t n = 1 + round % 6;
    double a[MOST] = {0}, vectors[MOST] = {0}, values[12], exact[12];
    for (int32_t i = 0; i < n; ++i) {
      exact[i] = (i > 0 ? exact[i - 1] : -2) + fabs(normal());
      values[i] = exact[i] + 1e-9 * fabs(normal()) * i;
      a[i * (n + 1)] = exact[i];
      vectors[i * (n + 1)] = 1;
    }
    const lati_certificate c = lati_certify_symmetric(values, vectors, a, n, 1e-6, work);
    ck_assert_int_eq(c.certified, 1);
    double worst = 0;
    for (int32_t i = 0; i < n; ++i) {
      worst = fmax(worst, fabs(values[i] - exact[i]));
    }
    ck_assert_double_le(worst / lati_frobenius(a, n * n), c.bound);
    ck_assert_double_le(c.bound, 1e-6);
    if (n > 1) {
      const double first = values[0];
      values[0] = values[1];
      values[1] = first;
      ck_assert_int_eq(lati_certify_symmetric(values, vectors, a, n, 1e-6, work).certified, 0);
    }
  }
}
END_TEST

START_TEST(refined_answers_are_certified) {
  for (int32_t kind = 0; kind < SPECTRA; ++kind) {
    const int32_t m = 5, n = 3;
    double q[MOST], a[MOST], values[12], u[MOST], v[MOST], s[12];
    random_orthogonal(q, m);
    spectrum(values, m, kind);
    symmetric_of(a, q, values, m);
    disturb(q, m, m, 0.05);
    ck_assert_int_eq(lati_certify_symmetric(values, q, a, m, 1e-12, work).certified, 0);
    lati_refinement r = {.most_steps = 20, .tolerance = 1e-14};
    ck_assert_int_eq(lati_refine_symmetric(&r, values, q, a, m, work), LAT_OK);
    ck_assert_int_eq(lati_certify_symmetric(values, q, a, m, 1e-12, work).certified, 1);
    fill(a, m * n);
    fill(u, m * n);
    fill(v, n * n);
    for (int32_t i = 0; i < m * n; ++i) {
      u[i] = i / n == i % n;
    }
    for (int32_t i = 0; i < n * n; ++i) {
      v[i] = i / n == i % n;
    }
    ck_assert_int_eq(lati_refine_svd(&r, s, u, v, a, m, n, work), LAT_OK);
    const lati_certificate c = lati_certify_svd(s, u, v, a, m, n, 1e-12, work);
    ck_assert_int_eq(c.certified, 1);
    ck_assert_double_le(c.bound, 1e-13);
    s[1] = -s[1];
    ck_assert_int_eq(lati_certify_svd(s, u, v, a, m, n, 1e-12, work).certified, 0);
  }
}
END_TEST

/* Solutions of systems whose numbers are integers, so that b is exact: they come back from noise,
 * in the scale of any power of two, and the certificate's bound holds. */
START_TEST(solutions_come_back_and_are_certified) {
  for (int round = 0; round < ROUNDS; ++round) {
    double a[36], exact[12], b[12] = {0}, x[12];
    const int32_t n = 1 + round % 6, k = 1 + round % 2;
    for (int32_t i = 0; i < n * n; ++i) {
      a[i] = rint(10 * normal());
    }
    for (int32_t i = 0; i < n * k; ++i) {
      exact[i] = rint(100 * normal());
    }
    exact[0] += exact[0] == 0;
    lati_multiply(b, a, exact, n, n, k);
    const int32_t power = round % 3 == 0 ? 0 : round % 3 == 1 ? 600 : -600;
    lati_multiply_by_power(a, a, (size_t)(n * n), power);
    lati_multiply_by_power(b, b, (size_t)(n * k), power / 2);
    lati_multiply_by_power(x, exact, (size_t)(n * k), power / 2 - power);
    lati_multiply_by_power(exact, exact, (size_t)(n * k), power / 2 - power);
    for (int32_t i = 0; i < n * k; ++i) {
      x[i] *= 1 + 0.5 * uniform_noise();
    }
    lati_refinement r = {.most_steps = 20, .tolerance = 1e-15};
    ck_assert_uint_le(lati_refine_system_work(n, k), sizeof work / sizeof *work);
    ck_assert_uint_le(lati_certify_system_work(n, k), sizeof work / sizeof *work);
    ck_assert(!lati_certify_system(x, a, b, n, k, 1e-12, work).certified);
    if (lati_refine_system(&r, x, a, b, n, k, work) != LAT_OK) {
      continue; /* singular */
    }
    const lati_certificate c = lati_certify_system(x, a, b, n, k, 1e-12, work);
    ck_assert_msg(c.certified, "n %d: defect %g -> %g", n, r.before, r.after);
    double error = 0, size = 0;
    for (int32_t i = 0; i < n * k; ++i) {
      error +=
          ldexp(x[i] - exact[i], power - power / 2) * ldexp(x[i] - exact[i], power - power / 2);
      size += ldexp(x[i], power - power / 2) * ldexp(x[i], power - power / 2);
    }
    ck_assert_double_le(sqrt(error / size), c.bound);
    ck_assert_double_le(c.bound, 1e-12);
  }
}
END_TEST

/* A solution of about 1e-300, and a guess whose square, in the scale of the problem, is infinite.
 */
START_TEST(guesses_that_are_far_too_large_are_not_certified_and_come_back) {
  const double a[4] = {2.8e299, -1.4e300, -1.4e300, -4.1e299}, b[2] = {-0.6, -0.7};
  double x[2] = {-0.06, 2};
  lati_refinement r = {.most_steps = 20, .tolerance = 1e-15};
  ck_assert(!lati_certify_system(x, a, b, 2, 1, 1e-12, work).certified);
  ck_assert_int_eq(lati_refine_system(&r, x, a, b, 2, 1, work), LAT_OK);
  ck_assert(r.converged);
  const lati_certificate c = lati_certify_system(x, a, b, 2, 1, 1e-12, work);
  ck_assert(c.certified && c.bound <= 1e-12);
}

START_TEST(singular_systems_are_not_certified) {
  const double a[4] = {1, 2, 2, 4}, b[2] = {3, 6}, zeros[2] = {0, 0}, regular[4] = {1, 2, 3, 4};
  double x[2] = {1, 1};
  lati_refinement r = {.most_steps = 5, .tolerance = 1e-15};
  ck_assert_int_eq(lati_refine_system(&r, x, a, b, 2, 1, work), LAT_ERROR_NUMERIC);
  ck_assert(x[0] == 1 && x[1] == 1 && r.steps == 0);
  ck_assert(!lati_certify_system(x, a, b, 2, 1, 1e-12, work).certified); /* although a x = b */
  const lati_certificate c = lati_certify_system(zeros, regular, zeros, 2, 1, 1e-12, work);
  ck_assert(c.certified && c.bound == 0);
  ck_assert(!lati_certify_system(x, regular, zeros, 2, 1, 1e-12, work).certified);
}
END_TEST

START_TEST(powers_bring_the_largest_near_one) {
  const double values[] = {0, -3, 0.5}, tiny[] = {5e-324}, huge[] = {1.7e308}, none[] = {0, 0};
  ck_assert_int_eq(lati_refine_power(values, 3), -1);
  ck_assert_int_eq(lati_refine_power(none, 2), 0);
  ck_assert_double_eq(ldexp(tiny[0], lati_refine_power(tiny, 1)), 1);
  ck_assert_double_lt(ldexp(huge[0], lati_refine_power(huge, 1)), 2);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {eigenvectors_come_back,
                                singular_vectors_come_back,
                                inverses_come_back_and_square_their_defect,
                                what_is_out_of_reach_stays_as_it_was,
                                bounds_of_inverses_hold,
                                wrong_inverses_are_not_certified,
                                bounds_of_values_hold,
                                refined_answers_are_certified,
                                powers_bring_the_largest_near_one,
                                solutions_come_back_and_are_certified,
                                guesses_that_are_far_too_large_are_not_certified_and_come_back,
                                singular_systems_are_not_certified,
                                NULL};
  return run_suite("refine", tests);
}
