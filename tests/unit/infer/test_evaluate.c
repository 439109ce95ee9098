/* The score of one prediction, the ceiling, and the table of an evaluation. */
#include "infer/evaluated_task.h"
#include "infer/evaluation.h"
#include "infer_fixture.h"
#include "task/registry.h"
#include "transformer/transformer.h"

#include <math.h>
#include <string.h>

enum { ROOM = 64 };

/* A scorer for 2 x 2 problems, and sequences to score. */
typedef struct trial {
  fixture f;
  lati_scorer scorer;
  int32_t input[ROOM], target[ROOM], predicted[ROOM];
  size_t input_count, target_count, predicted_count;
  const double *factors; /* NULL from the start */
} trial;

static void write_tokens(int32_t *tokens, size_t *count, const trial *t, int32_t side,
                         int32_t letter, const double *values, int32_t rows, int32_t cols) {
  double data[16];
  memcpy(data, values, (size_t)(rows * cols) * sizeof *data);
  lat_matrix matrix = {data, rows, cols, cols, LAT_ROW_MAJOR};
  must(lat_tokenizer_encode(tokens, ROOM, count, t->f.tokenizer, side, letter, &matrix));
}

static void open_trial(trial *t, const char *task, int32_t letter, int accept_trailing,
                       const double *input, const double *target, const double *predicted) {
  const fixture_plan plan = {.task = task, .rows = 2};
  lat_score_options options;
  t->factors = NULL;
  fixture_open(&t->f, &plan);
  lat_score_options_init(&options);
  must(lati_scorer_init(&t->scorer, t->f.ctx, t->f.tokenizer, t->f.task, &options));
  t->scorer.accept_trailing = accept_trailing;
  write_tokens(t->input, &t->input_count, t, LAT_INPUT, letter, input, 2, 2);
  write_tokens(t->target, &t->target_count, t, LAT_OUTPUT, letter, target, 2, 2);
  write_tokens(t->predicted, &t->predicted_count, t, LAT_OUTPUT, letter, predicted, 2, 2);
}

static void close_trial(trial *t) {
  lati_scorer_clear(&t->scorer);
  fixture_close(&t->f);
}

static lati_asked asked_of(const trial *t) {
  return (lati_asked){.input = {t->input, t->input_count},
                      .target = {t->target, t->target_count},
                      .factors = t->factors};
}

static lati_prediction score(const trial *t) {
  lati_prediction out;
  const lati_asked asked = asked_of(t);
  const lati_guess guess = {{t->predicted, t->predicted_count}, NULL, 1};
  must(lati_score_prediction(&out, &t->scorer, t->f.task, &asked, &guess));
  return out;
}

static const double input[] = {1, 2, 3, 4}, target[] = {1, 3, 2, 4}, near[] = {1, 3, 2.2, 4};

START_TEST(near_answers_have_their_residual) {
  trial t;
  open_trial(&t, "transpose", 0, 0, input, target, near);
  lati_prediction one = score(&t);
  ck_assert_int_eq(one.exact, 0);
  ck_assert_int_eq(one.well_formed, 1);
  ck_assert_double_eq_tol(one.residual, 0.02, 1e-12);
  ck_assert_double_eq(one.within_1pct, 0.75);
  close_trial(&t);
}
END_TEST

/* Right because it is the target, though the target is no inverse of the rounded input. */
START_TEST(exact_tokens_are_right_whatever_the_residual) {
  trial t;
  open_trial(&t, "inverse", 0, 0, input, target, target);
  lati_prediction one = score(&t);
  ck_assert_int_eq(one.exact, 1);
  ck_assert_int_eq(one.well_formed, 1);
  ck_assert_double_eq(one.residual, 0);
  t.predicted[3] += 1; /* the first coefficient's mantissa */
  one = score(&t);
  ck_assert_int_eq(one.exact, 0);
  ck_assert_double_gt(one.residual, 0.05);
  close_trial(&t);
}
END_TEST

/* [L] V1 V2 and two numbers in front of the tokens of an answer. */
static void write_scratchpad(int32_t *tokens, size_t *count, const trial *t, int32_t letter,
                             double first) {
  const double steps[] = {first, 2};
  int32_t own[ROOM];
  size_t before = 0;
  write_tokens(own, &before, t, LAT_OUTPUT, letter, steps, 1, 2);
  memmove(tokens + before, tokens + (letter != 0), (*count - (letter != 0)) * sizeof *tokens);
  memcpy(tokens, own, before * sizeof *tokens);
  *count += before - (letter != 0);
}

/* Answers are judged without it: where it differs, and where there is none. */
static void check_scratchpad(int32_t letter) {
  trial t;
  open_trial(&t, "inverse", letter, 0, input, target, target);
  t.f.task->options.scratchpad = 1;
  write_scratchpad(t.target, &t.target_count, &t, letter, 1);
  lati_prediction one = score(&t);
  ck_assert_int_eq(one.exact, 1);
  write_scratchpad(t.predicted, &t.predicted_count, &t, letter, 3);
  one = score(&t);
  ck_assert_int_eq(one.exact, 1);
  ck_assert_int_eq(one.well_formed, 1);
  t.predicted[t.predicted_count - 2] += 1; /* the last coefficient's mantissa */
  one = score(&t);
  ck_assert_int_eq(one.exact, 0);
  ck_assert_int_eq(one.well_formed, 1);
  ck_assert_double_gt(one.residual, 0.05);
  t.predicted_count -= 1;
  one = score(&t);
  ck_assert_int_eq(one.well_formed, 0);
  if (letter != 0) {
    t.predicted_count += 1;
    t.predicted[0] += 1;
    one = score(&t);
    ck_assert_int_eq(one.well_formed, 0);
  }
  close_trial(&t);
}

START_TEST(a_scratchpad_is_passed_over) {
  check_scratchpad(0);
  check_scratchpad('I');
}
END_TEST

static void check_wrong(const lati_prediction *one) {
  ck_assert_int_eq(one->exact, 0);
  ck_assert_int_eq(one->well_formed, 0);
  ck_assert(isinf(one->residual));
  ck_assert_double_eq(one->within_1pct, 0);
}

START_TEST(what_is_no_matrix_of_the_shape_is_wrong) {
  trial t;
  open_trial(&t, "transpose", 0, 1, input, target, near);
  t.predicted_count -= 1; /* cut short */
  lati_prediction one = score(&t);
  check_wrong(&one);
  t.predicted_count = 0;
  one = score(&t);
  check_wrong(&one);
  t.predicted_count = t.target_count;
  t.predicted[4] = LAT_TOKEN_EOS;
  one = score(&t);
  check_wrong(&one);
  write_tokens(t.predicted, &t.predicted_count, &t, LAT_OUTPUT, 0, target, 1, 4);
  one = score(&t);
  check_wrong(&one);
  close_trial(&t);
}
END_TEST

START_TEST(trailing_tokens_are_wrong_unless_accepted) {
  for (int accept = 0; accept < 2; ++accept) {
    trial t;
    open_trial(&t, "transpose", 0, accept, input, target, target);
    t.predicted[t.predicted_count++] = LAT_TOKEN_DIMENSION;
    lati_prediction one = score(&t);
    ck_assert_int_eq(one.exact, 0);
    ck_assert_int_eq(one.well_formed, 0);
    ck_assert_int_eq(one.residual == 0, accept);
    close_trial(&t);
  }
}
END_TEST

/* The first coefficient without its exponent: + 1 instead of + 100 E-2. */
START_TEST(loose_numbers_are_wrong_unless_accepted) {
  for (int accept = 0; accept < 2; ++accept) {
    trial t;
    open_trial(&t, "transpose", 0, 0, input, target, near);
    t.scorer.accept_loose = accept;
    t.predicted[3] -= 99;
    --t.predicted_count;
    memmove(t.predicted + 4, t.predicted + 5, (t.predicted_count - 4) * sizeof *t.predicted);
    lati_prediction one = score(&t);
    ck_assert_int_eq(one.exact, 0);
    ck_assert_int_eq(one.well_formed, 0);
    ck_assert(accept ? fabs(one.residual - 0.02) < 1e-12 : isinf(one.residual));
    t.predicted[t.predicted_count++] = LAT_TOKEN_DIMENSION; /* and something behind it */
    one = score(&t);
    ck_assert(isinf(one.residual));
    t.scorer.accept_trailing = 1;
    one = score(&t);
    ck_assert_int_eq(one.well_formed, 0);
    ck_assert_int_eq(one.residual < 0.05, accept);
    close_trial(&t);
  }
}
END_TEST

START_TEST(a_wrong_letter_is_wrong) {
  trial t;
  open_trial(&t, "transpose", 'T', 0, input, target, near);
  lati_prediction one = score(&t);
  ck_assert_double_eq_tol(one.residual, 0.02, 1e-12);
  t.predicted[0] = LAT_TOKEN_LETTER;
  one = score(&t);
  check_wrong(&one);
  memmove(t.predicted, t.predicted + 1, --t.predicted_count * sizeof *t.predicted); /* none */
  one = score(&t);
  check_wrong(&one);
  close_trial(&t);
}
END_TEST

/* The rounded input is scored, not what it was rounded from. */
START_TEST(the_source_is_what_its_tokens_say) {
  const double fine[] = {1.2345, 0, 0, 1}, rounded[] = {1.23, 0, 0, 1}, other[] = {1.26, 0, 0, 1};
  trial t;
  open_trial(&t, "transpose", 0, 0, fine, other, rounded);
  ck_assert_double_eq(score(&t).residual, 0);
  close_trial(&t);
}
END_TEST

/* C = R A S with R = diag(1/2, 4) and S = diag(1, 1/2), so A = I: the answer P to C is S P R to A,
 * and S P R - I = (-0.1, 0.8; 0.05, 0) where C P - I = (-0.1, 0.1; 0.4, 0). */
START_TEST(equilibrated_inverses_are_scored_as_they_were) {
  const double c[] = {0.5, 0, 0, 2}, answer[] = {2, 0, 0, 0.5}, p[] = {1.8, 0.2, 0.2, 0.5};
  const double factors[] = {0.5, 4, 1, 0.5};
  trial t;
  open_trial(&t, "inverse", 0, 0, c, answer, p);
  ck_assert_double_eq_tol(score(&t).residual, (0.1 + 0.1 + 0.4) / 2, 1e-12);
  t.factors = factors;
  ck_assert_double_eq_tol(score(&t).residual, (0.1 + 0.8 + 0.05) / 2, 1e-12);
  close_trial(&t);
}
END_TEST

static lati_prediction ceiling(const trial *t) {
  lati_prediction out;
  const lati_asked asked = asked_of(t);
  must(lati_score_ceiling(&out, &t->scorer, t->f.task, &asked));
  return out;
}

START_TEST(ceilings_are_of_exact_answers_rounded) {
  const double third[] = {3, 0, 0, 1}, inverse[] = {1.0 / 3, 0, 0, 1}, rough[] = {0.4, 0, 0, 1};
  const double singular[] = {1, 2, 2, 4};
  trial t;
  open_trial(&t, "inverse", 0, 0, third, inverse, rough);
  ck_assert_int_eq(ceiling(&t).exact, 1);
  close_trial(&t);
  open_trial(&t, "inverse", 0, 0, third, rough, rough); /* a target that says something else */
  ck_assert_double_eq_tol(ceiling(&t).residual, 0.001 / 2, 1e-9);
  close_trial(&t);
  open_trial(&t, "inverse", 0, 0, singular, rough, rough);
  ck_assert(isinf(ceiling(&t).residual));
  close_trial(&t);
}
END_TEST

/* ---- another task than the model's own ---- */

static lat_task *make_task(lat_context *ctx, const char *name, int32_t rows) {
  lat_task *task = NULL;
  lat_task_options options;
  lat_task_options_init(&options);
  options.name = name;
  options.rows = rows;
  must(lat_task_create(&task, ctx, &options));
  return task;
}

static lat_task *make_mixture(lat_context *ctx, const char *first, const char *second) {
  lat_task *parts[2] = {make_task(ctx, first, 2), make_task(ctx, second, 2)}, *mixture = NULL;
  must(lat_task_create_mixture(&mixture, ctx, parts, NULL, 2));
  lat_task_free(parts[0]);
  lat_task_free(parts[1]);
  return mixture;
}

/* Evaluates on the task, which is released. */
static lat_status evaluate_on(const fixture *f, lat_task *task) {
  lat_evaluation *evaluation = NULL;
  lat_evaluate_options options;
  lat_evaluate_options_init(&options);
  options.count = 4;
  options.task = task;
  lat_status status = lat_evaluate(&evaluation, f->model, &options);
  ck_assert_int_eq(status == LAT_OK, evaluation != NULL);
  lat_evaluation_free(evaluation);
  lat_task_free(task);
  return status;
}

static void check_refused(const fixture *f, lat_task *task, const char *message) {
  ck_assert_int_eq(evaluate_on(f, task), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), message);
}

START_TEST(a_model_of_one_task_is_asked_no_other) {
  const fixture_plan plan = {.rows = 3};
  fixture f;
  fixture_open(&f, &plan);
  must(evaluate_on(&f, make_task(f.ctx, "transpose", 2)));
  check_refused(&f, make_task(f.ctx, "eigenvalues", 2),
                "evaluate options: task: the model's is transpose, not eigenvalues");
  check_refused(
      &f, make_mixture(f.ctx, "transpose", "add"),
      "evaluate options: task: the model's is transpose, not a mixture of transpose, add");
  fixture_close(&f);
}
END_TEST

START_TEST(a_mixture_is_asked_its_tasks) {
  lat_context *ctx = NULL;
  const fixture_plan plan = {0};
  fixture f;
  must(lat_context_create(&ctx, NULL));
  fixture_open_task(&f, ctx, make_mixture(ctx, "transpose", "add"), &plan);
  must(evaluate_on(&f, make_task(ctx, "add", 1)));
  must(evaluate_on(&f, make_mixture(ctx, "add", "transpose")));
  check_refused(&f, make_task(ctx, "svd", 2),
                "evaluate options: task: the model's is a mixture of transpose, add, not svd");
  check_refused(&f, make_mixture(ctx, "add", "svd"),
                "evaluate options: task: the model's is a mixture of transpose, add, not a mixture "
                "of add, svd");
  fixture_close(&f);
}
END_TEST

/* A mixture's model knows its tasks by their letters, which the examples have when one of them is
 * asked alone. */
START_TEST(one_task_of_a_mixture_has_its_letter) {
  lat_context *ctx = NULL;
  lat_task *asked = NULL;
  must(lat_context_create(&ctx, NULL));
  lat_task *mixture = make_mixture(ctx, "transpose", "add"), *add = make_task(ctx, "add", 2);
  must(lati_evaluated_task(&asked, mixture, add));
  ck_assert_int_eq(lat_task_letter(asked), 0);
  ck_assert_int_eq(lat_task_component_count(asked), 1);
  ck_assert_ptr_eq(lat_task_component(asked, 0), add);
  lat_task_free(asked);
  must(lati_evaluated_task(&asked, mixture, NULL));
  ck_assert_ptr_eq(asked, mixture);
  lat_task_free(asked);
  lat_task_free(add);
  lat_task_free(mixture);
  lat_context_free(ctx);
}
END_TEST

/* ---- the table ---- */

static lat_evaluation *evaluate(const fixture *f, const lat_evaluate_options *options) {
  lat_evaluation *evaluation = NULL;
  must(lat_evaluate(&evaluation, f->model, options));
  return evaluation;
}

static const lat_accuracy *find_row(const lat_evaluation *evaluation, const char *label) {
  for (int32_t i = 0; i < lat_evaluation_row_count(evaluation); ++i) {
    if (strcmp(lat_evaluation_row(evaluation, i)->label, label) == 0) {
      return lat_evaluation_row(evaluation, i);
    }
  }
  return NULL;
}

START_TEST(rows_are_for_all_and_for_what_is_mixed) {
  const fixture_plan fixed = {.rows = 2}, mixed = {.min_size = 1, .max_size = 3};
  fixture f;
  lat_evaluate_options options;
  lat_evaluate_options_init(&options);
  options.count = 50;
  options.batch_size = 16;
  fixture_open(&f, &fixed);
  lat_evaluation *evaluation = evaluate(&f, &options);
  ck_assert_int_eq(lat_evaluation_row_count(evaluation), 1);
  ck_assert_str_eq(lat_evaluation_row(evaluation, 0)->label, "all");
  ck_assert_int_eq(lat_evaluation_row(evaluation, 0)->count, 50);
  ck_assert(isnan(lat_evaluation_row(evaluation, 0)->ceiling[0]));
  ck_assert_ptr_null(lat_evaluation_row(evaluation, 1));
  ck_assert_ptr_null(lat_evaluation_row(evaluation, -1));
  lat_evaluation_free(evaluation);
  fixture_close(&f);

  fixture_open(&f, &mixed);
  options.ceiling = 1;
  evaluation = evaluate(&f, &options);
  ck_assert_int_eq(lat_evaluation_row_count(evaluation), 4);
  int64_t sum = 0;
  for (int32_t i = 1; i < 4; ++i) {
    char label[24];
    snprintf(label, sizeof label, "%dx%d", i, i);
    ck_assert_str_eq(lat_evaluation_row(evaluation, i)->label, label);
    sum += lat_evaluation_row(evaluation, i)->count;
  }
  ck_assert_int_eq(sum, 50);
  ck_assert_double_eq(lat_evaluation_row(evaluation, 0)->ceiling[3], 100);
  lat_evaluation_free(evaluation);
  fixture_close(&f);
}
END_TEST

/* Weights count as they are at their end. */
START_TEST(examples_follow_the_last_weights) {
  const fixture_plan mixed = {.min_size = 1, .max_size = 3};
  fixture f;
  lat_evaluation *evaluation = NULL;
  lat_evaluate_options options;
  lat_sampler_options weights;
  lat_evaluate_options_init(&options);
  lat_sampler_options_init(&weights);
  options.count = 30;
  weights.size_weights = "2@0;1,3@1000000";
  fixture_open(&f, &mixed);
  must(lati_evaluate(&evaluation, f.model, &options, &weights, NULL));
  ck_assert_int_eq(lat_evaluation_row_count(evaluation), 3);
  ck_assert_str_eq(lat_evaluation_row(evaluation, 1)->label, "1x1");
  ck_assert_str_eq(lat_evaluation_row(evaluation, 2)->label, "3x3");
  lat_evaluation_free(evaluation);
  fixture_close(&f);
}
END_TEST

START_TEST(rows_tell_tasks_and_spectra_apart) {
  lat_context *ctx = NULL;
  lat_task *parts[2] = {NULL, NULL}, *mixture = NULL;
  lat_task_options task;
  const fixture_plan plan = {0};
  lat_evaluate_options options;
  must(lat_context_create(&ctx, NULL));
  lat_task_options_init(&task);
  task.rows = 2;
  task.name = "eigenvalues";
  task.distribution = "semicircle,laplace";
  must(lat_task_create(&parts[0], ctx, &task));
  lat_task_options_init(&task);
  task.rows = 2;
  must(lat_task_create(&parts[1], ctx, &task));
  must(lat_task_create_mixture(&mixture, ctx, parts, NULL, 2));
  fixture f;
  fixture_open_task(&f, ctx, mixture, &plan);
  lat_evaluate_options_init(&options);
  options.count = 60;
  lat_evaluation *evaluation = evaluate(&f, &options);
  ck_assert_int_eq(lat_evaluation_row_count(evaluation), 5);
  const lat_accuracy *eigen = find_row(evaluation, "eigenvalues");
  const lat_accuracy *transpose = find_row(evaluation, "transpose");
  const lat_accuracy *semicircle = find_row(evaluation, "semicircle");
  const lat_accuracy *laplace = find_row(evaluation, "laplace");
  ck_assert(eigen != NULL && transpose != NULL && semicircle != NULL && laplace != NULL);
  ck_assert_int_eq(eigen->count + transpose->count, 60);
  ck_assert_int_eq(semicircle->count + laplace->count, eigen->count);
  lat_evaluation_free(evaluation);
  lat_task_free(parts[0]);
  lat_task_free(parts[1]);
  fixture_close(&f);
}
END_TEST

static double residual_of(const lat_observation *seen, const lat_matrix *answer) {
  lat_score score = {.struct_size = sizeof score};
  must(lati_task_score(&score, seen->task, seen->input, seen->target, answer, NULL));
  return score.residual;
}

/* Inverses that were shown, and those of them whose target is near the input's inverse. */
typedef struct shown_inverses {
  int32_t all, near;
} shown_inverses;

/* What an observation shows of an inverse is in the scale that it was scored in. */
static int32_t check_scale(const lat_observation *seen, void *user) {
  shown_inverses *shown = user;
  lat_task_options options;
  lat_task_options_init(&options);
  must(lat_task_get_options(&options, seen->task));
  if (strcmp(options.name, "inverse") == 0) {
    const double residual = residual_of(seen, seen->prediction);
    double largest = 0;
    for (int32_t i = 0; i < seen->input->rows; ++i) {
      largest = fmax(largest, fabs(lati_matrix_get(seen->input, i, 0)));
    }
    ck_assert_double_gt(largest, 1); /* coefficients go to 10, of equilibrated matrices to 1 */
    ck_assert_double_eq_tol(seen->residual, residual, 1e-9 * residual);
    shown->near += residual_of(seen, seen->target) < 0.5;
    ++shown->all;
  }
  return 0;
}

START_TEST(equilibrated_examples_are_shown_in_the_scale_of_their_score) {
  static const double noise[] = {0, 0.1};
  for (int32_t k = 0; k < 8; ++k) {
    const fixture_plan plan = {0};
    fixture f;
    shown_inverses shown = {0};
    lat_context *ctx = NULL;
    lat_task *parts[2] = {NULL}, *mixture = NULL;
    lat_task_options task;
    lat_decode_options decode;
    lat_evaluate_options options;
    must(lat_context_create(&ctx, NULL));
    lat_task_options_init(&task);
    task.rows = 2;
    must(lat_task_create(&parts[0], ctx, &task));
    task.name = "inverse";
    task.canonical = task.equilibrate = 1;
    task.noise = noise[k & 1];
    must(lat_task_create(&parts[1], ctx, &task));
    must(lat_task_create_mixture(&mixture, ctx, parts, NULL, 2));
    fixture_open_task(&f, ctx, mixture, &plan);
    fixture_prefer(&f, LAT_TOKEN_LETTER + 'I' - 'A');
    fixture_prefer_size(&f, 2);
    lat_decode_options_init(&decode);
    decode.grammar = 1;
    decode.candidates = k & 2 ? 4 : 1;
    lat_evaluate_options_init(&options);
    options.count = 20;
    options.decode = &decode;
    options.observe = check_scale;
    options.user = &shown;
    options.task = k & 4 ? parts[1] : NULL;
    lat_evaluation_free(evaluate(&f, &options));
    ck_assert_int_gt(shown.all, k & 4 ? 19 : 2);
    ck_assert_int_gt(2 * shown.near, shown.all);
    lat_task_free(parts[0]);
    lat_task_free(parts[1]);
    fixture_close(&f);
  }
}
END_TEST

/* Each vector's first component that is not small is positive. */
static int32_t check_signs(const lat_observation *seen, void *user) {
  double vectors[6];
  if (seen->prediction != NULL) {
    const lat_matrix *x = seen->prediction;
    memcpy(vectors, x->data, sizeof vectors);
    const lat_matrix oriented = lati_matrix_view(vectors, x->rows, x->cols);
    lati_task_orient(&oriented, seen->task);
    ck_assert_mem_eq(vectors, x->data, sizeof vectors);
    ++*(int32_t *)user;
  }
  return 0;
}

/* Shows 40 eigenproblems of a fixture, each of four candidates. */
static void show_candidates(const fixture *f,
                            int32_t (*observe)(const lat_observation *seen, void *user),
                            void *user) {
  lat_decode_options decode;
  lat_evaluate_options options;
  lat_decode_options_init(&decode);
  decode.method = LAT_DECODE_SAMPLE;
  decode.candidates = 4;
  lat_evaluate_options_init(&options);
  options.count = 40;
  options.decode = &decode;
  options.observe = observe;
  options.user = user;
  lat_evaluation_free(evaluate(f, &options));
}

/* Answers are 3 x 2, or of values alone 2 x 1. */
static void open_eigenproblems(fixture *f, const char *task) {
  const fixture_plan plan = {.task = task, .rows = 2, .canonical = 1};
  fixture_open(f, &plan);
  fixture_prefer_size(f, 2);
  fixture_prefer_size(f, strcmp(task, "eigenvalues") == 0 ? 1 : 3);
}

START_TEST(candidates_have_vectors_of_the_documented_signs) {
  fixture f;
  int32_t predictions = 0;
  open_eigenproblems(&f, "eigenvectors");
  show_candidates(&f, check_signs, &predictions);
  ck_assert_int_gt(predictions, 0);
  fixture_close(&f);
}
END_TEST

/* Answers that are shown, and those of them, and of their targets, that tokens do not say exactly.
 */
typedef struct shown_means {
  const lat_tokenizer *tokenizer;
  int32_t all, unrounded, unrounded_targets;
} shown_means;

/* The tokens of a matrix; whether they say other numbers. */
static int loses_digits(int32_t tokens[ROOM], size_t *count, const lat_tokenizer *tokenizer,
                        const lat_matrix *matrix) {
  double rounded[6];
  size_t used = 0;
  int32_t letter = 0;
  lat_matrix read = lati_matrix_view(rounded, 0, 0);
  must(lat_tokenizer_encode(tokens, ROOM, count, tokenizer, LAT_OUTPUT, 0, matrix));
  must(lat_tokenizer_decode(&read, 6, &letter, &used, tokenizer, LAT_OUTPUT, tokens, *count));
  return memcmp(rounded, matrix->data, lati_matrix_count(matrix) * sizeof *rounded) != 0;
}

/* What is scored and shown is the answer in double precision, and its tokens are the nearest. */
static int32_t check_precision(const lat_observation *seen, void *user) {
  shown_means *shown = user;
  int32_t tokens[ROOM];
  size_t count = 0;
  if (seen->prediction == NULL) {
    return 0;
  }
  ++shown->all;
  shown->unrounded_targets += loses_digits(tokens, &count, shown->tokenizer, seen->target);
  shown->unrounded += loses_digits(tokens, &count, shown->tokenizer, seen->prediction);
  ck_assert_uint_eq(count, seen->token_count);
  ck_assert_mem_eq(tokens, seen->tokens, count * sizeof *tokens);
  const double residual = residual_of(seen, seen->prediction);
  ck_assert_double_eq_tol(seen->residual, residual, 1e-12 * residual);
  return 0;
}

START_TEST(means_are_scored_as_a_solver_returns_them) {
  static const char *const tasks[] = {"eigenvectors", "eigenvalues"}; /* these with a target */
  for (int i = 0; i < 2; ++i) {
    fixture f;
    open_eigenproblems(&f, tasks[i]);
    shown_means shown = {.tokenizer = f.tokenizer};
    show_candidates(&f, check_precision, &shown);
    ck_assert_int_gt(shown.unrounded, 0);
    ck_assert_int_gt(shown.unrounded_targets, shown.all / 2);
    fixture_close(&f);
  }
}
END_TEST

/* Matrices of a source may be larger than the model's task: memory is that of theirs. */
START_TEST(examples_of_a_source_may_be_larger_than_the_task) {
  lat_model_options model;
  fixture f, larger;
  fixture_model_options(&model);
  model.max_positions = 400;
  const fixture_plan plan = {.task = "inverse", .rows = 2, .model = &model};
  const fixture_plan larger_plan = {.task = "inverse", .rows = 9};
  fixture_open(&f, &plan);
  fixture_open(&larger, &larger_plan);
  fixture_prefer_size(&f, 9);
  lat_batch *source = fixture_batch(&larger, 0, 3);
  for (int32_t candidates = 1; candidates <= 4; candidates += 3) {
    lat_decode_options decode;
    lat_evaluate_options options;
    lat_decode_options_init(&decode);
    decode.refine = 5;
    decode.candidates = candidates;
    lat_evaluate_options_init(&options);
    options.source = source;
    options.decode = &decode;
    lat_evaluation *evaluation = evaluate(&f, &options);
    const lat_accuracy *all = find_row(evaluation, "all");
    ck_assert_int_eq(all->count, 3);
    ck_assert_double_eq(all->well_formed, 100);
    ck_assert_double_eq(all->candidates, candidates);
    lat_evaluation_free(evaluation);
  }
  lat_batch_free(source);
  fixture_close(&larger);
  fixture_close(&f);
}
END_TEST

START_TEST(groups_of_one_are_dropped_and_the_rest_put_in_order) {
  lat_context *ctx = NULL;
  must(lat_context_create(&ctx, NULL));
  lat_evaluation evaluation = {.ctx = ctx};
  lati_evaluation_set_tolerances(&evaluation, (const double[LAT_TOLERANCES]){0});
  const lati_prediction right = {.exact = 1, .well_formed = 1, .within_1pct = 1};
  const lati_prediction near_right = {.well_formed = 1, .residual = 0.02, .within_1pct = 0.5};
  const lati_prediction wrong = {.residual = INFINITY};
  must(lati_evaluation_add(&evaluation, LATI_GROUP_SIZE, 20, "10x10", &wrong, &right));
  must(lati_evaluation_add(&evaluation, LATI_GROUP_SIZE, 3, "2x2", &right, &right));
  must(lati_evaluation_add(&evaluation, LATI_GROUP_SIZE, 3, "2x2", &near_right, &wrong));
  must(lati_evaluation_add(&evaluation, LATI_GROUP_TASK, 0, "inverse", &right, &right));
  must(lati_evaluation_add(&evaluation, LATI_GROUP_ALL, 0, "all", &near_right, NULL));
  lati_evaluation_finish(&evaluation, 0);
  ck_assert_int_eq(lat_evaluation_row_count(&evaluation), 3);
  ck_assert_str_eq(lat_evaluation_row(&evaluation, 0)->label, "all");
  const lat_accuracy *row = lat_evaluation_row(&evaluation, 1);
  ck_assert_str_eq(row->label, "2x2");
  ck_assert_int_eq(row->count, 2);
  ck_assert_double_eq(row->accuracy[0], 100);
  ck_assert_double_eq(row->accuracy[1], 50); /* 0.02 is not below 2 % */
  ck_assert_double_eq(row->accuracy[3], 50);
  ck_assert_double_eq(row->exact, 50);
  ck_assert_double_eq(row->well_formed, 100);
  ck_assert_double_eq(row->within_1pct, 75);
  ck_assert_double_eq(row->ceiling[0], 50);
  ck_assert_str_eq(lat_evaluation_row(&evaluation, 2)->label, "10x10");
  lati_free(evaluation.rows);
  lat_context_free(ctx);
}
END_TEST

START_TEST(batches_and_threads_change_nothing) {
  lat_accuracy first = {0};
  for (int32_t threads = 1; threads <= 2; ++threads) {
    const fixture_plan plan = {
        .task = "eigenvalues", .rows = 2, .output = "p10", .threads = threads};
    fixture f;
    lat_decode_options decode;
    lat_evaluate_options options;
    lat_decode_options_init(&decode);
    decode.method = LAT_DECODE_SAMPLE;
    lat_evaluate_options_init(&options);
    options.count = 40;
    options.batch_size = threads == 1 ? 40 : 7;
    options.decode = &decode;
    fixture_open(&f, &plan);
    lat_evaluation *evaluation = evaluate(&f, &options);
    const lat_accuracy *row = lat_evaluation_row(evaluation, 0);
    if (threads == 1) {
      first = *row;
      ck_assert_double_eq(row->well_formed, first.well_formed);
    }
    ck_assert_mem_eq(first.accuracy, row->accuracy, sizeof first.accuracy);
    ck_assert_double_eq(first.well_formed, row->well_formed);
    ck_assert_double_eq(first.within_1pct, row->within_1pct);
    lat_evaluation_free(evaluation);
    fixture_close(&f);
  }
}
END_TEST

static int32_t stop_at_twenty(int64_t done, int64_t count, void *user) {
  ++*(int *)user;
  ck_assert_int_eq(count, 50);
  return done >= 20;
}

START_TEST(progress_can_cancel) {
  const fixture_plan plan = {.rows = 2};
  fixture f;
  int calls = 0;
  lat_evaluation *evaluation = (lat_evaluation *)(uintptr_t)&f;
  lat_evaluate_options options;
  lat_evaluate_options_init(&options);
  options.count = 50;
  options.batch_size = 10;
  options.progress = stop_at_twenty;
  options.user = &calls;
  fixture_open(&f, &plan);
  ck_assert_int_eq(lat_evaluate(&evaluation, f.model, &options), LAT_ERROR_CANCELLED);
  ck_assert_str_eq(lat_last_error(), "evaluation cancelled after 20 of 50 examples");
  ck_assert_ptr_null(evaluation);
  ck_assert_int_eq(calls, 2);
  fixture_close(&f);
}
END_TEST

START_TEST(a_raw_task_does_not_evaluate_a_canonical_model) {
  const fixture_plan plan = {.task = "eigenvalues", .canonical = 1};
  fixture f;
  fixture_open(&f, &plan);
  lat_task *raw = NULL;
  lat_task_options task;
  lat_evaluate_options options;
  lat_evaluation *evaluation = NULL;
  lat_task_options_init(&task);
  task.name = "eigenvalues";
  task.rows = 3;
  must(lat_task_create(&raw, f.ctx, &task));
  lat_evaluate_options_init(&options);
  options.count = 10;
  options.task = raw;
  ck_assert_int_eq(lat_evaluate(&evaluation, f.model, &options), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "is canonical"));
  options.task = NULL;
  must(lat_evaluate(&evaluation, f.model, &options));
  lat_evaluation_free(evaluation);
  lat_task_free(raw);
  fixture_close(&f);
}
END_TEST

START_TEST(bad_calls_are_refused) {
  const fixture_plan plan = {.rows = 2};
  fixture f;
  lat_evaluation *evaluation;
  lat_decode_options decode;
  lat_evaluate_options options;
  fixture_open(&f, &plan);
  lat_evaluate_options_init(&options);
  ck_assert_int_eq(lat_evaluate(NULL, f.model, &options), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_evaluate(&evaluation, NULL, &options), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "model is NULL");
  options.count = 0;
  ck_assert_int_eq(lat_evaluate(&evaluation, f.model, &options), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "count 0 is outside"));
  lat_evaluate_options_init(&options);
  lat_decode_options_init(&decode);
  decode.beam_width = 0;
  options.decode = &decode;
  ck_assert_int_eq(lat_evaluate(&evaluation, f.model, &options), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_null(evaluation);
  lat_evaluation_free(NULL);
  ck_assert_int_eq(lat_evaluation_row_count(NULL), 0);
  ck_assert_ptr_null(lat_evaluation_row(NULL, 0));
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {near_answers_have_their_residual,
                                exact_tokens_are_right_whatever_the_residual,
                                what_is_no_matrix_of_the_shape_is_wrong,
                                a_scratchpad_is_passed_over,
                                trailing_tokens_are_wrong_unless_accepted,
                                loose_numbers_are_wrong_unless_accepted,
                                a_wrong_letter_is_wrong,
                                the_source_is_what_its_tokens_say,
                                equilibrated_inverses_are_scored_as_they_were,
                                ceilings_are_of_exact_answers_rounded,
                                a_model_of_one_task_is_asked_no_other,
                                a_mixture_is_asked_its_tasks,
                                one_task_of_a_mixture_has_its_letter,
                                rows_are_for_all_and_for_what_is_mixed,
                                examples_follow_the_last_weights,
                                rows_tell_tasks_and_spectra_apart,
                                equilibrated_examples_are_shown_in_the_scale_of_their_score,
                                candidates_have_vectors_of_the_documented_signs,
                                means_are_scored_as_a_solver_returns_them,
                                examples_of_a_source_may_be_larger_than_the_task,
                                groups_of_one_are_dropped_and_the_rest_put_in_order,
                                batches_and_threads_change_nothing,
                                progress_can_cancel,
                                a_raw_task_does_not_evaluate_a_canonical_model,
                                bad_calls_are_refused,
                                NULL};
  return run_suite("evaluate", tests);
}
