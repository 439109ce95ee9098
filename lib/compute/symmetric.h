/* Products that are symmetric matrices, and matrices in panels: (rows, cols) floats as ceil(cols /
 * LATI_PANEL) blocks one behind the other, each of all rows and LATI_PANEL columns. In f32 both
 * operands of a product can be read where they lie in this form; in bf16 they are packed first. */
#ifndef LATI_SYMMETRIC_H
#define LATI_SYMMETRIC_H

#include "compute/panel.h"

/* Floats of a (rows, cols) matrix in panels. */
int64_t lati_panel_floats(int64_t rows, int64_t cols);

/* C (side, side) = A^T B, for A and B (length, side) of which that is symmetric: A = B, or two
 * symmetric matrices that commute. C is floats in panels, A and B are panels of the kernel's
 * (panel_of_rows), whose strips may have rows next to each other. Only blocks on and above the
 * diagonal are computed; the others mirror them. One thread. */
void lati_symmetric_product(const lati_panel_kernel *kernel, float *c, const uint32_t *a,
                            const uint32_t *b, int64_t length, int64_t side);

#endif
