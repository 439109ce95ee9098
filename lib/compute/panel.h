/* Products of a strip of A with a packed B, in f32 or with operands rounded to bf16; sums are f32.
 *
 * Operands are 32-bit words along the contraction: a float, or two bf16 (the earlier in the low
 * half), which is how the processors' dot products and tiles take them. A packed B (k, n) lies in
 * panels of LATI_PANEL columns: panel, word, column. Words are filled up with zeros to whole steps
 * of the kernel; columns that fill up a panel may be anything. */
#ifndef LATI_PANEL_H
#define LATI_PANEL_H

#include "compute/backend.h"

enum { LATI_PANEL = 64 };

/* A as multiply() takes it: word (i, p) is data[i * row + p * col]. */
typedef struct lati_strip {
  const uint32_t *data;
  int64_t row, col;
} lati_strip;

/* What sums become on their way out of a product:
 *   y = activation(sum + bias) + residual, where `pre` receives sum + bias, or
 *   y = sum slope(sum's place), an activation's derivative on a gradient's way back.
 * Rows begin at the first row and column of the sums. bias, residual, pre and slope may be none. */
typedef struct lati_finish {
  lati_rows y, pre;
  const float *bias, *residual;
  int64_t ld_residual;
  lati_activation activation;
  lati_slope slope;
} lati_finish;

/* What differs between precisions and instruction sets. Rows are f32 or, on a kernel of bf16,
 * narrow. Rows of a strip behind m, up to whole tiles, may be read, but for floats where they lie.
 */
typedef struct lati_panel_kernel {
  const char *name;
  int32_t values; /* in a word: 1 in f32, 2 in bf16 */
  int32_t step;   /* words are kept in multiples of it */
  int32_t grain;  /* and multiplied in multiples of this */
  /* A = src (rows, cols): where it lies (lati_in_place), or in dst, which has room for rows * words
   * then. */
  lati_strip (*strip_of_rows)(uint32_t *dst, int64_t words, lati_rows src, int64_t rows,
                              int64_t cols);
  /* A = src^T, src (rows, cols); dst has room for words times cols in whole tiles. */
  lati_strip (*strip_of_columns)(uint32_t *dst, int64_t words, lati_rows src, int64_t rows,
                                 int64_t cols);
  /* A = the transpose of `cols` columns of a packed panel, from the first of them on: where it
   * lies, or in dst, which has room for words times cols in whole tiles. */
  lati_strip (*strip_of_panel)(uint32_t *dst, int64_t words, const uint32_t *panel, int64_t cols);
  /* One panel of B = src (rows, cols <= LATI_PANEL). */
  void (*panel_of_rows)(uint32_t *dst, int64_t words, lati_rows src, int64_t rows, int64_t cols);
  /* One panel of B = src^T, src (rows <= LATI_PANEL, cols). */
  void (*panel_of_columns)(uint32_t *dst, int64_t words, lati_rows src, int64_t rows, int64_t cols);
  /* C (m, n) = A B, or += when accumulate; panels of B are `panel` words apart. */
  void (*multiply)(float *c, int64_t ldc, lati_strip a, const uint32_t *b, int64_t panel, int64_t m,
                   int64_t n, int64_t words, int accumulate);
  /* Of sums (m, n), which may lie where y does. */
  void (*finish)(const lati_finish *finish, const float *sums, int64_t ld, int64_t m, int64_t n);
  /* y (n) += the columns' sums of x (rows, n), in order. */
  void (*column_sums)(float *y, lati_rows x, int64_t rows, int64_t n);
  /* a . b, of n values. */
  float (*dot)(lati_rows a, lati_rows b, int64_t n);
  /* A row of a gated linear unit, y (n) = v activation(g) of x = [v g] (2 n), and the gradient of x
   * from that of y. */
  void (*glu)(lati_rows y, lati_rows x, int64_t n, lati_activation activation);
  void (*glu_backward)(lati_rows d_x, lati_rows d_y, lati_rows x, int64_t n,
                       lati_activation activation);
} lati_panel_kernel;

#if defined(__x86_64__)
extern const lati_panel_kernel lati_panel_bf16_avx512, lati_panel_bf16_amx;
extern const lati_backend lati_backend_f32_avx512, lati_backend_bf16_avx512, lati_backend_bf16_amx;
#elif defined(__aarch64__)
extern const lati_panel_kernel lati_panel_bf16_neon;
extern const lati_backend lati_backend_f32_neon, lati_backend_bf16_neon;
#endif

/* Products of bf16 by the processor's tiles or dot products; NULL: it has neither. */
const lati_panel_kernel *lati_panel_bf16(void);

/* Words that k values of a contraction take. */
static inline int64_t lati_words(const lati_panel_kernel *kernel, int64_t k) {
  const int64_t values = kernel->values * kernel->step;
  return (k + values - 1) / values * kernel->step;
}

/* Those of them that multiply() has to go through; the rest are zeros. */
static inline int64_t lati_used_words(const lati_panel_kernel *kernel, int64_t k) {
  const int64_t values = kernel->values * kernel->grain;
  return (k + values - 1) / values * kernel->grain;
}

/* 1: `cols` columns of rows are taken as they lie: floats for f32, and bf16 in whole words that
 * multiply() goes through. */
static inline int lati_in_place(const lati_panel_kernel *kernel, lati_rows x, int64_t cols) {
  if (kernel->values == 1) {
    return 1;
  }
  const int64_t whole = kernel->values * kernel->grain;
  return x.narrow != NULL && cols % whole == 0 && x.ld % kernel->values == 0 &&
         (uintptr_t)x.narrow % sizeof(uint32_t) == 0;
}

/* Words of a packed B (k, n). */
static inline int64_t lati_packed_words(const lati_panel_kernel *kernel, int64_t k, int64_t n) {
  return lati_words(kernel, k) * ((n + LATI_PANEL - 1) / LATI_PANEL) * LATI_PANEL;
}

/* Linear layers on a kernel, which have a packed form always. backend.h says what each does. */
size_t lati_panel_packed_size(const lati_panel_kernel *kernel, int32_t out, int32_t in);
void lati_panel_pack(const lati_panel_kernel *kernel, const lati_device *device, void *packed,
                     const float *weight, int32_t out, int32_t in);
void lati_panel_forward(const lati_panel_kernel *kernel, const lati_device *device, lati_rows y,
                        const lati_linear *linear, lati_rows x, int64_t tokens,
                        lati_activation activation, lati_rows pre, const float *residual);
void lati_panel_slice(const lati_panel_kernel *kernel, lati_linear *slice,
                      const lati_linear *linear, int32_t first, int32_t end);
void lati_panel_backward_input(const lati_panel_kernel *kernel, const lati_device *device,
                               lati_rows d_x, const lati_linear *linear, lati_rows d_y,
                               int64_t tokens, int accumulate, const lati_slope *slope);
size_t lati_panel_weight_scratch(const lati_panel_kernel *kernel, int64_t tokens, int32_t in);
void lati_panel_backward_weight(const lati_panel_kernel *kernel, const lati_device *device,
                                float *d_weight, float *d_bias, lati_rows d_y, lati_rows x,
                                int64_t tokens, int32_t out, int32_t in, void *scratch);

/* Gated linear units on a kernel. */
void lati_panel_glu_forward(const lati_panel_kernel *kernel, const lati_device *device, lati_rows y,
                            lati_rows x, int64_t tokens, int32_t width, lati_activation activation);
void lati_panel_glu_backward(const lati_panel_kernel *kernel, const lati_device *device,
                             lati_rows d_x, lati_rows d_y, lati_rows x, int64_t tokens,
                             int32_t width, lati_activation activation);

/* Attention on a kernel. */
size_t lati_panel_attention_scratch(int64_t longest, int32_t head_width);
void lati_panel_attention_forward(const lati_panel_kernel *kernel, const lati_device *device,
                                  lati_rows o, float *lse, lati_rows q, lati_rows k, lati_rows v,
                                  const lati_attention *shape, void *scratch);
void lati_panel_attention_backward(const lati_panel_kernel *kernel, const lati_device *device,
                                   lati_rows d_q, lati_rows d_k, lati_rows d_v, lati_rows d_o,
                                   lati_rows o, const float *lse, lati_rows q, lati_rows k,
                                   lati_rows v, const lati_attention *shape, void *scratch);

#endif
