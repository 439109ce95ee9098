#include "task/equilibrate.h"

#include <math.h>

/* Dense matrices of 5 rows take some 20 sweeps, of 2 rows up to hundreds. */
enum { MOST_SWEEPS = 500 };
#define CONVERGED 1e-14

/* 1 / sum where that is a normal number. */
static double factor_of(double sum, double otherwise) {
  const double factor = 1 / sum;
  return factor > 0x1p-1000 && factor < 0x1p1000 ? factor : otherwise;
}

/* The factors of one side, rows or columns, from those of the other. Returns the largest relative
 * change. */
static double scale_side(double *own, const double *other, const lat_matrix *a, int columns) {
  const int32_t count = columns ? a->cols : a->rows, length = columns ? a->rows : a->cols;
  double change = 0;
  for (int32_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int32_t j = 0; j < length; ++j) {
      sum += fabs(other[j] * (columns ? lati_matrix_get(a, j, i) : lati_matrix_get(a, i, j)));
    }
    const double factor = factor_of(sum, own[i]);
    change = fmax(change, fabs(factor / own[i] - 1));
    own[i] = factor;
  }
  return change;
}

/* Starts at factors near 1 / sqrt(max |a_ij|), with which no sum overflows or vanishes. */
void lati_equilibrate(double *row, double *col, const lat_matrix *a) {
  double largest = 0, change = 1;
  for (int32_t i = 0; i < a->rows; ++i) {
    for (int32_t j = 0; j < a->cols; ++j) {
      largest = fmax(largest, fabs(lati_matrix_get(a, i, j)));
    }
  }
  for (int32_t i = 0; i < a->rows; ++i) {
    row[i] = factor_of(sqrt(largest), 1);
  }
  for (int32_t j = 0; j < a->cols; ++j) {
    col[j] = 1;
  }
  for (int32_t sweep = 0; sweep < MOST_SWEEPS && change > CONVERGED; ++sweep) {
    change = scale_side(col, row, a, 1);
    change = fmax(change, scale_side(row, col, a, 0));
  }
}

/* row[i] col[j] alone may overflow. */
void lati_scale_lines(const lat_matrix *a, const double *row, const double *col) {
  for (int32_t i = 0; i < a->rows; ++i) {
    for (int32_t j = 0; j < a->cols; ++j) {
      lati_matrix_set(a, i, j, row[i] * lati_matrix_get(a, i, j) * col[j]);
    }
  }
}

void lati_unscale_lines(const lat_matrix *a, const double *row, const double *col) {
  for (int32_t i = 0; i < a->rows; ++i) {
    for (int32_t j = 0; j < a->cols; ++j) {
      lati_matrix_set(a, i, j, lati_matrix_get(a, i, j) / row[i] / col[j]);
    }
  }
}
