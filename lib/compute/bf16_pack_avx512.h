/* Rounding to bf16 and arranging in pairs, with AVX512_BF16; for the kernels that have it. */
#ifndef LATI_BF16_PACK_AVX512_H
#define LATI_BF16_PACK_AVX512_H

#include "compute/ops.h"
#include "compute/panel.h"
#include "compute/simd_avx512.h"

#include <string.h>

/* Sixteen pairs of 32 floats in a row. */
INLINE __m512i pairs_of(const float *p, int64_t remaining) {
  vec low = v_load_part(p, v_mask(remaining > 0 ? remaining : 0));
  vec high = v_load_part(p + LANES, v_mask(remaining > LANES ? remaining - LANES : 0));
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/* Sixteen pairs, each of a column of two rows; the second row may be missing. */
INLINE __m512i pairs_of_rows(const float *p, int64_t ld, int has_second, __mmask16 mask) {
  static const uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                     8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  vec first = v_load_part(p, mask);
  vec second = has_second ? v_load_part(p + ld, mask) : v_set(0.0F);
  return _mm512_permutexvar_epi16(_mm512_loadu_si512(order),
                                  (__m512i)_mm512_cvtne2ps_pbh(second, first));
}

/* Sixteen rows of sixteen words, transposed: within quarters first, then quarters among rows. */
INLINE void transpose_words(__m512i x[16]) {
  __m512i y[16];
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

static lati_strip strip_of_rows(uint32_t *dst, int64_t pairs, const float *src, int64_t ld,
                                int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t p = 0; p < pairs; p += LANES) {
      _mm512_storeu_si512(dst + i * pairs + p, pairs_of(src + i * ld + 2 * p, cols - 2 * p));
    }
  }
  return (lati_strip){dst, pairs, 1};
}

/* Pairs of rows, `width` words to a pair of rows (a multiple of sixteen). */
static void pair_columns(uint32_t *dst, int64_t width, int64_t pairs, const float *src, int64_t ld,
                         int64_t rows, int64_t cols) {
  int64_t filled = (rows + 1) / 2;
  for (int64_t p = 0; p < filled; ++p) {
    for (int64_t j = 0; j < width; j += LANES) {
      __mmask16 mask = v_mask(cols > j ? cols - j : 0);
      __m512i words = pairs_of_rows(src + 2 * p * ld + j, ld, 2 * p + 1 < rows, mask);
      _mm512_storeu_si512(dst + p * width + j, words);
    }
  }
  memset(dst + filled * width, 0, (size_t)((pairs - filled) * width) * sizeof *dst);
}

static void panel_of_rows(uint32_t *dst, int64_t pairs, const float *src, int64_t ld, int64_t rows,
                          int64_t cols) {
  pair_columns(dst, LATI_PANEL, pairs, src, ld, rows, cols);
}

static void panel_of_columns(uint32_t *dst, int64_t pairs, const float *src, int64_t ld,
                             int64_t rows, int64_t cols) {
  for (int64_t j = 0; j < LATI_PANEL; j += LANES) {
    for (int64_t p = 0; p < pairs; p += LANES) {
      __m512i words[16];
      for (int i = 0; i < LANES; ++i) {
        int64_t left = j + i < rows ? cols - 2 * p : 0;
        words[i] = pairs_of(src + (left > 0 ? (j + i) * ld + 2 * p : 0), left);
      }
      transpose_words(words);
      for (int i = 0; i < LANES; ++i) {
        _mm512_storeu_si512(dst + (p + i) * LATI_PANEL + j, words[i]);
      }
    }
  }
}

#endif
