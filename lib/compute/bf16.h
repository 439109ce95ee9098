/* Products with bf16 operands and f32 sums. Values come in pairs along the contraction, two to a
 * 32-bit word (the earlier in the low half), which is how the processors' dot products and tiles
 * take them.
 *
 * A packed B (k, n) lies in panels of LATI_BF16_PANEL columns: panel, pair, column. Pairs are
 * filled up with zeros to whole tiles, columns to whole panels. */
#ifndef LATI_BF16_H
#define LATI_BF16_H

#include "compute/ops.h"

enum { LATI_BF16_PANEL = 64, LATI_BF16_TILE = 16 };

/* Pairs that k values take. */
static inline int64_t lati_bf16_pairs(int64_t k) {
  return lati_blocks(k, 2 * LATI_BF16_TILE) * LATI_BF16_TILE;
}

/* Words of a packed B (k, n). */
static inline int64_t lati_bf16_words(int64_t k, int64_t n) {
  return lati_bf16_pairs(k) * lati_blocks(n, LATI_BF16_PANEL) * LATI_BF16_PANEL;
}

/* A block of A as multiply() takes it: word (i, p) is data[i * row + p * col]. */
typedef struct lati_bf16_block {
  const uint32_t *data;
  int64_t row, col;
} lati_bf16_block;

/* What differs between instruction sets. Rows behind m, up to whole tiles, may be read. */
typedef struct lati_bf16_kernel {
  const char *name;
  /* dst (rows, pairs) = pairs along the rows of src (rows, cols); zeros from cols on. */
  void (*pair_rows)(uint32_t *dst, int64_t pairs, const float *src, int64_t ld, int64_t rows,
                    int64_t cols);
  /* One panel of B = src (rows, cols <= LATI_BF16_PANEL): pairs of rows, `pairs` of them. */
  void (*panel_of_rows)(uint32_t *dst, int64_t pairs, const float *src, int64_t ld, int64_t rows,
                        int64_t cols);
  /* One panel of B = src^T, src (rows <= LATI_BF16_PANEL, cols): pairs of columns. */
  void (*panel_of_columns)(uint32_t *dst, int64_t pairs, const float *src, int64_t ld, int64_t rows,
                           int64_t cols);
  /* A = src^T for multiply(), src (rows, cols); dst has room for pairs times cols in whole tiles.
   */
  lati_bf16_block (*block_of_columns)(uint32_t *dst, int64_t pairs, const float *src, int64_t ld,
                                      int64_t rows, int64_t cols);
  /* C (m, n) = A B, or += when accumulate; panels of B are `panel` words apart. */
  void (*multiply)(float *c, int64_t ldc, lati_bf16_block a, const uint32_t *b, int64_t panel,
                   int64_t m, int64_t n, int64_t pairs, int accumulate);
} lati_bf16_kernel;

#if defined(__x86_64__)
extern const lati_bf16_kernel lati_bf16_avx512, lati_bf16_amx;
extern const lati_backend lati_backend_bf16_avx512, lati_backend_bf16_amx;
#endif

/* Linear layers on a kernel; what linear.c is in f32. Layers without a packed form are left to it.
 */
size_t lati_bf16_packed_size(int32_t out, int32_t in);
void lati_bf16_pack(const lati_bf16_kernel *kernel, lati_pool *pool, void *packed,
                    const float *weight, int32_t out, int32_t in);
void lati_bf16_forward(const lati_bf16_kernel *kernel, lati_pool *pool, lati_rows y,
                       const lati_linear *linear, lati_rows x, int64_t tokens,
                       lati_activation activation, float *pre, const float *residual);
void lati_bf16_slice(lati_linear *slice, const lati_linear *linear, int32_t first, int32_t end);
void lati_bf16_backward_input(const lati_bf16_kernel *kernel, lati_pool *pool, lati_rows d_x,
                              const lati_linear *linear, lati_rows d_y, int64_t tokens,
                              int accumulate);
void lati_bf16_backward_weight(const lati_bf16_kernel *kernel, lati_pool *pool, float *d_weight,
                               float *d_bias, lati_rows d_y, lati_rows x, int64_t tokens,
                               int32_t out, int32_t in);

#endif
