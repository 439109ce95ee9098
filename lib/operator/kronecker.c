/* Kronecker products. A vector is a tensor with one mode a part, the last the fastest:
 * A (x) B acts by A along the first mode and B along the second, in any order. */
#include "base/floating.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"

lat_status lati_operator_act_along(const lat_operator *part, lati_operator_action action, double *x,
                                   int64_t left, int64_t right, double *scratch) {
  const int64_t n = part->size, block = n * right;
  if (right == 1) {
    return lati_operator_act(part, action, x, left);
  }
  for (int64_t l = 0; l < left; ++l) {
    lati_transpose(scratch + l * block, x + l * block, (int32_t)n, (int32_t)right);
  }
  const lat_status status = lati_operator_act(part, action, scratch, left * right);
  for (int64_t l = 0; l < left; ++l) {
    lati_transpose(x + l * block, scratch + l * block, (int32_t)right, (int32_t)n);
  }
  return status;
}

/* Every part along its mode of x (count, size). */
static lat_status act_on_all_modes(const lat_operator *op, lati_operator_action action, double *x,
                                   int64_t count) {
  lat_status status = LAT_OK;
  double *scratch = NULL;
  int64_t right = op->size;
  LATI_TRY(LATI_NEW(scratch, op->ctx, op->size * count));
  for (int32_t i = 0; i < op->part_count; ++i) {
    const int64_t left = op->size / right * count;
    right /= op->parts[i]->size;
    LATI_TRY(lati_operator_act_along(op->parts[i], action, x, left, right, scratch));
  }
done:
  lati_free(scratch);
  return status;
}

static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  return act_on_all_modes(op, LATI_OPERATOR_APPLY, x, count);
}

static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  return act_on_all_modes(op, LATI_OPERATOR_SOLVE, x, count);
}

void lati_operator_combine(double *real, double *imaginary, int64_t known, const double *of_part,
                           int64_t n, int multiply) {
  for (int64_t i = known - 1; i >= 0; --i) { /* from the end, which is not read again */
    const double a = real[i], b = imaginary[i];
    for (int64_t k = n - 1; k >= 0; --k) {
      const double c = of_part[k], d = of_part[n + k];
      real[i * n + k] = multiply ? a * c - b * d : a + c;
      imaginary[i * n + k] = multiply ? a * d + b * c : b + d;
    }
  }
}

lat_status lati_operator_combined_eigenvalues(double *real, double *imaginary,
                                              const lat_operator *op, int multiply) {
  lat_status status = LAT_OK;
  double *of_part = NULL;
  int64_t known = 1;
  real[0] = multiply;
  imaginary[0] = 0;
  for (int32_t p = 0; p < op->part_count; ++p) {
    const lat_operator *part = op->parts[p];
    lati_free(of_part);
    LATI_TRY(LATI_NEW(of_part, op->ctx, 2 * part->size));
    LATI_TRY(part->kind->eigenvalues(of_part, of_part + part->size, part));
    lati_operator_combine(real, imaginary, known, of_part, part->size, multiply);
    known *= part->size;
  }
done:
  lati_free(of_part);
  return status;
}

static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  return lati_operator_combined_eigenvalues(real, imaginary, op, 1);
}

/* det(A (x) B) = det(A)^n det(B)^m for A (m, m) and B (n, n). */
static lat_status log_determinant(double *logarithm, int32_t *sign, const lat_operator *op) {
  lat_status status = LAT_OK;
  double sum = 0;
  int32_t signs = 1;
  for (int32_t i = 0; i < op->part_count; ++i) {
    const int64_t power = op->size / op->parts[i]->size;
    LATI_TRY(op->parts[i]->kind->log_determinant(logarithm, sign, op->parts[i]));
    sum += (double)power * *logarithm;
    signs *= power % 2 == 0 ? *sign * *sign : *sign;
  }
  *logarithm = sum;
  *sign = signs;
done:
  return status;
}

const lati_operator_kind lati_operator_kronecker_kind = {"Kronecker product", apply, solve,
                                                         eigenvalues, log_determinant};

lat_status lat_operator_create_kronecker(lat_operator **out, lat_operator *const *parts,
                                         int32_t count) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  lat_status status = LAT_OK;
  int64_t size = 0;
  LATI_TRY(lati_operator_check_parts(parts, count));
  LATI_TRY(lati_operator_product_size(&size, parts, count));
  LATI_TRY(lati_operator_new_of_parts(out, &lati_operator_kronecker_kind, parts, count, size));
done:
  return status;
}
