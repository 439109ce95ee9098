/* Checks of what a caller wants solved: the task's operands, of sizes that the model has seen. */
#include "infer/solver_check.h"

#include "task/registry.h"

/* True when rows x cols, as the options say or as drawn, make these operands. */
static int makes(const lati_form *operands, const lat_task *task, int32_t rows, int32_t cols) {
  const lati_form form = lati_task_operand_form(task, rows, cols);
  return lati_form_same(&form, operands);
}

/* True when the task's examples have operands of these shapes. */
static int drawn(const lat_task *task, const lati_form *operands) {
  const lat_task_options *options = &task->options;
  if (options->max_size == 0) {
    return makes(operands, task, options->rows, options->cols);
  }
  for (int32_t rows = options->min_size; rows <= options->max_size; ++rows) {
    int32_t first = options->rectangular ? options->min_size : rows;
    int32_t last = options->rectangular ? options->max_size : rows;
    for (int32_t cols = first; cols <= last; ++cols) {
      if (makes(operands, task, rows, cols)) {
        return 1;
      }
    }
  }
  return 0;
}

static lat_status check_size(const lat_task *task, const lati_form *operands) {
  char given[LATI_SHAPES_TEXT], solved[LATI_SHAPES_TEXT];
  const lat_task_options *options = &task->options;
  if (task->kind == &lati_task_custom || drawn(task, operands)) {
    return LAT_OK;
  }
  lati_shapes_text(given, operands);
  if (options->max_size == 0) {
    const lati_form own = lati_task_operand_form(task, options->rows, options->cols);
    return lati_fail(LAT_ERROR_SHAPE, "input is %s, the model solves %s", given,
                     lati_shapes_text(solved, &own));
  }
  return lati_fail(LAT_ERROR_SHAPE, "input is %s, the model solves sizes %d to %d%s", given,
                   options->min_size, options->max_size,
                   options->rectangular ? "" : " with as many rows as columns");
}

lat_status lati_solver_check(lati_form *operands, lati_form *results, const lat_task *task,
                             const lat_matrix *input) {
  lat_status status = LAT_OK;
  LATI_TRY(lati_operands_check(input, task->operands.count, LAT_MAX_DIMENSION, "input"));
  *operands = lati_task_form_of(task, input);
  LATI_TRY(lati_task_result_form(results, task, operands));
  LATI_TRY(check_size(task, operands));
  LATI_TRY(lati_operands_check_finite(input, task->operands.count, "input"));
  if (lati_task_symmetric(task)) {
    LATI_TRY(lati_matrix_check_symmetric(input, LATI_SYMMETRY_TOLERANCE, "input"));
  }
done:
  return status;
}
