/* M = S - sigma I is factored into P M P^T = L D L^T + E, and E is measured. L D L^T has
 * as many negative eigenvalues as D (Sylvester), and by Weyl's theorem those of M differ from them
 * by at most |E|_2 <= |E|_F. The measurement itself rounds by at most gamma(n + 6) times
 * |L| |D| |L|^T + |M|, entry by entry (Higham, "Accuracy and Stability", section 3.1). */
#include "refine/inertia.h"

#include "linalg/dense.h"
#include "linalg/symmetric_indefinite.h"
#include "refine/rounding.h"

#include <math.h>
#include <string.h>

typedef struct factors {
  int32_t n;
  double *m;       /* S - sigma I */
  double *packed;  /* the factors by columns: D, and L below it */
  double *l;       /* unit lower triangular, by rows */
  double *ld;      /* L D */
  double *ld_size; /* |L| |D|: what the rounding of L D is relative to */
  int32_t *pivots; /* negative for the two rows of a 2 x 2 block of D */
  int32_t *order;  /* row i of P M P^T is row order[i] of M */
} factors;

size_t lati_inertia_work(int32_t n) {
  return 5 * (size_t)n * (size_t)n + (size_t)n + 1; /* 2 n integers of half a double each */
}

static void set_up(factors *f, const double *s, int32_t n, double sigma, double *work) {
  const size_t count = (size_t)n * (size_t)n;
  *f = (factors){.n = n, .m = work, .packed = work + count};
  f->l = f->packed + count;
  f->ld = f->l + count;
  f->ld_size = f->ld + count;
  f->pivots = (int32_t *)(void *)(f->ld_size + count);
  f->order = f->pivots + n;
  memcpy(f->m, s, count * sizeof *s);
  for (int32_t i = 0; i < n; ++i) {
    f->m[i * (n + 1)] -= sigma;
    f->order[i] = i;
  }
  memcpy(f->packed, f->m, count * sizeof *s); /* symmetric: by rows as by columns */
}

static void swap(double *a, double *b) {
  const double moved = *a;
  *a = *b;
  *b = moved;
}

/* Rows i and j change places, in the columns of L before `columns`, and in the order. */
static void swap_rows(factors *f, int32_t i, int32_t j, int32_t columns) {
  const int32_t moved = f->order[i];
  f->order[i] = f->order[j];
  f->order[j] = moved;
  for (int32_t k = 0; k < columns; ++k) {
    swap(&f->packed[k * f->n + i], &f->packed[k * f->n + j]);
  }
}

/* Rows of block k of D: 2 where its pivot is negative. */
static int32_t block_size(const factors *f, int32_t k) {
  return f->pivots[k] < 0 ? 2 : 1;
}

/* L is a product with row exchanges in between: brings these to the front. */
static void collect_exchanges(factors *f) {
  for (int32_t k = 0; k < f->n; k += block_size(f, k)) {
    if (f->pivots[k] < 0) {
      swap_rows(f, k + 1, -1 - f->pivots[k], k);
    } else {
      swap_rows(f, k, f->pivots[k], k);
    }
  }
}

/* The lower triangles of L and L D, from the packed form. */
static void unpack(factors *f) {
  const int32_t n = f->n;
  for (int32_t k = 0; k < n; k += block_size(f, k)) {
    const int32_t size = block_size(f, k);
    const double d = f->packed[k * n + k], off = size == 2 ? f->packed[k * n + k + 1] : 0;
    const double next = size == 2 ? f->packed[(k + 1) * n + k + 1] : 0;
    for (int32_t i = k; i < n; ++i) {
      const double l = i < k + size ? i == k : f->packed[k * n + i];
      f->l[i * n + k] = l;
      f->ld[i * n + k] = l * d;
      f->ld_size[i * n + k] = fabs(l * d);
      if (size == 2) {
        const double second = i < k + size ? i == k + 1 : f->packed[(k + 1) * n + i];
        f->l[i * n + k + 1] = second;
        f->ld[i * n + k] += second * off;
        f->ld_size[i * n + k] += fabs(second * off);
        f->ld[i * n + k + 1] = l * off + second * next;
        f->ld_size[i * n + k + 1] = fabs(l * off) + fabs(second * next);
      }
    }
  }
}

/* Upper bound of |P M P^T - L D L^T|_F, its own rounding and that of M's diagonal included. Both are
 * symmetric, and row j of L ends at its diagonal. */
static double measure(const factors *f) {
  const int32_t n = f->n;
  double sum = 0, size = 0;
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j <= i; ++j) {
      const double entry = f->m[f->order[i] * n + f->order[j]];
      double e = entry, terms = fabs(entry);
      for (int32_t k = 0; k <= j; ++k) {
        e -= f->ld[i * n + k] * f->l[j * n + k];
        terms += f->ld_size[i * n + k] * fabs(f->l[j * n + k]);
      }
      sum += (i == j ? 1 : 2) * e * e;
      size += (i == j ? 1 : 2) * terms * terms;
    }
  }
  const double bound = sqrt(sum) + (n + 8) * LATI_UNIT * sqrt(size);
  return bound * (1 + ((double)n * n + 16) * LATI_UNIT) + LATI_TINY;
}

/* The block [a b; b c] of D: it is taken where its determinant is negative, which is checked
 * with the rounding of the two products. */
static int is_indefinite(double a, double b, double c) {
  const double first = a * c, second = b * b;
  return first - second < -4 * LATI_UNIT * (fabs(first) + second);
}

static void count(lati_inertia *out, const factors *f) {
  const int32_t n = f->n;
  for (int32_t k = 0; k < n; k += block_size(f, k)) {
    const double d = f->packed[k * n + k];
    if (block_size(f, k) == 1) {
      out->negative += d < 0;
      out->zero += d == 0;
    } else if (is_indefinite(d, f->packed[k * n + k + 1], f->packed[(k + 1) * n + k + 1])) {
      out->negative += 1;
    } else {
      out->error = INFINITY;
    }
  }
}

void lati_inertia_of(lati_inertia *out, const double *s, int32_t n, double sigma, double *work) {
  factors f;
  set_up(&f, s, n, sigma, work);
  *out = (lati_inertia){.error = INFINITY};
  lati_factorise_symmetric(f.packed, f.pivots, n);
  collect_exchanges(&f);
  unpack(&f);
  const double error = measure(&f);
  out->error = isnan(error) ? INFINITY : error;
  count(out, &f);
}
