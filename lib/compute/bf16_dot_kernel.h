/* bf16 products by instructions that add dot products of pairs to a vector of sums: KERNEL in terms
 * of bf16_pack.h and of `element`, `operand` and o_* (register_block.h). Included by one source
 * file per instruction set. */

#include "compute/register_block.h"

static lati_strip strip_of_columns(uint32_t *dst, int64_t pairs, lati_rows src, int64_t rows,
                                   int64_t cols) {
  int64_t width = lati_blocks(cols, LATI_TILE) * LATI_TILE;
  pair_columns(dst, width, pairs, src, rows, cols);
  return (lati_strip){dst, 1, width};
}

const lati_panel_kernel KERNEL = {
    .name = KERNEL_NAME,
    .values = 2,
    .step = LATI_TILE,
    .grain = 1,
    PANEL_FUNCTIONS,
};
