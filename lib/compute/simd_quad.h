/* Vectors of four floats in the compiler's own types: all of what vector_math.h and
 * register_block.h take but v_fma(), v_sqrt() and v_round(), ROWS and PANELS. */
#ifndef LATI_SIMD_QUAD_H
#define LATI_SIMD_QUAD_H

#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define LANES 4

typedef float vec __attribute__((vector_size(16)));
typedef int32_t vec_int __attribute__((vector_size(16)));
typedef uint32_t vec_word __attribute__((vector_size(16)));

/* Which of the lanes take part in a load or store. */
typedef int64_t vec_mask;

static inline vec_mask v_mask(int64_t remaining) {
  return remaining < LANES ? remaining : LANES;
}

static inline vec v_set(float x) {
  return (vec){x, x, x, x};
}

static inline vec v_load(const float *p) {
  vec x;
  memcpy(&x, p, sizeof x);
  return x;
}

static inline void v_store(float *p, vec x) {
  memcpy(p, &x, sizeof x);
}

static inline vec v_load_part(const float *p, vec_mask mask) {
  if (mask == LANES) {
    return v_load(p);
  }
  vec x = {0.0F};
  memcpy(&x, p, (size_t)mask * sizeof *p);
  return x;
}

static inline void v_store_part(float *p, vec_mask mask, vec x) {
  if (mask == LANES) {
    v_store(p, x);
  } else {
    memcpy(p, &x, (size_t)mask * sizeof *p);
  }
}

/* where x < y: a, else b; false for NaN. */
static inline vec v_less(vec x, vec y, vec a, vec b) {
  vec_int chosen = x < y;
  return (vec)((chosen & (vec_int)a) | (~chosen & (vec_int)b));
}

/* The greater or lesser; b where one is NaN. */
static inline vec v_max(vec a, vec b) {
  return v_less(b, a, a, b);
}

static inline vec v_min(vec a, vec b) {
  return v_less(a, b, a, b);
}

/* The first `mask` lanes of a, the rest of b. */
static inline vec v_blend(vec_mask mask, vec a, vec b) {
  vec_int lane = {0, 1, 2, 3};
  int32_t count = (int32_t)mask;
  vec_int chosen = lane < (vec_int){count, count, count, count};
  return (vec)((chosen & (vec_int)a) | (~chosen & (vec_int)b));
}

/* x 2^n for integral n in -127 .. 128; 2^-127 counts as 0 and 2^128 as infinity. The last bits of
 * n + 1.5 2^23 are those of n: a conversion would be undefined where n is NaN. */
static inline vec v_times_power_of_two(vec x, vec n) {
  const vec_word shifted = (vec_word)(n + v_set(12582912.0F));
  return x * (vec)((shifted - 0x4B400000U + 127U) << 23);
}

static inline float v_sum(vec x) {
  return (x[0] + x[2]) + (x[1] + x[3]);
}

static inline float v_largest(vec x) {
  float a = x[0] < x[1] ? x[1] : x[0], b = x[2] < x[3] ? x[3] : x[2];
  return a < b ? b : a;
}

#endif
