/**
 * @file matrix.h
 * @brief How matrices cross the boundary: a view of the caller's doubles.
 *
 * @code
 * double a[6] = {1, 2, 3, 4, 5, 6};
 * lat_matrix c_rows = {a, 2, 3, 3, LAT_ROW_MAJOR};       // a[i * 3 + j]
 * lat_matrix fortran = {a, 2, 3, 2, LAT_COLUMN_MAJOR};   // a[i + j * 2]
 * @endcode
 */
#ifndef LAT_MATRIX_H
#define LAT_MATRIX_H

#include <lat/status.h>

/** Most operands, and most results, that a task has. */
#define LAT_MAX_OPERANDS 4

/** Storage order of a lat_matrix. */
enum { LAT_ROW_MAJOR = 0, LAT_COLUMN_MAJOR = 1 };

/**
 * A view of a dense matrix of doubles; owns nothing. Coefficient (i, j) is data[i * ld + j] in
 * row-major order, data[i + j * ld] in column-major order. Where a function takes a pointer to
 * const lat_matrix, the coefficients are only read.
 */
typedef struct lat_matrix {
  double *data;  /**< coefficient (0, 0) */
  int32_t rows;  /**< 1..100 wherever a matrix becomes tokens */
  int32_t cols;  /**< likewise */
  int32_t ld;    /**< leading dimension: >= cols (row-major) or >= rows (column-major) */
  int32_t order; /**< LAT_ROW_MAJOR or LAT_COLUMN_MAJOR */
} lat_matrix;

#endif
