/* M^T v and A^T B, or f(A)^T B with f(a) = sign(a) log(1 + |a|). The operands are written side by
 * side, [M v] and [A B]. */
#include "task/relative_residual.h"

#include <math.h>

enum { NONE, LOG1P };

static const char *const transforms[] = {"none", "log1p", NULL};

static double transformed(double a, int32_t transform) {
  return transform == LOG1P ? copysign(log1p(fabs(a)), a) : a;
}

/* Both tasks' left operand has as many columns as the answer has rows; what follows is the right
 * one. */
static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)work;
  for (int32_t i = 0; i < output->rows; ++i) {
    for (int32_t j = 0; j < output->cols; ++j) {
      double sum = 0;
      for (int32_t l = 0; l < input->rows; ++l) {
        sum += transformed(lati_matrix_get(input, l, i), task->transform) *
               lati_matrix_get(input, l, output->rows + j);
      }
      lati_matrix_set(output, i, j, sum);
    }
  }
  return LAT_OK;
}

static void matvec_operands(lati_shape *operands, int32_t rows, int32_t cols) {
  operands[0] = (lati_shape){rows, cols};
  operands[1] = (lati_shape){rows, 1};
}

static int matvec_results(lati_shape *results, const lati_shape *operands) {
  results[0] = (lati_shape){operands[0].cols, 1};
  return operands[0].rows == operands[1].rows && operands[1].cols == 1;
}

static void product_operands(lati_shape *operands, int32_t rows, int32_t cols) {
  operands[0] = operands[1] = (lati_shape){rows, cols};
}

static int product_results(lati_shape *results, const lati_shape *operands) {
  results[0] = (lati_shape){operands[0].cols, operands[0].cols};
  return operands[0].rows == operands[1].rows && operands[0].cols == operands[1].cols;
}

/* Sums over the first 1, 2, ... rows of both, all but the last one, which is the answer: those of
 * an entry (i, j) side by side in row i. */
static lati_shape steps_shape(const lati_shape *operands) {
  return (lati_shape){operands[0].cols, operands[1].cols * (operands[0].rows - 1)};
}

static void write_steps(const lat_matrix *steps, const lat_task *task, const lat_matrix *input) {
  const int32_t sums = input->rows - 1, cols = steps->cols / sums;
  for (int32_t i = 0; i < steps->rows; ++i) {
    for (int32_t j = 0; j < cols; ++j) {
      double sum = 0;
      for (int32_t l = 0; l < sums; ++l) {
        sum += transformed(lati_matrix_get(input, l, i), task->transform) *
               lati_matrix_get(input, l, steps->rows + j);
        lati_matrix_set(steps, i, j * sums + l, sum);
      }
    }
  }
}

const lati_task_kind lati_task_matvec = {
    .name = "matvec",
    .operands = {2, LATI_SIDE_BY_SIDE},
    .results = {1, LATI_IN_TURN},
    .structured = 1,
    .letter = 'D',
    .degree = 2,
    .scaling = LATI_SCALE_ALL,
    .takes = "a matrix and a column of as many rows",
    .operand_shapes = matvec_operands,
    .result_shapes = matvec_results,
    .reflected_operands = {{1, 2}, {1, 0}},
    .reflected_results = {{2, 0}},
    .answer = answer,
    .steps_shape = steps_shape,
    .write_steps = write_steps,
    .residual = lati_residual_target,
    .canonicalize = lati_canonical_rows,
};

const lati_task_kind lati_task_product = {
    .name = "product",
    .operands = {2, LATI_SIDE_BY_SIDE},
    .results = {1, LATI_IN_TURN},
    .structured = 2,
    .letter = 'M',
    .degree = 2,
    .scaling = LATI_SCALE_ALL,
    .transforms = transforms,
    .takes = "two matrices of one shape",
    .operand_shapes = product_operands,
    .result_shapes = product_results,
    .reflected_operands = {{1, 2}, {1, 3}},
    .reflected_results = {{2, 3}},
    .answer = answer,
    .steps_shape = steps_shape,
    .write_steps = write_steps,
    .residual = lati_residual_target,
    .canonicalize = lati_canonical_rows,
};
