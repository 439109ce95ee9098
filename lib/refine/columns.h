/* Columns of vectors that a refinement improves, row-major: a cluster of values that lie too close
 * to tell their vectors apart has a range of them. */
#ifndef LATI_COLUMNS_H
#define LATI_COLUMNS_H

#include <stdint.h>

/* Values of a matrix of norm `norm` that lie closer form a cluster, where `error` bounds what is
 * wrong with them. */
double lati_cluster_distance(double error, double norm);

/* Columns j - 1 and j of x (rows x cols). */
void lati_swap_columns(double *x, int32_t rows, int32_t cols, int32_t j);

/* Modified Gram-Schmidt on columns first..end-1 of x (rows x cols), twice, against columns
 * against..first-1 too. A column of which little remains is replaced by a unit vector. */
void lati_orthonormalise_columns(double *x, int32_t rows, int32_t cols, int32_t against,
                                 int32_t first, int32_t end);

/* `to` (rows x count) = columns first.. of x (rows x cols). */
void lati_take_columns(double *to, const double *x, int32_t rows, int32_t cols, int32_t first,
                       int32_t count);

/* Columns first.. of x (rows x cols) become `columns` (rows x k) times q (k x count), whose element
 * (l, j) is q[l + j k], as LAPACK writes it. */
void lati_put_rotated_columns(double *x, int32_t rows, int32_t cols, int32_t first,
                              const double *columns, const double *q, int32_t k, int32_t count);

#endif
