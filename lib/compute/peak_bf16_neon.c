/* Arm with the extension BF16: four sums of two products each. */
#include <arm_neon.h>

enum { LANES = 4 };

typedef float32x4_t vec;

static inline vec multiply_add(vec sum, const float *p) {
  const uint16x8_t factor = vdupq_n_u16(0x3a83); /* 1e-3 */
  return vbfdotq_f32(sum, vreinterpretq_bf16_u16(factor), vreinterpretq_bf16_f32(vld1q_f32(p)));
}

#include "compute/peak_loop.h"

const lati_peak lati_peak_bf16_neon = {run, 4.0 * (double)(SUMS *LANES)};
