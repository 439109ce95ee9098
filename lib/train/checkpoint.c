#include "base/text.h"
#include "compute/update.h"
#include "train/run_directory.h"
#include "train/trainer_impl.h"
#include "transformer/safetensors.h"
#include "transformer/transformer.h"

#include <math.h>
#include <string.h>

/* A checkpoint is a model file with more in it: the tensors of the model, "optimizer.m." and
 * "optimizer.v." before their names for the moments (Muon's matrices have no second),
 * "optimizer.average." for their moving average where there is one, and beside "lat.config" the
 * JSON text "lat.checkpoint": state and identity of the run. */

#define NAME_SIZE 96

typedef struct tensor_list {
  lati_tensor_view *views;
  char (*names)[NAME_SIZE];
  float **data; /* where each tensor is kept */
  int32_t count;
} tensor_list;

static void free_list(tensor_list *list) {
  lati_free(list->data);
  lati_free(list->names);
  lati_free(list->views);
}

static void add_tensor(tensor_list *list, const char *prefix, const lati_parameter *entry,
                       float *vector) {
  const int32_t at = list->count++;
  lati_format(list->names[at], NAME_SIZE, "%s%s", prefix, entry->name);
  list->data[at] = vector + entry->offset;
  list->views[at] = (lati_tensor_view){.name = list->names[at],
                                       .rank = entry->rank,
                                       .shape = {entry->shape[0], entry->shape[1]},
                                       .data = list->data[at]};
}

/* All tensors of a checkpoint; the model's own ones lie in `parameters`. */
static lat_status list_tensors(tensor_list *list, const lat_trainer *trainer, float *parameters) {
  const lati_parameter_table *table = &trainer->model->table;
  const lat_optimizer *optimizer = trainer->optimizer;
  const int32_t capacity = 4 * table->count;
  lat_status status = LAT_OK;
  *list = (tensor_list){0};
  LATI_TRY(LATI_NEW(list->views, trainer->ctx, capacity));
  LATI_TRY(LATI_NEW(list->names, trainer->ctx, capacity));
  LATI_TRY(LATI_NEW(list->data, trainer->ctx, capacity));
  for (int32_t i = 0; i < table->count; ++i) {
    add_tensor(list, "", &table->entries[i], parameters);
  }
  for (int32_t i = 0; i < table->count; ++i) {
    add_tensor(list, "optimizer.m.", &table->entries[i], optimizer->m);
  }
  for (int32_t i = 0; i < table->count; ++i) {
    if (optimizer->muon == NULL || !table->entries[i].hidden) {
      add_tensor(list, "optimizer.v.", &table->entries[i], optimizer->v);
    }
  }
  for (int32_t i = 0; i < table->count && optimizer->average != NULL; ++i) {
    add_tensor(list, "optimizer.average.", &table->entries[i], optimizer->average);
  }
done:
  return status;
}

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

/* The metadata's strings. */
static lat_status build_metadata(json_t **out, const lat_trainer *trainer) {
  json_t *checkpoint =
      json_pack("{s:o, s:O}", "state", state_json(trainer), "identity", trainer->identity);
  char *text = NULL;
  lat_status status = lati_json_text(&text, trainer->ctx, checkpoint,
                                     JSON_COMPACT | JSON_REAL_PRECISION(17), "lat.checkpoint");
  *out = NULL;
  if (status == LAT_OK) {
    *out = json_pack("{s:s, s:s}", "lat.config", lat_model_config(trainer->model), "lat.checkpoint",
                     text);
    status = *out != NULL ? LAT_OK : no_memory();
  }
  lati_free(text);
  json_decref(checkpoint);
  return status;
}

static lat_status write_checkpoint(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  tensor_list list = {0};
  json_t *metadata = NULL;
  const int shown = lati_average_show(trainer->optimizer, trainer->model, 0);
  LATI_TRY(build_metadata(&metadata, trainer));
  LATI_TRY(list_tensors(&list, trainer, trainer->model->parameters));
  LATI_TRY(lati_safetensors_write(trainer->ctx, trainer->checkpoint_path, list.views, list.count,
                                  metadata));
done:
  free_list(&list);
  json_decref(metadata);
  lati_average_show(trainer->optimizer, trainer->model, shown);
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
  return status;
}

lat_status lati_best_save(lat_trainer *trainer) {
  const lat_status status = set_provenance(trainer);
  return status == LAT_OK ? write_model(trainer, trainer->best_path) : status;
}

/* A JSON text of the metadata; FORMAT when absent or malformed. */
static lat_status load_text(json_t **out, const lat_trainer *trainer, const lati_safetensors *file,
                            const char *path, const char *key) {
  const char *text = lati_safetensors_metadata(file, key);
  json_t *object = NULL;
  *out = NULL;
  if (text == NULL) {
    return lati_fail(LAT_ERROR_FORMAT, "%s: metadata %s: missing", path, key);
  }
  const lat_status status = lati_json_read(&object, trainer->ctx, text, strlen(text));
  if (status != LAT_OK) {
    return lati_fail_prefix(status, "%s: metadata %s", path, key);
  }
  if (!json_is_object(object)) {
    json_decref(object);
    return lati_fail(LAT_ERROR_FORMAT, "%s: metadata %s: not a JSON object", path, key);
  }
  *out = object;
  return LAT_OK;
}

/* Model, task and tokenizer must be those of the run. */
static lat_status compare_config(const lat_trainer *trainer, const lati_safetensors *file) {
  lat_status status = LAT_OK;
  const char *config = lat_model_config(trainer->model);
  json_t *theirs = NULL, *ours = NULL;
  LATI_TRY(lati_json_read(&ours, trainer->ctx, config, strlen(config)));
  LATI_TRY(load_text(&theirs, trainer, file, trainer->checkpoint_path, "lat.config"));
  static const char *const passing[] = {"training", "library"};
  for (size_t i = 0; i < sizeof passing / sizeof *passing; ++i) {
    json_object_del(ours, passing[i]);
    json_object_del(theirs, passing[i]);
  }
  LATI_TRY(lati_run_compare(ours, theirs));
done:
  json_decref(theirs);
  json_decref(ours);
  return status;
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
  LATI_TRY(load_text(&config, trainer, file, trainer->best_path, "lat.config"));
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

/* Shapes first, so that a wrong file is refused before anything is read. */
static lat_status read_tensors(const tensor_list *list, const lat_trainer *trainer,
                               lati_safetensors *file) {
  lat_status status = LAT_OK;
  if (lati_safetensors_count(file) != list->count) {
    return lati_fail(LAT_ERROR_FORMAT, "%s: %d tensors, expected %d", trainer->checkpoint_path,
                     (int)lati_safetensors_count(file), (int)list->count);
  }
  for (int pass = 0; pass < 2; ++pass) {
    for (int32_t i = 0; i < list->count && status == LAT_OK; ++i) {
      const lati_tensor_view *view = &list->views[i];
      status = lati_safetensors_read(pass == 0 ? NULL : list->data[i], file, view->name, view->rank,
                                     view->shape);
    }
  }
  return status;
}

static lat_status check_finite(const lat_trainer *trainer, const float *vector, const char *what) {
  const lat_optimizer *optimizer = trainer->optimizer;
  const double sum = lati_sum_of_squares(trainer->ctx->pool, vector, (int64_t)optimizer->count,
                                         optimizer->partials);
  return isfinite(sum) ? LAT_OK
                       : lati_fail(LAT_ERROR_FORMAT, "%s: %s hold a value that is not finite",
                                   trainer->checkpoint_path, what);
}

/* The parameters pass through the gradient vector, so that a broken file leaves the model alone. */
static lat_status load_vectors(lat_trainer *trainer, lati_safetensors *file) {
  lat_status status = LAT_OK;
  tensor_list list = {0};
  float *parameters = lat_gradients_data(trainer->gradients);
  LATI_TRY(list_tensors(&list, trainer, parameters));
  LATI_TRY(read_tensors(&list, trainer, file));
  LATI_TRY(check_finite(trainer, parameters, "the model's tensors"));
  LATI_TRY(check_finite(trainer, trainer->optimizer->m, "the first moments"));
  LATI_TRY(check_finite(trainer, trainer->optimizer->v, "the second moments"));
  if (trainer->optimizer->average != NULL) {
    LATI_TRY(check_finite(trainer, trainer->optimizer->average, "the average's tensors"));
  }
  memcpy(trainer->model->parameters, parameters, trainer->optimizer->count * sizeof *parameters);
  lati_model_repack(trainer->model);
done:
  lat_gradients_zero(trainer->gradients);
  free_list(&list);
  return status;
}

/* Makes the objects of the run go on from the state. */
static void restore_positions(lat_trainer *trainer) {
  lat_sampler_seek(trainer->sampler, (uint64_t)trainer->state.examples);
  lati_gradients_set_step(trainer->gradients, (uint64_t)trainer->optimizer->updates *
                                                  (uint64_t)trainer->options.accumulation);
}

lat_status lati_checkpoint_load(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  lati_safetensors *file = NULL;
  json_t *checkpoint = NULL;
  LATI_TRY(lati_safetensors_open(&file, trainer->ctx, trainer->checkpoint_path));
  LATI_TRY(load_text(&checkpoint, trainer, file, trainer->checkpoint_path, "lat.checkpoint"));
  LATI_TRY(compare_config(trainer, file));
  LATI_TRY(lati_run_compare(trainer->identity, json_object_get(checkpoint, "identity")));
  LATI_TRY(parse_state(trainer, checkpoint));
  LATI_TRY(load_vectors(trainer, file));
  restore_positions(trainer);
done:
  json_decref(checkpoint);
  lati_safetensors_close(file);
  return status;
}
