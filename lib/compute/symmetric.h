/* Products that are symmetric matrices, and matrices in panels: (rows, cols) floats as ceil(cols /
 * LATI_PANEL) blocks one behind the other, each of all rows and LATI_PANEL columns. Both operands
 * of a product of f32 can be read where they lie in this form. */
#ifndef LATI_SYMMETRIC_H
#define LATI_SYMMETRIC_H

#include <stdint.h>

/* Floats of a (rows, cols) matrix in panels. */
int64_t lati_panel_floats(int64_t rows, int64_t cols);

/* C (side, side) = A^T B, for A and B (length, side) of which that is symmetric: A = B, or two
 * symmetric matrices that commute. All three in panels. Only blocks on and above the diagonal are
 * computed; the others mirror them. One thread. */
void lati_symmetric_product(float *c, const float *a, const float *b, int64_t length, int64_t side);

#endif
