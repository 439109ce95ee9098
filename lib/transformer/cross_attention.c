/* Cross-attention: queries of a stack's own tokens, keys and values of another stack's output
 * (block->memory), of which k and v are one product. */
#include "transformer/attention_parts.h"
#include "transformer/decoder_impl.h"

enum { Q, KV, OUT }; /* block->linear: (width, width), (2 width, memory width), (width, width) */
enum { SAVED_Q, SAVED_KV, SAVED_HEADS }; /* state->rows: (T, width), (S, 2 width), (T, width) */

static void declare(lati_declaration *to, const lati_block *block) {
  lati_declare_attention(to, block->kind->name, block->stack->width, block->memory->width);
}

static void view(lati_block *block, const lati_scope *in) {
  const char *name = block->kind->name;
  const int32_t width = block->stack->width;
  block->linear[Q] = lati_view_linear(in, name, "q_lin", width, width);
  block->linear[KV] = lati_view_linear(in, name, "k_lin", 2 * width, block->memory->width);
  block->linear[OUT] = lati_view_linear(in, name, "out_lin", width, width);
}

static void plan(lati_block_state *state, lati_arena *from, const lati_block *block,
                 const lati_extent *extent) {
  const lati_stack *stack = block->stack;
  state->rows[SAVED_Q] = lati_take_operand(from, extent->tokens, stack->width);
  state->rows[SAVED_KV] = lati_take_operand(from, extent->memory_tokens, 2 * stack->width);
  state->rows[SAVED_HEADS] = lati_take_operand(from, extent->tokens, stack->width);
  state->lse = lati_take_floats(from, extent->tokens, stack->heads);
}

typedef struct gradients {
  lati_rows d_heads, d_q, d_kv; /* (T, width), (T, width), (S, 2 width) */
} gradients;

static gradients take_gradients(lati_arena *from, const lati_block *block, int64_t tokens,
                                int64_t memory_tokens) {
  gradients d;
  d.d_heads = lati_take_operand(from, tokens, block->stack->width);
  d.d_q = lati_take_operand(from, tokens, block->stack->width);
  d.d_kv = lati_take_operand(from, memory_tokens, 2 * block->stack->width);
  return d;
}

static void plan_backward(lati_arena *from, const lati_block *block, const lati_extent *extent) {
  (void)take_gradients(from, block, extent->tokens, extent->memory_tokens);
}

static void forward(const lati_block_pass *pass, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = pass->work;
  const lati_stack_state *state = pass->state;
  const lati_stack_state *memory = lati_memory_state(work, pass->block);
  const lati_rows q = pass->saved->rows[SAVED_Q], kv = pass->saved->rows[SAVED_KV];
  const lati_rows heads = pass->saved->rows[SAVED_HEADS];
  lati_dropout dropout;
  const lati_attention shape = lati_attention_shape(pass, memory, 0, &dropout);
  lati_block_product(pass, q, Q, x, state->tokens, NULL);
  lati_block_product(pass, kv, KV, memory->output.operand, memory->tokens, NULL);
  work->device->operations->attention_forward(
      work->device, heads, pass->saved->lse, q, lati_fused_part(pass, kv, 0),
      lati_fused_part(pass, kv, 1), &shape, work->scratch.tiles);
  lati_block_product(pass, lati_floats(y, pass->block->stack->width), OUT, heads, state->tokens,
                     residual);
}

static void backward(const lati_block_pass *pass, float *d_x, int accumulate, lati_rows d_y,
                     lati_rows x) {
  const lati_workspace *work = pass->work;
  const lati_block *block = pass->block;
  const int64_t tokens = pass->state->tokens;
  const lati_stack_state *memory = lati_memory_state(work, block);
  const lati_rows q = pass->saved->rows[SAVED_Q], kv = pass->saved->rows[SAVED_KV];
  const lati_rows heads = pass->saved->rows[SAVED_HEADS];
  lati_dropout dropout;
  const lati_attention shape = lati_attention_shape(pass, memory, 0, &dropout);
  lati_arena scratch = lati_block_scratch(work);
  const gradients d = take_gradients(&scratch, block, tokens, memory->tokens);
  lati_linear_backward(work, &block->linear[OUT], d.d_heads, 0, d_y, heads, tokens, NULL);
  work->device->operations->attention_backward(
      work->device, d.d_q, lati_fused_part(pass, d.d_kv, 0), lati_fused_part(pass, d.d_kv, 1),
      d.d_heads, heads, pass->saved->lse, q, lati_fused_part(pass, kv, 0),
      lati_fused_part(pass, kv, 1), &shape, work->scratch.tiles);
  lati_linear_backward(work, &block->linear[Q], lati_floats(d_x, block->stack->width), accumulate,
                       d.d_q, x, tokens, NULL);
  lati_linear_backward(work, &block->linear[KV],
                       lati_floats(memory->d_hidden, memory->stack->width), 1, d.d_kv,
                       memory->output.operand, memory->tokens, NULL);
}

/* Keys and values of the memory for one layer; its loops share them. */
static lat_status start(lati_decoder *decoder, const lati_block *block, int32_t layer,
                        lati_rows memory) {
  lat_status status = LAT_OK;
  const lati_stack *stack = block->stack;
  const int64_t tokens = decoder->source_tokens, width = stack->width;
  LATI_TRY(lati_decoder_reserve(&decoder->cross, &decoder->cross_capacity, decoder,
                                stack->layers * tokens * 2 * decoder->kv_width));
  LATI_TRY(lati_decoder_reserve(&decoder->projected, &decoder->projected_capacity, decoder,
                                tokens * 2 * width));
  const lati_rows projected = lati_floats(decoder->projected, 2 * width);
  const lati_keeping to = {.keys = decoder->cross + layer * 2 * tokens * decoder->kv_width,
                           .to_value = tokens * decoder->kv_width,
                           .page_rows = tokens,
                           .row_ld = decoder->kv_width};
  decoder->device->operations->linear_forward(decoder->device, projected, &block->linear[KV],
                                              memory, tokens, LATI_IDENTITY, (lati_rows){0}, NULL);
  lati_decoder_keep(decoder, projected, 0, width, tokens, &to);
done:
  return status;
}

static int64_t keys_of_source(const float **keys, const void *user, int64_t row) {
  const lati_attend *attend = user;
  const lati_decoder *decoder = attend->call->decoder;
  const int64_t *offsets = decoder->source_offsets + attend->call->rows[row].source;
  const int64_t ld = decoder->kv_width;
  for (int64_t t = offsets[0]; t < offsets[1]; ++t) {
    keys[t - offsets[0]] = attend->keys + t * ld;
  }
  return offsets[1] - offsets[0];
}

static void step(const lati_decode_call *call, float *y, lati_rows x, const float *residual) {
  lati_decoder *decoder = call->decoder;
  const lati_stack *stack = call->block->stack;
  const int64_t width = stack->width, to_value = decoder->source_tokens * decoder->kv_width;
  const int32_t layer = lati_stack_layer(stack, call->pass);
  lati_decoder_linear(decoder, lati_floats(decoder->qkv, width), &call->block->linear[Q], x,
                      LATI_IDENTITY, NULL);
  lati_decoder_attend(
      &(lati_attend){call, keys_of_source, decoder->cross + layer * 2 * to_value, to_value, width});
  lati_decoder_linear(decoder, lati_floats(y, width), &call->block->linear[OUT],
                      lati_floats(decoder->attended, width), LATI_IDENTITY, residual);
}

const lati_block_kind lati_cross_attention = {.name = "cross_attention",
                                              .norm = "layer_norm15",
                                              .linears = 3,
                                              .declare = declare,
                                              .view = view,
                                              .plan = plan,
                                              .plan_backward = plan_backward,
                                              .forward = forward,
                                              .backward = backward,
                                              .start = start,
                                              .step = step};
