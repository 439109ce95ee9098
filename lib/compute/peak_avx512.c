/* x86 with AVX-512 F. */
#include <immintrin.h>

enum { LANES = 16 };

typedef __m512 vec;

static inline vec multiply_add(vec sum, const float *p) {
  return _mm512_fmadd_ps(_mm512_loadu_ps(p), _mm512_set1_ps(1e-3F), sum);
}

#include "compute/peak_loop.h"

const lati_peak lati_peak_avx512 = {run, 2.0 * (double)(SUMS *LANES)};
