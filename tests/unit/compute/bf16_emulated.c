#include "bf16_emulated.h"

#include "compute/ops.h"
#include "compute/processor.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

#define INLINE static inline

static uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static uint32_t rounded(float x) {
  const uint32_t bits = bits_of(x);
  if (isnan(x)) {
    return bits >> 16 | 0x40;
  }
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

float bf16_nearest(float x) {
  return float_of(rounded(x) << 16);
}

static uint32_t pair(float low, float high) {
  return rounded(high) << 16 | rounded(low);
}

/* Element (i, j) of src (rows, cols), zero outside. */
static float at(const float *src, int64_t ld, int64_t rows, int64_t cols, int64_t i, int64_t j) {
  return i < rows && j < cols ? src[i * ld + j] : 0.0F;
}

static lati_strip strip_of_rows(uint32_t *dst, int64_t pairs, const float *src, int64_t ld,
                                int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t p = 0; p < pairs; ++p) {
      dst[i * pairs + p] =
          pair(at(src, ld, rows, cols, i, 2 * p), at(src, ld, rows, cols, i, 2 * p + 1));
    }
  }
  return (lati_strip){dst, pairs, 1};
}

static void panel_of_rows(uint32_t *dst, int64_t pairs, const float *src, int64_t ld, int64_t rows,
                          int64_t cols) {
  for (int64_t p = 0; p < pairs; ++p) {
    for (int64_t j = 0; j < LATI_PANEL; ++j) {
      dst[p * LATI_PANEL + j] =
          pair(at(src, ld, rows, cols, 2 * p, j), at(src, ld, rows, cols, 2 * p + 1, j));
    }
  }
}

static void panel_of_columns(uint32_t *dst, int64_t pairs, const float *src, int64_t ld,
                             int64_t rows, int64_t cols) {
  for (int64_t p = 0; p < pairs; ++p) {
    for (int64_t j = 0; j < LATI_PANEL; ++j) {
      dst[p * LATI_PANEL + j] =
          pair(at(src, ld, rows, cols, j, 2 * p), at(src, ld, rows, cols, j, 2 * p + 1));
    }
  }
}

static lati_strip strip_of_columns(uint32_t *dst, int64_t pairs, const float *src, int64_t ld,
                                   int64_t rows, int64_t cols) {
  for (int64_t j = 0; j < lati_blocks(cols, LATI_TILE) * LATI_TILE; ++j) {
    for (int64_t p = 0; p < pairs; ++p) {
      dst[j * pairs + p] =
          pair(at(src, ld, rows, cols, 2 * p, j), at(src, ld, rows, cols, 2 * p + 1, j));
    }
  }
  return (lati_strip){dst, pairs, 1};
}

/* Eight tiles of sixteen rows of sixteen words; each thread has its own, as a processor does. */
static _Thread_local uint32_t tiles[8][16][16];

static void tile_load(int t, const void *address, int64_t bytes) {
  for (int i = 0; i < 16; ++i) {
    memcpy(tiles[t][i], (const char *)address + i * bytes, 64);
  }
}

static void tile_store(int t, void *address, int64_t bytes) {
  for (int i = 0; i < 16; ++i) {
    memcpy((char *)address + i * bytes, tiles[t][i], 64);
  }
}

static void tile_multiply(int c, int a, int b) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      float sum = float_of(tiles[c][i][j]);
      for (int p = 0; p < 16; ++p) {
        const uint32_t left = tiles[a][i][p], right = tiles[b][p][j];
        sum += float_of(left << 16) * float_of(right << 16);
        sum += float_of(left & 0xffff0000U) * float_of(right & 0xffff0000U);
      }
      tiles[c][i][j] = bits_of(sum);
    }
  }
}

#define TILE_BEGIN() memset(tiles, 0xff, sizeof tiles)
#define TILE_END() memset(tiles, 0xff, sizeof tiles)
#define TILE_ZERO(t) memset(tiles[t], 0, sizeof tiles[t])
#define TILE_LOAD(t, address, bytes) tile_load(t, address, bytes)
#define TILE_STORE(t, address, bytes) tile_store(t, address, bytes)
#define TILE_MULTIPLY(c, a, b) tile_multiply(c, a, b)

#include "compute/bf16_tile_kernel.h"

const lati_panel_kernel bf16_emulated = {
    .name = "bf16-emulated",
    .values = 2,
    .step = LATI_TILE,
    .grain = LATI_TILE,
    .strip_of_rows = strip_of_rows,
    .strip_of_columns = strip_of_columns,
    .panel_of_rows = panel_of_rows,
    .panel_of_columns = panel_of_columns,
    .multiply = multiply,
};

int panel_kernels_here(const lati_panel_kernel *kernels[MAX_KERNELS]) {
  int count = 0;
  kernels[count++] = &bf16_emulated;
  kernels[count++] = lati_vector_portable.panels;
#if defined(__x86_64__)
  if (lati_processor_here()->avx2) {
    kernels[count++] = lati_vector_avx2.panels;
  }
  if (lati_processor_here()->avx512) {
    kernels[count++] = lati_vector_avx512.panels;
  }
  if (lati_processor_here()->bf16_dot) {
    kernels[count++] = &lati_panel_bf16_avx512;
  }
  if (lati_processor_here()->bf16_tiles && lati_processor_permit_tiles()) {
    kernels[count++] = &lati_panel_bf16_amx;
  }
#endif
  return count;
}
