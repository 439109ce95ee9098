/* Turns a drawn matrix into a structured one: coefficient (i, j) of the structure from coefficient
 * (i, j) of the dense draw, so that distributions of coefficients and spectra show through. */
#include "linalg/structures.h"

#include <math.h>

/* Share of a sparse matrix's coefficients that stay. */
#define DENSITY 0.3

static const char *const names[LATI_STRUCTURE_COUNT] = {"dense", "diagonal", "identity",
                                                        "zero",  "integer",  "sparse"};

const char *lati_structure_name(int32_t structure) {
  return structure >= 0 && structure < LATI_STRUCTURE_COUNT ? names[structure] : NULL;
}

lat_status lati_structures_parse(lati_named_mixture *out, const char *text) {
  return lati_named_mixture_parse(out, text != NULL ? text : names[LATI_STRUCTURE_DENSE], names,
                                  LATI_STRUCTURE_COUNT, "structure");
}

static double structured(double value, int on_diagonal, lati_structure structure,
                         lat_random *random) {
  switch (structure) {
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

void lati_structure_apply(double *a, int32_t rows, int32_t cols, int32_t ld,
                          lati_structure structure, int symmetric, lat_random *random) {
  for (int32_t i = 0; i < rows; ++i) {
    for (int32_t j = 0; j < (symmetric ? i + 1 : cols); ++j) {
      double *entry = a + (size_t)i * (size_t)ld + (size_t)j;
      *entry = structured(*entry, i == j, structure, random);
      if (symmetric) {
        a[(size_t)j * (size_t)ld + (size_t)i] = *entry;
      }
    }
  }
}
