/* The operations of lati_backend_f32, for the tables that share some of them (backend.h says what
 * each does). */
#ifndef LATI_OPS_H
#define LATI_OPS_H

#include "compute/backend.h"

/* Rows of tokens that one task handles where a row is little work. */
enum { LATI_TOKEN_BLOCK = 32 };

/* Columns that one task handles where columns are summed over all tokens. */
enum { LATI_COLUMN_BLOCK = 64 };

static inline int64_t lati_least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static inline int64_t lati_blocks(int64_t extent, int64_t size) {
  return (extent + size - 1) / size;
}

/* Asks for rows x (rows, cols) in the order in which they lie, where they lie apart and the
 * processor could not guess the next one. Always inlined: gcc 12 takes a function that does nothing
 * else for one without effect, and drops calls of it. */
static inline __attribute__((always_inline)) void lati_fetch_rows(lati_rows x, int64_t rows,
                                                                  int64_t cols) {
  enum { LINE = 64 };
  const int64_t size = x.narrow != NULL ? sizeof *x.narrow : sizeof *x.data;
  const char *begin = x.narrow != NULL ? (const char *)x.narrow : (const char *)x.data;
  for (int64_t i = 0; begin != NULL && i < rows; ++i) {
    for (int64_t j = 0; j < cols * size; j += LINE) {
      __builtin_prefetch(begin + i * x.ld * size + j, 0, 2);
    }
  }
}

size_t lati_linear_packed_size(int32_t out, int32_t in);
void lati_linear_pack(const lati_device *device, void *packed, const float *weight, int32_t out,
                      int32_t in);
void lati_linear_forward(const lati_device *device, lati_rows y, const lati_linear *linear,
                         lati_rows x, int64_t tokens, lati_activation activation, lati_rows pre,
                         const float *residual);
void lati_linear_slice(lati_linear *slice, const lati_linear *linear, int32_t first, int32_t end);
void lati_linear_backward_input(const lati_device *device, lati_rows d_x, const lati_linear *linear,
                                lati_rows d_y, int64_t tokens, int accumulate,
                                const lati_slope *slope);
size_t lati_linear_weight_scratch(int64_t tokens, int32_t in);
void lati_linear_backward_weight(const lati_device *device, float *d_weight, float *d_bias,
                                 lati_rows d_y, lati_rows x, int64_t tokens, int32_t out,
                                 int32_t in, void *scratch);
void lati_hashed_forward(const lati_device *device, float *y, const lati_hash *hash, lati_rows x,
                         int64_t tokens, const float *residual);
void lati_hashed_backward(const lati_device *device, float *d_x, float *d_tables,
                          const lati_hash *hash, lati_rows d_y, lati_rows x, int64_t tokens,
                          int accumulate, float *scratch);
void lati_shorten(const lati_device *device, lati_rows y, const float *x, int64_t tokens,
                  int32_t width);
void lati_layernorm_forward(const lati_device *device, float *y, lati_rows shortened, float *mean,
                            float *rstd, const float *x, const float *gamma, const float *beta,
                            int64_t tokens, int32_t width);
void lati_layernorm_backward(const lati_device *device, float *d_x, lati_rows shortened,
                             float *d_gamma, float *d_beta, const float *d_y, const float *x,
                             const float *mean, const float *rstd, const float *gamma,
                             int64_t tokens, int32_t width, int accumulate, float *scratch);
void lati_embedding_forward(const lati_device *device, float *x, const float *table,
                            const int32_t *ids, int64_t tokens, int32_t width, int accumulate);
void lati_embedding_backward(const lati_device *device, float *d_table, const float *d_x,
                             const int32_t *ids, int64_t tokens, int32_t width);
void lati_cross_entropy(const lati_device *device, double *loss, uint8_t *correct,
                        lati_rows d_logits, float *logits, const int32_t *targets, int64_t tokens,
                        int32_t vocabulary, const lati_spread *spread);
void lati_factored_cross_entropy(const lati_device *device, double *loss, uint8_t *correct,
                                 lati_rows d_scores, float *scores, const int32_t *targets,
                                 int64_t tokens, const lati_factored_symbols *symbols,
                                 const lati_spread *spread);
void lati_factored_logits(const lati_device *device, float *logits, const float *scores,
                          int64_t tokens, const lati_factored_symbols *symbols, int32_t first,
                          int32_t end);

#endif
