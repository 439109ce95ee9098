/* Random linear regressions, y = w.x with w normal and x uniform, and the best error of one step of
 * gradient descent on their examples. */
#include "regression.h"

#include "example.h"

double draw_regression(double *z, int d, int n) {
  double w[64], y = 0; /* d is below 64 */
  for (int i = 0; i < d; ++i) {
    w[i] = random_normal();
  }
  for (int e = 0; e <= n; ++e, z += d + 1) {
    y = 0;
    for (int i = 0; i < d; ++i) {
      z[i] = HALF * (2 * random_uniform() - 1);
      y += w[i] * z[i];
    }
    z[d] = e < n ? y : 0;
  }
  return y;
}

/* With S = X^T X / n, s = E x^2 and m = E x^4, the error at a rate is s (d - 2 rate T1 + rate^2
 * T2), T1 = E tr S and T2 = E tr S^2. */
void regression_theory(double *rate, double *error, int d, int n) {
  const double s = HALF * HALF / 3, m = HALF * HALF * HALF * HALF / 5;
  const double t1 = d * s, t2 = (d * m + d * (d - 1) * s * s) / n + d * s * s * (n - 1) / n;
  *rate = t1 / t2;
  *error = s * (d - t1 * t1 / t2);
}
