/* A leaf that only a function of the host's knows. */
#include "operator/operator_impl.h"

#include <string.h>

static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  lat_status status = LAT_OK;
  double *copy = NULL;
  LATI_TRY(LATI_NEW(copy, op->ctx, op->size));
  for (int64_t v = 0; v < count; ++v) {
    double *row = x + v * op->size;
    memcpy(copy, row, (size_t)op->size * sizeof *copy);
    const int32_t failed = op->function(row, copy, op->size, op->user);
    if (failed != 0) {
      LATI_TRY(lati_fail(LAT_ERROR_CALLBACK, "the operator's function returned %d", failed));
    }
  }
done:
  lati_free(copy);
  return status;
}

static const lati_operator_kind kind = {"function", apply, lati_operator_solve_by_iteration,
                                        lati_operator_formed_eigenvalues,
                                        lati_operator_log_determinant_by_eigenvalues};

lat_status lat_operator_create_function(lat_operator **out, lat_context *ctx,
                                        lat_operator_function *function, void *user, int64_t size) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (ctx == NULL || function == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", ctx == NULL ? "ctx" : "function");
  }
  const lat_status status = lati_operator_new(out, ctx, &kind, size);
  if (status == LAT_OK) {
    (*out)->function = function;
    (*out)->user = user;
  }
  return status;
}
