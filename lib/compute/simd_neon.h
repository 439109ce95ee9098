/* Vectors of four floats for Arm's Advanced SIMD (NEON) in its 64-bit state. */
#ifndef LATI_SIMD_NEON_H
#define LATI_SIMD_NEON_H

#include "compute/simd_quad.h"

#include <arm_neon.h>

/* 16 sums, a row of four vectors of B and the values of A: gcc 12 keeps all of them in the 32
 * registers, and not those of six rows. */
#define ROWS 4
#define PANELS 4

static inline vec v_fma(vec a, vec b, vec c) {
  return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}

static inline vec v_sqrt(vec x) {
  return (vec)vsqrtq_f32((float32x4_t)x);
}

static inline vec v_round(vec x) {
  return (vec)vrndnq_f32((float32x4_t)x);
}

#endif
