/* Equilibration: rows and columns of a matrix are scaled until the sizes of the coefficients in
 * each of them sum to 1. X = A^-1 follows: (R A S)^-1 = S^-1 X R^-1. Of a matrix without zeros all
 * R A S become the same, which leaves (n - 1)^2 of n^2 degrees of freedom. */
#ifndef LATI_EQUILIBRATE_H
#define LATI_EQUILIBRATE_H

#include "linalg/matrix.h"

/* Factors of the rows and columns of a finite A, positive and finite, by the iteration of Sinkhorn
 * and Knopp (1967). It converges where each coefficient that is not 0 lies on a diagonal of such
 * ones, rows permuted; of other patterns it takes the factors that it has after many sweeps. Rows
 * and columns of zeros keep theirs. */
void lati_equilibrate(double *row, double *col, const lat_matrix *a);

/* A(i, j) times, or divided by, row[i] and col[j], in place. */
void lati_scale_lines(const lat_matrix *a, const double *row, const double *col);
void lati_unscale_lines(const lat_matrix *a, const double *row, const double *col);

#endif
