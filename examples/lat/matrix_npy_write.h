/* Matrices into a .npy file. */
#ifndef MATRIX_NPY_WRITE_H
#define MATRIX_NPY_WRITE_H

#include <lat/matrix.h>

#include <stddef.h>

/* Writes row-major packed matrices of one shape: one as (rows, cols), several, or a `stack`, as
 * (count, rows, cols). What is at `path` stays unless all could be written. Prints what is wrong;
 * an exit code.
 */
int matrix_npy_write(const char *path, const lat_matrix *matrices, size_t count, int stack);

#endif
