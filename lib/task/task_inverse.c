/* A^-1, of any matrix or of symmetric ones. */
#include "linalg/lapack.h"
#include "refine/precise_solution.h"
#include "task/relative_residual.h"

static int result_shapes(lati_shape *results, const lati_shape *operands) {
  results[0] = *operands;
  return operands->rows == operands->cols;
}

static size_t work_size(const lati_shape *input) {
  return (size_t)input->rows * (size_t)input->cols + lati_lapack_work(input->rows, input->cols);
}

static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)task;
  const int32_t n = input->rows;
  lati_transpose(work, input->data, n, n);
  const lat_status status = lati_lapack_inverse(work, n, work + lati_matrix_count(input));
  if (status == LAT_OK) {
    lati_transpose(output->data, work, n, n);
  }
  return status;
}

/* Gauss-Jordan elimination in place takes A to A^-1 in n steps; the matrices after all but the last
 * one stand below each other. Pivots lie on the diagonal. */
static lati_shape steps_shape(const lati_shape *operands) {
  const int32_t n = operands[0].rows;
  return (lati_shape){n * (n - 1), n};
}

/* b_kk = 1 / a_kk; b_kj = a_kj b_kk; b_ik = -a_ik b_kk; b_ij = a_ij - a_ik b_kj. */
static void eliminate(double *b, const double *a, size_t n, size_t k) {
  const double pivot = 1 / a[k * n + k];
  for (size_t j = 0; j < n; ++j) {
    b[k * n + j] = j == k ? pivot : a[k * n + j] * pivot;
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n && i != k; ++j) {
      b[i * n + j] = j == k ? -a[i * n + k] * pivot : a[i * n + j] - a[i * n + k] * b[k * n + j];
    }
  }
}

static void write_steps(const lat_matrix *steps, const lat_task *task, const lat_matrix *input) {
  (void)task;
  const size_t n = (size_t)input->rows;
  for (size_t k = 0; k + 1 < n; ++k) {
    double *step = steps->data + k * n * n;
    eliminate(step, k == 0 ? input->data : step - n * n, n, k);
  }
}

/* Coefficient (i, j) of A P - I. */
static double defect(const lat_matrix *a, const lat_matrix *p, int32_t i, int32_t j) {
  double sum = i == j ? -1 : 0;
  for (int32_t l = 0; l < a->cols; ++l) {
    sum += lati_matrix_get(a, i, l) * lati_matrix_get(p, l, j);
  }
  return sum;
}

static lat_status accept(const lat_matrix *output, const lat_matrix *input) {
  return lati_accept_defect(output, input, defect, 1, "A A^-1 differs from I");
}

/* |A P - I| / |I|, in twice the working precision, because at condition numbers near 1e16 rounding
 * would hide how wrong an inverse is; or |P - T| / |T| in the classic way; |I| is n, in the max
 * norm 1. */
static lat_status residual(double *out, const lat_task *task, const lati_trial *trial) {
  if (trial->classic_inverse) {
    return lati_residual_target(out, task, trial);
  }
  const int32_t n = trial->input->rows;
  (void)lati_inverse_defect(trial->work, trial->input->data, trial->prediction->data, n);
  const double identity = trial->norm == LAT_NORM_MAX ? 1 : n;
  *out = lati_norm(trial->work, lati_matrix_count(trial->input), trial->norm) / identity;
  return LAT_OK;
}

/* C = s D1 P A Q D2, so X = s Q D2 X_C D1 P. */
static void restore(const lat_matrix *answer, const lati_transform *transform,
                    const double *canonical) {
  const size_t n = (size_t)transform->rows;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      lati_matrix_set(answer, transform->col[i], transform->row[j],
                      transform->sign * transform->col_factor[i] * transform->row_factor[j] *
                          canonical[i * n + j]);
    }
  }
}

static lat_status refine(lati_refinement *refinement, const lat_matrix *answer,
                         const lat_matrix *input, double *work) {
  lati_refine_inverse(refinement, answer->data, input->data, input->rows, work);
  return LAT_OK;
}

static lati_certificate certify(const lat_matrix *answer, const lat_matrix *input, double tolerance,
                                double *work) {
  return lati_certify_inverse(answer->data, input->data, input->rows, tolerance, work);
}

static lat_status answer_precisely(const lat_matrix *answer, lati_certificate *certificate,
                                   const lat_matrix *input, double tolerance, double *work) {
  return lati_precise_inverse(answer->data, certificate, input->data, input->rows, tolerance, work);
}

/* lati_precise_inverse() takes the most. */
static size_t refine_work(int32_t rows, int32_t cols) {
  (void)cols;
  return lati_precise_inverse_work(rows);
}

#define INVERSE_KIND(kind_name, kind_letter, is_symmetric, kind_takes, kind_canonicalize, ...)     \
  {                                                                                                \
    .name = (kind_name), .letter = (kind_letter), .degree = -1, .scaling = LATI_SCALE_ALL,         \
    .square = 1, .symmetric = (is_symmetric), .self_scoring = 1, .takes = (kind_takes),            \
    .operands = {1, LATI_IN_TURN}, .results = {1, LATI_IN_TURN}, .structured = 1,                  \
    .result_shapes = result_shapes, .work = work_size, .answer = answer, .accept = accept,         \
    .residual = residual, .canonicalize = (kind_canonicalize), .restore = restore,                 \
    .refine = refine, .certify = certify, .answer_precisely = answer_precisely,                    \
    .refine_work = refine_work, .reflected_operands = {{1, (is_symmetric) ? 1 : 2}},               \
    .reflected_results = {{(is_symmetric) ? 1 : 2, 1}}, __VA_ARGS__                                \
  }

const lati_task_kind lati_task_inverse =
    INVERSE_KIND("inverse", 'I', 0, "a square matrix", lati_canonical_general, .equilibrates = 1,
                 .steps_shape = steps_shape, .write_steps = write_steps,
                 .canonicalize_for_steps = lati_canonical_pivoted);
const lati_task_kind lati_task_syminverse = INVERSE_KIND(
    "syminverse", 'Y', 1, "a symmetric matrix", lati_canonical_symmetric, .steps_shape = NULL);
