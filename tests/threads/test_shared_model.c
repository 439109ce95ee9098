/* Eight threads solve on one frozen model while a second model trains in the same process: every
 * answer, and every weight, is the one found alone. */
#include "infer/infer_fixture.h"
#include "thread_check.h"
#include "train/small_run.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 8, N = 3, MATRICES = 4, MAX_TOKENS = 64 };

/* What is asked of one thread, from the examples that are its own, and what it found. */
typedef struct answers {
  lat_model *model;
  int64_t first;
  double x[MATRICES][N * N], residual[MATRICES], log_probability[MATRICES];
  int32_t tokens[MATRICES * MAX_TOKENS];
  int64_t token_count;
} answers;

static void solve(answers *found, lat_batch *batch) {
  lat_solver *solver = NULL;
  lat_matrix a[MATRICES], x[MATRICES];
  lat_report reports[MATRICES];
  THREAD_OK(lat_solver_create(&solver, found->model, NULL));
  for (int i = 0; i < MATRICES; ++i) {
    THREAD_OK(lat_batch_matrix(&a[i], batch, LAT_INPUT, i));
    x[i] = (lat_matrix){found->x[i], N, N, N, LAT_ROW_MAJOR};
    lat_report_init(&reports[i]);
  }
  THREAD_OK(lat_solver_solve(&x[0], &reports[0], solver, &a[0]));
  THREAD_OK(lat_solver_solve_many(x, reports, solver, a, MATRICES));
  for (int i = 0; i < MATRICES; ++i) {
    found->residual[i] = reports[i].residual;
    found->log_probability[i] = reports[i].log_probability;
  }
  lat_solver_free(solver);
}

static void decode(answers *found, lat_batch *batch) {
  lat_session *session = NULL;
  lat_sequences out;
  THREAD_OK(lat_session_create(&session, found->model, NULL));
  THREAD_OK(lat_session_decode(&out, session, batch));
  found->token_count = out.offsets[out.count];
  THREAD_CHECK(found->token_count <= MATRICES * MAX_TOKENS);
  memcpy(found->tokens, out.tokens, (size_t)found->token_count * sizeof *out.tokens);
  lat_session_free(session);
}

/* Draws, solves and decodes, and fails once in a way of its own. */
static void answer(answers *found) {
  lat_batch *batch = NULL;
  lat_sampler *sampler = NULL;
  char message[32];
  THREAD_OK(lat_batch_create(&batch, lat_model_tokenizer(found->model)));
  THREAD_OK(lat_sampler_create(&sampler, lat_model_task(found->model),
                               lat_model_tokenizer(found->model), NULL));
  lat_sampler_seek(sampler, (uint64_t)found->first);
  THREAD_OK(lat_sampler_next(batch, sampler, MATRICES));
  lat_tensor tensor;
  lat_tensor_init(&tensor);
  const int32_t none = 1000 + (int32_t)found->first;
  THREAD_CHECK(lat_model_tensor(&tensor, found->model, none) == LAT_ERROR_ARGUMENT);
  solve(found, batch);
  decode(found, batch);
  snprintf(message, sizeof message, "%d", (int)none);
  THREAD_CHECK(strstr(lat_last_error(), message) != NULL);
  lat_sampler_free(sampler);
  lat_batch_free(batch);
}

static int are_same(const answers *left, const answers *right) {
  return memcmp(left->x, right->x, sizeof left->x) == 0 &&
         memcmp(left->residual, right->residual, sizeof left->residual) == 0 &&
         memcmp(left->log_probability, right->log_probability, sizeof left->log_probability) == 0 &&
         left->token_count == right->token_count &&
         memcmp(left->tokens, right->tokens, sizeof left->tokens) == 0;
}

typedef struct solving_thread {
  pthread_t thread;
  atomic_int *training;
  answers alone, found;
  int rounds;
} solving_thread;

/* At least twice, and as long as the other model trains. */
static void *keep_solving(void *argument) {
  solving_thread *self = argument;
  while (atomic_load(self->training) || self->rounds < 2) {
    self->found = (answers){.model = self->alone.model, .first = self->alone.first};
    answer(&self->found);
    THREAD_CHECK(are_same(&self->found, &self->alone));
    ++self->rounds;
  }
  return NULL;
}

static void train(small_run *run) {
  lat_trainer *trainer = NULL;
  lat_optimizer_options optimizer;
  lat_trainer_options options;
  small_run_optimizer_options(&optimizer, "adamw");
  small_run_trainer_options(&options, NULL);
  options.max_examples = 180;
  CHECK_OK(lat_trainer_create(&trainer, run->model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
}

static void expect_same_weights(const small_run *left, const small_run *right) {
  ck_assert_mem_eq(lat_model_parameters(left->model), lat_model_parameters(right->model),
                   lat_model_parameter_count(left->model) * sizeof(float));
}

static void open_frozen(fixture *f) {
  fixture_open(f, &(fixture_plan){.rows = N, .threads = 2});
  fixture_prefer_size(f, N);
  CHECK_OK(lat_model_freeze(f->model));
}

/* The second model in the first one's context, sharing its team of threads, or in its own. */
START_TEST(solving_while_another_model_trains) {
  const int same_context = _i;
  static solving_thread threads[THREADS];
  atomic_int training = 1;
  fixture f;
  small_run pattern, run;
  lat_model_options options;
  small_run_model_options(&options);
  open_frozen(&f);
  small_run_open(&pattern, 2);
  train(&pattern);
  if (same_context) {
    small_run_open_in(&run, f.ctx, &options);
  } else {
    small_run_open(&run, 2);
  }
  for (int i = 0; i < THREADS; ++i) {
    threads[i] = (solving_thread){.training = &training,
                                  .alone = {.model = f.model, .first = (int64_t)i * MATRICES}};
    answer(&threads[i].alone);
  }
  ck_assert_mem_ne(threads[0].alone.x, threads[1].alone.x, sizeof threads[0].alone.x);

  for (int i = 0; i < THREADS; ++i) {
    ck_assert_int_eq(pthread_create(&threads[i].thread, NULL, keep_solving, &threads[i]), 0);
  }
  train(&run);
  atomic_store(&training, 0);
  for (int i = 0; i < THREADS; ++i) {
    pthread_join(threads[i].thread, NULL);
    ck_assert_int_ge(threads[i].rounds, 2);
  }
  expect_same_weights(&run, &pattern);
  run.ctx = same_context ? NULL : run.ctx;
  small_run_close(&run);
  small_run_close(&pattern);
  fixture_close(&f);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("shared model");
  tcase_add_loop_test(tests, solving_while_another_model_trains, 0, 2);
  return run_case("shared model", tests);
}
