/* Factors of symmetric matrices give them back, tell their inertia, and solve with them. */
#include "base/random.h"
#include "linalg/lapack.h"
#include "linalg/symmetric_indefinite.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { MOST = 12, ROUNDS = 400 };

static double draw(lat_random *random) {
  return 2 * lat_random_uniform(random) - 1;
}

/* Random, with a zero diagonal, of low rank, of integers, or diagonal. */
static void pose(double *a, int32_t n, int32_t kind, lat_random *random) {
  double v[MOST];
  for (int32_t i = 0; i < n; ++i) {
    v[i] = draw(random);
  }
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j <= i; ++j) {
      const double value = draw(random);
      const double choices[] = {value, i == j ? 0 : value, v[i] * v[j], floor(3 * value),
                                i == j ? value : 0};
      a[i * n + j] = a[j * n + i] = choices[kind];
    }
  }
}

START_TEST(solutions_solve) {
  lat_random random;
  lati_random_start(&random, 1, 0, 0);
  for (int32_t round = 0; round < ROUNDS; ++round) {
    const int32_t n = 1 + round % MOST, kind = round % 2;
    double a[MOST * MOST], factors[MOST * MOST], x[MOST], b[MOST];
    int32_t pivots[MOST];
    pose(a, n, n == 1 ? 0 : kind, &random);
    memcpy(factors, a, sizeof a);
    for (int32_t i = 0; i < n; ++i) {
      x[i] = b[i] = draw(&random);
    }
    lati_factorise_symmetric(factors, pivots, n);
    lati_solve_symmetric(x, factors, pivots, n);
    double size = 0;
    for (int32_t i = 0; i < n; ++i) {
      size = fmax(size, fabs(x[i]));
    }
    for (int32_t i = 0; i < n; ++i) {
      double defect = -b[i];
      for (int32_t j = 0; j < n; ++j) {
        defect += a[i * n + j] * x[j];
      }
      ck_assert_double_le(fabs(defect), 1e-14 * n * (size + 1));
    }
  }
}
END_TEST

/* Negative eigenvalues that blocks have, against dsyevd. */
START_TEST(blocks_have_the_signs_of_the_eigenvalues) {
  static double work[4000];
  lat_random random;
  lati_random_start(&random, 2, 0, 0);
  for (int32_t round = 0; round < ROUNDS; ++round) {
    const int32_t n = 1 + round % MOST, kind = round % 5;
    double a[MOST * MOST], vectors[MOST * MOST], values[MOST];
    int32_t pivots[MOST], negative = 0, surely = 0, perhaps = 0;
    pose(a, n, kind, &random);
    memcpy(vectors, a, sizeof a);
    ck_assert_int_eq(lati_lapack_syevd(vectors, values, n, 1, work), LAT_OK);
    lati_factorise_symmetric(a, pivots, n);
    for (int32_t k = 0; k < n; k += pivots[k] < 0 ? 2 : 1) {
      if (pivots[k] < 0) {
        ck_assert_int_eq(pivots[k], pivots[k + 1]);
        ck_assert_double_lt(a[k * n + k] * a[(k + 1) * n + k + 1], pow(a[k * n + k + 1], 2));
      }
      negative += pivots[k] < 0 || a[k * n + k] < 0;
    }
    for (int32_t i = 0; i < n; ++i) {
      surely += values[i] < -1e-12;
      perhaps += values[i] < 1e-12;
    }
    ck_assert_int_ge(negative, surely);
    ck_assert_int_le(negative, perhaps);
  }
}
END_TEST

START_TEST(what_is_no_number_stays_in_bounds) {
  for (int32_t place = 0; place < 9; ++place) {
    double a[9] = {1, 2, 3, 2, 4, 5, 3, 5, 6}, x[3] = {1, 2, 3};
    int32_t pivots[3];
    a[place] = place % 2 == 0 ? NAN : INFINITY;
    lati_factorise_symmetric(a, pivots, 3);
    lati_solve_symmetric(x, a, pivots, 3);
    for (int32_t k = 0; k < 3; k += pivots[k] < 0 ? 2 : 1) {
      ck_assert(pivots[k] < 3 && pivots[k] >= -3 && (pivots[k] >= 0 || k < 2));
    }
  }
}
END_TEST

int main(void) {
  const TTest *const tests[] = {solutions_solve, blocks_have_the_signs_of_the_eigenvalues,
                                what_is_no_number_stays_in_bounds, NULL};
  return run_suite("symmetric_indefinite", tests);
}
