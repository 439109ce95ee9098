/* Certificates of inverses, eigenvectors and singular vectors. A computed sum of k products differs
 * from the exact one by at most gamma(k) times the sum of their sizes, gamma(k) = k u / (1 - k u),
 * u = 2^-53 (Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1). Norms of such
 * errors are bounded by products of norms, and every bound is widened for the rounding of its own
 * few operations. Inputs are scaled by powers of two first, so that underflow stays below
 * LATI_TINY. */
#include "refine/certify.h"

#include "linalg/dense.h"
#include "linalg/lapack.h"
#include "linalg/matrix.h"
#include "refine/refine.h"
#include "refine/rounding.h"

#include <math.h>
#include <string.h>

static double gamma_of(int32_t terms) {
  return terms * LATI_UNIT / (1 - terms * LATI_UNIT);
}

/* An upper bound of |x|_F: the sum of n^2 squares and the root round by less than gamma(n^2 + 2).
 */
static double norm_bound(const double *x, int64_t count) {
  return lati_frobenius(x, count) * (1 + (double)(count + 4) * LATI_UNIT) + LATI_TINY;
}

/* A lower bound. */
static double norm_least(const double *x, int64_t count) {
  return lati_frobenius(x, count) * (1 - (double)(count + 4) * LATI_UNIT);
}

static const lati_certificate none = {0, NAN};

/* The residual r of |r| <= limit, its own error included, without NaN passing, or a residual and a
 * limit that are both beyond the largest double. */
static int within(double residual, double limit) {
  return isfinite(residual) && residual <= limit * (1 - 8 * LATI_UNIT);
}

size_t lati_certify_inverse_work(int32_t n) {
  return 4 * (size_t)n * (size_t)n;
}

lati_certificate lati_certify_inverse(const double *x, const double *a, int32_t n, double tolerance,
                                      double *work) {
  const int64_t count = (int64_t)n * n;
  double *scaled = work, *inverse = scaled + count, *r = inverse + count, *product = r + count;
  const int32_t power = lati_refine_power(a, count);
  lati_multiply_by_power(scaled, a, (size_t)count, power);
  lati_multiply_by_power(inverse, x, (size_t)count, -power);
  const double a_norm = norm_least(scaled, count), x_norm = norm_least(inverse, count);
  (void)lati_inverse_defect(r, scaled, inverse, n);
  /* The compensated sum: u |r_ij| and gamma(n + 1)^2 times the sizes of its terms. */
  const double g = gamma_of(n + 1);
  const double r_error = 2 * LATI_UNIT * norm_bound(r, count) +
                         g * g * (norm_bound(scaled, count) * norm_bound(inverse, count) + n) +
                         LATI_TINY;
  const double r_norm = norm_bound(r, count) + r_error;
  if (!(r_norm < 0.5) || !within(r_norm, tolerance * a_norm * x_norm)) {
    return none;
  }
  lati_multiply(product, inverse, r, n, n, n);
  const double x_bound = norm_bound(inverse, count);
  const double product_norm =
      norm_bound(product, count) + x_bound * (gamma_of(n) * norm_bound(r, count) + r_error);
  const double bound =
      product_norm / (1 - r_norm) / x_norm * (1 + (double)(count + 16) * LATI_UNIT);
  return (lati_certificate){1, bound};
}

size_t lati_certify_system_work(int32_t n, int32_t k) {
  return 3 * (size_t)n * (size_t)n + 4 * (size_t)n * (size_t)k + lati_lapack_work(n, n);
}

/* Upper bound of |I - c a|_F, of which d is work: the compensated sums err as those of an inverse.
 */
static double inverse_defect_bound(double *d, const double *c, const double *a, int32_t n) {
  const int64_t count = (int64_t)n * n;
  const double g = gamma_of(n + 1);
  (void)lati_inverse_defect(d, c, a, n);
  return norm_bound(d, count) * (1 + 2 * LATI_UNIT) +
         g * g * (norm_bound(c, count) * norm_bound(a, count) + n) + LATI_TINY;
}

lati_certificate lati_certify_system(const double *x, const double *a, const double *b, int32_t n,
                                     int32_t k, double tolerance, double *work) {
  const int64_t count = (int64_t)n * n, values = (int64_t)n * k;
  double *scaled = work, *c = scaled + count, *d = c + count, *solution = d + count;
  double *sides = solution + values, *r = sides + values, *product = r + values;
  const int32_t power = lati_refine_power(a, count), side_power = lati_refine_power(b, values);
  lati_multiply_by_power(scaled, a, (size_t)count, power);
  lati_multiply_by_power(sides, b, (size_t)values, side_power);
  lati_multiply_by_power(solution, x, (size_t)values, side_power - power);
  memcpy(c, scaled, (size_t)count * sizeof *c); /* the inverse of the transpose is the inverse's */
  if (lati_lapack_inverse(c, n, product + values) != LAT_OK) {
    return none;
  }
  const double defect = inverse_defect_bound(d, c, scaled, n);
  const double x_norm = norm_least(solution, values), x_bound = norm_bound(solution, values);
  const double g = gamma_of(n + 1);
  lati_system_defect(r, scaled, solution, sides, n, k);
  const double r_error = 2 * LATI_UNIT * norm_bound(r, values) +
                         g * g * (norm_bound(scaled, count) * x_bound + norm_bound(sides, values)) +
                         LATI_TINY;
  const double r_norm = norm_bound(r, values) + r_error;
  if (lati_norm_max(b, (size_t)values) == 0 && lati_norm_max(x, (size_t)values) == 0) {
    return defect < 0.5 ? (lati_certificate){1, 0} : none;
  }
  if (!(defect < 0.5) || !within(r_norm, tolerance * norm_least(scaled, count) * x_norm)) {
    return none;
  }
  lati_multiply(product, c, r, n, n, k);
  const double product_norm =
      norm_bound(product, values) +
      norm_bound(c, count) * (gamma_of(n) * norm_bound(r, values) + r_error);
  const double bound =
      product_norm / (1 - defect) / x_norm * (1 + (double)(count + 16) * LATI_UNIT);
  return (lati_certificate){1, bound};
}

size_t lati_certify_symmetric_work(int32_t n) {
  return 2 * (size_t)n * (size_t)n + (size_t)n;
}

/* Upper bound of |I - x^T x|_F for x (m x n); d is work of n x n. */
static double orthonormality_bound(double *d, const double *x, int32_t m, int32_t n) {
  (void)lati_orthonormality_defect(d, x, m, n);
  const double x_norm = norm_bound(x, (int64_t)m * n);
  return norm_bound(d, (int64_t)n * n) + gamma_of(m + 1) * (x_norm * x_norm + n);
}

/* Upper bound of |a v - u s|_F for a (m x n), v (n x k), u (m x k), s (k); d is work of m x k. */
static double residual_bound(double *d, const double *a, const double *v, const double *u,
                             const double *s, int32_t m, int32_t n, int32_t k) {
  double largest = 0;
  lati_multiply(d, a, v, m, n, k);
  for (int32_t i = 0; i < m * k; ++i) {
    d[i] -= u[i] * s[i % k];
  }
  for (int32_t i = 0; i < k; ++i) {
    largest = fmax(largest, fabs(s[i]));
  }
  return norm_bound(d, (int64_t)m * k) +
         gamma_of(n + 2) * (norm_bound(a, (int64_t)m * n) * norm_bound(v, (int64_t)n * k) +
                            largest * norm_bound(u, (int64_t)m * k)) +
         LATI_TINY;
}

/* With V = Q H, Q orthogonal and |H - I| <= e, |Q^T A Q - diag l| <= rho + e (|A| + |l|), and
 * Weyl's theorem bounds the values' errors by that. */
static double value_bound(double rho, double e, double a_norm, double largest) {
  return (rho + e * (a_norm + largest)) / a_norm * (1 + 64 * LATI_UNIT);
}

lati_certificate lati_certify_symmetric(const double *values, const double *vectors,
                                        const double *a, int32_t n, double tolerance,
                                        double *work) {
  const int64_t count = (int64_t)n * n;
  double *scaled = work, *d = scaled + count, *scaled_values = d + count;
  const int32_t power = lati_refine_power(a, count);
  lati_multiply_by_power(scaled, a, (size_t)count, power);
  lati_multiply_by_power(scaled_values, values, (size_t)n, power);
  const double a_norm = norm_least(scaled, count);
  double largest = 0;
  for (int32_t i = 0; i < n; ++i) {
    largest = fmax(largest, fabs(scaled_values[i]));
    if (!isfinite(values[i]) || (i > 0 && values[i] < values[i - 1])) {
      return none;
    }
  }
  const double e = orthonormality_bound(d, vectors, n, n);
  const double rho = residual_bound(d, scaled, vectors, vectors, scaled_values, n, n, n);
  if (!within(e, tolerance)) {
    return none;
  }
  if (a_norm == 0) { /* the zero matrix: all values are 0 */
    return largest == 0 ? (lati_certificate){1, 0} : none;
  }
  return within(rho, tolerance * a_norm)
             ? (lati_certificate){1, value_bound(rho, e, norm_bound(scaled, count), largest)}
             : none;
}

size_t lati_certify_svd_work(int32_t rows, int32_t cols) {
  const size_t m = (size_t)rows, n = (size_t)cols, most = m > n ? m : n;
  return 2 * m * n + most * most + most;
}

lati_certificate lati_certify_svd(const double *s, const double *u, const double *v,
                                  const double *a, int32_t rows, int32_t cols, double tolerance,
                                  double *work) {
  const int64_t count = (int64_t)rows * cols;
  const int32_t k = rows < cols ? rows : cols, most = rows < cols ? cols : rows;
  double *scaled = work, *transposed = scaled + count, *d = transposed + count;
  double *scaled_s = d + (int64_t)most * most;
  const int32_t power = lati_refine_power(a, count);
  lati_multiply_by_power(scaled, a, (size_t)count, power);
  lati_multiply_by_power(scaled_s, s, (size_t)k, power);
  for (int64_t i = 0; i < count; ++i) {
    transposed[i % cols * rows + i / cols] = scaled[i];
  }
  for (int32_t i = 0; i < k; ++i) {
    if (!isfinite(s[i]) || s[i] < 0 || (i > 0 && s[i] > s[i - 1])) {
      return none;
    }
  }
  const double a_norm = norm_least(scaled, count);
  const double e = fmax(orthonormality_bound(d, u, rows, k), orthonormality_bound(d, v, cols, k));
  const double right = residual_bound(d, scaled, v, u, scaled_s, rows, cols, k);
  const double left = residual_bound(d, transposed, u, v, scaled_s, cols, rows, k);
  const double rho = hypot(right, left) * (1 + 4 * LATI_UNIT);
  if (!within(e, tolerance)) {
    return none;
  }
  if (a_norm == 0) {
    return scaled_s[0] == 0 ? (lati_certificate){1, 0} : none;
  }
  return within(rho, tolerance * a_norm)
             ? (lati_certificate){1, value_bound(rho, e, norm_bound(scaled, count), scaled_s[0])}
             : none;
}
