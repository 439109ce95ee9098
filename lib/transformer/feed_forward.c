#include "transformer/blocks.h"

static void feed_forward(const lati_block *block, float *y, const float *x, const float *residual) {
  const lati_workspace *work = block->work;
  const lati_stack *stack = block->state->stack;
  const int64_t tokens = block->state->tokens;
  lati_layer_state *saved = block->saved;
  const lati_rows inner = {saved->inner, stack->inner};
  /* lati_rows serves operands of either direction; x is only read. */
  work->backend->linear_forward(work->pool, inner, &block->layer->lin1,
                                (lati_rows){(float *)(uintptr_t)x, stack->width}, tokens,
                                stack->activation, saved->pre, NULL);
  work->backend->linear_forward(work->pool, (lati_rows){y, stack->width}, &block->layer->lin2,
                                inner, tokens, LATI_IDENTITY, NULL, residual);
}

static void feed_backward(const lati_block *block, float *d_x, int accumulate, float *d_y,
                          float *x) {
  const lati_workspace *work = block->work;
  const lati_stack *stack = block->state->stack;
  const int64_t tokens = block->state->tokens;
  const lati_layer_state *saved = block->saved;
  const lati_rows d_inner = {work->scratch.d_wide, stack->inner};
  lati_linear_backward(work, &block->layer->lin2, d_inner, 0, (lati_rows){d_y, stack->width},
                       (lati_rows){saved->inner, stack->inner}, tokens);
  work->backend->activation_backward(work->pool, d_inner.data, saved->inner, saved->pre,
                                     tokens * stack->inner, stack->activation);
  lati_linear_backward(work, &block->layer->lin1, (lati_rows){d_x, stack->width}, accumulate,
                       d_inner, (lati_rows){x, stack->width}, tokens);
}

const lati_block_kind lati_feed_forward = {feed_forward, feed_backward};
