/* Solvers: what they refuse, scaling, storage orders, batches; and verdicts on made-up answers. */
#include "counting_allocator.h"
#include "infer/improve.h"
#include "infer/scaling.h"
#include "infer/session_impl.h"
#include "infer/solver_check.h"
#include "infer/verdict.h"
#include "infer_fixture.h"
#include "linalg/matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double work[20000]; /* of verdicts, refinement and certificates */

static lat_matrix rows_of(double *data, int32_t rows, int32_t cols) {
  return lati_matrix_view(data, rows, cols);
}

static lat_solver *open_solver(const fixture *f, const lat_decode_options *options) {
  lat_solver *solver = NULL;
  must(lat_solver_create(&solver, f->model, options));
  return solver;
}

/* ---- scaling ---- */

START_TEST(factors_are_round_numbers_that_reach_the_range) {
  ck_assert_double_eq(lati_scale_factor(10, 10, 0), 1);
  ck_assert_double_eq(lati_scale_factor(8.34, 10, 0), 1);
  ck_assert_double_eq(lati_scale_factor(8.3, 10, 0), 1.2);
  ck_assert_double_eq(lati_scale_factor(5, 10, 0), 2);
  ck_assert_double_eq(lati_scale_factor(1.01, 10, 0), 8);
  ck_assert_double_eq(lati_scale_factor(1, 10, 0), 10);
  ck_assert_double_eq_tol(lati_scale_factor(30, 10, 0), 0.3, 1e-15);
  ck_assert_double_eq(lati_scale_factor(1000, 10, 0), 0.01);
  ck_assert_double_eq(lati_scale_factor(8.3, 10, 1), 1);
  ck_assert_double_eq(lati_scale_factor(1.01, 10, 1), 1);
  ck_assert_double_eq(lati_scale_factor(1, 10, 1), 10);
  ck_assert_double_eq(lati_scale_factor(30, 10, 1), 0.1);
  ck_assert_double_eq(lati_scale_factor(0, 10, 0), 1);
  ck_assert_double_eq(lati_scale_factor(7, 0, 0), 1);
  const double extremes[] = {5e-324, 1e-310, 1e-200, 1e200, 1.7e308};
  for (size_t i = 0; i < sizeof extremes / sizeof *extremes; ++i) {
    double factor = lati_scale_factor(extremes[i], 10, 0);
    ck_assert(isfinite(factor) && factor > 0);
    ck_assert_double_le(extremes[i] * factor, 10.0001);
  }
  for (double x = 1e-6; x < 1e7; x *= 1.07) {
    double factor = lati_scale_factor(x, 10, 0);
    ck_assert_double_le(x * factor, 10.0001);
    ck_assert_double_gt(x * factor, 7.49);
    ck_assert_double_gt(x * lati_scale_factor(x, 10, 1), 0.999);
    ck_assert_double_eq_tol(lati_scale_factor(10 * x, 10, 0) * 10, factor, 1e-9 * factor);
  }
}
END_TEST

static void check_scaled_back(const char *name, double first, double second) {
  const fixture_plan plan = {.task = name, .rows = 2};
  fixture f;
  fixture_open(&f, &plan);
  double data[] = {8, 8, 8, 8};
  lat_matrix answer = rows_of(data, 2, 2);
  lati_scale_back(&answer, f.task, 4);
  ck_assert_double_eq(data[0], first);
  ck_assert_double_eq(data[1], first);
  ck_assert_double_eq(data[2], second);
  fixture_close(&f);
}

START_TEST(answers_scale_back_by_their_degree) {
  check_scaled_back("transpose", 2, 2);
  check_scaled_back("product", 0.5, 0.5);
  check_scaled_back("inverse", 32, 32);
  check_scaled_back("eigenvectors", 2, 8);
  check_scaled_back("svd", 2, 8);
}
END_TEST

static void solve(double *x, lat_report *report, lat_solver *solver, const double *a, int32_t n,
                  double factor) {
  double scaled[16];
  for (int32_t i = 0; i < n * n; ++i) {
    scaled[i] = a[i] * factor;
  }
  lat_matrix from = rows_of(scaled, n, n), to = rows_of(x, n, n);
  lat_report_init(report);
  must(lat_solver_solve(&to, report, solver, &from));
}

START_TEST(answers_to_scaled_matrices_are_scaled_answers) {
  const double a[] = {1.25, -3.5, 6.75, 0.5, 2, -8, 9.5, 4, 0.125};
  const fixture_plan plan = {0};
  fixture f;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 3);
  lat_solver *solver = open_solver(&f, NULL);
  double plain[9], other[9];
  lat_report report, other_report;
  solve(plain, &report, solver, a, 3, 1);
  ck_assert_int_eq(report.verdict, LAT_VERDICT_OUTSIDE);
  ck_assert_double_eq(report.scale, 1);
  for (double factor = 1e-30; factor < 1e31; factor *= 1000) {
    solve(other, &other_report, solver, a, 3, factor);
    ck_assert_double_eq_tol(other_report.scale * factor, 1, 1e-12);
    ck_assert_int_eq(other_report.tokens, report.tokens);
    for (int32_t i = 0; i < 9; ++i) {
      ck_assert_double_le(fabs(other[i] - plain[i] * factor), 1e-12 * fabs(plain[i] * factor));
    }
    ck_assert_double_eq_tol(other_report.residual, report.residual, 1e-9 * report.residual);
  }
  lat_solver_free(solver);
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.scaling = 0;
  solver = open_solver(&f, &options);
  solve(other, &other_report, solver, a, 3, 100);
  ck_assert_double_eq(other_report.scale, 1);
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

/* ---- canonical forms ---- */

/* Whatever its weights, a canonical model answers P A Q with D1 = D2 = -1 and a permutation as it
 * answers A, moved: here b = -a with its rows and columns in the order 2, 0, 1. */
START_TEST(equivalent_matrices_get_equivalent_answers) {
  static const int32_t order[] = {2, 0, 1};
  const double a_data[] = {9.5, 1.25, -3.5, 1.25, 4, 0.5, -3.5, 0.5, -6.75};
  double b_data[9], x_data[9], y_data[9];
  const fixture_plan plan = {.task = "syminverse", .canonical = 1, .triangle = 1};
  fixture f;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 3);
  lat_solver *solver = open_solver(&f, NULL);
  lat_report reports[2];
  lat_report_init(&reports[0]);
  lat_report_init(&reports[1]);
  for (int32_t i = 0; i < 9; ++i) {
    b_data[i] = -a_data[order[i / 3] * 3 + order[i % 3]];
  }
  lat_matrix from[] = {rows_of((double *)a_data, 3, 3), rows_of(b_data, 3, 3)};
  lat_matrix to[] = {rows_of(x_data, 3, 3), rows_of(y_data, 3, 3)};
  must(lat_solver_solve_many(to, reports, solver, from, 2));
  ck_assert_int_eq(reports[0].verdict, LAT_VERDICT_OUTSIDE);
  ck_assert_double_eq_tol(reports[1].residual, reports[0].residual, 1e-12 * reports[0].residual);
  double size = 0;
  for (int32_t i = 0; i < 9; ++i) {
    ck_assert_double_eq(y_data[i], -x_data[order[i / 3] * 3 + order[i % 3]]);
    size += fabs(x_data[i]);
  }
  ck_assert_double_gt(size, 0);
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

START_TEST(wide_matrices_are_solved_as_tall_ones) {
  const double a_data[] = {1, -2, 3, 4, 5, 7};
  double b_data[6], x_data[2], y_data[2];
  const fixture_plan plan = {
      .task = "singular-values", .min_size = 2, .max_size = 3, .rectangular = 1, .canonical = 1};
  fixture f;
  fixture_open(&f, &plan);
  lat_solver *solver = open_solver(&f, NULL);
  lati_transpose(b_data, a_data, 2, 3);
  lat_matrix a = rows_of((double *)a_data, 2, 3), b = rows_of(b_data, 3, 2);
  lat_matrix x = rows_of(x_data, 2, 1), y = rows_of(y_data, 2, 1);
  must(lat_solver_solve(&x, NULL, solver, &a));
  must(lat_solver_solve(&y, NULL, solver, &b));
  ck_assert_double_eq(x_data[0], y_data[0]);
  ck_assert_double_eq(x_data[1], y_data[1]);
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

/* ---- refinement, certificates, LAPACK ---- */

static void solve_with(lat_report *report, double *x, const char *task, int32_t refine,
                       int32_t fallback, const double *a) {
  const fixture_plan plan = {.task = task};
  fixture f;
  lat_decode_options options;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 3);
  lat_decode_options_init(&options);
  options.refine = refine;
  options.fallback = fallback;
  lat_solver *solver = open_solver(&f, &options);
  int32_t rows = 0, cols = 0;
  must(joined_output_shape(&rows, &cols, f.task, 3, 3));
  lat_matrix from = rows_of((double *)(uintptr_t)a, 3, 3), to = rows_of(x, rows, cols);
  lat_report_init(report);
  must(joined_solve(&to, report, solver, f.task, &from));
  lat_solver_free(solver);
  fixture_close(&f);
}

static const double definite[] = {4, 1, -2, 1, 5, 0.5, -2, 0.5, 6};
static const double rank_one[] = {1, 2, 3, 2, 4, 6, 3, 6, 9};

START_TEST(lapack_answers_where_an_untrained_model_does_not) {
  static const char *const certified[] = {"inverse", "syminverse",  "eigenvectors",
                                          "svd",     "eigenvalues", "singular-values"};
  double x[21];
  lat_report report;
  for (size_t i = 0; i < sizeof certified / sizeof *certified; ++i) {
    solve_with(&report, x, certified[i], 4, 1, definite);
    ck_assert_int_eq(report.verdict, LAT_VERDICT_CERTIFIED);
    ck_assert_int_eq(report.source, LAT_SOURCE_LAPACK);
    ck_assert_double_le(report.error_bound, 1e-13);
    ck_assert_double_le(report.residual, 1e-13);
    ck_assert(!(report.residual_before <= 0.05));
  }
  solve_with(&report, x, "transpose", 0, 1, definite);
  ck_assert_int_eq(report.verdict, LAT_VERDICT_WITHIN);
  ck_assert_int_eq(report.source, LAT_SOURCE_LAPACK);
  ck_assert_double_le(report.residual, 1e-13);
  ck_assert(isnan(report.error_bound));
  solve_with(&report, x, "inverse", 0, 1, rank_one);
  ck_assert_int_eq(report.verdict, LAT_VERDICT_NO_ANSWER);
  ck_assert_int_eq(report.source, LAT_SOURCE_LAPACK);
  solve_with(&report, x, "inverse", 10, 1, rank_one);
  ck_assert_int_eq(report.verdict, LAT_VERDICT_NO_ANSWER);
  ck_assert_int_eq(report.source, LAT_SOURCE_LAPACK);
  ck_assert_int_eq(report.refine_steps, 0);
}
END_TEST

/* Refinement, certificates and LAPACK work in memory that the solver has from its start. */
START_TEST(a_steady_solver_allocates_nothing) {
  static const char *const names[] = {"inverse",     "eigenvectors",    "svd",
                                      "eigenvalues", "singular-values", "transpose"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    counting_allocator allocator = {0};
    const lat_context_options context = counting_options(&allocator);
    const fixture_plan plan = {.task = names[i], .rows = 3, .context = &context};
    fixture f;
    lat_decode_options options;
    double x[21];
    int32_t rows = 0, cols = 0;
    long before = 0;
    fixture_open(&f, &plan);
    fixture_prefer_size(&f, 3);
    lat_decode_options_init(&options);
    options.refine = 20;
    options.fallback = 1;
    options.candidates = 3;
    lat_solver *solver = open_solver(&f, &options);
    must(joined_output_shape(&rows, &cols, f.task, 3, 3));
    const double *const inputs[] = {definite, rank_one, definite};
    for (size_t k = 0; k < sizeof inputs / sizeof *inputs; ++k) {
      lat_matrix from = rows_of((double *)(uintptr_t)inputs[k], 3, 3), to = rows_of(x, rows, cols);
      lat_report report;
      lat_report_init(&report);
      must(joined_solve(&to, &report, solver, f.task, &from));
      before = k == 0 ? allocator.calls : before;
    }
    ck_assert_int_eq(allocator.calls, before);
    lat_solver_free(solver);
    fixture_close(&f);
  }
}
END_TEST

START_TEST(nothing_is_certified_without_ground) {
  double x[12];
  lat_report report;
  solve_with(&report, x, "inverse", 100, 0, rank_one);
  ck_assert_int_ne(report.verdict, LAT_VERDICT_CERTIFIED);
  ck_assert_int_eq(report.source, LAT_SOURCE_MODEL);
  ck_assert_int_eq(report.refine_steps, 0);
  ck_assert(isnan(report.error_bound));
  solve_with(&report, x, "inverse", 0, 0, definite);
  ck_assert_int_eq(report.verdict, LAT_VERDICT_OUTSIDE);
  ck_assert_double_eq(report.residual_before, report.residual);
  solve_with(&report, x, "transpose", 5, 0, definite);
  ck_assert_int_ne(report.verdict, LAT_VERDICT_CERTIFIED);
  ck_assert_int_eq(report.refine_steps, 0);
}
END_TEST

/* Returns the report on the answer as it was. */
static lat_report improve(lat_report *report, const char *name, double *answer, int32_t rows,
                          int32_t cols, const double *a) {
  const fixture_plan plan = {.task = name};
  fixture f;
  size_t count = 0;
  fixture_open(&f, &plan);
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.refine = 10;
  must(lati_improve_work(&count, f.task, &options, NULL));
  ck_assert_uint_le(count, sizeof work / sizeof *work);
  const lat_matrix input = rows_of((double *)(uintptr_t)a, 3, 3);
  lat_matrix x = rows_of(answer, rows, cols);
  lat_report_init(report);
  report->tolerance = options.tolerance;
  must(lati_verdict(report, f.task, &input, &x, 0, work));
  const lat_report before = *report;
  must(lati_refine_decoded(report, &x, f.task, &input, &options, work));
  must(lati_fall_back(report, &x, f.task, &input, &options, work));
  fixture_close(&f);
  return before;
}

/* The largest value of this matrix is no double: refinement, which finds it, leaves the answer. */
START_TEST(refined_answers_are_numbers) {
  static const double huge[] = {1e308, 1e308, 1e308, 1e308, 1e308, 1e308, 1e308, 1e308, 1e308};
  static const char *const names[] = {"eigenvalues", "singular-values", "eigenvectors"};
  for (int t = 0; t < 3; ++t) {
    double x[12] = {3, 2, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1}, before[12];
    lat_report report;
    memcpy(before, x, sizeof x);
    improve(&report, names[t], x, t == 2 ? 4 : 3, t == 2 ? 3 : 1, huge);
    ck_assert_mem_eq(before, x, sizeof x);
    ck_assert_int_eq(report.source, LAT_SOURCE_MODEL);
    ck_assert_int_eq(report.refine_steps, 0);
    ck_assert_int_eq(report.verdict, LAT_VERDICT_OUTSIDE);
    ck_assert(isnan(report.error_bound));
  }
}
END_TEST

/* Far from any answer: what is returned is certified, or as decoded, or better than that. */
START_TEST(refinement_makes_no_answer_worse) {
  static const char *const names[] = {"inverse", "eigenvectors", "svd", "eigenvalues",
                                      "singular-values"};
  static const int32_t rows[] = {3, 4, 7, 3, 3}, cols[] = {3, 3, 3, 1, 1};
  int kept = 0;
  for (int k = 0; k < 400; ++k) {
    const int t = k % 5;
    double a[9], x[21], before[21];
    lat_report report;
    srand((unsigned)k);
    for (int i = 0; i < 9; ++i) {
      a[i] = i % 3 < i / 3 ? a[i % 3 * 3 + i / 3] : rand() % 5 - 2; /* symmetric, often singular */
    }
    for (int i = 0; i < 21; ++i) {
      before[i] = x[i] = rand() / (double)RAND_MAX - 0.5;
    }
    const lat_report decoded = improve(&report, names[t], x, rows[t], cols[t], a);
    const int same = memcmp(before, x, sizeof x) == 0;
    ck_assert_int_eq(same, report.source == LAT_SOURCE_MODEL);
    ck_assert(!same || report.refine_steps == 0);
    ck_assert(report.verdict == LAT_VERDICT_CERTIFIED || !lati_is_better(&decoded, &report));
    kept += same;
  }
  ck_assert_int_gt(kept, 0);
}
END_TEST

START_TEST(near_answers_are_refined_and_certified) {
  static const char *const names[] = {"inverse", "eigenvectors", "svd", "eigenvalues",
                                      "singular-values"};
  static const int32_t rows[] = {3, 4, 7, 3, 3}, cols[] = {3, 3, 3, 1, 1};
  for (int t = 0; t < 5; ++t) {
    const fixture_plan plan = {.task = names[t]};
    fixture f;
    double x[21];
    lat_report report;
    const lat_matrix input = rows_of((double *)(uintptr_t)definite, 3, 3);
    lat_matrix answer = rows_of(x, rows[t], cols[t]);
    fixture_open(&f, &plan);
    must(joined_answer(&answer, f.task, &input));
    fixture_close(&f);
    for (int32_t i = 0; i < rows[t] * cols[t]; ++i) {
      x[i] *= i % 2 ? 1.03 : 0.97;
    }
    improve(&report, names[t], x, rows[t], cols[t], definite);
    ck_assert_int_eq(report.verdict, LAT_VERDICT_CERTIFIED);
    ck_assert_int_eq(report.source, LAT_SOURCE_REFINED);
    ck_assert_int_gt(report.refine_steps, 0);
    ck_assert_double_gt(report.residual_before, 0.001);
    ck_assert_double_le(report.residual, 1e-13);
    ck_assert_double_le(report.error_bound, 1e-13);
  }
}
END_TEST

/* ---- shapes and storage ---- */

START_TEST(columns_first_is_the_same_matrix) {
  const fixture_plan plan = {.rows = 3};
  fixture f;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 3);
  lat_solver *solver = open_solver(&f, NULL);
  double by_rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, x[9], padded[12], y[15];
  lat_matrix a = rows_of(by_rows, 3, 3), to = rows_of(x, 3, 3);
  lat_matrix b = {padded, 3, 3, 4, LAT_COLUMN_MAJOR}, back = {y, 3, 3, 5, LAT_COLUMN_MAJOR};
  for (int i = 0; i < 12; ++i) {
    padded[i] = NAN; /* between columns: not looked at */
  }
  for (int i = 0; i < 15; ++i) {
    y[i] = -77;
  }
  for (int32_t i = 0; i < 9; ++i) {
    lati_matrix_set(&b, i / 3, i % 3, by_rows[i]);
  }
  must(lat_solver_solve(&to, NULL, solver, &a));
  must(lat_solver_solve(&back, NULL, solver, &b));
  ck_assert_double_ne(x[0], 0);
  ck_assert_double_ne(x[1], x[3]);
  for (int32_t i = 0; i < 9; ++i) {
    ck_assert_double_eq(lati_matrix_get(&back, i / 3, i % 3), x[i]);
  }
  ck_assert_double_eq(y[3], -77); /* between columns */
  ck_assert_double_eq(y[4], -77);
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

START_TEST(many_at_once_are_each_alone) {
  enum { MANY = 300 }; /* more than one batch */
  const fixture_plan plan = {.rows = 2};
  fixture f;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 2);
  lat_solver *solver = open_solver(&f, NULL);
  static double inputs[MANY][4], outputs[MANY][4];
  static lat_matrix a[MANY], x[MANY];
  static lat_report reports[MANY];
  for (int i = 0; i < MANY; ++i) {
    for (int k = 0; k < 4; ++k) {
      inputs[i][k] = 10 * sin(4 * i + k);
    }
    a[i] = rows_of(inputs[i], 2, 2);
    x[i] = rows_of(outputs[i], 2, 2);
    lat_report_init(&reports[i]);
  }
  must(lat_solver_solve_many(x, reports, solver, a, MANY));
  for (int i = 0; i < MANY; i += 37) {
    double alone[4];
    lat_report report;
    lat_matrix to = rows_of(alone, 2, 2);
    lat_report_init(&report);
    must(lat_solver_solve(&to, &report, solver, &a[i]));
    ck_assert_mem_eq(alone, outputs[i], sizeof alone);
    ck_assert_double_eq(report.residual, reports[i].residual);
    ck_assert_int_eq(report.verdict, reports[i].verdict);
    ck_assert_double_eq(report.scale, reports[i].scale);
  }
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

/* A caller compiled against a longer or shorter report. */
START_TEST(reports_of_other_sizes_are_filled_as_far_as_they_go) {
  const fixture_plan plan = {.rows = 2};
  fixture f;
  fixture_open(&f, &plan);
  lat_solver *solver = open_solver(&f, NULL);
  double data[] = {1, 2, 3, 4}, answer[8];
  lat_matrix a[] = {rows_of(data, 2, 2), rows_of(data, 2, 2)};
  lat_matrix x[] = {rows_of(answer, 2, 2), rows_of(answer + 4, 2, 2)};
  struct {
    lat_report report;
    double later[3];
  } longer[2];
  memset(longer, 0x55, sizeof longer);
  longer[0].report.struct_size = longer[1].report.struct_size = sizeof longer[0];
  must(lat_solver_solve_many(x, &longer[0].report, solver, a, 2));
  ck_assert_uint_eq(longer[1].report.struct_size, sizeof longer[0]);
  ck_assert_double_eq(longer[0].report.residual, longer[1].report.residual);
  ck_assert_double_eq(longer[0].report.tolerance, 0.05);
  unsigned char untouched[sizeof longer[0].later];
  memset(untouched, 0x55, sizeof untouched);
  ck_assert_mem_eq(longer[1].later, untouched, sizeof untouched);
  lat_report shorter;
  memset(&shorter, 0x55, sizeof shorter);
  shorter.struct_size = offsetof(lat_report, tolerance);
  must(lat_solver_solve(x, &shorter, solver, a));
  ck_assert_double_eq(shorter.residual, longer[0].report.residual);
  ck_assert_mem_eq(&shorter.tolerance, untouched, sizeof shorter.tolerance);
  shorter.struct_size = 0;
  ck_assert_int_eq(lat_solver_solve(x, &shorter, solver, a), LAT_ERROR_ARGUMENT);
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

/* ---- refusals ---- */

typedef struct refusal {
  lat_status status;
  const char *message;
} refusal;

static void refuse(lat_solver *solver, const lat_matrix *a, int32_t rows, int32_t cols,
                   refusal expected) {
  double answer[100];
  lat_matrix x = rows_of(answer, rows, cols);
  ck_assert_int_eq(lat_solver_solve(&x, NULL, solver, a), expected.status);
  ck_assert_str_eq(lat_last_error(), expected.message);
}

START_TEST(other_sizes_are_refused) {
  const fixture_plan fixed = {.rows = 3}, mixed = {.min_size = 2, .max_size = 4},
                     pair = {.task = "add", .rows = 2};
  double data[100] = {0};
  fixture f;
  fixture_open(&f, &fixed);
  lat_solver *solver = open_solver(&f, NULL);
  lat_matrix a = rows_of(data, 4, 4);
  refuse(solver, &a, 4, 4, (refusal){LAT_ERROR_SHAPE, "input is 4 x 4, the model solves 3 x 3"});
  a = rows_of(data, 3, 3);
  refuse(solver, &a, 3, 2, (refusal){LAT_ERROR_SHAPE, "x: the matrix is 3 x 2, not 3 x 3"});
  a.rows = 0;
  ck_assert_int_eq(lat_solver_solve(&a, NULL, solver, &a), LAT_ERROR_SHAPE);
  lat_solver_free(solver);
  fixture_close(&f);

  fixture_open(&f, &mixed);
  solver = open_solver(&f, NULL);
  a = rows_of(data, 5, 5);
  refuse(solver, &a, 5, 5,
         (refusal){LAT_ERROR_SHAPE, "input is 5 x 5, the model solves sizes 2 to 4 with as many "
                                    "rows as columns"});
  a = rows_of(data, 3, 4);
  ck_assert_int_eq(lat_solver_solve(&a, NULL, solver, &a), LAT_ERROR_SHAPE);
  lat_solver_free(solver);
  fixture_close(&f);

  fixture_open(&f, &pair);
  solver = open_solver(&f, NULL);
  a = rows_of(data, 2, 4);
  refuse(solver, &a, 2, 2,
         (refusal){LAT_ERROR_ARGUMENT, "count 1: task 'add' has 2 operands and 1 result; calls for "
                                       "any number of them end in _operands"});
  const lat_matrix two[] = {rows_of(data, 2, 3), rows_of(data, 2, 3)};
  lat_matrix sum = rows_of(data, 2, 3);
  ck_assert_int_eq(lat_solver_solve_operands(&sum, 1, NULL, solver, two, 2, 1), LAT_ERROR_SHAPE);
  ck_assert_str_eq(lat_last_error(), "input is 2 x 3 and 2 x 3, the model solves 2 x 2 and 2 x 2");
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

START_TEST(what_is_no_number_is_refused) {
  const fixture_plan plan = {.rows = 2};
  double data[] = {1, 2, NAN, 4};
  fixture f;
  fixture_open(&f, &plan);
  lat_solver *solver = open_solver(&f, NULL);
  lat_matrix a = rows_of(data, 2, 2), x[3] = {a, a, a}, many[3];
  ck_assert_int_eq(lat_solver_solve(x, NULL, solver, &a), LAT_ERROR_NUMERIC);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "row 2, column 1"));
  data[2] = -INFINITY;
  ck_assert_int_eq(lat_solver_solve(x, NULL, solver, &a), LAT_ERROR_NUMERIC);
  double fine[] = {1, 2, 3, 4};
  many[0] = many[1] = rows_of(fine, 2, 2);
  many[2] = a;
  ck_assert_int_eq(lat_solver_solve_many(x, NULL, solver, many, 3), LAT_ERROR_NUMERIC);
  ck_assert_int_eq(strncmp(lat_last_error(), "matrix 2: ", 10), 0);
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

START_TEST(asymmetry_is_refused_beyond_rounding) {
  const fixture_plan plan = {.task = "eigenvalues", .rows = 2};
  double data[] = {8, 1, 1 + 4e-6, 2}, answer[2];
  fixture f;
  fixture_open(&f, &plan);
  lat_solver *solver = open_solver(&f, NULL);
  lat_matrix a = rows_of(data, 2, 2), x = rows_of(answer, 2, 1);
  must(lat_solver_solve(&x, NULL, solver, &a)); /* within 1e-6 of 8 */
  data[2] = 1 + 1e-5;
  ck_assert_int_eq(lat_solver_solve(&x, NULL, solver, &a), LAT_ERROR_SHAPE);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "symmetric"));
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

START_TEST(misuse_is_refused) {
  const fixture_plan plan = {.rows = 2};
  double data[] = {1, 2, 3, 4};
  fixture f;
  fixture_open(&f, &plan);
  lat_solver *solver = open_solver(&f, NULL), *none = solver;
  lat_matrix a = rows_of(data, 2, 2);
  ck_assert_int_eq(lat_solver_solve(NULL, NULL, solver, &a), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_solver_solve(&a, NULL, NULL, &a), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_solver_solve(&a, NULL, solver, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_solver_solve_many(&a, NULL, solver, &a, 0), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "count 0 is less than 1");
  ck_assert_int_eq(lat_solver_select(solver, "svd"), LAT_ERROR_NOT_FOUND);
  ck_assert_str_eq(lat_last_error(), "the model has no task \"svd\"");
  must(lat_solver_select(solver, "transpose"));
  ck_assert_int_eq(lat_solver_select(solver, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_solver_create(&none, NULL, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_null(none);
  lat_solver_free(solver);
  lat_solver_free(NULL);
  fixture_close(&f);
}
END_TEST

START_TEST(a_mixture_solves_what_was_selected) {
  lat_context *ctx = NULL;
  lat_task *parts[2] = {NULL, NULL}, *mixture = NULL;
  lat_task_options options;
  const fixture_plan plan = {0};
  double data[] = {1, 2, 3, 4, 5, 6, 7, 8}, answer[4];
  must(lat_context_create(&ctx, NULL));
  lat_task_options_init(&options);
  options.rows = 2;
  must(lat_task_create(&parts[0], ctx, &options));
  options.name = "add";
  must(lat_task_create(&parts[1], ctx, &options));
  must(lat_task_create_mixture(&mixture, ctx, parts, NULL, 2));
  fixture f;
  fixture_open_task(&f, ctx, mixture, &plan);
  lat_solver *solver = open_solver(&f, NULL);
  lat_matrix a = rows_of(data, 2, 4), x = rows_of(answer, 2, 2);
  lat_report report;
  lat_report_init(&report);
  ck_assert_int_eq(lat_solver_solve(&x, &report, solver, &a), LAT_ERROR_STATE);
  must(lat_solver_select(solver, "add"));
  must(joined_solve(&x, &report, solver, lat_task_component(f.task, 1), &a));
  a = rows_of(data, 2, 2);
  ck_assert_int_eq(lat_solver_solve(&x, &report, solver, &a), LAT_ERROR_ARGUMENT);
  must(lat_solver_select(solver, "transpose"));
  must(lat_solver_solve(&x, &report, solver, &a));
  lat_solver_free(solver);
  lat_task_free(parts[0]);
  lat_task_free(parts[1]);
  fixture_close(&f);
}
END_TEST

START_TEST(undecodable_answers_are_zeros) {
  const fixture_plan plan = {0};
  fixture f;
  fixture_open(&f, &plan);
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.grammar = 0;
  options.max_tokens = 3;
  lat_solver *solver = open_solver(&f, &options);
  double data[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, x[9];
  lat_report report;
  for (int i = 0; i < 9; ++i) {
    x[i] = 5;
  }
  solve(x, &report, solver, data, 3, 1);
  ck_assert_int_eq(report.verdict, LAT_VERDICT_UNDECODABLE);
  ck_assert(isinf(report.residual));
  ck_assert(isnan(report.orthogonality));
  ck_assert_int_le(report.tokens, 3);
  for (int i = 0; i < 9; ++i) {
    ck_assert_double_eq(x[i], 0);
  }
  lat_solver_free(solver);
  fixture_close(&f);
}
END_TEST

/* ---- verdicts on made-up answers ---- */

static lat_report judge(const char *name, int32_t rows, int32_t cols, double *input,
                        double *prediction, int compare) {
  const fixture_plan plan = {.task = name, .rows = rows, .cols = cols};
  fixture f;
  int32_t out_rows, out_cols;
  lat_report report = {.struct_size = sizeof report, .tolerance = 0.05};
  fixture_open(&f, &plan);
  must(joined_output_shape(&out_rows, &out_cols, f.task, rows, cols));
  lat_matrix a = rows_of(input, rows, cols), p = rows_of(prediction, out_rows, out_cols);
  must(lati_verdict(&report, f.task, &a, &p, compare, work));
  fixture_close(&f);
  return report;
}

START_TEST(transposes_products_and_inverses_are_known) {
  double a[] = {1, 2, 3, 4}, right[] = {1, 3, 2, 4.1}, wrong[] = {1, 2, 3, 4};
  double inverse[] = {-2, 1, 1.5, -0.5}, singular[] = {1, 2, 2, 4};
  ck_assert_int_eq(judge("transpose", 2, 2, a, right, 0).verdict, LAT_VERDICT_WITHIN);
  ck_assert_int_eq(judge("transpose", 2, 2, a, wrong, 0).verdict, LAT_VERDICT_OUTSIDE);
  ck_assert_double_eq_tol(judge("transpose", 2, 2, a, right, 0).residual, 0.01, 1e-12);
  ck_assert_int_eq(judge("inverse", 2, 2, a, inverse, 0).verdict, LAT_VERDICT_WITHIN);
  ck_assert_int_eq(judge("inverse", 2, 2, a, right, 0).verdict, LAT_VERDICT_OUTSIDE);
  ck_assert_int_eq(judge("inverse", 2, 2, singular, inverse, 0).verdict, LAT_VERDICT_OUTSIDE);
  double sum[] = {4, 6}, operands[] = {1, 2, 3, 4};
  const fixture_plan plan = {.task = "add", .rows = 1, .cols = 2};
  fixture f;
  lat_report report = {.struct_size = sizeof report, .tolerance = 0.05};
  fixture_open(&f, &plan);
  lat_matrix from = rows_of(operands, 1, 4), to = rows_of(sum, 1, 2);
  must(lati_verdict(&report, f.task, &from, &to, 0, work));
  ck_assert_int_eq(report.verdict, LAT_VERDICT_WITHIN);
  ck_assert_double_eq(report.residual, 0);
  ck_assert(isnan(report.orthogonality));
  fixture_close(&f);
}
END_TEST

/* S = Q diag(1, 3) Q^T with Q the rotation by 45 degrees. */
static double symmetric[] = {2, 1, 1, 2};
enum { VALUE_LOW = 1, VALUE_HIGH = 3 };

START_TEST(eigenvectors_are_held_to_orthonormality_and_order) {
  const double r = sqrt(0.5);
  double right[] = {VALUE_LOW, VALUE_HIGH, r, r, -r, r};
  double doubled[] = {4 * VALUE_LOW, 4 * VALUE_HIGH, 2 * r, 2 * r, -2 * r, 2 * r};
  double swapped[] = {VALUE_HIGH, VALUE_LOW, r, r, r, -r};
  double off[] = {VALUE_LOW, VALUE_HIGH + 1, r, r, -r, r};
  ck_assert_int_eq(judge("eigenvectors", 2, 2, symmetric, right, 0).verdict, LAT_VERDICT_WITHIN);
  lat_report report = judge("eigenvectors", 2, 2, symmetric, doubled, 0);
  ck_assert_double_lt(report.residual, 1e-12); /* which the residual alone would let pass */
  ck_assert_double_eq_tol(report.orthogonality, 3, 1e-12);
  ck_assert_int_eq(report.verdict, LAT_VERDICT_OUTSIDE);
  report = judge("eigenvectors", 2, 2, symmetric, swapped, 0);
  ck_assert_double_lt(report.residual, 1e-12);
  ck_assert_double_lt(report.orthogonality, 1e-12);
  ck_assert_int_eq(report.verdict, LAT_VERDICT_OUTSIDE);
  ck_assert_int_eq(judge("eigenvectors", 2, 2, symmetric, off, 0).verdict, LAT_VERDICT_OUTSIDE);
}
END_TEST

START_TEST(singular_vectors_are_held_to_orthonormality_order_and_sign) {
  double a[] = {3, 0, 0, 2};
  double right[] = {3, 2, 1, 0, 0, 1, 1, 0, 0, 1};
  double halved[] = {0.75, 0.5, 0.5, 0, 0, 0.5, 0.5, 0, 0, 0.5};
  double swapped[] = {2, 3, 0, 1, 1, 0, 0, 1, 1, 0};
  double negative[] = {3, -2, 1, 0, 0, -1, 1, 0, 0, 1};
  ck_assert_int_eq(judge("svd", 2, 2, a, right, 0).verdict, LAT_VERDICT_WITHIN);
  ck_assert_int_eq(judge("svd", 2, 2, a, halved, 0).verdict, LAT_VERDICT_OUTSIDE);
  ck_assert_int_eq(judge("svd", 2, 2, a, swapped, 0).verdict, LAT_VERDICT_OUTSIDE);
  ck_assert_double_lt(judge("svd", 2, 2, a, negative, 0).residual, 1e-12);
  ck_assert_int_eq(judge("svd", 2, 2, a, negative, 0).verdict, LAT_VERDICT_OUTSIDE);
}
END_TEST

START_TEST(values_alone_are_bounded_or_compared) {
  static const char *const names[] = {"eigenvalues", "singular-values"};
  double right[] = {3.01, 1}, wrong[] = {3, 2};
  for (int32_t t = 0; t < 2; ++t) {
    lat_report report = judge(names[t], 2, 2, symmetric, right, 1);
    ck_assert_int_eq(report.verdict, LAT_VERDICT_WITHIN);
    ck_assert_double_eq_tol(report.residual, 0.01 / 4, 1e-12);
    report = judge(names[t], 2, 2, symmetric, right, 0);
    ck_assert_int_eq(report.verdict, LAT_VERDICT_WITHIN);
    ck_assert_double_ge(report.residual, 0.01 / 4);
    ck_assert_double_le(report.residual, 1.34 * 0.01 / 4);
    report = judge(names[t], 2, 2, symmetric, wrong, 0);
    ck_assert_int_eq(report.verdict, LAT_VERDICT_OUTSIDE);
    ck_assert_double_le(report.residual, 0.25);
    ck_assert_double_ge(report.residual, 0.25 / 1.34);
    ck_assert_int_eq(judge(names[t], 2, 2, symmetric, wrong, 1).verdict, LAT_VERDICT_OUTSIDE);
  }
}
END_TEST

START_TEST(the_tolerance_decides) {
  double a[] = {1, 2, 3, 4}, near[] = {1, 3, 2, 4.4};
  const fixture_plan plan = {.rows = 2};
  fixture f;
  fixture_open(&f, &plan);
  lat_matrix from = rows_of(a, 2, 2), to = rows_of(near, 2, 2);
  lat_report report = {.struct_size = sizeof report, .tolerance = 0.041};
  must(lati_verdict(&report, f.task, &from, &to, 0, work));
  ck_assert_int_eq(report.verdict, LAT_VERDICT_WITHIN);
  report.tolerance = 0.039;
  must(lati_verdict(&report, f.task, &from, &to, 0, work));
  ck_assert_int_eq(report.verdict, LAT_VERDICT_OUTSIDE);
  near[0] = INFINITY;
  must(lati_verdict(&report, f.task, &from, &to, 0, work));
  ck_assert_int_eq(report.verdict, LAT_VERDICT_OUTSIDE);
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {factors_are_round_numbers_that_reach_the_range,
                                answers_scale_back_by_their_degree,
                                answers_to_scaled_matrices_are_scaled_answers,
                                equivalent_matrices_get_equivalent_answers,
                                wide_matrices_are_solved_as_tall_ones,
                                lapack_answers_where_an_untrained_model_does_not,
                                a_steady_solver_allocates_nothing,
                                nothing_is_certified_without_ground,
                                near_answers_are_refined_and_certified,
                                refined_answers_are_numbers,
                                refinement_makes_no_answer_worse,
                                columns_first_is_the_same_matrix,
                                many_at_once_are_each_alone,
                                reports_of_other_sizes_are_filled_as_far_as_they_go,
                                other_sizes_are_refused,
                                what_is_no_number_is_refused,
                                asymmetry_is_refused_beyond_rounding,
                                misuse_is_refused,
                                a_mixture_solves_what_was_selected,
                                undecodable_answers_are_zeros,
                                transposes_products_and_inverses_are_known,
                                eigenvectors_are_held_to_orthonormality_and_order,
                                singular_vectors_are_held_to_orthonormality_order_and_sign,
                                values_alone_are_bounded_or_compared,
                                the_tolerance_decides,
                                NULL};
  return run_suite("solver", tests);
}
