/* A task's inputs to their canonical forms and answers back: by the built-in task's table, or by a
 * custom task's functions. */
#include "base/floating.h"
#include "task/registry.h"

#include <string.h>

int lati_task_canonical(const lat_task *task) {
  return task->kind == &lati_task_custom ? task->functions.canonicalize != NULL
                                         : task->options.canonical;
}

static size_t own_size(const lat_task *task) {
  if (!lati_task_canonical(task)) {
    return 0;
  }
  return task->kind == &lati_task_custom ? (size_t)task->functions.transform_size
                                         : sizeof(lati_transform);
}

size_t lat_task_transform_size(const lat_task *task) {
  size_t most = task == NULL ? 0 : own_size(task);
  for (int32_t i = 0; task != NULL && i < task->count; ++i) {
    const size_t size = own_size(task->components[i]);
    most = size > most ? size : most;
  }
  return most;
}

lat_status lati_task_canonicalize(lat_matrix *canonical, double *storage, void *transform,
                                  const lat_task *task, const lat_matrix *input) {
  if (task->kind == &lati_task_custom) {
    *canonical = lati_matrix_view(storage, input->rows, input->cols);
    memcpy(storage, input->data, lati_matrix_count(input) * sizeof *storage);
    return lati_custom_canonicalize(canonical, task, transform);
  }
  task->kind->canonicalize(transform, input);
  *canonical = lati_transform_apply(storage, transform, input);
  return LAT_OK;
}

lat_status lati_task_restore(const lat_matrix *answer, const lat_task *task, const void *transform,
                             const double *canonical) {
  if (task->kind != &lati_task_custom && task->kind->restore != NULL) {
    task->kind->restore(answer, transform, canonical);
    return LAT_OK;
  }
  memcpy(answer->data, canonical, lati_matrix_count(answer) * sizeof *canonical);
  return task->kind == &lati_task_custom ? lati_custom_restore(answer, task, transform) : LAT_OK;
}

void lati_task_orient(const lat_matrix *answer, const lat_task *task) {
  if (lati_task_canonical(task) && task->kind->orient != NULL) {
    task->kind->orient(answer);
  }
}

static lat_status check_call(const lat_task *task, const void *matrices, int32_t count,
                             const void *transform) {
  if (task == NULL || matrices == NULL || transform == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the task, a matrix or the transform is NULL");
  }
  if (task->kind == &lati_task_mixture) {
    return lati_fail(LAT_ERROR_STATE, "a mixture has no canonical form: use its components");
  }
  if (!lati_task_canonical(task)) {
    return lati_fail(LAT_ERROR_STATE, "task '%s' does not move its inputs to canonical forms",
                     task->name);
  }
  if (count != 1) {
    return lati_fail(LAT_ERROR_ARGUMENT, "count %d: task '%s' has one operand and one result",
                     count, task->name);
  }
  return LAT_OK;
}

/* The canonical form is computed in memory of our own, so that `canonical` may lie on the input. */
static lat_status canonicalize_operand(lat_matrix *canonical, void *transform, const lat_task *task,
                                       const lat_matrix *input) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  int32_t rows = 0, cols = 0;
  LATI_TRY(lati_matrix_check(input, LAT_MAX_DIMENSION, "operand"));
  LATI_TRY(lat_task_output_shape(&rows, &cols, task, input->rows, input->cols));
  LATI_TRY(lati_matrix_check_finite(input, "operand"));
  if (canonical->data == NULL) {
    LATI_TRY(lati_fail(LAT_ERROR_ARGUMENT, "the canonical form's data is NULL"));
  }
  const size_t count = lati_matrix_count(input);
  lat_matrix moved;
  LATI_TRY(LATI_NEW(memory, task->ctx, 2 * count));
  const lat_matrix packed = lati_matrix_view(memory, input->rows, input->cols);
  lati_matrix_pack(memory, input);
  LATI_TRY(lati_task_canonicalize(&moved, memory + count, transform, task, &packed));
  *canonical = lati_matrix_view(canonical->data, moved.rows, moved.cols);
  memcpy(canonical->data, moved.data, count * sizeof *memory);
done:
  lati_free(memory);
  return status;
}

lat_status lat_task_canonicalize(lat_matrix *canonical, int32_t operand_count, void *transform,
                                 const lat_task *task, const lat_matrix *operands) {
  lati_floating saved;
  lati_floating_enter(&saved);
  lat_status status =
      canonical == NULL ? lati_fail(LAT_ERROR_ARGUMENT, "the place for the canonical form is NULL")
                        : check_call(task, operands, operand_count, transform);
  if (status == LAT_OK) {
    status = canonicalize_operand(canonical, transform, task, operands);
  }
  lati_floating_leave(&saved);
  return status;
}

static lat_status restore_result(lat_matrix *result, const lat_task *task, const void *transform,
                                 const lat_matrix *canonical) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  LATI_TRY(lati_matrix_check(canonical, LAT_MAX_DIMENSION, "canonical"));
  LATI_TRY(lati_matrix_check(result, LAT_MAX_DIMENSION, "result"));
  LATI_TRY(lati_matrix_check_shape(result, canonical->rows, canonical->cols, "result"));
  const size_t count = lati_matrix_count(canonical);
  LATI_TRY(LATI_NEW(memory, task->ctx, 2 * count));
  lati_matrix_pack(memory, canonical);
  const lat_matrix answer = lati_matrix_view(memory + count, result->rows, result->cols);
  LATI_TRY(lati_task_restore(&answer, task, transform, memory));
  lati_matrix_unpack(result, answer.data);
done:
  lati_free(memory);
  return status;
}

lat_status lat_task_restore(lat_matrix *results, int32_t result_count, const lat_task *task,
                            const void *transform, const lat_matrix *canonical) {
  lati_floating saved;
  lati_floating_enter(&saved);
  lat_status status = canonical == NULL
                          ? lati_fail(LAT_ERROR_ARGUMENT, "the canonical answer is NULL")
                          : check_call(task, results, result_count, transform);
  if (status == LAT_OK) {
    status = restore_result(results, task, transform, canonical);
  }
  lati_floating_leave(&saved);
  return status;
}
