/* Rows of floats or bf16: loading and rounding them, and arranging them in pairs, with AVX512_BF16;
 * for the kernels that have it. */
#ifndef LATI_BF16_PACK_AVX512_H
#define LATI_BF16_PACK_AVX512_H

#include "compute/ops.h"
#include "compute/panel.h"
#include "compute/simd_avx512.h"

#include <string.h>

#include "compute/vector_math.h"

/* Whole vectors are moved without a mask. */
INLINE __m256i load_short(const uint16_t *p, vec_mask mask) {
  const __m256i *words = (const __m256i *)(const void *)p;
  return mask == v_mask(LANES) ? _mm256_loadu_si256(words) : _mm256_maskz_loadu_epi16(mask, p);
}

INLINE vec load_values(lati_rows x, int64_t place, vec_mask mask) {
  if (x.narrow != NULL) {
    return (vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(load_short(x.narrow + place, mask)), 16);
  }
  return v_load_part(x.data + place, mask);
}

INLINE void store_values(lati_rows x, int64_t place, vec_mask mask, vec value) {
  __m256i words = (__m256i)_mm512_cvtneps_pbh(value);
  if (x.narrow == NULL) {
    v_store_part(x.data + place, mask, value);
  } else if (mask == v_mask(LANES)) {
    _mm256_storeu_si256((__m256i *)(void *)(x.narrow + place), words);
  } else {
    _mm256_mask_storeu_epi16(x.narrow + place, mask, words);
  }
}

#include "compute/panel_rows.h"

typedef __m512i word_vec;

INLINE void store_words(uint32_t *p, word_vec x) {
  _mm512_storeu_si512(p, x);
}

/* Sixteen pairs of 32 values in a row, of which `remaining` are there. */
INLINE word_vec pairs_of(lati_rows x, int64_t place, int64_t remaining) {
  vec_mask first = v_mask(remaining > 0 ? remaining : 0);
  vec_mask second = v_mask(remaining > LANES ? remaining - LANES : 0);
  if (x.narrow != NULL && remaining >= 2 * LANES) {
    return _mm512_loadu_si512(x.narrow + place);
  }
  if (x.narrow != NULL) {
    return _mm512_maskz_loadu_epi16((__mmask32)second << LANES | first, x.narrow + place);
  }
  vec low = v_load_part(x.data + place, first), high = v_load_part(x.data + place + LANES, second);
  return (word_vec)_mm512_cvtne2ps_pbh(high, low);
}

/* Sixteen pairs, each of a column of two rows; the second row may be missing. */
INLINE word_vec pairs_of_rows(lati_rows x, int64_t place, int has_second, vec_mask mask) {
  static const uint16_t of_narrow[32] = {0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,
                                         37, 6,  38, 7,  39, 8,  40, 9,  41, 10, 42,
                                         11, 43, 12, 44, 13, 45, 14, 46, 15, 47};
  static const uint16_t of_floats[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                         21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                         11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  vec_mask below = has_second ? mask : 0;
  if (x.narrow != NULL) {
    __m256i first = load_short(x.narrow + place, mask);
    __m256i second = load_short(x.narrow + place + (has_second ? x.ld : 0), below);
    return _mm512_permutex2var_epi16(_mm512_castsi256_si512(first), _mm512_loadu_si512(of_narrow),
                                     _mm512_castsi256_si512(second));
  }
  vec first = v_load_part(x.data + place, mask);
  vec second = v_load_part(x.data + place + (has_second ? x.ld : 0), below);
  return _mm512_permutexvar_epi16(_mm512_loadu_si512(of_floats),
                                  (__m512i)_mm512_cvtne2ps_pbh(second, first));
}

/* Sixteen rows of sixteen words, transposed: within quarters first, then quarters among rows. */
INLINE void transpose_words(word_vec x[LANES]) {
  word_vec y[LANES];
  for (int i = 0; i < 16; i += 2) {
    y[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
    y[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    x[i] = _mm512_unpacklo_epi64(y[i], y[i + 2]);
    x[i + 1] = _mm512_unpackhi_epi64(y[i], y[i + 2]);
    x[i + 2] = _mm512_unpacklo_epi64(y[i + 1], y[i + 3]);
    x[i + 3] = _mm512_unpackhi_epi64(y[i + 1], y[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    y[i] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0x88);
    y[i + 4] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0x88);
    y[i + 8] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0xdd);
    y[i + 12] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; ++i) {
    x[i] = _mm512_shuffle_i32x4(y[i], y[i + 4], 0x88);
    x[i + 8] = _mm512_shuffle_i32x4(y[i], y[i + 4], 0xdd);
    x[i + 4] = _mm512_shuffle_i32x4(y[i + 8], y[i + 12], 0x88);
    x[i + 12] = _mm512_shuffle_i32x4(y[i + 8], y[i + 12], 0xdd);
  }
}

#include "compute/bf16_pack.h"

#endif
