/* Weights that make a layer a step of gradient descent. Tokens are rows (x, y); with A = [I 0; 0 0]
 * a token attends to another by x.x_i, and P = (rate / N) [0 W0^T; 0 -I] adds
 * (rate / N) sum_i (x.x_i) (W0 x_i - y_i) = -dW x to its y. */
#include "base/floating.h"
#include "linalg/matrix.h"
#include "linear/linear_stack.h"

#include <math.h>
#include <string.h>

/* Whether the weights are doubles: rate / N, and its products with W0. */
static int fits(const lat_matrix *w0, double scale) {
  int finite = isfinite(scale);
  for (int32_t i = 0; i < w0->rows && finite; ++i) {
    for (int32_t j = 0; j < w0->cols && finite; ++j) {
      finite = isfinite(scale * lati_matrix_get(w0, i, j));
    }
  }
  return finite;
}

static lat_status check(const lat_linear *stack, const lat_matrix *w0, double rate,
                        int64_t examples) {
  lat_status status = LAT_OK;
  if (stack == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "stack is NULL");
  }
  LATI_TRY(lati_matrix_check(w0, stack->width, "w0"));
  LATI_TRY(lati_matrix_check_finite(w0, "w0"));
  if (w0->rows + w0->cols != stack->width) {
    LATI_TRY(lati_fail(LAT_ERROR_SHAPE, "w0: %d inputs and %d outputs do not make the width %d",
                       w0->cols, w0->rows, stack->width));
  }
  if (!isfinite(rate)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "rate %g is not finite", rate));
  }
  if (examples < 1) {
    LATI_TRY(lati_fail(LAT_ERROR_ARGUMENT, "examples %lld is below 1", (long long)examples));
  }
  if (!fits(w0, rate / (double)examples)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "rate %g: a weight overflows", rate));
  }
done:
  return status;
}

lat_status lat_linear_set_descent(lat_linear *stack, const lat_matrix *w0, double rate,
                                  int64_t examples) {
  lat_status status = LAT_OK;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(check(stack, w0, rate, examples));
  const double scale = rate / (double)examples;
  const int32_t inputs = w0->cols;
  const size_t width = (size_t)stack->width;
  memset(stack->parameters, 0, lat_linear_size(stack) * sizeof *stack->parameters);
  for (int32_t l = 0; l < stack->layers; ++l) {
    double *a = stack->parameters + lati_linear_offset(stack, l, 0, LAT_LINEAR_A);
    double *p = stack->parameters + lati_linear_offset(stack, l, 0, LAT_LINEAR_P);
    for (int32_t i = 0; i < inputs; ++i) {
      a[(size_t)i * (width + 1)] = 1;
      for (int32_t j = 0; j < w0->rows; ++j) {
        p[(size_t)i * width + (size_t)(inputs + j)] = scale * lati_matrix_get(w0, j, i);
      }
    }
    for (size_t j = (size_t)inputs; j < width; ++j) {
      p[j * (width + 1)] = -scale;
    }
  }
done:
  lati_floating_leave(&saved);
  return status;
}
