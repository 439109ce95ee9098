/* Newton-Schulz refinement of an inverse: x <- x + x (I - a x). */
#include "linalg/dense.h"
#include "refine/compensated.h"
#include "refine/refine.h"

#include <math.h>
#include <string.h>

size_t lati_refine_inverse_work(int32_t n) {
  return 4 * (size_t)n * (size_t)n;
}

double lati_inverse_defect(double *d, const double *a, const double *x, int32_t n) {
  const size_t width = (size_t)n;
  for (size_t i = 0; i < width; ++i) {
    for (size_t j = 0; j < width; ++j) {
      lati_compensated entry = {.sum = i == j ? 1 : 0};
      for (size_t l = 0; l < width; ++l) {
        lati_compensated_add(&entry, -a[i * width + l], x[l * width + j]);
      }
      d[i * width + j] = lati_compensated_value(&entry);
    }
  }
  const double norm = lati_frobenius(d, (int64_t)n * n);
  return isnan(norm) ? INFINITY : norm;
}

void lati_refine_inverse(lati_refinement *refinement, double *x, const double *a, int32_t n,
                         double *work) {
  const size_t count = (size_t)n * (size_t)n;
  double *scaled = work, *current = scaled + count, *d = current + count, *next = d + count;
  const int32_t power = lati_refine_power(a, (int64_t)count);
  lati_multiply_by_power(scaled, a, count, power);
  lati_multiply_by_power(current, x, count, -power);
  double norm = lati_inverse_defect(d, scaled, current, n);
  refinement->before = refinement->after = norm;
  refinement->steps = 0;
  while (refinement->steps < refinement->most_steps && norm < 1 && norm > refinement->tolerance) {
    lati_multiply(next, current, d, n, n, n);
    for (size_t i = 0; i < count; ++i) {
      next[i] += current[i];
    }
    norm = lati_inverse_defect(d, scaled, next, n);
    if (!(norm < refinement->after)) {
      break;
    }
    memcpy(current, next, count * sizeof *current);
    refinement->after = norm;
    refinement->steps += 1;
  }
  refinement->converged = refinement->after <= refinement->tolerance;
  if (refinement->steps > 0) {
    lati_multiply_by_power(x, current, count, power);
  }
}
