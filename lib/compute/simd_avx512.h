/* Vectors of sixteen floats for x86 with AVX-512 F, DQ, BW and VL; included by files that are
 * compiled for it. */
#ifndef LATI_SIMD_AVX512_H
#define LATI_SIMD_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
#define LANES 16
#define ROWS 6
#define PANELS 4

typedef __m512 vec;

/* Which of the lanes take part in a load or store. */
typedef __mmask16 vec_mask;

static inline vec_mask v_mask(int64_t remaining) {
  return (vec_mask)(remaining < LANES ? (1U << remaining) - 1U : 0xFFFFU);
}

static inline vec v_set(float x) {
  return _mm512_set1_ps(x);
}

static inline vec v_load(const float *p) {
  return _mm512_loadu_ps(p);
}

static inline vec v_load_part(const float *p, vec_mask mask) {
  return _mm512_maskz_loadu_ps(mask, p);
}

static inline void v_store_part(float *p, vec_mask mask, vec x) {
  _mm512_mask_storeu_ps(p, mask, x);
}

static inline vec v_fma(vec a, vec b, vec c) {
  return _mm512_fmadd_ps(a, b, c);
}

/* where x < y: a, else b; false for NaN. */
static inline vec v_less(vec x, vec y, vec a, vec b) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, y, _CMP_LT_OQ), b, a);
}

/* The greater or lesser; b where one is NaN. */
static inline vec v_max(vec a, vec b) {
  return _mm512_max_ps(a, b);
}

static inline vec v_min(vec a, vec b) {
  return _mm512_min_ps(a, b);
}

/* The first lanes of a, the rest of b. */
static inline vec v_blend(vec_mask mask, vec a, vec b) {
  return _mm512_mask_blend_ps(mask, b, a);
}

static inline vec v_sqrt(vec x) {
  return _mm512_sqrt_ps(x);
}

static inline vec v_round(vec x) {
  return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* x 2^n for integral n in -127 .. 128; 2^-127 counts as 0 and 2^128 as infinity. */
static inline vec v_times_power_of_two(vec x, vec n) {
  __mmask16 normal = _mm512_cmp_ps_mask(n, v_set(-127.0F), _CMP_NEQ_UQ);
  return _mm512_maskz_scalef_ps(normal, x, n);
}

static inline float v_sum(vec x) {
  return _mm512_reduce_add_ps(x);
}

static inline float v_largest(vec x) {
  return _mm512_reduce_max_ps(x);
}

#endif
