/* x86 with AVX2 and FMA. */
#include <immintrin.h>

enum { LANES = 8 };

typedef __m256 vec;

static inline vec multiply_add(vec sum, const float *p) {
  return _mm256_fmadd_ps(_mm256_loadu_ps(p), _mm256_set1_ps(1e-3F), sum);
}

#include "compute/peak_loop.h"

const lati_peak lati_peak_avx2 = {run, 2.0 * (double)(SUMS *LANES)};
