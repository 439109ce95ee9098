/* The checkpoint of a trainer's run: model and optimizer (train/optimizer_file.h), with state and
 * identity of the run as their "lat.checkpoint". */
#include "train/optimizer_file.h"
#include "train/run_directory.h"
#include "train/trainer_impl.h"
#include "transformer/transformer.h"

#include <math.h>
#include <string.h>

static lat_status no_memory(void) {
  return lati_fail(LAT_ERROR_MEMORY, "no memory for the checkpoint's metadata");
}

/* NULL before the first validation, and when there is no memory. */
static json_t *validation_json(const lati_validation *validation) {
  if (validation->examples < 0) {
    return json_null();
  }
  return json_pack("{s:I, s:f, s:f}", "examples", (json_int_t)validation->examples, "accuracy",
                   validation->accuracy, "exact", validation->exact);
}

/* Where the model comes from: the run's options, how far it went, what it reached. */
static lat_status set_provenance(const lat_trainer *trainer) {
  json_t *training = json_deep_copy(trainer->identity);
  json_t *progress = json_pack(
      "{s:I, s:I, s:I, s:o}", "examples", (json_int_t)trainer->state.examples, "updates",
      (json_int_t)trainer->optimizer->updates, "tokens", (json_int_t)trainer->state.tokens,
      "validation", validation_json(&trainer->state.validation));
  lat_status status = LAT_OK;
  if (training == NULL || progress == NULL || json_object_update(training, progress) != 0 ||
      json_object_del(training, "format") != 0) {
    status = no_memory();
  } else {
    status = lati_model_set_training(trainer->model, training);
  }
  json_decref(progress);
  json_decref(training);
  return status;
}

static json_t *state_json(const lat_trainer *trainer) {
  const lati_run_state *state = &trainer->state;
  return json_pack(
      "{s:I, s:I, s:I, s:f, s:f, s:I, s:o}", "examples", (json_int_t)state->examples, "updates",
      (json_int_t)trainer->optimizer->updates, "tokens", (json_int_t)state->tokens, "gradient_norm",
      trainer->optimizer->gradient_norm, "report_loss", state->report_loss, "report_tokens",
      (json_int_t)state->report_tokens, "validation", validation_json(&state->validation));
}

static lat_status write_checkpoint(const lat_trainer *trainer) {
  json_t *checkpoint =
      json_pack("{s:o, s:O}", "state", state_json(trainer), "identity", trainer->identity);
  const lat_status status = lati_optimizer_file_write(trainer->optimizer, trainer->model,
                                                      trainer->checkpoint_path, checkpoint);
  json_decref(checkpoint);
  return status;
}

/* What is used is the average, where there is one. */
static lat_status write_model(lat_trainer *trainer, const char *path) {
  const int shown = lati_average_show(trainer->optimizer, trainer->model, 1);
  const lat_status status = lat_model_save(trainer->model, path);
  lati_average_show(trainer->optimizer, trainer->model, shown);
  return status;
}

lat_status lati_checkpoint_save(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  LATI_TRY(set_provenance(trainer));
  if (trainer->directory != NULL) {
    if (trainer->state.examples > 0) {
      LATI_TRY(write_model(trainer, trainer->model_path));
    }
    LATI_TRY(write_checkpoint(trainer));
    if (trainer->options.keep_checkpoints > 0 && trainer->state.examples > 0) {
      LATI_TRY(lati_run_keep(trainer->ctx, trainer->directory, trainer->checkpoint_path,
                             trainer->state.examples, trainer->options.keep_checkpoints));
    }
    lati_log(trainer->ctx, LAT_LOG_DEBUG, "%s: written at example %lld", trainer->checkpoint_path,
             (long long)trainer->state.examples);
  }
  trainer->unsaved = 0;
done:
  lati_moments_close(trainer->optimizer);
  return status;
}

lat_status lati_best_save(lat_trainer *trainer) {
  const lat_status status = set_provenance(trainer);
  return status == LAT_OK ? write_model(trainer, trainer->best_path) : status;
}

static int parse_validation(lati_validation *validation, json_t *value, json_error_t *error) {
  json_int_t examples = -1;
  *validation = (lati_validation){.examples = -1, .accuracy = NAN, .exact = NAN};
  if (json_is_null(value)) {
    return 1;
  }
  if (json_unpack_ex(value, error, 0, "{s:I, s:F, s:F}", "examples", &examples, "accuracy",
                     &validation->accuracy, "exact", &validation->exact) != 0) {
    return 0;
  }
  validation->examples = (int64_t)examples;
  return 1;
}

lat_status lati_best_load(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  lati_safetensors *file = NULL;
  json_t *config = NULL;
  json_error_t error = {0};
  if (!lati_run_has(trainer->best_path)) {
    return LAT_OK;
  }
  LATI_TRY(lati_safetensors_open(&file, trainer->ctx, trainer->best_path));
  LATI_TRY(lati_optimizer_file_text(&config, trainer->ctx, file, trainer->best_path, "lat.config"));
  json_t *validation = json_object_get(json_object_get(config, "training"), "validation");
  if (validation == NULL || !parse_validation(&trainer->best, validation, &error)) {
    status = json_error_code(&error) == json_error_out_of_memory
                 ? no_memory()
                 : lati_fail(LAT_ERROR_FORMAT, "%s: metadata lat.config: no validation in it",
                             trainer->best_path);
  }
done:
  json_decref(config);
  lati_safetensors_close(file);
  return status;
}

static lat_status parse_state(lat_trainer *trainer, json_t *checkpoint) {
  lati_run_state *state = &trainer->state;
  json_int_t examples = -1, updates = -1, tokens = -1, report_tokens = -1;
  json_t *validation = NULL;
  json_error_t error = {0};
  double norm = 0;
  const int64_t per_update = (int64_t)trainer->options.batch_size * trainer->options.accumulation;
  if (json_unpack_ex(checkpoint, &error, 0, "{s:{s:I, s:I, s:I, s:F, s:F, s:I, s:o}}", "state",
                     "examples", &examples, "updates", &updates, "tokens", &tokens, "gradient_norm",
                     &norm, "report_loss", &state->report_loss, "report_tokens", &report_tokens,
                     "validation", &validation) != 0 ||
      !parse_validation(&state->validation, validation, &error)) {
    if (json_error_code(&error) == json_error_out_of_memory) {
      return no_memory();
    }
    return lati_fail(LAT_ERROR_FORMAT, "%s: metadata lat.checkpoint: the state lacks a member",
                     trainer->checkpoint_path);
  }
  if (updates < 0 || updates > INT64_MAX / per_update || examples != updates * per_update ||
      tokens < 0 || report_tokens < 0 || report_tokens > tokens) {
    return lati_fail(
        LAT_ERROR_FORMAT,
        "%s: metadata lat.checkpoint: %lld examples, %lld updates and %lld tokens do not "
        "belong together",
        trainer->checkpoint_path, (long long)examples, (long long)updates, (long long)tokens);
  }
  state->examples = (int64_t)examples;
  state->tokens = (int64_t)tokens;
  state->report_tokens = (int64_t)report_tokens;
  trainer->optimizer->updates = (int64_t)updates;
  trainer->optimizer->gradient_norm = norm;
  return LAT_OK;
}

lat_status lati_checkpoint_load(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  lati_safetensors *file = NULL;
  json_t *checkpoint = NULL;
  LATI_TRY(lati_safetensors_open(&file, trainer->ctx, trainer->checkpoint_path));
  LATI_TRY(lati_optimizer_file_text(&checkpoint, trainer->ctx, file, trainer->checkpoint_path,
                                    "lat.checkpoint"));
  LATI_TRY(lati_optimizer_file_compare(trainer->model, file, trainer->checkpoint_path));
  LATI_TRY(lati_run_compare(trainer->identity, json_object_get(checkpoint, "identity")));
  LATI_TRY(parse_state(trainer, checkpoint));
  LATI_TRY(
      lati_optimizer_file_read(trainer->optimizer, trainer->model, file, trainer->checkpoint_path));
  lati_trainer_seek(trainer);
done:
  json_decref(checkpoint);
  lati_safetensors_close(file);
  return status;
}
