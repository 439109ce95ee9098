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

size_t lati_linear_packed_size(int32_t out, int32_t in);
void lati_linear_pack(lati_pool *pool, void *packed, const float *weight, int32_t out, int32_t in);
void lati_linear_forward(lati_pool *pool, lati_rows y, const lati_linear *linear, lati_rows x,
                         int64_t tokens, lati_activation activation, float *pre,
                         const float *residual);
void lati_linear_slice(lati_linear *slice, const lati_linear *linear, int32_t first, int32_t end);
void lati_linear_backward_input(lati_pool *pool, lati_rows d_x, const lati_linear *linear,
                                lati_rows d_y, int64_t tokens, int accumulate);
size_t lati_linear_weight_scratch(int64_t tokens, int32_t in);
void lati_linear_backward_weight(lati_pool *pool, float *d_weight, float *d_bias, lati_rows d_y,
                                 lati_rows x, int64_t tokens, int32_t out, int32_t in,
                                 void *scratch);
void lati_activation_backward(lati_pool *pool, float *d_y, const float *y, const float *pre,
                              int64_t count, lati_activation activation);
void lati_layernorm_forward(lati_pool *pool, float *y, float *mean, float *rstd, const float *x,
                            const float *gamma, const float *beta, int64_t tokens, int32_t width);
void lati_layernorm_backward(lati_pool *pool, float *d_x, float *d_gamma, float *d_beta,
                             const float *d_y, const float *x, const float *mean, const float *rstd,
                             const float *gamma, int64_t tokens, int32_t width, int accumulate);
void lati_embedding_forward(lati_pool *pool, float *x, const float *table, const int32_t *ids,
                            int64_t tokens, int32_t width, int accumulate);
void lati_embedding_backward(lati_pool *pool, float *d_table, const float *d_x, const int32_t *ids,
                             int64_t tokens, int32_t width);
void lati_cross_entropy(lati_pool *pool, double *loss, uint8_t *correct, float *logits,
                        const int32_t *targets, int64_t tokens, int32_t vocabulary, int backward);

#endif
