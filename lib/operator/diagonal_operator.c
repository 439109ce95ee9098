/* A diagonal leaf: values (n) is the diagonal. */
#include "base/floating.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"

#include <string.h>

static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  for (int64_t v = 0; v < count; ++v) {
    for (int64_t i = 0; i < op->size; ++i) {
      x[v * op->size + i] *= op->values[i];
    }
  }
  return LAT_OK;
}

static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  for (int64_t v = 0; v < count; ++v) {
    for (int64_t i = 0; i < op->size; ++i) {
      x[v * op->size + i] /= op->values[i];
    }
  }
  return LAT_OK;
}

static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  memcpy(real, op->values, (size_t)op->size * sizeof *real);
  memset(imaginary, 0, (size_t)op->size * sizeof *imaginary);
  return LAT_OK;
}

const lati_operator_kind lati_operator_diagonal_kind = {
    "diagonal", apply, solve, eigenvalues, lati_operator_log_determinant_by_eigenvalues};

static lat_status create(lat_operator **out, lat_context *ctx, const double *diagonal,
                         int64_t size) {
  lat_status status = LAT_OK;
  lat_operator *op = NULL;
  LATI_TRY(lati_operator_new(&op, ctx, &lati_operator_diagonal_kind, size));
  if (!lati_all_finite(diagonal, (size_t)size)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "diagonal: a value is not finite"));
  }
  LATI_TRY(LATI_NEW(op->values, op->ctx, size));
  memcpy(op->values, diagonal, (size_t)size * sizeof *diagonal);
  op->symmetric = 1;
  for (int64_t i = 0; i < size; ++i) {
    op->singular |= diagonal[i] == 0;
  }
  *out = op;
  op = NULL;
done:
  lat_operator_free(op);
  return status;
}

lat_status lat_operator_create_diagonal(lat_operator **out, lat_context *ctx,
                                        const double *diagonal, int64_t size) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (ctx == NULL || diagonal == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", ctx == NULL ? "ctx" : "diagonal");
  }
  lati_floating saved;
  lati_floating_enter(&saved);
  const lat_status status = create(out, ctx, diagonal, size);
  lati_floating_leave(&saved);
  return status;
}
