/* det A, as a 1 x 1 matrix. It grows as the size-th power of the matrix, so that inputs are not
 * scaled. */
#include "linalg/lapack.h"
#include "task/relative_residual.h"

static int result_shapes(lati_shape *results, const lati_shape *operands) {
  results[0] = (lati_shape){1, 1};
  return operands->rows == operands->cols;
}

static size_t work_size(const lati_shape *input) {
  return (size_t)input->rows * (size_t)input->cols + lati_lapack_work(input->rows, input->cols);
}

static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)task;
  lati_transpose(work, input->data, input->rows, input->cols);
  return lati_lapack_determinant(output->data, work, input->rows, work + lati_matrix_count(input));
}

const lati_task_kind lati_task_determinant = {
    .name = "determinant",
    .letter = 'N',
    .scaling = LATI_SCALE_NONE,
    .operands = {1, LATI_IN_TURN},
    .results = {1, LATI_IN_TURN},
    .structured = 1,
    .square = 1,
    .takes = "a square matrix",
    .result_shapes = result_shapes,
    .work = work_size,
    .reflected_operands = {{1, 2}},
    .answer = answer,
    .residual = lati_residual_target,
};
