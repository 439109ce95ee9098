/* The slow twin of lati_orthogonalise(): X itself goes through the steps, in double, products
 * written out. */
#ifndef PLAIN_ORTHOGONALISE_H
#define PLAIN_ORTHOGONALISE_H

#include <stdint.h>

/* x (rows, cols) becomes near its orthogonal factor. */
void plain_orthogonalise(double *x, int64_t rows, int64_t cols);

#endif
