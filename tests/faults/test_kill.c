/* A training run that is killed at random instants while it checkpoints: what it leaves can always
 * be resumed and loaded, and never goes back. */
#include "suite.h"
#include "unit/train/small_run.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { KILLS = 220 };

static scratch_folder folder;
static char directory[256];
static lat_optimizer_options optimizer;
static lat_trainer_options options;

/* Every update is checkpointed, so that most of the time goes into files. */
static void open_options(void) {
  scratch_open(&folder);
  small_run_optimizer_options(&optimizer, "adam");
  small_run_trainer_options(&options, scratch_file(directory, &folder, "run"));
  options.batch_size = options.accumulation = 1;
  options.validate_every = 0;
  options.checkpoint_every = 1;
  options.report_every = 1;
  options.max_examples = 1000000;
}

static void close_options(void) {
  scratch_close(&folder);
}

static int32_t tell(const lat_progress *progress, void *user) {
  int *pipe_end = user;
  (void)progress;
  if (*pipe_end >= 0) {
    close(*pipe_end);
    *pipe_end = -1;
  }
  return 0;
}

/* The child: trains until it is killed; closes its end of the pipe at the first report. */
static void train_for_ever(int pipe_end) {
  small_run run;
  lat_trainer *trainer = NULL;
  small_run_open(&run, 1);
  options.progress = tell;
  options.user = &pipe_end;
  const int is_new = access(directory, F_OK) != 0;
  const lat_status status = is_new ? lat_trainer_create(&trainer, run.model, &optimizer, &options)
                                   : lat_trainer_resume(&trainer, run.model, &optimizer, &options);
  _exit(status == LAT_OK && lat_trainer_run(trainer) == LAT_OK ? 0 : 1);
}

static void nap(long microseconds) {
  const struct timespec time = {0, microseconds * 1000};
  nanosleep(&time, NULL);
}

/* Starts a child, waits until it trains, kills it some microseconds later. */
static void kill_one(long delay) {
  int ends[2], status = 0;
  char byte = 0;
  ck_assert_int_eq(pipe(ends), 0);
  const pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    close(ends[0]);
    train_for_ever(ends[1]);
  }
  close(ends[1]);
  ck_assert_int_eq(read(ends[0], &byte, 1), 0);
  close(ends[0]);
  nap(delay);
  ck_assert_int_eq(kill(child, SIGKILL), 0);
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself: %d",
                status);
}

/* Resumes as a host would and looks at the model's file; returns the examples. */
static int64_t look(const small_run *run, int64_t least) {
  lat_trainer *trainer = NULL;
  lat_model *model = NULL;
  lat_progress progress;
  char path[256];
  CHECK_OK(lat_trainer_resume(&trainer, run->model, &optimizer, &options));
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  ck_assert_int_ge(progress.examples, least);
  lat_trainer_free(trainer);
  CHECK_OK(lat_model_load(&model, run->ctx, join_path(path, directory, "model.safetensors"), NULL));
  lat_model_free(model);
  ck_assert_int_eq(scratch_count(directory), 3); /* what was half written is gone */
  return progress.examples;
}

START_TEST(the_last_checkpoint_is_always_good) {
  small_run run;
  int64_t examples = 0;
  unsigned random = 12345;
  small_run_open(&run, 1);
  for (int i = 0; i < KILLS; ++i) {
    random = random * 1103515245U + 12345U;
    kill_one((long)(random >> 16) % 3000);
    examples = look(&run, examples);
  }
  ck_assert_int_gt(examples, KILLS / 2);
  small_run_close(&run);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("kill");
  tcase_add_checked_fixture(tests, open_options, close_options);
  tcase_add_test(tests, the_last_checkpoint_is_always_good);
  return run_case("kill", tests);
}
