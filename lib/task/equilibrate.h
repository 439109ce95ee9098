/* Equilibration: rows and columns of a matrix are scaled until the sizes of the coefficients in
 * each of them sum to 1. X = A^-1 follows: (R A S)^-1 = S^-1 X R^-1. All matrices R A S of one A
 * become the same, which leaves (n - 1)^2 of n^2 degrees of freedom. */
#ifndef LATI_EQUILIBRATE_H
#define LATI_EQUILIBRATE_H

#include "linalg/matrix.h"

/* Factors of the rows and columns of a finite A, positive and finite. Iterates as Sinkhorn and
 * Knopp (1967), a fixed number of times: |A| with a positive diagonal after permutation converges,
 * others come closer. Rows and columns of zeros keep the factor 1. */
void lati_equilibrate(double *row, double *col, const lat_matrix *a);

/* diag(row) A diag(col), row-major packed. */
void lati_equilibrate_apply(double *to, const double *row, const double *col, const lat_matrix *a);

/* From C = R A S to R^-1 C = A S, and from C^-1 to C^-1 R = (A S)^-1, in place; `row` is the
 * diagonal of R. A X - I is then that of A, whatever S is. */
void lati_equilibrate_undo_rows(const lat_matrix *input, const double *row);
void lati_equilibrate_undo_cols(const lat_matrix *answer, const double *row);

#endif
