/* A task's inputs to their canonical forms and answers back: by the built-in task's table, or by a
 * custom task's functions. */
#include "base/floating.h"
#include "task/equilibrate.h"
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

/* `scaled` has room for the equilibrated input, whose form decides. */
static void find_transform(lati_transform *transform, double *scaled, const lat_task *task,
                           const lat_matrix *a) {
  double row[LAT_MAX_DIMENSION], col[LAT_MAX_DIMENSION];
  void (*const form)(lati_transform *, const lat_matrix *) =
      lati_task_has_steps(task) && task->kind->canonicalize_for_steps != NULL
          ? task->kind->canonicalize_for_steps
          : task->kind->canonicalize;
  if (!task->options.equilibrate) {
    form(transform, a);
    return;
  }
  const lat_matrix view = lati_matrix_view(scaled, a->rows, a->cols);
  lati_matrix_pack(scaled, a);
  lati_equilibrate(row, col, a);
  lati_scale_lines(&view, row, col);
  form(transform, &view);
  lati_transform_scale(transform, row, col);
}

lat_status lati_task_canonicalize(lati_matrices *canonical, double *storage, void *transform,
                                  const lat_task *task, const lati_matrices *input) {
  *canonical = lati_matrices_at(storage, &input->form);
  if (task->kind == &lati_task_custom) {
    memcpy(storage, input->written[0].data, lati_form_values(&input->form) * sizeof *storage);
    return lati_custom_canonicalize(canonical->written, task, transform);
  }
  find_transform(transform, storage, task, &input->written[0]);
  const lat_matrix moved = lati_transform_apply(storage, transform, &input->written[0]);
  if (input->form.count == 1) { /* may have been transposed */
    const lati_form form = lati_form_of(moved.rows, moved.cols);
    *canonical = lati_matrices_at(storage, &form);
  }
  return LAT_OK;
}

lat_status lati_task_restore(const lati_matrices *answer, const lat_task *task,
                             const void *transform, const double *canonical) {
  if (task->kind != &lati_task_custom && task->kind->restore != NULL) {
    task->kind->restore(&answer->written[0], transform, canonical);
    return LAT_OK;
  }
  memcpy(answer->written[0].data, canonical, lati_form_values(&answer->form) * sizeof *canonical);
  return task->kind == &lati_task_custom ? lati_custom_restore(answer->written, task, transform)
                                         : LAT_OK;
}

void lati_task_orient(const lat_matrix *answer, const lat_task *task) {
  if (lati_task_canonical(task) && task->kind->orient != NULL) {
    task->kind->orient(answer);
  }
}

/* `count` matrices of a side. */
static lat_status check_call(const lat_task *task, const void *matrices, int32_t side,
                             int32_t count, const void *transform) {
  if (task == NULL || matrices == NULL || transform == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the task, a matrix or the transform is NULL");
  }
  if (lati_is_mixture(task)) {
    return lati_fail(LAT_ERROR_STATE, "a mixture has no canonical form: use its components");
  }
  if (!lati_task_canonical(task)) {
    return lati_fail(LAT_ERROR_STATE, "task '%s' does not move its inputs to canonical forms",
                     task->name);
  }
  return lati_task_check_counts(task, side == LAT_INPUT ? count : task->operands.count,
                                side == LAT_INPUT ? task->results.count : count);
}

/* Row-major packed matrices in the caller's memory. */
static void store(lat_matrix *to, const lati_matrices *from) {
  for (int32_t i = 0; i < from->form.count; ++i) {
    const lat_matrix own = lati_matrices_operand(from, i);
    to[i] = lati_matrix_view(to[i].data, own.rows, own.cols);
    lati_matrix_copy(&to[i], &own);
  }
}

/* The canonical form is computed in memory of our own, so that `canonical` may lie on the input. */
static lat_status canonicalize_operands(lat_matrix *canonical, void *transform,
                                        const lat_task *task, const lat_matrix *operands) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  lati_form results;
  lati_matrices moved;
  const int32_t count = task->operands.count;
  LATI_TRY(lati_operands_check(operands, count, LAT_MAX_DIMENSION, "operand"));
  const lati_form form = lati_task_form_of(task, operands);
  LATI_TRY(lati_task_result_form(&results, task, &form));
  LATI_TRY(lati_operands_check_finite(operands, count, "operand"));
  for (int32_t i = 0; i < count; ++i) {
    LATI_TRY(canonical[i].data != NULL
                 ? LAT_OK
                 : lati_fail(LAT_ERROR_ARGUMENT, "the canonical form's data is NULL"));
  }
  const size_t values = lati_form_values(&form);
  LATI_TRY(LATI_NEW(memory, task->ctx, 2 * values));
  const lati_matrices packed = lati_matrices_at(memory, &form);
  lati_matrices_pack(&packed, operands);
  LATI_TRY(lati_task_canonicalize(&moved, memory + values, transform, task, &packed));
  store(canonical, &moved);
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
                        : check_call(task, operands, LAT_INPUT, operand_count, transform);
  if (status == LAT_OK) {
    status = canonicalize_operands(canonical, transform, task, operands);
  }
  lati_floating_leave(&saved);
  return status;
}

/* Form of the answer to the input that was moved: where that was transposed, the vectors on either
 * side have changed places. A custom task's answer is of the shapes of that to the canonical form.
 */
static lat_status restored_form(lati_form *results, const lat_task *task, const void *transform,
                                const lati_form *canonical) {
  if (task->kind == &lati_task_custom) {
    *results = *canonical;
    return LAT_OK;
  }
  const lati_transform *moved = transform;
  if (task->operands.count > 1) { /* what is canonical of these has one result */
    lati_shape answer;
    const lat_status status =
        lati_task_written_answer(&answer, task, (lati_shape){moved->rows, moved->cols});
    *results = lati_form_of(answer.rows, answer.cols);
    return status;
  }
  const lati_form operands = lati_form_of(moved->rows, moved->cols);
  return lati_task_result_form(results, task, &operands);
}

static lat_status restore_results(lat_matrix *results, const lat_task *task, const void *transform,
                                  const lat_matrix *canonical) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  const int32_t count = task->results.count;
  lati_form from = {.count = count, .layout = task->results.layout}, to;
  LATI_TRY(lati_operands_check(canonical, count, LAT_MAX_DIMENSION, "canonical"));
  LATI_TRY(lati_operands_check(results, count, LAT_MAX_DIMENSION, "result"));
  for (int32_t i = 0; i < count; ++i) {
    from.shape[i] = (lati_shape){canonical[i].rows, canonical[i].cols};
  }
  LATI_TRY(restored_form(&to, task, transform, &from));
  LATI_TRY(lati_operands_check_shapes(results, &to, "result"));
  const size_t values = lati_form_values(&to);
  if (lati_form_values(&from) != values) {
    LATI_TRY(lati_fail(LAT_ERROR_SHAPE, "canonical: %zu coefficients, the answer has %zu",
                       lati_form_values(&from), values));
  }
  LATI_TRY(LATI_NEW(memory, task->ctx, 2 * values));
  const lati_matrices packed = lati_matrices_at(memory, &from);
  const lati_matrices answer = lati_matrices_at(memory + values, &to);
  lati_matrices_pack(&packed, canonical);
  LATI_TRY(lati_task_restore(&answer, task, transform, memory));
  lati_matrices_unpack(results, &answer);
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
                          : check_call(task, results, LAT_OUTPUT, result_count, transform);
  if (status == LAT_OK) {
    status = restore_results(results, task, transform, canonical);
  }
  lati_floating_leave(&saved);
  return status;
}
