/* Runs that reach a goal, that fail half way, and that run out of disk or memory. */
#include "counting_allocator.h"
#include "small_run.h"
#include "suite.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>

/* A task that is learned in a few updates: the answer to 1 is 1. Fails or draws what it is told. */
typedef struct constant_task {
  int draws, fail_at;
} constant_task;

static int32_t one_by_one(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  (void)random;
  (void)user;
  *rows = *cols = 1;
  return 0;
}

static int32_t same_shape(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                          const int32_t *input_cols, void *user) {
  (void)user;
  *rows = *input_rows;
  *cols = *input_cols;
  return 0;
}

static int32_t draw_one(lat_matrix *input, lat_random *random, void *user) {
  constant_task *self = user;
  (void)random;
  input->data[0] = 1;
  return ++self->draws == self->fail_at ? 42 : 0;
}

static int32_t answer_one(lat_matrix *output, const lat_matrix *input, void *user) {
  (void)user;
  output->data[0] = input->data[0];
  return 0;
}

static scratch_folder folder;
static char directory[256];
static lat_optimizer_options optimizer;
static lat_trainer_options options;

static void open_options(void) {
  scratch_open(&folder);
  small_run_optimizer_options(&optimizer, "adam");
  small_run_trainer_options(&options, scratch_file(directory, &folder, "run"));
}

static void close_options(void) {
  scratch_close(&folder);
}

/* As small_run_open(), on the constant task. */
static void open_constant(small_run *run, constant_task *constant) {
  lat_task_functions functions;
  lat_model_options model;
  lat_context_options context;
  lat_context_options_init(&context);
  context.threads = 1;
  lat_task_functions_init(&functions);
  functions.name = "constant";
  functions.letter = 'C';
  functions.input_shape = one_by_one;
  functions.output_shape = same_shape;
  functions.draw = draw_one;
  functions.answer = answer_one;
  CHECK_OK(lat_context_create(&run->ctx, &context));
  CHECK_OK(lat_task_create_custom(&run->task, run->ctx, &functions, constant));
  CHECK_OK(lat_tokenizer_create(&run->tokenizer, run->ctx, NULL));
  small_run_model_options(&model);
  model.max_positions = 16;
  CHECK_OK(lat_model_create(&run->model, run->task, run->tokenizer, &model));
}

START_TEST(a_goal_ends_the_run) {
  constant_task constant = {0, 0};
  small_run run;
  lat_trainer *trainer = NULL;
  lat_progress progress;
  open_constant(&run, &constant);
  options.max_examples = 0;
  options.until_exact = 100;
  options.until_accuracy = 100;
  options.validate_every = 24;
  optimizer.learning_rate = 1e-2;
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  ck_assert(isnan(progress.accuracy) && isnan(progress.exact));
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_progress(&progress, trainer);
  ck_assert_double_eq(progress.exact, 100);
  ck_assert_double_eq(progress.accuracy, 100);
  ck_assert_int_eq(progress.examples % 24, 0);
  const int64_t examples = progress.examples;
  lat_trainer_free(trainer);
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options)); /* reached already */
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_progress(&progress, trainer);
  ck_assert_int_eq(progress.examples, examples);
  lat_trainer_free(trainer);
  small_run_close(&run);
}
END_TEST

/* The update that failed is drawn again when the run goes on: the bits are the straight run's. */
/* Updates until the constant task's answer is right in a validation. */
static int64_t updates_to_goal(double ema_decay) {
  constant_task constant = {0, 0};
  small_run run;
  lat_trainer *trainer = NULL;
  lat_progress progress;
  open_constant(&run, &constant);
  options.directory = NULL;
  options.max_examples = 0;
  options.until_exact = 100;
  options.validate_every = 12;
  options.validate_count = 1;
  optimizer.ema_decay = ema_decay;
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  lat_trainer_free(trainer);
  small_run_close(&run);
  return progress.updates;
}

/* The average arrives after the parameters that it follows, which it does not change. */
START_TEST(an_average_is_what_is_validated) {
  const int64_t without = updates_to_goal(0), with = updates_to_goal(0.99);
  ck_assert_int_gt(without, 10);
  ck_assert_int_gt(with, without);
}
END_TEST

/* In one shard, and in four. */
START_TEST(a_failing_task_stops_the_run_which_can_go_on) {
  constant_task good = {0, 0}, bad = {0, 100};
  small_run straight, broken;
  lat_trainer *trainer = NULL;
  options.max_examples = 240;
  options.validate_every = 0;
  options.directory = NULL;
  options.shards = _i == 0 ? 1 : 4;
  open_constant(&straight, &good);
  open_constant(&broken, &bad);
  CHECK_OK(lat_trainer_create(&trainer, straight.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
  CHECK_OK(lat_trainer_create(&trainer, broken.model, &optimizer, &options));
  CHECK_FAILS(lat_trainer_run(trainer), LAT_ERROR_CALLBACK, "42");
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
  ck_assert_mem_eq(lat_model_parameters(straight.model), lat_model_parameters(broken.model),
                   lat_model_parameter_count(broken.model) * sizeof(float));
  small_run_close(&broken);
  small_run_close(&straight);
}
END_TEST

static void limit_files(rlim_t size, rlim_t *before) {
  struct rlimit limit;
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
  if (before != NULL) {
    *before = limit.rlim_cur;
  }
  limit.rlim_cur = size;
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_stops_the_run_which_can_go_on) {
  char path[256], copy[256];
  small_run straight, full;
  lat_trainer *trainer = NULL;
  rlim_t before = 0;
  signal(SIGXFSZ, SIG_IGN);
  small_run_open(&straight, 1);
  small_run_open(&full, 1);
  CHECK_OK(lat_trainer_create(&trainer, straight.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
  options.directory = scratch_file(directory, &folder, "full");
  limit_files(4096, &before);
  CHECK_FAILS(lat_trainer_create(&trainer, full.model, &optimizer, &options), LAT_ERROR_IO,
              "limit on file sizes");
  ck_assert_int_eq(scratch_count(directory), 0);
  limit_files(before, NULL);
  CHECK_OK(lat_trainer_create(&trainer, full.model, &optimizer, &options));
  join_path(path, directory, "checkpoint.safetensors");
  file_bytes saved = read_bytes(path);
  write_bytes(scratch_file(copy, &folder, "copy"), saved.data, saved.size);
  limit_files(4096, NULL);
  CHECK_FAILS(lat_trainer_run(trainer), LAT_ERROR_IO, "limit on file sizes");
  limit_files(before, NULL);
  ck_assert(same_bytes(path, copy));
  ck_assert_int_eq(scratch_count(directory), 2); /* checkpoint and log */
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
  ck_assert(same_bytes(path, scratch_file(copy, &folder, "run/checkpoint.safetensors")));
  free(saved.data);
  small_run_close(&full);
  small_run_close(&straight);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_an_error) {
  small_run run;
  lat_trainer *trainer = NULL;
  small_run_open(&run, 1);
  write_bytes(directory, "x", 1);
  CHECK_FAILS(lat_trainer_create(&trainer, run.model, &optimizer, &options), LAT_ERROR_IO,
              "cannot create the folder");
  options.directory = scratch_file(directory, &folder, "closed");
  ck_assert_int_eq(mkdir(directory, 0555), 0);
  const uid_t user = geteuid();
  ck_assert_int_eq(chmod(folder.path, 0755), 0);
  if (user == 0) {
    ck_assert_int_eq(seteuid(65534), 0); /* root may write anywhere */
  }
  CHECK_FAILS(lat_trainer_create(&trainer, run.model, &optimizer, &options), LAT_ERROR_IO,
              "Permission denied");
  ck_assert_int_eq(seteuid(user), 0);
  small_run_close(&run);
}
END_TEST

/* Allocations asked for so far, at each report. */
typedef struct allocation_record {
  counting_allocator *allocator;
  int reports;
  long calls[64];
} allocation_record;

static int32_t record_calls(const lat_progress *progress, void *user) {
  allocation_record *self = user;
  (void)progress;
  self->calls[self->reports++] = self->allocator->calls;
  return 0;
}

static void open_counted(small_run *run, counting_allocator *allocator) {
  lat_context_options context = counting_options(allocator);
  lat_task_options task;
  lat_model_options model;
  lat_task_options_init(&task);
  task.rows = 2;
  small_run_model_options(&model);
  context.threads = 1;
  CHECK_OK(lat_context_create(&run->ctx, &context));
  CHECK_OK(lat_task_create(&run->task, run->ctx, &task));
  CHECK_OK(lat_tokenizer_create(&run->tokenizer, run->ctx, NULL)); /* P1000: lengths are equal */
  CHECK_OK(lat_model_create(&run->model, run->task, run->tokenizer, &model));
}

START_TEST(a_step_allocates_nothing) {
  counting_allocator allocator = {0};
  allocation_record record = {.allocator = &allocator};
  small_run run;
  lat_trainer *trainer = NULL;
  open_counted(&run, &allocator);
  options.directory = NULL;
  options.validate_every = 0;
  options.report_every = 1; /* reports without a log are numbers alone */
  options.progress = record_calls;
  options.user = &record;
  optimizer.rule = "muon";
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  ck_assert_int_eq(record.reports, 40);
  ck_assert_int_gt(record.calls[0], 0);
  for (int i = 2; i < 40; ++i) {
    ck_assert_int_eq(record.calls[i], record.calls[1]);
  }
  lat_trainer_free(trainer);
  small_run_close(&run);
  ck_assert_int_eq(allocator.live, 0);
}
END_TEST

/* The N-th allocation from the trainer's creation on fails, for every N: creating with files,
 * running without them. */
static lat_status fail_allocation(long fail, int runs) {
  counting_allocator allocator = {0};
  small_run run;
  char name[32];
  lat_trainer *trainer = NULL;
  snprintf(name, sizeof name, "run%ld", fail);
  options.directory = runs ? NULL : scratch_file(directory, &folder, name);
  open_counted(&run, &allocator);
  allocator.fail_at = allocator.calls + fail;
  lat_status status = lat_trainer_create(&trainer, run.model, &optimizer, &options);
  ck_assert_int_eq(status == LAT_OK, trainer != NULL);
  if (status == LAT_OK && runs) {
    status = lat_trainer_run(trainer);
  }
  ck_assert_msg(status == LAT_OK || status == LAT_ERROR_MEMORY, "allocation %ld: %s: %s", fail,
                lat_status_name(status), lat_last_error());
  lat_trainer_free(trainer);
  small_run_close(&run);
  ck_assert_int_eq(allocator.live, 0);
  return status;
}

START_TEST(every_allocation_may_fail) {
  options.max_examples = 12;
  options.validate_every = 12;
  options.validate_count = 3;
  optimizer.rule = "muon";
  optimizer.ema_decay = 0.9;
  for (int runs = 0; runs < 2; ++runs) {
    lat_status status = LAT_ERROR_MEMORY;
    for (long fail = 1; status != LAT_OK; ++fail) {
      status = fail_allocation(fail, runs);
      ck_assert_int_lt(fail, 5000);
    }
  }
}
END_TEST

int main(void) {
  const TTest *const tests[] = {a_goal_ends_the_run,
                                an_average_is_what_is_validated,
                                a_full_disk_stops_the_run_which_can_go_on,
                                a_folder_that_cannot_be_made_is_an_error,
                                a_step_allocates_nothing,
                                every_allocation_may_fail};
  Suite *suite = suite_create("trainer_failures");
  TCase *runs = tcase_create("runs");
  tcase_set_timeout(runs, 120);
  tcase_add_checked_fixture(runs, open_options, close_options);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; ++i) {
    tcase_add_test(runs, tests[i]);
  }
  tcase_add_loop_test(runs, a_failing_task_stops_the_run_which_can_go_on, 0, 2);
  suite_add_tcase(suite, runs);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
