/* Gated feed-forward (Shazeer 2020, "GLU variants improve transformer"):
 *
 *   [v g] = W1 x + b1,   y = W2 (v activation(g)) + b2
 *
 * v and g are `inner` wide each, so that the block has half as many parameters again as the one
 * without a gate. The activation may be the identity: a bilinear map of x, which multiplies
 * features where an activation alone has to approximate the product. */
#include "transformer/block_kind.h"
#include "transformer/decoder_impl.h"

enum { UP, DOWN }; /* block->linear: (2 inner, width), (width, inner) */
enum {
  SAVED_HALVES,
  SAVED_INNER
}; /* state->rows: [v g] (T, 2 inner); v activation(g) (T, inner) */

static void declare(lati_declaration *to, const lati_block *block) {
  const lati_stack *stack = block->stack;
  lati_declare_linear(to, block->kind->name, "lin1", 2 * stack->inner, stack->width);
  lati_declare_linear(to, block->kind->name, "lin2", stack->width, stack->inner);
}

static void view(lati_block *block, const lati_scope *in) {
  const lati_stack *stack = block->stack;
  block->linear[UP] =
      lati_view_linear(in, block->kind->name, "lin1", 2 * stack->inner, stack->width);
  block->linear[DOWN] = lati_view_linear(in, block->kind->name, "lin2", stack->width, stack->inner);
}

static void plan(lati_block_state *state, lati_arena *from, const lati_block *block,
                 const lati_extent *extent) {
  const int32_t inner = block->stack->inner;
  state->rows[SAVED_HALVES] = lati_take_operand(from, extent->tokens, 2 * inner);
  state->rows[SAVED_INNER] = lati_take_operand(from, extent->tokens, inner);
}

typedef struct gradients {
  lati_rows inner;  /* (T, inner) */
  lati_rows halves; /* (T, 2 inner) */
} gradients;

static gradients take_gradients(lati_arena *from, const lati_block *block, int64_t tokens) {
  const int32_t inner = block->stack->inner;
  gradients taken;
  taken.inner = lati_take_operand(from, tokens, inner);
  taken.halves = lati_take_operand(from, tokens, 2 * inner);
  return taken;
}

static void plan_backward(lati_arena *from, const lati_block *block, const lati_extent *extent) {
  (void)take_gradients(from, block, extent->tokens);
}

static void forward(const lati_block_pass *pass, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = pass->work;
  const lati_stack *stack = pass->block->stack;
  const int64_t tokens = pass->state->tokens;
  const lati_block_state *saved = pass->saved;
  lati_block_product(pass, saved->rows[SAVED_HALVES], UP, x, tokens, NULL);
  work->device->operations->glu_forward(work->device, saved->rows[SAVED_INNER],
                                        saved->rows[SAVED_HALVES], tokens, stack->inner,
                                        stack->activation);
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
  const gradients d = take_gradients(&scratch, block, tokens);
  lati_linear_backward(work, &block->linear[DOWN], d.inner, 0, d_y, saved->rows[SAVED_INNER],
                       tokens, NULL);
  work->device->operations->glu_backward(work->device, d.halves, d.inner, saved->rows[SAVED_HALVES],
                                         tokens, stack->inner, stack->activation);
  lati_linear_backward(work, &block->linear[UP], lati_floats(d_x, stack->width), accumulate,
                       d.halves, x, tokens, NULL);
}

static void step(const lati_decode_call *call, float *y, lati_rows x, const float *residual) {
  lati_decoder *decoder = call->decoder;
  const lati_stack *stack = call->block->stack;
  lati_decoder_linear(decoder, decoder->halves, &call->block->linear[UP], x, LATI_IDENTITY, NULL);
  decoder->device->operations->glu_forward(decoder->device, decoder->inner, decoder->halves,
                                           decoder->count, stack->inner, stack->activation);
  lati_decoder_linear(decoder, lati_floats(y, stack->width), &call->block->linear[DOWN],
                      decoder->inner, LATI_IDENTITY, residual);
}

const lati_block_kind lati_gated_feed_forward = {.name = "ffn",
                                                 .norm = "layer_norm2",
                                                 .linears = 2,
                                                 .inners = 2,
                                                 .declare = declare,
                                                 .view = view,
                                                 .plan = plan,
                                                 .plan_backward = plan_backward,
                                                 .forward = forward,
                                                 .backward = backward,
                                                 .step = step};
