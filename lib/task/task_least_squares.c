/* x of least |A x - b|, for an A with at least as many rows as columns. The operands are written
 * one after the other. */
#include "linalg/lapack.h"
#include "task/relative_residual.h"

#include <math.h>
#include <string.h>

static void operand_shapes(lati_shape *operands, int32_t rows, int32_t cols) {
  operands[0] = (lati_shape){rows, cols};
  operands[1] = (lati_shape){rows, 1};
}

static int result_shapes(lati_shape *results, const lati_shape *operands) {
  results[0] = (lati_shape){operands[0].cols, 1};
  return operands[0].rows >= operands[0].cols && operands[0].rows == operands[1].rows &&
         operands[1].cols == 1;
}

/* A and b column-major, and LAPACK's. */
static size_t work_size(const lati_shape *input) {
  const size_t m = (size_t)input[0].rows, n = (size_t)input[0].cols;
  return m * n + m + lati_lapack_work(input[0].rows, input[0].cols);
}

static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)task;
  const int32_t m = input[0].rows, n = input[0].cols;
  double *b = work + lati_matrix_count(&input[0]);
  lati_transpose(work, input[0].data, m, n);
  memcpy(b, input[1].data, (size_t)m * sizeof *b);
  const lat_status status = lati_lapack_least_squares(work, b, m, n, 1, b + m);
  if (status == LAT_OK) {
    memcpy(output->data, b, (size_t)n * sizeof *b);
  }
  return status;
}

/* Element j of A^T (A x - b). */
static double defect(const lat_matrix *input, const lat_matrix *x, int32_t j, int32_t col) {
  (void)col;
  double gradient = 0;
  for (int32_t i = 0; i < input[0].rows; ++i) {
    double sum = -input[1].data[i];
    for (int32_t l = 0; l < input[0].cols; ++l) {
      sum += lati_matrix_get(&input[0], i, l) * x->data[l];
    }
    gradient += lati_matrix_get(&input[0], i, j) * sum;
  }
  return gradient;
}

/* Element j of A^T b. */
static double right_side(const lat_matrix *input, int32_t j) {
  double sum = 0;
  for (int32_t i = 0; i < input[0].rows; ++i) {
    sum += lati_matrix_get(&input[0], i, j) * input[1].data[i];
  }
  return sum;
}

static lat_status accept(const lat_matrix *output, const lat_matrix *input) {
  double largest = 0;
  for (int32_t j = 0; j < output->rows; ++j) {
    largest = fmax(largest, fabs(right_side(input, j)));
  }
  return lati_accept_defect(output, input, defect, largest, "A^T (A x - b) differs from 0");
}

/* |A^T (A p - b)| / |A^T b|: 0 for the x of least |A x - b|, and for no other. */
static lat_status residual(double *out, const lat_task *task, const lati_trial *trial) {
  (void)task;
  double *right = trial->work + trial->values;
  for (int32_t j = 0; j < trial->prediction->rows; ++j) {
    right[j] = right_side(trial->input, j);
  }
  *out = lati_residual_defect(trial, defect, right);
  return LAT_OK;
}

const lati_task_kind lati_task_least_squares = {
    .name = "least-squares",
    .letter = 'O',
    .degree = 0, /* x is the same for c A and c b */
    .scaling = LATI_SCALE_ALL,
    .operands = {2, LATI_IN_TURN},
    .results = {1, LATI_IN_TURN},
    .structured = 1,
    .self_scoring = 1,
    .takes = "a matrix with at least as many rows as columns and a column of as many rows",
    .operand_shapes = operand_shapes,
    .result_shapes = result_shapes,
    .work = work_size,
    .reflected_operands = {{1, 2}, {1, 0}},
    .reflected_results = {{2, 0}},
    .answer = answer,
    .accept = accept,
    .residual = residual,
};
