/* The life of a model: created, cloned, mapped, committed, frozen, freed. */
#include "base/floating.h"
#include "transformer/config.h"
#include "transformer/initialise.h"
#include "transformer/stack.h"

lat_model *lati_model_ref(lat_model *model) {
  lati_refs_add(&model->refs);
  return model;
}

lat_status lati_model_usable(const lat_model *model) {
  if (model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "model is NULL");
  }
  if (model->state == LATI_MAPPED) {
    return lati_fail(LAT_ERROR_STATE, "the model's parameters are mapped: commit them first");
  }
  return LAT_OK;
}

lat_status lati_model_set_training(lat_model *model, json_t *training) {
  char *config = NULL;
  lat_status status = lati_config_write(&config, model, training);
  if (status != LAT_OK) {
    return status;
  }
  json_incref(training);
  json_decref(model->training);
  model->training = training;
  lati_free(model->config);
  model->config = config;
  return LAT_OK;
}

/* A model with its table and metadata, but no parameters. */
static lat_status create_skeleton(lat_model **out, lat_task *task, lat_tokenizer *tokenizer,
                                  const lat_model_options *options, json_t *training) {
  lat_status status = LAT_OK;
  lat_model *model = NULL;
  *out = NULL;
  LATI_TRY(lati_task_check_tokenizer(task, tokenizer));
  LATI_TRY(LATI_NEW(model, tokenizer->ctx, 1));
  lati_refs_init(&model->refs);
  model->ctx = lati_context_ref(tokenizer->ctx);
  model->task = lati_task_ref(task);
  model->tokenizer = lati_tokenizer_ref(tokenizer);
  LATI_TRY(lati_config_resolve(&model->options, &model->dimensions, task, tokenizer, options));
  LATI_TRY(lati_stacks_list(model));
  LATI_TRY(lati_stacks_declare(model));
  LATI_TRY(lati_model_set_training(model, training));
  *out = model;
  model = NULL;
done:
  lat_model_free(model);
  return status;
}

lat_status lati_model_materialise(lat_model *model) {
  lat_status status = LATI_NEW_ON_DEVICE(model->parameters, model->ctx, model->table.total);
  return status != LAT_OK ? status : lati_stacks_build(model);
}

lat_status lati_model_from_config(lat_model **out, lat_context *ctx, const char *config,
                                  lat_task *custom) {
  lat_status status = LAT_OK;
  lati_config_parts parts;
  *out = NULL;
  LATI_TRY(lati_config_read(&parts, ctx, config, custom));
  status = create_skeleton(out, parts.task, parts.tokenizer, &parts.options, parts.training);
  lati_config_parts_free(&parts);
  if (status == LAT_ERROR_ARGUMENT) {
    status = lati_fail_prefix(LAT_ERROR_FORMAT, "lat.config");
  }
done:
  return status;
}

lat_status lat_model_create(lat_model **out, lat_task *task, lat_tokenizer *tokenizer,
                            const lat_model_options *options) {
  lat_status status = LAT_OK;
  lat_model *model = NULL;
  lati_floating saved;
  if (out != NULL) {
    *out = NULL;
  }
  if (out == NULL || task == NULL || tokenizer == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL",
                     out == NULL ? "out" : (task == NULL ? "task" : "tokenizer"));
  }
  lati_floating_enter(&saved);
  LATI_TRY(create_skeleton(&model, task, tokenizer, options, NULL));
  LATI_TRY(lati_model_materialise(model));
  LATI_TRY(lati_initialise(model));
  lati_model_repack(model);
  *out = model;
  model = NULL;
done:
  lat_model_free(model);
  lati_floating_leave(&saved);
  return status;
}

static size_t parameter_bytes(const lat_model *model) {
  return model->table.total * sizeof *model->parameters;
}

lat_status lat_model_clone(lat_model **out, const lat_model *model) {
  lat_status status = LAT_OK;
  lat_model *copy = NULL;
  lati_floating saved;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  LATI_TRY(lati_model_usable(model));
  lati_floating_enter(&saved);
  status = create_skeleton(&copy, model->task, model->tokenizer, &model->options, model->training);
  if (status == LAT_OK) {
    status = lati_model_materialise(copy);
  }
  if (status == LAT_OK) {
    lati_device_copy(&model->ctx->device, copy->parameters, model->parameters,
                     parameter_bytes(model));
    lati_model_repack(copy);
    *out = copy;
    copy = NULL;
  }
  lati_floating_leave(&saved);
done:
  lat_model_free(copy);
  return status;
}

static void unmap(lat_model *model) {
  if (model->mapped != NULL) {
    lati_memory_of(&model->ctx->device)
        ->unmap(&model->ctx->device, model->parameters, model->mapped, parameter_bytes(model));
    model->mapped = NULL;
  }
}

void lat_model_free(lat_model *model) {
  if (model == NULL || !lati_refs_drop(&model->refs)) {
    return;
  }
  lati_stacks_free(model);
  lati_parameter_table_free(&model->table);
  unmap(model);
  lati_device_free(model->ctx, model->parameters);
  lati_free(model->config);
  json_decref(model->training);
  lat_task_free(model->task);
  lat_tokenizer_free(model->tokenizer);
  lat_context *ctx = model->ctx;
  lati_free(model);
  lat_context_free(ctx);
}

lat_status lat_model_freeze(lat_model *model) {
  lat_status status = lati_model_usable(model);
  if (status == LAT_OK) {
    model->state = LATI_FROZEN;
  }
  return status;
}

lat_status lat_model_map(float **parameters, lat_model *model) {
  if (parameters == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "parameters is NULL");
  }
  *parameters = NULL;
  lat_status status = lati_model_usable(model);
  if (status != LAT_OK) {
    return status;
  }
  if (model->state == LATI_FROZEN) {
    return lati_fail(LAT_ERROR_STATE, "the model is frozen: map a clone of it");
  }
  status =
      lati_memory_of(&model->ctx->device)
          ->map((void **)&model->mapped, model->ctx, model->parameters, parameter_bytes(model));
  if (status == LAT_OK) {
    model->state = LATI_MAPPED;
    *parameters = model->mapped;
  }
  return status;
}

/* Of values in the memory of the device, or of the host (NULL). */
static lat_status check_finite(const lat_model *model, const float *values,
                               const lati_device *device) {
  const lati_memory *memory = lati_memory_of(device);
  for (int32_t i = 0; i < model->table.count; ++i) {
    const lati_parameter *entry = &model->table.entries[i];
    const size_t j = memory->find_nonfinite(device, values + entry->offset, entry->size);
    if (j < entry->size) {
      return lati_fail(LAT_ERROR_NUMERIC, "%s: element %zu is not finite", entry->name, j);
    }
  }
  return LAT_OK;
}

lat_status lati_model_check_finite(const lat_model *model) {
  return check_finite(model, model->parameters, &model->ctx->device);
}

lat_status lat_model_commit(lat_model *model) {
  lati_floating saved;
  if (model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "model is NULL");
  }
  if (model->state != LATI_MAPPED) {
    return lati_fail(LAT_ERROR_STATE, "the model's parameters are not mapped");
  }
  lat_status status = check_finite(model, model->mapped, NULL);
  if (status == LAT_OK) {
    lati_floating_enter(&saved);
    unmap(model);
    lati_model_repack(model);
    lati_floating_leave(&saved);
    model->state = LATI_TRAINABLE;
  }
  return status;
}
