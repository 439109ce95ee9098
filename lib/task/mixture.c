/* Mixtures of tasks, for co-training. */
#include "base/floating.h"
#include "task/registry.h"

#include <string.h>

const lati_task_kind lati_task_mixture = {.name = "mixture"};

static lat_status check_component(lat_task *const *tasks, int32_t index) {
  const lat_task *task = tasks[index];
  if (task == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task %d of the mixture is NULL", index + 1);
  }
  if (lati_is_mixture(task)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task %d of the mixture is a mixture", index + 1);
  }
  for (int32_t i = 0; i < index; ++i) {
    if (tasks[i]->letter == task->letter) {
      return lati_fail(LAT_ERROR_ARGUMENT,
                       "tasks '%s' and '%s' of the mixture have the same letter %c", tasks[i]->name,
                       task->name, (char)task->letter);
    }
  }
  return LAT_OK;
}

static lat_status check_components(lat_task *const *tasks, int32_t count) {
  if (tasks == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the mixture's tasks are NULL");
  }
  if (count < 1 || count > LATI_MAX_COMPONENTS) {
    return lati_fail(LAT_ERROR_ARGUMENT, "a mixture of %d tasks is outside 1..%d", count,
                     LATI_MAX_COMPONENTS);
  }
  lat_status status = LAT_OK;
  for (int32_t i = 0; i < count && status == LAT_OK; ++i) {
    status = check_component(tasks, i);
  }
  return status;
}

lat_status lat_task_create_mixture(lat_task **out, lat_context *ctx, lat_task *const *tasks,
                                   const double *weights, int32_t count) {
  lat_status status = LAT_OK;
  lat_task *mixture = NULL;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(check_components(tasks, count));
  LATI_TRY(lati_task_new(&mixture, ctx, &lati_task_mixture));
  LATI_TRY(lati_weights_accumulate(mixture->cumulative, weights, count));
  strcpy(mixture->name, lati_task_mixture.name);
  for (int32_t i = 0; i < count; ++i) {
    mixture->weights[i] = weights == NULL ? 1 : weights[i];
    mixture->components[i] = lati_task_ref(tasks[i]);
  }
  mixture->count = count;
  *out = mixture;
  mixture = NULL;
done:
  lat_task_free(mixture);
  lati_floating_leave(&saved);
  return status;
}
