/* Checks that a model can be asked a task: each of its tasks, by name and letter, is one of the
 * model's. Sizes, coefficients, spectra and noise may differ. */
#include "infer/evaluated_task.h"

#include "base/text.h"
#include "task/registry.h"

#include <string.h>

const lat_task *lati_trained_task(const lat_task *trained, const lat_task *asked) {
  for (int32_t i = 0; i < lat_task_component_count(trained); ++i) {
    const lat_task *task = lat_task_component(trained, i);
    const int same_letter = !lati_is_mixture(trained) || task->letter == asked->letter;
    if (same_letter && strcmp(task->name, asked->name) == 0) {
      return task;
    }
  }
  return NULL;
}

/* The model has learned from canonical forms, equilibrated ones, or has not. */
static lat_status check_canonical(const lat_task *trained, const lat_task *asked) {
  const int canonical = lati_task_canonical(trained);
  const int equilibrated = trained->options.equilibrate;
  if (canonical != lati_task_canonical(asked)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the model's task '%s' is %scanonical, the other's is %s",
                     trained->name, canonical ? "" : "not ", canonical ? "not" : "so");
  }
  return equilibrated == asked->options.equilibrate
             ? LAT_OK
             : lati_fail(LAT_ERROR_ARGUMENT,
                         "the model's task '%s' is %sequilibrated, the other's is %s",
                         trained->name, equilibrated ? "" : "not ", equilibrated ? "not" : "so");
}

/* "transpose", or "a mixture of transpose, add". */
static void describe(char *text, size_t size, const lat_task *task) {
  const char *before = lati_is_mixture(task) ? "a mixture of " : "";
  size_t length = 0;
  text[0] = '\0';
  for (int32_t i = 0; i < lat_task_component_count(task) && length + 1 < size; ++i) {
    lati_format(text + length, size - length, "%s%s", before, lat_task_component(task, i)->name);
    length += strlen(text + length);
    before = ", ";
  }
}

static lat_status refuse(const lat_task *trained, const lat_task *asked) {
  char ours[100], theirs[100];
  describe(ours, sizeof ours, trained);
  describe(theirs, sizeof theirs, asked);
  return lati_fail(LAT_ERROR_ARGUMENT, "evaluate options: task: the model's is %s, not %s", ours,
                   theirs);
}

/* A mixture's model knows its tasks by the letters in front of them, which examples of a mixture
 * alone have: one task becomes a mixture of one. */
static lat_status with_letters(lat_task **out, const lat_task *trained, const lat_task *asked) {
  lat_task *task = (lat_task *)(uintptr_t)asked;
  if (lati_is_mixture(trained) && !lati_is_mixture(asked)) {
    return lat_task_create_mixture(out, trained->ctx, &task, NULL, 1);
  }
  *out = lati_task_ref(task);
  return LAT_OK;
}

lat_status lati_evaluated_task(lat_task **out, lat_task *trained, const lat_task *asked) {
  *out = NULL;
  if (asked == NULL || asked == trained) {
    *out = lati_task_ref(trained);
    return LAT_OK;
  }
  if (lati_is_mixture(asked) && !lati_is_mixture(trained)) {
    return refuse(trained, asked);
  }
  for (int32_t i = 0; i < lat_task_component_count(asked); ++i) {
    const lat_task *task = lat_task_component(asked, i), *own = lati_trained_task(trained, task);
    lat_status status = own != NULL ? check_canonical(own, task) : refuse(trained, asked);
    if (status != LAT_OK) {
      return status;
    }
  }
  return with_letters(out, trained, asked);
}
