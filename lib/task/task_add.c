/* A + B. The operands are written side by side, [A B]. */
#include "task/relative_residual.h"

static void operand_shapes(lati_shape *operands, int32_t rows, int32_t cols) {
  operands[0] = operands[1] = (lati_shape){rows, cols};
}

static int result_shapes(lati_shape *results, const lati_shape *operands) {
  results[0] = operands[0];
  return operands[0].rows == operands[1].rows && operands[0].cols == operands[1].cols;
}

static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)task;
  (void)work;
  const int32_t n = output->cols;
  for (int32_t i = 0; i < output->rows; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      lati_matrix_set(output, i, j,
                      lati_matrix_get(input, i, j) + lati_matrix_get(input, i, j + n));
    }
  }
  return LAT_OK;
}

static void restore(const lat_matrix *answer, const lati_transform *transform,
                    const double *canonical) {
  for (int32_t i = 0; i < answer->rows; ++i) {
    for (int32_t j = 0; j < answer->cols; ++j) {
      lati_matrix_set(answer, transform->row[i], transform->col[j], *canonical++);
    }
  }
}

const lati_task_kind lati_task_add = {
    .name = "add",
    .operands = {2, LATI_SIDE_BY_SIDE},
    .results = {1, LATI_IN_TURN},
    .structured = 2,
    .letter = 'A',
    .degree = 1,
    .scaling = LATI_SCALE_ALL,
    .takes = "two matrices of one shape",
    .operand_shapes = operand_shapes,
    .result_shapes = result_shapes,
    .answer = answer,
    .residual = lati_residual_target,
    .canonicalize = lati_canonical_blocks,
    .restore = restore,
};
