#include "base/floating.h"
#include "train/ranks.h"
#include "train/run_directory.h"
#include "train/trainer_impl.h"
#include "transformer/transformer.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* Largest integer that a double, which the table's ranges are, holds exactly. */
#define MAX_COUNT 9007199254740992.0
#define MAX_SEED 18446744073709551615.0

static const char model_name[] = "model.safetensors";
static const char checkpoint_name[] = "checkpoint.safetensors";
static const char best_name[] = "best.safetensors";

static const lati_field trainer_fields[] = {
    LATI_TEXT(lat_trainer_options, directory, NULL),
    LATI_NUMBER(lat_trainer_options, seed, LATI_FIELD_UINT64, 0, 0, MAX_SEED),
    LATI_NUMBER(lat_trainer_options, batch_size, LATI_FIELD_INT32, 64, 1, 65536),
    LATI_NUMBER(lat_trainer_options, accumulation, LATI_FIELD_INT32, 1, 1, 65536),
    LATI_NUMBER(lat_trainer_options, repeat_count, LATI_FIELD_INT64, 0, 0, MAX_COUNT),
    LATI_NUMBER(lat_trainer_options, repeat_share, LATI_FIELD_DOUBLE, 0, 0, 1),
    LATI_NUMBER(lat_trainer_options, sign_bias, LATI_FIELD_DOUBLE, 0, 0, 1),
    LATI_NUMBER(lat_trainer_options, max_examples, LATI_FIELD_INT64, 0, 0, MAX_COUNT),
    LATI_NUMBER(lat_trainer_options, max_seconds, LATI_FIELD_DOUBLE, 0, 0, 1e15),
    LATI_NUMBER(lat_trainer_options, until_exact, LATI_FIELD_DOUBLE, 0, 0, 100),
    LATI_NUMBER(lat_trainer_options, until_accuracy, LATI_FIELD_DOUBLE, 0, 0, 100),
    LATI_NUMBER(lat_trainer_options, validate_every, LATI_FIELD_INT64, 10000, 0, MAX_COUNT),
    LATI_NUMBER(lat_trainer_options, validate_count, LATI_FIELD_INT64, 1000, 1, 1e9),
    LATI_NUMBER(lat_trainer_options, checkpoint_every, LATI_FIELD_INT64, 100000, 0, MAX_COUNT),
    LATI_NUMBER(lat_trainer_options, report_every, LATI_FIELD_INT64, 100, 1, MAX_COUNT),
    LATI_POINTER(lat_trainer_options, progress),
    LATI_POINTER(lat_trainer_options, user),
    LATI_TEXT(lat_trainer_options, size_weights, NULL),
    LATI_TEXT(lat_trainer_options, task_weights, NULL),
    LATI_TEXT(lat_trainer_options, distribution_weights, NULL),
    LATI_ADDED_NUMBER(lat_trainer_options, target_spread, LATI_FIELD_DOUBLE, 0, 0, 100),
    LATI_ADDED_NUMBER(lat_trainer_options, target_spread_examples, LATI_FIELD_INT64, 0, 0,
                      MAX_COUNT),
    LATI_ADDED_NUMBER(lat_trainer_options, checkpoint_seconds, LATI_FIELD_DOUBLE, 0, 0, 1e15),
    LATI_ADDED_NUMBER(lat_trainer_options, keep_best, LATI_FIELD_INT32, 0, 0, 1),
    LATI_ADDED_NUMBER(lat_trainer_options, keep_checkpoints, LATI_FIELD_INT32, 0, 0, 1000000),
    LATI_ADDED_NUMBER(lat_trainer_options, patience, LATI_FIELD_INT32, 0, 0, 1000000),
    LATI_ADDED_NUMBER(lat_trainer_options, split_optimizer, LATI_FIELD_INT32, 0, 0, 1),
    LATI_ADDED_NUMBER(lat_trainer_options, rank, LATI_FIELD_INT32, 0, 0, LATI_MAX_RANKS),
    LATI_ADDED_NUMBER(lat_trainer_options, ranks, LATI_FIELD_INT32, 0, 0, LATI_MAX_RANKS),
    LATI_ADDED_NUMBER(lat_trainer_options, shards, LATI_FIELD_INT32, 0, 0, LATI_MAX_SHARDS),
    LATI_ADDED_NUMBER(lat_trainer_options, fast_reduce, LATI_FIELD_INT32, 0, 0, 1),
    LATI_POINTER(lat_trainer_options, reduce),
    LATI_POINTER(lat_trainer_options, agree),
    LATI_POINTER(lat_trainer_options, connection),
    LATI_POINTER(lat_trainer_options, source),
    LATI_POINTER(lat_trainer_options, validation_source),
    LATI_POINTER(lat_trainer_options, begin_reduce),
    LATI_FIELDS_END};

static const lati_field progress_fields[] = {LATI_FIELDS_END};

void lat_trainer_options_init_sized(lat_trainer_options *options, size_t size) {
  lati_options_init(options, size, trainer_fields, sizeof *options);
}

void lat_progress_init_sized(lat_progress *progress, size_t size) {
  lati_options_init(progress, size, progress_fields, sizeof *progress);
}

lat_status lati_trainer_options_json(json_t **out, const lat_trainer_options *options) {
  return lati_json_from_options(out, options, trainer_fields);
}

static lat_status check_options(const lat_trainer_options *to) {
  const int goal = to->until_exact > 0 || to->until_accuracy > 0;
  if ((goal || to->patience > 0) && to->validate_every == 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s validate_every > 0, not 0",
                     goal ? "until_exact and until_accuracy need" : "patience needs");
  }
  if (!goal && to->patience == 0 && to->max_examples == 0 && to->max_seconds == 0 &&
      to->progress == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "the run would never end: no limit, no goal, no progress callback");
  }
  if (to->repeat_share > 0 && to->repeat_count == 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "repeat_share %g needs repeat_count > 0, not 0",
                     to->repeat_share);
  }
  if (to->directory != NULL && to->directory[0] == '\0') {
    return lati_fail(LAT_ERROR_ARGUMENT, "directory is the empty string");
  }
  return lati_shards_check(to);
}

static lat_status name_files(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  const char *directory = trainer->options.directory;
  if (directory == NULL) {
    return LAT_OK;
  }
  if (trainer->options.rank > 0) { /* which knows no more than that there is one */
    trainer->options.directory = "";
    return LAT_OK;
  }
  LATI_TRY(LATI_NEW(trainer->directory, trainer->ctx, strlen(directory) + 1));
  memcpy(trainer->directory, directory, strlen(directory) + 1);
  trainer->options.directory = trainer->directory;
  LATI_TRY(lati_run_path(&trainer->model_path, trainer->ctx, directory, model_name));
  LATI_TRY(lati_run_path(&trainer->checkpoint_path, trainer->ctx, directory, checkpoint_name));
  LATI_TRY(lati_run_path(&trainer->best_path, trainer->ctx, directory, best_name));
  LATI_TRY(lati_run_path(&trainer->log_path, trainer->ctx, directory, "log.jsonl"));
done:
  return status;
}

/* The options' texts are the caller's; the trainer keeps its own. */
static lat_status copy_texts(lat_trainer *trainer) {
  const char **const texts[LATI_RUN_TEXTS] = {&trainer->options.size_weights,
                                              &trainer->options.task_weights,
                                              &trainer->options.distribution_weights};
  lat_status status = LAT_OK;
  for (int i = 0; i < LATI_RUN_TEXTS && status == LAT_OK; ++i) {
    if (*texts[i] != NULL) {
      const size_t size = strlen(*texts[i]) + 1;
      status = LATI_NEW(trainer->texts[i], trainer->ctx, size);
      if (status == LAT_OK) {
        memcpy(trainer->texts[i], *texts[i], size);
        *texts[i] = trainer->texts[i];
      }
    }
  }
  return status;
}

/* Of this rank's examples in every update. */
static lat_status create_sampler(lat_trainer *trainer) {
  const lat_trainer_options *options = &trainer->options;
  const lati_shards *shards = &trainer->shards;
  lat_sampler_options sampling;
  lat_sampler_options_init(&sampling);
  sampling.seed = options->seed;
  sampling.repeat_count = options->repeat_count;
  sampling.repeat_share = options->repeat_share;
  sampling.sign_bias = options->sign_bias;
  sampling.size_weights = options->size_weights;
  sampling.task_weights = options->task_weights;
  sampling.distribution_weights = options->distribution_weights;
  sampling.first = (uint64_t)lati_shard_example(shards, shards->first);
  sampling.block = lati_shards_own_examples(shards);
  sampling.stride = shards->examples;
  sampling.source = options->source;
  return lat_sampler_create(&trainer->sampler, trainer->model->task, trainer->model->tokenizer,
                            &sampling);
}

/* Which validations were due follows from the examples, across resumes. */
int64_t lati_trainer_since_best(const lat_trainer *trainer) {
  const int64_t every = trainer->options.validate_every;
  const int64_t examples = trainer->state.examples, best = trainer->best.examples;
  return every == 0 || best < 0 || best > examples ? 0 : examples / every - best / every;
}

void lati_trainer_take_stock(lat_trainer *trainer) {
  const lati_run_state *state = &trainer->state;
  lat_progress *progress = &trainer->progress;
  progress->examples = state->examples;
  progress->updates = trainer->optimizer->updates;
  progress->tokens = state->tokens;
  if (state->report_tokens > 0) {
    progress->loss = state->report_loss / (double)state->report_tokens;
  }
  progress->learning_rate = lat_optimizer_learning_rate(trainer->optimizer);
  progress->gradient_norm = trainer->optimizer->gradient_norm;
  progress->accuracy = state->validation.accuracy;
  progress->exact = state->validation.exact;
  progress->best_accuracy = trainer->best.accuracy;
  progress->best_exact = trainer->best.exact;
  progress->best_examples = trainer->best.examples;
  progress->since_best = lati_trainer_since_best(trainer);
}

static void reset_state(lat_trainer *trainer) {
  const lati_validation none = {.examples = -1, .accuracy = NAN, .exact = NAN};
  trainer->state.validation = trainer->best = none;
  trainer->unsaved = 1;
  trainer->logged_updates = -1;
  lat_progress_init(&trainer->progress);
}

/* What the ranks need to agree on anything else. */
static lat_status begin(lat_trainer **out, lat_model *model, const lat_trainer_options *options) {
  lat_status status = LAT_OK;
  lat_trainer *trainer = NULL;
  lat_trainer_options resolved;
  LATI_TRY(
      lati_options_read(&resolved, sizeof resolved, trainer_fields, options, "trainer options"));
  resolved.shards = resolved.shards > 1 ? resolved.shards : 0; /* alike in the run's identity */
  LATI_TRY(lati_ranks_check(&resolved));
  LATI_TRY(LATI_NEW(trainer, model->ctx, 1));
  trainer->ctx = lati_context_ref(model->ctx);
  trainer->model = lati_model_ref(model);
  trainer->options = resolved;
  reset_state(trainer);
  LATI_TRY(lati_ranks_create(trainer));
  *out = trainer;
  trainer = NULL;
done:
  lat_trainer_free(trainer);
  return status;
}

/* The run's objects, at its start; no file is touched. */
static lat_status create_parts(lat_trainer *trainer, const lat_optimizer_options *optimizer) {
  lat_status status = LAT_OK;
  lat_model *model = trainer->model;
  const lat_trainer_options *options = &trainer->options;
  LATI_TRY(check_options(options));
  LATI_TRY(copy_texts(trainer));
  LATI_TRY(name_files(trainer));
  const lati_update_share share = lati_ranks_share(trainer);
  LATI_TRY(lati_optimizer_create(&trainer->optimizer, model, optimizer, &share));
  LATI_TRY(lat_gradients_create(&trainer->gradients, model));
  LATI_TRY(lat_gradients_set_target_spread(trainer->gradients, options->target_spread));
  LATI_TRY(lati_shards_create(&trainer->shards, model, options, trainer->gradients));
  LATI_TRY(lati_ranks_stage(trainer));
  LATI_TRY(lat_batch_create(&trainer->batch, model->tokenizer));
  LATI_TRY(create_sampler(trainer));
  LATI_TRY(lati_run_identity(&trainer->identity, trainer));
done:
  return status;
}

/* The log's lock is what makes the folder this run's. */
static lat_status open_log(lat_trainer *trainer) {
  lat_status status = lati_run_log_open(&trainer->log, trainer->ctx, trainer->log_path);
  if (status == LAT_OK) {
    lati_run_remove_temporaries(trainer->directory, model_name);
    lati_run_remove_temporaries(trainer->directory, checkpoint_name);
    lati_run_remove_temporaries(trainer->directory, best_name);
  }
  return status;
}

/* A run's folder, with a checkpoint of its start before anything else, so that whatever is found
 * there can be resumed. */
static lat_status start_files(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  if (trainer->directory == NULL) {
    return LAT_OK;
  }
  LATI_TRY(lati_run_directory_make(trainer->ctx, trainer->directory));
  LATI_TRY(lati_run_require_absent(trainer->checkpoint_path));
  LATI_TRY(lati_run_require_absent(trainer->model_path));
  LATI_TRY(lati_run_require_absent(trainer->best_path));
  LATI_TRY(lati_run_require_absent(trainer->log_path));
  LATI_TRY(lati_moments_open(trainer->optimizer));
  LATI_TRY(lati_checkpoint_save(trainer));
  status = open_log(trainer);
  if (status != LAT_OK) {
    unlink(trainer->checkpoint_path); /* no run was begun, so that it can be tried again */
  }
done:
  return status;
}

static lat_status continue_files(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  int64_t last = -1;
  if (trainer->options.directory == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "directory is NULL: there is no run to resume");
  }
  if (trainer->directory == NULL) {
    return LAT_OK; /* rank 0 reads */
  }
  LATI_TRY(lati_run_require_present(trainer->checkpoint_path));
  LATI_TRY(open_log(trainer));
  LATI_TRY(lati_best_load(trainer));
  LATI_TRY(lati_checkpoint_load(trainer));
  LATI_TRY(lati_run_log_truncate(&last, trainer->log, trainer->state.examples));
  if (last == trainer->state.examples) {
    trainer->logged_updates = trainer->optimizer->updates;
  }
done:
  return status;
}

/* lat_trainer_create() and lat_trainer_resume() differ in what they do with the files. */
static lat_status create(lat_trainer **out, lat_model *model,
                         const lat_optimizer_options *optimizer, const lat_trainer_options *options,
                         lat_status (*prepare)(lat_trainer *trainer)) {
  lat_status status = LAT_OK;
  lat_trainer *trainer = NULL;
  lati_floating floating;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "model is NULL");
  }
  lati_floating_enter(&floating);
  LATI_TRY(begin(&trainer, model, options));
  LATI_TRY(lati_ranks_settle(trainer, create_parts(trainer, optimizer)));
  LATI_TRY(lati_ranks_compare(trainer, prepare == continue_files));
  LATI_TRY(lati_ranks_settle(trainer, prepare(trainer)));
  if (trainer->shards.ranks > 1) {
    LATI_TRY(lati_ranks_learn(trainer));
  }
  if (prepare == continue_files) {
    LATI_TRY(lati_ranks_follow_first(trainer));
  }
  lati_average_show(trainer->optimizer, trainer->model, 1);
  lati_trainer_take_stock(trainer);
  lati_log(trainer->ctx, LAT_LOG_INFO,
           "training from example %lld: %zu parameters, %d threads, kernels %s",
           (long long)trainer->state.examples, lat_model_parameter_count(model),
           (int)lat_context_threads(trainer->ctx), lat_context_kernels(trainer->ctx));
  *out = trainer;
  trainer = NULL;
done:
  lat_trainer_free(trainer);
  lati_floating_leave(&floating);
  return status;
}

lat_status lat_trainer_create(lat_trainer **out, lat_model *model,
                              const lat_optimizer_options *optimizer,
                              const lat_trainer_options *options) {
  return create(out, model, optimizer, options, start_files);
}

lat_status lat_trainer_resume(lat_trainer **out, lat_model *model,
                              const lat_optimizer_options *optimizer,
                              const lat_trainer_options *options) {
  return create(out, model, optimizer, options, continue_files);
}

void lat_trainer_free(lat_trainer *trainer) {
  if (trainer == NULL) {
    return;
  }
  lat_context *ctx = trainer->ctx;
  json_decref(trainer->groups);
  json_decref(trainer->identity);
  lati_run_log_close(trainer->log);
  lat_sampler_free(trainer->sampler);
  lat_batch_free(trainer->batch);
  lati_shards_clear(&trainer->shards);
  lati_ranks_clear(trainer);
  lat_gradients_free(trainer->gradients);
  lat_optimizer_free(trainer->optimizer);
  for (int i = 0; i < LATI_RUN_TEXTS; ++i) {
    lati_free(trainer->texts[i]);
  }
  lati_free(trainer->log_path);
  lati_free(trainer->best_path);
  lati_free(trainer->checkpoint_path);
  lati_free(trainer->model_path);
  lati_free(trainer->directory);
  lat_model_free(trainer->model);
  lati_free(trainer);
  lat_context_free(ctx);
}

void lat_trainer_progress(lat_progress *out, const lat_trainer *trainer) {
  if (out != NULL && trainer != NULL && out->struct_size > sizeof out->struct_size) {
    lati_options_store(out, &trainer->progress, sizeof trainer->progress);
  }
}

lat_status lat_trainer_checkpoint(lat_trainer *trainer) {
  if (trainer == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "trainer is NULL");
  }
  if (trainer->options.directory == NULL) {
    return lati_fail(LAT_ERROR_STATE, "the trainer has no directory to write to");
  }
  lati_floating floating;
  lati_floating_enter(&floating);
  lat_status status = lati_optimizer_check_whole(trainer->optimizer);
  if (status == LAT_OK) {
    status = lati_ranks_gather_moments(trainer);
  }
  if (status == LAT_OK) {
    status = lati_checkpoint_save(trainer);
  }
  lati_floating_leave(&floating);
  return status;
}
