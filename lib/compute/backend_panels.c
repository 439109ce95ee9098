/* Tables whose linear layers and attention run on a panel kernel; all other operations are those of
 * f32. */
#include "compute/dropout.h"
#include "compute/elementwise.h"
#include "compute/ops.h"
#include "compute/panel.h"
#include "compute/recurrent_cell.h"
#include "compute/vector.h"

#if defined(__x86_64__) || defined(__aarch64__)

#define DEFINE_LINEAR(name, kernel)                                                                \
  static size_t packed_size_##name(int32_t out, int32_t in) {                                      \
    return lati_panel_packed_size(kernel, out, in);                                                \
  }                                                                                                \
  static void pack_##name(const lati_device *device, void *packed, const float *weight,            \
                          int32_t out, int32_t in) {                                               \
    lati_panel_pack(kernel, device, packed, weight, out, in);                                      \
  }                                                                                                \
  static void forward_##name(const lati_device *device, lati_rows y, const lati_linear *linear,    \
                             lati_rows x, int64_t tokens, lati_activation activation,              \
                             lati_rows pre, const float *residual) {                               \
    lati_panel_forward(kernel, device, y, linear, x, tokens, activation, pre, residual);           \
  }                                                                                                \
  static void slice_##name(lati_linear *slice, const lati_linear *linear, int32_t first,           \
                           int32_t end) {                                                          \
    lati_panel_slice(kernel, slice, linear, first, end);                                           \
  }                                                                                                \
  static void backward_input_##name(const lati_device *device, lati_rows d_x,                      \
                                    const lati_linear *linear, lati_rows d_y, int64_t tokens,      \
                                    int accumulate, const lati_slope *slope) {                     \
    lati_panel_backward_input(kernel, device, d_x, linear, d_y, tokens, accumulate, slope);        \
  }                                                                                                \
  static size_t weight_scratch_##name(int64_t tokens, int32_t in) {                                \
    return lati_panel_weight_scratch(kernel, tokens, in);                                          \
  }                                                                                                \
  static void backward_weight_##name(const lati_device *device, float *d_weight, float *d_bias,    \
                                     lati_rows d_y, lati_rows x, int64_t tokens, int32_t out,      \
                                     int32_t in, void *scratch) {                                  \
    lati_panel_backward_weight(kernel, device, d_weight, d_bias, d_y, x, tokens, out, in,          \
                               scratch);                                                           \
  }

#define DEFINE_ATTENTION(name, kernel)                                                             \
  static void attention_forward_##name(const lati_device *device, lati_rows o, float *lse,         \
                                       lati_rows q, lati_rows k, lati_rows v,                      \
                                       const lati_attention *shape, void *scratch) {               \
    lati_panel_attention_forward(kernel, device, o, lse, q, k, v, shape, scratch);                 \
  }                                                                                                \
  static void attention_backward_##name(const lati_device *device, lati_rows d_q, lati_rows d_k,   \
                                        lati_rows d_v, lati_rows d_o, lati_rows o,                 \
                                        const float *lse, lati_rows q, lati_rows k, lati_rows v,   \
                                        const lati_attention *shape, void *scratch) {              \
    lati_panel_attention_backward(kernel, device, d_q, d_k, d_v, d_o, o, lse, q, k, v, shape,      \
                                  scratch);                                                        \
  }

#define DEFINE_GLU(name, kernel)                                                                   \
  static void glu_forward_##name(const lati_device *device, lati_rows y, lati_rows x,              \
                                 int64_t tokens, int32_t width, lati_activation activation) {      \
    lati_panel_glu_forward(kernel, device, y, x, tokens, width, activation);                       \
  }                                                                                                \
  static void glu_backward_##name(const lati_device *device, lati_rows d_x, lati_rows d_y,         \
                                  lati_rows x, int64_t tokens, int32_t width,                      \
                                  lati_activation activation) {                                    \
    lati_panel_glu_backward(kernel, device, d_x, d_y, x, tokens, width, activation);               \
  }

#define DEFINE_BACKEND(text, is_narrow, identifier, kernel)                                        \
  DEFINE_LINEAR(identifier, kernel)                                                                \
  DEFINE_ATTENTION(identifier, kernel)                                                             \
  DEFINE_GLU(identifier, kernel)                                                                   \
  const lati_backend lati_backend_##identifier = {                                                 \
      .name = text,                                                                                \
      .narrow = is_narrow,                                                                         \
      .memory = &lati_host_memory,                                                                 \
      .update = &lati_host_update,                                                                 \
      .decoding = &lati_host_decoding,                                                             \
      .packed_size = packed_size_##identifier,                                                     \
      .pack = pack_##identifier,                                                                   \
      .linear_forward = forward_##identifier,                                                      \
      .linear_slice = slice_##identifier,                                                          \
      .linear_backward_input = backward_input_##identifier,                                        \
      .weight_scratch = weight_scratch_##identifier,                                               \
      .linear_backward_weight = backward_weight_##identifier,                                      \
      .shorten = lati_shorten,                                                                     \
      .layernorm_forward = lati_layernorm_forward,                                                 \
      .layernorm_backward = lati_layernorm_backward,                                               \
      .attention_scratch = lati_panel_attention_scratch,                                           \
      .attention_forward = attention_forward_##identifier,                                         \
      .attention_backward = attention_backward_##identifier,                                       \
      .embedding_forward = lati_embedding_forward,                                                 \
      .embedding_backward = lati_embedding_backward,                                               \
      .cross_entropy = lati_cross_entropy,                                                         \
      .factored_cross_entropy = lati_factored_cross_entropy,                                       \
      .factored_logits = lati_factored_logits,                                                     \
      .glu_forward = glu_forward_##identifier,                                                     \
      .glu_backward = glu_backward_##identifier,                                                   \
      .hashed_forward = lati_hashed_forward,                                                       \
      .hashed_backward = lati_hashed_backward,                                                     \
      .dropout = lati_dropout_forward,                                                             \
      .gate_forward = lati_gate_forward,                                                           \
      .gate_backward = lati_gate_backward,                                                         \
      .cell_forward = lati_cell_forward,                                                           \
      .cell_backward = lati_cell_backward,                                                         \
      .add = lati_add,                                                                             \
  };

#if defined(__x86_64__)
DEFINE_BACKEND("f32-avx512", 0, f32_avx512, lati_vector_avx512.panels)
#if LATI_HAS_AVX512_BF16
DEFINE_BACKEND("bf16-avx512", 1, bf16_avx512, &lati_panel_bf16_avx512)
#endif
#if LATI_HAS_AMX
DEFINE_BACKEND("bf16-amx", 1, bf16_amx, &lati_panel_bf16_amx)
#endif
#else
DEFINE_BACKEND("f32-neon", 0, f32_neon, lati_vector_neon.panels)
#if LATI_HAS_ARM_BF16
DEFINE_BACKEND("bf16-neon", 1, bf16_neon, &lati_panel_bf16_neon)
#endif
#endif

#endif
