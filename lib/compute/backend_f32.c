#include "compute/elementwise.h"
#include "compute/ops.h"

const lati_backend lati_backend_f32 = {
    .name = "f32-blis",
    .packed_size = lati_linear_packed_size,
    .pack = lati_linear_pack,
    .linear_forward = lati_linear_forward,
    .linear_slice = lati_linear_slice,
    .linear_backward_input = lati_linear_backward_input,
    .weight_scratch = lati_linear_weight_scratch,
    .linear_backward_weight = lati_linear_backward_weight,
    .activation_backward = lati_activation_backward,
    .layernorm_forward = lati_layernorm_forward,
    .layernorm_backward = lati_layernorm_backward,
    .attention_forward = lati_attention_forward,
    .attention_backward = lati_attention_backward,
    .embedding_forward = lati_embedding_forward,
    .embedding_backward = lati_embedding_backward,
    .cross_entropy = lati_cross_entropy,
    .dropout = lati_dropout_forward,
    .add = lati_add,
};
