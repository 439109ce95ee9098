/* What a run keeps beside its checkpoint: the best model, the last checkpoints, rows of validations
 * in the log; and that a checkpoint is a model. */
#include "suite.h"
#include "trainer_fixture.h"

#include <jansson.h>
#include <math.h>

static int has(const char *name) {
  char path[256];
  return access(in_run(path, name), F_OK) == 0;
}

/* The model of a fresh run, trained again. */
static void start_again(void) {
  lat_trainer_free(trainer);
  trainer = NULL;
  small_run_close(&run);
  small_run_open(&run, 1);
}

static lat_progress progress_now(void) {
  lat_progress progress;
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  return progress;
}

/* The examples at which the model of a file was validated; -1: never. */
static int64_t validated_at(const char *name) {
  char path[256];
  lat_model *model = NULL;
  CHECK_OK(lat_model_load(&model, run.ctx, in_run(path, name), NULL));
  json_t *config = json_loads(lat_model_config(model), 0, NULL);
  const json_t *validation = json_object_get(json_object_get(config, "training"), "validation");
  const json_t *examples = json_object_get(validation, "examples");
  const int64_t at = json_is_integer(examples) ? (int64_t)json_integer_value(examples) : -1;
  json_decref(config);
  lat_model_free(model);
  return at;
}

START_TEST(the_best_model_is_kept_across_resumes) {
  options.keep_best = 1;
  create_and_run();
  const lat_progress straight = progress_now();
  ck_assert_int_ge(straight.best_examples, 156); /* the first validation past 150 */
  ck_assert(straight.best_accuracy + straight.best_exact >= straight.accuracy + straight.exact);
  ck_assert_int_eq(validated_at("best.safetensors"), straight.best_examples);
  char path[256], copy[256];
  file_bytes best = read_bytes(in_run(path, "best.safetensors"));
  write_bytes(scratch_file(copy, &folder, "copy"), best.data, best.size);
  free(best.data);
  start_again();
  scratch_file(directory, &folder, "halves");
  options.max_examples = 312; /* just after a validation that was due */
  create_and_run();
  lat_trainer_free(trainer);
  options.max_examples = 480;
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  ck_assert_int_ge(progress_now().best_examples, 0);
  CHECK_OK(lat_trainer_run(trainer));
  ck_assert_int_eq(progress_now().best_examples, straight.best_examples);
  ck_assert(same_bytes(copy, in_run(path, "best.safetensors")));
}
END_TEST

START_TEST(without_the_option_nothing_else_is_kept) {
  create_and_run();
  ck_assert_int_eq(scratch_count(directory), 3);
  ck_assert(!has("best.safetensors"));
}
END_TEST

START_TEST(a_broken_best_model_stops_the_resume) {
  char path[256];
  options.keep_best = 1;
  create_and_run();
  lat_trainer_free(trainer);
  write_bytes(in_run(path, "best.safetensors"), "x", 1);
  CHECK_FAILS(lat_trainer_resume(&trainer, run.model, &optimizer, &options), LAT_ERROR_FORMAT,
              "best.safetensors: not a safetensors file");
}
END_TEST

/* A learning rate of nothing: no validation is better than the first. */
START_TEST(patience_runs_out) {
  optimizer.learning_rate = 1e-12;
  options.max_examples = 0;
  options.patience = 2;
  create_and_run();
  const lat_progress stopped = progress_now();
  ck_assert_int_eq(stopped.since_best, 2);
  ck_assert_int_eq(stopped.examples / 150, stopped.best_examples / 150 + 2);
  ck_assert(has("best.safetensors"));
  options.validate_every = 0;
  lat_trainer_free(trainer);
  CHECK_FAILS(lat_trainer_resume(&trainer, run.model, &optimizer, &options), LAT_ERROR_ARGUMENT,
              "patience needs validate_every > 0");
}
END_TEST

START_TEST(the_last_checkpoints_are_kept) {
  char path[256];
  options.keep_checkpoints = 2;
  create_and_run();
  ck_assert(has("checkpoint-0000000000000408.safetensors"));
  ck_assert(has("checkpoint-0000000000000480.safetensors"));
  ck_assert(!has("checkpoint-0000000000000300.safetensors"));
  ck_assert_int_eq(scratch_count(directory), 5);
  char kept[256];
  ck_assert(same_bytes(in_run(path, "checkpoint.safetensors"),
                       in_run(kept, "checkpoint-0000000000000480.safetensors")));
  ck_assert_int_eq(validated_at("checkpoint-0000000000000408.safetensors"), 300);
}
END_TEST

/* Whether a checkpoint was written at a moment when none was due by the examples. */
static int32_t look_for_checkpoint(const lat_progress *progress, void *user) {
  *(int *)user |= progress->checkpointed && progress->examples < 480;
  return 0;
}

START_TEST(checkpoints_come_by_the_clock) {
  int seen = 0;
  char path[256], copy[256];
  options.checkpoint_every = 0;
  options.progress = look_for_checkpoint;
  options.user = &seen;
  create_and_run();
  ck_assert_int_eq(seen, 0);
  file_bytes saved = read_bytes(in_run(path, "checkpoint.safetensors"));
  write_bytes(scratch_file(copy, &folder, "copy"), saved.data, saved.size);
  free(saved.data);
  start_again();
  scratch_file(directory, &folder, "clock");
  options.checkpoint_seconds = 1e-9;
  create_and_run();
  ck_assert_int_eq(seen, 1);
  ck_assert(same_bytes(copy, in_run(path, "checkpoint.safetensors")));
}
END_TEST

/* With an average, it is the model; without, the parameters. */
START_TEST(a_checkpoint_is_a_model) {
  for (int averaged = 0; averaged < 2; ++averaged) {
    char path[256];
    lat_model *model = NULL, *checkpoint = NULL;
    start_again();
    scratch_file(directory, &folder, averaged ? "average" : "plain");
    optimizer.ema_decay = averaged ? 0.9 : 0;
    create_and_run();
    CHECK_OK(lat_model_load(&model, run.ctx, in_run(path, "model.safetensors"), NULL));
    CHECK_OK(lat_model_load(&checkpoint, run.ctx, in_run(path, "checkpoint.safetensors"), NULL));
    ck_assert_str_eq(lat_model_config(model), lat_model_config(checkpoint));
    ck_assert_mem_eq(lat_model_parameters(model), lat_model_parameters(checkpoint),
                     lat_model_parameter_count(model) * sizeof(float));
    lat_model_free(checkpoint);
    lat_model_free(model);
  }
}
END_TEST

/* A run on sizes 1 and 2 has a row for each. */
START_TEST(the_log_has_rows_of_sizes) {
  lat_task_options task;
  lat_model_options model;
  char path[256];
  small_run_model_options(&model);
  lat_task_options_init(&task);
  task.min_size = 1;
  task.max_size = 2;
  lat_task_free(run.task);
  lat_model_free(run.model);
  CHECK_OK(lat_task_create(&run.task, run.ctx, &task));
  CHECK_OK(lat_model_create(&run.model, run.task, run.tokenizer, &model));
  create_and_run();
  file_bytes log = read_bytes(in_run(path, "log.jsonl"));
  int lines = 0;
  for (char *line = strtok(log.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const json_t *groups = json_object_get(object, "groups");
    ck_assert_int_eq(json_is_real(json_object_get(object, "accuracy")), groups != NULL);
    if (groups != NULL) {
      const json_t *first = json_array_get(groups, 0), *second = json_array_get(groups, 1);
      ck_assert_uint_eq(json_array_size(groups), 2);
      ck_assert_str_eq(json_string_value(json_object_get(first, "label")), "1x1");
      ck_assert_str_eq(json_string_value(json_object_get(second, "label")), "2x2");
      ck_assert_int_eq(json_integer_value(json_object_get(first, "count")) +
                           json_integer_value(json_object_get(second, "count")),
                       20);
      ck_assert(json_is_real(json_object_get(first, "accuracy")));
      ck_assert(json_is_real(json_object_get(first, "exact")));
      ++lines;
    }
    json_decref(object);
  }
  ck_assert_int_ge(lines, 3);
  free(log.data);
}
END_TEST

/* The rate is of training alone: a slow callback is not in it. */
static int32_t linger(const lat_progress *progress, void *user) {
  *(double *)user = progress->examples_per_second;
  usleep(200000);
  return 0;
}

START_TEST(rates_are_of_training_alone) {
  double rate = 0;
  options.max_examples = 60;
  options.report_every = 1;
  options.validate_every = 0;
  options.progress = linger;
  options.user = &rate;
  create_and_run();
  ck_assert_msg(rate > 12 / 0.2, "%g examples/s", rate);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {the_best_model_is_kept_across_resumes,
                                without_the_option_nothing_else_is_kept,
                                a_broken_best_model_stops_the_resume,
                                patience_runs_out,
                                the_last_checkpoints_are_kept,
                                checkpoints_come_by_the_clock,
                                a_checkpoint_is_a_model,
                                the_log_has_rows_of_sizes,
                                rates_are_of_training_alone};
  TCase *files = tcase_create("files");
  tcase_add_checked_fixture(files, open_all, close_all);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; ++i) {
    tcase_add_test(files, tests[i]);
  }
  return run_case("run_files", files);
}
