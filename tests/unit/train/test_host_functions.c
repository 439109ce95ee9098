/* In which floating-point state the host's own functions are called: those that are told something
 * or asked for memory in the host's, those that compute for the library in the default one. */
#include "small_run.h"
#include "suite.h"
#include "traps.h"

#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

enum { FLUSHES = 0x8040 }; /* MXCSR: flush-to-zero and denormals-are-zero */

/* The states a host may have. Trapping on inexact results catches the library computing in it. */
enum { ROUNDS_UPWARD, TRAPS, HOST_STATES };
static int host_kind;
static int traps; /* exceptions that trap; most processors of 64-bit Arm have none that can */
static atomic_int misplaced; /* calls in another state than expected */

static unsigned flushes(void) {
#ifdef __SSE2__
  return _mm_getcsr() & FLUSHES;
#else
  return FLUSHES;
#endif
}

static void set_host_state(int kind) {
  host_kind = kind;
  if (kind == TRAPS) {
    feclearexcept(FE_ALL_EXCEPT);
    traps = traps_set(FE_ALL_EXCEPT);
    return;
  }
  fesetround(FE_UPWARD);
#ifdef __SSE2__
  _mm_setcsr(_mm_getcsr() | FLUSHES);
#endif
}

static int is_host_state(void) {
  return host_kind == TRAPS ? traps_get() == traps
                            : fegetround() == FE_UPWARD && flushes() == FLUSHES;
}

static void expect_host(atomic_int *calls) {
  ++*calls;
  misplaced += !is_host_state();
}

static void expect_default(atomic_int *calls) {
  ++*calls;
  misplaced += fegetround() != FE_TONEAREST || traps_get() != 0;
#ifdef __SSE2__
  misplaced += flushes() != 0;
#endif
}

static atomic_int allocations, releases, lines, reports, evaluations, of_workers;
static pthread_t caller;

/* A worker has no state of the host's: there the default takes its place. */
static void expect_memorys(atomic_int *calls) {
  if (pthread_equal(pthread_self(), caller)) {
    expect_host(calls);
  } else {
    expect_default(&of_workers);
    ++*calls;
  }
}

static void *allocate(size_t size, size_t alignment, void *user) {
  (void)user;
  expect_memorys(&allocations);
  return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void release(void *memory, size_t size, size_t alignment, void *user) {
  (void)size, (void)alignment, (void)user;
  expect_memorys(&releases);
  free(memory);
}

static void take_line(int32_t level, const char *line, void *user) {
  (void)level, (void)line, (void)user;
  expect_host(&lines);
}

static int32_t take_report(const lat_progress *progress, void *user) {
  (void)progress, (void)user;
  expect_host(&reports);
  return 0;
}

static int32_t take_evaluated(int64_t done, int64_t count, void *user) {
  (void)done, (void)count, (void)user;
  expect_host(&evaluations);
  return 0;
}

static lat_context *new_context(int32_t threads) {
  lat_context *ctx = NULL;
  lat_context_options options;
  lat_context_options_init(&options);
  options.threads = threads;
  options.allocate = allocate;
  options.release = release;
  options.log = take_line;
  options.log_level = LAT_LOG_DEBUG;
  CHECK_OK(lat_context_create(&ctx, &options));
  return ctx;
}

static void train(lat_model *model, const char *directory) {
  lat_trainer *trainer = NULL;
  lat_trainer_options options;
  lat_trainer_options_init(&options);
  options.directory = directory;
  options.batch_size = 4;
  options.max_examples = 16;
  options.validate_every = 8;
  options.validate_count = 4;
  options.report_every = 1;
  options.progress = take_report;
  CHECK_OK(lat_trainer_create(&trainer, model, NULL, &options));
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
}

static void evaluate(lat_model *model, int32_t (*progress)(int64_t, int64_t, void *), void *user) {
  lat_evaluation *evaluation = NULL;
  lat_evaluate_options options;
  lat_evaluate_options_init(&options);
  options.count = 8;
  options.batch_size = 4;
  options.progress = progress;
  options.user = user;
  CHECK_OK(lat_evaluate(&evaluation, model, &options));
  lat_evaluation_free(evaluation);
}

static void solve(lat_model *model) {
  lat_solver *solver = NULL;
  double data[4] = {1, 2, 3, 4}, out[4];
  const lat_matrix a = {data, 2, 2, 2, LAT_ROW_MAJOR};
  lat_matrix x = {out, 2, 2, 2, LAT_ROW_MAJOR};
  CHECK_OK(lat_solver_create(&solver, model, NULL));
  CHECK_OK(lat_solver_solve(&x, NULL, solver, &a));
  lat_solver_free(solver);
}

/* One thread, so that every allocation is the calling thread's. */
START_TEST(those_that_are_told_something_see_the_hosts_state) {
  scratch_folder folder;
  small_run run;
  char path[256];
  lat_model_options small;
  lat_model *loaded = NULL;
  scratch_open(&folder);
  small_run_model_options(&small);
  set_host_state(_i);
  small_run_open_in(&run, new_context(1), &small);
  train(run.model, scratch_file(path, &folder, "run"));
  evaluate(run.model, take_evaluated, NULL);
  CHECK_OK(lat_model_save(run.model, scratch_file(path, &folder, "model")));
  CHECK_OK(lat_model_load(&loaded, run.ctx, path, NULL));
  solve(loaded);
  lat_model_free(loaded);
  small_run_close(&run);
  ck_assert(is_host_state());
  traps_set(0);
  ck_assert(allocations > 0 && releases > 0 && lines > 0 && reports > 0 && evaluations > 0);
  ck_assert_int_eq(allocations, releases);
  ck_assert_int_eq(misplaced, 0);
  fesetenv(FE_DFL_ENV);
  scratch_close(&folder);
}
END_TEST

/* Mixtures of spectra and of tasks sum up their weights. */
START_TEST(tasks_are_created_in_the_default_state) {
  lat_task *tasks[2] = {NULL, NULL}, *mixture = NULL;
  const double weights[2] = {0.1, 0.2};
  lat_task_options options;
  set_host_state(TRAPS);
  lat_context *ctx = new_context(1);
  lat_task_options_init(&options);
  options.name = "eigenvalues";
  options.distribution = "uniform:0.1,gaussian:0.2,laplace:0.3";
  CHECK_OK(lat_task_create(&tasks[0], ctx, &options));
  options.name = "inverse";
  CHECK_OK(lat_task_create(&tasks[1], ctx, &options));
  CHECK_OK(lat_task_create_mixture(&mixture, ctx, tasks, weights, 2));
  lat_task_free(mixture);
  lat_task_free(tasks[0]);
  lat_task_free(tasks[1]);
  lat_context_free(ctx);
  ck_assert(is_host_state());
  fesetenv(FE_DFL_ENV);
}
END_TEST

/* Each of them computes something that is not exact, which traps in the host's state. */
START_TEST(what_computes_on_the_way_does_so_in_the_default_state) {
  small_run run;
  lat_model_options small;
  lat_optimizer_options rule;
  lat_task_options sizes;
  lat_sampler_options shares;
  lat_task *ragged = NULL;
  lat_sampler *sampler = NULL;
  lat_gradients *gradients = NULL;
  lat_optimizer *optimizer = NULL;
  lat_model *copy = NULL;
  lat_linear *stack = NULL;
  double w = 1.0 / 3;
  const lat_matrix w0 = {&w, 1, 1, 1, LAT_ROW_MAJOR};
  small_run_model_options(&small);
  small.factored = 1;
  lat_optimizer_options_init(&rule);
  rule.ema_decay = 0.5;
  lat_sampler_options_init(&shares);
  shares.size_weights = "1:0.1,2:0.2";
  lat_task_options_init(&sizes);
  sizes.min_size = 1;
  sizes.max_size = 2;
  set_host_state(TRAPS);
  small_run_open_encoded(&run, new_context(1), &small, "fp15");
  CHECK_OK(lat_task_create(&ragged, run.ctx, &sizes));
  CHECK_OK(lat_sampler_create(&sampler, ragged, run.tokenizer, &shares));
  CHECK_OK(lat_gradients_create(&gradients, run.model));
  CHECK_OK(lat_gradients_set_target_spread(gradients, 0.5));
  CHECK_OK(lat_optimizer_create(&optimizer, run.model, &rule));
  CHECK_OK(lat_optimizer_swap_average(optimizer, run.model));
  CHECK_OK(lat_model_clone(&copy, run.model));
  CHECK_OK(lat_model_copy_parameters(copy, run.model, ""));
  CHECK_OK(lat_linear_create(&stack, run.ctx, 1, 1, 2));
  CHECK_OK(lat_linear_set_descent(stack, &w0, 0.1, 3));
  ck_assert(is_host_state());
  fesetenv(FE_DFL_ENV);
  lat_linear_free(stack);
  lat_model_free(copy);
  lat_optimizer_free(optimizer);
  lat_gradients_free(gradients);
  lat_sampler_free(sampler);
  lat_task_free(ragged);
  small_run_close(&run);
}
END_TEST

static int32_t change_state(int64_t done, int64_t count, void *user) {
  if (done < count) {
    fesetround(FE_DOWNWARD);
    feraiseexcept(FE_DIVBYZERO);
  } else {
    *(int *)user = fegetround();
  }
  return 0;
}

START_TEST(what_the_host_changes_stays_changed) {
  small_run run;
  int rounding = -1;
  small_run_open(&run, 1);
  feclearexcept(FE_ALL_EXCEPT);
  evaluate(run.model, change_state, &rounding);
  ck_assert_int_eq(rounding, FE_DOWNWARD);
  ck_assert_int_eq(fegetround(), FE_DOWNWARD);
  ck_assert_int_eq(fetestexcept(FE_DIVBYZERO | FE_INEXACT), FE_DIVBYZERO);
  fesetenv(FE_DFL_ENV);
  small_run_close(&run);
}
END_TEST

static int32_t evaluate_again(int64_t done, int64_t count, void *user) {
  (void)done, (void)count;
  expect_host(&evaluations);
  evaluate((lat_model *)user, take_evaluated, NULL);
  misplaced += !is_host_state();
  return 0;
}

START_TEST(a_callback_may_compute_with_the_library) {
  small_run run;
  small_run_open(&run, 1);
  set_host_state(ROUNDS_UPWARD);
  evaluate(run.model, evaluate_again, run.model);
  ck_assert(is_host_state());
  fesetenv(FE_DFL_ENV);
  ck_assert_int_eq(evaluations, 2 + 2 * 2);
  ck_assert_int_eq(misplaced, 0);
  small_run_close(&run);
}
END_TEST

/* A custom task: A / 3, so that its numbers show how they were rounded. */

static atomic_int shapes, draws, answers, residuals;

static int32_t input_shape(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  (void)random, (void)user;
  expect_default(&shapes);
  *rows = *cols = 2;
  return 0;
}

static int32_t output_shape(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                            const int32_t *input_cols, void *user) {
  (void)user;
  expect_default(&shapes);
  *rows = *input_rows;
  *cols = *input_cols;
  return 0;
}

static int32_t draw(lat_matrix *input, lat_random *random, void *user) {
  (void)user;
  expect_default(&draws);
  for (int i = 0; i < 4; ++i) {
    input->data[i] = lat_random_normal(random) / 3;
  }
  return 0;
}

static int32_t answer(lat_matrix *output, const lat_matrix *input, void *user) {
  (void)user;
  expect_default(&answers);
  for (int i = 0; i < 4; ++i) {
    output->data[i] = input->data[i] / 3;
  }
  return 0;
}

static int32_t residual(double *out, const lat_matrix *input, const lat_matrix *target,
                        const lat_matrix *prediction, void *user) {
  (void)input, (void)user;
  expect_default(&residuals);
  *out = fabs(prediction->data[0] - target->data[0]);
  return 0;
}

static lat_task *new_custom(lat_context *ctx) {
  lat_task *task = NULL;
  lat_task_functions functions;
  lat_task_functions_init(&functions);
  functions.name = "thirds";
  functions.letter = 'Z';
  functions.thread_safe = 1;
  functions.input_shape = input_shape;
  functions.output_shape = output_shape;
  functions.draw = draw;
  functions.answer = answer;
  functions.residual = residual;
  CHECK_OK(lat_task_create_custom(&task, ctx, &functions, NULL));
  return task;
}

/* Sum of all coefficients of 300 examples, which several blocks and threads draw. */
static double drawn_sum(lat_context *ctx, lat_task *task) {
  double sum = 0;
  lat_tokenizer *tokenizer = NULL;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  CHECK_OK(lat_tokenizer_create(&tokenizer, ctx, NULL));
  CHECK_OK(lat_sampler_create(&sampler, task, tokenizer, NULL));
  CHECK_OK(lat_batch_create(&batch, tokenizer));
  CHECK_OK(lat_sampler_next(batch, sampler, 300));
  fenv_t host;
  fegetenv(&host);
  fesetenv(FE_DFL_ENV);
  for (int64_t i = 0; i < 600; ++i) {
    lat_matrix a;
    CHECK_OK(lat_batch_matrix(&a, batch, (int32_t)(i % 2), i / 2));
    sum += a.data[0] + a.data[1] + a.data[2] + a.data[3];
  }
  fesetenv(&host);
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  lat_tokenizer_free(tokenizer);
  return sum;
}

static void answer_and_score(const lat_task *task) {
  int32_t rows = 0, cols = 0;
  double data[4] = {1, 2, 3, 4}, out[4];
  const lat_matrix a = {data, 2, 2, 2, LAT_ROW_MAJOR};
  lat_matrix x = {out, 2, 2, 2, LAT_ROW_MAJOR};
  lat_score score;
  lat_score_init(&score);
  CHECK_OK(lat_task_output_shape(&rows, &cols, task, 2, 2));
  CHECK_OK(lat_task_answer(&x, task, &a));
  CHECK_OK(lat_task_score(&score, task, &a, NULL, &x, NULL));
}

START_TEST(those_that_compute_see_the_default_state) {
  double sums[2];
  for (int i = 0; i < 2; ++i) {
    set_host_state(ROUNDS_UPWARD);
    lat_context *ctx = new_context(i == 0 ? 1 : 3);
    lat_task *task = new_custom(ctx);
    sums[i] = drawn_sum(ctx, task);
    answer_and_score(task);
    lat_task_free(task);
    lat_context_free(ctx);
    ck_assert(is_host_state());
    fesetenv(FE_DFL_ENV);
  }
  ck_assert(shapes > 0 && draws >= 600 && answers > 0 && residuals > 0);
  ck_assert(sums[0] == sums[1]);
}
END_TEST

/* Allocations of workers are in the workers' state, which is the default one. */
START_TEST(custom_functions_are_never_misplaced) {
  set_host_state(_i);
  lat_context *ctx = new_context(1);
  lat_task *task = new_custom(ctx);
  drawn_sum(ctx, task);
  answer_and_score(task);
  lat_task_free(task);
  lat_context_free(ctx);
  fesetenv(FE_DFL_ENV);
  ck_assert_int_eq(misplaced, 0);
}
END_TEST

/* Each thread takes parts of a batch through the model in memory of its own. */
START_TEST(workers_ask_for_memory_in_the_default_state) {
  enum { MANY = 2048 };
  small_run run;
  lat_model_options small;
  lat_gradients *gradients = NULL;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  small_run_model_options(&small);
  set_host_state(ROUNDS_UPWARD);
  small_run_open_in(&run, new_context(2), &small);
  CHECK_OK(lat_sampler_create(&sampler, run.task, run.tokenizer, NULL));
  CHECK_OK(lat_batch_create(&batch, run.tokenizer));
  CHECK_OK(lat_gradients_create(&gradients, run.model));
  for (int64_t count = 1024; count <= MANY; count *= 2) {
    CHECK_OK(lat_sampler_next(batch, sampler, count));
    CHECK_OK(lat_gradients_accumulate(gradients, &sum, run.model, batch));
  }
  lat_gradients_free(gradients);
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  small_run_close(&run);
  ck_assert(is_host_state());
  fesetenv(FE_DFL_ENV);
  ck_assert_int_gt(of_workers, 0);
  ck_assert_int_eq(misplaced, 0);
}
END_TEST

static void reset_counts(void) {
  caller = pthread_self();
  of_workers = 0;
  misplaced = allocations = releases = lines = reports = evaluations = 0;
  shapes = draws = answers = residuals = 0;
}

int main(void) {
  TCase *tests = tcase_create("host_functions");
  tcase_add_checked_fixture(tests, reset_counts, NULL);
  tcase_add_loop_test(tests, those_that_are_told_something_see_the_hosts_state, 0, HOST_STATES);
  tcase_add_test(tests, tasks_are_created_in_the_default_state);
  tcase_add_test(tests, what_computes_on_the_way_does_so_in_the_default_state);
  tcase_add_test(tests, what_the_host_changes_stays_changed);
  tcase_add_test(tests, a_callback_may_compute_with_the_library);
  tcase_add_test(tests, workers_ask_for_memory_in_the_default_state);
  tcase_add_test(tests, those_that_compute_see_the_default_state);
  tcase_add_loop_test(tests, custom_functions_are_never_misplaced, 0, HOST_STATES);
  return run_case("host_functions", tests);
}
