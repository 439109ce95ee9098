/* Eigenvalues without a rule, by forming the matrix, and determinants from eigenvalues. */
#include "linalg/lapack.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"

lat_status lati_operator_eigenvalues_of(double *real, double *imaginary, double *matrix, int64_t n,
                                        int32_t symmetric, const lat_context *ctx) {
  lat_status status = LAT_OK;
  double *work = NULL;
  const int32_t order = (int32_t)n;
  LATI_TRY(LATI_NEW(work, ctx, lati_lapack_work(order, order)));
  LATI_TRY(symmetric ? lati_lapack_syevd(matrix, real, order, 0, work)
                     : lati_lapack_eigenvalues(matrix, real, imaginary, order, work));
  for (int64_t i = 0; symmetric && i < n; ++i) {
    imaginary[i] = 0;
  }
done:
  lati_free(work);
  return status;
}

lat_status lati_operator_formed_eigenvalues(double *real, double *imaginary,
                                            const lat_operator *op) {
  lat_status status = LAT_OK;
  double *matrix = NULL;
  const int64_t n = op->size;
  if (n > LATI_OPERATOR_MAX_FORMED) {
    return lati_fail(LAT_ERROR_LIMIT,
                     "eigenvalues of a %s operator form its matrix: size %lld is above %d",
                     op->kind->name, (long long)n, LATI_OPERATOR_MAX_FORMED);
  }
  LATI_TRY(LATI_NEW(matrix, op->ctx, n * n));
  for (int64_t i = 0; i < n; ++i) {
    matrix[i * (n + 1)] = 1;
  }
  LATI_TRY(op->kind->apply(op, matrix, n)); /* row i becomes column i of the operator */
  LATI_TRY(lati_operator_eigenvalues_of(real, imaginary, matrix, n, op->symmetric, op->ctx));
done:
  lati_free(matrix);
  return status;
}

void lati_operator_log_product(double *logarithm, int32_t *sign, const double *real,
                               const double *imaginary, int64_t count) {
  *logarithm = 0;
  *sign = 1;
  for (int64_t i = 0; i < count; ++i) {
    const double size = hypot(real[i], imaginary[i]);
    *logarithm += log(size);
    if (size == 0) {
      *sign = 0;
    } else if (imaginary[i] == 0 && real[i] < 0) { /* complex ones come in pairs */
      *sign = -*sign;
    }
  }
}

lat_status lati_operator_log_determinant_by_eigenvalues(double *logarithm, int32_t *sign,
                                                        const lat_operator *op) {
  lat_status status = LAT_OK;
  double *numbers = NULL;
  LATI_TRY(LATI_NEW(numbers, op->ctx, 2 * op->size));
  LATI_TRY(op->kind->eigenvalues(numbers, numbers + op->size, op));
  lati_operator_log_product(logarithm, sign, numbers, numbers + op->size, op->size);
done:
  lati_free(numbers);
  return status;
}
