/* The orthogonal factor of a matrix, by products alone. */
#ifndef LATI_ORTHOGONALISE_H
#define LATI_ORTHOGONALISE_H

#include <stddef.h>
#include <stdint.h>

/* Floats of scratch memory for a (rows, cols) matrix, in either precision. */
size_t lati_orthogonalise_work(int32_t rows, int32_t cols);

/* out (rows, cols) = near 0.9 times the orthogonal factor U V^T of X = U S V^T; X is scaled on the
 * way. A singular value above 0.01 (sum of S^8)^(1/8) becomes 0.65 to 1.15, a smaller one less. X =
 * 0 gives 0. bf16 != 0, where the processor multiplies it: most products round their operands,
 * which moves these values by some hundredths. One thread. */
void lati_orthogonalise(float *out, float *x, int32_t rows, int32_t cols, int bf16, float *work);

#endif
