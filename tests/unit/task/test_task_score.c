/* Scores of cases worked out by hand, in each norm. */
#include "task_fixture.h"

static lat_context *ctx;

static lat_score score_with(const char *name, const lat_matrix *input, const lat_matrix *target,
                            const lat_matrix *prediction, int32_t norm, int32_t classic) {
  lat_task *task = new_task(ctx, name, 2, 2);
  lat_score_options options;
  lat_score score;
  lat_score_init(&score);
  lat_score_options_init(&options);
  options.norm = norm;
  options.classic_inverse = classic;
  OK(joined_score(&score, task, input, target, prediction, &options));
  lat_task_free(task);
  return score;
}

/* Residuals in the three norms. */
static void check_residuals(const char *name, const lat_matrix *input, const lat_matrix *target,
                            const lat_matrix *prediction, double l1, double max, double squares) {
  const double expected[3] = {l1, max, squares};
  for (int32_t norm = 0; norm < 3; ++norm) {
    const lat_score score = score_with(name, input, target, prediction, norm, 0);
    if (isinf(expected[norm])) {
      ck_assert(isinf(score.residual));
    } else {
      ck_assert_double_eq_tol(score.residual, expected[norm], 1e-14);
    }
  }
}

/* A = 1 2 / 3 -4, |A|: 10, 4, 30. P - A^T = 0 1 / -2 0: 3, 2, 5. */
START_TEST(transpose) {
  ctx = new_context(1);
  double a_data[4] = {1, 2, 3, -4}, p_data[4] = {1, 4, 0, -4}, right[4] = {1, 3, 2, -4};
  const lat_matrix a = by_rows(a_data, 2, 2), p = by_rows(p_data, 2, 2);
  const lat_matrix exact = by_rows(right, 2, 2);
  check_residuals("transpose", &a, NULL, &p, 3 / 10.0, 2 / 4.0, 5 / 30.0);
  check_residuals("transpose", &a, NULL, &exact, 0, 0, 0);
  lat_score score = score_with("transpose", &a, NULL, &p, LAT_NORM_L1, 0);
  ck_assert_int_eq(score.exact, 0);
  ck_assert_double_eq(score.within_1pct, 0.5);
  ck_assert(isnan(score.orthogonality) && isnan(score.condition));
  ck_assert_int_eq(score.ordered, 1);
  ck_assert_int_eq(score_with("transpose", &a, NULL, &exact, LAT_NORM_L1, 0).exact, 1);
  lat_context_free(ctx);
}
END_TEST

/* [A B] = 1 2 | 3 4 over 5 6 | 7 8; a rounded target T = 4 6 / 12 14 counts, not A + B itself. */
START_TEST(add_counts_the_target) {
  ctx = new_context(1);
  double ab[8] = {1, 2, 3, 4.04, 5, 6, 7, 8}, t_data[4] = {4, 6, 12, 14},
         p_data[4] = {4, 5, 12, 16};
  const lat_matrix a = by_rows(ab, 2, 4), t = by_rows(t_data, 2, 2), p = by_rows(p_data, 2, 2);
  check_residuals("add", &a, &t, &p, 3 / 36.0, 2 / 14.0, 5 / 392.0);
  check_residuals("add", &a, &t, &t, 0, 0, 0);
  const lat_score computed = score_with("add", &a, NULL, &t, LAT_NORM_L1, 0);
  ck_assert_double_eq_tol(computed.residual, 0.04 / 36.04, 1e-14);
  ck_assert_double_eq(computed.within_1pct, 1);
  ck_assert_int_eq(computed.exact, 0);
  lat_context_free(ctx);
}
END_TEST

START_TEST(products_and_values) {
  ctx = new_context(1);
  double mv[6] = {1, 2, 1, 3, 4, 1}, p_data[2] = {4, 5}, s_data[4] = {0, 3, 3, 0}, l[2] = {3, -2};
  const lat_matrix m = by_rows(mv, 2, 3), p = by_rows(p_data, 2, 1), s = by_rows(s_data, 2, 2);
  const lat_matrix values = by_rows(l, 2, 1);
  check_residuals("matvec", &m, NULL, &p, 1 / 10.0, 1 / 6.0, 1 / 52.0);          /* T = 4, 6 */
  check_residuals("eigenvalues", &s, NULL, &values, 1 / 6.0, 1 / 3.0, 1 / 18.0); /* T = 3, -3 */
  double singular[2] = {3, 3.3};
  const lat_matrix g = by_rows(singular, 2, 1);
  check_residuals("singular-values", &s, NULL, &g, 0.3 / 6, 0.3 / 3, 0.09 / 18);
  double abt[4] = {1, 2, 3, 4}, product[4] = {6, 9, 4, 6}; /* A = 1 / 3, B = 2 / 4: A^T B = 14 */
  const lat_matrix ab = by_rows(abt, 2, 2);
  const lat_matrix x = by_rows(product, 1, 1);
  check_residuals("product", &ab, NULL, &x, 8 / 14.0, 8 / 14.0, 64 / 196.0);
  lat_context_free(ctx);
}
END_TEST

/* A = diag(2, 4), P = 0.5 0.1 / 0 0.5: A P - I = 0 0.2 / 0 1, over n, 1 and n. Classic, against
 * diag(0.5, 0.25): 0.35 / 0.75. */
START_TEST(inverse) {
  ctx = new_context(1);
  double a_data[4] = {2, 0, 0, 4}, p_data[4] = {0.5, 0.1, 0, 0.5};
  const lat_matrix a = by_rows(a_data, 2, 2), p = by_rows(p_data, 2, 2);
  check_residuals("inverse", &a, NULL, &p, 1.2 / 2, 1, 1.04 / 2);
  check_residuals("syminverse", &a, NULL, &p, 1.2 / 2, 1, 1.04 / 2);
  const double classic[3] = {0.35 / 0.75, 0.25 / 0.5, 0.0725 / 0.3125};
  for (int32_t norm = 0; norm < 3; ++norm) {
    const lat_score score = score_with("inverse", &a, NULL, &p, norm, 1);
    ck_assert_double_eq_tol(score.residual, classic[norm], 1e-14);
  }
  lat_context_free(ctx);
}
END_TEST

/* The residual of an inverse needs no target: a singular matrix has none, and still scores. */
START_TEST(singular_input) {
  ctx = new_context(1);
  double a_data[4] = {1, 1, 1, 1}, p_data[4] = {1, 0, 0, 1};
  const lat_matrix a = by_rows(a_data, 2, 2), p = by_rows(p_data, 2, 2);
  const lat_score score = score_with("inverse", &a, NULL, &p, LAT_NORM_L1, 0);
  ck_assert_double_eq(score.residual, 1);
  ck_assert(isnan(score.within_1pct));
  ck_assert_int_eq(score.exact, 0);
  lat_task *task = new_task(ctx, "inverse", 2, 0);
  lat_score again;
  lat_score_options options;
  lat_score_init(&again);
  lat_score_options_init(&options);
  options.classic_inverse = 1;
  FAILS(joined_score(&again, task, &a, NULL, &p, &options), LAT_ERROR_NUMERIC, "singular");
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* S = 2 1 / 1 2 = Q diag(1, 3) Q^T, h = sqrt(1/2). */
START_TEST(eigenvectors) {
  ctx = new_context(1);
  const double h = sqrt(0.5);
  double s_data[4] = {2, 1, 1, 2};
  double right[6] = {1, 3, h, h, -h, h}, rough[6] = {1.5, 3, h, h, -h, h};
  double scaled[6] = {4, 12, 2 * h, 2 * h, -2 * h, 2 * h};
  double swapped[6] = {3, 1, h, h, h, -h}, flat[6] = {1, 3, h, h, h, h};
  const lat_matrix s = by_rows(s_data, 2, 2);
  lat_matrix p = by_rows(right, 3, 2);
  check_residuals("eigenvectors", &s, NULL, &p, 0, 0, 0);
  lat_score score = score_with("eigenvectors", &s, NULL, &p, LAT_NORM_L1, 0);
  ck_assert_double_lt(score.orthogonality, 1e-15);
  ck_assert_double_eq_tol(score.condition, 1, 1e-14);
  ck_assert_int_eq(score.ordered, 1);
  p.data = rough;
  check_residuals("eigenvectors", &s, NULL, &p, 0.5 / 4.5, 0.5 / 3, 0.25 / 11.25);
  p.data = scaled; /* V = 2 Q, L = 4 Lambda: no residual, and yet no eigenvectors */
  check_residuals("eigenvectors", &s, NULL, &p, 0, 0, 0);
  score = score_with("eigenvectors", &s, NULL, &p, LAT_NORM_L1, 0);
  ck_assert_double_eq_tol(score.orthogonality, 3, 1e-14);
  ck_assert_double_eq_tol(score.condition, 1, 1e-14);
  p.data = swapped;
  score = score_with("eigenvectors", &s, NULL, &p, LAT_NORM_L1, 0);
  ck_assert_double_lt(score.residual, 1e-15);
  ck_assert_int_eq(score.ordered, 0);
  p.data = flat; /* one vector twice: V^T S V - diag L = 2 3 / 3 0 */
  check_residuals("eigenvectors", &s, NULL, &p, 8 / 4.0, 3 / 3.0, 22 / 10.0);
  score = score_with("eigenvectors", &s, NULL, &p, LAT_NORM_L1, 0);
  ck_assert_double_gt(score.condition, 1e15);
  ck_assert_double_eq_tol(score.orthogonality, 1, 1e-14);
  lat_context_free(ctx);
}
END_TEST

/* A = 3 0 / 0 -2 / 0 0 (3 x 2): s = 3 2, U = e1, -e2, V = I. */
START_TEST(svd) {
  ctx = new_context(1);
  double a_data[6] = {3, 0, 0, -2, 0, 0};
  double right[12] = {3, 2, 1, 0, 0, -1, 0, 0, 1, 0, 0, 1};
  double stretched[12] = {3, 6, 1, 0, 0, -1, 0, 0, 1, 0, 0, 3};
  double negative[12] = {3, -2, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1};
  const lat_matrix a = by_rows(a_data, 3, 2);
  lat_matrix p = by_rows(right, 6, 2);
  check_residuals("svd", &a, NULL, &p, 0, 0, 0);
  lat_score score = score_with("svd", &a, NULL, &p, LAT_NORM_L1, 0);
  ck_assert_double_eq(score.orthogonality, 0);
  ck_assert_double_eq(score.condition, 1);
  ck_assert_int_eq(score.ordered, 1);
  p.data = stretched; /* V's second column thrice as long: the worse side counts */
  score = score_with("svd", &a, NULL, &p, LAT_NORM_L1, 0);
  ck_assert_double_eq_tol(score.residual, 0, 1e-15);
  ck_assert_double_eq_tol(score.orthogonality, 8, 1e-14);
  ck_assert_double_eq_tol(score.condition, 3, 1e-14);
  ck_assert_int_eq(score.ordered, 0);
  p.data = negative; /* descending, but no singular value is negative */
  score = score_with("svd", &a, NULL, &p, LAT_NORM_L1, 0);
  ck_assert_double_eq_tol(score.residual, 0, 1e-15);
  ck_assert_int_eq(score.ordered, 0);
  lat_context_free(ctx);
}
END_TEST

START_TEST(order_of_values) {
  ctx = new_context(1);
  double s_data[9] = {1, 0, 0, 0, 2, 0, 0, 0, 3}, l[3] = {3, 2, 2}, wrong[3] = {2, 3, 1};
  const lat_matrix s = by_rows(s_data, 3, 3), ties = by_rows(l, 3, 1), p = by_rows(wrong, 3, 1);
  ck_assert_int_eq(score_with("eigenvalues", &s, NULL, &ties, LAT_NORM_L1, 0).ordered, 1);
  ck_assert_int_eq(score_with("eigenvalues", &s, NULL, &p, LAT_NORM_L1, 0).ordered, 0);
  l[2] = -1;
  ck_assert_int_eq(score_with("eigenvalues", &s, NULL, &ties, LAT_NORM_L1, 0).ordered, 1);
  ck_assert_int_eq(score_with("singular-values", &s, NULL, &ties, LAT_NORM_L1, 0).ordered, 0);
  lat_context_free(ctx);
}
END_TEST

/* The residual with accept_zero, in every norm. */
static void check_zeros_accepted(const char *name, const lat_matrix *input,
                                 const lat_matrix *prediction, double expected) {
  lat_task *task = new_task(ctx, name, input->rows, 0);
  lat_score score;
  lat_score_options options;
  lat_score_options_init(&options);
  options.accept_zero = 1;
  for (options.norm = 0; options.norm < 3; ++options.norm) {
    lat_score_init(&score);
    OK(joined_score(&score, task, input, NULL, prediction, &options));
    ck_assert_msg(score.residual == expected, "%s: %g", name, score.residual);
  }
  lat_task_free(task);
}

/* Where |T| = 0 only P = 0 is right. */
START_TEST(zero_targets) {
  ctx = new_context(1);
  double zeros[10] = {0}, ones[4] = {0, 0, 1e-9, 0}, unit[6] = {0, 0, 1, 0, 0, 1};
  double some[4] = {1, 0, 0, 1};
  const lat_matrix z = by_rows(zeros, 2, 2), p = by_rows(ones, 2, 2), z1 = by_rows(zeros, 2, 1);
  const lat_matrix a = by_rows(some, 2, 2);
  check_residuals("transpose", &z, NULL, &z, 0, 0, 0);
  check_residuals("transpose", &z, NULL, &p, (double)INFINITY, (double)INFINITY, (double)INFINITY);
  check_residuals("eigenvalues", &z, NULL, &z1, 0, 0, 0);
  lat_score score = score_with("transpose", &z, NULL, &z, LAT_NORM_L1, 0);
  ck_assert_double_eq(score.within_1pct, 1);
  ck_assert_int_eq(score.exact, 1);
  const lat_matrix all_zero = by_rows(zeros, 3, 2), identity = by_rows(unit, 3, 2);
  check_residuals("eigenvectors", &z, NULL, &identity, 0, 0, 0);
  /* L = 0, V = 0 would solve V^T S V = diag L for every S. */
  check_residuals("eigenvectors", &a, NULL, &all_zero, (double)INFINITY, (double)INFINITY,
                  (double)INFINITY);
  check_zeros_accepted("eigenvectors", &a, &all_zero, 0);
  check_zeros_accepted("eigenvectors", &a, &identity, (double)INFINITY);
  check_zeros_accepted("eigenvalues", &a, &z1, 1);
  const lat_matrix svd_zero = by_rows(zeros, 5, 2);
  check_residuals("svd", &a, NULL, &svd_zero, (double)INFINITY, (double)INFINITY, (double)INFINITY);
  check_zeros_accepted("svd", &a, &svd_zero, 0);
  score = score_with("eigenvectors", &a, NULL, &all_zero, LAT_NORM_L1, 0);
  ck_assert(isinf(score.condition));
  ck_assert_double_eq(score.orthogonality, 1);
  lat_context_free(ctx);
}
END_TEST

START_TEST(wrong_predictions_are_scored_not_refused) {
  ctx = new_context(1);
  double a_data[4] = {1, 2, 3, 4}, p_data[6] = {1, 3, 2, 4, 0, 0};
  const lat_matrix a = by_rows(a_data, 2, 2), wide = by_rows(p_data, 2, 3);
  lat_matrix p = by_rows(p_data, 2, 2);
  lat_score score = score_with("transpose", &a, NULL, &wide, LAT_NORM_L1, 0);
  ck_assert(isinf(score.residual) && score.residual > 0);
  ck_assert_int_eq(score.exact, 0);
  ck_assert_double_eq(score.within_1pct, 0);
  p_data[0] = (double)NAN;
  ck_assert(isinf(score_with("transpose", &a, NULL, &p, LAT_NORM_L1, 0).residual));
  p_data[0] = -(double)INFINITY;
  ck_assert(isinf(score_with("transpose", &a, NULL, &p, LAT_NORM_L1, 0).residual));
  p_data[0] = 1e308;
  p_data[1] = -1e308;
  ck_assert(isinf(score_with("inverse", &a, NULL, &p, LAT_NORM_FROBENIUS2, 0).residual));
  lat_context_free(ctx);
}
END_TEST

enum { SCALED = 3 };

/* How the answer to c times the operands, 3 x 3 each, follows from the answer to them. */
static const struct {
  const char *name;
  int32_t operands;
  int degree, values_alone, at; /* 1: the row of values scales and nothing else; c is 2^at */
} scaled_tasks[] = {
    {"transpose", 1, 1, 0, 1019},     {"transpose", 1, 1, 0, -1000},
    {"add", 2, 1, 0, 1017},           {"product", 2, 2, 0, 505},
    {"product", 2, 2, 0, -500},       {"eigenvalues", 1, 1, 0, 1017},
    {"eigenvalues", 1, 1, 0, -1000},  {"eigenvectors", 1, 1, 1, 1017},
    {"eigenvectors", 1, 1, 1, -1000}, {"singular-values", 1, 1, 0, 1017},
    {"svd", 1, 1, 1, 1017},           {"svd", 1, 1, 1, -1000},
    {"inverse", 1, -1, 0, 1017},      {"inverse", 1, -1, 0, -1000},
    {"linear-system", 2, 0, 0, 1017}, {"linear-system", 2, 0, 0, -1000},
    {"least-squares", 2, 0, 0, 1017}, {"least-squares", 2, 0, 0, -1000},
    {"sylvester", 3, 0, 0, 1017},
};

/* The residual of an answer whose first coefficient is wrong by a half, to operands times 2^power.
 */
static double residual_at(int32_t which, int power, int32_t norm) {
  double data[LAT_MAX_OPERANDS][9], found[4 * 9];
  const int32_t operands = scaled_tasks[which].operands;
  const char *name = scaled_tasks[which].name;
  const int least_squares = strcmp(name, "least-squares") == 0;
  lat_matrix input[LAT_MAX_OPERANDS], results[LAT_MAX_OPERANDS];
  int32_t values = 0;
  lat_task *task = new_task(ctx, name, SCALED, 0);
  lat_score score;
  lat_score_options options;
  for (int32_t k = 0; k < operands; ++k) {
    for (int32_t i = 0; i < 9; ++i) { /* symmetric, and not singular */
      const int32_t row = i / 3, col = i % 3;
      data[k][i] = 3 * (row == col) + 0.5 * (row + col) - 0.25 * row * col + k;
    }
    input[k] = by_rows(data[k], SCALED, k == 1 && least_squares ? 1 : SCALED);
  }
  const int32_t count = lat_task_result_count(task);
  OK(lat_task_result_shapes(results, count, task, input, operands));
  for (int32_t k = 0; k < count; ++k) { /* end to end */
    results[k] = by_rows(found + values, results[k].rows, results[k].cols);
    values += results[k].rows * results[k].cols;
  }
  OK(lat_task_answer_operands(results, count, task, input, operands));
  found[0] *= 1.5;
  for (int32_t k = 0; k < operands; ++k) {
    for (int32_t i = 0; i < 9; ++i) {
      data[k][i] = ldexp(data[k][i], power);
    }
  }
  for (int32_t i = 0; i < values; ++i) {
    const int scales = !scaled_tasks[which].values_alone || i < SCALED;
    found[i] = ldexp(found[i], scales ? scaled_tasks[which].degree * power : 0);
  }
  lat_score_init(&score);
  lat_score_options_init(&options);
  options.norm = norm;
  OK(lat_task_score_operands(&score, task, input, operands, NULL, results, count, &options));
  lat_task_free(task);
  return score.residual;
}

/* Operands and answers of very different sizes: what cannot be scaled to the last bit is not. */
START_TEST(graded_problems_are_scored_as_they_are) {
  ctx = new_context(1);
  double joined[6] = {1e200, 0, 1e-200, 0, 1e200, 1e-200}, wrong[2] = {5, 1}, right[2] = {1, 1};
  const lat_matrix mv = by_rows(joined, 2, 3); /* M = 1e200 I, v = 1e-200 (1, 1) */
  const lat_matrix p = by_rows(wrong, 2, 1), t = by_rows(right, 2, 1);
  check_residuals("matvec", &mv, NULL, &p, 2, 4, 8);
  check_residuals("matvec", &mv, &t, &p, 2, 4, 8);
  double graded[4] = {1e300, 0, 0, 1e-10}, inverse_of_it[4] = {1e-300, 0, 0, 1e10};
  const lat_matrix a = by_rows(graded, 2, 2), x = by_rows(inverse_of_it, 2, 2);
  check_residuals("inverse", &a, NULL, &x, 0, 0, 0);
  double far[4] = {1e308, 1e308, 1e308, 1e-310}, other[4] = {1e308, 5e307, 1e308, 1e-310};
  const lat_matrix b = by_rows(far, 2, 2), q = by_rows(other, 2, 2);
  for (int32_t norm = 0; norm < 3; ++norm) { /* wrong, though 1e-310 cannot be scaled with 1e308 */
    ck_assert(score_with("transpose", &b, NULL, &q, norm, 0).residual > 0.1);
  }
  lat_context_free(ctx);
}
END_TEST

/* Sums and squares of such numbers are infinite, or zero. */
START_TEST(the_largest_and_smallest_numbers_are_scored_as_others) {
  ctx = new_context(1);
  for (int32_t norm = LAT_NORM_L1; norm <= LAT_NORM_FROBENIUS2; ++norm) {
    const double near = residual_at(_i, 0, norm);
    ck_assert(near > 0.001 && near < 10);
    ck_assert_double_eq_tol(residual_at(_i, scaled_tasks[_i].at, norm), near, 1e-12 * near);
  }
  lat_context_free(ctx);
}
END_TEST

START_TEST(layouts_do_not_matter) {
  ctx = new_context(1);
  double a_data[6] = {1, 3, 0, 2, 4, 0}, p_data[8] = {1, 3, 9, 9, 2, 4.5, 9, 9};
  double t_data[4] = {1, 2, 3, 4};
  const lat_matrix a = {a_data, 2, 2, 3, LAT_COLUMN_MAJOR}; /* 1 2 / 3 4 */
  const lat_matrix p = {p_data, 2, 2, 4, LAT_ROW_MAJOR};    /* 1 3 / 2 4.5 */
  const lat_matrix t = {t_data, 2, 2, 2, LAT_COLUMN_MAJOR}; /* 1 3 / 2 4 */
  const lat_score score = score_with("transpose", &a, &t, &p, LAT_NORM_L1, 0);
  ck_assert_double_eq_tol(score.residual, 0.05, 1e-15);
  ck_assert_double_eq(score.within_1pct, 0.75);
  lat_context_free(ctx);
}
END_TEST

START_TEST(refusals) {
  ctx = new_context(1);
  lat_task *task = new_task(ctx, "inverse", 2, 0);
  lat_score score;
  lat_score_options options;
  double data[6] = {1, 2, 3, 4, 5, 6}, bad[4] = {1, (double)NAN, 3, 4};
  const lat_matrix a = by_rows(data, 2, 2), wide = by_rows(data, 2, 3), nan = by_rows(bad, 2, 2);
  lat_score_init(&score);
  lat_score_options_init(&options);
  FAILS(joined_score(&score, task, &wide, NULL, &a, NULL), LAT_ERROR_SHAPE, "not 2 x 3");
  FAILS(joined_score(&score, task, &a, &wide, &a, NULL), LAT_ERROR_SHAPE, "target: ");
  FAILS(joined_score(&score, task, &nan, NULL, &a, NULL), LAT_ERROR_NUMERIC, "input: row 1");
  FAILS(joined_score(&score, task, &a, &nan, &a, NULL), LAT_ERROR_NUMERIC, "target: row 1");
  FAILS(joined_score(&score, task, NULL, NULL, &a, NULL), LAT_ERROR_ARGUMENT, "input");
  FAILS(joined_score(&score, task, &a, NULL, NULL, NULL), LAT_ERROR_ARGUMENT, "prediction");
  FAILS(joined_score(NULL, task, &a, NULL, &a, NULL), LAT_ERROR_ARGUMENT, "NULL");
  FAILS(joined_score(&score, NULL, &a, NULL, &a, NULL), LAT_ERROR_ARGUMENT, "NULL");
  options.norm = 3;
  FAILS(joined_score(&score, task, &a, NULL, &a, &options), LAT_ERROR_ARGUMENT,
        "norm 3 is outside 0..2");
  score.struct_size = 0;
  FAILS(joined_score(&score, task, &a, NULL, &a, NULL), LAT_ERROR_ARGUMENT, "not initialised");
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* A caller compiled against a shorter structure gets what fits. */
START_TEST(an_older_score_is_not_overrun) {
  ctx = new_context(1);
  lat_task *task = new_task(ctx, "transpose", 2, 0);
  double data[1] = {1};
  const lat_matrix a = by_rows(data, 1, 1);
  lat_score score;
  memset(&score, 0x55, sizeof score);
  score.struct_size = offsetof(lat_score, within_1pct);
  lat_score before = score;
  OK(joined_score(&score, task, &a, NULL, &a, NULL));
  ck_assert_double_eq(score.residual, 0);
  ck_assert_mem_eq((char *)&score + score.struct_size, (char *)&before + score.struct_size,
                   sizeof score - score.struct_size);
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {transpose,
                                add_counts_the_target,
                                products_and_values,
                                inverse,
                                singular_input,
                                eigenvectors,
                                svd,
                                order_of_values,
                                zero_targets,
                                wrong_predictions_are_scored_not_refused,
                                graded_problems_are_scored_as_they_are,
                                layouts_do_not_matter,
                                refusals,
                                an_older_score_is_not_overrun};
  TCase *all = tcase_create("task_score");
  for (size_t i = 0; i < sizeof tests / sizeof *tests; ++i) {
    tcase_add_test(all, tests[i]);
  }
  tcase_add_loop_test(all, the_largest_and_smallest_numbers_are_scored_as_others, 0,
                      (int)(sizeof scaled_tasks / sizeof *scaled_tasks));
  return run_case("task_score", all);
}
