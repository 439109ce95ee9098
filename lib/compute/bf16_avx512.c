/* bf16 products by the dot products of AVX512_BF16. */
#include "compute/bf16_pack_avx512.h"

typedef uint32_t element;
typedef __m512i operand;

INLINE operand o_set(element x) {
  return _mm512_set1_epi32((int32_t)x);
}

INLINE operand o_load(const element *p) {
  return _mm512_loadu_si512(p);
}

/* Panels are filled up, so that the last vector of a row is there too. */
INLINE operand o_load_part(const element *p, vec_mask mask) {
  (void)mask;
  return o_load(p);
}

INLINE vec o_multiply_add(operand a, operand b, vec c) {
  return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}

#include "compute/register_block.h"

static lati_bf16_block block_of_columns(uint32_t *dst, int64_t pairs, const float *src, int64_t ld,
                                        int64_t rows, int64_t cols) {
  int64_t width = lati_blocks(cols, LATI_BF16_TILE) * LATI_BF16_TILE;
  pair_columns(dst, width, pairs, src, ld, rows, cols);
  return (lati_bf16_block){dst, 1, width};
}

static void multiply(float *c, int64_t ldc, lati_bf16_block a, const uint32_t *b, int64_t panel,
                     int64_t m, int64_t n, int64_t pairs, int accumulate) {
  for (int64_t j = 0; j < n; j += LATI_BF16_PANEL) {
    product(c + j, ldc, a.data, a.row, a.col, b + j / LATI_BF16_PANEL * panel, LATI_BF16_PANEL, m,
            lati_least(LATI_BF16_PANEL, n - j), pairs, accumulate);
  }
}

const lati_bf16_kernel lati_bf16_avx512 = {
    .name = "bf16-avx512",
    .pair_rows = pair_rows,
    .panel_of_rows = panel_of_rows,
    .panel_of_columns = panel_of_columns,
    .block_of_columns = block_of_columns,
    .multiply = multiply,
};
