/* With powers of two in the diagonal matrices R and C, B = R A C has rows and columns of comparable
 * size. Y, an inverse of B in numbers of 106 bits by Gauss-Jordan elimination with complete
 * pivoting, is improved by Y <- Y + Y D, D = I - B Y, in numbers of 159 bits. Where |D| < 1, B is
 * nonsingular and row i of B^-1 - Y is at most |Y_i| |D| / (1 - |D|) long. The solution of A X = S
 * is C B^-1 R S, so X is C Y R S rounded; an inverse is the solution for S = I. */
#include "refine/precise_solution.h"

#include "linalg/dense.h"
#include "linalg/matrix.h"
#include "refine/double_double.h"
#include "refine/rounding.h"
#include "refine/singular.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define ENOUGH 0x1p-120 /* of |D|, for solutions much smaller than |A^-1| |S|, too */

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
  double *d;        /* n x n: I - B Y */
  double *terms;
  double *side; /* n: a column of R S, scaled */
  int32_t *row_power, *col_power, *order;
  double *rest;
} state;

static size_t state_work(int32_t n) {
  const size_t count = (size_t)n * (size_t)n, width = (size_t)n;
  return (1 + 4 + PARTS + 1) * count + TERMS(width) + 3 * width;
}

static void set_up(state *s, int32_t n, double *work) {
  const size_t count = (size_t)n * (size_t)n;
  *s = (state){.n = n, .b = work, .m = (lati_dd *)(void *)(work + count)};
  s->y = s->m + count;
  s->next = (triple *)(void *)s->m;
  s->x = (triple *)(void *)(s->y + count);
  s->d = (double *)(void *)(s->x + count);
  s->terms = s->d + count;
  s->side = s->terms + TERMS(n);
  s->row_power = (int32_t *)(void *)(s->side + n);
  s->col_power = s->row_power + n;
  s->order = s->col_power + n;
  s->rest = s->side + 3 * (size_t)n;
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
    if (a[i] != 0 && fabs(s->b[i]) < LATI_TINY) {
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

/* first + the sum of factors[l] times y[l stride]; *size: the sum of its terms' sizes, of which,
 * and of the sum itself, rounding_of() says what rounding takes. */
static lati_dd sum_products(double *size, const state *s, double first, const double *factors,
                            const triple *y, int32_t stride) {
  int32_t count = 0;
  s->terms[count++] = first;
  *size = fabs(first);
  for (int32_t l = 0; l < s->n; ++l) {
    for (int part = 0; part < PARTS; ++part) {
      const double entry = y[l * stride].part[part], product = factors[l] * entry;
      s->terms[count++] = product;
      s->terms[count++] = fma(factors[l], entry, -product);
      *size += 2 * fabs(product);
    }
  }
  distil(s->terms, count);
  double low = 0;
  for (int32_t l = 0; l < count - 1; ++l) {
    low += s->terms[l];
  }
  return lati_dd_two_sum(s->terms[count - 1], low);
}

/* 3 gamma(2 N)^2 of a sum of N terms, and gamma(2 N)^4 of their sizes (theorem 4.9 there). */
static double rounding_of(const state *s, double sum, double size) {
  const double gamma = 2 * TERMS(s->n) * LATI_UNIT, square = gamma * gamma;
  return 3.1 * square * sum + 1.1 * square * square * size;
}

/* D = I - B Y. Returns an upper bound of |D|_F, the rounding of its computation included. */
static double defect(const state *s) {
  const int32_t n = s->n;
  double squares = 0, sizes = 0;
  for (int32_t i = 0; i < n * n; ++i) {
    double size = 0;
    const double unit = i % (n + 1) == 0;
    s->d[i] = -sum_products(&size, s, -unit, s->b + i / n * n, s->x + i % n, n).high;
    squares += s->d[i] * s->d[i];
    sizes += size * size;
  }
  const double norm = sqrt(squares);
  const double bound = norm + rounding_of(s, norm, sqrt(sizes)) + LATI_TINY;
  return bound * (1 + ((double)n * n + 32) * LATI_UNIT);
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
  return sqrt(size) * bound / (1 - bound) * (1 + (n + 16) * LATI_UNIT);
}

/* The answer before its last rounding: entry (i, j) is value 2^(col_power[i] + power[j]), with an
 * error of up to `error` in the same unit. */
typedef struct answer {
  int32_t k;
  double *value, *error; /* n x k */
  int32_t *power;        /* k */
} answer;

static size_t answer_work(int32_t n, int32_t k) {
  return 2 * (size_t)n * (size_t)k + (size_t)k;
}

static void set_up_answer(answer *to, const state *s, int32_t k) {
  const size_t count = (size_t)s->n * (size_t)k;
  *to = (answer){.k = k, .value = s->rest, .error = s->rest + count};
  to->power = (int32_t *)(void *)(to->error + count);
}

/* side = column j of R S times 2^-power, such that its largest entry is about 1; returns a bound of
 * its length. */
static double scale_side(int32_t *power, const state *s, const double *sides, int32_t k,
                         int32_t j) {
  const int32_t n = s->n;
  int top = INT_MIN;
  for (int32_t l = 0; l < n; ++l) {
    int exponent = 0;
    frexp(sides[l * k + j], &exponent);
    top = sides[l * k + j] != 0 && exponent + s->row_power[l] > top ? exponent + s->row_power[l]
                                                                    : top;
  }
  *power = top == INT_MIN ? 0 : top;
  for (int32_t l = 0; l < n; ++l) {
    s->side[l] = ldexp(sides[l * k + j], s->row_power[l] - *power);
  }
  return top == INT_MIN ? 0 : lati_frobenius(s->side, n) * (1 + (n + 4) * LATI_UNIT) + LATI_TINY;
}

/* Y R S, and what its entries are off. */
static void multiply_sides(answer *to, const state *s, const double *sides, double bound) {
  const int32_t n = s->n;
  for (int32_t j = 0; j < to->k; ++j) {
    const double length = scale_side(&to->power[j], s, sides, to->k, j);
    for (int32_t i = 0; i < n; ++i) {
      double size = 0;
      const lati_dd sum = sum_products(&size, s, 0, s->side, s->x + i * n, 1);
      to->value[i * to->k + j] = sum.high;
      to->error[i * to->k + j] =
          row_error(s, i, bound) * length + fabs(sum.low) + rounding_of(s, fabs(sum.high), size);
    }
  }
}

static int32_t power_of(const answer *x, const state *s, int32_t i) {
  return s->col_power[i / x->k] + x->power[i % x->k];
}

/* Largest exponent of an entry. */
static int32_t top_exponent(const answer *x, const state *s) {
  int32_t top = INT_MIN;
  for (int32_t i = 0; i < s->n * x->k; ++i) {
    int exponent = 0;
    frexp(x->value[i], &exponent);
    top =
        x->value[i] != 0 && exponent + power_of(x, s, i) > top ? exponent + power_of(x, s, i) : top;
  }
  return top == INT_MIN ? 0 : top;
}

/* The answer rounded, and its certificate, for which numbers are compared in units of 2^top. */
static lat_status round_answer(double *out, lati_certificate *certificate, answer *x,
                               const state *s) {
  const int32_t top = top_exponent(x, s);
  const int64_t count = (int64_t)s->n * x->k;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t power = power_of(x, s, i);
    out[i] = ldexp(x->value[i], power);
    const double rounding = fabs(ldexp(out[i], -power) - x->value[i]);
    x->error[i] = ldexp(rounding + x->error[i], power - top);
    x->value[i] = ldexp(out[i], -top);
  }
  if (!lati_all_finite(out, (size_t)count)) {
    return lati_fail(LAT_ERROR_NUMERIC, "the answer has entries of 2^%d", (int)top);
  }
  const double margin = 1 + ((double)count + 16) * LATI_UNIT;
  const double error = (lati_frobenius(x->error, count) + LATI_TINY) * margin;
  const double size = lati_frobenius(x->value, count);
  certificate->bound = error / size * margin;
  return LAT_OK;
}

size_t lati_precise_solution_work(int32_t n, int32_t k) {
  return state_work(n) + answer_work(n, k);
}

lat_status lati_precise_solution(double *x, lati_certificate *certificate, const double *a,
                                 const double *b, int32_t n, int32_t k, double tolerance,
                                 double *work) {
  lat_status status = LAT_OK;
  state s;
  answer found;
  set_up(&s, n, work);
  set_up_answer(&found, &s, k);
  *certificate = (lati_certificate){0, NAN};
  const double bound = scale(&s, a) && eliminate(&s) ? improve(&s) : INFINITY;
  if (bound < 0.5) {
    multiply_sides(&found, &s, b, bound);
    LATI_TRY(round_answer(x, certificate, &found, &s));
    if (lati_norm_max(b, (size_t)n * (size_t)k) == 0) {
      certificate->bound = 0;
    }
    certificate->certified = certificate->bound <= tolerance;
  } else if (lati_is_singular(a, n, work)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "the matrix is singular"));
  }
  if (!certificate->certified) {
    LATI_TRY(lati_fail(LAT_ERROR_LIMIT, "no answer within %g could be proven", tolerance));
  }
done:
  return status;
}

size_t lati_precise_inverse_work(int32_t n) {
  return lati_precise_solution_work(n, n) + (size_t)n * (size_t)n;
}

lat_status lati_precise_inverse(double *x, lati_certificate *certificate, const double *a,
                                int32_t n, double tolerance, double *work) {
  double *identity = work + lati_precise_solution_work(n, n);
  for (int32_t i = 0; i < n * n; ++i) {
    identity[i] = i % (n + 1) == 0;
  }
  return lati_precise_solution(x, certificate, a, identity, n, n, tolerance, work);
}
