#include "infer/solver_check.h"

#include "task/registry.h"

/* True when operands of rows x cols make an input of the matrix's shape. */
static int makes(const lat_matrix *input, const lat_task *task, int32_t rows, int32_t cols) {
  task->kind->input_shape(&rows, &cols);
  return rows == input->rows && cols == input->cols;
}

/* True when the task's examples have inputs of that shape. */
static int drawn(const lat_task *task, const lat_matrix *input) {
  const lat_task_options *options = &task->options;
  if (options->max_size == 0) {
    return makes(input, task, options->rows, options->cols);
  }
  for (int32_t rows = options->min_size; rows <= options->max_size; ++rows) {
    int32_t first = options->rectangular ? options->min_size : rows;
    int32_t last = options->rectangular ? options->max_size : rows;
    for (int32_t cols = first; cols <= last; ++cols) {
      if (makes(input, task, rows, cols)) {
        return 1;
      }
    }
  }
  return 0;
}

static lat_status check_size(const lat_task *task, const lat_matrix *input) {
  const lat_task_options *options = &task->options;
  if (task->kind == &lati_task_custom || drawn(task, input)) {
    return LAT_OK;
  }
  if (options->max_size == 0) {
    int32_t rows = options->rows, cols = options->cols;
    task->kind->input_shape(&rows, &cols);
    return lati_fail(LAT_ERROR_SHAPE, "input is %d x %d, the model solves %d x %d", input->rows,
                     input->cols, rows, cols);
  }
  return lati_fail(LAT_ERROR_SHAPE, "input is %d x %d, the model solves sizes %d to %d%s",
                   input->rows, input->cols, options->min_size, options->max_size,
                   options->rectangular ? "" : " with as many rows as columns");
}

lat_status lati_solver_check(int32_t *rows, int32_t *cols, const lat_task *task,
                             const lat_matrix *input) {
  lat_status status = LAT_OK;
  LATI_TRY(lati_matrix_check(input, LAT_MAX_DIMENSION, "input"));
  LATI_TRY(lat_task_output_shape(rows, cols, task, input->rows, input->cols));
  LATI_TRY(check_size(task, input));
  LATI_TRY(lati_matrix_check_finite(input, "input"));
  if (lati_task_symmetric(task)) {
    LATI_TRY(lati_matrix_check_symmetric(input, LATI_SYMMETRY_TOLERANCE, "input"));
  }
done:
  return status;
}
