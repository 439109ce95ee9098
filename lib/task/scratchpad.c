/* Scratchpads (Nye et al. 2021, "Show your work: scratchpads for intermediate computation with
 * language models"): a task with the option writes the intermediate results of an elementary
 * algorithm in front of its answer, so that every number follows from a few that stand before it.
 * They are part of what a model is taught and writes; an answer is judged without them. */
#include "task/registry.h"

int lati_task_has_steps(const lat_task *task) {
  return task->kind != &lati_task_custom && task->kind != &lati_task_mixture &&
         task->options.scratchpad;
}

lati_shape lati_task_steps_shape(const lat_task *task, const lati_form *operands) {
  return lati_task_has_steps(task) ? task->kind->steps_shape(operands->shape) : (lati_shape){0, 0};
}

/* By components, because the form of a mixture's operands is not any component's. */
lat_status lati_task_most_steps(lati_shape *steps, const lat_task *task) {
  lat_status status = LAT_OK;
  *steps = (lati_shape){0, 0};
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    const lat_task *one = lat_task_component(task, i);
    lati_form operands, results;
    LATI_TRY(lati_task_max_forms(&operands, &results, one));
    const lati_shape own = lati_task_steps_shape(one, &operands);
    *steps = (int64_t)own.rows * own.cols > (int64_t)steps->rows * steps->cols ? own : *steps;
  }
done:
  return status;
}

lat_status lati_task_check_steps(const lat_task *task, const lati_form *operands) {
  char text[LATI_SHAPES_TEXT];
  const lati_shape steps = lati_task_steps_shape(task, operands);
  if (lati_task_has_steps(task) && (steps.rows == 0 || steps.cols == 0)) {
    return lati_fail(LAT_ERROR_SHAPE,
                     "task '%s': nothing lies between %s and the answer for a "
                     "scratchpad to hold",
                     task->name, lati_shapes_text(text, operands));
  }
  if (steps.rows > LAT_MAX_DIMENSION || steps.cols > LAT_MAX_DIMENSION) {
    return lati_fail(LAT_ERROR_SHAPE, "task '%s': the scratchpad for %s is %d x %d, more than %d",
                     task->name, lati_shapes_text(text, operands), steps.rows, steps.cols,
                     LAT_MAX_DIMENSION);
  }
  return LAT_OK;
}

lat_status lati_task_write_steps(lat_matrix *steps, double *values, const lat_task *task,
                                 const lati_matrices *input) {
  const lati_shape shape = lati_task_steps_shape(task, &input->form);
  *steps = lati_matrix_view(values, shape.rows, shape.cols);
  if (!lati_task_has_steps(task)) {
    return LAT_OK;
  }
  task->kind->write_steps(steps, task, &input->written[0]);
  return lati_matrix_check_finite(steps, "scratchpad");
}
