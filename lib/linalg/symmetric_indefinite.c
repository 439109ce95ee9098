/* Diagonal pivoting after J. R. Bunch and L. Kaufman, "Some stable methods for calculating inertia
 * and solving symmetric linear systems" (1977). A diagonal entry is the pivot where it is large
 * enough beside the largest entry below it, which bounds the growth of what is left; otherwise that
 * entry's 2 x 2 block is. */
#include "linalg/symmetric_indefinite.h"

#include <math.h>

/* (1 + sqrt 17) / 8: a 2 x 2 step then grows entries by no more than two 1 x 1 steps. */
#define ALPHA 0.6403882032022076

/* What is left to factorise: rows and columns `k` on of the n x n matrix a. */
typedef struct rest {
  double *a;
  int32_t n, k;
} rest;

/* Entry (i, j) of the symmetric matrix, of which the lower triangle is there. */
static double *entry(const rest *r, int32_t i, int32_t j) {
  return i >= j ? &r->a[j * r->n + i] : &r->a[i * r->n + j];
}

/* Row of the largest entry in column j, off the diagonal; j itself where there is no other. */
static int32_t largest_beside(const rest *r, int32_t j) {
  int32_t row = j;
  double largest = 0;
  for (int32_t i = r->k; i < r->n; ++i) {
    if (i != j && fabs(*entry(r, i, j)) > largest) {
      largest = fabs(*entry(r, i, j));
      row = i;
    }
  }
  return row;
}

/* Which row becomes the pivot; *size: of its block. What is not a number stays where it is. */
static int32_t choose_pivot(int32_t *size, const rest *r) {
  const int32_t k = r->k, row = largest_beside(r, k);
  const double own = fabs(*entry(r, k, k)), beside = row == k ? 0 : fabs(*entry(r, row, k));
  *size = 1;
  if (!(own < ALPHA * beside)) {
    return k;
  }
  const double other = fabs(*entry(r, largest_beside(r, row), row));
  if (!(own * other < ALPHA * beside * beside)) {
    return k;
  }
  *size = fabs(*entry(r, row, row)) < ALPHA * other ? 2 : 1;
  return row;
}

static void swap(double *a, double *b) {
  const double moved = *a;
  *a = *b;
  *b = moved;
}

/* Rows and columns i < j of what is left change places. */
static void exchange(const rest *r, int32_t i, int32_t j) {
  for (int32_t l = r->k; l < r->n; ++l) {
    if (l != i && l != j) {
      swap(entry(r, l, i), entry(r, l, j));
    }
  }
  swap(entry(r, i, i), entry(r, j, j));
}

/* Takes the pivot's part from what is left, and leaves its column of L. */
static void eliminate_one(const rest *r) {
  const int32_t n = r->n, k = r->k;
  double *column = r->a + k * n;
  if (column[k] == 0) { /* and all below it */
    return;
  }
  for (int32_t j = k + 1; j < n; ++j) {
    const double factor = column[j] / column[k];
    for (int32_t i = j; i < n; ++i) {
      r->a[j * n + i] -= column[i] * factor;
    }
  }
  for (int32_t j = k + 1; j < n; ++j) {
    column[j] /= column[k];
  }
}

/* (x, y) <- [p q; q s]^-1 (x, y), in units of q, the largest of the three. */
static void solve_block(double *x, double *y, double p, double q, double s) {
  const double first = p / q, last = s / q, determinant = first * last - 1;
  const double own = *x / q;
  *x = (last * own - *y / q) / determinant;
  *y = (first * (*y / q) - own) / determinant;
}

static void eliminate_two(const rest *r) {
  const int32_t n = r->n, k = r->k;
  double *first = r->a + k * n, *second = first + n;
  const double p = first[k], q = first[k + 1], s = second[k + 1];
  for (int32_t j = k + 2; j < n; ++j) {
    double x = first[j], y = second[j];
    solve_block(&x, &y, p, q, s);
    for (int32_t i = j; i < n; ++i) {
      r->a[j * n + i] -= first[i] * x + second[i] * y;
    }
    first[j] = x; /* no longer needed by the columns to come */
    second[j] = y;
  }
}

void lati_factorise_symmetric(double *a, int32_t *pivots, int32_t n) {
  rest r = {a, n, 0};
  while (r.k < n) {
    int32_t size = 1;
    const int32_t row = choose_pivot(&size, &r), place = r.k + size - 1;
    if (row != place) {
      exchange(&r, place, row);
    }
    pivots[place] = pivots[r.k] = size == 1 ? row : -1 - row;
    (size == 1 ? eliminate_one : eliminate_two)(&r);
    r.k += size;
  }
}

static void exchange_back(double *x, const int32_t *pivots, int32_t k) {
  if (pivots[k] >= 0) {
    swap(&x[k], &x[pivots[k]]);
  } else {
    swap(&x[k + 1], &x[-1 - pivots[k]]);
  }
}

/* x <- D^-1 L^-1 P x, exchange by exchange. */
static void solve_forward(double *x, const double *a, const int32_t *pivots, int32_t n) {
  for (int32_t k = 0; k < n;) {
    const int32_t size = pivots[k] < 0 ? 2 : 1;
    exchange_back(x, pivots, k);
    for (int32_t j = k; j < k + size; ++j) {
      for (int32_t i = k + size; i < n; ++i) {
        x[i] -= a[j * n + i] * x[j];
      }
    }
    if (size == 1) {
      x[k] /= a[k * n + k];
    } else {
      solve_block(&x[k], &x[k + 1], a[k * n + k], a[k * n + k + 1], a[(k + 1) * n + k + 1]);
    }
    k += size;
  }
}

void lati_solve_symmetric(double *x, const double *a, const int32_t *pivots, int32_t n) {
  solve_forward(x, a, pivots, n);
  for (int32_t k = n - 1; k >= 0;) {
    const int32_t size = pivots[k] < 0 ? 2 : 1, first = k + 1 - size;
    for (int32_t j = first; j <= k; ++j) {
      for (int32_t i = k + 1; i < n; ++i) {
        x[j] -= a[j * n + i] * x[i];
      }
    }
    exchange_back(x, pivots, first);
    k -= size;
  }
}
