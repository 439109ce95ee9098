/* Factors of small symmetric matrices, definite or not, in plain loops: below some 20 rows calling
 * LAPACK's dsytf2 costs several times the arithmetic. Matrices are packed by columns, of which the
 * lower triangle is read. */
#ifndef LATI_SYMMETRIC_INDEFINITE_H
#define LATI_SYMMETRIC_INDEFINITE_H

#include <stdint.h>

/* P A P^T = L D L^T after Bunch and Kaufman: the lower triangle of a (n x n) becomes D, of 1 x 1
 * and 2 x 2 blocks, and unit L below it, as a product with the row exchanges in between. pivots[k]
 * >= 0: a 1 x 1 block, row k exchanged with that row; pivots[k] = pivots[k + 1] = -1 - p: a 2 x 2
 * block, row k + 1 exchanged with row p. A zero block is no failure. */
void lati_factorise_symmetric(double *a, int32_t *pivots, int32_t n);

/* x (n) <- A^-1 x with these factors; not finite where D is singular. */
void lati_solve_symmetric(double *x, const double *a, const int32_t *pivots, int32_t n);

#endif
