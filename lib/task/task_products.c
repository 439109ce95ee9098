/* M^T v of [M v] and A^T B of [A B]. */
#include "task/relative_residual.h"

/* Both tasks' left operand has as many columns as the answer has rows; what follows is the right
 * one. */
static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)task;
  (void)work;
  for (int32_t i = 0; i < output->rows; ++i) {
    for (int32_t j = 0; j < output->cols; ++j) {
      double sum = 0;
      for (int32_t l = 0; l < input->rows; ++l) {
        sum += lati_matrix_get(input, l, i) * lati_matrix_get(input, l, output->rows + j);
      }
      lati_matrix_set(output, i, j, sum);
    }
  }
  return LAT_OK;
}

static void matvec_input(int32_t *rows, int32_t *cols) {
  (void)rows;
  *cols += 1;
}

static int matvec_output(int32_t *rows, int32_t *cols) {
  *rows = *cols - 1;
  *cols = 1;
  return *rows >= 1;
}

static void product_input(int32_t *rows, int32_t *cols) {
  (void)rows;
  *cols *= 2;
}

static int product_output(int32_t *rows, int32_t *cols) {
  const int even = *cols % 2 == 0;
  *cols /= 2;
  *rows = *cols;
  return even;
}

const lati_task_kind lati_task_matvec = {
    .name = "matvec",
    .operands = LATI_MATRIX_VECTOR,
    .letter = 'D',
    .degree = 2,
    .scaling = LATI_SCALE_ALL,
    .takes = "a matrix and a column behind it, at least two columns",
    .input_shape = matvec_input,
    .output_shape = matvec_output,
    .answer = answer,
    .residual = lati_residual_target,
    .canonicalize = lati_canonical_rows,
};

const lati_task_kind lati_task_product = {
    .name = "product",
    .operands = LATI_TWO_MATRICES,
    .letter = 'M',
    .degree = 2,
    .scaling = LATI_SCALE_ALL,
    .takes = "two operands side by side, an even number of columns",
    .input_shape = product_input,
    .output_shape = product_output,
    .answer = answer,
    .residual = lati_residual_target,
    .canonicalize = lati_canonical_rows,
};
