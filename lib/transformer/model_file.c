/* Models as safetensors files: every parameter is a tensor, and the metadata holds what is needed
 * to use the model. */
#include "base/floating.h"
#include "base/log.h"
#include "base/text.h"
#include "transformer/config.h"
#include "transformer/safetensors.h"
#include "transformer/transformer.h"

#include <string.h>

/* The metadata value with everything needed to use the model. */
#define CONFIG_KEY "lat.config"

/* A checkpoint (lib/train/checkpoint.c) is a model file with this value and tensors of the
 * optimizer beside the model's; where it keeps an average of the parameters, that is the model. */
#define CHECKPOINT_KEY "lat.checkpoint"
#define AVERAGE_PREFIX "optimizer.average."

enum { TENSOR_NAME = 128 };

static void view_tensors(lati_tensor_view *views, const lat_model *model, lati_storage storage) {
  for (int32_t i = 0; i < model->table.count; ++i) {
    const lati_parameter *entry = &model->table.entries[i];
    views[i] = (lati_tensor_view){.name = entry->name,
                                  .rank = entry->rank,
                                  .shape = {entry->shape[0], entry->shape[1]},
                                  .data = model->parameters + entry->offset,
                                  .storage = storage};
  }
}

lat_status lat_model_save(const lat_model *model, const char *path) {
  return lat_model_save_as(model, path, NULL);
}

/* Writes the model to the file at `path`, or, where that is NULL, into memory. */
static lat_status save(size_t *size, const lat_model *model, const char *path, void *data,
                       size_t capacity, const char *storage) {
  lat_status status = LAT_OK;
  lati_storage type = LATI_STORAGE_F32;
  lati_tensor_view *views = NULL;
  json_t *metadata = NULL;
  LATI_TRY(lati_storage_of_name(&type, storage));
  metadata = json_pack("{s:s}", CONFIG_KEY, model->config);
  if (metadata == NULL) {
    LATI_TRY(lati_fail(LAT_ERROR_MEMORY, "no memory for the model's metadata"));
  }
  LATI_TRY(LATI_NEW(views, model->ctx, model->table.count));
  view_tensors(views, model, type);
  status = path != NULL
               ? lati_safetensors_write(model->ctx, path, views, model->table.count, metadata)
               : lati_safetensors_write_memory(size, model->ctx, data, capacity, views,
                                               model->table.count, metadata);
done:
  json_decref(metadata);
  lati_free(views);
  return status;
}

lat_status lat_model_save_as(const lat_model *model, const char *path, const char *storage) {
  size_t size = 0; /* told of memory alone */
  lat_status status = lati_model_usable(model);
  if (status == LAT_OK && path == NULL) {
    status = lati_fail(LAT_ERROR_ARGUMENT, "path is NULL");
  }
  return status == LAT_OK ? save(&size, model, path, NULL, 0, storage) : status;
}

lat_status lat_model_save_memory(size_t *size, const lat_model *model, void *data, size_t capacity,
                                 const char *storage) {
  if (size == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "size is NULL");
  }
  *size = 0;
  const lat_status status = lati_model_usable(model);
  return status == LAT_OK ? save(size, model, NULL, data, capacity, storage) : status;
}

static int is_checkpoint(const lati_safetensors *file) {
  return lati_safetensors_metadata(file, CHECKPOINT_KEY) != NULL;
}

/* What stands before the names of the model's tensors. */
static const char *name_prefix(const lat_model *model, const lati_safetensors *file) {
  char name[TENSOR_NAME];
  lati_format(name, sizeof name, AVERAGE_PREFIX "%s", model->table.entries[0].name);
  return is_checkpoint(file) && lati_safetensors_has(file, name) ? AVERAGE_PREFIX : "";
}

/* One tensor after the other, as the table says; without data they are only looked for. */
static lat_status read_tensors(const lat_model *model, lati_safetensors *file, float *data) {
  lat_status status = LAT_OK;
  const char *prefix = name_prefix(model, file);
  for (int32_t i = 0; i < model->table.count && status == LAT_OK; ++i) {
    const lati_parameter *entry = &model->table.entries[i];
    const int64_t shape[2] = {entry->shape[0], entry->shape[1]};
    char name[TENSOR_NAME];
    lati_format(name, sizeof name, "%s%s", prefix, entry->name);
    status = lati_safetensors_read(data == NULL ? NULL : data + entry->offset, file, name,
                                   entry->rank, shape);
  }
  return status;
}

static lat_status check_file(const lat_model *model, lati_safetensors *file, const char *path) {
  if (!is_checkpoint(file) && lati_safetensors_count(file) != model->table.count) {
    return lati_fail(LAT_ERROR_FORMAT, "%s: %d tensors; its lat.config describes %d", path,
                     (int)lati_safetensors_count(file), (int)model->table.count);
  }
  return read_tensors(model, file, NULL);
}

static lat_status find_config(const char **config, const lati_safetensors *file, const char *path) {
  *config = lati_safetensors_metadata(file, CONFIG_KEY);
  return *config != NULL
             ? LAT_OK
             : lati_fail(LAT_ERROR_FORMAT, "%s: there is no %s in its metadata", path, CONFIG_KEY);
}

static lat_status make_placeholders(lat_task **out, lat_context *ctx, const lati_safetensors *file,
                                    const char *path) {
  const char *config = NULL;
  lat_status status = find_config(&config, file, path);
  if (status != LAT_OK) {
    return status;
  }
  status = lati_config_placeholders(out, ctx, config);
  return status == LAT_OK ? LAT_OK : lati_fail_prefix(status, "%s", path);
}

static lat_status read_skeleton(lat_model **out, lat_context *ctx, const lati_safetensors *file,
                                const char *path, lat_task *custom) {
  const char *config = NULL;
  lat_status status = find_config(&config, file, path);
  if (status != LAT_OK) {
    return status;
  }
  status = lati_model_from_config(out, ctx, config, custom);
  return status == LAT_OK ? LAT_OK : lati_fail_prefix(status, "%s", path);
}

static lat_status read_parameters(lat_model *model, lati_safetensors *file, const char *path) {
  lat_status status = LAT_OK;
  LATI_TRY(lati_model_materialise(model));
  LATI_TRY(read_tensors(model, file, model->parameters));
  if (lati_model_check_finite(model) != LAT_OK) {
    return lati_fail_prefix(LAT_ERROR_FORMAT, "%s", path);
  }
  lati_model_repack(model);
  model->state = LATI_FROZEN;
done:
  return status;
}

/* Where a model comes from: a file, or its bytes. */
typedef struct model_source {
  const char *path; /* for messages too */
  const void *data; /* NULL: the file's */
  size_t size;
} model_source;

static lat_status open_source(lati_safetensors **file, lat_context *ctx,
                              const model_source *source) {
  return source->data != NULL ? lati_safetensors_open_memory(file, ctx, source->path, source->data,
                                                             (int64_t)source->size)
                              : lati_safetensors_open(file, ctx, source->path);
}

/* A model whose custom tasks are `custom`, or (inspect) placeholders. */
static lat_status load_source(lat_model **out, lat_context *ctx, const model_source *source,
                              lat_task *custom, int inspect) {
  lat_status status = LAT_OK;
  const char *path = source->path;
  lati_safetensors *file = NULL;
  lat_task *placeholders = NULL;
  lat_model *model = NULL;
  LATI_TRY(open_source(&file, ctx, source));
  if (inspect) {
    LATI_TRY(make_placeholders(&placeholders, ctx, file, path));
  }
  LATI_TRY(read_skeleton(&model, ctx, file, path, inspect ? placeholders : custom));
  LATI_TRY(check_file(model, file, path));
  LATI_TRY(read_parameters(model, file, path));
  lati_log(ctx, LAT_LOG_INFO, "%s: loaded, %zu parameters", path, lat_model_parameter_count(model));
  *out = model;
  model = NULL;
done:
  lat_model_free(model);
  lat_task_free(placeholders);
  lati_safetensors_close(file);
  return status;
}

static lat_status load(lat_model **out, lat_context *ctx, const model_source *source,
                       lat_task *custom, int inspect) {
  lati_floating saved;
  if (out != NULL) {
    *out = NULL;
  }
  if (out == NULL || ctx == NULL || source->path == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL",
                     out == NULL ? "out" : (ctx == NULL ? "context" : "path"));
  }
  lati_floating_enter(&saved);
  const lat_status status = load_source(out, ctx, source, custom, inspect);
  lati_floating_leave(&saved);
  return status;
}

lat_status lat_model_load(lat_model **out, lat_context *ctx, const char *path, lat_task *custom) {
  const model_source source = {.path = path};
  return load(out, ctx, &source, custom, 0);
}

lat_status lat_model_inspect(lat_model **out, lat_context *ctx, const char *path) {
  const model_source source = {.path = path};
  return load(out, ctx, &source, NULL, 1);
}

lat_status lat_model_load_memory(lat_model **out, lat_context *ctx, const void *data, size_t size,
                                 lat_task *custom) {
  const model_source source = {.path = "memory", .data = data, .size = size};
  if (data == NULL || size > INT64_MAX) {
    if (out != NULL) {
      *out = NULL;
    }
    return lati_fail(LAT_ERROR_ARGUMENT,
                     data == NULL ? "data is NULL" : "size is not that of a file");
  }
  return load(out, ctx, &source, custom, 0);
}
