/* Any processor: the compiler's own vectors of four floats. */
#include "compute/simd_quad.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

#define ROWS 4
#define PANELS 2
#define TABLE lati_vector_portable
#define TABLE_NAME "portable"

static inline vec v_fma(vec a, vec b, vec c) {
  return a * b + c;
}

static inline vec v_sqrt(vec x) {
  return (vec){sqrtf(x[0]), sqrtf(x[1]), sqrtf(x[2]), sqrtf(x[3])};
}

/* Nearest integer of |x| < 2^22: adding 1.5 * 2^23 leaves no room for a fraction. */
static inline vec v_round(vec x) {
  vec shift = v_set(12582912.0F);
  return (x + shift) - shift;
}

#include "compute/vector_kernels.h"
