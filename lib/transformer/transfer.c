/* Another model's parameters, all of them or those of a part. Tensors of both models are matched by
 * name and have the same shape, except for tables of learned positions, which have a row for each
 * place of the longest sequence: rows follow the entries whose places they are, further ones keep
 * the values that the model had. */
#include "transformer/config.h"
#include "transformer/transfer_places.h"

#include <string.h>

/* A table of learned positions, and the side whose sequences have them. */
typedef struct position_table {
  const char *name;
  int32_t side;
} position_table;

static const position_table position_tables[] = {
    {"encoder.position_embeddings.weight", LAT_INPUT},
    {"encoder.query_embeddings.weight", LAT_OUTPUT},
    {"decoder.position_embeddings.weight", LAT_OUTPUT},
    {"decoder.problem_position_embeddings.weight", LAT_INPUT},
};

static int has_prefix(const char *name, const char *prefix) {
  return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* NULL for another tensor. */
static const position_table *position_table_of(const char *name) {
  for (size_t i = 0; i < sizeof position_tables / sizeof *position_tables; ++i) {
    if (strcmp(position_tables[i].name, name) == 0) {
      return &position_tables[i];
    }
  }
  return NULL;
}

static lat_status check_tensor(const lati_parameter *ours, const lati_parameter *theirs) {
  const int rows_may_differ = position_table_of(ours->name) != NULL;
  if (ours->shape[1] != theirs->shape[1] ||
      (ours->shape[0] != theirs->shape[0] && !rows_may_differ)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s: %d x %d, but %d x %d in the model to copy from",
                     ours->name, (int)ours->shape[0], (int)ours->shape[1], (int)theirs->shape[0],
                     (int)theirs->shape[1]);
  }
  return LAT_OK;
}

/* Every tensor of either model whose name has the prefix has its match in the other. */
static lat_status check_tensors(const lat_model *model, const lat_model *from, const char *prefix) {
  int32_t count = 0;
  for (int32_t i = 0; i < model->table.count; ++i) {
    const lati_parameter *ours = &model->table.entries[i];
    if (!has_prefix(ours->name, prefix)) {
      continue;
    }
    ++count;
    const lati_parameter *theirs = lati_parameter_find(&from->table, ours->name);
    const lat_status status =
        theirs != NULL
            ? check_tensor(ours, theirs)
            : lati_fail(LAT_ERROR_ARGUMENT, "%s: not in the model to copy from", ours->name);
    if (status != LAT_OK) {
      return status;
    }
  }
  for (int32_t i = 0; i < from->table.count; ++i) {
    const char *name = from->table.entries[i].name;
    if (has_prefix(name, prefix) && lati_parameter_find(&model->table, name) == NULL) {
      return lati_fail(LAT_ERROR_ARGUMENT, "%s: of the model to copy from, not in the other", name);
    }
  }
  return count > 0 ? LAT_OK
                   : lati_fail(LAT_ERROR_ARGUMENT, "no tensor's name begins with '%.40s'", prefix);
}

/* Rows of a table of positions: those that had the places in the older model's sequences. */
static lat_status copy_positions(lat_model *model, const lat_model *from,
                                 const lati_parameter *ours, const lati_parameter *theirs,
                                 int32_t side) {
  lat_status status = LAT_OK;
  const int64_t width = ours->shape[1];
  int32_t *places = NULL;
  LATI_TRY(LATI_NEW(places, model->ctx, ours->shape[0]));
  LATI_TRY(lati_transfer_places(places, ours->shape[0], model, from, side));
  for (int32_t p = 0; p < ours->shape[0]; ++p) {
    places[p] = places[p] < theirs->shape[0] ? places[p] : -1;
  }
  lati_memory_of(&model->ctx->device)
      ->copy_rows(&model->ctx->device, model->parameters + ours->offset, width,
                  from->parameters + theirs->offset, width, places, ours->shape[0], width);
done:
  lati_free(places);
  return status;
}

static lat_status copy_tensors(lat_model *model, const lat_model *from, const char *prefix) {
  lat_status status = LAT_OK;
  for (int32_t i = 0; i < model->table.count; ++i) {
    const lati_parameter *ours = &model->table.entries[i];
    if (!has_prefix(ours->name, prefix)) {
      continue;
    }
    const lati_parameter *theirs = lati_parameter_find(&from->table, ours->name);
    const position_table *positions = position_table_of(ours->name);
    if (positions != NULL) {
      LATI_TRY(copy_positions(model, from, ours, theirs, positions->side));
    } else {
      lati_device_copy(&model->ctx->device, model->parameters + ours->offset,
                       from->parameters + theirs->offset, ours->size * sizeof(float));
    }
  }
done:
  return status;
}

/* Places for the task's sequences, and never fewer than there were. */
static lat_status choose_positions(lat_model_options *options, const lat_model *from,
                                   const lat_task *task) {
  int32_t needed = 0;
  if (options->max_positions != 0) {
    return LAT_OK;
  }
  const lat_status status = lati_config_positions(&needed, task, from->tokenizer);
  const int32_t had = from->options.max_positions;
  options->max_positions = needed > had ? needed : had;
  return status;
}

static lat_status read_options(lat_model_options *own, const lat_model *from, const lat_task *task,
                               const lat_model_options *options) {
  lat_status status = LAT_OK;
  if (options == NULL) {
    *own = from->options;
    own->max_positions = 0;
  } else {
    status = lati_options_read(own, sizeof *own, lati_model_fields, options, "model options");
  }
  return status == LAT_OK ? choose_positions(own, from, task) : status;
}

lat_status lat_model_create_from(lat_model **out, const lat_model *from, lat_task *task,
                                 const lat_model_options *options) {
  lat_status status = LAT_OK;
  lat_model *model = NULL;
  lat_model_options own;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (task == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task is NULL");
  }
  LATI_TRY(lati_model_usable(from));
  LATI_TRY(read_options(&own, from, task, options));
  LATI_TRY(lat_model_create(&model, task, from->tokenizer, &own));
  LATI_TRY(check_tensors(model, from, ""));
  LATI_TRY(copy_tensors(model, from, ""));
  lati_model_repack(model);
  *out = model;
  model = NULL;
done:
  lat_model_free(model);
  return status;
}

/* The stack that reads inputs has their tokens, that of answers theirs; one stack alone has both.
 */
static lat_status check_tokens(const lat_model *model, const lat_model *from, const char *prefix) {
  static const char *const stacks[] = {[LAT_INPUT] = "encoder.", [LAT_OUTPUT] = "decoder."};
  const int one_stack = model->options.architecture == LAT_ARCHITECTURE_ENCODER ||
                        model->options.architecture == LAT_ARCHITECTURE_DECODER;
  for (int32_t side = LAT_INPUT; side <= LAT_OUTPUT; ++side) {
    const int copied = has_prefix(prefix, stacks[side]) || has_prefix(stacks[side], prefix);
    if ((copied || one_stack) &&
        !lati_vocabulary_same(&model->tokenizer->side[side], &from->tokenizer->side[side])) {
      return lati_fail(LAT_ERROR_ARGUMENT, "the models write %s as different tokens",
                       side == LAT_INPUT ? "inputs" : "answers");
    }
  }
  return LAT_OK;
}

lat_status lat_model_copy_parameters(lat_model *model, const lat_model *from, const char *prefix) {
  lat_status status = LAT_OK;
  const char *named = prefix != NULL ? prefix : "";
  LATI_TRY(lati_model_usable(model));
  LATI_TRY(lati_model_usable(from));
  if (model->state == LATI_FROZEN) {
    LATI_TRY(lati_fail(LAT_ERROR_STATE, "the model is frozen: copy to a clone of it"));
  }
  LATI_TRY(check_tokens(model, from, named));
  LATI_TRY(check_tensors(model, from, named));
  if (model != from) {
    status = copy_tensors(model, from, named);
    lati_model_repack(model); /* whatever was copied */
  }
done:
  return status;
}
