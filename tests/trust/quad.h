/* Exact answers, nearly: inverses, eigenvalues and singular values in arithmetic of 113 bits. */
#ifndef LAT_TESTS_QUAD_H
#define LAT_TESTS_QUAD_H

#include <stdint.h>

__extension__ typedef __float128 quad;

enum { QUAD_MOST = 8 };

quad quad_abs(quad x);
quad quad_sqrt(quad x);
/* x = a^-1 by elimination with complete pivoting; 0 where a pivot is 0. */
int quad_inverse(quad *x, const double *a, int32_t n);
/* d = x (I - a x), what is to be added to x for twice its digits; returns |M^-1 (I - a x) M|_F with
 * the largest size in each row of a in the diagonal matrix M. */
quad quad_inverse_correction(quad *d, const quad *x, const double *a, int32_t n);
/* Eigenvalues of the symmetric part, descending, by Jacobi rotations. */
void quad_eigenvalues(quad *values, const double *a, int32_t n);
/* Singular values, descending, by rotations of columns; rows >= cols. */
void quad_singular_values(quad *values, const double *a, int32_t rows, int32_t cols);

#endif
