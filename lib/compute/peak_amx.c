/* x86 with AMX: tiles of sixteen by sixteen sums of 32 products each. */
#include "compute/peak.h"

#include <immintrin.h>

typedef struct tile_shapes {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_shapes;

enum { ROW_BYTES = 64, TILE_FLOATS = 256 };

/* Two by two tiles of sums, as a product's innermost loop has them. */
static void run_tiles(float *x, int64_t rounds) {
  static const tile_shapes shapes = {.palette = 1,
                                     .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
                                     .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
  _tile_loadconfig(&shapes);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t i = 0; i < rounds; ++i) {
    _tile_loadd(4, x, ROW_BYTES);
    _tile_loadd(6, x + TILE_FLOATS, ROW_BYTES);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, x + 2 * TILE_FLOATS, ROW_BYTES);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, x + 3 * TILE_FLOATS, ROW_BYTES);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

const lati_peak lati_peak_bf16_tiles = {run_tiles, 4.0 * 2.0 * 16 * 16 * 32};
