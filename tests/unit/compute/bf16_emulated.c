#include "bf16_emulated.h"
#include "compute_fixture.h"

#include "compute/ops.h"
#include "compute/processor.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

#define INLINE static inline

static void store_at(lati_rows x, int64_t place, float value) {
  if (x.narrow != NULL) {
    x.narrow[place] = bf16_of(value);
  } else {
    x.data[place] = value;
  }
}

/* Element (i, j) of src (rows, cols) in bf16, zero outside. */
static uint32_t at(lati_rows src, int64_t rows, int64_t cols, int64_t i, int64_t j) {
  if (i >= rows || j >= cols) {
    return 0;
  }
  const int64_t place = i * src.ld + j;
  return src.narrow != NULL ? src.narrow[place] : bf16_of(src.data[place]);
}

static uint32_t pair(uint32_t low, uint32_t high) {
  return high << 16 | low;
}

/* Of a row, and of two rows. */
static uint32_t along(lati_rows src, int64_t rows, int64_t cols, int64_t i, int64_t j) {
  return pair(at(src, rows, cols, i, j), at(src, rows, cols, i, j + 1));
}

static uint32_t across(lati_rows src, int64_t rows, int64_t cols, int64_t i, int64_t j) {
  return pair(at(src, rows, cols, i, j), at(src, rows, cols, i + 1, j));
}

static lati_strip strip_of_rows(uint32_t *dst, int64_t pairs, lati_rows src, int64_t rows,
                                int64_t cols) {
  if (lati_in_place(&bf16_emulated, src, cols)) {
    return (lati_strip){(const uint32_t *)(const void *)src.narrow, src.ld / 2, 1};
  }
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t p = 0; p < pairs; ++p) {
      dst[i * pairs + p] = along(src, rows, cols, i, 2 * p);
    }
  }
  return (lati_strip){dst, pairs, 1};
}

static void panel_of_rows(uint32_t *dst, int64_t pairs, lati_rows src, int64_t rows, int64_t cols) {
  for (int64_t p = 0; p < pairs; ++p) {
    for (int64_t j = 0; j < LATI_PANEL; ++j) {
      dst[p * LATI_PANEL + j] = across(src, rows, cols, 2 * p, j);
    }
  }
}

static void panel_of_columns(uint32_t *dst, int64_t pairs, lati_rows src, int64_t rows,
                             int64_t cols) {
  for (int64_t p = 0; p < pairs; ++p) {
    for (int64_t j = 0; j < LATI_PANEL; ++j) {
      dst[p * LATI_PANEL + j] = along(src, rows, cols, j, 2 * p);
    }
  }
}

static lati_strip strip_of_columns(uint32_t *dst, int64_t pairs, lati_rows src, int64_t rows,
                                   int64_t cols) {
  for (int64_t j = 0; j < lati_blocks(cols, LATI_TILE) * LATI_TILE; ++j) {
    for (int64_t p = 0; p < pairs; ++p) {
      dst[j * pairs + p] = across(src, rows, cols, 2 * p, j);
    }
  }
  return (lati_strip){dst, pairs, 1};
}

static lati_strip strip_of_panel(uint32_t *dst, int64_t pairs, const uint32_t *panel,
                                 int64_t cols) {
  for (int64_t j = 0; j < lati_blocks(cols, LATI_TILE) * LATI_TILE; ++j) {
    for (int64_t p = 0; p < pairs; ++p) {
      dst[j * pairs + p] = panel[p * LATI_PANEL + j];
    }
  }
  return (lati_strip){dst, pairs, 1};
}

/* Phi, the normal distribution. */
static double normal_below(double x) {
  return 0.5 * erfc(-x * 0.70710678118654752);
}

static double activated(double x, lati_activation activation) {
  return activation == LATI_RELU   ? (x < 0.0 ? 0.0 : x)
         : activation == LATI_GELU ? x * normal_below(x)
                                   : x;
}

static double activated_slope(double x, lati_activation activation) {
  return activation == LATI_RELU   ? x > 0.0
         : activation == LATI_GELU ? normal_below(x) + x * exp(-0.5 * x * x) * 0.39894228040143268
                                   : 1.0;
}

static double slope_at(const lati_finish *f, int64_t i, int64_t j) {
  if (f->slope.activation == LATI_IDENTITY) {
    return 1.0;
  }
  const double x = (double)fixture_value(f->slope.of, i * f->slope.of.ld + j);
  return activated_slope(x, f->slope.activation);
}

static void finish(const lati_finish *f, const float *sums, int64_t ld, int64_t m, int64_t n) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const float bias = f->bias != NULL ? f->bias[j] : 0.0F, sum = sums[i * ld + j] + bias;
      const float added = f->residual != NULL ? f->residual[i * f->ld_residual + j] : 0.0F;
      if (!lati_rows_none(f->pre)) {
        store_at(f->pre, i * f->pre.ld + j, sum);
      }
      const double value = activated((double)sum, f->activation) + (double)added;
      store_at(f->y, i * f->y.ld + j, (float)(value * slope_at(f, i, j)));
    }
  }
}

static void column_sums(float *y, lati_rows x, int64_t rows, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = 0; i < rows; ++i) {
      y[j] += fixture_value(x, i * x.ld + j);
    }
  }
}

static float dot(lati_rows a, lati_rows b, int64_t n) {
  double sum = 0.0;
  for (int64_t i = 0; i < n; ++i) {
    sum += (double)fixture_value(a, i) * (double)fixture_value(b, i);
  }
  return (float)sum;
}

static void glu(lati_rows y, lati_rows x, int64_t n, lati_activation activation) {
  for (int64_t j = 0; j < n; ++j) {
    const double gate = activated((double)fixture_value(x, n + j), activation);
    store_at(y, j, (float)((double)fixture_value(x, j) * gate));
  }
}

static void glu_backward(lati_rows d_x, lati_rows d_y, lati_rows x, int64_t n,
                         lati_activation activation) {
  for (int64_t j = 0; j < n; ++j) {
    const double value = (double)fixture_value(x, j), gate = (double)fixture_value(x, n + j);
    const double d = (double)fixture_value(d_y, j);
    store_at(d_x, j, (float)(d * activated(gate, activation)));
    store_at(d_x, n + j, (float)(d * value * activated_slope(gate, activation)));
  }
}

static float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static float low_half(uint32_t word) {
  return float_of(word << 16);
}

static float high_half(uint32_t word) {
  return float_of(word & 0xffff0000U);
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
    float sums[16];
    memcpy(sums, tiles[c][i], sizeof sums);
    for (int p = 0; p < 16; ++p) {
      const float low = low_half(tiles[a][i][p]), high = high_half(tiles[a][i][p]);
      for (int j = 0; j < 16; ++j) {
        sums[j] += low * low_half(tiles[b][p][j]);
        sums[j] += high * high_half(tiles[b][p][j]);
      }
    }
    memcpy(tiles[c][i], sums, sizeof sums);
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
    .strip_of_panel = strip_of_panel,
    .panel_of_rows = panel_of_rows,
    .panel_of_columns = panel_of_columns,
    .multiply = multiply,
    .finish = finish,
    .column_sums = column_sums,
    .dot = dot,
    .glu = glu,
    .glu_backward = glu_backward,
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
#elif defined(__aarch64__)
  kernels[count++] = lati_vector_neon.panels;
#endif
#if LATI_HAS_AVX512_BF16
  if (lati_processor_here()->bf16_dot) {
    kernels[count++] = &lati_panel_bf16_avx512;
  }
#elif LATI_HAS_ARM_BF16
  if (lati_processor_here()->bf16_dot) {
    kernels[count++] = &lati_panel_bf16_neon;
  }
#endif
#if LATI_HAS_AMX
  if (lati_processor_here()->bf16_tiles && lati_processor_permit_tiles()) {
    kernels[count++] = &lati_panel_bf16_amx;
  }
#endif
  return count;
}
