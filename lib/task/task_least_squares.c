/* x of least |A x - b|, for an A with at least as many rows as columns. The operands are written
 * one after the other. */
#include "linalg/dense.h"
#include "linalg/lapack.h"
#include "task/relative_residual.h"

#include <math.h>
#include <string.h>

/* Random examples farther than this from A^T (A x - b) = 0, relative to A^T b, are drawn again. */
static const double worst_defect = 1e-10;

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

/* Element j of A^T (A x - b), and of A^T b. */
static double gradient(double *right, const lat_matrix *input, const lat_matrix *x, int32_t j) {
  double left = 0;
  *right = 0;
  for (int32_t i = 0; i < input[0].rows; ++i) {
    double sum = -input[1].data[i];
    for (int32_t l = 0; l < input[0].cols; ++l) {
      sum += lati_matrix_get(&input[0], i, l) * x->data[l];
    }
    left += lati_matrix_get(&input[0], i, j) * sum;
    *right += lati_matrix_get(&input[0], i, j) * input[1].data[i];
  }
  return left;
}

static lat_status accept(const lat_matrix *output, const lat_matrix *input) {
  double worst = 0, largest = 0;
  for (int32_t j = 0; j < output->rows; ++j) {
    double right = 0;
    worst = fmax(worst, fabs(gradient(&right, input, output, j)));
    largest = fmax(largest, fabs(right));
  }
  return worst <= worst_defect * largest
             ? LAT_OK
             : lati_fail(LAT_ERROR_NUMERIC, "A^T (A x - b) differs from 0 by %.3g", worst);
}

/* |A^T (A p - b)| / |A^T b|: 0 for the x of least |A x - b|, and for no other. */
static lat_status residual(double *out, const lat_task *task, const lati_trial *trial) {
  (void)task;
  const size_t n = trial->values;
  double *left = trial->work, *right = left + n;
  for (size_t j = 0; j < n; ++j) {
    left[j] = gradient(&right[j], trial->input, trial->prediction, (int32_t)j);
  }
  *out = lati_ratio(lati_norm(left, n, trial->norm), lati_norm(right, n, trial->norm));
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
    .answer = answer,
    .accept = accept,
    .residual = residual,
};
