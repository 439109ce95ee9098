/* The circulant matrix with entries c[(i - j) mod n]: values (n) is the first column c, spectrum
 * its discrete Fourier transform, factors the first column of the inverse, which is circulant too.
 * The transforms are sums over n terms, with angles reduced mod n so that none loses digits. */
#include "base/floating.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"

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

static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  return convolve_all(op, op->factors, x, count);
}

static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  memcpy(real, op->spectrum, (size_t)op->size * sizeof *real);
  memcpy(imaginary, op->spectrum + op->size, (size_t)op->size * sizeof *imaginary);
  return LAT_OK;
}

static const lati_operator_kind kind = {"circulant", apply, solve, eigenvalues,
                                        lati_operator_log_determinant_by_eigenvalues};

/* Numbers of the transforms: cosines and sines of 2 pi k / n. */
static void roots_of_unity(double *roots, int64_t n) {
  for (int64_t k = 0; k < n; ++k) {
    const double angle = 2 * acos(-1.0) * (double)k / (double)n;
    roots[k] = cos(angle);
    roots[n + k] = sin(angle);
  }
}

/* l_k = sum_j c_j exp(-2 pi i j k / n); real where the matrix is symmetric. */
static void transform(lat_operator *op, const double *roots) {
  const int64_t n = op->size;
  for (int64_t k = 0; k < n; ++k) {
    double real = 0, imaginary = 0;
    for (int64_t j = 0, place = 0; j < n; ++j, place = (place + k) % n) {
      real += op->values[j] * roots[place];
      imaginary -= op->values[j] * roots[n + place];
    }
    op->spectrum[k] = real;
    op->spectrum[n + k] = op->symmetric ? 0 : imaginary;
    op->singular |= real == 0 && op->spectrum[n + k] == 0;
  }
}

/* The inverse's column: the real part of (1 / n) sum_k exp(2 pi i j k / n) / l_k. */
static void invert(lat_operator *op, const double *roots) {
  const int64_t n = op->size;
  for (int64_t j = 0; j < n; ++j) {
    double sum = 0;
    for (int64_t k = 0, place = 0; k < n; ++k, place = (place + j) % n) {
      const double real = op->spectrum[k], imaginary = op->spectrum[n + k];
      const double squared = real * real + imaginary * imaginary;
      sum += (roots[place] * real + roots[n + place] * imaginary) / squared;
    }
    op->factors[j] = sum / (double)n;
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
  double *roots = NULL;
  const int64_t n = op->size;
  LATI_TRY(LATI_NEW(op->values, op->ctx, n));
  LATI_TRY(LATI_NEW(op->factors, op->ctx, n));
  LATI_TRY(LATI_NEW(op->spectrum, op->ctx, 2 * n));
  LATI_TRY(LATI_NEW(roots, op->ctx, 2 * n));
  memcpy(op->values, column, (size_t)n * sizeof *column);
  op->symmetric = is_symmetric(column, n);
  roots_of_unity(roots, n);
  transform(op, roots);
  if (!op->singular) {
    invert(op, roots);
  }
done:
  lati_free(roots);
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
