#include "transformer/config.h"

#include <string.h>

static lat_status fail_memory(void) {
  return lati_fail(LAT_ERROR_MEMORY, "no memory for the model's metadata");
}

/* Adds a member; takes over `value`, which may be NULL when making it failed. */
static lat_status add_member(json_t *object, const char *key, json_t *value) {
  return json_object_set_new(object, key, value) == 0 ? LAT_OK : fail_memory();
}

static lat_status config_object(json_t **out, const lat_model *model, const json_t *training) {
  lat_status status = LAT_OK;
  json_t *object = json_object(), *part = NULL;
  *out = NULL;
  if (object == NULL) {
    return fail_memory();
  }
  LATI_TRY(lati_task_to_json(&part, model->task));
  LATI_TRY(add_member(object, "task", part));
  LATI_TRY(lati_json_from_options(&part, &model->tokenizer->options, lati_tokenizer_fields));
  LATI_TRY(add_member(object, "tokenizer", part));
  LATI_TRY(lati_json_from_options(&part, &model->options, lati_model_fields));
  LATI_TRY(add_member(object, "model", part));
  LATI_TRY(add_member(object, "library", json_string(lat_version_string())));
  LATI_TRY(
      add_member(object, "training", training == NULL ? json_null() : json_deep_copy(training)));
  *out = object;
  object = NULL;
done:
  json_decref(object);
  return status;
}

lat_status lati_config_write(char **out, const lat_model *model, const json_t *training) {
  lat_status status = LAT_OK;
  json_t *object = NULL;
  *out = NULL;
  LATI_TRY(config_object(&object, model, training));
  LATI_TRY(lati_json_text(out, model->ctx, object, JSON_COMPACT | JSON_REAL_PRECISION(17),
                          "lat.config"));
done:
  json_decref(object);
  return status;
}

static lat_status parse(json_t **out, const lat_context *ctx, const char *config) {
  const lat_status status = lati_json_read(out, ctx, config, strlen(config));
  return status == LAT_OK ? LAT_OK : lati_fail_prefix(status, "lat.config");
}

/* The member `key`, which must be an object. */
static lat_status object_member(const json_t **out, const json_t *config, const char *key) {
  *out = json_object_get(config, key);
  if (!json_is_object(*out)) {
    return lati_fail(LAT_ERROR_FORMAT, "lat.config: %s is missing or not an object", key);
  }
  return LAT_OK;
}

static lat_status read_tokenizer(lat_tokenizer **out, lat_context *ctx, const json_t *object) {
  lat_tokenizer_options options;
  lat_status status = lati_json_to_options(&options, sizeof options, lati_tokenizer_fields, object,
                                           "lat.config: tokenizer");
  if (status != LAT_OK) {
    return status;
  }
  status = lat_tokenizer_create(out, ctx, &options);
  if (status == LAT_ERROR_NOT_FOUND || status == LAT_ERROR_ARGUMENT) {
    return lati_fail_prefix(LAT_ERROR_FORMAT, "lat.config: tokenizer");
  }
  return status;
}

lat_status lati_config_read(lati_config_parts *out, lat_context *ctx, const char *config,
                            lat_task *custom) {
  lat_status status = LAT_OK;
  json_t *object = NULL;
  const json_t *part = NULL;
  memset(out, 0, sizeof *out);
  LATI_TRY(parse(&object, ctx, config));
  LATI_TRY(object_member(&part, object, "task"));
  LATI_TRY(lati_task_from_json(&out->task, ctx, part, custom));
  LATI_TRY(object_member(&part, object, "tokenizer"));
  LATI_TRY(read_tokenizer(&out->tokenizer, ctx, part));
  LATI_TRY(object_member(&part, object, "model"));
  LATI_TRY(lati_json_to_options(&out->options, sizeof out->options, lati_model_fields, part,
                                "lat.config: model"));
  json_t *training = json_object_get(object, "training");
  out->training = json_is_object(training) ? json_incref(training) : NULL;
done:
  json_decref(object);
  if (status != LAT_OK) {
    lati_config_parts_free(out);
  }
  return status;
}

lat_status lati_config_placeholders(lat_task **out, lat_context *ctx, const char *config) {
  lat_status status = LAT_OK;
  json_t *object = NULL;
  const json_t *task = NULL;
  *out = NULL;
  LATI_TRY(parse(&object, ctx, config));
  LATI_TRY(object_member(&task, object, "task"));
  LATI_TRY(lati_task_placeholders(out, ctx, task));
done:
  json_decref(object);
  return status == LAT_ERROR_ARGUMENT ? lati_fail_prefix(LAT_ERROR_FORMAT, "lat.config") : status;
}

void lati_config_parts_free(lati_config_parts *parts) {
  lat_task_free(parts->task);
  lat_tokenizer_free(parts->tokenizer);
  json_decref(parts->training);
  memset(parts, 0, sizeof *parts);
}
