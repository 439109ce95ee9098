#include "compute/dropout.h"
#include "compute/elementwise.h"
#include "compute/ops.h"
#include "compute/panel.h"
#include "compute/recurrent_cell.h"
#include "compute/vector.h"

static void attention_forward(const lati_device *device, lati_rows o, float *lse, lati_rows q,
                              lati_rows k, lati_rows v, const lati_attention *shape,
                              void *scratch) {
  lati_panel_attention_forward(lati_vector_best()->panels, device, o, lse, q, k, v, shape, scratch);
}

static void attention_backward(const lati_device *device, lati_rows d_q, lati_rows d_k,
                               lati_rows d_v, lati_rows d_o, lati_rows o, const float *lse,
                               lati_rows q, lati_rows k, lati_rows v, const lati_attention *shape,
                               void *scratch) {
  lati_panel_attention_backward(lati_vector_best()->panels, device, d_q, d_k, d_v, d_o, o, lse, q,
                                k, v, shape, scratch);
}

static void glu_forward(const lati_device *device, lati_rows y, lati_rows x, int64_t tokens,
                        int32_t width, lati_activation activation) {
  lati_panel_glu_forward(lati_vector_best()->panels, device, y, x, tokens, width, activation);
}

static void glu_backward(const lati_device *device, lati_rows d_x, lati_rows d_y, lati_rows x,
                         int64_t tokens, int32_t width, lati_activation activation) {
  lati_panel_glu_backward(lati_vector_best()->panels, device, d_x, d_y, x, tokens, width,
                          activation);
}

const lati_backend lati_backend_f32 = {
    .name = "f32-" LATI_BLAS,
    .memory = &lati_host_memory,
    .update = &lati_host_update,
    .decoding = &lati_host_decoding,
    .packed_size = lati_linear_packed_size,
    .pack = lati_linear_pack,
    .linear_forward = lati_linear_forward,
    .linear_slice = lati_linear_slice,
    .linear_backward_input = lati_linear_backward_input,
    .weight_scratch = lati_linear_weight_scratch,
    .linear_backward_weight = lati_linear_backward_weight,
    .shorten = lati_shorten,
    .layernorm_forward = lati_layernorm_forward,
    .layernorm_backward = lati_layernorm_backward,
    .attention_scratch = lati_panel_attention_scratch,
    .attention_forward = attention_forward,
    .attention_backward = attention_backward,
    .embedding_forward = lati_embedding_forward,
    .embedding_backward = lati_embedding_backward,
    .cross_entropy = lati_cross_entropy,
    .factored_cross_entropy = lati_factored_cross_entropy,
    .factored_logits = lati_factored_logits,
    .glu_forward = glu_forward,
    .glu_backward = glu_backward,
    .hashed_forward = lati_hashed_forward,
    .hashed_backward = lati_hashed_backward,
    .dropout = lati_dropout_forward,
    .gate_forward = lati_gate_forward,
    .gate_backward = lati_gate_backward,
    .cell_forward = lati_cell_forward,
    .cell_backward = lati_cell_backward,
    .add = lati_add,
};
