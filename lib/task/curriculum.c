/* The sampler's options size_weights, task_weights and distribution_weights, held against its
 * task. */
#include "task/curriculum.h"

#include "base/text.h"

#include <string.h>

/* A size that every task of a mixture draws. */
static int32_t find_size(const char *name, size_t length, const void *user) {
  const lat_task *task = user;
  int32_t size = 0;
  if (length < 1 || length > 3 || strspn(name, "0123456789") < length) {
    return -1;
  }
  for (size_t i = 0; i < length; ++i) {
    size = 10 * size + (name[i] - '0');
  }
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    const lat_task_options *options = &lat_task_component(task, i)->options;
    if (size < options->min_size || size > options->max_size) {
      return -1;
    }
  }
  return size;
}

static int32_t find_task(const char *name, size_t length, const void *user) {
  const lat_task *task = user;
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    const char *own = lat_task_name(lat_task_component(task, i));
    if (strlen(own) == length && memcmp(own, name, length) == 0) {
      return i;
    }
  }
  return -1;
}

static int32_t find_spectrum(const char *name, size_t length, const void *user) {
  (void)user;
  for (int32_t i = 0; i < LATI_SPECTRUM_COUNT; ++i) {
    const char *own = lati_spectrum_name(i);
    if (strlen(own) == length && memcmp(own, name, length) == 0) {
      return i;
    }
  }
  return -1;
}

static lat_status check_sizes(const lat_task *task) {
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    const lat_task *component = lat_task_component(task, i);
    if (component->options.max_size == 0) {
      return lati_fail(LAT_ERROR_ARGUMENT,
                       "size_weights: the sizes of task '%s' are not drawn from min_size..max_size",
                       component->name);
    }
  }
  return LAT_OK;
}

static lat_status check_spectra(const lat_task *task) {
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    if (lat_task_component(task, i)->kind->symmetric) {
      return LAT_OK;
    }
  }
  return lati_fail(LAT_ERROR_ARGUMENT,
                   "distribution_weights: matrices of task '%s' are not symmetric, they have no "
                   "distributions",
                   task->name);
}

static lat_status read_all(lati_curriculum *out, const lat_task *task,
                           const lat_sampler_options *options) {
  const lati_weight_names sizes = {"size_weights", "the task's sizes", find_size, task};
  const lati_weight_names tasks = {"task_weights", "the mixture's tasks", find_task, task};
  const lati_weight_names spectra = {"distribution_weights",
                                     "semicircle, positive, uniform, gaussian, laplace, positive2, "
                                     "marcenko",
                                     find_spectrum, NULL};
  lat_status status = LAT_OK;
  LATI_TRY(lati_weight_schedule_parse(&out->sizes, task->ctx, options->size_weights, &sizes));
  LATI_TRY(lati_weight_schedule_parse(&out->tasks, task->ctx, options->task_weights, &tasks));
  LATI_TRY(lati_weight_schedule_parse(&out->spectra, task->ctx, options->distribution_weights,
                                      &spectra));
done:
  return status;
}

lat_status lati_curriculum_create(lati_curriculum *out, const lat_task *task,
                                  const lat_sampler_options *options) {
  lat_status status = LAT_OK;
  *out = (lati_curriculum){NULL, NULL, NULL};
  if (options->size_weights != NULL) {
    LATI_TRY(check_sizes(task));
  }
  if (options->task_weights != NULL && task->count == 0) {
    LATI_TRY(lati_fail(LAT_ERROR_ARGUMENT, "task_weights: task '%s' is not a mixture", task->name));
  }
  if (options->distribution_weights != NULL) {
    LATI_TRY(check_spectra(task));
  }
  LATI_TRY(read_all(out, task, options));
done:
  if (status != LAT_OK) {
    lati_curriculum_clear(out);
  }
  return status;
}

void lati_curriculum_clear(lati_curriculum *curriculum) {
  lati_weight_schedule_free(curriculum->sizes);
  lati_weight_schedule_free(curriculum->tasks);
  lati_weight_schedule_free(curriculum->spectra);
  *curriculum = (lati_curriculum){NULL, NULL, NULL};
}
