/* Singular values, descending, as a column; or the row of singular values, U and V, which are
 * written stacked. */
#include "linalg/lapack.h"
#include "task/relative_residual.h"

#include <string.h>

static int32_t smaller(int32_t m, int32_t n) {
  return m < n ? m : n;
}

/* A, U and V^T. */
static size_t work_size(const lati_shape *input) {
  const size_t m = (size_t)input->rows;
  const size_t n = (size_t)input->cols;
  return m * n + (m + n) * (m < n ? m : n) + lati_lapack_work(input->rows, input->cols);
}

static int values_shapes(lati_shape *results, const lati_shape *operands) {
  results[0] = (lati_shape){smaller(operands->rows, operands->cols), 1};
  return 1;
}

static lat_status values_answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                                double *work) {
  (void)task;
  lati_transpose(work, input->data, input->rows, input->cols);
  return lati_lapack_gesdd(work, output->data, NULL, NULL, input->rows, input->cols,
                           work + lati_matrix_count(input));
}

static int svd_shapes(lati_shape *results, const lati_shape *operands) {
  const int32_t k = smaller(operands->rows, operands->cols);
  results[0] = (lati_shape){1, k};
  results[1] = (lati_shape){operands->rows, k};
  results[2] = (lati_shape){operands->cols, k};
  return 1;
}

/* LAPACK's column-major V^T (k x n) is V (n x k) row-major. */
static lat_status svd_answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                             double *work) {
  (void)task;
  const int32_t m = input->rows;
  const int32_t k = output->cols;
  double *u = work + lati_matrix_count(input);
  double *vt = u + (size_t)m * (size_t)k;
  const size_t vt_count = (size_t)input->cols * (size_t)k;
  lati_transpose(work, input->data, m, input->cols);
  const lat_status status =
      lati_lapack_gesdd(work, output->data, u, vt, m, input->cols, vt + vt_count);
  if (status == LAT_OK) {
    double *rows_of_u = output->data + k;
    lati_transpose(rows_of_u, u, k, m);
    memcpy(rows_of_u + (size_t)m * (size_t)k, vt, vt_count * sizeof *vt);
  }
  return status;
}

/* |U^T A V - diag s| / |s|. */
static lat_status svd_residual(double *out, const lat_task *task, const lati_trial *trial) {
  (void)task;
  const int32_t k = trial->prediction->cols;
  const double *s = trial->prediction->data;
  const double *u = s + k;
  const double *v = u + (size_t)trial->input->rows * (size_t)k;
  *out = lati_residual_diagonal(trial, s, u, v, k);
  return LAT_OK;
}

/* A = P^T D1 C D2 Q^T, so U = P^T D1 U_C and V = Q D2 V_C; of C^T they have changed places. */
static void svd_restore(const lat_matrix *answer, const lati_transform *transform,
                        const double *canonical) {
  const int32_t k = answer->cols;
  const size_t m = (size_t)transform->rows, n = (size_t)transform->cols, width = (size_t)k;
  const double *first = canonical + k;
  const double *second = first + (transform->transposed ? n : m) * width;
  memcpy(answer->data, canonical, width * sizeof *canonical);
  double *u = answer->data + k;
  lati_transform_restore_rows(u, transform, transform->transposed ? second : first, k);
  lati_transform_restore_cols(u + m * width, transform, transform->transposed ? first : second, k);
}

/* A canonical input has at least as many rows as columns: n = k, and what remains is m. */
static void svd_orient(const lat_matrix *answer) {
  const int32_t k = answer->cols;
  const int32_t m = answer->rows - 1 - k;
  double *u = answer->data + k;
  lati_orient_vectors(u, m, u + (size_t)m * (size_t)k, k, k);
}

/* Where U begins in an answer, and V behind it. */
static double *left_vectors(const lat_matrix *answer) {
  return answer->data + answer->cols;
}

static double *right_vectors(const lat_matrix *answer, const lat_matrix *input) {
  return left_vectors(answer) + (size_t)input->rows * (size_t)answer->cols;
}

static lat_status svd_refine(lati_refinement *refinement, const lat_matrix *answer,
                             const lat_matrix *input, double *work) {
  return lati_refine_svd(refinement, answer->data, left_vectors(answer),
                         right_vectors(answer, input), input->data, input->rows, input->cols, work);
}

static lati_certificate svd_certify(const lat_matrix *answer, const lat_matrix *input,
                                    double tolerance, double *work) {
  return lati_certify_svd(answer->data, left_vectors(answer), right_vectors(answer, input),
                          input->data, input->rows, input->cols, tolerance, work);
}

static size_t svd_refine_work(int32_t rows, int32_t cols) {
  const size_t refining = lati_refine_svd_work(rows, cols);
  const size_t certifying = lati_certify_svd_work(rows, cols);
  return refining > certifying ? refining : certifying;
}

static lat_status values_refine(lati_refinement *refinement, const lat_matrix *answer,
                                const lat_matrix *input, double *work) {
  return lati_refine_singular_values(refinement, answer->data, input->data, input->rows,
                                     input->cols, work);
}

static lati_certificate values_certify(const lat_matrix *answer, const lat_matrix *input,
                                       double tolerance, double *work) {
  return lati_certify_singular_values(answer->data, input->data, input->rows, input->cols,
                                      tolerance, work);
}

static size_t values_refine_work(int32_t rows, int32_t cols) {
  const size_t refining = lati_refine_singular_values_work(rows, cols);
  const size_t certifying = lati_verify_singular_values_work(rows, cols);
  return refining > certifying ? refining : certifying;
}

static lati_error_bounds values_verify(const lat_matrix *answer, const lat_matrix *input,
                                       const lati_question *question, double *work) {
  return lati_verify_singular_values(answer->data, input->data, input->rows, input->cols, question,
                                     work);
}

const lati_task_kind lati_task_singular_values = {
    .name = "singular-values",
    .operands = {1, LATI_IN_TURN},
    .results = {1, LATI_IN_TURN},
    .structured = 1,
    .letter = 'G',
    .degree = 1,
    .scaling = LATI_SCALE_ALL,
    .order = LATI_ORDER_SINGULAR,
    .takes = "any matrix",
    .result_shapes = values_shapes,
    .work = work_size,
    .reflected_operands = {{1, 2}},
    .answer = values_answer,
    .residual = lati_residual_target,
    .canonicalize = lati_canonical_transposable,
    .refine = values_refine,
    .certify = values_certify,
    .refine_work = values_refine_work,
    .verify = values_verify,
    .verify_work = lati_verify_singular_values_work,
};

const lati_task_kind lati_task_svd = {
    .name = "svd",
    .operands = {1, LATI_IN_TURN},
    .results = {3, LATI_STACKED},
    .structured = 1,
    .letter = 'S',
    .degree = 1,
    .scaling = LATI_SCALE_FIRST_ROW,
    .self_scoring = 1,
    .vector_blocks = 2,
    .order = LATI_ORDER_SINGULAR,
    .takes = "any matrix",
    .result_shapes = svd_shapes,
    .work = work_size,
    .reflected_operands = {{1, 2}},
    .reflected_results = {{0, 0}, {1, 0}, {2, 0}},
    .answer = svd_answer,
    .residual = svd_residual,
    .canonicalize = lati_canonical_transposable,
    .restore = svd_restore,
    .orient = svd_orient,
    .refine = svd_refine,
    .certify = svd_certify,
    .refine_work = svd_refine_work,
};
