#include "linalg/matrix.h"

#include <math.h>
#include <string.h>

lat_status lati_matrix_check(const lat_matrix *matrix, int32_t limit, const char *what) {
  if (matrix == NULL || matrix->data == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s: the matrix%s is NULL", what,
                     matrix == NULL ? "" : "'s data");
  }
  if (matrix->order != LAT_ROW_MAJOR && matrix->order != LAT_COLUMN_MAJOR) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "%s: order %d is neither row-major (%d) nor column-major (%d)", what,
                     matrix->order, LAT_ROW_MAJOR, LAT_COLUMN_MAJOR);
  }
  if (matrix->rows < 1 || matrix->rows > limit) {
    return lati_fail(LAT_ERROR_SHAPE, "%s: rows %d is outside 1..%d", what, matrix->rows, limit);
  }
  if (matrix->cols < 1 || matrix->cols > limit) {
    return lati_fail(LAT_ERROR_SHAPE, "%s: cols %d is outside 1..%d", what, matrix->cols, limit);
  }
  const int32_t least = matrix->order == LAT_ROW_MAJOR ? matrix->cols : matrix->rows;
  if (matrix->ld < least) {
    return lati_fail(LAT_ERROR_SHAPE, "%s: leading dimension %d is below %d", what, matrix->ld,
                     least);
  }
  return LAT_OK;
}

lat_status lati_matrix_check_shape(const lat_matrix *matrix, int32_t rows, int32_t cols,
                                   const char *what) {
  if (matrix->rows != rows || matrix->cols != cols) {
    return lati_fail(LAT_ERROR_SHAPE, "%s: the matrix is %d x %d, not %d x %d", what, matrix->rows,
                     matrix->cols, rows, cols);
  }
  return LAT_OK;
}

lat_status lati_matrix_check_finite(const lat_matrix *matrix, const char *what) {
  for (int32_t i = 0; i < matrix->rows; ++i) {
    for (int32_t j = 0; j < matrix->cols; ++j) {
      const double value = lati_matrix_get(matrix, i, j);
      if (!isfinite(value)) {
        return lati_fail(LAT_ERROR_NUMERIC, "%s: row %d, column %d is %s", what, i + 1, j + 1,
                         isnan(value) ? "NaN" : "infinite");
      }
    }
  }
  return LAT_OK;
}

static double largest_coefficient(const lat_matrix *matrix) {
  double largest = 0;
  for (int32_t i = 0; i < matrix->rows; ++i) {
    for (int32_t j = 0; j < matrix->cols; ++j) {
      largest = fmax(largest, fabs(lati_matrix_get(matrix, i, j)));
    }
  }
  return largest;
}

lat_status lati_matrix_check_symmetric(const lat_matrix *matrix, double tolerance,
                                       const char *what) {
  if (matrix->rows != matrix->cols) {
    return lati_fail(LAT_ERROR_SHAPE, "%s: a %d x %d matrix is not symmetric", what, matrix->rows,
                     matrix->cols);
  }
  const double slack = tolerance * largest_coefficient(matrix);
  for (int32_t i = 1; i < matrix->rows; ++i) {
    for (int32_t j = 0; j < i; ++j) {
      const double low = lati_matrix_get(matrix, i, j);
      const double high = lati_matrix_get(matrix, j, i);
      if (low != high && !(fabs(low - high) <= slack)) {
        return lati_fail(
            LAT_ERROR_SHAPE,
            "%s: the matrix is not symmetric: row %d, column %d differs from its mirror", what,
            i + 1, j + 1);
      }
    }
  }
  return LAT_OK;
}

void lati_matrix_pack(double *values, const lat_matrix *matrix) {
  for (int32_t i = 0; i < matrix->rows; ++i) {
    for (int32_t j = 0; j < matrix->cols; ++j) {
      *values++ = lati_matrix_get(matrix, i, j);
    }
  }
}

void lati_matrix_unpack(const lat_matrix *matrix, const double *values) {
  for (int32_t i = 0; i < matrix->rows; ++i) {
    for (int32_t j = 0; j < matrix->cols; ++j) {
      lati_matrix_set(matrix, i, j, *values++);
    }
  }
}

void lati_transpose(double *dst, const double *src, int32_t rows, int32_t cols) {
  for (int32_t j = 0; j < cols; ++j) {
    for (int32_t i = 0; i < rows; ++i) {
      *dst++ = src[(size_t)i * (size_t)cols + (size_t)j];
    }
  }
}

int lati_all_finite(const double *values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (!isfinite(values[i])) {
      return 0;
    }
  }
  return 1;
}

double lati_norm_l1(const double *values, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += fabs(values[i]);
  }
  return sum;
}

double lati_norm_max(const double *values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    largest = fmax(largest, fabs(values[i]));
  }
  return largest;
}

double lati_norm_frobenius2(const double *values, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += values[i] * values[i];
  }
  return sum;
}
