/* What self- and cross-attention share: the names and order of their parameters, and views of
 * fused rows. q_lin, k_lin and v_lin lie end to end in the flat vector (weights, then biases), so
 * that several of them are one product. */
#ifndef LATI_ATTENTION_PARTS_H
#define LATI_ATTENTION_PARTS_H

#include "transformer/block_kind.h"

/* Weights of q, k, v end to end, then their biases, then the product behind them. */
static inline void lati_declare_attention(lati_declaration *to, const char *block, int32_t width,
                                          int32_t memory_width) {
  static const char *const parts[2] = {"weight", "bias"};
  for (int i = 0; i < 2; ++i) {
    lati_declare_linear_part(to, block, "q_lin", parts[i], width, width);
    lati_declare_linear_part(to, block, "k_lin", parts[i], width, memory_width);
    lati_declare_linear_part(to, block, "v_lin", parts[i], width, memory_width);
  }
  lati_declare_linear(to, block, "out_lin", width, width);
}

/* The matrix `index` of those of the stack's width that lie side by side. */
static inline lati_rows lati_fused_part(const lati_block_pass *pass, lati_rows fused,
                                        int32_t index) {
  return lati_rows_at(fused, 0, (int64_t)index * pass->block->stack->width);
}

/* dropout: room for that of the probabilities, as long as the shape is used. */
static inline lati_attention lati_attention_shape(const lati_block_pass *pass,
                                                  const lati_stack_state *memory, int causal,
                                                  lati_dropout *dropout) {
  const lati_stack *stack = pass->block->stack;
  const lat_model_options *options = &pass->work->model->options;
  const int drops =
      lati_dropout_at(dropout, pass->work, pass->state, pass->site, options->attention_dropout);
  return (lati_attention){.q_offsets = pass->state->offsets,
                          .k_offsets = memory->offsets,
                          .sequences = pass->state->sequences,
                          .heads = stack->heads,
                          .head_width = stack->width / stack->heads,
                          .causal = causal,
                          .dropout = drops ? dropout : NULL};
}

#endif
