/* Rows of floats or bf16: loading and rounding them, and arranging them in pairs, with Arm's
 * extension BF16; for the kernels that have it. */
#ifndef LATI_BF16_PACK_NEON_H
#define LATI_BF16_PACK_NEON_H

#include "compute/ops.h"
#include "compute/panel.h"
#include "compute/simd_neon.h"

#include "compute/vector_math.h"

/* Whole vectors are moved at once. */
INLINE uint16x4_t load_short(const uint16_t *p, vec_mask mask) {
  if (mask == LANES) {
    return vld1_u16(p);
  }
  uint16_t words[LANES] = {0};
  memcpy(words, p, (size_t)mask * sizeof *p);
  return vld1_u16(words);
}

INLINE vec load_values(lati_rows x, int64_t place, vec_mask mask) {
  if (x.narrow != NULL) {
    return (vec)vshll_n_u16(load_short(x.narrow + place, mask), 16);
  }
  return v_load_part(x.data + place, mask);
}

INLINE void store_values(lati_rows x, int64_t place, vec_mask mask, vec value) {
  if (x.narrow == NULL) {
    v_store_part(x.data + place, mask, value);
    return;
  }
  const uint16x4_t words = vreinterpret_u16_bf16(vcvt_bf16_f32((float32x4_t)value));
  if (mask == LANES) {
    vst1_u16(x.narrow + place, words);
  } else {
    uint16_t part[LANES];
    vst1_u16(part, words);
    memcpy(x.narrow + place, part, (size_t)mask * sizeof *part);
  }
}

#include "compute/panel_rows.h"

typedef uint32x4_t word_vec;

INLINE void store_words(uint32_t *p, word_vec x) {
  vst1q_u32(p, x);
}

/* Lanes from `first` on of so many. */
INLINE vec_mask lanes_from(int64_t first, int64_t remaining) {
  return v_mask(remaining > first ? remaining - first : 0);
}

/* Four pairs of eight values in a row, of which `remaining` are there. */
INLINE word_vec pairs_of(lati_rows x, int64_t place, int64_t remaining) {
  const vec_mask first = lanes_from(0, remaining), second = lanes_from(LANES, remaining);
  if (x.narrow != NULL) {
    return vreinterpretq_u32_u16(vcombine_u16(load_short(x.narrow + place, first),
                                              load_short(x.narrow + place + LANES, second)));
  }
  const vec low = v_load_part(x.data + place, first);
  const vec high = v_load_part(x.data + place + LANES, second);
  const bfloat16x8_t half = vcvtq_low_bf16_f32((float32x4_t)low);
  return vreinterpretq_u32_bf16(vcvtq_high_bf16_f32(half, (float32x4_t)high));
}

/* A row's values as bf16. */
INLINE uint16x4_t shorts_of(lati_rows x, int64_t place, vec_mask mask) {
  if (x.narrow != NULL) {
    return load_short(x.narrow + place, mask);
  }
  return vreinterpret_u16_bf16(vcvt_bf16_f32((float32x4_t)v_load_part(x.data + place, mask)));
}

/* Four pairs, each of a column of two rows; the second row may be missing. */
INLINE word_vec pairs_of_rows(lati_rows x, int64_t place, int has_second, vec_mask mask) {
  const uint16x4_t first = shorts_of(x, place, mask);
  const uint16x4_t second = shorts_of(x, place + (has_second ? x.ld : 0), has_second ? mask : 0);
  return vreinterpretq_u32_u16(vcombine_u16(vzip1_u16(first, second), vzip2_u16(first, second)));
}

/* Four rows of four words, transposed. */
INLINE void transpose_words(word_vec x[LANES]) {
  const uint64x2_t a = vreinterpretq_u64_u32(vtrn1q_u32(x[0], x[1]));
  const uint64x2_t b = vreinterpretq_u64_u32(vtrn2q_u32(x[0], x[1]));
  const uint64x2_t c = vreinterpretq_u64_u32(vtrn1q_u32(x[2], x[3]));
  const uint64x2_t d = vreinterpretq_u64_u32(vtrn2q_u32(x[2], x[3]));
  x[0] = vreinterpretq_u32_u64(vtrn1q_u64(a, c));
  x[1] = vreinterpretq_u32_u64(vtrn1q_u64(b, d));
  x[2] = vreinterpretq_u32_u64(vtrn2q_u64(a, c));
  x[3] = vreinterpretq_u32_u64(vtrn2q_u64(b, d));
}

#include "compute/bf16_pack.h"

#endif
