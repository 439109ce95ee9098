/* With powers of two in the diagonal matrices R and C, B = R A C has rows and columns of comparable
 * size. Y, an inverse of B in numbers of 106 bits by Gauss-Jordan elimination with complete
 * pivoting, is improved by Y <- Y + Y D, D = I - B Y, in numbers of 159 bits. Where |D| < 1, B is
 * nonsingular and row i of B^-1 - Y is at most |Y_i| |D| / (1 - |D|) long; A^-1 = C B^-1 R, so X is
 * C Y R rounded. */
#include "refine/precise_inverse.h"

#include "linalg/dense.h"
#include "linalg/matrix.h"
#include "refine/double_double.h"
#include "refine/singular.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define UNIT 0x1p-53
#define TINY 1e-290 /* above what underflow takes from sums of scaled numbers */

#define ENOUGH 0x1p-80 /* of |D|, for entries right to their last digit */

enum { SCALINGS = 4, PASSES = 3, PARTS = 3 };

/* Terms of an entry of I - B Y: 1, and products with their rounding. */
#define TERMS(n) (2 * PARTS * (n) + 1)

/* A number of about 159 bits: the sum of its parts, descending. */
typedef struct triple {
  double part[PARTS];
} triple;

typedef struct state {
  int32_t n;
  double *b;        /* n x n */
  lati_dd *m, *y;   /* n x n: B as elimination leaves it, and Y, in numbers of 106 bits */
  triple *x, *next; /* n x n: Y as it is improved; `next` lies over m and y */
  double *d;        /* n x n: I - B Y, and then the errors of X's entries */
  double *terms;
  int32_t *row_power, *col_power, *order;
} state;

size_t lati_precise_inverse_work(int32_t n) {
  const size_t count = (size_t)n * (size_t)n, width = (size_t)n;
  return (1 + 4 + PARTS + 1) * count + TERMS(width) + 2 * width;
}

static void set_up(state *s, int32_t n, double *work) {
  const size_t count = (size_t)n * (size_t)n;
  *s = (state){.n = n, .b = work, .m = (lati_dd *)(void *)(work + count)};
  s->y = s->m + count;
  s->next = (triple *)(void *)s->m;
  s->x = (triple *)(void *)(s->y + count);
  s->d = (double *)(void *)(s->x + count);
  s->terms = s->d + count;
  s->row_power = (int32_t *)(void *)(s->terms + TERMS(n));
  s->col_power = s->row_power + n;
  s->order = s->col_power + n;
}

/* Lowers power[i] by the largest exponent in row i of the scaled matrix, or column i. */
static void scale_lines(int32_t *power, const int32_t *other, const double *a, int32_t n,
                        size_t stride, size_t step) {
  for (int32_t i = 0; i < n; ++i) {
    int largest = INT_MIN;
    for (int32_t j = 0; j < n; ++j) {
      const double entry = a[(size_t)i * stride + (size_t)j * step];
      int exponent = 0;
      frexp(entry, &exponent);
      largest = entry != 0 && exponent + other[j] > largest ? exponent + other[j] : largest;
    }
    power[i] = largest == INT_MIN ? 0 : -largest;
  }
}

/* B = R A C; 0 where underflow would take something from an entry. */
static int scale(state *s, const double *a) {
  const int32_t n = s->n;
  memset(s->row_power, 0, 2 * (size_t)n * sizeof *s->row_power);
  for (int i = 0; i < SCALINGS; ++i) {
    scale_lines(s->row_power, s->col_power, a, n, (size_t)n, 1);
    scale_lines(s->col_power, s->row_power, a, n, 1, (size_t)n);
  }
  for (int32_t i = 0; i < n * n; ++i) {
    s->b[i] = ldexp(a[i], s->row_power[i / n] + s->col_power[i % n]);
    if (a[i] != 0 && fabs(s->b[i]) < TINY) {
      return 0;
    }
  }
  return 1;
}

static void swap(lati_dd *a, lati_dd *b) {
  const lati_dd moved = *a;
  *a = *b;
  *b = moved;
}

/* Brings the largest entry of what is left to place (k, k); 0 where all are zero. */
static int pivot(state *s, int32_t k) {
  const int32_t n = s->n;
  int32_t row = k, col = k;
  for (int32_t i = k; i < n; ++i) {
    for (int32_t j = k; j < n; ++j) {
      if (fabs(s->m[i * n + j].high) > fabs(s->m[row * n + col].high)) {
        row = i;
        col = j;
      }
    }
  }
  for (int32_t i = 0; i < n; ++i) {
    swap(&s->m[k * n + i], &s->m[row * n + i]);
    swap(&s->y[k * n + i], &s->y[row * n + i]);
  }
  for (int32_t i = 0; i < n; ++i) {
    swap(&s->m[i * n + k], &s->m[i * n + col]);
  }
  s->order[k] = col;
  return s->m[k * n + k].high != 0;
}

/* row <- row - factor times `from`. */
static void subtract(lati_dd *row, const lati_dd *from, lati_dd factor, int32_t n) {
  const lati_dd minus = lati_dd_negate(factor);
  for (int32_t j = 0; j < n; ++j) {
    row[j] = lati_dd_add(row[j], lati_dd_multiply(minus, from[j]));
  }
}

/* Y = B^-1, nearly; 0 where B has no inverse that 106 bits would show. */
static int eliminate(state *s) {
  const int32_t n = s->n;
  for (int32_t i = 0; i < n * n; ++i) {
    s->m[i] = (lati_dd){s->b[i], 0};
    s->y[i] = (lati_dd){i % (n + 1) == 0, 0};
  }
  for (int32_t k = 0; k < n; ++k) {
    if (!pivot(s, k)) {
      return 0;
    }
    const lati_dd head = s->m[k * n + k];
    for (int32_t j = 0; j < n; ++j) {
      s->m[k * n + j] = lati_dd_divide(s->m[k * n + j], head);
      s->y[k * n + j] = lati_dd_divide(s->y[k * n + j], head);
    }
    for (int32_t i = 0; i < n; ++i) {
      const lati_dd factor = s->m[i * n + k];
      if (i != k) {
        subtract(s->m + i * n, s->m + k * n, factor, n);
        subtract(s->y + i * n, s->y + k * n, factor, n);
      }
    }
  }
  for (int32_t k = n - 1; k >= 0; --k) { /* exchanged columns of B are exchanged rows of Y */
    for (int32_t j = 0; j < n; ++j) {
      swap(&s->y[k * n + j], &s->y[s->order[k] * n + j]);
    }
  }
  return 1;
}

/* Brings the sum of the terms nearly into the last of them, and what rounding takes from it into
 * those before (Ogita, Rump and Oishi, "Accurate sum and dot product", 2005, algorithm SumK). */
static void distil(double *terms, int32_t count) {
  for (int pass = 0; pass < PASSES; ++pass) {
    for (int32_t i = 1; i < count; ++i) {
      const lati_dd sum = lati_dd_two_sum(terms[i], terms[i - 1]);
      terms[i] = sum.high;
      terms[i - 1] = sum.low;
    }
  }
}

/* Entry (i, j) of I - B Y to nearly full precision; *size: the sum of its terms' sizes. */
static double defect_entry(double *size, const state *s, int32_t i, int32_t j) {
  const int32_t n = s->n;
  int32_t count = 0;
  s->terms[count++] = i == j;
  *size = 1;
  for (int32_t l = 0; l < n; ++l) {
    const double b = -s->b[i * n + l];
    for (int part = 0; part < PARTS; ++part) {
      const double y = s->x[l * n + j].part[part], product = b * y;
      s->terms[count++] = product;
      s->terms[count++] = fma(b, y, -product);
      *size += 2 * fabs(product);
    }
  }
  distil(s->terms, count);
  double entry = 0;
  for (int32_t l = 0; l < count; ++l) {
    entry += s->terms[l];
  }
  return entry;
}

/* D = I - B Y. Returns an upper bound of |D|_F, the rounding of its computation included: an entry
 * rounds by 2 u of itself, and gamma(2 N)^4 of its N terms' sizes (theorem 4.9 there). */
static double defect(const state *s) {
  const int32_t n = s->n;
  const double gamma = 2 * TERMS(n) * UNIT, gamma2 = gamma * gamma;
  double sum = 0, rounding = 0;
  for (int32_t i = 0; i < n * n; ++i) {
    double size = 0;
    s->d[i] = defect_entry(&size, s, i / n, i % n);
    sum += s->d[i] * s->d[i];
    rounding += size * size;
  }
  const double bound = sqrt(sum) + 1.1 * gamma2 * gamma2 * sqrt(rounding) + TINY;
  return bound * (1 + ((double)n * n + 32) * UNIT);
}

/* Y <- Y + Y D. */
static void step(state *s) {
  const int32_t n = s->n;
  for (int32_t i = 0; i < n * n; ++i) {
    lati_dd sum = {0, 0};
    for (int32_t l = 0; l < n; ++l) {
      const triple *y = &s->x[i / n * n + l];
      const lati_dd entry = {s->d[l * n + i % n], 0};
      sum = lati_dd_add(sum, lati_dd_multiply(lati_dd_quick_sum(y->part[0], y->part[1]), entry));
    }
    const triple *old = &s->x[i];
    double terms[PARTS + 2] = {sum.low, old->part[2], sum.high, old->part[1], old->part[0]};
    distil(terms, PARTS + 2);
    s->next[i] = (triple){{terms[4], terms[3], terms[2] + terms[1] + terms[0]}};
  }
  triple *moved = s->x;
  s->x = s->next;
  s->next = moved;
}

/* Improves Y while that makes D much smaller, and returns the bound of |D|_F. */
static double improve(state *s) {
  const int32_t n = s->n;
  for (int32_t i = 0; i < n * n; ++i) {
    s->x[i] = (triple){{s->y[i].high, s->y[i].low, 0}};
  }
  double bound = defect(s), before = INFINITY;
  while (bound < 0.5 && bound > ENOUGH && bound < before / 2) {
    before = bound;
    step(s);
    bound = defect(s);
  }
  return bound;
}

/* Upper bound of the length of row i of B^-1 - Y = Y D (I - D)^-1. */
static double row_error(const state *s, int32_t i, double bound) {
  const int32_t n = s->n;
  double size = 0;
  for (int32_t j = 0; j < n; ++j) {
    size += s->x[i * n + j].part[0] * s->x[i * n + j].part[0];
  }
  return sqrt(size) * bound / (1 - bound) * (1 + (n + 16) * UNIT);
}

/* The exponent that turns entry i of Y into one of C Y R. */
static int32_t power_of(const state *s, int32_t i) {
  return s->col_power[i / s->n] + s->row_power[i % s->n];
}

/* Largest exponent of an entry of C Y R. */
static int32_t top_exponent(const state *s) {
  int32_t top = INT_MIN;
  for (int32_t i = 0; i < s->n * s->n; ++i) {
    const double y = s->x[i].part[0];
    int exponent = 0;
    frexp(y, &exponent);
    top = y != 0 && exponent + power_of(s, i) > top ? exponent + power_of(s, i) : top;
  }
  return top;
}

/* X = C Y R rounded, and its certificate, for which numbers are compared in units of 2^top. */
static lat_status round_answer(double *x, lati_certificate *certificate, state *s, double bound) {
  const int32_t n = s->n, top = top_exponent(s);
  const int64_t count = (int64_t)n * n;
  double *scaled = s->b; /* no longer needed */
  for (int32_t i = 0; i < n * n; ++i) {
    const double *y = s->x[i].part;
    x[i] = ldexp(y[0], power_of(s, i));
    const double rounding = fabs(ldexp(x[i], -power_of(s, i)) - y[0]) + fabs(y[1]) + fabs(y[2]);
    s->d[i] = ldexp(rounding + row_error(s, i / n, bound), power_of(s, i) - top);
    scaled[i] = ldexp(x[i], -top);
  }
  if (!lati_all_finite(x, (size_t)count)) {
    return lati_fail(LAT_ERROR_NUMERIC, "the inverse has entries of 2^%d", (int)top);
  }
  const double margin = 1 + ((double)count + 16) * UNIT;
  const double error = (lati_frobenius(s->d, count) + TINY) * margin;
  certificate->bound = error / lati_frobenius(scaled, count) * margin;
  return LAT_OK;
}

lat_status lati_precise_inverse(double *x, lati_certificate *certificate, const double *a,
                                int32_t n, double tolerance, double *work) {
  lat_status status = LAT_OK;
  state s;
  set_up(&s, n, work);
  *certificate = (lati_certificate){0, NAN};
  const double bound = scale(&s, a) && eliminate(&s) ? improve(&s) : INFINITY;
  if (bound < 0.5) {
    LATI_TRY(round_answer(x, certificate, &s, bound));
    certificate->certified = certificate->bound <= tolerance;
  } else if (lati_is_singular(a, n, work)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "the matrix is singular"));
  }
  if (!certificate->certified) {
    LATI_TRY(lati_fail(LAT_ERROR_LIMIT, "no inverse within %g could be proven", tolerance));
  }
done:
  return status;
}
