/* Turns a drawn matrix into a structured one: coefficient (i, j) of the structure from coefficient
 * (i, j) of the dense draw, so that distributions of coefficients and spectra show through. */
#include "linalg/structures.h"

#include <math.h>

/* Share of a sparse matrix's coefficients that stay. */
#define DENSITY 0.3

static const char *const names[LATI_STRUCTURE_COUNT] = {
    "dense",          "diagonal",         "identity",  "zero",        "integer",
    "sparse",         "toeplitz",         "circulant", "tridiagonal", "kronecker",
    "block-diagonal", "lowrank-diagonal", "laplacian"};

const char *lati_structure_name(int32_t structure) {
  return structure >= 0 && structure < LATI_STRUCTURE_COUNT ? names[structure] : NULL;
}

lat_status lati_structures_parse(lati_named_mixture *out, const char *text) {
  return lati_named_mixture_parse(out, text != NULL ? text : names[LATI_STRUCTURE_DENSE], names,
                                  LATI_STRUCTURE_COUNT, "structure");
}

/* A matrix in place, rows ld apart. */
typedef struct drawn {
  double *a;
  int32_t rows, cols, ld;
} drawn;

static double *at(const drawn *m, int32_t i, int32_t j) {
  return m->a + (size_t)i * (size_t)m->ld + (size_t)j;
}

static int32_t least(int32_t a, int32_t b) {
  return a < b ? a : b;
}

static void make_toeplitz(const drawn *m) {
  for (int32_t i = 1; i < m->rows; ++i) {
    for (int32_t j = 1; j < m->cols; ++j) {
      *at(m, i, j) = *at(m, i - 1, j - 1);
    }
  }
}

/* The first column is read and, but for symmetry, stays; it is complete before the others. */
static void make_circulant(const drawn *m, int symmetric) {
  for (int32_t i = 1; symmetric && i < m->rows; ++i) {
    *at(m, i, 0) = *at(m, least(i, m->rows - i), 0);
  }
  for (int32_t j = 1; j < m->cols; ++j) {
    for (int32_t i = 0; i < m->rows; ++i) {
      *at(m, i, j) = *at(m, (i - j % m->rows + m->rows) % m->rows, 0);
    }
  }
}

static int32_t largest_proper_divisor(int32_t n) {
  int32_t divisor = n / 2;
  while (divisor > 1 && n % divisor != 0) {
    --divisor;
  }
  return divisor > 1 ? divisor : 1;
}

static double largest_of(const drawn *m, int32_t rows, int32_t cols) {
  double largest = 0;
  for (int32_t i = 0; i < rows; ++i) {
    for (int32_t j = 0; j < cols; ++j) {
      largest = fmax(largest, fabs(*at(m, i, j)));
    }
  }
  return largest > 0 ? largest : 1;
}

/* B is the first block, A the corners of the blocks. From the last block to the first, which all
 * others read. */
static void make_kronecker(const drawn *m) {
  const int32_t p = largest_proper_divisor(m->rows), q = largest_proper_divisor(m->cols);
  const double largest = largest_of(m, p, q), corner = *at(m, 0, 0);
  for (int32_t i = m->rows - 1; i >= 0; --i) {
    for (int32_t j = m->cols - 1; j >= 0; --j) {
      const double a = i < p && j < q ? corner : *at(m, i - i % p, j - j % q);
      *at(m, i, j) = a * (*at(m, i % p, j % q) / largest);
    }
  }
}

/* From the last row to the first, and from right to left, so that u and v are read before. */
static void make_low_rank_diagonal(const drawn *m) {
  const double largest = largest_of(m, 1, m->cols), corner = *at(m, 0, 0);
  for (int32_t i = m->rows - 1; i >= 0; --i) {
    const double u = i == 0 ? corner : *at(m, i, 0);
    for (int32_t j = m->cols - 1; j >= 0; --j) {
      const double product = u * *at(m, 0, j) / largest; /* symmetric to the last bit */
      *at(m, i, j) = product + (i == j ? *at(m, i, j) : 0);
    }
  }
}

/* Weights of a square matrix are those below the diagonal. */
static void make_laplacian(const drawn *m) {
  for (int32_t i = 0; i < m->rows; ++i) {
    for (int32_t j = 0; j < m->cols; ++j) {
      const int mirrored = m->rows == m->cols && j > i;
      *at(m, i, j) = i == j ? 0 : 0 - fabs(mirrored ? *at(m, j, i) : *at(m, i, j));
    }
  }
  for (int32_t i = 0; i < least(m->rows, m->cols); ++i) {
    double sum = 0;
    for (int32_t j = 0; j < m->cols; ++j) {
      sum -= *at(m, i, j);
    }
    *at(m, i, i) = sum;
  }
}

/* Coefficient (i, j) where it depends on no other. */
static double structured(const drawn *m, int32_t i, int32_t j, lati_structure structure,
                         lat_random *random) {
  const double value = *at(m, i, j);
  const int on_diagonal = i == j;
  switch (structure) {
  case LATI_STRUCTURE_TRIDIAGONAL:
    return i - j <= 1 && j - i <= 1 ? value : 0;
  case LATI_STRUCTURE_BLOCK_DIAGONAL:
    return (i < m->rows / 2) == (j < m->cols / 2) ? value : 0;
  case LATI_STRUCTURE_DIAGONAL:
    return on_diagonal ? value : 0;
  case LATI_STRUCTURE_IDENTITY:
    return on_diagonal;
  case LATI_STRUCTURE_ZERO:
    return 0;
  case LATI_STRUCTURE_INTEGER:
    return round(value) + 0.0; /* not the negative zero */
  case LATI_STRUCTURE_SPARSE:
    return lat_random_uniform(random) < DENSITY ? value : 0;
  default:
    return value;
  }
}

/* Structures whose coefficients follow from others. */
static int make_of_others(const drawn *m, lati_structure structure, int symmetric) {
  switch (structure) {
  case LATI_STRUCTURE_TOEPLITZ:
    make_toeplitz(m);
    return 1;
  case LATI_STRUCTURE_CIRCULANT:
    make_circulant(m, symmetric);
    return 1;
  case LATI_STRUCTURE_KRONECKER:
    make_kronecker(m);
    return 1;
  case LATI_STRUCTURE_LOW_RANK_DIAGONAL:
    make_low_rank_diagonal(m);
    return 1;
  case LATI_STRUCTURE_LAPLACIAN:
    make_laplacian(m);
    return 1;
  default:
    return 0;
  }
}

void lati_structure_apply(double *a, int32_t rows, int32_t cols, int32_t ld,
                          lati_structure structure, int symmetric, lat_random *random) {
  const drawn matrix = {a, rows, cols, ld};
  if (make_of_others(&matrix, structure, symmetric)) {
    return;
  }
  for (int32_t i = 0; i < rows; ++i) {
    for (int32_t j = 0; j < (symmetric ? i + 1 : cols); ++j) {
      *at(&matrix, i, j) = structured(&matrix, i, j, structure, random);
      if (symmetric) {
        *at(&matrix, j, i) = *at(&matrix, i, j);
      }
    }
  }
}
