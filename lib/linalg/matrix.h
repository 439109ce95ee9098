/* What the public view lat_matrix needs inside: checks with messages, access in either order,
 * packing, norms. */
#ifndef LATI_MATRIX_H
#define LATI_MATRIX_H

#include "base/error.h"

#include <lat/matrix.h>

#include <stddef.h>
#include <stdint.h>

/* Place of coefficient (i, j) in data. */
static inline size_t lati_matrix_index(const lat_matrix *matrix, int32_t i, int32_t j) {
  const size_t ld = (size_t)matrix->ld;
  return matrix->order == LAT_ROW_MAJOR ? (size_t)i * ld + (size_t)j : (size_t)i + (size_t)j * ld;
}

static inline double lati_matrix_get(const lat_matrix *matrix, int32_t i, int32_t j) {
  return matrix->data[lati_matrix_index(matrix, i, j)];
}

static inline void lati_matrix_set(const lat_matrix *matrix, int32_t i, int32_t j, double value) {
  matrix->data[lati_matrix_index(matrix, i, j)] = value;
}

/* Number of coefficients. */
static inline size_t lati_matrix_count(const lat_matrix *matrix) {
  return (size_t)matrix->rows * (size_t)matrix->cols;
}

/* A row-major packed view of `data`. */
static inline lat_matrix lati_matrix_view(double *data, int32_t rows, int32_t cols) {
  return (lat_matrix){data, rows, cols, cols, LAT_ROW_MAJOR};
}

/* ARGUMENT for NULL pointers and an unknown order; SHAPE for rows or columns outside 1..limit and
 * for a leading dimension that is too small. `what` names the matrix in messages: "input: rows 0 is
 * outside 1..100". */
lat_status lati_matrix_check(const lat_matrix *matrix, int32_t limit, const char *what);

/* SHAPE unless the matrix is rows x cols. */
lat_status lati_matrix_check_shape(const lat_matrix *matrix, int32_t rows, int32_t cols,
                                   const char *what);

/* NUMERIC when a coefficient is NaN or infinite; the message names its row and column, from 1. */
lat_status lati_matrix_check_finite(const lat_matrix *matrix, const char *what);

/* SHAPE unless square with |a_ij - a_ji| <= tolerance max |a|; the message names the first pair. */
lat_status lati_matrix_check_symmetric(const lat_matrix *matrix, double tolerance,
                                       const char *what);

/* Copies the coefficients to row-major packed storage, and back. */
void lati_matrix_pack(double *values, const lat_matrix *matrix);
void lati_matrix_unpack(const lat_matrix *matrix, const double *values);

/* dst (cols x rows) = transpose of src (rows x cols), both row-major packed: also the way between
 * row- and column-major order. */
void lati_transpose(double *dst, const double *src, int32_t rows, int32_t cols);

/* 1 when all values are finite. */
int lati_all_finite(const double *values, size_t count);

/* sum |x|, max |x|, sum x^2. */
double lati_norm_l1(const double *values, size_t count);
double lati_norm_max(const double *values, size_t count);
double lati_norm_frobenius2(const double *values, size_t count);

#endif
