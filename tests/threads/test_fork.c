/* fork() between calls: parent and child compute on, each to the weights of a run that never
 * forked. */
#include "train/small_run.h"

#include "suite.h"

#include <signal.h>
#include <sys/wait.h>

enum { UPDATES = 6, EXAMPLES = 8 };

/* A training loop by hand, and a solver on the model it trains. */
typedef struct loop {
  small_run run;
  lat_sampler *sampler;
  lat_batch *batch;
  lat_gradients *gradients;
  lat_optimizer *optimizer;
} loop;

static void loop_open(loop *self) {
  lat_optimizer_options options;
  small_run_optimizer_options(&options, "muon");
  small_run_open(&self->run, 3);
  CHECK_OK(lat_sampler_create(&self->sampler, self->run.task, self->run.tokenizer, NULL));
  CHECK_OK(lat_batch_create(&self->batch, self->run.tokenizer));
  CHECK_OK(lat_gradients_create(&self->gradients, self->run.model));
  CHECK_OK(lat_optimizer_create(&self->optimizer, self->run.model, &options));
}

static void loop_close(loop *self) {
  lat_optimizer_free(self->optimizer);
  lat_gradients_free(self->gradients);
  lat_batch_free(self->batch);
  lat_sampler_free(self->sampler);
  small_run_close(&self->run);
}

/* What the updates lead to: LAT_OK, and the log-probability of an answer. */
static lat_status loop_go_on(loop *self, double *log_probability) {
  lat_status status = LAT_OK;
  for (int i = 0; i < UPDATES && status == LAT_OK; ++i) {
    lat_loss_sum sum;
    lat_loss_sum_init(&sum);
    status = lat_sampler_next(self->batch, self->sampler, EXAMPLES);
    if (status == LAT_OK) {
      status = lat_gradients_accumulate(self->gradients, &sum, self->run.model, self->batch);
    }
    if (status == LAT_OK) {
      status = lat_optimizer_step(self->optimizer, self->run.model, self->gradients, &sum);
    }
  }
  lat_session *session = NULL;
  lat_sequences out;
  if (status == LAT_OK) {
    status = lat_session_create(&session, self->run.model, NULL);
  }
  if (status == LAT_OK) {
    status = lat_session_decode(&out, session, self->batch);
  }
  *log_probability = status == LAT_OK ? lat_session_log_probabilities(session)[EXAMPLES - 1] : 0;
  lat_session_free(session);
  return status;
}

/* Where a run that never forks stands after 1, 2, 3 times UPDATES. */
static void run_straight(double straight[3]) {
  loop pattern;
  loop_open(&pattern);
  for (int i = 0; i < 3; ++i) {
    CHECK_OK(loop_go_on(&pattern, &straight[i]));
  }
  ck_assert(straight[0] != straight[1] && straight[1] != straight[2]);
  loop_close(&pattern);
}

/* In the child. 0 if all went as in the run that never forked; the child has a child, too, and
 * makes a context of its own. */
static int child_goes_on(loop *self, const double straight[], int generations);

static int fork_and_go_on(loop *self, const double straight[], int generations) {
  const pid_t child = fork();
  if (child == 0) {
    end_child_after(120);
    _exit(child_goes_on(self, straight, generations));
  }
  int status = -1;
  const int ended = child > 0 && waitpid(child, &status, 0) == child;
  return ended && WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static int child_goes_on(loop *self, const double straight[], int generations) {
  double found = 0;
  if (loop_go_on(self, &found) != LAT_OK || found != straight[0]) {
    return 1;
  }
  if (generations > 1 && fork_and_go_on(self, straight + 1, generations - 1) != 0) {
    return 2;
  }
  loop_close(self);
  loop fresh;
  loop_open(&fresh);
  const lat_status status = loop_go_on(&fresh, &found);
  loop_close(&fresh);
  return status == LAT_OK ? 0 : 3;
}

/* Before the first call that starts workers, and after it. */
START_TEST(parent_and_child_compute_on) {
  double straight[3], found;
  loop self;
  run_straight(straight);
  loop_open(&self);
  ck_assert_int_eq(fork_and_go_on(&self, straight, 2), 0);
  CHECK_OK(loop_go_on(&self, &found));
  ck_assert(found == straight[0]);
  ck_assert_int_eq(fork_and_go_on(&self, straight + 1, 2), 0);
  CHECK_OK(loop_go_on(&self, &found));
  ck_assert(found == straight[1]);
  CHECK_OK(loop_go_on(&self, &found));
  ck_assert(found == straight[2]);
  loop_close(&self);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {parent_and_child_compute_on, NULL};
  return run_suite("fork", tests);
}
