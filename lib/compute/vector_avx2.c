/* x86 with AVX2 and FMA. */
#include "compute/vector.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define LANES 8
#define ROWS 4
#define PANELS 3
#define TABLE lati_vector_avx2
#define TABLE_NAME "avx2"

typedef __m256 vec;

/* Which of the lanes take part in a load or store. A masked store is slow on some processors, so it
 * is kept for rows' ends. */
typedef struct vec_mask {
  __m256i lanes;
  int64_t count;
} vec_mask;

static inline vec_mask v_mask(int64_t remaining) {
  int64_t count = remaining < LANES ? remaining : LANES;
  __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return (vec_mask){_mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)count), lane), count};
}

static inline vec v_set(float x) {
  return _mm256_set1_ps(x);
}

static inline vec v_load(const float *p) {
  return _mm256_loadu_ps(p);
}

static inline vec v_load_part(const float *p, vec_mask mask) {
  return _mm256_maskload_ps(p, mask.lanes);
}

static inline void v_store_part(float *p, vec_mask mask, vec x) {
  if (mask.count == LANES) {
    _mm256_storeu_ps(p, x);
  } else {
    _mm256_maskstore_ps(p, mask.lanes, x);
  }
}

static inline vec v_fma(vec a, vec b, vec c) {
  return _mm256_fmadd_ps(a, b, c);
}

/* where x < y: a, else b; false for NaN. */
static inline vec v_less(vec x, vec y, vec a, vec b) {
  return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, y, _CMP_LT_OQ));
}

/* The greater or lesser; b where one is NaN. */
static inline vec v_max(vec a, vec b) {
  return _mm256_max_ps(a, b);
}

static inline vec v_min(vec a, vec b) {
  return _mm256_min_ps(a, b);
}

/* The first lanes of a, the rest of b. */
static inline vec v_blend(vec_mask mask, vec a, vec b) {
  return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(mask.lanes));
}

static inline vec v_sqrt(vec x) {
  return _mm256_sqrt_ps(x);
}

static inline vec v_round(vec x) {
  return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* x 2^n for integral n in -127 .. 128; 2^-127 counts as 0 and 2^128 as infinity. */
static inline vec v_times_power_of_two(vec x, vec n) {
  __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return x * _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}

static inline __m128 halves(vec x, int largest) {
  __m128 low = _mm256_castps256_ps128(x), high = _mm256_extractf128_ps(x, 1);
  return largest ? _mm_max_ps(low, high) : _mm_add_ps(low, high);
}

static inline float v_sum(vec x) {
  __m128 s = halves(x, 0);
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static inline float v_largest(vec x) {
  __m128 s = halves(x, 1);
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

#include "compute/vector_kernels.h"
