/* Structured matrices: what a randomly drawn dense matrix is turned into. */
#ifndef LATI_STRUCTURES_H
#define LATI_STRUCTURES_H

#include "linalg/named_mixture.h"

typedef enum lati_structure {
  LATI_STRUCTURE_DENSE,    /* as drawn */
  LATI_STRUCTURE_DIAGONAL, /* zero off the diagonal */
  LATI_STRUCTURE_IDENTITY, /* 1 on the diagonal, zero off it */
  LATI_STRUCTURE_ZERO,
  LATI_STRUCTURE_INTEGER,     /* every coefficient rounded to a whole number */
  LATI_STRUCTURE_SPARSE,      /* a coefficient, with its mirror image, stays with probability 0.3 */
  LATI_STRUCTURE_TOEPLITZ,    /* a_ij = t_(i - j), from the first column and row */
  LATI_STRUCTURE_CIRCULANT,   /* a_ij = c_((i - j) mod rows), from the first column */
  LATI_STRUCTURE_TRIDIAGONAL, /* zero where |i - j| > 1 */
  LATI_STRUCTURE_KRONECKER,   /* A (x) B / max |B|; B's sizes are the largest proper divisors */
  LATI_STRUCTURE_BLOCK_DIAGONAL,    /* two blocks, the first of half the size, rounded down */
  LATI_STRUCTURE_LOW_RANK_DIAGONAL, /* D + u v^T / max |v|, of diagonal, first column and row */
  LATI_STRUCTURE_LAPLACIAN,         /* of the graph with weights |a_ij|: rows' sums are zero */
  LATI_STRUCTURE_COUNT
} lati_structure;

/* Name of a structure; NULL outside 0..LATI_STRUCTURE_COUNT - 1. */
const char *lati_structure_name(int32_t structure);

/* Reads "a[:w],b[:w]", as lati_spectra_parse() does; NULL is dense. */
lat_status lati_structures_parse(lati_named_mixture *out, const char *text);

/* Turns rows x cols coefficients, rows `ld` apart, into a matrix of the structure. symmetric: they
 * are, and stay so. */
void lati_structure_apply(double *a, int32_t rows, int32_t cols, int32_t ld,
                          lati_structure structure, int symmetric, lat_random *random);

#endif
