/* Every kind of operator against its matrix, written out: products, solutions, eigenvalues and
 * determinants. */
#include "operator_fixture.h"

#define TOLERANCE 1e-13

static lat_context *ctx;

static void open_context(void) {
  MUST(lat_context_create(&ctx, NULL));
}

static void close_context(void) {
  lat_context_free(ctx);
}

/* A (x) B of two twins, by the definition. */
static void write_kronecker(twin *t, const twin *a, const twin *b) {
  for (int64_t i = 0; i < t->n; ++i) {
    for (int64_t j = 0; j < t->n; ++j) {
      t->matrix[i * t->n + j] =
          a->matrix[i / b->n * a->n + j / b->n] * b->matrix[i % b->n * b->n + j % b->n];
    }
  }
}

static void write_sum(twin *t, const twin *a, const twin *b) {
  for (int64_t i = 0; i < t->n; ++i) {
    for (int64_t j = 0; j < t->n; ++j) {
      const int same_a = i / b->n == j / b->n, same_b = i % b->n == j % b->n;
      t->matrix[i * t->n + j] = (same_b ? a->matrix[i / b->n * a->n + j / b->n] : 0) +
                                (same_a ? b->matrix[i % b->n * b->n + j % b->n] : 0);
    }
  }
}

static void write_blocks(twin *t, const twin *a, const twin *b) {
  for (int64_t i = 0; i < a->n; ++i) {
    memcpy(t->matrix + i * t->n, a->matrix + i * a->n, (size_t)a->n * sizeof(double));
  }
  for (int64_t i = 0; i < b->n; ++i) {
    memcpy(t->matrix + (a->n + i) * t->n + a->n, b->matrix + i * b->n,
           (size_t)b->n * sizeof(double));
  }
}

typedef lat_status combination(lat_operator **out, lat_operator *const *parts, int32_t count);

static twin combine(combination *create, void (*write)(twin *, const twin *, const twin *),
                    int64_t n, twin a, twin b) {
  twin t = twin_new(n);
  lat_operator *const parts[] = {a.op, b.op};
  MUST(create(&t.op, parts, 2));
  write(&t, &a, &b);
  twin_free(&a); /* the whole keeps its parts alive */
  twin_free(&b);
  return t;
}

static twin dense(void) {
  return dense_twin(ctx, 7, 0, 1);
}

static twin diagonal(void) {
  twin t = twin_new(4);
  const double d[] = {2, -3, 0.5, 4};
  for (int64_t i = 0; i < 4; ++i) {
    t.matrix[i * 5] = d[i];
  }
  MUST(lat_operator_create_diagonal(&t.op, ctx, d, 4));
  return t;
}

static twin tridiagonal(void) {
  twin t = twin_new(9);
  for (int64_t i = 0; i < 9; ++i) {
    for (int64_t j = 0; j < 9; ++j) {
      t.matrix[i * 9 + j] = i == j ? 2.5 : llabs(i - j) == 1 ? -1 : 0;
    }
  }
  MUST(lat_operator_create_tridiagonal(&t.op, ctx, 2.5, -1, 9));
  return t;
}

static twin circulant_of(const double *column, int64_t n) {
  twin t = twin_new(n);
  for (int64_t i = 0; i < n * n; ++i) {
    t.matrix[i] = column[(i / n - i % n + n) % n];
  }
  MUST(lat_operator_create_circulant(&t.op, ctx, column, n));
  return t;
}

static twin circulant(void) {
  return circulant_of((double[]){4, 1, -2, 0.5, 0.25}, 5);
}

static twin symmetric_circulant(void) {
  return circulant_of((double[]){4, 1, 0.5, 0.5, 1}, 5);
}

static int32_t times_matrix(double *y, const double *x, int64_t size, void *user) {
  const twin t = {NULL, user, size};
  multiply(y, &t, x);
  return 0;
}

/* The matrix of a diagonally dominant symmetric one, as a function. */
static twin function(void) {
  twin t = dense_twin(ctx, 6, 1, 9);
  lat_operator_free(t.op);
  for (int64_t i = 0; i < 6; ++i) {
    t.matrix[i * 7] += 10;
  }
  MUST(lat_operator_create_function(&t.op, ctx, times_matrix, t.matrix, 6));
  return t;
}

static twin kronecker(void) {
  return combine(lat_operator_create_kronecker, write_kronecker, 12, dense_twin(ctx, 3, 0, 2),
                 dense_twin(ctx, 4, 0, 3));
}

/* Three parts, by nesting, of which one is symmetric. */
static twin nested(void) {
  return combine(lat_operator_create_kronecker, write_kronecker, 24, kronecker(),
                 dense_twin(ctx, 2, 1, 4));
}

static twin kronecker_sum(void) {
  return combine(lat_operator_create_kronecker_sum, write_sum, 20, dense_twin(ctx, 5, 1, 5),
                 diagonal());
}

/* A discrete Laplacian on a grid: solved by conjugate gradients. */
static twin grid(void) {
  return combine(lat_operator_create_kronecker_sum, write_sum, 81, tridiagonal(), tridiagonal());
}

static twin blocks(void) {
  return combine(lat_operator_create_block_diagonal, write_blocks, 16, kronecker(), diagonal());
}

/* base + U V^T with rank 2. */
static twin update(twin base, int symmetric) {
  enum { RANK = 2 };
  lat_random random;
  double u[32 * RANK], v[32 * RANK];
  lati_random_start(&random, 4, 0, (uint64_t)symmetric);
  for (int64_t i = 0; i < base.n * RANK; ++i) {
    u[i] = lat_random_normal(&random);
    v[i] = symmetric ? u[i] : lat_random_normal(&random);
  }
  for (int64_t i = 0; i < base.n * base.n; ++i) {
    for (int64_t k = 0; k < RANK; ++k) {
      base.matrix[i] += u[i / base.n * RANK + k] * v[i % base.n * RANK + k];
    }
  }
  const lat_matrix left = {u, (int32_t)base.n, RANK, RANK, LAT_ROW_MAJOR};
  const lat_matrix right = {v, (int32_t)base.n, RANK, RANK, LAT_ROW_MAJOR};
  lat_operator *op = NULL;
  MUST(lat_operator_create_low_rank(&op, base.op, &left, &right));
  lat_operator_free(base.op);
  base.op = op;
  return base;
}

static twin low_rank(void) {
  return update(diagonal(), 0);
}

static twin low_rank_of_kronecker(void) {
  return update(kronecker(), 0);
}

static twin low_rank_of_identity(void) {
  twin t = twin_new(4);
  for (int64_t i = 0; i < 4; ++i) {
    t.matrix[i * 5] = 2;
  }
  MUST(lat_operator_create_diagonal(&t.op, ctx, (double[]){2, 2, 2, 2}, 4));
  return update(t, 1);
}

static twin (*const kinds[])(void) = {dense,
                                      diagonal,
                                      tridiagonal,
                                      circulant,
                                      symmetric_circulant,
                                      function,
                                      kronecker,
                                      nested,
                                      grid,
                                      blocks,
                                      low_rank,
                                      low_rank_of_kronecker,
                                      low_rank_of_identity,
                                      kronecker_sum};
enum { KINDS = sizeof kinds / sizeof *kinds, COUNT = 3 };

static double *random_vectors(int64_t values) {
  lat_random random;
  double *x = malloc((size_t)values * sizeof *x);
  lati_random_start(&random, 8, 0, 0);
  for (int64_t i = 0; i < values; ++i) {
    x[i] = lat_random_normal(&random);
  }
  return x;
}

START_TEST(products_and_solutions) {
  twin t = kinds[_i]();
  ck_assert_int_eq(lat_operator_size(t.op), t.n);
  double *x = random_vectors(t.n * COUNT), *y = malloc((size_t)(t.n * COUNT) * sizeof *y);
  double *expected = malloc((size_t)(t.n * COUNT) * sizeof *y);
  for (int64_t v = 0; v < COUNT; ++v) {
    multiply(expected + v * t.n, &t, x + v * t.n);
  }
  MUST(lat_operator_apply(y, t.op, x, COUNT));
  ck_assert_double_le(difference(y, expected, t.n * COUNT), TOLERANCE);
  MUST(lat_operator_solve(y, t.op, expected, COUNT));
  /* Conjugate gradients stop at 1e-12. */
  ck_assert_double_le(difference(y, x, t.n * COUNT),
                      kinds[_i] == function || kinds[_i] == grid ? 1e-11 : 20 * TOLERANCE);
  free(expected);
  free(y);
  free(x);
  twin_free(&t);
}
END_TEST

/* Against LAPACK's of the whole matrix. Complex ones: the sums of l and of l^2 and the determinant
 * say the same without an order. */
START_TEST(eigenvalues_and_determinants) {
  twin t = kinds[_i]();
  lat_operator *whole = NULL;
  double real[2][100], imaginary[2][100], logarithm[2], sums[2][2] = {{0}};
  int32_t sign[2];
  lat_matrix a = {t.matrix, (int32_t)t.n, (int32_t)t.n, (int32_t)t.n, LAT_ROW_MAJOR};
  MUST(lat_operator_create_dense(&whole, ctx, &a));
  for (int i = 0; i < 2; ++i) {
    const lat_operator *op = i == 0 ? t.op : whole;
    MUST(lat_operator_eigenvalues(real[i], imaginary[i], op));
    MUST(lat_operator_log_determinant(&logarithm[i], &sign[i], op));
    for (int64_t k = 0; k < t.n; ++k) {
      ck_assert(k == 0 || real[i][k - 1] <= real[i][k]);
      sums[i][0] += real[i][k] * real[i][k] - imaginary[i][k] * imaginary[i][k];
      sums[i][1] += fabs(imaginary[i][k]);
    }
  }
  ck_assert_double_le(difference(real[0], real[1], t.n), 10 * TOLERANCE);
  ck_assert_double_le(fabs(sums[0][0] / sums[1][0] - 1), 10 * TOLERANCE);
  ck_assert_double_le(fabs(sums[0][1] - sums[1][1]), 100 * TOLERANCE);
  ck_assert_double_le(fabs(logarithm[0] - logarithm[1]), 10 * TOLERANCE * fabs(logarithm[1]));
  ck_assert_int_eq(sign[0], sign[1]);
  lat_operator_free(whole);
  twin_free(&t);
}
END_TEST

/* The comparison above would notice parts in the wrong order. */
START_TEST(order_of_the_parts_matters) {
  twin a = dense_twin(ctx, 3, 0, 2), b = dense_twin(ctx, 4, 0, 3), t = twin_new(12);
  lat_operator *const parts[] = {b.op, a.op};
  double *x = random_vectors(12), y[12], expected[12];
  MUST(lat_operator_create_kronecker(&t.op, parts, 2));
  write_kronecker(&t, &a, &b);
  multiply(expected, &t, x);
  MUST(lat_operator_apply(y, t.op, x, 1));
  ck_assert_double_gt(difference(y, expected, 12), 0.1);
  free(x);
  twin_free(&t);
  twin_free(&a);
  twin_free(&b);
}
END_TEST

/* Products are cut by their shape: the same bits with one thread and with three. */
START_TEST(threads_change_no_bit) {
  enum { N = 300, VECTORS = 200 };
  static double y[2][N * VECTORS];
  double *x = random_vectors(N * VECTORS);
  for (int i = 0; i < 2; ++i) {
    lat_context *threaded = NULL;
    lat_context_options options;
    lat_context_options_init(&options);
    options.threads = i == 0 ? 1 : 3;
    MUST(lat_context_create(&threaded, &options));
    twin t = dense_twin(threaded, N, 0, 6);
    MUST(lat_operator_apply(y[i], t.op, x, VECTORS));
    twin_free(&t);
    lat_context_free(threaded);
  }
  ck_assert_int_eq(memcmp(y[0], y[1], sizeof y[0]), 0);
  free(x);
}
END_TEST

/* 16 million rows from four parts: nothing of that size squared is ever there. */
START_TEST(large_products_stay_small) {
  lat_operator *parts[4], *op = NULL;
  int32_t sign = 0;
  double logarithm = 0;
  for (int i = 0; i < 4; ++i) {
    MUST(lat_operator_create_tridiagonal(&parts[i], ctx, 3, 1, 64));
  }
  MUST(lat_operator_create_kronecker(&op, parts, 4));
  MUST(lat_operator_log_determinant(&logarithm, &sign, op));
  double one = 0;
  MUST(lat_operator_log_determinant(&one, &sign, parts[0]));
  ck_assert_int_eq(lat_operator_size(op), 64 * 64 * 64 * 64);
  ck_assert_double_le(fabs(logarithm / (4.0 * 64 * 64 * 64 * one) - 1), TOLERANCE);
  for (int i = 0; i < 4; ++i) {
    lat_operator_free(parts[i]);
  }
  lat_operator_free(op);
}
END_TEST

static void refuse(lat_status status, lat_status expected, const char *message) {
  ck_assert_int_eq(status, expected);
  ck_assert_str_eq(lat_last_error(), message);
}

START_TEST(bad_input_is_refused) {
  double zeros[4] = {0}, x[4] = {1, NAN, 0, 0}, real[4];
  lat_operator *op = NULL, *singular = NULL;
  lat_matrix wide = {zeros, 1, 2, 2, LAT_ROW_MAJOR}, zero = {zeros, 2, 2, 2, LAT_ROW_MAJOR};
  lat_matrix turn = {(double[]){0, 1, -1, 0}, 2, 2, 2, LAT_ROW_MAJOR};
  lat_matrix bad = {x, 2, 2, 2, LAT_ROW_MAJOR};
  refuse(lat_operator_create_dense(&op, ctx, &wide), LAT_ERROR_SHAPE,
         "a: the matrix is 1 x 2, not 1 x 1");
  refuse(lat_operator_create_dense(&op, ctx, &bad), LAT_ERROR_NUMERIC, "a: row 1, column 2 is NaN");
  refuse(lat_operator_create_diagonal(&op, ctx, x, 0), LAT_ERROR_ARGUMENT,
         "operator: size 0 is outside 1..2147483647");
  refuse(lat_operator_create_diagonal(&op, ctx, x, 4), LAT_ERROR_NUMERIC,
         "diagonal: a value is not finite");
  refuse(lat_operator_create_tridiagonal(&op, ctx, 1, INFINITY, 4), LAT_ERROR_NUMERIC,
         "neighbour inf is not finite");
  refuse(lat_operator_create_circulant(&op, ctx, x, 4), LAT_ERROR_NUMERIC,
         "column: a value is not finite");
  MUST(lat_operator_create_dense(&singular, ctx, &zero));
  refuse(lat_operator_solve(x, singular, zeros, 1), LAT_ERROR_NUMERIC,
         "the dense operator is singular");
  refuse(lat_operator_apply(zeros, singular, x, 1), LAT_ERROR_NUMERIC, "x: a value is not finite");
  refuse(lat_operator_apply(zeros, singular, zeros, 0), LAT_ERROR_ARGUMENT, "count 0 is below 1");
  refuse(lat_operator_apply(zeros, singular, zeros, (int64_t)1 << 40), LAT_ERROR_LIMIT,
         "1099511627776 vectors of size 2 have more than 2147483647 values");
  refuse(lat_operator_create_low_rank(&op, singular, &wide, &wide), LAT_ERROR_SHAPE,
         "u: the matrix is 1 x 2, not 2 x 2");
  MUST(lat_operator_create_dense(&op, ctx, &turn));
  refuse(lat_operator_eigenvalues(real, NULL, op), LAT_ERROR_NUMERIC,
         "an eigenvalue is not real: 0 + 1 i");
  lat_operator_free(op);
  lat_operator_free(singular);
}
END_TEST

START_TEST(singular_parts) {
  double zeros[4] = {0}, ones[4] = {1, 1, 1, 1}, x[4], logarithm = 0;
  int32_t sign = 7;
  lat_operator *zero = NULL, *op = NULL, *updated = NULL;
  lat_matrix a = {zeros, 2, 2, 2, LAT_ROW_MAJOR}, u = {ones, 2, 1, 1, LAT_ROW_MAJOR};
  MUST(lat_operator_create_dense(&zero, ctx, &a));
  lat_operator *const parts[] = {zero, zero};
  MUST(lat_operator_create_kronecker(&op, parts, 2));
  refuse(lat_operator_solve(x, op, ones, 1), LAT_ERROR_NUMERIC,
         "the Kronecker product operator is singular");
  MUST(lat_operator_log_determinant(&logarithm, &sign, op));
  ck_assert(isinf(logarithm) && logarithm < 0 && sign == 0);
  MUST(lat_operator_create_low_rank(&updated, zero, &u, &u));
  MUST(lat_operator_apply(x, updated, ones, 1));
  ck_assert_double_eq(x[0], 2);
  refuse(lat_operator_solve(x, updated, ones, 1), LAT_ERROR_NUMERIC,
         "the base of the low-rank update is singular");
  refuse(lat_operator_log_determinant(&logarithm, &sign, updated), LAT_ERROR_NUMERIC,
         "the base of the low-rank update is singular");
  lat_operator_free(updated);
  lat_operator_free(op);
  lat_operator_free(zero);
}
END_TEST

START_TEST(parts_are_checked) {
  lat_context *other = NULL;
  lat_operator *a = NULL, *b = NULL, *op = NULL, *huge[5];
  MUST(lat_context_create(&other, NULL));
  MUST(lat_operator_create_tridiagonal(&a, ctx, 3, 1, 1000));
  MUST(lat_operator_create_tridiagonal(&b, other, 3, 1, 1000));
  lat_operator *const foreign[] = {a, b}, *const absent[] = {a, NULL};
  refuse(lat_operator_create_kronecker(&op, foreign, 2), LAT_ERROR_ARGUMENT,
         "part 1 has another context than part 0");
  refuse(lat_operator_create_kronecker_sum(&op, absent, 2), LAT_ERROR_ARGUMENT, "part 1 is NULL");
  refuse(lat_operator_create_block_diagonal(&op, foreign, 0), LAT_ERROR_ARGUMENT,
         "count 0 is outside 1..4096");
  for (int i = 0; i < 5; ++i) {
    huge[i] = a;
  }
  refuse(lat_operator_create_kronecker(&op, huge, 5), LAT_ERROR_LIMIT,
         "the size of the first 4 parts' product exceeds 2147483647");
  ck_assert_ptr_null(op);
  lat_operator_free(a);
  lat_operator_free(b);
  lat_context_free(other);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("operator");
  tcase_add_checked_fixture(tests, open_context, close_context);
  tcase_add_loop_test(tests, products_and_solutions, 0, KINDS);
  tcase_add_loop_test(tests, eigenvalues_and_determinants, 0, KINDS);
  tcase_add_test(tests, order_of_the_parts_matters);
  tcase_add_test(tests, threads_change_no_bit);
  tcase_add_test(tests, large_products_stay_small);
  tcase_add_test(tests, bad_input_is_refused);
  tcase_add_test(tests, singular_parts);
  tcase_add_test(tests, parts_are_checked);
  return run_case("operator", tests);
}
