/* The circulant matrix with entries c[(i - j) mod n]: values (n) is the first column c, spectrum
 * its discrete Fourier transform, factors the first column of the inverse, which is circulant too;
 * both of 2^power times the matrix.
 * The transforms are sums over n terms, with angles reduced mod n so that none loses digits. */
#include "base/floating.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"
#include "refine/refine.h"

#include <float.h>
#include <string.h>

/* y (n) += column circularly convolved with x. */
static void convolve(double *y, const double *column, const double *x, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = 0; i < n - j; ++i) {
      y[i + j] += column[i] * x[j];
    }
    for (int64_t i = n - j; i < n; ++i) {
      y[i + j - n] += column[i] * x[j];
    }
  }
}

static lat_status convolve_all(const lat_operator *op, const double *column, double *x,
                               int64_t count) {
  lat_status status = LAT_OK;
  double *copy = NULL;
  const size_t bytes = (size_t)op->size * sizeof *copy;
  LATI_TRY(LATI_NEW(copy, op->ctx, op->size));
  for (int64_t v = 0; v < count; ++v) {
    memcpy(copy, x + v * op->size, bytes);
    memset(x + v * op->size, 0, bytes);
    convolve(x + v * op->size, column, copy, op->size);
  }
done:
  lati_free(copy);
  return status;
}

static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  return convolve_all(op, op->values, x, count);
}

static lat_status apply_inverse(const lat_operator *op, double *x, int64_t count) {
  return convolve_all(op, op->factors, x, count);
}

static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  return lati_operator_act_scaled(op, apply_inverse, op->power, x, count);
}

static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  const size_t bytes = (size_t)op->size * sizeof *real;
  memcpy(real, op->spectrum, bytes);
  memcpy(imaginary, op->spectrum + op->size, bytes);
  lati_operator_multiply(real, 1, op->size, -op->power);
  lati_operator_multiply(imaginary, 1, op->size, -op->power);
  return LAT_OK;
}

static lat_status log_determinant(double *logarithm, int32_t *sign, const lat_operator *op) {
  lati_operator_log_product(logarithm, sign, op->spectrum, op->spectrum + op->size, op->size);
  *logarithm -= (double)op->size * op->power * log(2);
  return LAT_OK;
}

static const lati_operator_kind kind = {"circulant", apply, solve, eigenvalues, log_determinant};

/* Numbers of the transforms: cosines and sines of 2 pi k / n. */
static void roots_of_unity(double *roots, int64_t n) {
  for (int64_t k = 0; k < n; ++k) {
    const double angle = 2 * acos(-1.0) * (double)k / (double)n;
    roots[k] = cos(angle);
    roots[n + k] = sin(angle);
  }
}

/* l_k = sum_j c_j exp(-2 pi i j k / n) of a column c. */
static void eigenvalue(double *real, double *imaginary, const double *column, int64_t k,
                       const double *roots, int64_t n) {
  *real = *imaginary = 0;
  for (int64_t j = 0, place = 0; j < n; ++j, place = (place + k) % n) {
    *real += column[j] * roots[place];
    *imaginary -= column[j] * roots[n + place];
  }
}

/* Eigenvalues up to this size are rounding errors, of sums and of their roots of unity. */
static double rounding_error(const double *column, int64_t n) {
  int64_t terms = 0;
  for (int64_t j = 0; j < n; ++j) {
    terms += column[j] != 0;
  }
  return 4 * (double)terms * DBL_EPSILON * lati_norm_l1(column, (size_t)n);
}

/* Half of the spectrum, and the conjugates that are the other half. Those of k = 0 and k = n / 2
 * are their own, and a symmetric matrix's are all real. */
static void transform(lat_operator *op, const double *column, const double *roots) {
  const int64_t n = op->size;
  const double error = rounding_error(column, n);
  double *const reals = op->spectrum, *const imaginaries = reals + n;
  for (int64_t k = 0; 2 * k <= n; ++k) {
    double real = 0, imaginary = 0;
    const int64_t mirrored = k == 0 ? 0 : n - k;
    eigenvalue(&real, &imaginary, column, k, roots, n);
    if (op->symmetric || mirrored == k) {
      imaginary = 0;
    }
    if (hypot(real, imaginary) <= error) {
      real = imaginary = 0;
      op->singular = 1;
    }
    reals[k] = reals[mirrored] = real;
    imaginaries[mirrored] = imaginary == 0 ? 0 : -imaginary;
    imaginaries[k] = imaginary;
  }
}

/* 1 / l of the spectrum (n), real parts first, by numbers whose squares neither overflow nor
 * vanish.
 */
static void reciprocals(double *inverse, const double *spectrum, int64_t n) {
  for (int64_t k = 0; k < n; ++k) {
    int power = 0;
    frexp(fmax(fabs(spectrum[k]), fabs(spectrum[n + k])), &power);
    const double real = ldexp(spectrum[k], -power), imaginary = ldexp(spectrum[n + k], -power);
    const double squared = real * real + imaginary * imaginary;
    inverse[k] = ldexp(real / squared, -power);
    inverse[n + k] = ldexp(-imaginary / squared, -power);
  }
}

/* The inverse's column: the real part of (1 / n) sum_k exp(2 pi i j k / n) / l_k. */
static void invert(double *column, const double *inverse, const double *roots, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    double sum = 0;
    for (int64_t k = 0, place = 0; k < n; ++k, place = (place + j) % n) {
      sum += roots[place] * inverse[k] - roots[n + place] * inverse[n + k];
    }
    column[j] = sum / (double)n;
  }
}

static int is_symmetric(const double *column, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    if (column[i] != column[n - i]) {
      return 0;
    }
  }
  return 1;
}

static lat_status fill(lat_operator *op, const double *column) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  const int64_t n = op->size;
  LATI_TRY(LATI_NEW(op->values, op->ctx, n));
  LATI_TRY(LATI_NEW(op->factors, op->ctx, n));
  LATI_TRY(LATI_NEW(op->spectrum, op->ctx, 2 * n));
  LATI_TRY(LATI_NEW(memory, op->ctx, 5 * n));
  double *const roots = memory, *const inverse = roots + 2 * n, *const scaled = inverse + 2 * n;
  memcpy(op->values, column, (size_t)n * sizeof *column);
  op->symmetric = is_symmetric(column, n);
  op->power = lati_operator_power(column, n);
  lati_multiply_by_power(scaled, column, (size_t)n, op->power);
  roots_of_unity(roots, n);
  transform(op, scaled, roots);
  if (!op->singular) {
    reciprocals(inverse, op->spectrum, n);
    invert(op->factors, inverse, roots, n);
  }
done:
  lati_free(memory);
  return status;
}

lat_status lat_operator_create_circulant(lat_operator **out, lat_context *ctx, const double *column,
                                         int64_t size) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (ctx == NULL || column == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", ctx == NULL ? "ctx" : "column");
  }
  lat_status status = LAT_OK;
  lat_operator *op = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(lati_operator_new(&op, ctx, &kind, size));
  if (!lati_all_finite(column, (size_t)size)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "column: a value is not finite"));
  }
  LATI_TRY(fill(op, column));
  *out = op;
  op = NULL;
done:
  lat_operator_free(op);
  lati_floating_leave(&saved);
  return status;
}
