/* Four floats by the compiler's vectors. */
#include <stdint.h>

enum { LANES = 4 };

typedef float vec __attribute__((vector_size(4 * sizeof(float))));

static inline vec multiply_add(vec sum, const float *p) {
  vec x;
  __builtin_memcpy(&x, p, sizeof x);
  return sum + x * 1e-3F;
}

#include "compute/peak_loop.h"

const lati_peak lati_peak_portable = {run, 2.0 * (double)(SUMS *LANES)};
