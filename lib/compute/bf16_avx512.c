/* bf16 products by the dot products of AVX512_BF16. */
#define KERNEL lati_panel_bf16_avx512
#include "compute/bf16_pack_avx512.h"

typedef uint32_t __attribute__((may_alias)) element;
typedef __m512i operand;

INLINE operand o_set(element x) {
  return _mm512_set1_epi32((int32_t)x);
}

INLINE operand o_load(const element *p) {
  return _mm512_loadu_si512(p);
}

/* Panels have whole vectors, the last of which may hold anything behind the mask. */
INLINE operand o_load_part(const element *p, vec_mask mask) {
  (void)mask;
  return o_load(p);
}

INLINE vec o_multiply_add(operand a, operand b, vec c) {
  return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}

#include "compute/register_block.h"

static lati_strip strip_of_columns(uint32_t *dst, int64_t pairs, lati_rows src, int64_t rows,
                                   int64_t cols) {
  int64_t width = lati_blocks(cols, LATI_TILE) * LATI_TILE;
  pair_columns(dst, width, pairs, src, rows, cols);
  return (lati_strip){dst, 1, width};
}

const lati_panel_kernel KERNEL = {
    .name = "bf16-avx512",
    .values = 2,
    .step = LATI_TILE,
    .grain = 1,
    .strip_of_rows = strip_of_rows,
    .strip_of_columns = strip_of_columns,
    .panel_of_rows = panel_of_rows,
    .panel_of_columns = panel_of_columns,
    .multiply = multiply,
    .finish = finish,
    .column_sums = column_sums,
    .dot = dot,
    .glu = glu,
    .glu_backward = glu_backward,
};
