#include "transformer/blocks.h"

static void feed_forward(const lati_block *block, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = block->work;
  const lati_stack *stack = block->state->stack;
  const int64_t tokens = block->state->tokens;
  const lati_layer_state *saved = block->saved;
  work->backend->linear_forward(work->pool, saved->inner, &block->layer->lin1, x, tokens,
                                stack->activation, saved->pre, NULL);
  work->backend->linear_forward(work->pool, lati_floats(y, stack->width), &block->layer->lin2,
                                saved->inner, tokens, LATI_IDENTITY, (lati_rows){0}, residual);
}

static void feed_backward(const lati_block *block, float *d_x, int accumulate, lati_rows d_y,
                          lati_rows x) {
  const lati_workspace *work = block->work;
  const lati_stack *stack = block->state->stack;
  const int64_t tokens = block->state->tokens;
  const lati_layer_state *saved = block->saved;
  const lati_rows d_inner = lati_operand_rows(work, work->scratch.d_wide, stack->inner);
  const int gelu = stack->activation == LATI_GELU;
  const lati_slope slope = {stack->activation, gelu ? saved->pre : saved->inner};
  lati_linear_backward(work, &block->layer->lin2, d_inner, 0, d_y, saved->inner, tokens, &slope);
  lati_linear_backward(work, &block->layer->lin1, lati_floats(d_x, stack->width), accumulate,
                       d_inner, x, tokens, NULL);
}

const lati_block_kind lati_feed_forward = {feed_forward, feed_backward};
