/* x86 with AVX512_BF16: sixteen sums of two products each. */
#include <immintrin.h>

enum { LANES = 16 };

typedef __m512 vec;

static inline vec multiply_add(vec sum, const float *p) {
  return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi16(0x3a83), /* 1e-3 */
                          (__m512bh)_mm512_loadu_ps(p));
}

#include "compute/peak_loop.h"

const lati_peak lati_peak_bf16_dot = {run, 4.0 * (double)(SUMS *LANES)};
