/* Matrices that solvers find easy and hard, square and row-major. */
#ifndef LAT_TESTS_HOSTILE_MATRICES_H
#define LAT_TESTS_HOSTILE_MATRICES_H

#include <stdint.h>

enum { SIZES = 6, MOST = 96 };

enum {
  SINGULAR,
  NEARLY,
  CLUSTERED,
  REPEATED,
  ZERO,
  GRADED,
  HUGE_ONES,
  TINY_ONES,
  DENORMAL,
  HILBERT,
  WILKINSON,
  ZERO_VALUES,
  PERMUTATION,
  UNIMODULAR, /* integers of determinant 1 */
  UNBALANCED, /* rows and columns scaled by up to 1e+-70 each */
  EQUAL_ROWS, /* singular as stored */
  KINDS
};

/* From a generator of fixed seed: in [0, 1), and of mean 0 and deviation 1. */
double uniform(void);
double normal(void);

void hostile_matrix(double *a, int32_t n, int32_t kind, int symmetric);
/* Of coefficients in -10..10, or of a condition number up to 1e14. */
void random_matrix(double *a, int32_t n, int symmetric);

#endif
