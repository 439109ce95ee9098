/* Preconditioned conjugate gradients: with r = b - A x and z = M^-1 r, steps along directions p
 * that are conjugate, x <- x + (r.z / p.Ap) p, p <- z + (r'.z' / r.z) p. The residual that is
 * reported is computed from its definition; one that the recurrence lost to rounding starts it
 * again. Powers of two, which are exact, keep squares from overflowing and vanishing: b and x are
 * multiplied by one, and the recurrence works on r, z, p and q times 2^lift. */
#include "base/floating.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"
#include "refine/refine.h"

#include <string.h>

/* Tolerance and steps, as multiples of the size, of solutions by iteration. */
#define SOLVE_TOLERANCE 1e-12
enum { SOLVE_STEPS = 10 };

/* Largest exponent of a guess, which is multiplied with b. */
enum { MOST_EXPONENT = 1000 };

/* A recurrence whose residual has come down from 1 to this starts again: by then rounding has long
 * lost the true one, and its square would come near the least numbers. */
#define SPENT 1e-100

typedef struct iteration {
  const lat_operator *a, *precondition;
  const double *b;
  double *x, *r, *z, *p, *q; /* (n) each */
  double scale;              /* |b| */
  double residual;           /* |r| / |b| */
  double left;               /* |r| of the recurrence, about 1 where it starts */
  int64_t n;
  int32_t lift;
} iteration;

static double dot(const double *x, const double *y, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    sum += x[i] * y[i];
  }
  return sum;
}

static double norm(const double *x, int64_t n) {
  double sum = 0;
  const int32_t power = lati_refine_power(x, n);
  for (int64_t i = 0; i < n; ++i) {
    const double scaled = ldexp(x[i], power);
    sum += scaled * scaled;
  }
  return ldexp(sqrt(sum), -power);
}

static void copy(double *to, const double *from, int64_t n) {
  memcpy(to, from, (size_t)n * sizeof *to);
}

/* z = M^-1 r; *product = r.z. */
static lat_status precondition(double *product, iteration *it) {
  lat_status status = LAT_OK;
  copy(it->z, it->r, it->n);
  if (it->precondition != NULL) {
    LATI_TRY(lati_operator_act(it->precondition, LATI_OPERATOR_SOLVE, it->z, 1));
  }
  *product = dot(it->r, it->z, it->n);
  if (!(*product >= 0) || !isfinite(*product)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "the preconditioner is not positive definite: r.z is %g",
                       *product));
  }
done:
  return status;
}

/* r = b - A x. */
static lat_status true_residual(iteration *it) {
  lat_status status = LAT_OK;
  copy(it->r, it->x, it->n);
  LATI_TRY(lati_operator_act(it->a, LATI_OPERATOR_APPLY, it->r, 1));
  for (int64_t i = 0; i < it->n; ++i) {
    it->r[i] = it->b[i] - it->r[i];
  }
  it->residual = norm(it->r, it->n) / it->scale;
done:
  return status;
}

/* One step along p; *product is r.z before and after. */
static lat_status step(double *product, iteration *it) {
  lat_status status = LAT_OK;
  const double before = *product;
  copy(it->q, it->p, it->n);
  LATI_TRY(lati_operator_act(it->a, LATI_OPERATOR_APPLY, it->q, 1));
  const double curvature = dot(it->p, it->q, it->n);
  if (!(curvature > 0) || !isfinite(curvature)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "the operator is not positive definite: p.Ap is %g",
                       curvature));
  }
  for (int64_t i = 0; i < it->n; ++i) {
    it->x[i] += ldexp(before / curvature * it->p[i], -it->lift);
    it->r[i] -= before / curvature * it->q[i];
  }
  it->left = norm(it->r, it->n);
  it->residual = ldexp(it->left, -it->lift) / it->scale;
  LATI_TRY(precondition(product, it));
  for (int64_t i = 0; i < it->n; ++i) {
    it->p[i] = it->z[i] + *product / before * it->p[i];
  }
done:
  return status;
}

/* The recurrence from a true residual. */
static lat_status descend(int32_t *steps, iteration *it, double tolerance, int32_t max_steps) {
  lat_status status = LAT_OK;
  double product = 0;
  it->lift = lati_refine_power(it->r, it->n);
  lati_operator_multiply(it->r, 1, it->n, it->lift);
  LATI_TRY(precondition(&product, it));
  copy(it->p, it->z, it->n);
  it->left = 1;
  while (it->residual > tolerance && it->left > SPENT && *steps < max_steps) {
    ++*steps;
    LATI_TRY(step(&product, it));
  }
done:
  return status;
}

/* Runs from x until the recurrence's residual is small, then looks at the true one. */
static lat_status run(int32_t *steps, iteration *it, double tolerance, int32_t max_steps) {
  lat_status status = LAT_OK;
  LATI_TRY(true_residual(it));
  while (it->residual > tolerance && *steps < max_steps) {
    LATI_TRY(descend(steps, it, tolerance, max_steps));
    LATI_TRY(true_residual(it));
  }
  if (!(it->residual <= tolerance)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC,
                       "after %d steps of conjugate gradients the residual is %g, above %g", *steps,
                       it->residual, tolerance));
  }
done:
  return status;
}

/* The largest value of b comes to 1, unless x would overflow with it. */
static int32_t power_of_problem(const double *b, const double *x, int64_t n) {
  const int32_t of_b = lati_refine_power(b, n);
  const int32_t most = lati_refine_power(x, n) + MOST_EXPONENT;
  return of_b < most || lati_norm_max(x, (size_t)n) == 0 ? of_b : most;
}

lat_status lati_operator_iterate(double *x, int32_t *steps, double *residual, const lat_operator *a,
                                 const lat_operator *preconditioner, const double *b,
                                 double tolerance, int32_t max_steps) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  const int64_t n = a->size;
  *steps = 0;
  *residual = 0;
  if (lati_norm_max(b, (size_t)n) == 0) { /* the one solution of what is positive definite */
    memset(x, 0, (size_t)n * sizeof *x);
    return LAT_OK;
  }
  const int32_t power = power_of_problem(b, x, n);
  LATI_TRY(LATI_NEW(memory, a->ctx, 5 * n));
  lati_multiply_by_power(memory, b, (size_t)n, power);
  lati_operator_multiply(x, 1, n, power);
  iteration it = {.a = a,
                  .precondition = preconditioner,
                  .b = memory,
                  .x = x,
                  .r = memory + n,
                  .z = memory + 2 * n,
                  .p = memory + 3 * n,
                  .q = memory + 4 * n,
                  .scale = norm(memory, n),
                  .n = n};
  status = run(steps, &it, tolerance, max_steps);
  lati_operator_multiply(x, 1, n, -power);
  *residual = it.residual;
done:
  lati_free(memory);
  return status;
}

lat_status lati_operator_solve_by_iteration(const lat_operator *op, double *x, int64_t count) {
  lat_status status = LAT_OK;
  double *b = NULL, residual = 0;
  int32_t steps = 0;
  const int64_t n = op->size;
  const int32_t most = n < INT32_MAX / SOLVE_STEPS ? (int32_t)n * SOLVE_STEPS : INT32_MAX;
  LATI_TRY(LATI_NEW(b, op->ctx, n));
  for (int64_t v = 0; v < count; ++v) {
    copy(b, x + v * n, n);
    memset(x + v * n, 0, (size_t)n * sizeof *x);
    LATI_TRY(
        lati_operator_iterate(x + v * n, &steps, &residual, op, NULL, b, SOLVE_TOLERANCE, most));
  }
done:
  lati_free(b);
  return status;
}

static lat_status check(const double *x, const lat_operator *a, const lat_operator *precondition,
                        const double *b, double tolerance, int32_t max_steps) {
  if (x == NULL || a == NULL || b == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", x == NULL ? "x" : a == NULL ? "a" : "b");
  }
  if (precondition != NULL && precondition->size != a->size) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "the preconditioner's size %lld is not the operator's %lld",
                     (long long)precondition->size, (long long)a->size);
  }
  if (!(tolerance > 0) || max_steps < 1) {
    return lati_fail(LAT_ERROR_ARGUMENT, "tolerance %g is not above 0, or max_steps %d below 1",
                     tolerance, max_steps);
  }
  if (!lati_all_finite(b, (size_t)a->size) || !lati_all_finite(x, (size_t)a->size)) {
    return lati_fail(LAT_ERROR_NUMERIC, "%s: a value is not finite",
                     lati_all_finite(b, (size_t)a->size) ? "x" : "b");
  }
  return LAT_OK;
}

lat_status lat_operator_conjugate_gradients(double *x, int32_t *steps, double *residual,
                                            const lat_operator *a, const lat_operator *precondition,
                                            const double *b, double tolerance, int32_t max_steps) {
  lat_status status = LAT_OK;
  double *memory = NULL, reached = 0;
  int32_t taken = 0;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(check(x, a, precondition, b, tolerance, max_steps));
  LATI_TRY(LATI_NEW(memory, a->ctx, 2 * a->size));
  copy(memory, x, a->size);
  copy(memory + a->size, b, a->size);
  status = lati_operator_iterate(memory, &taken, &reached, a, precondition, memory + a->size,
                                 tolerance, max_steps);
  if (status != LAT_OK && status != LAT_ERROR_NUMERIC) {
    goto done;
  }
  if (status == LAT_OK && !lati_all_finite(memory, (size_t)a->size)) {
    status = lati_fail(LAT_ERROR_NUMERIC, "x: a value overflows");
  }
  copy(x, memory, a->size);
  if (steps != NULL) {
    *steps = taken;
  }
  if (residual != NULL) {
    *residual = reached;
  }
done:
  lati_free(memory);
  lati_floating_leave(&saved);
  return status;
}
