/* bf16 products by AMX tiles. */
#define KERNEL lati_panel_bf16_amx
#include "compute/bf16_pack_avx512.h"

/* What the tile registers are told: eight tiles of sixteen rows of 64 bytes. */
typedef struct tile_shapes {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_shapes;

static const tile_shapes shapes = {.palette = 1,
                                   .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
                                   .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

#define TILE_BEGIN() _tile_loadconfig(&shapes)
#define TILE_END() _tile_release()
#define TILE_ZERO(t) _tile_zero(t)
#define TILE_LOAD(t, address, bytes) _tile_loadd(t, address, (size_t)(bytes))
#define TILE_STORE(t, address, bytes) _tile_stored(t, address, (size_t)(bytes))
#define TILE_MULTIPLY(c, a, b) _tile_dpbf16ps(c, a, b)

#include "compute/bf16_tile_kernel.h"

/* Pairs of rows, then transposed: tiles of A want the contraction along their rows. */
static lati_strip strip_of_columns(uint32_t *dst, int64_t pairs, lati_rows src, int64_t rows,
                                   int64_t cols) {
  for (int64_t p = 0; p < pairs; p += LANES) {
    for (int64_t j = 0; j < cols; j += LANES) {
      word_vec block[LANES];
      for (int i = 0; i < LANES; ++i) {
        int64_t row = 2 * (p + i);
        vec_mask mask = row < rows ? v_mask(cols - j) : 0;
        block[i] = pairs_of_rows(src, (row < rows ? row : 0) * src.ld + j, row + 1 < rows, mask);
      }
      transpose_words(block);
      for (int i = 0; i < LANES; ++i) {
        store_words(dst + (j + i) * pairs + p, block[i]);
      }
    }
  }
  return (lati_strip){dst, pairs, 1};
}

static lati_strip strip_of_panel(uint32_t *dst, int64_t pairs, const uint32_t *panel,
                                 int64_t cols) {
  for (int64_t j = 0; j < cols; j += LANES) {
    for (int64_t p = 0; p < pairs; p += LANES) {
      word_vec block[LANES];
      for (int i = 0; i < LANES; ++i) {
        block[i] = _mm512_loadu_si512(panel + (p + i) * LATI_PANEL + j);
      }
      transpose_words(block);
      for (int i = 0; i < LANES; ++i) {
        store_words(dst + (j + i) * pairs + p, block[i]);
      }
    }
  }
  return (lati_strip){dst, pairs, 1};
}

const lati_panel_kernel KERNEL = {
    .name = "bf16-amx",
    .values = 2,
    .step = LATI_TILE,
    .grain = LATI_TILE,
    PANEL_FUNCTIONS,
};
