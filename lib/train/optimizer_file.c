/* Model and optimizer in one file, which custom loops and the checkpoints of trainers share. A file
 * is read into memory of its own and checked before anything is changed. */
#include "train/optimizer_file.h"

#include "base/floating.h"
#include "base/text.h"
#include "train/trainer_impl.h"
#include "transformer/transformer.h"

#include <math.h>
#include <string.h>

#define CHECKPOINT_KEY "lat.checkpoint"
#define CONFIG_KEY "lat.config"

enum { NAME_SIZE = 96, VECTORS = 4 };

/* Where the numbers of a file are: vectors of the parameters' layout. */
typedef struct vectors {
  float *parameters, *m, *v, *average; /* average NULL: there is none */
} vectors;

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

/* All tensors of a file, in its order. */
static lat_status list_tensors(tensor_list *list, const lat_optimizer *optimizer,
                               const lati_parameter_table *table, const vectors *from) {
  const int32_t capacity = VECTORS * table->count;
  lat_status status = LAT_OK;
  *list = (tensor_list){0};
  LATI_TRY(LATI_NEW(list->views, optimizer->ctx, capacity));
  LATI_TRY(LATI_NEW(list->names, optimizer->ctx, capacity));
  LATI_TRY(LATI_NEW(list->data, optimizer->ctx, capacity));
  for (int32_t i = 0; i < table->count; ++i) {
    add_tensor(list, "", &table->entries[i], from->parameters);
  }
  for (int32_t i = 0; i < table->count; ++i) {
    add_tensor(list, "optimizer.m.", &table->entries[i], from->m);
  }
  for (int32_t i = 0; i < table->count; ++i) {
    if (optimizer->muon == NULL || !table->entries[i].hidden) {
      add_tensor(list, "optimizer.v.", &table->entries[i], from->v);
    }
  }
  for (int32_t i = 0; i < table->count && from->average != NULL; ++i) {
    add_tensor(list, "optimizer.average.", &table->entries[i], from->average);
  }
done:
  return status;
}

static lat_status no_memory(void) {
  return lati_fail(LAT_ERROR_MEMORY, "no memory for the checkpoint's metadata");
}

/* The metadata's strings. */
static lat_status build_metadata(json_t **out, const lat_model *model, const json_t *checkpoint) {
  char *text = NULL;
  lat_status status = lati_json_text(&text, model->ctx, checkpoint,
                                     JSON_COMPACT | JSON_REAL_PRECISION(17), CHECKPOINT_KEY);
  *out = NULL;
  if (status == LAT_OK) {
    *out = json_pack("{s:s, s:s}", CONFIG_KEY, lat_model_config(model), CHECKPOINT_KEY, text);
    status = *out != NULL ? LAT_OK : no_memory();
  }
  lati_free(text);
  return status;
}

lat_status lati_optimizer_file_write(const lat_optimizer *optimizer, const lat_model *model,
                                     const char *path, const json_t *checkpoint) {
  lat_status status = LAT_OK;
  tensor_list list = {0};
  json_t *metadata = NULL;
  const int swapped = optimizer->averaged; /* the model then holds the average */
  const int split = optimizer->parts != NULL;
  const vectors from = {.parameters = swapped ? optimizer->average : model->parameters,
                        .m = split ? optimizer->whole[0] : optimizer->m,
                        .v = split ? optimizer->whole[1] : optimizer->v,
                        .average = swapped ? model->parameters : optimizer->average};
  LATI_TRY(build_metadata(&metadata, model, checkpoint));
  LATI_TRY(list_tensors(&list, optimizer, &model->table, &from));
  LATI_TRY(lati_safetensors_write(optimizer->ctx, path, list.views, list.count, metadata));
done:
  free_list(&list);
  json_decref(metadata);
  return status;
}

lat_status lati_optimizer_file_text(json_t **out, const lat_context *ctx,
                                    const lati_safetensors *file, const char *path,
                                    const char *key) {
  const char *text = lati_safetensors_metadata(file, key);
  json_t *object = NULL;
  *out = NULL;
  if (text == NULL) {
    return lati_fail(LAT_ERROR_FORMAT, "%s: metadata %s: missing", path, key);
  }
  const lat_status status = lati_json_read(&object, ctx, text, strlen(text));
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

lat_status lati_optimizer_file_compare(const lat_model *model, const lati_safetensors *file,
                                       const char *path) {
  lat_status status = LAT_OK;
  const char *config = lat_model_config(model);
  json_t *theirs = NULL, *ours = NULL;
  LATI_TRY(lati_json_read(&ours, model->ctx, config, strlen(config)));
  LATI_TRY(lati_optimizer_file_text(&theirs, model->ctx, file, path, CONFIG_KEY));
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

/* Shapes first, so that a wrong file is refused before anything is read. */
static lat_status read_tensors(const tensor_list *list, const lat_optimizer *optimizer,
                               lati_safetensors *file, const char *path) {
  lat_status status = LAT_OK;
  if (lati_safetensors_count(file) != list->count) {
    return lati_fail(
        LAT_ERROR_FORMAT,
        "%s: %d tensors, expected %d: the model's, and those of the rule %s %s average", path,
        (int)lati_safetensors_count(file), (int)list->count, optimizer->options.rule,
        optimizer->average != NULL ? "with an" : "without");
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

static lat_status check_finite(const lat_optimizer *optimizer, const float *vector,
                               const char *path, const char *what) {
  if (vector == NULL) {
    return LAT_OK;
  }
  return isfinite(lati_optimizer_sum_of_squares(optimizer, vector))
             ? LAT_OK
             : lati_fail(LAT_ERROR_FORMAT, "%s: %s hold a value that is not finite", path, what);
}

/* The vectors of a file are those of the model and optimizer from now on. */
static void adopt(lat_optimizer *optimizer, lat_model *model, const vectors *from) {
  const size_t size = optimizer->count * sizeof *from->parameters;
  const lati_device *device = &optimizer->ctx->device;
  lati_device_copy(device, model->parameters, from->parameters, size);
  const int split = optimizer->parts != NULL; /* each rank takes its part from what rank 0 read */
  lati_device_copy(device, split ? optimizer->whole[0] : optimizer->m, from->m, size);
  lati_device_copy(device, split ? optimizer->whole[1] : optimizer->v, from->v, size);
  if (from->average != NULL) {
    lati_device_copy(device, optimizer->average, from->average, size);
  }
  optimizer->averaged = optimizer->torn = 0;
  lati_model_repack(model);
}

lat_status lati_optimizer_file_read(lat_optimizer *optimizer, lat_model *model,
                                    lati_safetensors *file, const char *path) {
  lat_status status = LAT_OK;
  tensor_list list = {0};
  float *block = NULL;
  const size_t count = optimizer->count;
  const int averages = optimizer->average != NULL;
  LATI_TRY(lati_moments_open(optimizer));
  LATI_TRY(LATI_NEW_ON_DEVICE(block, optimizer->ctx, (size_t)(VECTORS - !averages) * count));
  const vectors from = {.parameters = block,
                        .m = block + count,
                        .v = block + 2 * count,
                        .average = averages ? block + 3 * count : NULL};
  LATI_TRY(list_tensors(&list, optimizer, &model->table, &from));
  LATI_TRY(read_tensors(&list, optimizer, file, path));
  LATI_TRY(check_finite(optimizer, from.parameters, path, "the model's tensors"));
  LATI_TRY(check_finite(optimizer, from.m, path, "the first moments"));
  LATI_TRY(check_finite(optimizer, from.v, path, "the second moments"));
  LATI_TRY(check_finite(optimizer, from.average, path, "the average's tensors"));
  adopt(optimizer, model, &from);
done:
  free_list(&list);
  lati_device_free(optimizer->ctx, block);
  return status;
}

static lat_status check_arguments(const lat_optimizer *optimizer, const lat_model *model,
                                  const char *path) {
  if (optimizer == NULL || model == NULL || path == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL",
                     optimizer == NULL ? "optimizer"
                     : model == NULL   ? "model"
                                       : "path");
  }
  return lati_optimizer_check_model(optimizer, model);
}

lat_status lat_optimizer_save(const lat_optimizer *optimizer, const lat_model *model,
                              const char *path) {
  lat_status status = check_arguments(optimizer, model, path);
  if (status != LAT_OK) {
    return status;
  }
  json_t *checkpoint =
      json_pack("{s:{s:I, s:f}}", "state", "updates", (json_int_t)optimizer->updates,
                "gradient_norm", optimizer->gradient_norm);
  status = lati_optimizer_file_write(optimizer, model, path, checkpoint);
  json_decref(checkpoint);
  return status;
}

static lat_status read_state(json_int_t *updates, double *norm, json_t *checkpoint,
                             const char *path) {
  json_error_t error = {0};
  if (json_unpack_ex(checkpoint, &error, 0, "{s:{s:I, s:F}}", "state", "updates", updates,
                     "gradient_norm", norm) != 0) {
    return json_error_code(&error) == json_error_out_of_memory
               ? no_memory()
               : lati_fail(LAT_ERROR_FORMAT,
                           "%s: metadata " CHECKPOINT_KEY ": the state lacks a member", path);
  }
  return *updates >= 0
             ? LAT_OK
             : lati_fail(LAT_ERROR_FORMAT, "%s: metadata " CHECKPOINT_KEY ": %lld updates", path,
                         (long long)*updates);
}

static lat_status load(lat_optimizer *optimizer, lat_model *model, const char *path) {
  lat_status status = LAT_OK;
  lati_safetensors *file = NULL;
  json_t *checkpoint = NULL;
  json_int_t updates = 0;
  double norm = 0;
  LATI_TRY(lati_safetensors_open(&file, optimizer->ctx, path));
  LATI_TRY(lati_optimizer_file_text(&checkpoint, optimizer->ctx, file, path, CHECKPOINT_KEY));
  LATI_TRY(lati_optimizer_file_compare(model, file, path));
  LATI_TRY(read_state(&updates, &norm, checkpoint, path));
  LATI_TRY(lati_optimizer_file_read(optimizer, model, file, path));
  optimizer->updates = (int64_t)updates;
  optimizer->gradient_norm = norm;
done:
  json_decref(checkpoint);
  lati_safetensors_close(file);
  return status;
}

lat_status lat_optimizer_load(lat_optimizer *optimizer, lat_model *model, const char *path) {
  lati_floating floating;
  lat_status status = check_arguments(optimizer, model, path);
  if (status == LAT_OK) {
    lati_floating_enter(&floating);
    status = load(optimizer, model, path);
    lati_floating_leave(&floating);
  }
  return status;
}
