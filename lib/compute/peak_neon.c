/* Arm with Advanced SIMD (NEON). */
#include <arm_neon.h>

enum { LANES = 4 };

typedef float32x4_t vec;

static inline vec multiply_add(vec sum, const float *p) {
  return vfmaq_f32(sum, vld1q_f32(p), vdupq_n_f32(1e-3F));
}

#include "compute/peak_loop.h"

const lati_peak lati_peak_neon = {run, 2.0 * (double)(SUMS *LANES)};
