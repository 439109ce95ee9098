/* Tables with bf16 products; all other operations are those of f32. */
#include "compute/bf16.h"

#if defined(__x86_64__)

#define DEFINE_LINEAR(kernel)                                                                      \
  static void pack_##kernel(lati_pool *pool, void *packed, const float *weight, int32_t out,       \
                            int32_t in) {                                                          \
    lati_bf16_pack(&lati_bf16_##kernel, pool, packed, weight, out, in);                            \
  }                                                                                                \
  static void forward_##kernel(lati_pool *pool, lati_rows y, const lati_linear *linear,            \
                               lati_rows x, int64_t tokens, lati_activation activation,            \
                               float *pre, const float *residual) {                                \
    lati_bf16_forward(&lati_bf16_##kernel, pool, y, linear, x, tokens, activation, pre, residual); \
  }                                                                                                \
  static void backward_input_##kernel(lati_pool *pool, lati_rows d_x, const lati_linear *linear,   \
                                      lati_rows d_y, int64_t tokens, int accumulate) {             \
    lati_bf16_backward_input(&lati_bf16_##kernel, pool, d_x, linear, d_y, tokens, accumulate);     \
  }                                                                                                \
  static void backward_weight_##kernel(lati_pool *pool, float *d_weight, float *d_bias,            \
                                       lati_rows d_y, lati_rows x, int64_t tokens, int32_t out,    \
                                       int32_t in) {                                               \
    lati_bf16_backward_weight(&lati_bf16_##kernel, pool, d_weight, d_bias, d_y, x, tokens, out,    \
                              in);                                                                 \
  }

#define DEFINE_BACKEND(kernel)                                                                     \
  DEFINE_LINEAR(kernel)                                                                            \
  const lati_backend lati_backend_bf16_##kernel = {                                                \
      .name = "bf16-" #kernel,                                                                     \
      .packed_size = lati_bf16_packed_size,                                                        \
      .pack = pack_##kernel,                                                                       \
      .linear_forward = forward_##kernel,                                                          \
      .linear_slice = lati_bf16_slice,                                                             \
      .linear_backward_input = backward_input_##kernel,                                            \
      .linear_backward_weight = backward_weight_##kernel,                                          \
      .activation_backward = lati_activation_backward,                                             \
      .layernorm_forward = lati_layernorm_forward,                                                 \
      .layernorm_backward = lati_layernorm_backward,                                               \
      .attention_forward = lati_attention_forward,                                                 \
      .attention_backward = lati_attention_backward,                                               \
      .embedding_forward = lati_embedding_forward,                                                 \
      .embedding_backward = lati_embedding_backward,                                               \
      .cross_entropy = lati_cross_entropy,                                                         \
  };

DEFINE_BACKEND(avx512)
DEFINE_BACKEND(amx)

#endif
