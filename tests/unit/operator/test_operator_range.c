/* Operators at the ends of the range of doubles, and singular ones: right numbers, or the reason.
 */
#include "operator_fixture.h"

#include <float.h>

#define TOLERANCE 1e-14

static lat_context *ctx;

static void open_context(void) {
  MUST(lat_context_create(&ctx, NULL));
}

static void close_context(void) {
  lat_context_free(ctx);
}

static void refuse(lat_status status, const char *message) {
  ck_assert_int_eq(status, LAT_ERROR_NUMERIC);
  ck_assert_str_eq(lat_last_error(), message);
}

static lat_operator *dense(const double *values, int32_t n) {
  double copy[16];
  lat_operator *op = NULL;
  memcpy(copy, values, (size_t)(n * n) * sizeof *copy);
  const lat_matrix a = {copy, n, n, n, LAT_ROW_MAJOR};
  MUST(lat_operator_create_dense(&op, ctx, &a));
  return op;
}

static lat_operator *diagonal(const double *values, int64_t n) {
  lat_operator *op = NULL;
  MUST(lat_operator_create_diagonal(&op, ctx, values, n));
  return op;
}

static lat_operator *tridiagonal(double on, double beside, int64_t n) {
  lat_operator *op = NULL;
  MUST(lat_operator_create_tridiagonal(&op, ctx, on, beside, n));
  return op;
}

static lat_operator *circulant(const double *column, int64_t n) {
  lat_operator *op = NULL;
  MUST(lat_operator_create_circulant(&op, ctx, column, n));
  return op;
}

/* base + u v^T. */
static lat_operator *update(lat_operator *base, double *u, double *v) {
  lat_operator *op = NULL;
  const int32_t n = (int32_t)lat_operator_size(base);
  const lat_matrix left = {u, n, 1, 1, LAT_ROW_MAJOR}, right = {v, n, 1, 1, LAT_ROW_MAJOR};
  MUST(lat_operator_create_low_rank(&op, base, &left, &right));
  lat_operator_free(base);
  return op;
}

typedef lat_status combination(lat_operator **out, lat_operator *const *parts, int32_t count);

static lat_operator *combine(combination *create, lat_operator *a, lat_operator *b) {
  lat_operator *op = NULL, *const parts[] = {a, b};
  MUST(create(&op, parts, 2));
  lat_operator_free(a);
  lat_operator_free(b);
  return op;
}

static int32_t twice(double *y, const double *x, int64_t size, void *user) {
  const double factor = user == NULL ? 2 : *(const double *)user;
  for (int64_t i = 0; i < size; ++i) {
    y[i] = factor * x[i];
  }
  return 0;
}

static lat_operator *multiple(double *factor, int64_t n) {
  lat_operator *op = NULL;
  MUST(lat_operator_create_function(&op, ctx, twice, factor, n));
  return op;
}

/* op is given up. */
static void expect_determinant(lat_operator *op, double logarithm, int32_t sign) {
  double found = 0;
  int32_t found_sign = 7;
  MUST(lat_operator_log_determinant(&found, &found_sign, op));
  ck_assert_int_eq(found_sign, sign);
  ck_assert_msg(found == logarithm ||
                    fabs(found - logarithm) <= TOLERANCE * fmax(1, fabs(logarithm)),
                "%.17g is not %.17g", found, logarithm);
  lat_operator_free(op);
}

static void expect_singular(lat_operator *op, const char *message) {
  double x[8] = {1};
  refuse(lat_operator_solve(x, op, x, 1), message);
  expect_determinant(op, -INFINITY, 0);
}

static void expect_solution(const lat_operator *op, const double *b, const double *x) {
  double found[8];
  const int64_t n = lat_operator_size(op);
  MUST(lat_operator_solve(found, op, b, 1));
  ck_assert_double_le(difference(found, x, n), TOLERANCE);
}

static void expect_eigenvalues(const lat_operator *op, const double *values) {
  double found[8];
  MUST(lat_operator_eigenvalues(found, NULL, op));
  ck_assert_double_le(difference(found, values, lat_operator_size(op)), TOLERANCE);
}

START_TEST(circulants_of_even_size_have_a_real_eigenvalue_in_the_middle) {
  double real[6], imaginary[6];
  lat_operator *op = circulant((double[]){1, 2, 0, 0, 0, 0}, 6);
  MUST(lat_operator_eigenvalues(real, imaginary, op));
  ck_assert(real[0] == -1 && imaginary[0] == 0 && real[5] == 3 && imaginary[5] == 0);
  for (int i = 1; i < 5; i += 2) { /* pairs, by their imaginary parts */
    ck_assert(real[i] == real[i + 1] && imaginary[i] < 0 && imaginary[i] == -imaginary[i + 1]);
  }
  expect_determinant(op, log(63), -1);
  expect_determinant(circulant((double[]){1, 3, 0, 0}, 4), log(80), -1);
  expect_determinant(circulant((double[]){1, 3}, 2), log(8), -1);
  expect_determinant(circulant((double[]){-2}, 1), log(2), -1);
}
END_TEST

START_TEST(singular_circulants_are_told) {
  const char *message = "the circulant operator is singular";
  expect_singular(circulant((double[]){1, 1, 0, 0}, 4), message);
  expect_singular(circulant((double[]){1, -1, 0, 0}, 4), message);
  expect_singular(circulant((double[]){1, 1, 1}, 3), message);
  expect_singular(circulant((double[]){0.1, 0.2, -0.3, 0, 0}, 5), message);
  expect_singular(circulant((double[]){1, 1, 0, 0, 0, 0}, 6), message);
  expect_singular(circulant((double[]){1e308, 1e308, 1e308}, 3), message);
  expect_singular(circulant((double[]){0, 0}, 2), message);
}
END_TEST

/* Of 100 zeros and three numbers: what is small is no rounding error of these three. */
START_TEST(nearly_singular_circulants_are_solved) {
  double column[100] = {2 + 0x1p-43, -1}, x[100], logarithm = 0;
  int32_t sign = 0;
  column[99] = -1;
  for (int i = 0; i < 100; ++i) {
    x[i] = 1;
  }
  lat_operator *op = circulant(column, 100);
  MUST(lat_operator_solve(x, op, x, 1));
  ck_assert_double_le(fabs(x[7] * 0x1p-43 - 1), 0.01);
  MUST(lat_operator_log_determinant(&logarithm, &sign, op));
  ck_assert_int_eq(sign, 1);
  lat_operator_free(op);
}
END_TEST

/* Sizes of matrices and of their right-hand sides. */
static const double scales[] = {1,     1e160,  1e200,  1e300,  0x1p1022,
                                1e308, 1e-158, 1e-200, 1e-290, 0x1p-1030};
enum { SCALES = sizeof scales / sizeof *scales };

START_TEST(circulants_of_any_scale_are_solved) {
  const double s = scales[_i], column[] = {s / 2, s, 0, -s / 4}, first[] = {1, 0, 0, 0};
  lat_operator *op = circulant(column, 4);
  expect_solution(op, column, first);
  /* Eigenvalues of s = 2 are 2.5, 1 -+ 2.5 i and -0.5. */
  expect_determinant(op, log(1.25 * 7.25) + 4 * (log(s) - log(2)), -1);
}
END_TEST

START_TEST(dense_matrices_of_any_scale_are_solved) {
  const double s = scales[_i], half[] = {0.5, 0.5};
  lat_operator *op = dense((double[]){s, s, s, -s}, 2);
  expect_solution(op, (double[]){s, 0}, half);
  expect_determinant(op, log(2) + 2 * log(s), -1);
}
END_TEST

START_TEST(tridiagonal_matrices_of_any_scale_are_solved) {
  const double s = scales[_i], x[] = {1, 0, -1};
  lat_operator *op = tridiagonal(s, s, 3);
  expect_solution(op, (double[]){s, 0, -s}, x);
  expect_determinant(op, 3 * log(s), -1);
}
END_TEST

START_TEST(kronecker_sums_of_any_scale_are_solved) {
  const double s = scales[_i], half[] = {0.5, 0.5, 0.5, 0.5}, b[] = {s, s, s, s};
  const double whole[] = {s, 0, 0, s};
  lat_operator *op = combine(lat_operator_create_kronecker_sum, diagonal(b, 2), diagonal(b, 2));
  expect_solution(op, b, half);
  expect_determinant(op, 4 * (log(2) + log(s)), 1);
  op = combine(lat_operator_create_kronecker_sum, dense(whole, 2), dense(whole, 2));
  expect_solution(op, b, half);
  lat_operator_free(op);
}
END_TEST

START_TEST(conjugate_gradients_solve_at_any_scale) {
  const double s = scales[_i], b[] = {s, 0.5 * s, -s / 8}, exact[] = {s / 2, s / 4, -s / 16};
  lat_operator *op = multiple(NULL, 3);
  double x[3] = {0}, residual = 1;
  int32_t steps = 7;
  MUST(lat_operator_solve(x, op, b, 1));
  ck_assert_double_le(difference(x, exact, 3), 1e-12);
  for (int i = 0; i < 3; ++i) { /* guesses that are near, and far */
    x[i] = exact[i] * (1 - 1e-5);
  }
  MUST(lat_operator_conjugate_gradients(x, &steps, &residual, op, NULL, b, 1e-12, 100));
  ck_assert(steps == 1 && residual <= 1e-12);
  ck_assert_double_le(difference(x, exact, 3), 1e-12);
  x[0] = x[1] = x[2] = 1;
  MUST(lat_operator_conjugate_gradients(x, &steps, &residual, op, NULL, b, 1e-12, 100));
  ck_assert(residual <= 1e-12);
  ck_assert_double_le(difference(x, exact, 3), 1e-12);
  lat_operator_free(op);
}
END_TEST

/* The guess stays far larger than the side when both are multiplied; residuals tell by how much. */
START_TEST(conjugate_gradients_forget_far_guesses) {
  const double b[] = {1e-300, 0}, exact[] = {5e-301, 0};
  double x[] = {1e300, 0}, residual = 1;
  int32_t steps = 0;
  lat_operator *op = multiple(NULL, 2);
  MUST(lat_operator_conjugate_gradients(x, &steps, &residual, op, NULL, b, 1e-12, 100));
  ck_assert_double_le(difference(x, exact, 2), 1e-12);
  x[0] = 1e200;
  ck_assert_int_eq(
      lat_operator_conjugate_gradients(x, &steps, &residual, op, op, (double[]){1, 1}, 1e-300, 1),
      LAT_ERROR_NUMERIC);
  ck_assert_int_eq(steps, 1);
  lat_operator_free(op);
}
END_TEST

START_TEST(conjugate_gradients_say_what_overflows) {
  double factor = 1e-300, x[2] = {0};
  lat_operator *op = multiple(&factor, 2);
  refuse(lat_operator_conjugate_gradients(x, NULL, NULL, op, NULL, (double[]){1e300, 0}, 1e-9, 9),
         "x: a value overflows");
  lat_operator_free(op);
}
END_TEST

/* The determinant of n rows is a times that of n - 1, less b^2 times that of n - 2. */
static double slow_determinant(double on, double beside, int n) {
  double before = 0, here = 1;
  for (int i = 0; i < n; ++i) {
    const double next = on * here - (i > 0 ? beside * beside * before : 0);
    before = here;
    here = next;
  }
  return here;
}

START_TEST(tridiagonal_determinants_are_those_of_a_recurrence) {
  const double on[] = {-3, -2, -1.75, -1, -0.25, 0, 0.125, 1, 1.5, 2, 4},
               beside[] = {1, -1, 0.5, 0};
  for (int i = 0; i < 44; ++i) {
    const double a = on[i / 4], b = beside[i % 4];
    for (int n = 1; n < 9; ++n) {
      const double expected = slow_determinant(a, b, n); /* exact */
      lat_operator *op = tridiagonal(a, b, n);
      if (expected == 0) {
        expect_singular(op, "the tridiagonal operator is singular");
      } else {
        expect_determinant(op, log(fabs(expected)), expected < 0 ? -1 : 1);
      }
    }
  }
  expect_determinant(tridiagonal(1e-20, 1, 3), log(2e-20), -1);
  expect_determinant(tridiagonal(1e-200, 1e200, 3), log(2) + log(1e200), -1);
  expect_determinant(tridiagonal(1, 1e-320, 3), 0, 1);
}
END_TEST

START_TEST(tridiagonal_eigenvalues_are_exact_where_that_is_simple) {
  double values[8];
  lat_operator *op = tridiagonal(0, 1, 3);
  MUST(lat_operator_eigenvalues(values, NULL, op));
  ck_assert(values[0] == -values[2] && values[1] == 0);
  lat_operator_free(op);
  op = tridiagonal(-1, 1, 5); /* -1 + 2 cos(pi / 3) */
  MUST(lat_operator_eigenvalues(values, NULL, op));
  ck_assert_double_eq(values[3], 0);
  lat_operator_free(op);
  op = tridiagonal(1, 1e20, 1); /* one row has no neighbour */
  MUST(lat_operator_eigenvalues(values, NULL, op));
  ck_assert_double_eq(values[0], 1);
  lat_operator_free(op);
}
END_TEST

/* 4 sin^2(pi / (2 n + 2)) of the Laplacian. */
START_TEST(small_tridiagonal_eigenvalues_keep_their_digits) {
  enum { ROWS = 100000 };
  double *values = malloc(ROWS * sizeof *values);
  lat_operator *op = tridiagonal(2, -1, ROWS);
  MUST(lat_operator_eigenvalues(values, NULL, op));
  const double expected = 4 * pow(sin(acos(-1.0) / (2.0 * ROWS + 2)), 2);
  ck_assert_double_le(fabs(values[0] / expected - 1), TOLERANCE);
  lat_operator_free(op);
  free(values);
}
END_TEST

START_TEST(infinite_eigenvalues_are_refused) {
  double real[100], imaginary[100], logarithm = 5;
  int32_t sign = 5;
  const double large[] = {1e308, 1e308}, turned[] = {DBL_MAX, DBL_MAX, -DBL_MAX, DBL_MAX};
  lat_operator *ops[] = {
      tridiagonal(1, 1e308, 100), circulant(large, 2),
      combine(lat_operator_create_kronecker_sum, diagonal(large, 2), diagonal(large, 2)),
      combine(lat_operator_create_kronecker, diagonal(large, 2), diagonal(large, 2))};
  for (int i = 0; i < 4; ++i) {
    refuse(lat_operator_eigenvalues(real, imaginary, ops[i]), "an eigenvalue overflows");
    lat_operator_free(ops[i]);
  }
  lat_operator *part = dense((double[]){DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX}, 2), *op = NULL;
  refuse(lat_operator_create_kronecker_sum(&op, &part, 1), "part 0: an eigenvalue overflows");
  ck_assert_ptr_null(op);
  lat_operator_free(part);
  part = dense(turned, 2); /* of size DBL_MAX sqrt(2), which a sum's determinant needs */
  lat_operator *const parts[] = {part, part};
  MUST(lat_operator_create_kronecker_sum(&op, parts, 2));
  ck_assert_int_eq(lat_operator_log_determinant(&logarithm, &sign, op), LAT_ERROR_NUMERIC);
  ck_assert(logarithm == 5 && sign == 5);
  lat_operator_free(op);
  lat_operator_free(part);
}
END_TEST

/* Parts whose sizes make up for one another, in either order. */
START_TEST(products_of_large_and_small_parts) {
  for (int i = 0; i < 2; ++i) {
    const double a = i == 0 ? 1e-200 : 0x1p664, b = i == 0 ? 1e200 : 0x1p-664;
    const double first[] = {a, -2 * a}, second[] = {b, 4 * b}, expected[] = {-8, -2, 1, 4};
    double x[] = {1e-200, 1e-200, 1e-200, 1e-200}, exact[] = {1, 4, -2, -8};
    lat_operator *op =
        combine(lat_operator_create_kronecker, diagonal(first, 2), diagonal(second, 2));
    expect_eigenvalues(op, expected);
    MUST(lat_operator_apply(x, op, x, 1));
    for (int k = 0; k < 4; ++k) {
      exact[k] *= 1e-200;
    }
    ck_assert_double_le(difference(x, exact, 4), TOLERANCE);
    expect_solution(op, exact, (double[]){1e-200, 1e-200, 1e-200, 1e-200});
    lat_operator_free(op);
  }
}
END_TEST

START_TEST(kronecker_sums_tell_zero_within_rounding) {
  const char *message = "the Kronecker sum operator is singular";
  const double ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, graded[] = {1e20, 1};
  expect_singular(
      combine(lat_operator_create_kronecker_sum, dense(ones, 3), diagonal((double[]){-3, 2}, 2)),
      message);
  expect_singular(combine(lat_operator_create_kronecker_sum, diagonal((double[]){0.1, 1}, 2),
                          diagonal((double[]){-0.1, 1}, 2)),
                  message);
  expect_determinant(
      combine(lat_operator_create_kronecker_sum, diagonal(graded, 2), diagonal(graded + 1, 1)),
      log(1e20) + log(2), 1);
}
END_TEST

START_TEST(updates_of_what_is_not_solved_have_products_only) {
  double e[] = {1, 0, 0}, minus = -1, x[] = {1, 2, 3}, y[3], real[3], logarithm = 0;
  int32_t sign = 0;
  const char *const messages[] = {"the base of the low-rank update is singular",
                                  "the base of the low-rank update could not be solved"};
  for (int i = 0; i < 2; ++i) { /* both updates are regular */
    lat_operator *op = update(i == 0 ? tridiagonal(0, 1, 3) : multiple(&minus, 3), e, e);
    MUST(lat_operator_apply(y, op, x, 1));
    ck_assert_double_eq(y[0], i == 0 ? 3 : 0);
    MUST(lat_operator_eigenvalues(real, NULL, op));
    refuse(lat_operator_log_determinant(&logarithm, &sign, op), messages[i]);
    refuse(lat_operator_solve(y, op, x, 1), messages[i]);
    lat_operator_free(op);
  }
}
END_TEST

START_TEST(updates_of_any_scale) {
  double large[] = {1e200, 0}, small[] = {1e-200, 0}, huge[] = {1e308, 0};
  double x[] = {1e-200, 0}, logarithm = 0;
  int32_t sign = 0;
  const double ones[] = {1, 1}, minus[] = {-1, 1};
  lat_operator *op = update(diagonal(ones, 2), large, small); /* 1 + 1 in the corner */
  MUST(lat_operator_apply(x, op, x, 1));
  ck_assert_double_le(fabs(x[0] / 2e-200 - 1), TOLERANCE);
  expect_solution(op, x, (double[]){1e-200, 0});
  expect_determinant(op, log(2), 1);
  expect_singular(update(diagonal(minus, 2), large, small),
                  "the low-rank update operator is singular");
  op = update(diagonal(ones, 2), huge, (double[]){1, 1});
  expect_solution(op, (double[]){0, 1}, (double[]){-1, 1});
  expect_determinant(op, log(1e308), 1);
  op = update(diagonal(ones, 2), huge, huge); /* V^T U overflows */
  ck_assert_int_eq(lat_operator_log_determinant(&logarithm, &sign, op), LAT_ERROR_NUMERIC);
  ck_assert_int_eq(lat_operator_solve(x, op, x, 1), LAT_ERROR_NUMERIC);
  lat_operator_free(op);
}
END_TEST

START_TEST(large_laplacians_have_exact_determinants) {
  expect_determinant(tridiagonal(2, -1, 10000000), log(10000001), 1);
  expect_determinant(tridiagonal(-2, 1, 10000001), log(10000002), -1);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("operator range");
  tcase_add_checked_fixture(tests, open_context, close_context);
  tcase_add_test(tests, circulants_of_even_size_have_a_real_eigenvalue_in_the_middle);
  tcase_add_test(tests, singular_circulants_are_told);
  tcase_add_test(tests, nearly_singular_circulants_are_solved);
  tcase_add_loop_test(tests, circulants_of_any_scale_are_solved, 0, SCALES);
  tcase_add_loop_test(tests, dense_matrices_of_any_scale_are_solved, 0, SCALES);
  tcase_add_loop_test(tests, tridiagonal_matrices_of_any_scale_are_solved, 0, SCALES);
  tcase_add_loop_test(tests, kronecker_sums_of_any_scale_are_solved, 0, SCALES);
  tcase_add_loop_test(tests, conjugate_gradients_solve_at_any_scale, 0, SCALES);
  tcase_add_test(tests, conjugate_gradients_forget_far_guesses);
  tcase_add_test(tests, conjugate_gradients_say_what_overflows);
  tcase_add_test(tests, tridiagonal_determinants_are_those_of_a_recurrence);
  tcase_add_test(tests, tridiagonal_eigenvalues_are_exact_where_that_is_simple);
  tcase_add_test(tests, small_tridiagonal_eigenvalues_keep_their_digits);
  tcase_add_test(tests, infinite_eigenvalues_are_refused);
  tcase_add_test(tests, products_of_large_and_small_parts);
  tcase_add_test(tests, kronecker_sums_tell_zero_within_rounding);
  tcase_add_test(tests, updates_of_what_is_not_solved_have_products_only);
  tcase_add_test(tests, updates_of_any_scale);
  tcase_add_test(tests, large_laplacians_have_exact_determinants);
  return run_case("operator range", tests);
}
