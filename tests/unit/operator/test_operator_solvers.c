/* What stands in for LAPACK in an operator: conjugate gradients, and a model's answers. */
#include "operator_fixture.h"
#include "unit/infer/infer_fixture.h"

enum { N = 60 };

/* The Laplacian of a path with both ends held: eigenvalues 2 - 2 cos(k pi / (N + 1)). */
static lat_operator *laplacian(lat_context *ctx) {
  lat_operator *op = NULL;
  MUST(lat_operator_create_tridiagonal(&op, ctx, 2, -1, N));
  return op;
}

static lat_context *new_context(void) {
  lat_context *ctx = NULL;
  MUST(lat_context_create(&ctx, NULL));
  return ctx;
}

/* Conjugate gradients are exact after as many steps as there are eigenvalues; a preconditioner that
 * knows the answer needs one. */
START_TEST(conjugate_gradients_converge) {
  lat_context *ctx = new_context();
  lat_operator *op = laplacian(ctx);
  double x[N] = {0}, b[N], exact[N], residual = 1;
  int32_t steps = 0;
  for (int i = 0; i < N; ++i) {
    b[i] = 1 + i % 7;
  }
  MUST(lat_operator_solve(exact, op, b, 1));
  MUST(lat_operator_conjugate_gradients(x, &steps, &residual, op, NULL, b, 1e-12, 10 * N));
  ck_assert_double_le(difference(x, exact, N), 1e-10);
  ck_assert_double_le(residual, 1e-12);
  ck_assert_int_le(steps, N + 2);
  memset(x, 0, sizeof x);
  MUST(lat_operator_conjugate_gradients(x, &steps, &residual, op, op, b, 1e-12, 10));
  ck_assert_int_eq(steps, 1);
  MUST(
      lat_operator_conjugate_gradients(x, &steps, NULL, op, NULL, b, 1e-10, 10)); /* a good guess */
  ck_assert_int_eq(steps, 0);
  memset(b, 0, sizeof b);
  MUST(lat_operator_conjugate_gradients(x, NULL, &residual, op, NULL, b, 1e-12, 10));
  ck_assert(x[0] == 0 && residual == 0);
  lat_operator_free(op);
  lat_context_free(ctx);
}
END_TEST

START_TEST(what_does_not_converge_says_so) {
  lat_context *ctx = new_context();
  lat_operator *op = laplacian(ctx), *indefinite = NULL, *small = NULL;
  double x[N] = {0}, b[N] = {1, 2}, residual = 0;
  int32_t steps = 0;
  ck_assert_int_eq(lat_operator_conjugate_gradients(x, &steps, &residual, op, NULL, b, 1e-12, 5),
                   LAT_ERROR_NUMERIC);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "after 5 steps of conjugate gradients"));
  ck_assert_int_eq(steps, 5);
  ck_assert(residual > 1e-12 && residual < 1 && x[0] != 0);
  MUST(lat_operator_create_tridiagonal(&indefinite, ctx, -2, 1, N));
  ck_assert_int_eq(lat_operator_conjugate_gradients(x, NULL, NULL, indefinite, NULL, b, 1e-12, 5),
                   LAT_ERROR_NUMERIC);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "not positive definite: p.Ap is -"));
  ck_assert_int_eq(lat_operator_conjugate_gradients(x, NULL, NULL, op, indefinite, b, 1e-12, 5),
                   LAT_ERROR_NUMERIC);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "preconditioner is not positive definite"));
  MUST(lat_operator_create_tridiagonal(&small, ctx, 2, 1, 3));
  ck_assert_int_eq(lat_operator_conjugate_gradients(x, NULL, NULL, op, small, b, 1e-12, 5),
                   LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "the preconditioner's size 3 is not the operator's 60");
  ck_assert_int_eq(lat_operator_conjugate_gradients(x, NULL, NULL, op, NULL, b, 0, 5),
                   LAT_ERROR_ARGUMENT);
  b[3] = NAN;
  ck_assert_int_eq(lat_operator_conjugate_gradients(x, NULL, NULL, op, NULL, b, 1e-3, 5),
                   LAT_ERROR_NUMERIC);
  ck_assert_str_eq(lat_last_error(), "b: a value is not finite");
  lat_operator_free(small);
  lat_operator_free(indefinite);
  lat_operator_free(op);
  lat_context_free(ctx);
}
END_TEST

static int32_t refuse_product(double *y, const double *x, int64_t size, void *user) {
  (void)y;
  (void)x;
  (void)size;
  (void)user;
  return 3;
}

START_TEST(a_function_may_fail) {
  lat_context *ctx = new_context();
  lat_operator *op = NULL;
  double x[2] = {1, 1}, y[2] = {5, 5};
  MUST(lat_operator_create_function(&op, ctx, refuse_product, NULL, 2));
  ck_assert_int_eq(lat_operator_apply(y, op, x, 1), LAT_ERROR_CALLBACK);
  ck_assert_str_eq(lat_last_error(), "the operator's function returned 3");
  ck_assert_int_eq(lat_operator_solve(y, op, x, 1), LAT_ERROR_CALLBACK);
  ck_assert(y[0] == 5 && y[1] == 5);
  lat_operator_free(op);
  MUST(lat_operator_create_function(&op, ctx, refuse_product, NULL, 1001));
  double *many = calloc(1001, sizeof *many);
  ck_assert_int_eq(lat_operator_eigenvalues(many, NULL, op), LAT_ERROR_LIMIT);
  ck_assert_str_eq(lat_last_error(), "eigenvalues of a function operator form its matrix: size "
                                     "1001 is above 1000");
  free(many);
  lat_operator_free(op);
  lat_context_free(ctx);
}
END_TEST

/* An untrained model of 3 x 3 matrices, which LAPACK stands behind (fallback), or not. */
static void open_solver(fixture *f, lat_solver **solver, const char *task, int fallback) {
  lat_decode_options decode;
  fixture_open(f, &(fixture_plan){.task = task});
  lat_decode_options_init(&decode);
  decode.fallback = fallback;
  MUST(lat_solver_create(solver, f->model, &decode));
}

static double matrix[9] = {4, 1, 0.5, 1, 3, -1, 0.5, -1, 5};
static const lat_matrix a = {matrix, 3, 3, 3, LAT_ROW_MAJOR};

START_TEST(a_models_inverse_is_used) {
  fixture f;
  lat_solver *solver = NULL;
  lat_operator *learned = NULL, *exact = NULL;
  double inverse[9], columns[9], unit[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, y[2][9];
  lat_matrix x = {inverse, 3, 3, 3, LAT_COLUMN_MAJOR};
  lat_report report;
  for (int fallback = 0; fallback < 2; ++fallback) {
    open_solver(&f, &solver, "inverse", fallback);
    lat_report_init(&report);
    MUST(lat_solver_solve(&x, NULL, solver, &a));
    MUST(lat_operator_create_learned(&learned, &report, solver, &a));
    lat_solver_free(solver); /* asked once */
    MUST(lat_operator_solve(columns, learned, unit, 3));
    ck_assert_double_le(difference(columns, inverse, 9), 1e-15);
    ck_assert_int_eq(report.source, fallback ? LAT_SOURCE_LAPACK : LAT_SOURCE_MODEL);
    MUST(lat_operator_create_dense(&exact, f.ctx, &a));
    MUST(lat_operator_apply(y[0], learned, matrix, 3));
    MUST(lat_operator_apply(y[1], exact, matrix, 3));
    ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
    lat_operator_free(exact);
    fixture_close(&f);
    lat_operator_free(learned);
  }
}
END_TEST

START_TEST(a_models_eigenvalues_are_used) {
  fixture f;
  lat_solver *solver = NULL;
  lat_operator *learned = NULL, *exact = NULL;
  double values[2][3], logarithm[2];
  int32_t sign = 0;
  open_solver(&f, &solver, "eigenvalues", 1);
  MUST(lat_operator_create_learned(&learned, NULL, solver, &a));
  MUST(lat_operator_create_dense(&exact, f.ctx, &a));
  for (int i = 0; i < 2; ++i) {
    MUST(lat_operator_eigenvalues(values[i], NULL, i == 0 ? learned : exact));
    MUST(lat_operator_log_determinant(&logarithm[i], &sign, i == 0 ? learned : exact));
  }
  ck_assert_double_le(difference(values[0], values[1], 3), 1e-14);
  ck_assert_double_le(fabs(logarithm[0] - logarithm[1]), 1e-13);
  lat_operator_free(exact);
  lat_operator_free(learned);
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

START_TEST(other_tasks_have_no_operator) {
  fixture f;
  lat_solver *solver = NULL;
  lat_operator *learned = NULL;
  open_solver(&f, &solver, "transpose", 0);
  ck_assert_int_eq(lat_operator_create_learned(&learned, NULL, solver, &a), LAT_ERROR_UNSUPPORTED);
  ck_assert_str_eq(lat_last_error(), "the solver's task is transpose; operators are learned from "
                                     "inverse, syminverse and eigenvalues");
  ck_assert_ptr_null(learned);
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

/* sum |x - y| / sum |y|. */
static double relative_error(const double *x, const double *y, int64_t count) {
  double error = 0, size = 0;
  for (int64_t i = 0; i < count; ++i) {
    error += fabs(x[i] - y[i]);
    size += fabs(y[i]);
  }
  return error / size;
}

/* The theorem, with the leaves' eigenvalues changed by known amounts: errors e and f make e + f + e
 * f at most of a Kronecker product's, and the bound is sharp where both change by one factor. */
START_TEST(errors_of_the_leaves_bound_the_whole) {
  lat_context *ctx = new_context();
  lat_operator *parts[2], *product = NULL;
  const double exact[2][3] = {{1, -2, 4}, {3, 5, -1}};
  double changed[2][3], errors[2], whole[9], learned[9];
  for (int uneven = 0; uneven < 2; ++uneven) {
    for (int p = 0; p < 2; ++p) {
      for (int i = 0; i < 3; ++i) {
        changed[p][i] = exact[p][i] * (1.05 - 0.03 * uneven * i);
      }
      errors[p] = relative_error(changed[p], exact[p], 3);
    }
    for (int i = 0; i < 9; ++i) {
      whole[i] = exact[0][i / 3] * exact[1][i % 3];
    }
    for (int p = 0; p < 2; ++p) {
      MUST(lat_operator_create_diagonal(&parts[p], ctx, changed[p], 3));
    }
    MUST(lat_operator_create_kronecker(&product, parts, 2));
    for (int i = 0; i < 9; ++i) {
      learned[i] = 1;
    }
    MUST(lat_operator_apply(learned, product, learned, 1));
    const double bound = errors[0] + errors[1] + errors[0] * errors[1];
    const double error = relative_error(learned, whole, 9);
    ck_assert_double_le(error, bound + 1e-15);
    ck_assert(uneven || fabs(error - bound) < 1e-15);
    lat_operator_free(product);
    lat_operator_free(parts[0]);
    lat_operator_free(parts[1]);
  }
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {conjugate_gradients_converge,
                                what_does_not_converge_says_so,
                                a_function_may_fail,
                                a_models_inverse_is_used,
                                a_models_eigenvalues_are_used,
                                other_tasks_have_no_operator,
                                errors_of_the_leaves_bound_the_whole,
                                NULL};
  return run_suite("operator solvers", tests);
}
