/* LU factors of 2^power times a matrix, which dense leaves and low-rank updates solve with. */
#include "linalg/lapack.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"

lat_status lati_operator_factorise(lat_operator *op, double *matrix, int32_t n) {
  lat_status status = LAT_OK;
  const int64_t values = (int64_t)n * n;
  op->power = lati_operator_power(matrix, values);
  lati_operator_multiply(matrix, n, n, op->power);
  LATI_TRY(lati_lapack_factorise(&op->singular, matrix, op->pivots, n));
  if (!lati_all_finite(matrix, (size_t)values)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "a pivot of the elimination overflows"));
  }
done:
  return status;
}

lat_status lati_operator_solve_factorised(const lat_operator *op, const double *factors, int32_t n,
                                          double *x, int64_t count) {
  lat_status status = LAT_OK;
  for (int64_t first = 0; first < count; first += LAT_OPERATOR_MAX_DENSE) {
    const int64_t left = count - first;
    LATI_TRY(lati_lapack_solve_factorised(
        x + first * n, factors, op->pivots, n,
        (int32_t)(left < LAT_OPERATOR_MAX_DENSE ? left : LAT_OPERATOR_MAX_DENSE)));
  }
done:
  return status;
}

/* From the diagonal of U: each exchange of rows changes the sign. */
void lati_operator_log_factors(double *logarithm, int32_t *sign, const lat_operator *op,
                               const double *factors, int32_t n) {
  for (int32_t i = 0; i < n; ++i) {
    const double pivot = factors[(int64_t)i * (n + 1)];
    *logarithm += log(fabs(pivot));
    if ((pivot < 0) != (op->pivots[i] != i + 1)) {
      *sign = -*sign;
    }
    *sign = pivot == 0 ? 0 : *sign;
  }
  *logarithm -= (double)n * op->power * log(2);
}
