/* Powers of two that keep numbers near the ends of the range of doubles from overflowing, vanishing
 * and losing digits. */
#include "linalg/matrix.h"
#include "operator/operator_impl.h"
#include "refine/refine.h"

/* Exponents of largest values that are left alone, of matrices and of vectors: others go to the
 * nearest of these. Down, values lose what becomes too small; up, they lose nothing. */
enum { LEAST_OF_MATRIX = -900, LEAST_OF_VECTOR = -20, LARGEST = 1000 };

static int32_t power_from(const double *values, int64_t count, int32_t least) {
  const int32_t exponent = -lati_refine_power(values, count);
  return exponent > LARGEST ? LARGEST - exponent : exponent < least ? least - exponent : 0;
}

int32_t lati_operator_power(const double *values, int64_t count) {
  return power_from(values, count, LEAST_OF_MATRIX);
}

void lati_operator_multiply(double *x, int64_t count, int64_t n, int32_t power) {
  if (power != 0) {
    lati_multiply_by_power(x, x, (size_t)(count * n), power);
  }
}

lat_status lati_operator_act_scaled(const lat_operator *op, lati_operator_verb *verb, int32_t power,
                                    double *x, int64_t count) {
  lat_status status = LAT_OK;
  int32_t *own = NULL;
  const int64_t n = op->size;
  LATI_TRY(LATI_NEW(own, op->ctx, count));
  for (int64_t v = 0; v < count; ++v) {
    own[v] = power_from(x + v * n, n, LEAST_OF_VECTOR);
    lati_operator_multiply(x + v * n, 1, n, own[v]);
  }
  LATI_TRY(verb(op, x, count));
  for (int64_t v = 0; v < count; ++v) {
    lati_operator_multiply(x + v * n, 1, n, power - own[v]);
  }
done:
  lati_free(own);
  return status;
}
