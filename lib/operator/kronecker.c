/* Kronecker products. A vector is a tensor with one mode a part, the last the fastest:
 * A (x) B acts by A along the first mode and B along the second, in any order. */
#include "base/floating.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"
#include "refine/refine.h"

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

/* Room above raised vectors. */
enum { HEADROOM = 20 };

/* Vectors x (count, n) are multiplied by powers of two, which `raised` (count) adds up: each comes
 * near 1, so that no mode's product vanishes that another's would bring back, but never below what
 * it is by itself. */
static void raise_vectors(int32_t *raised, double *x, int64_t count, int64_t n) {
  for (int64_t v = 0; v < count; ++v) {
    const int32_t wanted = lati_refine_power(x + v * n, n) - HEADROOM;
    const int32_t power = wanted > -raised[v] ? wanted : -raised[v];
    lati_operator_multiply(x + v * n, 1, n, power);
    raised[v] += power;
  }
}

/* Every part along its mode of x (count, size). */
static lat_status act_on_all_modes(const lat_operator *op, lati_operator_action action, double *x,
                                   int64_t count) {
  lat_status status = LAT_OK;
  double *scratch = NULL;
  int32_t *raised = NULL;
  int64_t right = op->size;
  LATI_TRY(LATI_NEW(scratch, op->ctx, op->size * count));
  LATI_TRY(LATI_NEW(raised, op->ctx, count));
  for (int32_t i = 0; i < op->part_count; ++i) {
    const int64_t left = op->size / right * count;
    right /= op->parts[i]->size;
    raise_vectors(raised, x, count, op->size);
    LATI_TRY(lati_operator_act_along(op->parts[i], action, x, left, right, scratch));
  }
  for (int64_t v = 0; v < count; ++v) {
    lati_operator_multiply(x + v * op->size, 1, op->size, -raised[v]);
  }
done:
  lati_free(raised);
  lati_free(scratch);
  return status;
}

static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  return act_on_all_modes(op, LATI_OPERATOR_APPLY, x, count);
}

static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  return act_on_all_modes(op, LATI_OPERATOR_SOLVE, x, count);
}

/* A complex number comes to 1; returns the power of two that it was divided by. */
static int32_t normalise(double *real, double *imaginary) {
  int power = 0;
  frexp(fmax(fabs(*real), fabs(*imaginary)), &power);
  *real = ldexp(*real, -power);
  *imaginary = ldexp(*imaginary, -power);
  return power;
}

/* The first `known` numbers, times 2^powers, become known n products with those of a part. */
static void multiply_by_part(double *real, double *imaginary, int32_t *powers, int64_t known,
                             const double *of_part, int64_t n) {
  for (int64_t i = known - 1; i >= 0; --i) { /* from the end, which is not read again */
    const double a = real[i], b = imaginary[i];
    const int32_t power = powers[i];
    for (int64_t k = n - 1; k >= 0; --k) {
      double c = of_part[k], d = of_part[n + k];
      const int32_t of_number = normalise(&c, &d);
      real[i * n + k] = a * c - b * d;
      imaginary[i * n + k] = a * d + b * c;
      powers[i * n + k] = power + of_number + normalise(&real[i * n + k], &imaginary[i * n + k]);
    }
  }
}

/* Products of numbers with a power of two apart, which alone may overflow or vanish on the way. */
static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  lat_status status = LAT_OK;
  double *of_part = NULL;
  int32_t *powers = NULL;
  int64_t known = 1;
  LATI_TRY(LATI_NEW(powers, op->ctx, op->size));
  real[0] = 1;
  imaginary[0] = 0;
  for (int32_t p = 0; p < op->part_count; ++p) {
    const lat_operator *part = op->parts[p];
    lati_free(of_part);
    LATI_TRY(LATI_NEW(of_part, op->ctx, 2 * part->size));
    LATI_TRY(part->kind->eigenvalues(of_part, of_part + part->size, part));
    multiply_by_part(real, imaginary, powers, known, of_part, part->size);
    known *= part->size;
  }
  for (int64_t i = 0; i < op->size; ++i) {
    real[i] = ldexp(real[i], powers[i]);
    imaginary[i] = ldexp(imaginary[i], powers[i]);
  }
done:
  lati_free(powers);
  lati_free(of_part);
  return status;
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
