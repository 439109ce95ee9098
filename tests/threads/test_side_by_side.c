/* Contexts with different threads, allocators, logs and precision, at work at the same time: each
 * keeps to what it was given, and finds what it finds alone. */
#include "counting_allocator.h"
#include "thread_check.h"
#include "train/small_run.h"

#include "suite.h"

#include <pthread.h>

enum { HOSTS = 3 };

/* A program's part of the process: what it lends its context, and what came of it. */
typedef struct host {
  int32_t threads, shards, precision, log_level;
  int counts_memory, has_log;
  counting_allocator memory;
  atomic_int lines, too_verbose, foreign;
  const char *directory;
  float *weights;
  size_t count;
  double log_probability;
} host;

static void take_line(int32_t level, const char *line, void *user) {
  host *self = user;
  atomic_fetch_add(&self->lines, 1);
  atomic_fetch_add(&self->too_verbose, level > self->log_level);
  const int names_a_file = strstr(line, "safetensors") != NULL;
  atomic_fetch_add(&self->foreign, names_a_file && strstr(line, self->directory) == NULL);
}

static lat_context *open_context(host *self) {
  lat_context *ctx = NULL;
  lat_context_options options;
  lat_context_options_init(&options);
  options.threads = self->threads;
  options.precision = self->precision;
  options.log_level = self->log_level;
  if (self->counts_memory) {
    options.allocate = counting_allocate;
    options.release = counting_release;
    options.allocate_user = &self->memory;
  }
  if (self->has_log) {
    options.log = take_line;
    options.log_user = self;
  }
  lat_status status = lat_context_create(&ctx, &options);
  if (status == LAT_ERROR_UNSUPPORTED) {
    options.precision = LAT_PRECISION_F32;
    status = lat_context_create(&ctx, &options);
  }
  THREAD_OK(status);
  return ctx;
}

static void train(const host *self, small_run *run, const char *directory) {
  lat_trainer *trainer = NULL;
  lat_optimizer_options optimizer;
  lat_trainer_options options;
  small_run_optimizer_options(&optimizer, "adam");
  small_run_trainer_options(&options, directory);
  options.shards = self->shards;
  THREAD_OK(lat_trainer_create(&trainer, run->model, &optimizer, &options));
  THREAD_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
}

static void solve(host *self, lat_model *model) {
  lat_solver *solver = NULL;
  double a_data[4] = {1, -2, 3.5, 7}, x_data[4];
  lat_matrix a = {a_data, 2, 2, 2, LAT_ROW_MAJOR}, x = {x_data, 2, 2, 2, LAT_ROW_MAJOR};
  lat_report report;
  lat_report_init(&report);
  THREAD_OK(lat_solver_create(&solver, model, NULL));
  THREAD_OK(lat_solver_solve(&x, &report, solver, &a));
  self->log_probability = report.log_probability;
  lat_solver_free(solver);
}

/* Everything from the context on: trains into a folder, loads what was saved there, solves. */
static void *work(void *argument) {
  host *self = argument;
  scratch_folder folder;
  char path[256];
  small_run run;
  lat_model *loaded = NULL;
  lat_model_options options;
  small_run_model_options(&options);
  scratch_open(&folder);
  self->directory = folder.path;
  small_run_open_in(&run, open_context(self), &options);
  train(self, &run, folder.path);
  THREAD_OK(
      lat_model_load(&loaded, run.ctx, scratch_file(path, &folder, "model.safetensors"), NULL));
  solve(self, loaded);
  self->count = lat_model_parameter_count(loaded);
  self->weights = calloc(self->count, sizeof *self->weights);
  THREAD_CHECK(self->weights != NULL);
  memcpy(self->weights, lat_model_parameters(loaded), self->count * sizeof *self->weights);
  lat_model_free(loaded);
  small_run_close(&run);
  scratch_close(&folder);
  return NULL;
}

static const host hosts[HOSTS] = {
    {.threads = 1,
     .precision = LAT_PRECISION_F32,
     .log_level = LAT_LOG_DEBUG,
     .counts_memory = 1,
     .has_log = 1},
    {.threads = 3,
     .shards = 2,
     .precision = LAT_PRECISION_BF16,
     .log_level = LAT_LOG_INFO,
     .has_log = 1},
    {.threads = 2,
     .shards = 4,
     .precision = LAT_PRECISION_AUTO,
     .log_level = LAT_LOG_WARNING,
     .counts_memory = 1,
     .has_log = 1},
};

static void check_own_means(const host *self) {
  ck_assert_int_eq(self->memory.live, 0);
  ck_assert_int_eq(self->memory.calls > 0, self->counts_memory);
  ck_assert_int_eq(self->lines > 0, self->log_level >= LAT_LOG_INFO);
  ck_assert_int_eq(self->too_verbose, 0);
  ck_assert_int_eq(self->foreign, 0);
}

/* A process's first context has work of its own. */
static void create_first_context(void) {
  lat_context *ctx = NULL;
  ck_assert_int_eq(lat_context_create(&ctx, NULL), LAT_OK);
  lat_context_free(ctx);
}

START_TEST(each_keeps_to_its_own) {
  static host alone[HOSTS], together[HOSTS];
  pthread_t threads[HOSTS];
  create_first_context();
  memcpy(alone, hosts, sizeof hosts);
  memcpy(together, hosts, sizeof hosts);
  for (int i = 0; i < HOSTS; ++i) {
    work(&alone[i]);
  }
  for (int i = 0; i < HOSTS; ++i) {
    ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &together[i]), 0);
  }
  for (int i = 0; i < HOSTS; ++i) {
    pthread_join(threads[i], NULL);
  }
  for (int i = 0; i < HOSTS; ++i) {
    check_own_means(&together[i]);
    ck_assert_int_eq(together[i].lines, alone[i].lines);
    ck_assert_int_eq(together[i].memory.calls, alone[i].memory.calls);
    ck_assert(together[i].log_probability == alone[i].log_probability);
    ck_assert_mem_eq(together[i].weights, alone[i].weights, alone[i].count * sizeof(float));
    free(alone[i].weights);
    free(together[i].weights);
  }
}
END_TEST

int main(void) {
  const TTest *const tests[] = {each_keeps_to_its_own, NULL};
  return run_suite("side by side", tests);
}
