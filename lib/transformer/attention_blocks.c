#include "transformer/blocks.h"

/* The matrix `index` of those of the stack's width that lie side by side: what qkv and kv are. */
static lati_rows part(const lati_block *block, lati_rows fused, int32_t index) {
  return lati_rows_at(fused, 0, (int64_t)index * block->state->stack->width);
}

/* Memory as rows of operands, `count` of the stack's widths. */
static lati_rows operands(const lati_block *block, void *memory, int32_t count) {
  return lati_operand_rows(block->work, memory, (int64_t)count * block->state->stack->width);
}

static lati_attention shape_of(const lati_block *block, const lati_stack_state *memory,
                               int causal) {
  const lati_stack *stack = block->state->stack;
  return (lati_attention){.q_offsets = block->state->offsets,
                          .k_offsets = memory->offsets,
                          .sequences = block->state->sequences,
                          .heads = stack->heads,
                          .head_width = stack->width / stack->heads,
                          .causal = causal};
}

static void product(const lati_block *block, lati_rows y, const lati_linear *linear, lati_rows x,
                    int64_t tokens, const float *residual) {
  block->work->backend->linear_forward(block->work->pool, y, linear, x, tokens, LATI_IDENTITY,
                                       (lati_rows){0}, residual);
}

static void self_forward(const lati_block *block, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = block->work;
  const lati_stack_state *state = block->state;
  const lati_layer_state *saved = block->saved;
  const lati_attention shape = shape_of(block, state, state->stack->side == LAT_OUTPUT);
  product(block, saved->qkv, &block->layer->self.qkv, x, state->tokens, NULL);
  work->backend->attention_forward(work->pool, saved->self_out, saved->self_lse,
                                   part(block, saved->qkv, 0), part(block, saved->qkv, 1),
                                   part(block, saved->qkv, 2), &shape, work->scratch.tiles);
  product(block, lati_floats(y, state->stack->width), &block->layer->self.out, saved->self_out,
          state->tokens, residual);
}

static void self_backward(const lati_block *block, float *d_x, int accumulate, lati_rows d_y,
                          lati_rows x) {
  const lati_workspace *work = block->work;
  const lati_stack_state *state = block->state;
  const lati_layer_state *saved = block->saved;
  const lati_rows d_mixed = operands(block, work->scratch.d_mixed, 1);
  const lati_rows d_qkv = operands(block, work->scratch.d_wide, 3);
  const lati_attention shape = shape_of(block, state, state->stack->side == LAT_OUTPUT);
  lati_linear_backward(work, &block->layer->self.out, d_mixed, 0, d_y, saved->self_out,
                       state->tokens, NULL);
  work->backend->attention_backward(
      work->pool, part(block, d_qkv, 0), part(block, d_qkv, 1), part(block, d_qkv, 2), d_mixed,
      saved->self_out, saved->self_lse, part(block, saved->qkv, 0), part(block, saved->qkv, 1),
      part(block, saved->qkv, 2), &shape, work->scratch.tiles);
  lati_linear_backward(work, &block->layer->self.qkv, lati_floats(d_x, state->stack->width),
                       accumulate, d_qkv, x, state->tokens, NULL);
}

static void cross_forward(const lati_block *block, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = block->work;
  const lati_stack_state *state = block->state, *memory = &work->encoder;
  const lati_layer_state *saved = block->saved;
  const lati_attention shape = shape_of(block, memory, 0);
  product(block, saved->q, &block->layer->cross.q, x, state->tokens, NULL);
  product(block, saved->kv, &block->layer->cross.kv, memory->output.operand, memory->tokens, NULL);
  work->backend->attention_forward(work->pool, saved->cross_out, saved->cross_lse, saved->q,
                                   part(block, saved->kv, 0), part(block, saved->kv, 1), &shape,
                                   work->scratch.tiles);
  product(block, lati_floats(y, state->stack->width), &block->layer->cross.out, saved->cross_out,
          state->tokens, residual);
}

static void cross_backward(const lati_block *block, float *d_x, int accumulate, lati_rows d_y,
                           lati_rows x) {
  const lati_workspace *work = block->work;
  const lati_stack_state *state = block->state, *memory = &work->encoder;
  const lati_layer_state *saved = block->saved;
  const lati_scratch *scratch = &work->scratch;
  const lati_attention shape = shape_of(block, memory, 0);
  const lati_rows d_mixed = operands(block, scratch->d_mixed, 1);
  const lati_rows d_q = operands(block, scratch->d_wide, 1);
  const lati_rows d_kv = operands(block, scratch->d_kv, 2);
  lati_linear_backward(work, &block->layer->cross.out, d_mixed, 0, d_y, saved->cross_out,
                       state->tokens, NULL);
  work->backend->attention_backward(work->pool, d_q, part(block, d_kv, 0), part(block, d_kv, 1),
                                    d_mixed, saved->cross_out, saved->cross_lse, saved->q,
                                    part(block, saved->kv, 0), part(block, saved->kv, 1), &shape,
                                    scratch->tiles);
  lati_linear_backward(work, &block->layer->cross.q, lati_floats(d_x, state->stack->width),
                       accumulate, d_q, x, state->tokens, NULL);
  lati_linear_backward(work, &block->layer->cross.kv,
                       lati_floats(scratch->d_encoded, memory->stack->width), 1, d_kv,
                       memory->output.operand, memory->tokens, NULL);
}

const lati_block_kind lati_self_attention = {self_forward, self_backward};
const lati_block_kind lati_cross_attention = {cross_forward, cross_backward};
