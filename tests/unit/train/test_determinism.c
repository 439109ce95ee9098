/* The bits of a run: at any number of threads, killed, stopped, resumed. */
#include "small_run.h"
#include "suite.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* The variants that a run's bits must not depend on the interruptions of. */
typedef struct variant {
  const char *name, *rule;
  int64_t repeat_count;
  double repeat_share, dropout, ema_decay;
} variant;

static const variant variants[] = {{"adam", "adam", 0, 0, 0, 0},
                                   {"muon", "muon", 0, 0, 0, 0.9},
                                   {"two sets", "adamw", 30, 0.5, 0, 0},
                                   {"dropout", "adam", 0, 0, 0.1, 0.5}};
enum { VARIANTS = sizeof variants / sizeof *variants };

typedef struct open_run {
  small_run small;
  lat_trainer *trainer;
} open_run;

typedef lat_status start_function(lat_trainer **out, lat_model *model,
                                  const lat_optimizer_options *optimizer,
                                  const lat_trainer_options *options);

static void start(open_run *run, start_function *function, const variant *v, int32_t threads,
                  const lat_trainer_options *options) {
  lat_model_options model;
  lat_optimizer_options optimizer;
  lat_trainer_options own = *options;
  small_run_model_options(&model);
  model.dropout = v->dropout;
  small_run_open_with(&run->small, threads, &model);
  small_run_optimizer_options(&optimizer, v->rule);
  optimizer.ema_decay = v->ema_decay;
  own.repeat_count = v->repeat_count;
  own.repeat_share = v->repeat_share;
  CHECK_OK(function(&run->trainer, run->small.model, &optimizer, &own));
}

static void end(open_run *run) {
  lat_trainer_free(run->trainer);
  small_run_close(&run->small);
}

/* A whole run into directory, which is the pattern that others are held against. */
static void run_straight(const char *directory, const variant *v, int32_t threads) {
  open_run run;
  lat_trainer_options options;
  small_run_trainer_options(&options, directory);
  start(&run, lat_trainer_create, v, threads, &options);
  CHECK_OK(lat_trainer_run(run.trainer));
  end(&run);
}

static void expect_same_file(const char *left, const char *right, const char *name,
                             const variant *v) {
  char a[256], b[256];
  join_path(a, left, name);
  join_path(b, right, name);
  ck_assert_msg(same_bytes(a, b), "%s: %s differ", v->name, name);
}

/* The log without its times. */
static char *log_without_seconds(const char *directory) {
  char path[256];
  join_path(path, directory, "log.jsonl");
  file_bytes log = read_bytes(path);
  char *to = log.data;
  for (const char *from = log.data; *from != '\0';) {
    if (strncmp(from, "\"seconds\":", 10) == 0) {
      from += strcspn(from, "}");
    }
    *to++ = *from++;
  }
  *to = '\0';
  return log.data;
}

static void expect_same_run(const char *left, const char *right, const variant *v) {
  expect_same_file(left, right, "checkpoint.safetensors", v);
  expect_same_file(left, right, "model.safetensors", v);
  char *a = log_without_seconds(left), *b = log_without_seconds(right);
  ck_assert_str_eq(a, b);
  ck_assert_int_eq(scratch_count(left), 3);
  free(a);
  free(b);
}

START_TEST(threads_do_not_change_the_bits) {
  const variant *v = &variants[_i];
  char one[256], many[256];
  scratch_folder folder;
  scratch_open(&folder);
  run_straight(scratch_file(one, &folder, "one"), v, 1);
  run_straight(scratch_file(many, &folder, "two"), v, 2);
  expect_same_run(one, many, v);
  run_straight(scratch_file(many, &folder, "four"), v, 4);
  expect_same_run(one, many, v);
  scratch_close(&folder);
}
END_TEST

/* A child that resumes the run in `directory` (or starts it) and goes to its end, unless killed. */
static pid_t spawn(const char *directory, const variant *v) {
  const pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    open_run run;
    lat_trainer_options options;
    char checkpoint[256];
    small_run_trainer_options(&options, directory);
    join_path(checkpoint, directory, "checkpoint.safetensors");
    start(&run, access(checkpoint, F_OK) == 0 ? lat_trainer_resume : lat_trainer_create, v, 2,
          &options);
    _exit(lat_trainer_run(run.trainer) == LAT_OK ? 0 : 1);
  }
  return child;
}

/* True when the child came to its end before it was killed. */
static int reap(pid_t child) {
  int outcome = 0;
  ck_assert_int_eq(waitpid(child, &outcome, 0), child);
  ck_assert(WIFSIGNALED(outcome) || (WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0));
  return WIFEXITED(outcome);
}

static double clock_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Killed again and again, at instants that move through the run's length, it arrives at the bits of
 * the straight one. */
START_TEST(killed_and_resumed_is_straight) {
  const variant *v = &variants[_i];
  char straight[256], killed[256], name[16];
  scratch_folder folder;
  int kills = 0, ended = 0;
  scratch_open(&folder);
  const double before = clock_now();
  ck_assert(reap(spawn(scratch_file(straight, &folder, "straight"), v)));
  double length = clock_now() - before;
  for (int attempt = 1; attempt <= 12 && !ended; ++attempt) {
    if (kills == 0) { /* where the straight run had less of the machine: anew, and sooner */
      snprintf(name, sizeof name, "killed%d", attempt);
      scratch_file(killed, &folder, name);
      length /= attempt;
    }
    const pid_t child = spawn(killed, v);
    const double wait = length * (0.13 * attempt - 0.1 * (attempt % 3));
    const struct timespec pause = {(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)};
    nanosleep(&pause, NULL);
    kill(child, SIGKILL);
    ended = reap(child);
    kills += !ended;
    ended = ended && kills > 0;
  }
  ck_assert_msg(kills > 0, "the run was over before it could be killed");
  if (!ended) {
    ck_assert(reap(spawn(killed, v)));
  }
  expect_same_run(straight, killed, v);
  scratch_close(&folder);
}
END_TEST

/* Stops at the given number of callbacks. */
typedef struct stopper {
  int calls, stop_at;
} stopper;

static int32_t stop_later(const lat_progress *progress, void *user) {
  stopper *self = user;
  ck_assert_uint_eq(progress->struct_size, sizeof *progress);
  return ++self->calls == self->stop_at;
}

START_TEST(cancelled_and_resumed_is_straight) {
  const variant *v = &variants[_i];
  char straight[256], cancelled[256];
  scratch_folder folder;
  open_run run;
  lat_trainer_options options;
  scratch_open(&folder);
  run_straight(scratch_file(straight, &folder, "straight"), v, 1);
  stopper self = {0, 2};
  small_run_trainer_options(&options, scratch_file(cancelled, &folder, "cancelled"));
  options.progress = stop_later;
  options.user = &self;
  start(&run, lat_trainer_create, v, 1, &options);
  CHECK_FAILS(lat_trainer_run(run.trainer), LAT_ERROR_CANCELLED, "callback asked to stop");
  self = (stopper){0, 3}; /* the same trainer goes on */
  CHECK_FAILS(lat_trainer_run(run.trainer), LAT_ERROR_CANCELLED, "callback asked to stop");
  end(&run);
  self.stop_at = 0;
  start(&run, lat_trainer_resume, v, 2, &options);
  CHECK_OK(lat_trainer_run(run.trainer));
  end(&run);
  expect_same_run(straight, cancelled, v);
  scratch_close(&folder);
}
END_TEST

/* A run to 240 examples, resumed with a limit of 480. */
START_TEST(a_raised_limit_is_straight) {
  const variant *v = &variants[_i];
  char straight[256], raised[256];
  scratch_folder folder;
  open_run run;
  lat_trainer_options options;
  scratch_open(&folder);
  run_straight(scratch_file(straight, &folder, "straight"), v, 1);
  small_run_trainer_options(&options, scratch_file(raised, &folder, "raised"));
  options.max_examples = 230; /* rounded up to whole updates */
  start(&run, lat_trainer_create, v, 1, &options);
  CHECK_OK(lat_trainer_run(run.trainer));
  lat_progress progress;
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, run.trainer);
  ck_assert_int_eq(progress.examples, 240);
  end(&run);
  options.max_examples = 480;
  start(&run, lat_trainer_resume, v, 1, &options);
  CHECK_OK(lat_trainer_run(run.trainer));
  end(&run);
  expect_same_file(straight, raised, "checkpoint.safetensors", v);
  expect_same_file(straight, raised, "model.safetensors", v);
  scratch_close(&folder);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("determinism");
  TCase *runs = tcase_create("runs");
  tcase_set_timeout(runs, 300);
  tcase_add_loop_test(runs, threads_do_not_change_the_bits, 0, VARIANTS);
  tcase_add_loop_test(runs, killed_and_resumed_is_straight, 0, VARIANTS);
  tcase_add_loop_test(runs, cancelled_and_resumed_is_straight, 0, VARIANTS);
  tcase_add_loop_test(runs, a_raised_limit_is_straight, 0, VARIANTS);
  suite_add_tcase(suite, runs);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
