/* Placeholders for the custom tasks that a model's file names: they have the name, and every
 * function of theirs fails. They let a model be looked at by who does not have its tasks. */
#include "task/registry.h"

/* As many letters as a mixture may have tasks: a file does not tell a custom task's letter, and
 * those of a mixture must differ. The first eleven are those that no built-in task has. */
static const char free_letters[LATI_MAX_COMPONENTS + 1] = "BCHJKQRUVWZPLNOX";

static int32_t no_input_shape(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  (void)rows, (void)cols, (void)random, (void)user;
  return -1;
}

static int32_t no_output_shape(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                               const int32_t *input_cols, void *user) {
  (void)rows, (void)cols, (void)input_rows, (void)input_cols, (void)user;
  return -1;
}

static int32_t no_draw(lat_matrix *input, lat_random *random, void *user) {
  (void)input, (void)random, (void)user;
  return -1;
}

static int32_t no_answer(lat_matrix *output, const lat_matrix *input, void *user) {
  (void)output, (void)input, (void)user;
  return -1;
}

int lati_task_is_placeholder(const lat_task *task) {
  return task->kind == &lati_task_custom && task->functions.draw == no_draw;
}

/* The placeholder of one task of the file; NULL for a task that is not a custom one. */
static lat_status create_placeholder(lat_task **out, lat_context *ctx, const json_t *object,
                                     int32_t index) {
  *out = NULL;
  if (!json_is_true(json_object_get(object, "custom"))) {
    return LAT_OK;
  }
  lat_task_functions functions;
  lat_task_functions_init(&functions);
  functions.name = json_string_value(json_object_get(object, "name"));
  functions.letter = free_letters[index];
  functions.input_shape = no_input_shape;
  functions.output_shape = no_output_shape;
  functions.draw = no_draw;
  functions.answer = no_answer;
  return lat_task_create_custom(out, ctx, &functions, NULL);
}

lat_status lati_task_placeholders(lat_task **out, lat_context *ctx, const json_t *object) {
  lat_status status = LAT_OK;
  lat_task *tasks[LATI_MAX_COMPONENTS] = {NULL};
  int32_t count = 0;
  const json_t *list = json_object_get(object, "tasks");
  const size_t listed = json_array_size(list);
  *out = NULL;
  if (list == NULL) {
    return create_placeholder(out, ctx, object, 0);
  }
  for (size_t i = 0; i < listed && i < LATI_MAX_COMPONENTS; ++i) {
    LATI_TRY(create_placeholder(&tasks[count], ctx, json_array_get(list, i), count));
    count += tasks[count] != NULL;
  }
  if (count > 0) {
    LATI_TRY(lat_task_create_mixture(out, ctx, tasks, NULL, count));
  }
done:
  for (int32_t i = 0; i < count; ++i) {
    lat_task_free(tasks[i]);
  }
  return status;
}
