/* Powers of two that bring a matrix into a range where squares neither overflow nor vanish: a
 * product with one is exact. */
#include "linalg/matrix.h"
#include "refine/refine.h"

#include <math.h>

int32_t lati_refine_power(const double *values, int64_t count) {
  int power = 0;
  const double largest = lati_norm_max(values, (size_t)count);
  if (!(largest > 0) || isinf(largest)) {
    return 0;
  }
  frexp(largest, &power); /* largest = f 2^power with f in [1/2, 1) */
  return 1 - power;
}

void lati_multiply_by_power(double *to, const double *from, size_t count, int32_t power) {
  for (size_t i = 0; i < count; ++i) {
    to[i] = ldexp(from[i], power);
  }
}

void lati_scaled_symmetric(double *s, const double *a, int32_t n, int32_t power) {
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      s[i * n + j] = ldexp(a[i * n + j], power - 1) + ldexp(a[j * n + i], power - 1);
    }
  }
}
