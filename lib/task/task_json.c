/* Tasks as JSON: a built-in one as its options, a custom one by its name, a mixture as the list of
 * its tasks and weights. */
#include "task/registry.h"

#include <string.h>

static lat_status out_of_memory(void) {
  return lati_fail(LAT_ERROR_MEMORY, "no memory for the JSON of a task");
}

static lat_status mixture_to_json(json_t **out, const lat_task *task) {
  lat_status status = LAT_OK;
  json_t *tasks = json_array();
  json_t *weights = json_array();
  for (int32_t i = 0; i < task->count; ++i) {
    json_t *component = NULL;
    LATI_TRY(lati_task_to_json(&component, task->components[i]));
    const int failures = (json_array_append_new(tasks, component) != 0) +
                         (json_array_append_new(weights, json_real(task->weights[i])) != 0);
    LATI_TRY(failures > 0 ? out_of_memory() : LAT_OK);
  }
  *out = json_pack("{s:s, s:O, s:O}", "name", task->name, "tasks", tasks, "weights", weights);
  status = *out == NULL ? out_of_memory() : LAT_OK;
done:
  json_decref(tasks);
  json_decref(weights);
  return status;
}

lat_status lati_task_to_json(json_t **out, const lat_task *task) {
  *out = NULL;
  if (lati_is_mixture(task)) {
    return mixture_to_json(out, task);
  }
  if (task->kind == &lati_task_custom) {
    *out = json_pack("{s:s, s:b}", "name", task->name, "custom", 1);
    return *out == NULL ? out_of_memory() : LAT_OK;
  }
  return lati_json_from_options(out, &task->options, lati_task_fields);
}

static lat_status custom_from_json(lat_task **out, const char *name, const lat_task *custom) {
  const int32_t count = custom == NULL ? 0 : lat_task_component_count(custom);
  for (int32_t i = 0; i < count; ++i) {
    const lat_task *candidate = lat_task_component(custom, i);
    if (candidate->kind == &lati_task_custom && strcmp(candidate->name, name) == 0) {
      *out = lati_task_ref((lat_task *)candidate);
      return LAT_OK;
    }
  }
  return lati_fail(LAT_ERROR_NOT_FOUND, "custom task '%.40s' was not given", name);
}

static lat_status mixture_from_json(lat_task **out, lat_context *ctx, const json_t *object,
                                    lat_task *custom) {
  lat_status status = LAT_OK;
  const json_t *tasks = json_object_get(object, "tasks");
  const json_t *weights = json_object_get(object, "weights");
  const size_t count = json_array_size(tasks);
  lat_task *components[LATI_MAX_COMPONENTS] = {NULL};
  double shares[LATI_MAX_COMPONENTS];
  if (count < 1 || count > LATI_MAX_COMPONENTS || json_array_size(weights) != count) {
    LATI_TRY(lati_fail(LAT_ERROR_FORMAT,
                       "a mixture needs as many weights as tasks, 1..%d: there are %zu and %zu",
                       LATI_MAX_COMPONENTS, json_array_size(weights), count));
  }
  for (size_t i = 0; i < count; ++i) {
    const json_t *component = json_array_get(tasks, i);
    if (json_object_get(component, "tasks") != NULL) {
      LATI_TRY(lati_fail(LAT_ERROR_FORMAT, "task %zu of the mixture is a mixture", i + 1));
    }
    LATI_TRY(lati_task_from_json(&components[i], ctx, component, custom));
    shares[i] = json_number_value(json_array_get(weights, i));
  }
  LATI_TRY(lat_task_create_mixture(out, ctx, components, shares, (int32_t)count));
done:
  for (size_t i = 0; i < LATI_MAX_COMPONENTS; ++i) {
    lat_task_free(components[i]);
  }
  return status;
}

lat_status lati_task_from_json(lat_task **out, lat_context *ctx, const json_t *object,
                               lat_task *custom) {
  *out = NULL;
  const char *name = json_string_value(json_object_get(object, "name"));
  if (name == NULL) {
    return lati_fail(LAT_ERROR_FORMAT, "the task has no name");
  }
  if (json_object_get(object, "tasks") != NULL) {
    return mixture_from_json(out, ctx, object, custom);
  }
  if (json_is_true(json_object_get(object, "custom"))) {
    return custom_from_json(out, name, custom);
  }
  lat_task_options options;
  const lat_status status =
      lati_json_to_options(&options, sizeof options, lati_task_fields, object, "task");
  return status == LAT_OK ? lat_task_create(out, ctx, &options) : status;
}
