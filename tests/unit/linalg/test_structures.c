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
  ck_assert_int_eq(lati_structures_parse(&mixture, "dense,toeplitz"), LAT_ERROR_NOT_FOUND);
  ck_assert_str_eq(lat_last_error(),
                   "no structure 'toeplitz'; there are dense, diagonal, identity, "
                   "zero, integer, sparse");
  ck_assert_int_eq(lati_structures_parse(&mixture, "zero:0"), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "weight of structure 'zero' is not a positive number: '0'");
}
END_TEST

int main(void) {
  const TTest *const tests[] = {each_structure_is_what_its_name_says,
                                sparse_matrices_keep_three_in_ten,
                                whole_numbers_have_no_negative_zero, names_and_mixtures, NULL};
  return run_suite("structures", tests);
}
