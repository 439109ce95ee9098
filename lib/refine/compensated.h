/* Sums of products in twice the working precision, by fused multiply-adds (Ogita, Rump and Oishi,
 * "Accurate sum and dot product", 2005). */
#ifndef LATI_COMPENSATED_H
#define LATI_COMPENSATED_H

#include <math.h>

typedef struct lati_compensated {
  double sum, error;
} lati_compensated;

/* sum += a b; what rounding takes away gathers in error. */
static inline void lati_compensated_add(lati_compensated *to, double a, double b) {
  const double product = a * b, product_error = fma(a, b, -product);
  const double next = to->sum + product, part = next - to->sum;
  to->error += (to->sum - (next - part)) + (product - part) + product_error;
  to->sum = next;
}

static inline double lati_compensated_value(const lati_compensated *of) {
  return of->sum + of->error;
}

#endif
