/* Answers against their defining equations, in every layout, and what has no answer. */
#include "base/random.h"
#include "task_fixture.h"

enum { ROOM = 128 * 128 };

static lat_context *ctx;
static double input_data[ROOM], output_data[ROOM], other_data[ROOM];

static lat_matrix random_input(int32_t rows, int32_t cols, uint64_t index) {
  lat_random random;
  lati_random_start(&random, 21, 0, index);
  for (int32_t i = 0; i < rows * cols; ++i) {
    input_data[i] = 20 * lat_random_uniform(&random) - 10;
  }
  return by_rows(input_data, rows, cols);
}

static lat_matrix symmetric_input(int32_t n, uint64_t index) {
  lat_matrix a = random_input(n, n, index);
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < i; ++j) {
      a.data[j * n + i] = a.data[i * n + j];
    }
  }
  return a;
}

static lat_matrix answer_of(const char *name, const lat_matrix *input) {
  lat_task *task = new_task(ctx, name, 3, 3);
  lat_matrix output = by_rows(output_data, 0, 0);
  OK(joined_output_shape(&output.rows, &output.cols, task, input->rows, input->cols));
  output.ld = output.cols;
  OK(joined_answer(&output, task, input));
  lat_task_free(task);
  return output;
}

START_TEST(elementary_answers) {
  ctx = new_context(1);
  for (int32_t m = 1; m <= 7; ++m) {
    for (int32_t n = 1; n <= 7; ++n) {
      lat_matrix a = random_input(m, n, (uint64_t)(m * 8 + n));
      lat_matrix x = answer_of("transpose", &a);
      for (int32_t i = 0; i < m * n; ++i) {
        ck_assert_double_eq(at(&x, i % n, i / n), a.data[i]);
      }
      a = random_input(m, 2 * n, (uint64_t)(m * 8 + n));
      x = answer_of("add", &a);
      for (int32_t i = 0; i < m * n; ++i) {
        ck_assert_double_eq(x.data[i], at(&a, i / n, i % n) + at(&a, i / n, n + i % n));
      }
      x = answer_of("product", &a);
      ck_assert_int_eq(x.rows, n);
      for (int32_t i = 0; i < n * n; ++i) {
        double sum = 0;
        for (int32_t l = 0; l < m; ++l) {
          sum += at(&a, l, i / n) * at(&a, l, n + i % n);
        }
        ck_assert_double_eq_tol(x.data[i], sum, 1e-12);
      }
      a = random_input(m, n + 1, (uint64_t)(m * 8 + n));
      x = answer_of("matvec", &a);
      for (int32_t i = 0; i < n; ++i) {
        double sum = 0;
        for (int32_t l = 0; l < m; ++l) {
          sum += at(&a, l, i) * at(&a, l, n);
        }
        ck_assert_double_eq_tol(x.data[i], sum, 1e-12);
      }
    }
  }
  lat_context_free(ctx);
}
END_TEST

/* |U^T W - I| for columns of row-major blocks. */
static double not_orthonormal(const double *v, int32_t rows, int32_t k) {
  double worst = 0;
  for (int32_t i = 0; i < k * k; ++i) {
    double sum = i / k == i % k ? -1 : 0;
    for (int32_t l = 0; l < rows; ++l) {
      sum += v[l * k + i / k] * v[l * k + i % k];
    }
    worst = fmax(worst, fabs(sum));
  }
  return worst;
}

START_TEST(eigenvalues_and_vectors) {
  ctx = new_context(1);
  for (int32_t n = 1; n <= 12; ++n) {
    const lat_matrix s = symmetric_input(n, (uint64_t)n);
    const lat_matrix x = answer_of("eigenvectors", &s);
    const double *values = x.data, *v = x.data + n;
    ck_assert_double_lt(not_orthonormal(v, n, n), 1e-13);
    for (int32_t i = 0; i < n * n; ++i) {
      double sum = -v[i] * values[i % n];
      for (int32_t l = 0; l < n; ++l) {
        sum += at(&s, i / n, l) * v[l * n + i % n];
      }
      ck_assert_double_eq_tol(sum, 0, 1e-12);
    }
    memcpy(other_data, values, (size_t)n * sizeof *values);
    const lat_matrix only = answer_of("eigenvalues", &s);
    for (int32_t i = 0; i < n; ++i) {
      ck_assert_double_eq_tol(only.data[i], other_data[n - 1 - i], 1e-12);
      ck_assert(i == 0 || only.data[i] <= only.data[i - 1]);
      ck_assert(i == 0 || other_data[i] >= other_data[i - 1]);
    }
  }
  lat_context_free(ctx);
}
END_TEST

/* numpy.linalg.eigh([[2, 1], [1, 2]]) and numpy.linalg.svd([[3, 0], [4, 5]]), signs included. */
START_TEST(signs_are_those_of_numpy) {
  ctx = new_context(1);
  double s_data[4] = {2, 1, 1, 2}, a_data[4] = {3, 0, 4, 5};
  const lat_matrix s = by_rows(s_data, 2, 2), a = by_rows(a_data, 2, 2);
  const double h = sqrt(0.5);
  const double eigen[6] = {1, 3, -h, h, h, h};
  const double t = sqrt(0.1);
  const double svd[10] = {3 * sqrt(5), sqrt(5), -t, -3 * t, -3 * t, t, -h, -h, -h, h};
  const lat_matrix x = answer_of("eigenvectors", &s);
  for (int i = 0; i < 6; ++i) {
    ck_assert_double_eq_tol(x.data[i], eigen[i], 1e-14);
  }
  const lat_matrix y = answer_of("svd", &a);
  for (int i = 0; i < 10; ++i) {
    ck_assert_double_eq_tol(y.data[i], svd[i], 1e-14);
  }
  lat_context_free(ctx);
}
END_TEST

START_TEST(singular_values_and_vectors) {
  ctx = new_context(1);
  for (int32_t m = 1; m <= 9; m += 2) {
    for (int32_t n = 1; n <= 9; ++n) {
      const int32_t k = m < n ? m : n;
      const lat_matrix a = random_input(m, n, (uint64_t)(100 * m + n));
      const lat_matrix x = answer_of("svd", &a);
      ck_assert_int_eq(x.rows, 1 + m + n);
      ck_assert_int_eq(x.cols, k);
      const double *s = x.data, *u = s + k, *v = u + m * k;
      ck_assert_double_lt(not_orthonormal(u, m, k), 1e-13);
      ck_assert_double_lt(not_orthonormal(v, n, k), 1e-13);
      for (int32_t i = 0; i < m * n; ++i) {
        double sum = -a.data[i];
        for (int32_t l = 0; l < k; ++l) {
          sum += u[i / n * k + l] * s[l] * v[i % n * k + l];
        }
        ck_assert_double_eq_tol(sum, 0, 1e-12);
      }
      memcpy(other_data, s, (size_t)k * sizeof *s);
      const lat_matrix only = answer_of("singular-values", &a);
      for (int32_t i = 0; i < k; ++i) {
        ck_assert_double_eq_tol(only.data[i], other_data[i], 1e-12);
        ck_assert(only.data[i] >= 0 && (i == 0 || only.data[i] <= only.data[i - 1]));
      }
    }
  }
  lat_context_free(ctx);
}
END_TEST

START_TEST(inverses) {
  ctx = new_context(1);
  static const char *const names[] = {"inverse", "syminverse"};
  for (int32_t n = 1; n <= 10; ++n) {
    for (int i = 0; i < 2; ++i) {
      const lat_matrix a = symmetric_input(n, 300 + (uint64_t)n);
      const lat_matrix x = answer_of(names[i], &a);
      for (int32_t j = 0; j < n * n; ++j) {
        double sum = j / n == j % n ? -1 : 0;
        for (int32_t l = 0; l < n; ++l) {
          sum += at(&a, j / n, l) * at(&x, l, j % n);
        }
        ck_assert_double_eq_tol(sum, 0, 1e-10);
      }
    }
  }
  lat_context_free(ctx);
}
END_TEST

/* The largest sizes that have tokens. */
START_TEST(large_matrices) {
  ctx = new_context(1);
  lat_matrix a = symmetric_input(99, 1);
  lat_matrix x = answer_of("eigenvectors", &a);
  ck_assert_double_lt(not_orthonormal(x.data + 99, 99, 99), 1e-12);
  a = random_input(98, 1, 2);
  x = answer_of("svd", &a);
  ck_assert_double_eq_tol(fabs(x.data[99]), 1, 1e-15); /* V is 1 x 1 */
  a = random_input(100, 100, 3);
  x = answer_of("inverse", &a);
  ck_assert_int_eq(x.rows, 100);
  lat_context_free(ctx);
}
END_TEST

/* The same answer whatever the order and leading dimension of input and output. */
START_TEST(any_layout) {
  ctx = new_context(1);
  static const char *const names[] = {"transpose",    "add",     "matvec", "product",
                                      "eigenvectors", "inverse", "svd"};
  static double strided[ROOM];
  for (size_t t = 0; t < sizeof names / sizeof names[0]; ++t) {
    const lat_matrix a = symmetric_input(4, 5);
    const lat_matrix expected = answer_of(names[t], &a);
    lat_task *task = new_task(ctx, names[t], 3, 3);
    lat_matrix input = {strided, 4, 4, 6, LAT_COLUMN_MAJOR};
    lat_matrix output = {other_data, expected.rows, expected.cols, 20, LAT_COLUMN_MAJOR};
    for (int32_t i = 0; i < 16; ++i) {
      strided[i / 4 + i % 4 * 6] = a.data[i];
    }
    OK(joined_answer(&output, task, &input));
    for (int32_t i = 0; i < expected.rows; ++i) {
      for (int32_t j = 0; j < expected.cols; ++j) {
        ck_assert_double_eq(at(&output, i, j), at(&expected, i, j));
      }
    }
    lat_task_free(task);
  }
  lat_context_free(ctx);
}
END_TEST

/* An input that is not symmetric is not refused here: the lower triangle counts, as with numpy. */
START_TEST(the_lower_triangle_counts) {
  ctx = new_context(1);
  double data[4] = {0, 1000, 3, 0};
  const lat_matrix s = by_rows(data, 2, 2);
  const lat_matrix x = answer_of("eigenvalues", &s);
  ck_assert_double_eq_tol(x.data[0], 3, 1e-14);
  ck_assert_double_eq_tol(x.data[1], -3, 1e-14);
  lat_context_free(ctx);
}
END_TEST

START_TEST(refusals) {
  ctx = new_context(1);
  lat_task *inverse = new_task(ctx, "inverse", 2, 0), *svd = new_task(ctx, "svd", 2, 0);
  double data[4] = {1, 2, 2, 4}, out[10];
  lat_matrix a = by_rows(data, 2, 2), x = by_rows(out, 2, 2), wrong = by_rows(out, 2, 3);
  FAILS(joined_answer(&x, inverse, &a), LAT_ERROR_NUMERIC, "singular");
  data[3] = (double)NAN;
  FAILS(joined_answer(&x, inverse, &a), LAT_ERROR_NUMERIC, "input: row 2, column 2 is NaN");
  data[3] = (double)INFINITY;
  FAILS(joined_answer(&x, inverse, &a), LAT_ERROR_NUMERIC, "is infinite");
  data[3] = 1;
  FAILS(joined_answer(&wrong, inverse, &a), LAT_ERROR_SHAPE,
        "output: the matrix is 2 x 3, not 2 x 2");
  FAILS(joined_answer(&x, svd, &a), LAT_ERROR_SHAPE, "output");
  FAILS(joined_answer(&x, inverse, &wrong), LAT_ERROR_SHAPE, "takes a square matrix, not 2 x 3");
  FAILS(joined_answer(NULL, inverse, &a), LAT_ERROR_ARGUMENT, "output: the matrix is NULL");
  FAILS(joined_answer(&x, inverse, NULL), LAT_ERROR_ARGUMENT, "input: the matrix is NULL");
  FAILS(joined_answer(&x, NULL, &a), LAT_ERROR_ARGUMENT, "task is NULL");
  a.ld = 1;
  FAILS(joined_answer(&x, inverse, &a), LAT_ERROR_SHAPE, "leading dimension 1 is below 2");
  lat_task_free(inverse);
  lat_task_free(svd);
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {elementary_answers,
                                eigenvalues_and_vectors,
                                signs_are_those_of_numpy,
                                singular_values_and_vectors,
                                inverses,
                                large_matrices,
                                any_layout,
                                the_lower_triangle_counts,
                                refusals,
                                NULL};
  return run_suite("task_answer", tests);
}
