/* The symmetric tridiagonal Toeplitz matrix: values = {a on the diagonal, b beside it}, with
 * eigenvalues a + 2 b cos(k pi / (n + 1)), k = 1..n, a set that does not depend on b's sign. */
#include "base/floating.h"
#include "linalg/lapack.h"
#include "operator/operator_impl.h"

#include <float.h>

static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  const double a = op->values[0], b = op->values[1];
  const int64_t n = op->size;
  for (int64_t v = 0; v < count; ++v) {
    double *row = x + v * n, before = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double here = row[i];
      row[i] = a * here + b * (before + (i + 1 < n ? row[i + 1] : 0));
      before = here;
    }
  }
  return LAT_OK;
}

typedef struct toeplitz {
  double half, beside; /* |a| / 2 and |b|, times 2^power */
  int64_t n;
  int32_t power, negative; /* a is negative */
} toeplitz;

static toeplitz describe(const lat_operator *op) {
  const int32_t power = lati_operator_power(op->values, 2);
  return (toeplitz){ldexp(fabs(op->values[0]), power) / 2, ldexp(fabs(op->values[1]), power),
                    op->size, power, op->values[0] < 0};
}

/* LAPACK destroys the three diagonals of each call. */
static lat_status solve_scaled(const lat_operator *op, double *x, int64_t count) {
  lat_status status = LAT_OK;
  double *diagonals = NULL;
  const int64_t n = op->size;
  const int32_t power = lati_operator_power(op->values, 2);
  LATI_TRY(LATI_NEW(diagonals, op->ctx, 3 * n));
  for (int64_t i = 0; i < n; ++i) {
    diagonals[i] = ldexp(op->values[0], power);
    diagonals[n + i] = diagonals[2 * n + i] = ldexp(op->values[1], power);
  }
  LATI_TRY(lati_lapack_solve_tridiagonal(x, diagonals, diagonals + n, diagonals + 2 * n, (int32_t)n,
                                         (int32_t)count));
done:
  lati_free(diagonals);
  return status;
}

static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  return lati_operator_act_scaled(op, solve_scaled, lati_operator_power(op->values, 2), x, count);
}

/* half - beside cos(k pi / (n + 1)): where no eigenvalue changes its sign a sum of numbers that are
 * not negative, else by a sine that is odd about the middle. cos(pi / 3) is 1/2 exactly. */
static double half_eigenvalue(const toeplitz *t, int64_t k) {
  const double step = acos(-1.0) / (double)(t->n + 1);
  if (t->half >= t->beside) {
    const double sine = sin((double)k * step / 2);
    return t->half - t->beside + 2 * t->beside * sine * sine;
  }
  const double cosine = 3 * k == t->n + 1 ? 0.5 : sin((double)(t->n + 1 - 2 * k) * step / 2);
  return t->half - t->beside * cosine;
}

static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  const toeplitz t = describe(op);
  for (int64_t k = 1; k <= t.n; ++k) {
    const double value = ldexp(half_eigenvalue(&t, k), 1 - t.power);
    real[k - 1] = t.negative ? -value : value;
    imaginary[k - 1] = 0;
  }
  return LAT_OK;
}

/* A cosine of a rational part of a circle is rational at 0, 1/2 and 1 only (Niven). */
static int is_singular(const toeplitz *t) {
  return t->half == 0 ? t->beside == 0 || t->n % 2 == 1
                      : 2 * t->half == t->beside && (t->n + 1) % 3 == 0;
}

/* For half = beside cosh(u): det = r^n (1 - q^(n+1)) / (1 - q), where q = exp(-2 u) and r / beside
 * = exp(u). */
static double log_of_definite(const toeplitz *t) {
  const double below = t->half - t->beside, above = t->half + t->beside;
  const double u = 2 * asinh(sqrt(below / t->beside / 2)), n = (double)t->n;
  const double root = t->half + sqrt(below) * sqrt(above);
  return n * log(root) + (u == 0 ? log(n + 1) : log(expm1(-2 * (n + 1) * u) / expm1(-2 * u)));
}

/* For half = beside cos(f): det = beside^n sin((n + 1) f) / sin(f). Of f and of its complement g
 * the smaller is known to more digits; sin((n + 1) (pi / 2 - g)) has the multiple of pi / 2 taken
 * out. */
static double log_of_indefinite(int32_t *sign, const toeplitz *t) {
  const double n = (double)t->n, cosine = t->half / t->beside;
  if (cosine < DBL_MIN && t->n % 2 == 1) { /* sin((n + 1) g) is (n + 1) g, which may vanish */
    *sign = t->n % 4 == 3 ? -1 : 1;
    return (n - 1) * log(t->beside) + log(t->half) + log(n + 1);
  }
  const double f = 2 * asin(sqrt((t->beside - t->half) / t->beside / 2));
  const double g = asin(cosine), turned = (n + 1) * g;
  const double of_quarters[] = {-sin(turned), cos(turned), sin(turned), -cos(turned)};
  const double sine = cosine > 0.5 ? sin((n + 1) * f) : of_quarters[(t->n + 1) % 4];
  *sign = sine < 0 ? -1 : 1;
  return n * log(t->beside) + log(fabs(sine) / sqrt((1 - cosine) * (1 + cosine)));
}

/* det(-A) = (-1)^n det(A). */
static lat_status log_determinant(double *logarithm, int32_t *sign, const lat_operator *op) {
  const toeplitz t = describe(op);
  *logarithm = -INFINITY;
  *sign = 0;
  if (!op->singular) {
    *sign = 1;
    *logarithm = t.half >= t.beside ? log_of_definite(&t) : log_of_indefinite(sign, &t);
    *logarithm -= (double)t.n * t.power * log(2);
    *sign = t.negative && t.n % 2 == 1 ? -*sign : *sign;
  }
  return LAT_OK;
}

static const lati_operator_kind kind = {"tridiagonal", apply, solve, eigenvalues, log_determinant};

lat_status lat_operator_create_tridiagonal(lat_operator **out, lat_context *ctx, double diagonal,
                                           double neighbour, int64_t size) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (ctx == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "ctx is NULL");
  }
  lat_status status = LAT_OK;
  lat_operator *op = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  if (!isfinite(diagonal) || !isfinite(neighbour)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "%s %g is not finite",
                       isfinite(diagonal) ? "neighbour" : "diagonal",
                       isfinite(diagonal) ? neighbour : diagonal));
  }
  LATI_TRY(lati_operator_new(&op, ctx, &kind, size));
  LATI_TRY(LATI_NEW(op->values, op->ctx, 2));
  op->values[0] = diagonal;
  op->values[1] = size == 1 ? 0 : neighbour; /* one row has none */
  op->symmetric = 1;
  const toeplitz t = describe(op);
  op->singular = is_singular(&t);
  *out = op;
  op = NULL;
done:
  lat_operator_free(op);
  lati_floating_leave(&saved);
  return status;
}
