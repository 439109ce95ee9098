/* What a model says of itself: its parts, options and tensors. */
#include "transformer/transformer.h"

static const lati_field no_fields[] = {LATI_FIELDS_END};

void lat_loss_sum_init_sized(lat_loss_sum *sum, size_t size) {
  lati_options_init(sum, size, no_fields, sizeof *sum);
}

lat_status lat_loss_sum_add(lat_loss_sum *sum, const lat_loss_sum *other) {
  lat_status status = lati_loss_sum_check(sum);
  if (status == LAT_OK) {
    status = lati_loss_sum_check(other);
  }
  if (status == LAT_OK) {
    sum->loss += other->loss;
    sum->tokens += other->tokens;
    sum->correct_tokens += other->correct_tokens;
    sum->examples += other->examples;
    sum->correct_examples += other->correct_examples;
  }
  return status;
}

lat_status lati_loss_sum_check(const lat_loss_sum *sum) {
  const size_t least = offsetof(lat_loss_sum, correct_examples) + sizeof sum->correct_examples;
  if (sum == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "sum is NULL");
  }
  if (sum->struct_size < least) {
    return lati_fail(LAT_ERROR_ARGUMENT, "sum: struct_size %zu is below %zu: not initialised",
                     sum->struct_size, least);
  }
  return LAT_OK;
}

void lat_tensor_init_sized(lat_tensor *tensor, size_t size) {
  lati_options_init(tensor, size, no_fields, sizeof *tensor);
}

lat_task *lat_model_task(const lat_model *model) {
  return model == NULL ? NULL : model->task;
}

lat_tokenizer *lat_model_tokenizer(const lat_model *model) {
  return model == NULL ? NULL : model->tokenizer;
}

const char *lat_model_config(const lat_model *model) {
  return model == NULL ? NULL : model->config;
}

lat_status lat_model_get_options(lat_model_options *options, const lat_model *model) {
  lat_status status = lati_options_check_output(options, "options");
  if (status == LAT_OK && model == NULL) {
    status = lati_fail(LAT_ERROR_ARGUMENT, "model is NULL");
  }
  if (status == LAT_OK) {
    lati_options_store(options, &model->options, sizeof model->options);
  }
  return status;
}

size_t lat_model_parameter_count(const lat_model *model) {
  return model == NULL ? 0 : model->table.total;
}

int32_t lat_model_tensor_count(const lat_model *model) {
  return model == NULL ? 0 : model->table.count;
}

lat_status lat_model_tensor(lat_tensor *out, const lat_model *model, int32_t index) {
  if (model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "model is NULL");
  }
  if (lati_options_check_output(out, "out") != LAT_OK) {
    return LAT_ERROR_ARGUMENT;
  }
  if (index < 0 || index >= model->table.count) {
    return lati_fail(LAT_ERROR_ARGUMENT, "tensor %d is outside 0..%d", (int)index,
                     (int)model->table.count - 1);
  }
  const lati_parameter *entry = &model->table.entries[index];
  const lat_tensor found = {.name = entry->name,
                            .offset = entry->offset,
                            .size = entry->size,
                            .rank = entry->rank,
                            .shape = {entry->shape[0], entry->shape[1]}};
  lati_options_store(out, &found, sizeof found);
  return LAT_OK;
}

const float *lat_model_parameters(const lat_model *model) {
  return model == NULL ? NULL : model->parameters;
}
