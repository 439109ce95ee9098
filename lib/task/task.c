/* Tasks: creation, release, queries. */
#include "base/floating.h"
#include "task/registry.h"

#include <string.h>

lat_status lati_task_new(lat_task **out, lat_context *ctx, const lati_task_kind *kind) {
  *out = NULL;
  lat_task *task = NULL;
  if (ctx == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the context is NULL");
  }
  lat_status status = LATI_NEW(task, ctx, 1);
  if (status == LAT_OK) {
    lati_refs_init(&task->refs);
    task->ctx = lati_context_ref(ctx);
    task->kind = kind;
    *out = task;
  }
  return status;
}

lat_task *lati_task_ref(lat_task *task) {
  lati_refs_add(&task->refs);
  return task;
}

void lat_task_free(lat_task *task) {
  if (task == NULL || !lati_refs_drop(&task->refs)) {
    return;
  }
  for (int32_t i = 0; i < task->count; ++i) {
    lat_task_free(task->components[i]);
  }
  lat_context *ctx = task->ctx;
  lati_free(task->distribution);
  lati_free(task->structure);
  lati_free(task);
  lat_context_free(ctx);
}

lat_status lat_task_create(lat_task **out, lat_context *ctx, const lat_task_options *options) {
  lat_status status = LAT_OK;
  lat_task *task = NULL;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(lati_task_new(&task, ctx, NULL));
  LATI_TRY(lati_task_options_resolve(task, options));
  task->letter = task->kind->letter;
  task->degree = task->kind->degree;
  task->scaling = task->kind->scaling;
  if (task->kind == &lati_task_product && task->transform != 0) {
    task->scaling = LATI_SCALE_NONE; /* the logarithm of a multiple is no multiple */
  }
  *out = task;
  task = NULL;
done:
  lat_task_free(task);
  lati_floating_leave(&saved);
  return status;
}

const char *lat_task_name(const lat_task *task) {
  return task == NULL ? NULL : task->name;
}

int32_t lat_task_letter(const lat_task *task) {
  return task == NULL ? 0 : task->letter;
}

int32_t lat_task_component_count(const lat_task *task) {
  if (task == NULL) {
    return 0;
  }
  return task->count > 0 ? task->count : 1;
}

const lat_task *lat_task_component(const lat_task *task, int32_t index) {
  if (index < 0 || index >= lat_task_component_count(task)) {
    return NULL;
  }
  return task->count > 0 ? task->components[index] : task;
}

double lat_task_weight(const lat_task *task, int32_t index) {
  if (index < 0 || index >= lat_task_component_count(task)) {
    return 0;
  }
  return task->count > 0 ? task->weights[index] : 1;
}

lat_status lat_task_get_options(lat_task_options *options, const lat_task *task) {
  lat_status status = lati_options_check_output(options, "options");
  if (status == LAT_OK && task == NULL) {
    status = lati_fail(LAT_ERROR_ARGUMENT, "task is NULL");
  }
  if (status == LAT_OK && (task->kind == &lati_task_custom || lati_is_mixture(task))) {
    status = lati_fail(LAT_ERROR_STATE, "task '%s' is not a built-in one: it has no options",
                       task->name);
  }
  if (status == LAT_OK) {
    lati_options_store(options, &task->options, sizeof task->options);
  }
  return status;
}

int lati_task_symmetric(const lat_task *task) {
  return task->kind->symmetric;
}

lati_scaling lati_task_scaling(int32_t *degree, const lat_task *task) {
  *degree = task->degree;
  return task->scaling;
}

double lati_task_range(const lat_task *task) {
  double range = task->options.range;
  for (int32_t i = 0; i < task->count; ++i) {
    const double other = lati_task_range(task->components[i]);
    range = other > range ? other : range;
  }
  return range;
}

lat_status lati_task_check_tokenizer(const lat_task *task, const lat_tokenizer *tokenizer) {
  if (!tokenizer->side[LAT_INPUT].triangle) {
    return LAT_OK;
  }
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    const lat_task *one = lat_task_component(task, i);
    if (one->kind != &lati_task_custom && !one->kind->symmetric) {
      return lati_fail(LAT_ERROR_ARGUMENT,
                       "the tokenizer writes triangles, and task '%s' takes matrices that are not "
                       "symmetric",
                       one->name);
    }
    if (one->options.noise > 0 && !one->options.symmetric_noise) {
      return lati_fail(LAT_ERROR_ARGUMENT,
                       "the tokenizer writes triangles, and the noise %g of task '%s' is not "
                       "symmetric: set symmetric_noise",
                       one->options.noise, one->name);
    }
  }
  return LAT_OK;
}

int lati_task_self_scoring(const lat_task *task) {
  return task->kind->self_scoring || task->functions.residual != NULL;
}

int lati_task_has_vectors(const lat_task *task) {
  return task->kind->vector_blocks > 0;
}

int lati_task_thread_safe(const lat_task *task) {
  int safe = task->functions.draw == NULL || task->functions.thread_safe;
  for (int32_t i = 0; i < task->count; ++i) {
    safe = safe && lati_task_thread_safe(task->components[i]);
  }
  return safe;
}
