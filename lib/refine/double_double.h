/* Numbers of 106 bits as unevaluated sums of two doubles, high + low with |low| <= ulp(high) / 2
 * (T. J. Dekker, "A floating-point technique for extending the available precision", 1971). Each
 * operation has a relative error below 2^-100 where nothing underflows or overflows. */
#ifndef LATI_DOUBLE_DOUBLE_H
#define LATI_DOUBLE_DOUBLE_H

#include <math.h>

typedef struct lati_dd {
  double high, low;
} lati_dd;

/* a + b of any sizes, exactly. */
static inline lati_dd lati_dd_two_sum(double a, double b) {
  const double sum = a + b, part = sum - a;
  return (lati_dd){sum, (a - (sum - part)) + (b - part)};
}

/* The same where |a| >= |b|. */
static inline lati_dd lati_dd_quick_sum(double a, double b) {
  const double sum = a + b;
  return (lati_dd){sum, b - (sum - a)};
}

static inline lati_dd lati_dd_add(lati_dd a, lati_dd b) {
  const lati_dd high = lati_dd_two_sum(a.high, b.high), low = lati_dd_two_sum(a.low, b.low);
  const lati_dd sum = lati_dd_quick_sum(high.high, high.low + low.high);
  return lati_dd_quick_sum(sum.high, sum.low + low.low);
}

static inline lati_dd lati_dd_multiply(lati_dd a, lati_dd b) {
  const double product = a.high * b.high;
  const double error = fma(a.high, b.high, -product) + (a.high * b.low + a.low * b.high);
  return lati_dd_quick_sum(product, error);
}

static inline lati_dd lati_dd_negate(lati_dd a) {
  return (lati_dd){-a.high, -a.low};
}

/* Long division, three digits of 53 bits. */
static inline lati_dd lati_dd_divide(lati_dd a, lati_dd b) {
  const double first = a.high / b.high;
  lati_dd rest = lati_dd_add(a, lati_dd_negate(lati_dd_multiply((lati_dd){first, 0}, b)));
  const double second = rest.high / b.high;
  rest = lati_dd_add(rest, lati_dd_negate(lati_dd_multiply((lati_dd){second, 0}, b)));
  const lati_dd quotient = lati_dd_quick_sum(first, second);
  return lati_dd_add(quotient, (lati_dd){rest.high / b.high, 0});
}

#endif
