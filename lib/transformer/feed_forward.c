/* Feed-forward: y = W2 activation(W1 x + b1) + b2, `inner` wide between the products. */
#include "transformer/block_kind.h"
#include "transformer/decoder_impl.h"

enum { UP, DOWN }; /* block->linear: (inner, width), (width, inner) */
enum {
  SAVED_INNER,
  SAVED_PRE
}; /* state->rows: (T, inner); PRE: GELU in training alone, else none */

static void declare(lati_declaration *to, const lati_block *block) {
  const lati_stack *stack = block->stack;
  lati_declare_linear(to, block->kind->name, "lin1", stack->inner, stack->width);
  lati_declare_linear(to, block->kind->name, "lin2", stack->width, stack->inner);
}

static void view(lati_block *block, const lati_scope *in) {
  const lati_stack *stack = block->stack;
  block->linear[UP] = lati_view_linear(in, block->kind->name, "lin1", stack->inner, stack->width);
  block->linear[DOWN] = lati_view_linear(in, block->kind->name, "lin2", stack->width, stack->inner);
}

static void plan(lati_block_state *state, lati_arena *from, const lati_block *block,
                 const lati_extent *extent) {
  const lati_stack *stack = block->stack;
  state->rows[SAVED_INNER] = lati_take_operand(from, extent->tokens, stack->inner);
  state->rows[SAVED_PRE] = (lati_rows){0};
  if (extent->training && stack->activation == LATI_GELU) {
    state->rows[SAVED_PRE] = lati_take_operand(from, extent->tokens, stack->inner);
  }
}

static void plan_backward(lati_arena *from, const lati_block *block, const lati_extent *extent) {
  (void)lati_take_operand(from, extent->tokens, block->stack->inner);
}

static void forward(const lati_block_pass *pass, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = pass->work;
  const lati_stack *stack = pass->block->stack;
  const int64_t tokens = pass->state->tokens;
  const lati_block_state *saved = pass->saved;
  work->device->operations->linear_forward(work->device, saved->rows[SAVED_INNER],
                                           &pass->block->linear[UP], x, tokens, stack->activation,
                                           saved->rows[SAVED_PRE], NULL);
  lati_block_product(pass, lati_floats(y, stack->width), DOWN, saved->rows[SAVED_INNER], tokens,
                     residual);
}

static void backward(const lati_block_pass *pass, float *d_x, int accumulate, lati_rows d_y,
                     lati_rows x) {
  const lati_workspace *work = pass->work;
  const lati_block *block = pass->block;
  const lati_stack *stack = block->stack;
  const int64_t tokens = pass->state->tokens;
  const lati_block_state *saved = pass->saved;
  lati_arena scratch = lati_block_scratch(work);
  const lati_rows d_inner = lati_take_operand(&scratch, tokens, stack->inner);
  const int gelu = stack->activation == LATI_GELU;
  const lati_slope slope = {stack->activation, saved->rows[gelu ? SAVED_PRE : SAVED_INNER]};
  lati_linear_backward(work, &block->linear[DOWN], d_inner, 0, d_y, saved->rows[SAVED_INNER],
                       tokens, &slope);
  lati_linear_backward(work, &block->linear[UP], lati_floats(d_x, stack->width), accumulate,
                       d_inner, x, tokens, NULL);
}

static void step(const lati_decode_call *call, float *y, lati_rows x, const float *residual) {
  lati_decoder *decoder = call->decoder;
  const lati_stack *stack = call->block->stack;
  lati_decoder_linear(decoder, decoder->inner, &call->block->linear[UP], x, stack->activation,
                      NULL);
  lati_decoder_linear(decoder, lati_floats(y, stack->width), &call->block->linear[DOWN],
                      decoder->inner, LATI_IDENTITY, residual);
}

const lati_block_kind lati_feed_forward = {.name = "ffn",
                                           .norm = "layer_norm2",
                                           .linears = 2,
                                           .declare = declare,
                                           .view = view,
                                           .plan = plan,
                                           .plan_backward = plan_backward,
                                           .forward = forward,
                                           .backward = backward,
                                           .step = step};
