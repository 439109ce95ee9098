/* Loops of one's own that are stopped and go on: model and optimizer in one file. */
#include "suite.h"
#include "train/optimizer_impl.h"
#include "trainer_fixture.h"

#include <math.h>

enum { UPDATES = 8, BATCH = 4 };

/* A training loop without a trainer. */
typedef struct loop {
  small_run run;
  lat_gradients *gradients;
  lat_optimizer *optimizer;
  lat_sampler *sampler;
  lat_batch *batch;
} loop;

static void loop_open(loop *l, const char *rule, double ema_decay) {
  lat_model_options model;
  lat_optimizer_options of_rule;
  small_run_model_options(&model);
  model.dropout = 0.2;
  small_run_open_with(&l->run, 1, &model);
  small_run_optimizer_options(&of_rule, rule);
  of_rule.ema_decay = ema_decay;
  CHECK_OK(lat_gradients_create(&l->gradients, l->run.model));
  CHECK_OK(lat_optimizer_create(&l->optimizer, l->run.model, &of_rule));
  CHECK_OK(lat_sampler_create(&l->sampler, l->run.task, l->run.tokenizer, NULL));
  CHECK_OK(lat_batch_create(&l->batch, l->run.tokenizer));
}

static void loop_close(loop *l) {
  lat_batch_free(l->batch);
  lat_sampler_free(l->sampler);
  lat_optimizer_free(l->optimizer);
  lat_gradients_free(l->gradients);
  small_run_close(&l->run);
}

static void loop_run(loop *l, int64_t until) {
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  while (lat_optimizer_updates(l->optimizer) < until) {
    CHECK_OK(lat_sampler_next(l->batch, l->sampler, BATCH));
    CHECK_OK(lat_gradients_accumulate(l->gradients, &sum, l->run.model, l->batch));
    CHECK_OK(lat_optimizer_step(l->optimizer, l->run.model, l->gradients, &sum));
  }
}

/* What the header tells a host to do. */
static void loop_resume(loop *l, const char *path) {
  CHECK_OK(lat_optimizer_load(l->optimizer, l->run.model, path));
  const uint64_t updates = (uint64_t)lat_optimizer_updates(l->optimizer);
  lat_sampler_seek(l->sampler, updates * BATCH);
  lat_gradients_seek(l->gradients, updates);
}

static void expect_same(const loop *a, const loop *b) {
  const size_t size = a->optimizer->count * sizeof(float);
  ck_assert_int_eq(lat_optimizer_updates(a->optimizer), lat_optimizer_updates(b->optimizer));
  ck_assert_double_eq(lat_optimizer_gradient_norm(a->optimizer),
                      lat_optimizer_gradient_norm(b->optimizer));
  ck_assert_mem_eq(lat_model_parameters(a->run.model), lat_model_parameters(b->run.model), size);
  ck_assert_mem_eq(a->optimizer->m, b->optimizer->m, size);
  if (a->optimizer->average != NULL) {
    ck_assert_mem_eq(a->optimizer->average, b->optimizer->average, size);
  }
}

static void stop_and_go_on(const char *rule, double ema_decay) {
  char path[256];
  scratch_folder place;
  loop straight, stopped, resumed;
  scratch_open(&place);
  scratch_file(path, &place, "loop.safetensors");
  loop_open(&straight, rule, ema_decay);
  loop_open(&stopped, rule, ema_decay);
  loop_open(&resumed, rule, ema_decay);
  loop_run(&straight, UPDATES);
  loop_run(&stopped, UPDATES / 2);
  if (ema_decay > 0) { /* what the model holds at the moment makes no difference */
    CHECK_OK(lat_optimizer_swap_average(stopped.optimizer, stopped.run.model));
    CHECK_OK(lat_optimizer_swap_average(resumed.optimizer, resumed.run.model));
  }
  CHECK_OK(lat_optimizer_save(stopped.optimizer, stopped.run.model, path));
  loop_resume(&resumed, path);
  loop_run(&resumed, UPDATES);
  expect_same(&straight, &resumed);
  loop_close(&straight);
  loop_close(&stopped);
  loop_close(&resumed);
  scratch_close(&place);
}

START_TEST(stopped_and_resumed_is_straight) {
  stop_and_go_on("adam", 0);
  stop_and_go_on("adamw", 0.5);
  stop_and_go_on("muon", 0.9);
}
END_TEST

START_TEST(the_file_is_a_model_too) {
  char path[256];
  scratch_folder place;
  loop l;
  lat_model *model = NULL;
  scratch_open(&place);
  scratch_file(path, &place, "loop.safetensors");
  loop_open(&l, "adam", 0.9);
  loop_run(&l, 3);
  CHECK_OK(lat_optimizer_save(l.optimizer, l.run.model, path));
  CHECK_OK(lat_model_load(&model, l.run.ctx, path, NULL));
  ck_assert_mem_eq(lat_model_parameters(model), l.optimizer->average,
                   l.optimizer->count * sizeof(float));
  lat_model_free(model);
  loop_close(&l);
  scratch_close(&place);
}
END_TEST

/* The checkpoint of a trainer's run, continued by a loop of one's own. */
START_TEST(a_trainers_checkpoint_is_taken) {
  char path[256];
  lat_optimizer *own = NULL;
  open_all();
  options.max_examples = 36;
  create_and_run();
  lat_trainer_free(trainer);
  trainer = NULL;
  CHECK_OK(lat_optimizer_create(&own, run.model, &optimizer));
  CHECK_OK(lat_optimizer_load(own, run.model, in_run(path, "checkpoint.safetensors")));
  ck_assert_int_eq(lat_optimizer_updates(own), 3);
  CHECK_OK(lat_optimizer_save(own, run.model, in_run(path, "checkpoint.safetensors")));
  lat_optimizer_free(own);
  CHECK_FAILS(lat_trainer_resume(&trainer, run.model, &optimizer, &options), LAT_ERROR_ARGUMENT,
              "differs from the run's");
  close_all();
}
END_TEST

/* `find` becomes `replace`, of the same length, and is refused; nothing has changed then. */
static void expect_tampered(loop *l, const char *path, const char *find, const char *replace,
                            const char *message) {
  const size_t size = l->optimizer->count * sizeof(float);
  float *before = malloc(2 * size);
  memcpy(before, lat_model_parameters(l->run.model), size);
  memcpy(before + l->optimizer->count, l->optimizer->m, size);
  file_bytes bytes = read_bytes(path);
  char *at = memmem(bytes.data, bytes.size, find, strlen(find));
  ck_assert_msg(at != NULL, "%s", find);
  memcpy(at, replace, strlen(find));
  write_bytes(path, bytes.data, bytes.size);
  CHECK_FAILS(lat_optimizer_load(l->optimizer, l->run.model, path), LAT_ERROR_FORMAT, message);
  ck_assert_mem_eq(before, lat_model_parameters(l->run.model), size);
  ck_assert_mem_eq(before + l->optimizer->count, l->optimizer->m, size);
  memcpy(at, find, strlen(find));
  write_bytes(path, bytes.data, bytes.size);
  free(bytes.data);
  free(before);
}

START_TEST(broken_files_change_nothing) {
  char path[256];
  scratch_folder place;
  loop l;
  scratch_open(&place);
  scratch_file(path, &place, "loop.safetensors");
  loop_open(&l, "adam", 0);
  loop_run(&l, 2);
  CHECK_OK(lat_optimizer_save(l.optimizer, l.run.model, path));
  loop_run(&l, 3);
  expect_tampered(&l, path, "\"lat.checkpoint\"", "\"lat.checkpaint\"", "lat.checkpoint: missing");
  expect_tampered(&l, path, "\\\"state\\\"", "\\\"stale\\\"", "the state lacks a member");
  expect_tampered(&l, path, "\\\"updates\\\":2", "\\\"updates\\\":x", "lat.checkpoint: byte");
  expect_tampered(&l, path, "\"optimizer.m.", "\"optimizer.q.", "there is no tensor optimizer.m.");
  file_bytes bytes = read_bytes(path);
  const float infinite = INFINITY;
  memcpy(bytes.data + bytes.size - 4, &infinite, 4);
  write_bytes(path, bytes.data, bytes.size);
  CHECK_FAILS(lat_optimizer_load(l.optimizer, l.run.model, path), LAT_ERROR_FORMAT,
              "the second moments hold a value that is not finite");
  ck_assert_int_eq(lat_optimizer_updates(l.optimizer), 3);
  free(bytes.data);
  loop_close(&l);
  scratch_close(&place);
}
END_TEST

START_TEST(other_models_and_rules_are_refused) {
  char path[256];
  scratch_folder place;
  loop l, muon, average;
  small_run other;
  lat_optimizer *others = NULL;
  scratch_open(&place);
  scratch_file(path, &place, "loop.safetensors");
  loop_open(&l, "adam", 0);
  loop_open(&muon, "muon", 0);
  loop_open(&average, "adam", 0.9);
  small_run_open(&other, 1); /* without dropout */
  CHECK_OK(lat_optimizer_create(&others, other.model, NULL));
  CHECK_OK(lat_optimizer_save(l.optimizer, l.run.model, path));
  CHECK_FAILS(lat_optimizer_load(others, other.model, path), LAT_ERROR_ARGUMENT,
              "model.dropout 0.0 differs");
  CHECK_FAILS(lat_optimizer_load(muon.optimizer, muon.run.model, path), LAT_ERROR_FORMAT,
              "those of the rule muon without average");
  CHECK_FAILS(lat_optimizer_load(average.optimizer, average.run.model, path), LAT_ERROR_FORMAT,
              "those of the rule adam with an average");
  CHECK_OK(lat_model_save(l.run.model, path));
  CHECK_FAILS(lat_optimizer_load(l.optimizer, l.run.model, path), LAT_ERROR_FORMAT,
              "lat.checkpoint: missing");
  CHECK_FAILS(lat_optimizer_load(l.optimizer, l.run.model, place.path), LAT_ERROR_IO, place.path);
  CHECK_FAILS(lat_optimizer_save(l.optimizer, l.run.model, NULL), LAT_ERROR_ARGUMENT,
              "path is NULL");
  CHECK_FAILS(lat_optimizer_save(NULL, l.run.model, path), LAT_ERROR_ARGUMENT, "optimizer is NULL");
  CHECK_OK(lat_model_freeze(l.run.model));
  CHECK_FAILS(lat_optimizer_load(l.optimizer, l.run.model, path), LAT_ERROR_STATE, "frozen");
  lat_gradients_seek(NULL, 1);
  lat_optimizer_free(others);
  small_run_close(&other);
  loop_close(&l);
  loop_close(&muon);
  loop_close(&average);
  scratch_close(&place);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {stopped_and_resumed_is_straight,    the_file_is_a_model_too,
                                a_trainers_checkpoint_is_taken,     broken_files_change_nothing,
                                other_models_and_rules_are_refused, NULL};
  return run_suite("optimizer_file", tests);
}
