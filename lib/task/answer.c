/* Shapes of a task's examples, and the answer to one input. */
#include "base/floating.h"
#include "task/registry.h"

static lat_status check_not_mixture(const lat_task *task) {
  if (task == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the task is NULL");
  }
  if (task->kind == &lati_task_mixture) {
    return lati_fail(LAT_ERROR_STATE, "a mixture has no answer of its own: use its components");
  }
  return LAT_OK;
}

static lat_status builtin_output_shape(int32_t *rows, int32_t *cols, const lat_task *task,
                                       int32_t input_rows, int32_t input_cols) {
  *rows = input_rows;
  *cols = input_cols;
  if (!task->kind->output_shape(rows, cols)) {
    return lati_fail(LAT_ERROR_SHAPE, "task '%s' takes %s, not %d x %d", task->name,
                     task->kind->takes, input_rows, input_cols);
  }
  if (*rows > LAT_MAX_DIMENSION || *cols > LAT_MAX_DIMENSION) {
    return lati_fail(LAT_ERROR_SHAPE, "task '%s': the answer to %d x %d is %d x %d, more than %d",
                     task->name, input_rows, input_cols, *rows, *cols, LAT_MAX_DIMENSION);
  }
  return LAT_OK;
}

lat_status lat_task_output_shape(int32_t *rows, int32_t *cols, const lat_task *task,
                                 int32_t input_rows, int32_t input_cols) {
  lat_status status = check_not_mixture(task);
  if (status != LAT_OK) {
    return status;
  }
  if (rows == NULL || cols == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "rows or cols is NULL");
  }
  if (input_rows < 1 || input_rows > LAT_MAX_DIMENSION || input_cols < 1 ||
      input_cols > LAT_MAX_DIMENSION) {
    return lati_fail(LAT_ERROR_SHAPE, "input size %d x %d is outside 1..%d", input_rows, input_cols,
                     LAT_MAX_DIMENSION);
  }
  if (task->kind == &lati_task_custom) {
    lati_floating saved;
    lati_floating_enter(&saved);
    status = lati_custom_output_shape(rows, cols, task, input_rows, input_cols);
    lati_floating_leave(&saved);
    return status;
  }
  return builtin_output_shape(rows, cols, task, input_rows, input_cols);
}

lat_status lati_task_draw_shape(int32_t *rows, int32_t *cols, const lat_task *task,
                                lat_random *random) {
  const lat_task_options *options = &task->options;
  if (task->kind == &lati_task_custom) {
    return lati_custom_input_shape(rows, cols, task, random);
  }
  *rows = options->rows;
  *cols = options->cols;
  if (options->max_size > 0) {
    *rows = lat_random_integer(random, options->min_size, options->max_size);
    *cols = options->rectangular ? lat_random_integer(random, options->min_size, options->max_size)
                                 : *rows;
  }
  task->kind->input_shape(rows, cols);
  return LAT_OK;
}

static int32_t larger(int32_t a, int32_t b) {
  return a > b ? a : b;
}

static lat_status mixture_max_shapes(int32_t shapes[4], const lat_task *mixture) {
  for (int32_t i = 0; i < mixture->count; ++i) {
    int32_t own[4] = {0};
    lat_status status =
        lat_task_max_shapes(&own[0], &own[1], &own[2], &own[3], mixture->components[i]);
    if (status != LAT_OK) {
      return status;
    }
    for (int32_t j = 0; j < 4; ++j) {
      shapes[j] = larger(shapes[j], own[j]);
    }
  }
  return LAT_OK;
}

static lat_status max_shapes(int32_t shapes[4], const lat_task *task) {
  if (task->kind == &lati_task_mixture) {
    return mixture_max_shapes(shapes, task);
  }
  if (task->kind == &lati_task_custom) {
    for (int32_t j = 0; j < 4; ++j) {
      shapes[j] = LAT_MAX_DIMENSION;
    }
    return LAT_OK;
  }
  const lat_task_options *options = &task->options;
  shapes[0] = options->max_size > 0 ? options->max_size : options->rows;
  shapes[1] = options->max_size > 0 ? options->max_size : options->cols;
  task->kind->input_shape(&shapes[0], &shapes[1]);
  return lat_task_output_shape(&shapes[2], &shapes[3], task, shapes[0], shapes[1]);
}

lat_status lat_task_max_shapes(int32_t *input_rows, int32_t *input_cols, int32_t *output_rows,
                               int32_t *output_cols, const lat_task *task) {
  if (task == NULL || input_rows == NULL || input_cols == NULL || output_rows == NULL ||
      output_cols == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the task or a place for its shapes is NULL");
  }
  int32_t shapes[4] = {0};
  const lat_status status = max_shapes(shapes, task);
  *input_rows = shapes[0];
  *input_cols = shapes[1];
  *output_rows = shapes[2];
  *output_cols = shapes[3];
  return status;
}

size_t lati_task_work(const lat_task *task, int32_t rows, int32_t cols) {
  size_t most = task->kind->work == NULL ? 0 : task->kind->work(rows, cols);
  if (task->kind->symmetric) {
    const size_t drawing = lati_random_symmetric_work(rows);
    most = drawing > most ? drawing : most;
  }
  for (int32_t i = 0; i < task->count; ++i) {
    const size_t own = lati_task_work(task->components[i], rows, cols);
    most = own > most ? own : most;
  }
  return most;
}

/* The answer in row-major packed form, then in the caller's. */
static lat_status answer_packed(lat_matrix *output, const lat_task *task, const lat_matrix *input) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  const size_t input_count = lati_matrix_count(input);
  const size_t output_count = lati_matrix_count(output);
  LATI_TRY(LATI_NEW(memory, task->ctx,
                    input_count + output_count + lati_task_work(task, input->rows, input->cols)));
  const lat_matrix packed = lati_matrix_view(memory, input->rows, input->cols);
  lat_matrix result = lati_matrix_view(memory + input_count, output->rows, output->cols);
  lati_matrix_pack(packed.data, input);
  LATI_TRY(task->kind->answer(&result, task, &packed, result.data + output_count));
  LATI_TRY(lati_matrix_check_finite(&result, "answer"));
  lati_matrix_unpack(output, result.data);
done:
  lati_free(memory);
  return status;
}

static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input) {
  lat_status status = LAT_OK;
  int32_t rows = 0;
  int32_t cols = 0;
  LATI_TRY(check_not_mixture(task));
  LATI_TRY(lati_matrix_check(input, LAT_MAX_DIMENSION, "input"));
  LATI_TRY(lat_task_output_shape(&rows, &cols, task, input->rows, input->cols));
  LATI_TRY(lati_matrix_check(output, LAT_MAX_DIMENSION, "output"));
  LATI_TRY(lati_matrix_check_shape(output, rows, cols, "output"));
  LATI_TRY(lati_matrix_check_finite(input, "input"));
  LATI_TRY(answer_packed(output, task, input));
done:
  return status;
}

lat_status lat_task_answer(lat_matrix *output, const lat_task *task, const lat_matrix *input) {
  lati_floating saved;
  lati_floating_enter(&saved);
  const lat_status status = answer(output, task, input);
  lati_floating_leave(&saved);
  return status;
}
