/* X of A X = B, for one or several right-hand sides: the columns of B. The operands are written one
 * after the other. */
#include "linalg/lapack.h"
#include "refine/compensated.h"
#include "refine/precise_solution.h"
#include "task/relative_residual.h"

static void operand_shapes(lati_shape *operands, int32_t rows, int32_t cols) {
  operands[0] = (lati_shape){rows, rows};
  operands[1] = (lati_shape){rows, cols};
}

static int result_shapes(lati_shape *results, const lati_shape *operands) {
  results[0] = operands[1];
  return operands[0].rows == operands[0].cols && operands[0].rows == operands[1].rows;
}

/* A and B column-major, and LAPACK's. */
static size_t work_size(const lati_shape *input) {
  const size_t n = (size_t)input[0].rows;
  return n * n + n * (size_t)input[1].cols + lati_lapack_work(input[0].rows, input[0].rows);
}

static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)task;
  const int32_t n = input[0].rows, k = input[1].cols;
  double *b = work + lati_matrix_count(&input[0]);
  lati_transpose(work, input[0].data, n, n);
  lati_transpose(b, input[1].data, n, k);
  const lat_status status = lati_lapack_solve(work, b, n, k, b + lati_matrix_count(&input[1]));
  if (status == LAT_OK) {
    lati_transpose(output->data, b, k, n);
  }
  return status;
}

/* Coefficient (i, j) of A P - B, in twice the working precision: where P is huge, rounding would
 * hide how wrong it is. */
static double defect(const lat_matrix *input, const lat_matrix *p, int32_t i, int32_t j) {
  lati_compensated sum = {.sum = -lati_matrix_get(&input[1], i, j)};
  for (int32_t l = 0; l < p->rows; ++l) {
    lati_compensated_add(&sum, lati_matrix_get(&input[0], i, l), lati_matrix_get(p, l, j));
  }
  return lati_compensated_value(&sum);
}

static lat_status accept(const lat_matrix *output, const lat_matrix *input) {
  const double largest = lati_norm_max(input[1].data, lati_matrix_count(&input[1]));
  return lati_accept_defect(output, input, defect, largest, "A X differs from B");
}

/* |A P - B| / |B|. */
static lat_status residual(double *out, const lat_task *task, const lati_trial *trial) {
  (void)task;
  *out = lati_residual_defect(trial, defect, trial->input[1].data);
  return LAT_OK;
}

static lat_status refine(lati_refinement *refinement, const lat_matrix *answer,
                         const lat_matrix *input, double *work) {
  return lati_refine_system(refinement, answer->data, input[0].data, input[1].data, answer->rows,
                            answer->cols, work);
}

static lati_certificate certify(const lat_matrix *answer, const lat_matrix *input, double tolerance,
                                double *work) {
  return lati_certify_system(answer->data, input[0].data, input[1].data, answer->rows, answer->cols,
                             tolerance, work);
}

static lat_status answer_precisely(const lat_matrix *answer, lati_certificate *certificate,
                                   const lat_matrix *input, double tolerance, double *work) {
  return lati_precise_solution(answer->data, certificate, input[0].data, input[1].data,
                               answer->rows, answer->cols, tolerance, work);
}

static size_t refine_work(int32_t rows, int32_t cols) {
  const size_t refining = lati_refine_system_work(rows, cols);
  const size_t certifying = lati_certify_system_work(rows, cols);
  const size_t precise = lati_precise_solution_work(rows, cols);
  const size_t most = refining > certifying ? refining : certifying;
  return most > precise ? most : precise;
}

const lati_task_kind lati_task_linear_system = {
    .name = "linear-system",
    .letter = 'L',
    .degree = 0, /* x is the same for c A and c B */
    .scaling = LATI_SCALE_ALL,
    .operands = {2, LATI_IN_TURN},
    .results = {1, LATI_IN_TURN},
    .structured = 1,
    .right_sides = 1,
    .self_scoring = 1,
    .takes = "a square matrix and right-hand sides of as many rows",
    .operand_shapes = operand_shapes,
    .result_shapes = result_shapes,
    .work = work_size,
    .reflected_operands = {{1, 2}, {1, 0}},
    .reflected_results = {{2, 0}},
    .answer = answer,
    .accept = accept,
    .residual = residual,
    .refine = refine,
    .certify = certify,
    .answer_precisely = answer_precisely,
    .refine_work = refine_work,
};
