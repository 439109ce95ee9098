/* Candidates: equivalent and rescaled inputs and the way back, the choice of the best, and which
 * matrices later rounds decode. */
#include "infer/candidates.h"
#include "infer/frame.h"
#include "infer/mean_answer.h"
#include "infer_fixture.h"
#include "linalg/matrix.h"
#include "task/registry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64, MANY = 40 };

static void fill(double *values, int32_t count, int32_t seed) {
  for (int32_t i = 0; i < count; ++i) {
    const double big = 1e4 * sin(1 + 3.7 * i + 11.3 * seed); /* the last digits of sines */
    values[i] = 18 * (big - floor(big)) - 9;
  }
}

static lat_task *canonical_task_of(lat_context *ctx, const char *name, int32_t rows, int32_t cols,
                                   int32_t canonical) {
  lat_task *task = NULL;
  lat_task_options options;
  lat_task_options_init(&options);
  options.name = name;
  options.rows = rows;
  options.cols = cols;
  options.canonical = canonical;
  must(lat_task_create(&task, ctx, &options));
  return task;
}

static lat_task *task_of(lat_context *ctx, const char *name, int32_t rows, int32_t cols) {
  return canonical_task_of(ctx, name, rows, cols, 0);
}

/* The exact answer to what a model sees, brought back, is an answer to the matrix. */
static void check_frame(const lat_task *task, int32_t rows, int32_t cols, int32_t candidate,
                        double size) {
  double data[MOST], values[MOST], moved[MOST], answer[MOST], caller[MOST];
  lati_transform transform;
  lati_frame frame = {.task = task,
                      .range = lati_task_range(task),
                      .candidate = candidate,
                      .scaling = 1,
                      .transform = &transform};
  const lat_matrix a = lati_matrix_view(data, rows, cols);
  lat_matrix parts[JOINED_MOST];
  lati_matrices seen;
  lati_form results;
  fill(data, rows * cols, candidate);
  for (int32_t i = 0; i < rows * cols; ++i) {
    const int32_t mirror = i % cols * cols + i / cols;
    data[i] = lati_task_symmetric(task) && mirror < i ? data[mirror] : data[i] * size;
  }
  joined_operands(parts, task, &a);
  const lati_form form = lati_task_form_of(task, parts);
  const lati_matrices all = lati_matrices_at(data, &form);
  must(lati_frame_enter(&seen, &frame, &all, values, moved));
  const double largest = lati_norm_max(values, frame.moved ? 0 : (size_t)(rows * cols)) +
                         lati_norm_max(moved, frame.moved ? (size_t)(rows * cols) : 0);
  ck_assert_double_le(largest, 10 + 1e-9);
  ck_assert_double_ge(largest, candidate == 0 ? 1 : 6.4);
  must(lati_task_result_form(&results, task, &form));
  lati_matrices x = lati_matrices_at(answer, &results);
  must(lati_task_answer(x.written, task, seen.written));
  must(lati_frame_leave(&x, &frame, caller));
  lat_score score = {.struct_size = sizeof score};
  must(lati_task_score(&score, task, all.written, NULL, x.written, NULL));
  ck_assert_msg(score.residual < 1e-11, "%s, candidate %d: residual %g", lat_task_name(task),
                candidate, score.residual);
  ck_assert_int_eq(score.ordered, 1);
}

START_TEST(answers_come_back_from_every_candidate) {
  static const struct {
    const char *name;
    int32_t rows, cols, input_rows, input_cols;
  } tasks[] = {{"transpose", 3, 4, 3, 4},
               {"add", 2, 3, 2, 6},
               {"matvec", 3, 2, 3, 3},
               {"product", 3, 2, 3, 4},
               {"eigenvalues", 4, 4, 4, 4},
               {"eigenvectors", 4, 4, 4, 4},
               {"inverse", 4, 4, 4, 4},
               {"syminverse", 4, 4, 4, 4},
               {"svd", 4, 3, 4, 3},
               {"svd", 3, 4, 3, 4},
               {"singular-values", 3, 4, 3, 4}};
  static const double sizes[] = {1, 1e-7, 1e9};
  lat_context *ctx = NULL;
  must(lat_context_create(&ctx, NULL));
  for (size_t t = 0; t < sizeof tasks / sizeof *tasks; ++t) {
    for (int32_t canonical = 0; canonical <= (t > 0); ++canonical) { /* not of transposes */
      lat_task *task =
          canonical_task_of(ctx, tasks[t].name, tasks[t].rows, tasks[t].cols, canonical);
      for (int32_t candidate = 0; candidate < 9; ++candidate) {
        check_frame(task, tasks[t].input_rows, tasks[t].input_cols, candidate,
                    sizes[candidate % 3]);
      }
      lat_task_free(task);
    }
  }
  lat_context_free(ctx);
}
END_TEST

static lat_task *equilibrated_task(lat_context *ctx, int32_t n) {
  lat_task *task = NULL;
  lat_task_options options;
  lat_task_options_init(&options);
  options.name = "inverse";
  options.rows = n;
  options.canonical = options.equilibrate = 1;
  must(lat_task_create(&task, ctx, &options));
  return task;
}

/* Of an example whose factors are known the first candidate sees the form that they belong to,
 * though its tokens are rounded and its sums are not 1, and answers come back to A = R^-1 C S^-1.
 */
START_TEST(known_factors_are_taken) {
  double c[] = {0.6, 0.41, 0.39, -0.598}, factors[] = {0.5, 4, -2, 0.25};
  double a[4], values[4], moved[4], answer[] = {1, 2, 3, 4}, caller[4];
  lat_context *ctx = NULL;
  lati_transform transform;
  must(lat_context_create(&ctx, NULL));
  lat_task *task = equilibrated_task(ctx, 2);
  const lati_form form = lati_form_of(2, 2);
  for (int32_t k = 0; k < 4; ++k) {
    a[k] = c[k] / factors[k / 2] / factors[2 + k % 2];
  }
  lati_frame frame = {.task = task, .factors = factors, .transform = &transform};
  lati_matrices seen, x = lati_matrices_at(answer, &form);
  const lati_matrices given = lati_matrices_at(a, &form);
  must(lati_frame_enter(&seen, &frame, &given, values, moved));
  must(lati_frame_leave(&x, &frame, caller));
  for (int32_t k = 0; k < 4; ++k) {
    ck_assert_double_eq_tol(seen.written[0].data[k], c[k], 1e-15);
    ck_assert_double_eq_tol(x.written[0].data[k], factors[2 + k / 2] * (k + 1) * factors[k % 2],
                            1e-14);
  }
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* Row sums of an equilibrated form are 1 for the first candidate, and about that for others, which
 * are forms of other matrices but no worse ones, whatever the sizes of the matrix and of its rows;
 * the exact answer to each comes back. */
START_TEST(equilibrated_candidates_come_back) {
  enum { N = 4 };
  static const double sizes[] = {1, 1e-300, 1e250};
  double data[N * N], values[N * N], moved[N * N], answer[N * N], caller[N * N], before = 0;
  lat_context *ctx = NULL;
  lati_transform transform;
  must(lat_context_create(&ctx, NULL));
  lat_task *task = equilibrated_task(ctx, N);
  const lati_form form = lati_form_of(N, N);
  for (int32_t candidate = 0; candidate < 9; ++candidate) {
    double scales[2 * LAT_MAX_DIMENSION];
    lati_frame frame = {.task = task,
                        .candidate = candidate,
                        .scaling = 1,
                        .transform = &transform,
                        .scales = scales};
    lati_matrices seen;
    fill(data, N * N, 1);
    for (int32_t i = 0; i < N * N; ++i) {
      data[i] *= sizes[candidate % 3] * (i / N == 1 ? 1e6 : 1);
    }
    const lati_matrices all = lati_matrices_at(data, &form);
    must(lati_frame_enter(&seen, &frame, &all, values, moved));
    const double sum = lati_norm_l1(moved, N);
    ck_assert_double_eq_tol(sum, 1, candidate == 0 ? 1e-12 : 0.0101);
    ck_assert(candidate == 0 || fabs(sum - before) > 1e-3);
    before = sum;
    lati_matrices x = lati_matrices_at(answer, &form);
    must(lati_task_answer(x.written, task, seen.written));
    ck_assert_double_lt(lati_norm_max(answer, N * N), 200);
    must(lati_frame_leave(&x, &frame, caller));
    double identity = 0; /* coefficient (0, 0) of A X */
    for (int32_t k = 0; k < N; ++k) {
      identity += data[k] * caller[k * N];
    }
    ck_assert_double_eq_tol(identity, 1, 1e-11);
  }
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* Sums of the largest doubles would be infinite; and a number in other coordinates is the same. */
START_TEST(the_largest_matrices_have_all_candidates_and_numbers_one) {
  const fixture_plan plan = {.task = "inverse", .rows = 2, .min_size = 1, .max_size = 2};
  double data[] = {1.7e308, 1.7e308, -1.7e308, 1.6e308}, one[] = {3}, answer[4];
  const lat_matrix all[] = {lati_matrix_view(data, 2, 2), lati_matrix_view(one, 1, 1)};
  fixture f;
  fixture_open(&f, &plan);
  for (int32_t k = 0; k < 2; ++k) {
    lat_decode_options options;
    lat_solver *solver = NULL;
    lat_report report;
    lat_matrix x = lati_matrix_view(answer, all[k].rows, all[k].rows);
    fixture_prefer_size(&f, all[k].rows);
    lat_decode_options_init(&options);
    options.candidates = 5;
    options.tolerance = 1e-9;
    options.scaling = k == 0;
    must(lat_solver_create(&solver, f.model, &options));
    lat_report_init(&report);
    must(lat_solver_solve(&x, &report, solver, &all[k]));
    ck_assert_int_eq(report.candidates, k == 0 ? 5 : 1);
    lat_solver_free(solver);
  }
  fixture_close(&f);
}
END_TEST

/* Solves MANY 2 x 2 matrices; reports and answers are the caller's. */
static void solve_as(lat_report *reports, double answers[MANY][4], const fixture *f, int32_t count,
                     const lat_decode_options *options) {
  static double inputs[MANY][4];
  lat_matrix a[MANY], x[MANY];
  lat_solver *solver = NULL;
  for (int32_t i = 0; i < count; ++i) {
    fill(inputs[i], 4, i);
    a[i] = lati_matrix_view(inputs[i], 2, 2);
    x[i] = lati_matrix_view(answers[i], 2, 2);
    lat_report_init(&reports[i]);
  }
  must(lat_solver_create(&solver, f->model, options));
  must(lat_solver_solve_many(x, reports, solver, a, count));
  lat_solver_free(solver);
}

static void solve(lat_report *reports, double answers[MANY][4], const fixture *f, int32_t count,
                  int32_t candidates, double tolerance, int32_t max_tokens, int32_t average) {
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.candidates = candidates;
  options.average = average;
  options.tolerance = tolerance;
  options.max_tokens = max_tokens;
  options.grammar = max_tokens == 0;
  solve_as(reports, answers, f, count, &options);
}

static int by_size(const void *a, const void *b) {
  const double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

/* Noise makes a symmetric matrix another one, which is what its tokens say. */
START_TEST(what_is_as_given_is_seen_as_it_is) {
  lat_context *ctx = NULL;
  must(lat_context_create(&ctx, NULL));
  lat_task *task = task_of(ctx, "eigenvalues", 2, 2);
  double a[] = {1, 2, 2.5, 300}, values[4], moved[4];
  const lati_form form = lati_form_of(2, 2);
  const lati_matrices all = lati_matrices_at(a, &form);
  lati_matrices seen;
  lati_frame frame = {.task = task, .range = lati_task_range(task), .scaling = 1, .as_given = 1};
  must(lati_frame_enter(&seen, &frame, &all, values, moved));
  ck_assert_mem_eq(seen.written[0].data, a, sizeof a);
  frame.as_given = 0;
  must(lati_frame_enter(&seen, &frame, &all, values, moved));
  ck_assert_double_eq(seen.written[0].data[1], seen.written[0].data[2]);
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* A task of an evaluation may have another range; the model sees that of its training. */
START_TEST(later_candidates_are_scaled_into_the_range_of_training) {
  const fixture_plan plan = {.rows = 2};
  fixture f;
  lat_task *asked = NULL;
  lat_task_options options;
  lat_decode_options decode;
  double a[] = {1e-5, 2e-5, -3e-5, 5e-6}, x[4];
  const lati_form form = lati_form_of(2, 2);
  lati_search *search = calloc(1, sizeof *search);
  fixture_open(&f, &plan);
  lat_task_options_init(&options);
  options.rows = 2;
  options.range = 3e-5;
  must(lat_task_create(&asked, f.ctx, &options));
  lat_decode_options_init(&decode);
  decode.candidates = 3;
  must(lati_search_open(search, f.model, asked, NULL, &decode));
  search->as_given = 1;
  lati_problem problem = {
      .task = asked, .a = lati_matrices_at(a, &form), .x = lati_matrices_at(x, &form)};
  must(lati_search_run(search, &problem, 1));
  ck_assert_int_eq(problem.report.candidates, 3);
  ck_assert_double_ge(3e-5 * search->frames[0].factor, 6.4);
  ck_assert_double_le(3e-5 * search->frames[0].factor, 10);
  lati_search_close(search);
  free(search);
  lat_task_free(asked);
  fixture_close(&f);
}
END_TEST

START_TEST(the_best_stays_and_later_rounds_decode_what_is_not_right) {
  static double first[MANY][4], best[MANY][4], alone[MANY][4];
  static lat_report before[MANY], after[MANY], one[MANY];
  const fixture_plan plan = {.task = "inverse", .rows = 2};
  double sorted[MANY];
  int32_t better = 0, decoded = 0;
  fixture f;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 2);
  solve(before, first, &f, MANY, 1, 0.05, 0, 0);
  for (int32_t i = 0; i < MANY; ++i) {
    sorted[i] = before[i].residual;
  }
  qsort(sorted, MANY, sizeof *sorted, by_size);
  const double median = sorted[MANY / 2];
  solve(after, best, &f, MANY, 6, median, 0, 0);
  for (int32_t i = 0; i < MANY; ++i) {
    const int right = before[i].residual <= median;
    ck_assert_int_eq(before[i].candidates, 1);
    ck_assert_int_eq(before[i].candidate, 0);
    ck_assert_int_eq(right, after[i].candidates == 1);
    ck_assert_double_le(after[i].residual, before[i].residual);
    ck_assert_int_lt(after[i].candidate, after[i].candidates);
    ck_assert_int_le(after[i].candidates, 6);
    ck_assert_int_eq(after[i].candidate == 0, memcmp(first[i], best[i], sizeof *best) == 0);
    ck_assert(after[i].verdict != LAT_VERDICT_WITHIN ||
              after[i].candidate == after[i].candidates - 1);
    better += after[i].residual < before[i].residual;
    decoded += after[i].candidates;
  }
  ck_assert_int_gt(better, MANY / 10);
  ck_assert_int_gt(decoded, MANY);
  for (int32_t few = 1; few <= 17; few += few / 2 + 1) { /* few are asked several at once */
    solve(one, alone, &f, few, 6, median, 0, 0);
    ck_assert_mem_eq(alone, best, (size_t)few * sizeof *best);
    for (int32_t i = 0; i < few; ++i) {
      ck_assert_double_eq(one[i].residual, after[i].residual);
      ck_assert_int_eq(one[i].candidates, after[i].candidates);
      ck_assert_int_eq(one[i].candidate, after[i].candidate);
    }
  }
  fixture_close(&f);
}
END_TEST

/* (1, 2; u, v) and (3, 4; -u, v) weigh 2 to 1: u is one vector, whatever its sign. */
START_TEST(means_are_of_vectors_of_one_sign) {
  double best[] = {1, 2, 0.6, 0.8, 0.8, -0.6}, latest[] = {4, 5, -0.6, 0.8, -0.8, -0.6}, mean[6];
  const double expected[] = {2, 3, 0.6, 0.8, 0.8, -0.6};
  lat_context *ctx = NULL;
  must(lat_context_create(&ctx, NULL));
  lat_task *task = task_of(ctx, "eigenvectors", 2, 2);
  const lati_form operands = lati_form_of(2, 2);
  lati_form form;
  must(lati_task_result_form(&form, task, &operands));
  const lati_matrices a = lati_matrices_at(best, &form), b = lati_matrices_at(latest, &form);
  lati_mean_answer(mean, task, &a, 2, &b);
  for (int32_t k = 0; k < 6; ++k) {
    ck_assert_double_eq_tol(mean[k], expected[k], 1e-15);
  }
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

/* Never worse than the best answer alone, often better; and what is reported is what is returned.
 */
START_TEST(a_mean_is_taken_where_it_is_better) {
  static double alone[MANY][4], mean[MANY][4];
  static lat_report one[MANY], several[MANY];
  const fixture_plan plan = {.task = "inverse", .rows = 2};
  int32_t means = 0;
  fixture f;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 2);
  solve(one, alone, &f, MANY, 6, 1e-9, 0, 0);
  solve(several, mean, &f, MANY, 6, 1e-9, 0, 1);
  for (int32_t i = 0; i < MANY; ++i) {
    double input[4];
    fill(input, 4, i);
    const lat_matrix a = lati_matrix_view(input, 2, 2), x = lati_matrix_view(mean[i], 2, 2);
    lat_score score = {.struct_size = sizeof score};
    must(lat_task_score(&score, f.task, &a, NULL, &x, NULL));
    ck_assert_double_eq_tol(several[i].residual, score.residual, 1e-12 * score.residual);
    ck_assert_double_le(several[i].residual, one[i].residual);
    ck_assert_int_eq(one[i].averaged, 1);
    ck_assert_int_ge(several[i].averaged, 1);
    ck_assert_int_le(several[i].averaged, several[i].candidate + 1);
    ck_assert_int_eq(several[i].candidates, 6);
    means += several[i].averaged > 1;
  }
  ck_assert_int_gt(means, MANY / 4);
  fixture_close(&f);
}
END_TEST

/* What is refined is what was kept, and the report tells how good that was; LAPACK's answer is no
 * mean. */
START_TEST(what_is_kept_is_refined) {
  static double alone[MANY][4], refined[MANY][4];
  static lat_report decoded[MANY], reports[MANY];
  const fixture_plan plan = {.task = "inverse", .rows = 2};
  int32_t fallen_back = 0;
  fixture f;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 2);
  solve(decoded, alone, &f, MANY, 1, 1e-9, 0, 1);
  for (int32_t fallback = 0; fallback < 2; ++fallback) {
    lat_decode_options options;
    lat_decode_options_init(&options);
    options.candidates = 6;
    options.refine = 3;
    options.fallback = fallback;
    solve_as(reports, refined, &f, MANY, &options);
    for (int32_t i = 0; i < MANY; ++i) {
      ck_assert_double_le(reports[i].residual_before, decoded[i].residual);
      ck_assert_int_le(reports[i].refine_steps, 3);
      ck_assert_int_eq(reports[i].averaged == 0, reports[i].source == LAT_SOURCE_LAPACK);
      fallen_back += reports[i].source == LAT_SOURCE_LAPACK;
    }
  }
  ck_assert_int_gt(fallen_back, 0);
  fixture_close(&f);
}
END_TEST

START_TEST(nothing_decodable_takes_all_candidates) {
  static double answers[MANY][4];
  static lat_report reports[MANY];
  const fixture_plan plan = {.rows = 2};
  fixture f;
  fixture_open(&f, &plan);
  solve(reports, answers, &f, 3, 4, 0.05, 2, 0);
  for (int32_t i = 0; i < 3; ++i) {
    ck_assert_int_eq(reports[i].verdict, LAT_VERDICT_UNDECODABLE);
    ck_assert_int_eq(reports[i].candidates, 4);
    ck_assert_int_eq(reports[i].candidate, 0);
    ck_assert_double_eq(answers[i][3], 0);
  }
  fixture_close(&f);
}
END_TEST

/* A matrix that is seen in one way only is decoded once. */
START_TEST(without_variation_there_is_one_candidate) {
  const fixture_plan plan = {.rows = 2};
  fixture f;
  lat_decode_options options;
  lat_solver *solver = NULL;
  lat_report report;
  double data[4] = {1, 2, 3, 4}, answer[4];
  const lat_matrix a = lati_matrix_view(data, 2, 2);
  lat_matrix x = lati_matrix_view(answer, 2, 2);
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 2);
  lat_decode_options_init(&options);
  options.candidates = 5;
  for (int32_t sampled = 0; sampled < 2; ++sampled) {
    options.scaling = 0;
    options.method = sampled ? LAT_DECODE_SAMPLE : LAT_DECODE_GREEDY;
    must(lat_solver_create(&solver, f.model, &options));
    lat_report_init(&report);
    must(lat_solver_solve(&x, &report, solver, &a));
    ck_assert_int_eq(report.candidates, sampled ? 5 : 1);
    lat_solver_free(solver);
  }
  fixture_close(&f);
}
END_TEST

/* One search of four beams has four candidates, of which the likeliest alone would be the answer of
 * a solver without. */
START_TEST(beams_are_candidates) {
  const fixture_plan plan = {.task = "inverse", .rows = 2};
  fixture f;
  lat_decode_options options;
  int32_t better = 0;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 2);
  lat_decode_options_init(&options);
  options.method = LAT_DECODE_BEAM;
  options.beam_width = 4;
  options.scaling = 0;
  options.tolerance = 1e-9;
  for (int32_t seed = 0; seed < 12; ++seed) {
    lat_report reports[2];
    double data[4], answers[2][4];
    const lat_matrix a = lati_matrix_view(data, 2, 2);
    fill(data, 4, seed);
    for (int32_t many = 0; many < 2; ++many) {
      lat_solver *solver = NULL;
      lat_matrix x = lati_matrix_view(answers[many], 2, 2);
      options.candidates = many ? 3 : 1;
      lat_report_init(&reports[many]);
      must(lat_solver_create(&solver, f.model, &options));
      must(lat_solver_solve(&x, &reports[many], solver, &a));
      lat_solver_free(solver);
    }
    ck_assert_int_eq(reports[0].candidates, 1);
    ck_assert_int_ge(reports[1].candidates, 3);
    ck_assert_double_le(reports[1].residual, reports[0].residual);
    ck_assert_double_le(reports[1].log_probability, reports[0].log_probability);
    ck_assert_int_eq(reports[1].candidate == 0,
                     memcmp(answers[0], answers[1], sizeof *answers) == 0);
    better += reports[1].candidate > 0;
  }
  ck_assert_int_gt(better, 0);
  fixture_close(&f);
}
END_TEST

static lat_accuracy evaluate(const fixture *f, int32_t candidates, int32_t refine) {
  lat_evaluate_options options;
  lat_decode_options decode;
  lat_evaluation *evaluation = NULL;
  lat_evaluate_options_init(&options);
  lat_decode_options_init(&decode);
  options.count = 300;
  options.batch_size = 200; /* more than a search takes at once */
  options.decode = &decode;
  decode.candidates = candidates;
  decode.refine = refine;
  must(lat_evaluate(&evaluation, f->model, &options));
  const lat_accuracy all = *lat_evaluation_row(evaluation, 0);
  lat_evaluation_free(evaluation);
  return all;
}

START_TEST(evaluations_count_candidates_and_certificates) {
  const fixture_plan plan = {.task = "inverse", .rows = 1};
  fixture f;
  fixture_open(&f, &plan);
  fixture_prefer_size(&f, 1);
  const lat_accuracy one = evaluate(&f, 1, 0), many = evaluate(&f, 16, 20);
  ck_assert_int_eq(many.count, 300);
  ck_assert_double_eq(one.candidates, 1);
  ck_assert(isnan(one.certified));
  ck_assert_double_gt(many.candidates, 10);
  ck_assert_double_le(many.candidates, 16);
  ck_assert_double_ge(many.accuracy[0], one.accuracy[0]);
  ck_assert_double_ge(many.certified, 0);
  ck_assert_double_lt(many.certified, 100);
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {answers_come_back_from_every_candidate,
                                known_factors_are_taken,
                                equilibrated_candidates_come_back,
                                the_largest_matrices_have_all_candidates_and_numbers_one,
                                what_is_as_given_is_seen_as_it_is,
                                later_candidates_are_scaled_into_the_range_of_training,
                                the_best_stays_and_later_rounds_decode_what_is_not_right,
                                means_are_of_vectors_of_one_sign,
                                a_mean_is_taken_where_it_is_better,
                                what_is_kept_is_refined,
                                nothing_decodable_takes_all_candidates,
                                without_variation_there_is_one_candidate,
                                beams_are_candidates,
                                evaluations_count_candidates_and_certificates,
                                NULL};
  return run_suite("infer_candidates", tests);
}
