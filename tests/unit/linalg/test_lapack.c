/* Decompositions against their defining equations, and against LAPACK's other drivers (dsyev,
 * dgesvd). */
#include "base/alloc.h"
#include "base/random.h"
#include "linalg/lapack.h"
#include "linalg/matrix.h"
#include "suite.h"

#include <math.h>
#include <string.h>

extern void dsyev_(const char *jobz, const char *uplo, const int32_t *n, double *a,
                   const int32_t *lda, double *w, double *work, const int32_t *lwork, int32_t *info,
                   size_t jobz_length, size_t uplo_length);
extern void dgesvd_(const char *jobu, const char *jobvt, const int32_t *m, const int32_t *n,
                    double *a, const int32_t *lda, double *s, double *u, const int32_t *ldu,
                    double *vt, const int32_t *ldvt, double *work, const int32_t *lwork,
                    int32_t *info, size_t jobu_length, size_t jobvt_length);

static const int32_t sizes[] = {1, 2, 3, 5, 10, 31, 64, 100};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static double *doubles(size_t count) {
  double *memory = NULL;
  ck_assert_int_eq(LATI_NEW(memory, NULL, count), LAT_OK);
  return memory;
}

static double *random_values(size_t count, uint64_t index) {
  lat_random random;
  lati_random_start(&random, 11, 0, index);
  double *values = doubles(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = 20 * lat_random_uniform(&random) - 10;
  }
  return values;
}

static double *copy(const double *values, size_t count) {
  double *other = doubles(count);
  memcpy(other, values, count * sizeof *other);
  return other;
}

/* Largest |a b - c| where a is m x n, b n x k, c m x k, column-major; a and b are read transposed
 * when asked. */
static double product_error(const double *a, int transpose_a, const double *b, int transpose_b,
                            const double *c, int32_t m, int32_t n, int32_t k) {
  double worst = 0;
  for (int32_t i = 0; i < m; ++i) {
    for (int32_t j = 0; j < k; ++j) {
      double sum = 0;
      for (int32_t l = 0; l < n; ++l) {
        sum += (transpose_a ? a[l + i * n] : a[i + l * m]) *
               (transpose_b ? b[j + l * k] : b[l + j * n]);
      }
      worst = fmax(worst, fabs(sum - c[i + j * m]));
    }
  }
  return worst;
}

static double *identity(int32_t n) {
  double *one = doubles((size_t)n * (size_t)n);
  for (int32_t i = 0; i < n; ++i) {
    one[i * n + i] = 1;
  }
  return one;
}

static void check_eigen(int32_t n) {
  const size_t count = (size_t)n * (size_t)n;
  double *a = random_values(count, (uint64_t)n);
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < i; ++j) {
      a[j + i * n] = a[i + j * n];
    }
  }
  double *v = copy(a, count), *values_only = copy(a, count), *other = copy(a, count);
  double *w = doubles((size_t)n), *w2 = doubles((size_t)n), *w3 = doubles((size_t)n);
  double *work = doubles(lati_lapack_work(n, n));
  ck_assert_int_eq(lati_lapack_syevd(v, w, n, 1, work), LAT_OK);
  ck_assert_int_eq(lati_lapack_syevd(values_only, w2, n, 0, work), LAT_OK);
  const int32_t lwork = (int32_t)lati_lapack_work(n, n);
  int32_t info = 0;
  dsyev_("V", "U", &n, other, &n, w3, work, &lwork, &info, 1, 1);
  ck_assert_int_eq(info, 0);
  for (int32_t i = 0; i < n; ++i) {
    ck_assert_double_eq_tol(w[i], w3[i], 1e-10);
    ck_assert_double_eq_tol(w[i], w2[i], 1e-10);
    ck_assert(i == 0 || w[i] >= w[i - 1]);
  }
  double *scaled = copy(v, count), *one = identity(n);
  for (int32_t i = 0; i < n * n; ++i) {
    scaled[i] *= w[i / n];
  }
  ck_assert_double_lt(product_error(a, 0, v, 0, scaled, n, n, n), 1e-10);
  ck_assert_double_lt(product_error(v, 1, v, 0, one, n, n, n), 1e-12);
  double *all[] = {a, v, values_only, other, w, w2, w3, work, scaled, one};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
    lati_free(all[i]);
  }
}

START_TEST(eigenvectors_satisfy_their_equation) {
  for (int i = 0; i < SIZES; ++i) {
    check_eigen(sizes[i]);
  }
}
END_TEST

START_TEST(only_the_lower_triangle_is_read) {
  /* Column-major: a[1] = a_21 is below the diagonal, a[2] = a_12 above. */
  double a[4] = {0, 3, 1e6, 0}, w[2];
  double *work = doubles(lati_lapack_work(2, 2));
  ck_assert_int_eq(lati_lapack_syevd(a, w, 2, 0, work), LAT_OK);
  ck_assert_double_eq_tol(w[0], -3, 1e-14);
  ck_assert_double_eq_tol(w[1], 3, 1e-14);
  lati_free(work);
}
END_TEST

static void check_singular(int32_t m, int32_t n) {
  const int32_t k = m < n ? m : n;
  const size_t count = (size_t)m * (size_t)n;
  double *a = random_values(count, (uint64_t)(1000 * m + n));
  double *destroyed = copy(a, count), *again = copy(a, count), *other = copy(a, count);
  double *s = doubles((size_t)k), *s2 = doubles((size_t)k), *s3 = doubles((size_t)k);
  double *u = doubles((size_t)m * (size_t)k), *vt = doubles((size_t)n * (size_t)k);
  double *work = doubles(lati_lapack_work(m, n));
  ck_assert_int_eq(lati_lapack_gesdd(destroyed, s, u, vt, m, n, work), LAT_OK);
  ck_assert_int_eq(lati_lapack_gesdd(again, s2, NULL, NULL, m, n, work), LAT_OK);
  const int32_t lwork = (int32_t)lati_lapack_work(m, n);
  int32_t info = 0;
  dgesvd_("N", "N", &m, &n, other, &m, s3, NULL, &m, NULL, &k, work, &lwork, &info, 1, 1);
  ck_assert_int_eq(info, 0);
  for (int32_t i = 0; i < k; ++i) {
    ck_assert_double_eq_tol(s[i], s3[i], 1e-10);
    ck_assert_double_eq_tol(s[i], s2[i], 1e-10);
    ck_assert(s[i] >= 0 && (i == 0 || s[i] <= s[i - 1]));
  }
  double *scaled = copy(u, (size_t)m * (size_t)k), *one = identity(k);
  for (int32_t i = 0; i < m * k; ++i) {
    scaled[i] *= s[i / m];
  }
  ck_assert_double_lt(product_error(scaled, 0, vt, 0, a, m, k, n), 1e-10);
  ck_assert_double_lt(product_error(u, 1, u, 0, one, k, m, k), 1e-12);
  ck_assert_double_lt(product_error(vt, 0, vt, 1, one, k, n, k), 1e-12);
  double *all[] = {a, destroyed, again, other, s, s2, s3, u, vt, work, scaled, one};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
    lati_free(all[i]);
  }
}

/* Tall enough (m >= 11 n / 6) and wide shapes take other paths through dgesdd. */
START_TEST(singular_vectors_satisfy_their_equation) {
  for (int i = 0; i < SIZES; ++i) {
    check_singular(sizes[i], sizes[i]);
  }
  const int32_t shapes[][2] = {{1, 100}, {100, 1}, {7, 2}, {2, 7}, {100, 3}, {30, 69}, {53, 41}};
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; ++i) {
    check_singular(shapes[i][0], shapes[i][1]);
  }
}
END_TEST

START_TEST(inverse_satisfies_its_equation) {
  for (int i = 0; i < SIZES; ++i) {
    const int32_t n = sizes[i];
    const size_t count = (size_t)n * (size_t)n;
    double *a = random_values(count, 77 + (uint64_t)n);
    double *inverse = copy(a, count), *one = identity(n), *work = doubles(lati_lapack_work(n, n));
    ck_assert_int_eq(lati_lapack_inverse(inverse, n, work), LAT_OK);
    ck_assert_double_lt(product_error(a, 0, inverse, 0, one, n, n, n), 1e-9);
    lati_free(a);
    lati_free(inverse);
    lati_free(one);
    lati_free(work);
  }
}
END_TEST

START_TEST(refuses_what_has_no_answer) {
  double *work = doubles(lati_lapack_work(2, 2));
  double singular[4] = {1, 2, 2, 4}, bad[4] = {1, NAN, 0, 1}, infinite[4] = {1, 0, INFINITY, 1};
  double tiny[4] = {1e-310, 0, 0, 1}, w[2];
  ck_assert_int_eq(lati_lapack_inverse(singular, 2, work), LAT_ERROR_NUMERIC);
  ck_assert_str_eq(lat_last_error(), "the matrix is singular: pivot 2 is zero");
  ck_assert_int_eq(lati_lapack_inverse(tiny, 2, work), LAT_ERROR_NUMERIC);
  ck_assert_str_eq(lat_last_error(), "the matrix is singular to working precision");
  ck_assert_int_eq(lati_lapack_inverse(bad, 2, work), LAT_ERROR_NUMERIC);
  ck_assert_int_eq(lati_lapack_syevd(bad, w, 2, 1, work), LAT_ERROR_NUMERIC);
  ck_assert_int_eq(lati_lapack_gesdd(infinite, w, NULL, NULL, 2, 2, work), LAT_ERROR_NUMERIC);
  ck_assert_int_eq(lati_lapack_syevd(singular, w, 0, 1, work), LAT_ERROR_LIMIT);
  ck_assert_int_eq(lati_lapack_gesdd(singular, w, NULL, NULL, 5000, 1, work), LAT_ERROR_LIMIT);
  lati_free(work);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {eigenvectors_satisfy_their_equation,
                                only_the_lower_triangle_is_read,
                                singular_vectors_satisfy_their_equation,
                                inverse_satisfies_its_equation,
                                refuses_what_has_no_answer,
                                NULL};
  return run_suite("lapack", tests);
}
