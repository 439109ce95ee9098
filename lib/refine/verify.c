/* Each exact value T_i is enclosed in an interval. A factorisation at sigma tells how many values
 * lie below it, and moves the end of every interval that it says something of; the first ones are
 * close on both sides of the predictions, later ones halve the interval that contributes most to
 * what is not known of sum |P_i - T_i| / sum |T_i|. Trace and Frobenius norm, which need no
 * factorisation, reject what is far off at once. */
#include "refine/verify.h"

#include "linalg/dense.h"
#include "refine/inertia.h"
#include "refine/refine.h"
#include "refine/rounding.h"

#include <math.h>
#include <string.h>

/* Sums of n numbers round by less than this part: n <= 200. */
#define SUM_ROUNDING 1e-13

/* Singular values above this part of |A|_F are told from A^T A, which loses the others to squaring.
 */
#define LEAST_ROOT 0.03

/* Factorisations for each value, at most. */
enum { MOST_PROBES = 60 };

typedef struct enclosure {
  int32_t n;          /* order of the symmetric matrix s */
  int32_t count;      /* of values enclosed: the largest eigenvalues, descending */
  const double *s;    /* scaled */
  const double *gram; /* of singular values, A^T A of order count, scaled; otherwise NULL */
  double gram_error;  /* bound of its rounding, in the Frobenius norm */
  double *values;     /* predictions, scaled */
  double *lower, *upper;
  double norm; /* of the exact values: |T|_2 <= |T|_1 */
  double *work;
} enclosure;

static double part_unknown(const enclosure *e, int32_t i) {
  const double p = e->values[i], low = e->lower[i], high = e->upper[i];
  return fmax(high - p, p - low) - fmax(0, fmax(low - p, p - high));
}

static lati_error_bounds bounds_of(const enclosure *e) {
  double error_low = 0, error_high = 0, size_low = 0, size_high = 0;
  for (int32_t i = 0; i < e->count; ++i) {
    const double p = e->values[i], low = e->lower[i], high = e->upper[i];
    error_low += fmax(0, fmax(low - p, p - high));
    error_high += fmax(high - p, p - low);
    size_low += fmax(0, fmax(low, -high));
    size_high += fmax(fabs(low), fabs(high));
  }
  size_low = fmax(size_low, e->norm * (1 - SUM_ROUNDING));
  error_low *= 1 - SUM_ROUNDING;
  error_high *= 1 + SUM_ROUNDING;
  const double low = size_high > 0 ? error_low / (size_high * (1 + SUM_ROUNDING)) : 0;
  const double high = size_low > 0 ? error_high / (size_low * (1 - SUM_ROUNDING)) : INFINITY;
  return (lati_error_bounds){low, high};
}

static int is_answered(const lati_error_bounds *bounds, const lati_question *question) {
  const int decided = bounds->high <= question->tolerance || bounds->low > question->tolerance;
  return decided && (bounds->high - bounds->low <= question->sharpness * bounds->high ||
                     bounds->high <= SUM_ROUNDING);
}

/* Of the matrix of that order whose `count` largest eigenvalues are enclosed, as many as the
 * inertia tells lie at or below `below`, the rest of them at or above `above`. Eigenvalue i from
 * above is eigenvalue order - i from below. */
static void narrow(enclosure *e, int32_t order, const lati_inertia *inertia, double below,
                   double above) {
  for (int32_t i = 0; i < e->count; ++i) {
    const int32_t from_below = order - i;
    if (from_below <= inertia->negative + inertia->zero) {
      e->upper[i] = fmin(e->upper[i], below);
    }
    if (from_below > inertia->negative) {
      e->lower[i] = fmax(e->lower[i], above);
    }
  }
}

/* By A^T A, of half the order: its eigenvalues, known to within some error, are squares, whose
 * roots are then known to within error / (2 sigma). */
static void probe_squares(enclosure *e, double sigma) {
  lati_inertia inertia;
  const double square = sigma * sigma;
  lati_inertia_of(&inertia, e->gram, e->count, square, e->work);
  const double error = inertia.error + e->gram_error;
  const double below = sqrt(square + error) * (1 + 4 * LATI_UNIT);
  const double above = sqrt(fmax(0, square - error)) * (1 - 4 * LATI_UNIT);
  narrow(e, e->count, &inertia, below, above);
}

static void probe(enclosure *e, double sigma) {
  if (e->gram != NULL && sigma > LEAST_ROOT * e->norm) {
    probe_squares(e, sigma);
    return;
  }
  lati_inertia inertia;
  lati_inertia_of(&inertia, e->s, e->n, sigma, e->work);
  narrow(e, e->n, &inertia, sigma + inertia.error, sigma - inertia.error);
}

/* Close on both sides of each prediction, where the whole sum stays within tolerance. */
static void probe_predictions(enclosure *e, double tolerance) {
  double sum = 0;
  for (int32_t i = 0; i < e->count; ++i) {
    sum += fabs(e->values[i]);
  }
  const double distance = 0.9 * fmin(tolerance, 1) * sum / e->count;
  for (int32_t i = 0; i < e->count; ++i) {
    const double above = e->values[i] + distance, below = e->values[i] - distance;
    if (above > e->lower[i] && above < e->upper[i]) {
      probe(e, above);
    }
    if (below > e->lower[i] && below < e->upper[i]) {
      probe(e, below);
    }
  }
}

/* Halves the interval of the value of which least is known; 0 where that gains nothing. */
static int bisect(enclosure *e) {
  int32_t widest = 0;
  for (int32_t i = 1; i < e->count; ++i) {
    widest = part_unknown(e, i) > part_unknown(e, widest) ? i : widest;
  }
  const double width = e->upper[widest] - e->lower[widest];
  probe(e, e->lower[widest] + width / 2);
  return e->upper[widest] - e->lower[widest] < 0.9 * width;
}

/* The norm encloses everything before the first factorisation. */
static lati_error_bounds enclose(enclosure *e, const lati_question *question) {
  const double most = e->norm * (1 + SUM_ROUNDING);
  for (int32_t i = 0; i < e->count; ++i) {
    e->upper[i] = most;
    e->lower[i] = e->count == e->n ? -most : 0; /* singular values are not negative */
  }
  probe_predictions(e, question->tolerance);
  lati_error_bounds bounds = bounds_of(e);
  for (int32_t i = 0; i < MOST_PROBES * e->count && !is_answered(&bounds, question); ++i) {
    if (!bisect(e)) {
      break;
    }
    bounds = bounds_of(e);
  }
  return bounds;
}

/* What sum and norm of the predictions alone say: |sum P - trace| and | |P|_2 - |T|_2 | are at most
 * |P - T|_1, and |T|_1 at most sqrt(count) |T|_2. trace: NaN where the values' sum is not known. */
static double least_error(const enclosure *e, double trace) {
  double sum = 0, sizes = 0;
  for (int32_t i = 0; i < e->count; ++i) {
    sum += e->values[i];
    sizes += fabs(e->values[i]);
  }
  const double by_norm = fabs(lati_frobenius(e->values, e->count) - e->norm);
  const double error = fmax(by_norm, fabs(sum - trace)) - SUM_ROUNDING * (sizes + e->norm);
  return isnan(error) ? INFINITY : error / (sqrt(e->count) * e->norm * (1 + SUM_ROUNDING));
}

static int all_zero(const double *values, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    if (values[i] != 0) {
      return 0;
    }
  }
  return 1;
}

static lati_error_bounds verify(enclosure *e, double trace, const lati_question *question) {
  if (e->norm == 0) {
    const double error = all_zero(e->values, e->count) ? 0 : INFINITY;
    return (lati_error_bounds){error, error};
  }
  const double least = least_error(e, trace);
  if (least > fmax(1, question->tolerance)) { /* so far off that bisection has nothing to add */
    return (lati_error_bounds){least, INFINITY};
  }
  const lati_error_bounds bounds = enclose(e, question);
  return (lati_error_bounds){fmax(bounds.low, least), bounds.high};
}

static void set_up(enclosure *e, const double *values, int32_t power, double *work) {
  e->values = work;
  e->lower = e->values + e->count;
  e->upper = e->lower + e->count;
  e->work = e->upper + e->count;
  lati_multiply_by_power(e->values, values, (size_t)e->count, power);
}

/* What both tasks and both questions begin with: the scaled symmetric matrix, at the start of
 * `work`, and the norm of the values. */
typedef struct problem {
  enclosure e;
  double trace;
} problem;

static void pose_eigenvalues(problem *p, const double *values, const double *a, int32_t n,
                             double *work) {
  const int32_t power = lati_refine_power(a, (int64_t)n * n);
  double *s = work;
  *p = (problem){.e = {.n = n, .count = n}};
  lati_scaled_symmetric(s, a, n, power);
  for (int32_t i = 0; i < n; ++i) {
    p->trace += s[i * n + i];
  }
  p->e.norm = lati_frobenius(s, (int64_t)n * n);
  p->e.s = s;
  set_up(&p->e, values, power, s + (size_t)n * (size_t)n);
}

/* gram = A A^T or A^T A, whichever is smaller, of the blocks in [0 A; A^T 0]; returns a bound of
 * its rounding: of a sum of k products, (k + 1) u times the sum of their sizes, which are at most
 * |A|_F^2 in all. */
static double form_gram(double *gram, const double *s, int32_t rows, int32_t cols) {
  const int32_t n = rows + cols, count = rows < cols ? rows : cols, k = n - count;
  const int32_t first = rows < cols ? 0 : rows, other = rows < cols ? rows : 0;
  double squares = 0;
  for (int32_t i = 0; i < count; ++i) {
    for (int32_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (int32_t l = 0; l < k; ++l) {
        sum += s[(first + i) * n + other + l] * s[(first + j) * n + other + l];
      }
      gram[i * count + j] = gram[j * count + i] = sum;
    }
    squares += gram[i * (count + 1)];
  }
  return (k + 2) * LATI_UNIT * squares * (1 + (n + k) * LATI_UNIT) + LATI_TINY;
}

static void pose_singular_values(problem *p, const double *values, const double *a, int32_t rows,
                                 int32_t cols, double *work) {
  const int32_t n = rows + cols, count = rows < cols ? rows : cols;
  const int32_t power = lati_refine_power(a, (int64_t)rows * cols);
  double *s = work, *gram = s + (size_t)n * (size_t)n;
  *p = (problem){.e = {.n = n, .count = count, .s = s, .gram = gram}, .trace = NAN};
  memset(s, 0, (size_t)n * (size_t)n * sizeof *s);
  for (int32_t i = 0; i < rows; ++i) {
    for (int32_t j = 0; j < cols; ++j) {
      s[i * n + rows + j] = s[(rows + j) * n + i] = ldexp(a[i * cols + j], power);
    }
  }
  p->e.norm = lati_frobenius(s, (int64_t)n * n) / sqrt(2);
  p->e.gram_error = form_gram(gram, s, rows, cols);
  set_up(&p->e, values, power, gram + (size_t)count * (size_t)count);
}

size_t lati_verify_eigenvalues_work(int32_t n) {
  return (size_t)n * (size_t)n + 3 * (size_t)n + lati_inertia_work(n);
}

size_t lati_verify_singular_values_work(int32_t rows, int32_t cols) {
  const size_t count = (size_t)(rows < cols ? rows : cols);
  return lati_verify_eigenvalues_work(rows + cols) + count * count;
}

lati_error_bounds lati_verify_eigenvalues(const double *values, const double *a, int32_t n,
                                          const lati_question *question, double *work) {
  problem p;
  pose_eigenvalues(&p, values, a, n, work);
  return verify(&p.e, p.trace, question);
}

lati_error_bounds lati_verify_singular_values(const double *values, const double *a, int32_t rows,
                                              int32_t cols, const lati_question *question,
                                              double *work) {
  problem p;
  pose_singular_values(&p, values, a, rows, cols, work);
  return verify(&p.e, p.trace, question);
}

/* Upper bound of the largest |P_i - T_i|, from probes `distance` away from every prediction. */
static double enclose_within(enclosure *e, double distance) {
  double error = 0;
  for (int32_t i = 0; i < e->count; ++i) {
    e->upper[i] = INFINITY;
    e->lower[i] = e->count == e->n ? -INFINITY : 0;
  }
  for (int32_t i = 0; i < e->count; ++i) {
    probe(e, e->values[i] + distance);
    probe(e, e->values[i] - distance);
  }
  for (int32_t i = 0; i < e->count; ++i) {
    error = fmax(error, fmax(e->upper[i] - e->values[i], e->values[i] - e->lower[i]));
  }
  return error * (1 + 4 * LATI_UNIT);
}

/* The distance grows from the rounding of a factorisation to what the tolerance allows. */
static lati_certificate certify(const problem *p, double tolerance) {
  enclosure e = p->e;
  const double norm = p->e.norm * (1 - SUM_ROUNDING);
  for (int32_t i = 0; i < e.count; ++i) {
    const int sorted = i == 0 || e.values[i] <= e.values[i - 1];
    if (!isfinite(e.values[i]) || !sorted || (e.count < e.n && e.values[i] < 0)) {
      return (lati_certificate){0, NAN};
    }
  }
  if (norm == 0) {
    return all_zero(e.values, e.count) ? (lati_certificate){1, 0} : (lati_certificate){0, NAN};
  }
  for (double part = e.n * 0x1p-52; part < tolerance; part *= 10) {
    const double bound = enclose_within(&e, part * norm) / norm;
    if (bound <= tolerance) {
      return (lati_certificate){1, bound};
    }
  }
  return (lati_certificate){0, NAN};
}

lati_certificate lati_certify_eigenvalues(const double *values, const double *a, int32_t n,
                                          double tolerance, double *work) {
  problem p;
  pose_eigenvalues(&p, values, a, n, work);
  return certify(&p, tolerance);
}

lati_certificate lati_certify_singular_values(const double *values, const double *a, int32_t rows,
                                              int32_t cols, double tolerance, double *work) {
  problem p;
  pose_singular_values(&p, values, a, rows, cols, work);
  return certify(&p, tolerance);
}
