#include "comma_locale.h"
#include "suite.h"
#include "trainer_fixture.h"

#include <fenv.h>
#include <jansson.h>
#include <math.h>

static void expect_create_fails(lat_status status, const char *message) {
  trainer = (lat_trainer *)(uintptr_t)1;
  CHECK_FAILS(lat_trainer_create(&trainer, run.model, &optimizer, &options), status, message);
  ck_assert_ptr_null(trainer);
}

static void expect_resume_fails(lat_status status, const char *message) {
  trainer = (lat_trainer *)(uintptr_t)1;
  CHECK_FAILS(lat_trainer_resume(&trainer, run.model, &optimizer, &options), status, message);
  ck_assert_ptr_null(trainer);
}

START_TEST(bad_options_are_refused) {
  const lat_trainer_options good = options;
  options.batch_size = 0;
  expect_create_fails(LAT_ERROR_ARGUMENT, "batch_size 0 is outside");
  options = good;
  options.accumulation = -1;
  expect_create_fails(LAT_ERROR_ARGUMENT, "accumulation -1 is outside");
  options = good;
  options.report_every = 0;
  expect_create_fails(LAT_ERROR_ARGUMENT, "report_every 0 is outside");
  options = good;
  options.until_exact = 101;
  expect_create_fails(LAT_ERROR_ARGUMENT, "until_exact 101 is outside");
  options = good;
  options.until_exact = 50;
  options.validate_every = 0;
  expect_create_fails(LAT_ERROR_ARGUMENT, "need validate_every > 0");
  options = good;
  options.max_examples = 0;
  expect_create_fails(LAT_ERROR_ARGUMENT, "would never end");
  options = good;
  options.repeat_share = 0.5;
  expect_create_fails(LAT_ERROR_ARGUMENT, "repeat_share 0.5 needs repeat_count");
  options = good;
  options.directory = "";
  expect_create_fails(LAT_ERROR_ARGUMENT, "empty string");
  options = good;
  optimizer.rule = "none";
  expect_create_fails(LAT_ERROR_NOT_FOUND, "no rule");
  ck_assert_int_eq(scratch_count(folder.path), 0);
}
END_TEST

START_TEST(null_handles_are_refused) {
  CHECK_FAILS(lat_trainer_create(NULL, run.model, NULL, &options), LAT_ERROR_ARGUMENT, "out");
  CHECK_FAILS(lat_trainer_create(&trainer, NULL, NULL, &options), LAT_ERROR_ARGUMENT, "model");
  CHECK_FAILS(lat_trainer_run(NULL), LAT_ERROR_ARGUMENT, "trainer is NULL");
  CHECK_FAILS(lat_trainer_checkpoint(NULL), LAT_ERROR_ARGUMENT, "trainer is NULL");
  lat_trainer_free(NULL);
  lat_trainer_progress(NULL, NULL);
  CHECK_OK(lat_model_freeze(run.model));
  expect_create_fails(LAT_ERROR_STATE, "frozen");
}
END_TEST

START_TEST(without_a_directory_nothing_is_written) {
  options.directory = NULL;
  create_and_run();
  CHECK_FAILS(lat_trainer_checkpoint(trainer), LAT_ERROR_STATE, "no directory");
  lat_trainer_free(trainer);
  expect_resume_fails(LAT_ERROR_ARGUMENT, "directory is NULL");
  ck_assert_int_eq(scratch_count(folder.path), 0);
}
END_TEST

START_TEST(an_existing_run_is_not_overwritten) {
  const char *const names[] = {"checkpoint.safetensors", "model.safetensors", "log.jsonl"};
  char path[256];
  scratch_file(directory, &folder, "second");
  ck_assert_int_eq(mkdir(directory, 0755), 0);
  for (int i = 0; i < 3; ++i) {
    write_bytes(in_run(path, names[i]), "x", 1);
    expect_create_fails(LAT_ERROR_STATE, names[i]);
    ck_assert_ptr_nonnull(strstr(lat_last_error(), "already holds a run"));
    ck_assert_int_eq(remove(path), 0);
  }
  write_bytes(in_run(path, "other"), "x", 1);
  create_and_run();
  lat_trainer_free(trainer);
  expect_create_fails(LAT_ERROR_STATE, "already holds a run");
}
END_TEST

START_TEST(one_run_has_the_folder_at_a_time) {
  lat_trainer *other = NULL;
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  CHECK_FAILS(lat_trainer_resume(&other, run.model, &optimizer, &options), LAT_ERROR_STATE,
              "another run has it open");
  lat_trainer_free(trainer);
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
}
END_TEST

START_TEST(nothing_to_resume_is_an_error) {
  expect_resume_fails(LAT_ERROR_IO, "checkpoint.safetensors: cannot find the run's checkpoint");
  ck_assert_int_eq(scratch_count(folder.path), 0);
}
END_TEST

/* 40 updates of 12 examples: reports every 7 updates, validations past multiples of 150. */
START_TEST(the_log_says_what_was_due) {
  const int updates[] = {7, 13, 14, 21, 25, 28, 35, 38, 40};
  const int validated[] = {0, 1, 0, 0, 1, 0, 0, 1, 1};
  char path[256];
  double before = 0;
  create_and_run();
  file_bytes log = read_bytes(in_run(path, "log.jsonl"));
  char *line = strtok(log.data, "\n");
  for (int i = 0; i < 9; ++i, line = strtok(NULL, "\n")) {
    ck_assert_ptr_nonnull(line);
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(object != NULL, "%s", line);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "updates")), updates[i]);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "examples")), 12 * updates[i]);
    const double loss = json_real_value(json_object_get(object, "loss"));
    ck_assert(loss > 0.5 && loss < 10);
    ck_assert(json_real_value(json_object_get(object, "learning_rate")) > 0);
    ck_assert(json_real_value(json_object_get(object, "gradient_norm")) > 0);
    ck_assert_int_eq(json_is_real(json_object_get(object, "accuracy")), validated[i]);
    ck_assert_int_eq(json_is_real(json_object_get(object, "exact")), validated[i]);
    ck_assert(json_real_value(json_object_get(object, "seconds")) >= before);
    before = json_real_value(json_object_get(object, "seconds"));
    json_decref(object);
  }
  ck_assert_ptr_null(line);
  free(log.data);
}
END_TEST

START_TEST(a_finished_run_resumes_to_itself) {
  char path[256], copy[256];
  create_and_run();
  lat_trainer_free(trainer);
  file_bytes log = read_bytes(in_run(path, "log.jsonl"));
  file_bytes saved = read_bytes(in_run(path, "checkpoint.safetensors"));
  write_bytes(scratch_file(copy, &folder, "copy"), saved.data, saved.size);
  write_bytes(in_run(path, "checkpoint.safetensors.123-0.tmp"), "x", 1); /* of a killed write */
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  lat_progress progress;
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  ck_assert_int_eq(progress.examples, 480);
  ck_assert_int_eq(progress.updates, 40);
  ck_assert(progress.accuracy >= 0 && progress.exact >= 0);
  CHECK_OK(lat_trainer_run(trainer));
  ck_assert(same_bytes(copy, in_run(path, "checkpoint.safetensors")));
  file_bytes again = read_bytes(in_run(path, "log.jsonl"));
  ck_assert_str_eq(again.data, log.data);
  ck_assert_int_eq(scratch_count(directory), 3);
  free(again.data);
  free(saved.data);
  free(log.data);
}
END_TEST

START_TEST(a_torn_line_is_cut_off_the_log) {
  char path[256];
  create_and_run();
  lat_trainer_free(trainer);
  file_bytes log = read_bytes(in_run(path, "log.jsonl"));
  FILE *file = fopen(path, "ab");
  fputs("{\"examples\":490,\"seconds\":1.0}\n{\"exam", file);
  fclose(file);
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  file_bytes again = read_bytes(path);
  ck_assert_str_eq(again.data, log.data);
  free(again.data);
  free(log.data);
}
END_TEST

START_TEST(a_resumed_run_must_share_its_options) {
  create_and_run();
  lat_trainer_free(trainer);
  const lat_trainer_options good = options;
  const lat_optimizer_options good_optimizer = optimizer;
  options.batch_size = 7;
  expect_resume_fails(LAT_ERROR_ARGUMENT, "trainer.batch_size 7 differs from the run's 6");
  options = good;
  options.accumulation = 1;
  expect_resume_fails(LAT_ERROR_ARGUMENT, "trainer.accumulation 1 differs from the run's 2");
  options = good;
  options.seed = 4;
  expect_resume_fails(LAT_ERROR_ARGUMENT, "trainer.seed 4 differs from the run's 3");
  options = good;
  options.repeat_count = 9;
  expect_resume_fails(LAT_ERROR_ARGUMENT, "trainer.repeat_count 9 differs");
  options = good;
  optimizer.rule = "adamw";
  expect_resume_fails(LAT_ERROR_ARGUMENT,
                      "optimizer.rule \"adamw\" differs from the run's \"adam\"");
  optimizer = good_optimizer;
  optimizer.warmup = 11;
  expect_resume_fails(LAT_ERROR_ARGUMENT, "optimizer.warmup 11 differs from the run's 10");
  optimizer = good_optimizer;
  options.max_examples = 492; /* limits, goals, intervals and callbacks may differ */
  options.max_seconds = 100;
  options.until_accuracy = 100;
  options.validate_every = 100;
  options.validate_count = 10;
  options.checkpoint_every = 0;
  options.report_every = 1;
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
}
END_TEST

/* Makes the checkpoint one of a version that knew no `name`, the last of its part's members. */
static void forget_option(const char *name) {
  char path[256];
  file_bytes file = read_bytes(in_run(path, "checkpoint.safetensors"));
  const size_t length = strlen(name);
  int found = 0;
  for (size_t i = 1; i + length < file.size; ++i) {
    if (memcmp(file.data + i, name, length) == 0) {
      char *begin = file.data + i;
      while (*begin != ',') {
        --begin;
      }
      for (; *begin != '}'; ++begin) {
        *begin = ' ';
      }
      ++found;
    }
  }
  ck_assert_int_gt(found, 0);
  FILE *out = fopen(path, "wb");
  ck_assert_uint_eq(fwrite(file.data, 1, file.size, out), file.size);
  fclose(out);
  free(file.data);
}

START_TEST(an_option_newer_than_the_checkpoint_has_its_default_there) {
  create_and_run();
  lat_trainer_free(trainer);
  forget_option("sign_bias");
  const lat_trainer_options good = options;
  options.sign_bias = 0.25;
  expect_resume_fails(LAT_ERROR_ARGUMENT, "trainer.sign_bias 0.25 differs from the run's 0");
  options = good;
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
}
END_TEST

START_TEST(a_resumed_run_must_share_its_model) {
  create_and_run();
  lat_trainer_free(trainer);
  small_run kept = run;
  lat_model_options model;
  small_run_model_options(&model);
  model.decoder_layers = 2;
  small_run_open_with(&run, 1, &model);
  expect_resume_fails(LAT_ERROR_ARGUMENT, "model.decoder_layers 2 differs from the run's 1");
  small_run_close(&run);
  run = kept;
}
END_TEST

/* A checkpoint whose bytes were tampered with; `find` becomes `replace`, of the same length. */
static void expect_tampered(const char *find, const char *replace, size_t length, lat_status status,
                            const char *message) {
  char path[256];
  file_bytes bytes = read_bytes(in_run(path, "checkpoint.safetensors"));
  char *at = memmem(bytes.data, bytes.size, find, length);
  ck_assert_msg(at != NULL, "%s", find);
  memcpy(at, replace, length);
  write_bytes(path, bytes.data, bytes.size);
  expect_resume_fails(status, message);
  memcpy(at, find, length);
  write_bytes(path, bytes.data, bytes.size);
  free(bytes.data);
}

START_TEST(a_broken_checkpoint_leaves_the_model_alone) {
  char path[256];
  create_and_run();
  lat_trainer_free(trainer);
  const size_t size = lat_model_parameter_count(run.model) * sizeof(float);
  float *before = malloc(size);
  memcpy(before, lat_model_parameters(run.model), size);
#define TAMPER(find, replace, status, message)                                                     \
  expect_tampered((find), (replace), sizeof(find) - 1, (status), (message))
  TAMPER("\"lat.checkpoint\"", "\"lat.checkpaint\"", LAT_ERROR_FORMAT, "lat.checkpoint: missing");
  TAMPER("\"lat.config\"", "\"lat.canfig\"", LAT_ERROR_FORMAT, "lat.config: missing");
  TAMPER("\\\"state\\\"", "\\\"stale\\\"", LAT_ERROR_FORMAT, "the state lacks a member");
  TAMPER("{\\\"examples\\\":480,\\\"updates", "{\\\"examples\\\":481,\\\"updates", LAT_ERROR_FORMAT,
         "481 examples");
  TAMPER("\\\"format\\\":1", "\\\"format\\\":2", LAT_ERROR_ARGUMENT, "format 1 differs");
  TAMPER("\"optimizer.m.", "\"optimizer.q.", LAT_ERROR_FORMAT, "there is no tensor optimizer.m.");
  TAMPER("\"F32\"", "\"F16\"", LAT_ERROR_FORMAT, "data_offsets do not fit the shape");
#undef TAMPER
  file_bytes bytes = read_bytes(in_run(path, "checkpoint.safetensors"));
  const float infinite = INFINITY;
  memcpy(bytes.data + bytes.size - 4, &infinite, 4);
  write_bytes(path, bytes.data, bytes.size);
  expect_resume_fails(LAT_ERROR_FORMAT, "the second moments hold a value that is not finite");
  write_bytes(path, bytes.data, bytes.size / 2);
  expect_resume_fails(LAT_ERROR_FORMAT, "within the file");
  ck_assert_mem_eq(before, lat_model_parameters(run.model), size);
  free(bytes.data);
  free(before);
}
END_TEST

START_TEST(a_model_carries_its_provenance) {
  char path[256];
  lat_model *loaded = NULL;
  create_and_run();
  CHECK_OK(lat_model_load(&loaded, run.ctx, in_run(path, "model.safetensors"), NULL));
  json_t *config = json_loads(lat_model_config(loaded), 0, NULL);
  const json_t *training = json_object_get(config, "training");
  ck_assert_int_eq(json_integer_value(json_object_get(training, "examples")), 480);
  ck_assert_int_eq(json_integer_value(json_object_get(training, "updates")), 40);
  const json_t *rule = json_object_get(json_object_get(training, "optimizer"), "rule");
  ck_assert_str_eq(json_string_value(rule), "adam");
  ck_assert(json_is_real(json_object_get(json_object_get(training, "validation"), "exact")));
  ck_assert_mem_eq(lat_model_parameters(loaded), lat_model_parameters(run.model),
                   lat_model_parameter_count(loaded) * sizeof(float));
  json_decref(config);
  lat_model_free(loaded);
}
END_TEST

static int file_has(const char *name, const char *text) {
  char path[256];
  file_bytes file = read_bytes(in_run(path, name));
  const int found = memmem(file.data, file.size, text, strlen(text)) != NULL;
  free(file.data);
  return found;
}

/* True when the checkpoint holds the first tensor of these parameters. */
static int checkpoint_holds(const float *parameters) {
  char path[256];
  lat_tensor tensor;
  lat_tensor_init(&tensor);
  CHECK_OK(lat_model_tensor(&tensor, run.model, 0));
  file_bytes file = read_bytes(in_run(path, "checkpoint.safetensors"));
  const int found = memmem(file.data, file.size, parameters + tensor.offset,
                           tensor.size * sizeof *parameters) != NULL;
  free(file.data);
  return found;
}

/* The model's file, and the model outside a run, are the average; the checkpoint keeps both. The
 * parameters of training are those of a run without an average. */
START_TEST(an_average_is_what_is_saved) {
  char path[256];
  lat_model *loaded = NULL;
  const size_t size = lat_model_parameter_count(run.model) * sizeof(float);
  float *trained = malloc(size), *average = malloc(size);
  options.directory = NULL;
  create_and_run();
  memcpy(trained, lat_model_parameters(run.model), size);
  lat_trainer_free(trainer);
  small_run_close(&run);
  small_run_open(&run, 1);
  options.directory = directory;
  optimizer.ema_decay = 0.9;
  create_and_run();
  memcpy(average, lat_model_parameters(run.model), size);
  ck_assert(checkpoint_holds(trained) && checkpoint_holds(average));
  CHECK_OK(lat_trainer_checkpoint(trainer));
  ck_assert(checkpoint_holds(trained) && checkpoint_holds(average));
  ck_assert_mem_eq(average, lat_model_parameters(run.model), size);
  ck_assert_mem_ne(average, trained, size);
  CHECK_OK(lat_model_load(&loaded, run.ctx, in_run(path, "model.safetensors"), NULL));
  ck_assert_mem_eq(average, lat_model_parameters(loaded), size);
  lat_trainer_free(trainer);
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  ck_assert_mem_eq(average, lat_model_parameters(run.model), size);
  lat_model_free(loaded);
  free(trained);
  free(average);
}
END_TEST

/* Without the option, files are those of versions that did not have it; they resume without it. */
START_TEST(no_average_leaves_no_trace) {
  create_and_run();
  lat_trainer_free(trainer);
  ck_assert(!file_has("checkpoint.safetensors", "ema_decay"));
  ck_assert(!file_has("checkpoint.safetensors", "optimizer.average"));
  ck_assert(file_has("checkpoint.safetensors", "sign_bias"));
  optimizer.ema_decay = 0.5;
  expect_resume_fails(LAT_ERROR_ARGUMENT, "optimizer.ema_decay 0.5 differs from the run's (none)");
  optimizer.ema_decay = 0;
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  lat_trainer_free(trainer);
  trainer = NULL;
}
END_TEST

/* The small run on sizes 1 and 2. */
static void open_sizes(void) {
  lat_model_options model;
  lat_task_options task;
  small_run_model_options(&model);
  lat_task_options_init(&task);
  task.min_size = 1;
  task.max_size = 2;
  lat_task_free(run.task);
  lat_model_free(run.model);
  run.task = NULL;
  run.model = NULL;
  CHECK_OK(lat_task_create(&run.task, run.ctx, &task));
  CHECK_OK(lat_model_create(&run.model, run.task, run.tokenizer, &model));
}

/* Sizes that change in the middle of the run, which is resumed there. The text is the caller's. */
START_TEST(a_curriculum_goes_on_where_it_stood) {
  char path[256], other[256], text[] = "1@0;2@300";
  open_sizes();
  options.size_weights = text;
  create_and_run();
  lat_trainer_free(trainer);
  scratch_file(directory, &folder, "second");
  open_sizes();
  options.directory = directory;
  options.max_examples = 240;
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  text[0] = 'x';
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
  options.size_weights = "1@0;2@301";
  expect_resume_fails(LAT_ERROR_ARGUMENT,
                      "trainer.size_weights \"1@0;2@301\" differs from the run's \"1@0;2@300\"");
  options.size_weights = "1@0;2@300";
  options.max_examples = 480;
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  scratch_file(other, &folder, "runs/first/checkpoint.safetensors");
  ck_assert(same_bytes(other, in_run(path, "checkpoint.safetensors")));
  lat_trainer_free(trainer);
  options.size_weights = "3";
  scratch_file(directory, &folder, "third");
  expect_create_fails(LAT_ERROR_ARGUMENT, "size_weights: '3' is none of the task's sizes");
}
END_TEST

static double loss_with_spread(double spread, int64_t examples) {
  lat_progress progress;
  small_run kept = run;
  options.directory = NULL;
  options.max_examples = 12;
  options.target_spread = spread;
  options.target_spread_examples = examples;
  CHECK_OK(lat_tokenizer_create(&run.tokenizer, run.ctx, NULL)); /* p1000 */
  lat_model_options model;
  small_run_model_options(&model);
  CHECK_OK(lat_model_create(&run.model, run.task, run.tokenizer, &model));
  create_and_run();
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  lat_trainer_free(trainer);
  trainer = NULL;
  lat_model_free(run.model);
  lat_tokenizer_free(run.tokenizer);
  run = kept;
  return progress.loss;
}

/* The loss of the first update is with the whole width; p10 has none. */
START_TEST(spread_targets_are_trained_on) {
  const double none = loss_with_spread(0, 0), some = loss_with_spread(5, 0);
  ck_assert_double_ne(none, some);
  ck_assert_double_eq(loss_with_spread(5, 1000), some);
  options.target_spread = 1;
  expect_create_fails(LAT_ERROR_ARGUMENT, "encoding p10 has several");
  options.target_spread = 101;
  expect_create_fails(LAT_ERROR_ARGUMENT, "target_spread 101 is outside");
}
END_TEST

START_TEST(numbers_that_blow_up_stop_the_run) {
  float *parameters = NULL;
  char path[256], copy[256];
  CHECK_OK(lat_model_map(&parameters, run.model));
  for (size_t i = 0; i < lat_model_parameter_count(run.model); ++i) {
    parameters[i] = i % 2 ? 1e38F : -1e38F;
  }
  CHECK_OK(lat_model_commit(run.model));
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  file_bytes saved = read_bytes(in_run(path, "checkpoint.safetensors"));
  write_bytes(scratch_file(copy, &folder, "copy"), saved.data, saved.size);
  for (int i = 0; i < 2; ++i) {
    CHECK_FAILS(lat_trainer_run(trainer), LAT_ERROR_NUMERIC, "finite");
    ck_assert(same_bytes(copy, path));
  }
  free(saved.data);
}
END_TEST

START_TEST(time_is_a_limit) {
  options.max_examples = 0;
  options.max_seconds = 0.2;
  create_and_run();
  lat_progress progress;
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  ck_assert(progress.examples > 0 && progress.seconds > 0.01 && progress.seconds < 20);
  ck_assert_int_eq(progress.checkpointed, 1);
  ck_assert(isfinite(progress.accuracy));
}
END_TEST

/* Accumulated halves make the whole batch, within the rounding of sums in another order. */
START_TEST(accumulation_is_a_larger_batch) {
  const size_t count = lat_model_parameter_count(run.model);
  lat_model *twin = NULL;
  lat_trainer *whole = NULL;
  options.directory = NULL;
  options.max_examples = 36;
  options.validate_every = 0;
  CHECK_OK(lat_model_clone(&twin, run.model));
  create_and_run();
  options.batch_size = 12;
  options.accumulation = 1;
  CHECK_OK(lat_trainer_create(&whole, twin, &optimizer, &options));
  CHECK_OK(lat_trainer_run(whole));
  double worst = 0;
  for (size_t i = 0; i < count; ++i) {
    const double a = (double)lat_model_parameters(run.model)[i];
    worst = fmax(worst, fabs(a - (double)lat_model_parameters(twin)[i]));
  }
  ck_assert_double_lt(worst, 2e-5);
  lat_trainer_free(whole);
  lat_model_free(twin);
}
END_TEST

/* What the host set stays set in its callback, and does not change the run. */
static int32_t expect_upward(const lat_progress *progress, void *user) {
  (void)progress;
  ++*(int *)user;
  return fegetround() == FE_UPWARD ? 0 : 1;
}

START_TEST(the_hosts_rounding_and_locale_stay_out) {
  char path[256], copy[256];
  int calls = 0;
  create_and_run();
  lat_trainer_free(trainer);
  file_bytes saved = read_bytes(in_run(path, "checkpoint.safetensors"));
  write_bytes(scratch_file(copy, &folder, "copy"), saved.data, saved.size);
  free(saved.data);
  small_run_close(&run);
  small_run_open(&run, 1);
  options.directory = scratch_file(directory, &folder, "upward");
  options.progress = expect_upward;
  options.user = &calls;
  const int comma = comma_locale_enter();
  fesetround(FE_UPWARD);
  create_and_run();
  ck_assert_int_eq(fegetround(), FE_UPWARD);
  fesetround(FE_TONEAREST);
  if (comma) {
    comma_locale_leave();
  }
  ck_assert_int_gt(calls, 0);
  ck_assert(same_bytes(copy, in_run(path, "checkpoint.safetensors")));
}
END_TEST

int main(void) {
  const TTest *const tests[] = {bad_options_are_refused,
                                null_handles_are_refused,
                                without_a_directory_nothing_is_written,
                                an_existing_run_is_not_overwritten,
                                one_run_has_the_folder_at_a_time,
                                nothing_to_resume_is_an_error,
                                the_log_says_what_was_due,
                                a_finished_run_resumes_to_itself,
                                a_torn_line_is_cut_off_the_log,
                                a_resumed_run_must_share_its_options,
                                an_option_newer_than_the_checkpoint_has_its_default_there,
                                a_resumed_run_must_share_its_model,
                                a_broken_checkpoint_leaves_the_model_alone,
                                a_model_carries_its_provenance,
                                an_average_is_what_is_saved,
                                no_average_leaves_no_trace,
                                a_curriculum_goes_on_where_it_stood,
                                spread_targets_are_trained_on,
                                numbers_that_blow_up_stop_the_run,
                                time_is_a_limit,
                                accumulation_is_a_larger_batch,
                                the_hosts_rounding_and_locale_stay_out};
  TCase *runs = tcase_create("runs");
  tcase_add_checked_fixture(runs, open_all, close_all);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; ++i) {
    tcase_add_test(runs, tests[i]);
  }
  return run_case("trainer", runs);
}
