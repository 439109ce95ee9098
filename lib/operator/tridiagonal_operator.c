/* The symmetric tridiagonal Toeplitz matrix: values = {a on the diagonal, b beside it}, with
 * eigenvalues a + 2 b cos(k pi / (n + 1)). */
#include "base/floating.h"
#include "linalg/lapack.h"
#include "operator/operator_impl.h"

static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  const double a = op->values[0], b = op->values[1];
  const int64_t n = op->size;
  for (int64_t v = 0; v < count; ++v) {
    double *row = x + v * n, before = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double here = row[i];
      row[i] = a * here + b * (before + (i + 1 < n ? row[i + 1] : 0));
      before = here;
    }
  }
  return LAT_OK;
}

/* LAPACK destroys the three diagonals of each call. */
static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  lat_status status = LAT_OK;
  double *diagonals = NULL;
  const int64_t n = op->size;
  LATI_TRY(LATI_NEW(diagonals, op->ctx, 3 * n));
  for (int64_t i = 0; i < n; ++i) {
    diagonals[i] = op->values[0];
    diagonals[n + i] = diagonals[2 * n + i] = op->values[1];
  }
  LATI_TRY(lati_lapack_solve_tridiagonal(x, diagonals, diagonals + n, diagonals + 2 * n, (int32_t)n,
                                         (int32_t)count));
done:
  lati_free(diagonals);
  return status;
}

static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  const double step = acos(-1.0) / (double)(op->size + 1);
  for (int64_t k = 0; k < op->size; ++k) {
    real[k] = op->values[0] + 2 * op->values[1] * cos((double)(k + 1) * step);
    imaginary[k] = 0;
  }
  return LAT_OK;
}

static const lati_operator_kind kind = {"tridiagonal", apply, solve, eigenvalues,
                                        lati_operator_log_determinant_by_eigenvalues};

lat_status lat_operator_create_tridiagonal(lat_operator **out, lat_context *ctx, double diagonal,
                                           double neighbour, int64_t size) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (ctx == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "ctx is NULL");
  }
  lat_status status = LAT_OK;
  lat_operator *op = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  if (!isfinite(diagonal) || !isfinite(neighbour)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "%s %g is not finite",
                       isfinite(diagonal) ? "neighbour" : "diagonal",
                       isfinite(diagonal) ? neighbour : diagonal));
  }
  LATI_TRY(lati_operator_new(&op, ctx, &kind, size));
  LATI_TRY(LATI_NEW(op->values, op->ctx, 2));
  op->values[0] = diagonal;
  op->values[1] = neighbour;
  op->symmetric = 1;
  *out = op;
  op = NULL;
done:
  lat_operator_free(op);
  lati_floating_leave(&saved);
  return status;
}
