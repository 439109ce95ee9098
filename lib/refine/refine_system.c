/* Iterative refinement of the solution of a x = b with residuals in twice the working precision
 * (Wilkinson; Higham, "Accuracy and Stability of Numerical Algorithms", chapter 12): x <- x +
 * c (b - a x), where c is the inverse that LAPACK finds, which brings x to the last digit while
 * |I - c a| < 1, up to condition numbers of about 1e15. */
#include "linalg/dense.h"
#include "linalg/lapack.h"
#include "refine/compensated.h"
#include "refine/refine.h"

#include <math.h>
#include <string.h>

size_t lati_refine_system_work(int32_t n, int32_t k) {
  return 2 * (size_t)n * (size_t)n + 5 * (size_t)n * (size_t)k + lati_lapack_work(n, n);
}

void lati_system_defect(double *r, const double *a, const double *x, const double *b, int32_t n,
                        int32_t k) {
  const size_t width = (size_t)n, sides = (size_t)k;
  for (size_t i = 0; i < width; ++i) {
    for (size_t j = 0; j < sides; ++j) {
      lati_compensated entry = {.sum = b[i * sides + j]};
      for (size_t l = 0; l < width; ++l) {
        lati_compensated_add(&entry, -a[i * width + l], x[l * sides + j]);
      }
      r[i * sides + j] = lati_compensated_value(&entry);
    }
  }
}

/* d = c (b - a x), about what x is off; returns |d|_F / |x|_F, infinity where it is no number. */
static double correction(double *d, double *r, const double *c, const double *a, const double *x,
                         const double *b, int32_t n, int32_t k) {
  const int64_t count = (int64_t)n * k;
  lati_system_defect(r, a, x, b, n, k);
  lati_multiply(d, c, r, n, n, k);
  const double size = lati_frobenius(d, count);
  const double share = size == 0 ? 0 : size / lati_frobenius(x, count);
  return isnan(share) ? INFINITY : share;
}

lat_status lati_refine_system(lati_refinement *refinement, double *x, const double *a,
                              const double *b, int32_t n, int32_t k, double *work) {
  const size_t count = (size_t)n * (size_t)n, values = (size_t)n * (size_t)k;
  double *scaled = work, *c = scaled + count, *sides = c + count, *current = sides + values;
  double *r = current + values, *d = r + values, *next = d + values;
  const int32_t power = lati_refine_power(a, (int64_t)count);
  const int32_t side_power = lati_refine_power(b, (int64_t)values);
  lati_multiply_by_power(scaled, a, count, power);
  lati_multiply_by_power(sides, b, values, side_power);
  lati_multiply_by_power(current, x, values, side_power - power);
  memcpy(c, scaled, count * sizeof *c); /* the inverse of the transpose is the inverse's */
  refinement->steps = 0;
  refinement->before = refinement->after = INFINITY;
  refinement->converged = 0;
  const lat_status status = lati_lapack_inverse(c, n, next + values);
  if (status != LAT_OK) {
    return status;
  }
  double off = correction(d, r, c, scaled, current, sides, n, k);
  refinement->before = refinement->after = off;
  if (!(off < 1)) { /* no better than 0, which rounds less on the way to the solution */
    memset(current, 0, values * sizeof *current);
    (void)correction(d, r, c, scaled, current, sides, n, k);
  }
  while (refinement->steps < refinement->most_steps && off > refinement->tolerance) {
    for (size_t i = 0; i < values; ++i) {
      next[i] = current[i] + d[i];
    }
    off = correction(d, r, c, scaled, next, sides, n, k);
    if (!(off < refinement->after)) {
      break;
    }
    memcpy(current, next, values * sizeof *current);
    refinement->after = off;
    refinement->steps += 1;
  }
  refinement->converged = refinement->after <= refinement->tolerance;
  if (refinement->steps > 0) {
    lati_multiply_by_power(x, current, values, power - side_power);
  }
  return LAT_OK;
}
