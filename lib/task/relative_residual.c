/* Residuals relative to the size of the right answer, which tasks share. */
#include "task/relative_residual.h"

#include "linalg/dense.h"

#include <math.h>

/* Random examples whose defect is larger, relative to the right-hand side, are drawn again. */
static const double worst_defect = 1e-10;

double lati_norm(const double *values, size_t count, int32_t norm) {
  switch (norm) {
  case LAT_NORM_MAX:
    return lati_norm_max(values, count);
  case LAT_NORM_FROBENIUS2:
    return lati_norm_frobenius2(values, count);
  default:
    return lati_norm_l1(values, count);
  }
}

/* numerator / denominator; where the denominator is 0: 0 for 0 / 0, infinity otherwise, and where a
 * sum overflowed, so that nothing can be told. */
static double ratio(double numerator, double denominator) {
  if (isinf(denominator)) {
    return INFINITY;
  }
  if (denominator == 0) {
    return numerator == 0 ? 0 : INFINITY;
  }
  return numerator / denominator;
}

double lati_residual_difference(const lati_trial *trial, const double *target) {
  const size_t count = trial->values;
  for (size_t i = 0; i < count; ++i) {
    trial->work[i] = trial->prediction->data[i] - target[i];
  }
  return ratio(lati_norm(trial->work, count, trial->norm), lati_norm(target, count, trial->norm));
}

lat_status lati_residual_target(double *residual, const lat_task *task, const lati_trial *trial) {
  (void)task;
  *residual = lati_residual_difference(trial, trial->target->data);
  return LAT_OK;
}

lat_status lati_accept_defect(const lat_matrix *output, const lat_matrix *input, lati_defect defect,
                              double size, const char *equation) {
  for (int32_t i = 0; i < output->rows; ++i) {
    for (int32_t j = 0; j < output->cols; ++j) {
      const double distance = fabs(defect(input, output, i, j));
      if (!(distance <= worst_defect * size)) {
        return lati_fail(LAT_ERROR_NUMERIC, "%s by %.3g, more than %g", equation, distance,
                         worst_defect * size);
      }
    }
  }
  return LAT_OK;
}

double lati_residual_defect(const lati_trial *trial, lati_defect defect, const double *right) {
  const lat_matrix *p = trial->prediction;
  for (int32_t i = 0; i < p->rows; ++i) {
    for (int32_t j = 0; j < p->cols; ++j) {
      trial->work[i * p->cols + j] = defect(trial->input, p, i, j);
    }
  }
  return ratio(lati_norm(trial->work, trial->values, trial->norm),
               lati_norm(right, trial->values, trial->norm));
}

/* e (k x k) = u^T (k x m) b (m x k) - diag s. */
static void subtract_diagonal(double *e, const double *u, const double *b, const double *s,
                              size_t m, size_t k) {
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j < k; ++j) {
      double sum = i == j ? -s[i] : 0;
      for (size_t l = 0; l < m; ++l) {
        sum += u[l * k + i] * b[l * k + j];
      }
      e[i * k + j] = sum;
    }
  }
}

double lati_residual_diagonal(const lati_trial *trial, const double *s, const double *u,
                              const double *v, int32_t k) {
  const lat_matrix *a = trial->input;
  const size_t m = (size_t)a->rows;
  const size_t n = (size_t)a->cols;
  const size_t width = (size_t)k;
  double *product = trial->work;
  double *error = product + m * width;
  lati_multiply(product, a->data, v, a->rows, a->cols, k);
  subtract_diagonal(error, u, product, s, m, width);
  const double numerator = lati_norm(error, width * width, trial->norm);
  const double denominator = lati_norm(s, width, trial->norm);
  if (denominator == 0 && !trial->accept_zero && lati_norm_max(a->data, m * n) > 0) {
    return INFINITY;
  }
  return ratio(numerator, denominator);
}

/* The largest are A V and U^T A V together, a whole answer, and its target beside the input. */
size_t lati_residual_work(const lati_form *input, size_t values) {
  const size_t m = (size_t)input->shape[0].rows;
  const size_t n = (size_t)input->shape[0].cols;
  const size_t widest = m > n ? m : n;
  return (m + widest) * widest + lati_form_values(input) + values;
}
