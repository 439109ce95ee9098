/* Hashed feed-forward (after "MemoryFormer", 2024): the block is one map from width to width by
 * lookups in tables, sum over chunks k of p(z_k) T_k[signs of z_k]; see lati_backend. A chunk of b
 * values has a table of 2^b rows, so that parameters grow as 2^b / b while a token's multiply-adds
 * fall to 1 / b of those of one product. */
#include "transformer/block_kind.h"
#include "transformer/decoder_impl.h"

enum { TABLES }; /* block->linear: weight alone, (width / bits << bits, width), not a product */

static int64_t table_rows(const lati_stack *stack) {
  return (int64_t)(stack->width / stack->hash_bits) << stack->hash_bits;
}

static void declare(lati_declaration *to, const lati_block *block) {
  const lati_stack *stack = block->stack;
  lati_declare(to, "ffn.tables.weight", (int32_t)table_rows(stack), stack->width, LATI_INIT_LINEAR,
               stack->width);
}

static void view(lati_block *block, const lati_scope *in) {
  block->linear[TABLES].weight = lati_view(in, "ffn.tables", ".weight");
}

static lati_hash hash_of(const lati_block *block) {
  return (lati_hash){block->linear[TABLES].weight, block->stack->width, block->stack->hash_bits};
}

static void plan(lati_block_state *state, lati_arena *from, const lati_block *block,
                 const lati_extent *extent) {
  (void)state, (void)from, (void)block, (void)extent;
}

static void plan_backward(lati_arena *from, const lati_block *block, const lati_extent *extent) {
  (void)lati_take_floats(from, extent->tokens, block->stack->width);
}

static void forward(const lati_block_pass *pass, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = pass->work;
  const lati_hash hash = hash_of(pass->block);
  work->device->operations->hashed_forward(work->device, y, &hash, x, pass->state->tokens,
                                           residual);
}

static void backward(const lati_block_pass *pass, float *d_x, int accumulate, lati_rows d_y,
                     lati_rows x) {
  const lati_workspace *work = pass->work;
  const lati_hash hash = hash_of(pass->block);
  const int64_t tokens = pass->state->tokens;
  lati_arena scratch = lati_block_scratch(work);
  float *wide = lati_take_floats(&scratch, tokens, hash.width);
  lati_turn_take(&work->to.turn);
  work->device->operations->hashed_backward(work->device, d_x, lati_gradient_of(work, hash.tables),
                                            &hash, d_y, x, tokens, accumulate, wide);
  lati_turn_give(&work->to.turn);
}

static void step(const lati_decode_call *call, float *y, lati_rows x, const float *residual) {
  const lati_decoder *decoder = call->decoder;
  const lati_hash hash = hash_of(call->block);
  decoder->device->operations->hashed_forward(decoder->device, y, &hash, x, decoder->count,
                                              residual);
}

const lati_block_kind lati_hashed_feed_forward = {.name = "ffn",
                                                  .norm = "layer_norm2",
                                                  .declare = declare,
                                                  .view = view,
                                                  .plan = plan,
                                                  .plan_backward = plan_backward,
                                                  .forward = forward,
                                                  .backward = backward,
                                                  .step = step};
