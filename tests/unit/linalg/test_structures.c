/* Structured matrices made of drawn ones. */
#include "linalg/structures.h"
#include "suite.h"

#include <math.h>
#include <string.h>

enum { ROWS = 3, COLS = 4, LD = 6 };

/* 1.5, 2.5, ... in ROWS x COLS of a wider matrix of sevens. */
static void fill(double a[ROWS * LD]) {
  for (int i = 0; i < ROWS * LD; ++i) {
    a[i] = i % LD < COLS ? (i % LD) + COLS * (double)(i / LD) + 1.5 : 7;
  }
}

static void apply(double a[ROWS * LD], lati_structure structure) {
  lat_random random;
  lati_random_start(&random, 5, 0, 0);
  fill(a);
  lati_structure_apply(a, ROWS, COLS, LD, structure, 0, &random);
}

START_TEST(each_structure_is_what_its_name_says) {
  double dense[ROWS * LD], a[LATI_STRUCTURE_COUNT][ROWS * LD];
  fill(dense);
  for (int32_t s = 0; s < LATI_STRUCTURE_COUNT; ++s) {
    apply(a[s], (lati_structure)s);
  }
  for (int i = 0; i < ROWS * LD; ++i) {
    const int inside = i % LD < COLS, on_diagonal = i / LD == i % LD;
    ck_assert_double_eq(a[LATI_STRUCTURE_DENSE][i], dense[i]);
    ck_assert_double_eq(a[LATI_STRUCTURE_DIAGONAL][i], inside && !on_diagonal ? 0 : dense[i]);
    ck_assert_double_eq(a[LATI_STRUCTURE_IDENTITY][i], inside ? on_diagonal : 7);
    ck_assert_double_eq(a[LATI_STRUCTURE_ZERO][i], inside ? 0 : 7);
    ck_assert_double_eq(a[LATI_STRUCTURE_INTEGER][i], inside ? dense[i] + 0.5 : 7);
    ck_assert(a[LATI_STRUCTURE_SPARSE][i] == dense[i] ||
              (inside && a[LATI_STRUCTURE_SPARSE][i] == 0));
  }
}
END_TEST

/* Of 60 x 60 coefficients 0.3 stay, within four standard deviations; none of the symmetry is lost.
 */
START_TEST(sparse_matrices_keep_three_in_ten) {
  enum { N = 60 };
  static double a[N * N];
  for (int symmetric = 0; symmetric < 2; ++symmetric) {
    lat_random random;
    double stay = 0;
    const double drawn = symmetric ? N * (N + 1) / 2.0 : N * (double)N;
    lati_random_start(&random, 6, 0, (uint64_t)symmetric);
    for (int i = 0; i < N * N; ++i) {
      a[i] = 1;
    }
    lati_structure_apply(a, N, N, N, LATI_STRUCTURE_SPARSE, symmetric, &random);
    for (int i = 0; i < N; ++i) {
      for (int j = 0; j < (symmetric ? i + 1 : N); ++j) {
        stay += a[i * N + j];
        ck_assert(!symmetric || a[i * N + j] == a[j * N + i]);
      }
    }
    ck_assert_double_le(fabs(stay / drawn - 0.3), 4 * sqrt(0.21 / drawn));
  }
}
END_TEST

START_TEST(whole_numbers_have_no_negative_zero) {
  double a[1] = {-0.25};
  lati_structure_apply(a, 1, 1, 1, LATI_STRUCTURE_INTEGER, 0, NULL);
  ck_assert(!signbit(a[0]));
}
END_TEST

enum { N = 6 };

/* |a_ij - a_kl| is 0, however the draw was. */
static int same(const double *a, int i, int j, int k, int l) {
  return a[i * N + j] == a[k * N + l];
}

static void make(double a[N * N], lati_structure structure, int symmetric) {
  lat_random random;
  lati_random_start(&random, 7, 0, 0);
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j < N; ++j) {
      const double value = 20 * lat_random_uniform(&random) - 10;
      a[i * N + j] = symmetric && j < i ? a[j * N + i] : value;
    }
  }
  lati_structure_apply(a, N, N, N, structure, symmetric, &random);
  for (int i = 0; i < N * N; ++i) {
    ck_assert(!symmetric || same(a, i / N, i % N, i % N, i / N));
    ck_assert(structure == LATI_STRUCTURE_LAPLACIAN ||
              structure == LATI_STRUCTURE_LOW_RANK_DIAGONAL || fabs(a[i]) <= 10);
  }
}

START_TEST(coefficients_that_follow_from_others) {
  double t[N * N], c[N * N], l[N * N];
  make(t, LATI_STRUCTURE_TOEPLITZ, _i);
  make(c, LATI_STRUCTURE_CIRCULANT, _i);
  make(l, LATI_STRUCTURE_LAPLACIAN, _i);
  for (int i = 0; i < N; ++i) {
    double sum = 0;
    for (int j = 0; j < N; ++j) {
      ck_assert(i == 0 || j == 0 || same(t, i, j, i - 1, j - 1));
      ck_assert(same(c, i, j, (i + 1) % N, (j + 1) % N));
      ck_assert(i == j ? l[i * N + j] > 0 : l[i * N + j] <= 0);
      ck_assert(same(l, i, j, j, i));
      sum += l[i * N + j];
    }
    ck_assert_double_eq_tol(sum, 0, 1e-13);
  }
  ck_assert(t[1] != 0 && t[1] != t[2] && c[N] != c[2 * N]);
}
END_TEST

/* a_ij a_kl - a_il a_kj. */
static double minor_of(const double *a, int i, int j, int k, int l) {
  return a[i * N + j] * a[k * N + l] - a[i * N + l] * a[k * N + j];
}

/* Blocks of 3 x 3 are multiples of the first; off the diagonal of D + u v^T all minors vanish. */
START_TEST(products_of_small_factors) {
  double k[N * N], d[N * N];
  make(k, LATI_STRUCTURE_KRONECKER, _i);
  make(d, LATI_STRUCTURE_LOW_RANK_DIAGONAL, _i);
  for (int i = 0; i < 9; ++i) {
    for (int block = 1; block < 4; ++block) {
      const double *first = k, *other = k + block / 2 * 3 * N + block % 2 * 3;
      const int at = i / 3 * N + i % 3;
      ck_assert_double_eq_tol(first[0] * other[at], other[0] * first[at], 1e-12);
    }
  }
  ck_assert_double_eq_tol(minor_of(d, 0, 1, 2, 3), 0, 1e-12);
  ck_assert_double_eq_tol(minor_of(d, 4, 0, 5, 3), 0, 1e-12);
  ck_assert_double_gt(fabs(minor_of(d, 0, 0, 1, 2)), 1e-3);
}
END_TEST

START_TEST(bands_and_blocks) {
  double t[N * N], b[N * N];
  make(t, LATI_STRUCTURE_TRIDIAGONAL, _i);
  make(b, LATI_STRUCTURE_BLOCK_DIAGONAL, _i);
  for (int i = 0; i < N * N; ++i) {
    ck_assert((t[i] != 0) == (abs(i / N - i % N) <= 1));
    ck_assert((b[i] != 0) == ((i / N < 3) == (i % N < 3)));
  }
}
END_TEST

START_TEST(names_and_mixtures) {
  lati_named_mixture mixture;
  ck_assert_str_eq(lati_structure_name(LATI_STRUCTURE_SPARSE), "sparse");
  ck_assert_ptr_null(lati_structure_name(-1));
  ck_assert_ptr_null(lati_structure_name(LATI_STRUCTURE_COUNT));
  ck_assert_int_eq(lati_structures_parse(&mixture, NULL), LAT_OK);
  ck_assert_int_eq(mixture.count, 1);
  ck_assert_int_eq(mixture.index[0], LATI_STRUCTURE_DENSE);
  ck_assert_int_eq(lati_structures_parse(&mixture, "dense:3,zero"), LAT_OK);
  ck_assert_double_eq(mixture.cumulative[0], 0.75);
  ck_assert_int_eq(lati_structures_parse(&mixture, "dense,hankel"), LAT_ERROR_NOT_FOUND);
  ck_assert_str_eq(lat_last_error(),
                   "no structure 'hankel'; there are dense, diagonal, identity, zero, integer, "
                   "sparse, toeplitz, circulant, tridiagonal, kronecker, block-diagonal, "
                   "lowrank-diagonal, laplacian");
  ck_assert_int_eq(lati_structures_parse(&mixture, "zero:0"), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "weight of structure 'zero' is not a positive number: '0'");
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("structures");
  tcase_add_test(tests, each_structure_is_what_its_name_says);
  tcase_add_test(tests, sparse_matrices_keep_three_in_ten);
  tcase_add_test(tests, whole_numbers_have_no_negative_zero);
  tcase_add_loop_test(tests, coefficients_that_follow_from_others, 0, 2);
  tcase_add_loop_test(tests, products_of_small_factors, 0, 2);
  tcase_add_loop_test(tests, bands_and_blocks, 0, 2);
  tcase_add_test(tests, names_and_mixtures);
  return run_case("structures", tests);
}
