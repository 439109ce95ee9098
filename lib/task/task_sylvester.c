/* X of A X + X B = C. The operands are written one after the other. With the Schur forms A = U S
 * U^T and B = V T V^T the equation is S Y + Y T = U^T C V, and X = U Y V^T. */
#include "linalg/dense.h"
#include "linalg/lapack.h"
#include "refine/compensated.h"
#include "task/relative_residual.h"

#include <string.h>

static void operand_shapes(lati_shape *operands, int32_t rows, int32_t cols) {
  operands[0] = (lati_shape){rows, rows};
  operands[1] = (lati_shape){cols, cols};
  operands[2] = (lati_shape){rows, cols};
}

static int result_shapes(lati_shape *results, const lati_shape *operands) {
  results[0] = operands[2];
  return operands[0].rows == operands[0].cols && operands[1].rows == operands[1].cols &&
         operands[2].rows == operands[0].rows && operands[2].cols == operands[1].rows;
}

/* S and U (m x m), T and V (n x n), two matrices m x n, and LAPACK's with 2 max(m, n) more. */
static size_t work_size(const lati_shape *input) {
  const size_t m = (size_t)input[0].rows, n = (size_t)input[1].rows;
  const int32_t widest = input[0].rows > input[1].rows ? input[0].rows : input[1].rows;
  return 2 * (m * m + n * n + m * n) + 2 * (size_t)widest + lati_lapack_work(widest, widest);
}

/* Row-major matrices here are the transposes of what LAPACK, column-major, sees: it is given
 * B^T = V T V^T and A^T = U S U^T, and solves T Y^T + Y^T S = (U^T C V)^T for Y^T (n x m). With
 * U and V as LAPACK writes them, row-major U here is U^T. */
static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)task;
  lat_status status = LAT_OK;
  const int32_t m = input[0].rows, n = input[1].rows;
  const size_t mm = lati_matrix_count(&input[0]), nn = lati_matrix_count(&input[1]);
  const size_t mn = lati_matrix_count(output);
  double *s = work, *u = s + mm, *t = u + mm, *v = t + nn, *y = v + nn, *half = y + mn;
  double *rest = half + mn, scale = 1;
  memcpy(s, input[0].data, mm * sizeof *s); /* as column-major: A^T = U S U^T */
  memcpy(t, input[1].data, nn * sizeof *t);
  LATI_TRY(lati_lapack_schur(s, u, m, rest));
  LATI_TRY(lati_lapack_schur(t, v, n, rest));
  /* u and v, read by rows, are U^T and V^T: y = U^T C V. */
  lati_multiply(half, u, input[2].data, m, m, n);
  for (int32_t i = 0; i < m; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int32_t l = 0; l < n; ++l) {
        sum += half[i * n + l] * v[j * n + l];
      }
      y[i * n + j] = sum;
    }
  }
  LATI_TRY(lati_lapack_sylvester(y, t, s, n, m, &scale));
  /* X = U Y V^T / scale. */
  lati_multiply_transposed(half, u, y, m, m, n);
  lati_multiply(output->data, half, v, m, n, n);
  for (size_t i = 0; i < mn; ++i) {
    output->data[i] /= scale;
  }
done:
  return status;
}

/* Coefficient (i, j) of A X + X B - C. */
static double defect(const lat_matrix *input, const lat_matrix *x, int32_t i, int32_t j) {
  lati_compensated sum = {.sum = -lati_matrix_get(&input[2], i, j)};
  for (int32_t l = 0; l < x->rows; ++l) {
    lati_compensated_add(&sum, lati_matrix_get(&input[0], i, l), lati_matrix_get(x, l, j));
  }
  for (int32_t l = 0; l < x->cols; ++l) {
    lati_compensated_add(&sum, lati_matrix_get(x, i, l), lati_matrix_get(&input[1], l, j));
  }
  return lati_compensated_value(&sum);
}

static lat_status accept(const lat_matrix *output, const lat_matrix *input) {
  const double largest = lati_norm_max(input[2].data, lati_matrix_count(&input[2]));
  return lati_accept_defect(output, input, defect, largest, "A X + X B differs from C");
}

/* |A P + P B - C| / |C|. */
static lat_status residual(double *out, const lat_task *task, const lati_trial *trial) {
  (void)task;
  *out = lati_residual_defect(trial, defect, trial->input[2].data);
  return LAT_OK;
}

const lati_task_kind lati_task_sylvester = {
    .name = "sylvester",
    .letter = 'X',
    .degree = 0, /* X is the same for c A, c B and c C */
    .scaling = LATI_SCALE_ALL,
    .operands = {3, LATI_IN_TURN},
    .results = {1, LATI_IN_TURN},
    .structured = 2,
    .self_scoring = 1,
    .takes = "square matrices A and B and a C with the rows of A and the columns of B",
    .operand_shapes = operand_shapes,
    .result_shapes = result_shapes,
    .work = work_size,
    .reflected_operands = {{1, 1}, {2, 2}, {1, 2}},
    .reflected_results = {{1, 2}},
    .answer = answer,
    .accept = accept,
    .residual = residual,
};
