/* Whether a matrix of doubles is singular: decided exactly, by arithmetic on integers. */
#ifndef LATI_SINGULAR_H
#define LATI_SINGULAR_H

#include <stddef.h>
#include <stdint.h>

/* 1 where the determinant of a (n x n, row-major packed, finite) is 0. work: lati_singular_work()
 * doubles. A nonsingular matrix is told from one factorisation; a singular one takes about as many
 * as its rows have bits together, over 30. */
int lati_is_singular(const double *a, int32_t n, double *work);
size_t lati_singular_work(int32_t n);

#endif
