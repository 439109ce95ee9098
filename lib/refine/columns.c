#include "refine/columns.h"

#include <math.h>
#include <string.h>

/* Relative gap below which values count as one cluster in any case: rounding of about 1e-16 over
 * the gap enters a correction of vectors, and its square the orthonormality. */
#define LEAST_GAP 1e-7

double lati_cluster_distance(double error, double norm) {
  return fmax(fmax(error, sqrt(error * norm)), LEAST_GAP * norm);
}

void lati_swap_columns(double *x, int32_t rows, int32_t cols, int32_t j) {
  for (int32_t i = 0; i < rows; ++i) {
    const double entry = x[i * cols + j];
    x[i * cols + j] = x[i * cols + j - 1];
    x[i * cols + j - 1] = entry;
  }
}

void lati_orthonormalise_columns(double *x, int32_t rows, int32_t cols, int32_t against,
                                 int32_t first, int32_t end) {
  const double least = 0.5 / rows; /* some unit vector keeps 1 / rows of its square */
  for (int32_t j = first; j < end; ++j) {
    int32_t unit = 0;
    for (int32_t pass = 0; pass < 2;) {
      double before = 0, after = 0;
      for (int32_t i = 0; i < rows; ++i) {
        before += x[i * cols + j] * x[i * cols + j];
      }
      for (int32_t l = against; l < j; ++l) {
        double dot = 0, square_of_l = 0;
        for (int32_t i = 0; i < rows; ++i) {
          dot += x[i * cols + l] * x[i * cols + j];
          square_of_l += x[i * cols + l] * x[i * cols + l];
        }
        for (int32_t i = 0; i < rows && square_of_l > 0; ++i) {
          x[i * cols + j] -= dot / square_of_l * x[i * cols + l];
        }
      }
      for (int32_t i = 0; i < rows; ++i) {
        after += x[i * cols + j] * x[i * cols + j];
      }
      if (!(after > least * before) && unit < rows) {
        for (int32_t i = 0; i < rows; ++i) {
          x[i * cols + j] = i == unit;
        }
        ++unit;
        pass = 0;
        continue;
      }
      for (int32_t i = 0; i < rows; ++i) {
        x[i * cols + j] /= sqrt(after);
      }
      ++pass;
    }
  }
}

void lati_take_columns(double *to, const double *x, int32_t rows, int32_t cols, int32_t first,
                       int32_t count) {
  for (int32_t i = 0; i < rows; ++i) {
    memcpy(to + (size_t)i * (size_t)count, x + (size_t)i * (size_t)cols + first,
           (size_t)count * sizeof *to);
  }
}

void lati_put_rotated_columns(double *x, int32_t rows, int32_t cols, int32_t first,
                              const double *columns, const double *q, int32_t k, int32_t count) {
  for (int32_t i = 0; i < rows; ++i) {
    for (int32_t j = 0; j < count; ++j) {
      double sum = 0;
      for (int32_t l = 0; l < k; ++l) {
        sum += columns[i * k + l] * q[l + j * k];
      }
      x[i * cols + first + j] = sum;
    }
  }
}
