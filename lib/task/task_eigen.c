/* Eigenvalues, descending, as a column; or the row of eigenvalues, ascending, and the matrix of
 * column eigenvectors, which are written stacked. LAPACK reads the lower triangle. */
#include "linalg/lapack.h"
#include "task/relative_residual.h"

#include <string.h>

static size_t work_size(const lati_shape *input) {
  const size_t n = (size_t)input->rows;
  return n * (n + 1) + lati_lapack_work(input->rows, input->rows);
}

/* work becomes the column-major eigenvectors (n x n), then the ascending eigenvalues (n). */
static lat_status decompose(const lat_matrix *input, int vectors, double *work) {
  const int32_t n = input->rows;
  double *values = work + lati_matrix_count(input);
  lati_transpose(work, input->data, n, n);
  return lati_lapack_syevd(work, values, n, vectors, values + n);
}

static int values_shapes(lati_shape *results, const lati_shape *operands) {
  results[0] = (lati_shape){operands->rows, 1};
  return operands->rows == operands->cols;
}

static lat_status values_answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                                double *work) {
  (void)task;
  const lat_status status = decompose(input, 0, work);
  const size_t n = (size_t)input->rows;
  const double *ascending = work + n * n;
  for (size_t i = 0; status == LAT_OK && i < n; ++i) {
    output->data[i] = ascending[n - 1 - i];
  }
  return status;
}

static int vectors_shapes(lati_shape *results, const lati_shape *operands) {
  results[0] = (lati_shape){1, operands->cols};
  results[1] = *operands;
  return operands->rows == operands->cols;
}

static lat_status vectors_answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                                 double *work) {
  (void)task;
  const lat_status status = decompose(input, 1, work);
  if (status == LAT_OK) {
    const size_t n = (size_t)input->rows;
    memcpy(output->data, work + n * n, n * sizeof *work);
    lati_transpose(output->data + n, work, input->rows, input->rows);
  }
  return status;
}

/* |V^T S V - diag L| / |L|. */
static lat_status vectors_residual(double *out, const lat_task *task, const lati_trial *trial) {
  (void)task;
  const double *values = trial->prediction->data;
  const double *vectors = values + trial->prediction->cols;
  *out = lati_residual_diagonal(trial, values, vectors, vectors, trial->prediction->cols);
  return LAT_OK;
}

/* The eigenvalues of -S are those of S negated, in the other order. */
static void values_restore(const lat_matrix *answer, const lati_transform *transform,
                           const double *canonical) {
  const int32_t n = transform->rows;
  for (int32_t i = 0; i < n; ++i) {
    answer->data[i] = transform->sign < 0 ? -canonical[n - 1 - i] : canonical[i];
  }
}

/* S = s P^T D C D P, so V = P^T D V_C, whose columns change their order with the values. */
static void vectors_restore(const lat_matrix *answer, const lati_transform *transform,
                            const double *canonical) {
  const int32_t n = transform->rows;
  double *vectors = answer->data + n;
  values_restore(answer, transform, canonical);
  lati_transform_restore_rows(vectors, transform, canonical + n, n);
  for (int32_t i = 0; i < n && transform->sign < 0; ++i) {
    double *row = vectors + (size_t)i * (size_t)n;
    for (int32_t j = 0; j < n / 2; ++j) {
      const double swap = row[j];
      row[j] = row[n - 1 - j];
      row[n - 1 - j] = swap;
    }
  }
}

static void vectors_orient(const lat_matrix *answer) {
  lati_orient_vectors(answer->data + answer->cols, answer->cols, NULL, 0, answer->cols);
}

static lat_status vectors_refine(lati_refinement *refinement, const lat_matrix *answer,
                                 const lat_matrix *input, double *work) {
  return lati_refine_symmetric(refinement, answer->data, answer->data + answer->cols, input->data,
                               input->rows, work);
}

static lati_certificate vectors_certify(const lat_matrix *answer, const lat_matrix *input,
                                        double tolerance, double *work) {
  return lati_certify_symmetric(answer->data, answer->data + answer->cols, input->data, input->rows,
                                tolerance, work);
}

static size_t vectors_refine_work(int32_t rows, int32_t cols) {
  (void)cols;
  const size_t refining = lati_refine_symmetric_work(rows);
  const size_t certifying = lati_certify_symmetric_work(rows);
  return refining > certifying ? refining : certifying;
}

static lat_status values_refine(lati_refinement *refinement, const lat_matrix *answer,
                                const lat_matrix *input, double *work) {
  return lati_refine_eigenvalues(refinement, answer->data, input->data, input->rows, work);
}

static lati_certificate values_certify(const lat_matrix *answer, const lat_matrix *input,
                                       double tolerance, double *work) {
  return lati_certify_eigenvalues(answer->data, input->data, input->rows, tolerance, work);
}

static size_t values_verify_work(int32_t rows, int32_t cols) {
  (void)cols;
  return lati_verify_eigenvalues_work(rows);
}

static size_t values_refine_work(int32_t rows, int32_t cols) {
  const size_t refining = lati_refine_eigenvalues_work(rows);
  const size_t certifying = values_verify_work(rows, cols);
  return refining > certifying ? refining : certifying;
}

static lati_error_bounds values_verify(const lat_matrix *answer, const lat_matrix *input,
                                       const lati_question *question, double *work) {
  return lati_verify_eigenvalues(answer->data, input->data, input->rows, question, work);
}

const lati_task_kind lati_task_eigenvalues = {
    .name = "eigenvalues",
    .operands = {1, LATI_IN_TURN},
    .results = {1, LATI_IN_TURN},
    .structured = 1,
    .letter = 'E',
    .degree = 1,
    .scaling = LATI_SCALE_ALL,
    .square = 1,
    .symmetric = 1,
    .order = LATI_ORDER_DESCENDING,
    .takes = "a symmetric matrix",
    .result_shapes = values_shapes,
    .work = work_size,
    .reflected_operands = {{1, 1}},
    .answer = values_answer,
    .residual = lati_residual_target,
    .canonicalize = lati_canonical_symmetric,
    .restore = values_restore,
    .refine = values_refine,
    .certify = values_certify,
    .refine_work = values_refine_work,
    .verify = values_verify,
    .verify_work = values_verify_work,
};

const lati_task_kind lati_task_eigenvectors = {
    .name = "eigenvectors",
    .operands = {1, LATI_IN_TURN},
    .results = {2, LATI_STACKED},
    .structured = 1,
    .letter = 'F',
    .degree = 1,
    .scaling = LATI_SCALE_FIRST_ROW,
    .square = 1,
    .symmetric = 1,
    .self_scoring = 1,
    .vector_blocks = 1,
    .order = LATI_ORDER_ASCENDING,
    .takes = "a symmetric matrix",
    .result_shapes = vectors_shapes,
    .work = work_size,
    .reflected_operands = {{1, 1}},
    .reflected_results = {{0, 0}, {1, 0}},
    .answer = vectors_answer,
    .residual = vectors_residual,
    .canonicalize = lati_canonical_symmetric,
    .restore = vectors_restore,
    .orient = vectors_orient,
    .refine = vectors_refine,
    .certify = vectors_certify,
    .refine_work = vectors_refine_work,
};
