#include "transformer/transformer.h"

lat_task *lat_model_task(const lat_model *model) {
  return model == NULL ? NULL : model->task;
}

lat_tokenizer *lat_model_tokenizer(const lat_model *model) {
  return model == NULL ? NULL : model->tokenizer;
}

const char *lat_model_config(const lat_model *model) {
  return model == NULL ? NULL : model->config;
}

size_t lat_model_parameter_count(const lat_model *model) {
  return model == NULL ? 0 : model->table.total;
}

int32_t lat_model_tensor_count(const lat_model *model) {
  return model == NULL ? 0 : model->table.count;
}

lat_status lat_model_tensor(lat_tensor *out, const lat_model *model, int32_t index) {
  if (out == NULL || model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", out == NULL ? "out" : "model");
  }
  if (index < 0 || index >= model->table.count) {
    return lati_fail(LAT_ERROR_ARGUMENT, "tensor %d is outside 0..%d", (int)index,
                     (int)model->table.count - 1);
  }
  const lati_parameter *entry = &model->table.entries[index];
  *out = (lat_tensor){.name = entry->name,
                      .offset = entry->offset,
                      .size = entry->size,
                      .rank = entry->rank,
                      .shape = {entry->shape[0], entry->shape[1]}};
  return LAT_OK;
}

const float *lat_model_parameters(const lat_model *model) {
  return model == NULL ? NULL : model->parameters;
}
