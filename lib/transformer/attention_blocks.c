#include "transformer/blocks.h"

/* `count` matrices of the stack's width side by side: what qkv and kv are. */
static lati_rows part(const lati_block *block, float *data, int32_t index, int32_t count) {
  const int32_t width = block->state->stack->width;
  return (lati_rows){data + (int64_t)index * width, (int64_t)count * width};
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

static void product(const lati_block *block, float *y, const lati_linear *linear, const float *x,
                    int64_t tokens, const float *residual) {
  /* lati_rows serves operands of either direction; x is only read. */
  block->work->backend->linear_forward(block->work->pool, (lati_rows){y, linear->out}, linear,
                                       (lati_rows){(float *)(uintptr_t)x, linear->in}, tokens,
                                       LATI_IDENTITY, NULL, residual);
}

static void self_forward(const lati_block *block, float *y, const float *x, const float *residual) {
  const lati_workspace *work = block->work;
  const lati_stack_state *state = block->state;
  lati_layer_state *saved = block->saved;
  const lati_attention shape = shape_of(block, state, state->stack->side == LAT_OUTPUT);
  product(block, saved->qkv, &block->layer->self.qkv, x, state->tokens, NULL);
  work->backend->attention_forward(work->pool, part(block, saved->self_out, 0, 1), saved->self_lse,
                                   part(block, saved->qkv, 0, 3), part(block, saved->qkv, 1, 3),
                                   part(block, saved->qkv, 2, 3), &shape, work->scratch.tiles);
  product(block, y, &block->layer->self.out, saved->self_out, state->tokens, residual);
}

static void self_backward(const lati_block *block, float *d_x, int accumulate, float *d_y,
                          float *x) {
  const lati_workspace *work = block->work;
  const lati_stack_state *state = block->state;
  const lati_layer_state *saved = block->saved;
  float *d_mixed = work->scratch.d_mixed, *d_qkv = work->scratch.d_wide;
  const lati_attention shape = shape_of(block, state, state->stack->side == LAT_OUTPUT);
  const lati_rows mixed = part(block, saved->self_out, 0, 1);
  lati_linear_backward(work, &block->layer->self.out, part(block, d_mixed, 0, 1), 0,
                       part(block, d_y, 0, 1), mixed, state->tokens);
  work->backend->attention_backward(
      work->pool, part(block, d_qkv, 0, 3), part(block, d_qkv, 1, 3), part(block, d_qkv, 2, 3),
      part(block, d_mixed, 0, 1), mixed, saved->self_lse, part(block, saved->qkv, 0, 3),
      part(block, saved->qkv, 1, 3), part(block, saved->qkv, 2, 3), &shape, work->scratch.tiles);
  lati_linear_backward(work, &block->layer->self.qkv, part(block, d_x, 0, 1), accumulate,
                       part(block, d_qkv, 0, 3), part(block, x, 0, 1), state->tokens);
}

static void cross_forward(const lati_block *block, float *y, const float *x,
                          const float *residual) {
  const lati_workspace *work = block->work;
  const lati_stack_state *state = block->state, *memory = &work->encoder;
  lati_layer_state *saved = block->saved;
  const lati_attention shape = shape_of(block, memory, 0);
  product(block, saved->q, &block->layer->cross.q, x, state->tokens, NULL);
  product(block, saved->kv, &block->layer->cross.kv, memory->output, memory->tokens, NULL);
  work->backend->attention_forward(work->pool, part(block, saved->cross_out, 0, 1),
                                   saved->cross_lse, part(block, saved->q, 0, 1),
                                   part(block, saved->kv, 0, 2), part(block, saved->kv, 1, 2),
                                   &shape, work->scratch.tiles);
  product(block, y, &block->layer->cross.out, saved->cross_out, state->tokens, residual);
}

static void cross_backward(const lati_block *block, float *d_x, int accumulate, float *d_y,
                           float *x) {
  const lati_workspace *work = block->work;
  const lati_stack_state *state = block->state, *memory = &work->encoder;
  const lati_layer_state *saved = block->saved;
  const lati_scratch *scratch = &work->scratch;
  const lati_attention shape = shape_of(block, memory, 0);
  const lati_rows mixed = part(block, saved->cross_out, 0, 1);
  const lati_rows d_mixed = part(block, scratch->d_mixed, 0, 1);
  const lati_rows d_q = part(block, scratch->d_wide, 0, 1);
  lati_linear_backward(work, &block->layer->cross.out, d_mixed, 0, part(block, d_y, 0, 1), mixed,
                       state->tokens);
  work->backend->attention_backward(
      work->pool, d_q, part(block, scratch->d_kv, 0, 2), part(block, scratch->d_kv, 1, 2), d_mixed,
      mixed, saved->cross_lse, part(block, saved->q, 0, 1), part(block, saved->kv, 0, 2),
      part(block, saved->kv, 1, 2), &shape, work->scratch.tiles);
  lati_linear_backward(work, &block->layer->cross.q, part(block, d_x, 0, 1), accumulate, d_q,
                       part(block, x, 0, 1), state->tokens);
  const int64_t memory_width = memory->stack->width;
  lati_linear_backward(work, &block->layer->cross.kv, (lati_rows){scratch->d_encoded, memory_width},
                       1, part(block, scratch->d_kv, 0, 2),
                       (lati_rows){memory->output, memory_width}, memory->tokens);
}

const lati_block_kind lati_self_attention = {self_forward, self_backward};
const lati_block_kind lati_cross_attention = {cross_forward, cross_backward};
