/* A + B of [A B]. */
#include "task/relative_residual.h"

static void input_shape(int32_t *rows, int32_t *cols) {
  (void)rows;
  *cols *= 2;
}

static int output_shape(int32_t *rows, int32_t *cols) {
  (void)rows;
  const int even = *cols % 2 == 0;
  *cols /= 2;
  return even;
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
    .operands = LATI_TWO_MATRICES,
    .letter = 'A',
    .degree = 1,
    .scaling = LATI_SCALE_ALL,
    .takes = "two operands side by side, an even number of columns",
    .input_shape = input_shape,
    .output_shape = output_shape,
    .answer = answer,
    .residual = lati_residual_target,
    .canonicalize = lati_canonical_blocks,
    .restore = restore,
};
