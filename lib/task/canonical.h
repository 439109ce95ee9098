/* Canonical forms: the input of a task is moved to one representative of all inputs that the task's
 * symmetries make equivalent, C = s D1 P A Q D2 or its transpose, and the answer is moved back.
 * Permutations and signs only move and negate numbers, so both ways are exact; the factors of
 * equilibrate.h round. */
#ifndef LATI_CANONICAL_H
#define LATI_CANONICAL_H

#include "linalg/matrix.h"

#include <lat/tokenizer.h>

/* How an input A was moved: C_ij = sign row_factor[i] col_factor[j] A(row[i], col[j]), then
 * transposed where told. Factors are +1 or -1, unless A is equilibrated. */
typedef struct lati_transform {
  int32_t rows, cols; /* of A */
  int32_t transposed;
  double sign;
  int32_t row[LAT_MAX_DIMENSION], col[LAT_MAX_DIMENSION];
  double row_factor[LAT_MAX_DIMENSION], col_factor[LAT_MAX_DIMENSION];
} lati_transform;

/* Makes the transform the identity: C = A. */
void lati_transform_start(lati_transform *transform, const lat_matrix *a);

/* Symmetric A: C = s D P A P^T D with trace >= 0, the diagonal descending, and then for j = 1, 2,
 * ... the first entry of column j above the diagonal that is not 0 positive. */
void lati_canonical_symmetric(lati_transform *transform, const lat_matrix *a);

/* Any A: C = D1 P A Q D2 with the entry of largest size in front, first row and column >= 0, the
 * other rows and columns sorted by them, descending. */
void lati_canonical_general(lati_transform *transform, const lat_matrix *a);

/* Square A of at most LATI_MAX_PIVOTED rows: C = D1 P A Q D2 with rows and columns in the order in
 * which Gaussian elimination with complete pivoting takes them, the entry of largest size of what
 * is left first, first row and column >= 0. */
enum { LATI_MAX_PIVOTED = 16 };
void lati_canonical_pivoted(lati_transform *transform, const lat_matrix *a);

/* As lati_canonical_general(), and at least as many rows as columns; of the two forms of a square
 * A, that whose first row is lexicographically >= its first column. */
void lati_canonical_transposable(lati_transform *transform, const lat_matrix *a);

/* A sum over common rows of A = [A1 A2]: C = D P A with the first column >= 0 and descending. */
void lati_canonical_rows(lati_transform *transform, const lat_matrix *a);

/* Two operands side by side, A = [A1 A2]: rows and columns of both permuted together, the entry of
 * A1 of largest size in front, the other rows and columns sorted by A1's first ones, descending. */
void lati_canonical_blocks(lati_transform *transform, const lat_matrix *a);

/* Multiplies D1 and D2 by factors of A's rows and columns: the form was that of diag(row) A
 * diag(col), and becomes one of A. */
void lati_transform_scale(lati_transform *transform, const double *row, const double *col);

/* C of `from`, which has the shape of A, into `to`: row-major packed storage of as many numbers.
 * Returns the view of it. */
lat_matrix lati_transform_apply(double *to, const lati_transform *transform,
                                const lat_matrix *from);

/* to (rows of A, width) = P^T D1 from, where from has the rows of C before transposition; and the
 * same for columns, Q D2 from. Row-major packed; `to` and `from` do not overlap. */
void lati_transform_restore_rows(double *to, const lati_transform *transform, const double *from,
                                 int32_t width);
void lati_transform_restore_cols(double *to, const lati_transform *transform, const double *from,
                                 int32_t width);

/* Negates the columns of v (n x k, row-major packed) whose first component of size at least
 * 1 / (2 sqrt n) is negative, and those of w (n_w x k) with them; w may be NULL. */
void lati_orient_vectors(double *v, int32_t n, double *w, int32_t n_w, int32_t k);

#endif
