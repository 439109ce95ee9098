/* Self-attention: q, k and v of a stack's own tokens, fused into one product; the decoder's is
 * causal. y = out(softmax(q k^T / sqrt(head width)) v). */
#include "transformer/attention_parts.h"
#include "transformer/decoder_impl.h"

enum { QKV, OUT };               /* block->linear: (3 width, width), (width, width) */
enum { SAVED_QKV, SAVED_HEADS }; /* state->rows: (T, 3 width), (T, width) */

static void declare(lati_declaration *to, const lati_block *block) {
  lati_declare_attention(to, block->kind->name, block->stack->width, block->stack->width);
}

static void view(lati_block *block, const lati_scope *in) {
  const int32_t width = block->stack->width;
  block->linear[QKV] = lati_view_linear(in, block->kind->name, "q_lin", 3 * width, width);
  block->linear[OUT] = lati_view_linear(in, block->kind->name, "out_lin", width, width);
}

static void plan(lati_block_state *state, lati_arena *from, const lati_block *block,
                 const lati_extent *extent) {
  const lati_stack *stack = block->stack;
  state->rows[SAVED_QKV] = lati_take_operand(from, extent->tokens, 3 * stack->width);
  state->rows[SAVED_HEADS] = lati_take_operand(from, extent->tokens, stack->width);
  state->lse = lati_take_floats(from, extent->tokens, stack->heads);
}

typedef struct gradients {
  lati_rows d_heads, d_qkv; /* (T, width), (T, 3 width) */
} gradients;

static gradients take_gradients(lati_arena *from, const lati_block *block, int64_t tokens) {
  gradients d;
  d.d_heads = lati_take_operand(from, tokens, block->stack->width);
  d.d_qkv = lati_take_operand(from, tokens, 3 * block->stack->width);
  return d;
}

static size_t backward_bytes(const lati_backend *backend, const lati_block *block,
                             const lati_extent *extent) {
  lati_arena count = {.backend = backend};
  (void)take_gradients(&count, block, extent->tokens);
  return count.used;
}

static void forward(const lati_block_pass *pass, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = pass->work;
  const lati_stack_state *state = pass->state;
  const lati_rows qkv = pass->saved->rows[SAVED_QKV], heads = pass->saved->rows[SAVED_HEADS];
  lati_dropout dropout;
  const lati_attention shape =
      lati_attention_shape(pass, state, pass->block->stack->causal, &dropout);
  lati_block_product(pass, qkv, QKV, x, state->tokens, NULL);
  work->backend->attention_forward(work->pool, heads, pass->saved->lse,
                                   lati_fused_part(pass, qkv, 0), lati_fused_part(pass, qkv, 1),
                                   lati_fused_part(pass, qkv, 2), &shape, work->scratch.tiles);
  lati_block_product(pass, lati_floats(y, pass->block->stack->width), OUT, heads, state->tokens,
                     residual);
}

static void backward(const lati_block_pass *pass, float *d_x, int accumulate, lati_rows d_y,
                     lati_rows x) {
  const lati_workspace *work = pass->work;
  const lati_block *block = pass->block;
  const int64_t tokens = pass->state->tokens;
  const lati_rows qkv = pass->saved->rows[SAVED_QKV], heads = pass->saved->rows[SAVED_HEADS];
  lati_dropout dropout;
  const lati_attention shape =
      lati_attention_shape(pass, pass->state, block->stack->causal, &dropout);
  lati_arena scratch = {.backend = work->backend, .base = work->scratch.block};
  const gradients d = take_gradients(&scratch, block, tokens);
  lati_linear_backward(work, &block->linear[OUT], d.d_heads, 0, d_y, heads, tokens, NULL);
  work->backend->attention_backward(
      work->pool, lati_fused_part(pass, d.d_qkv, 0), lati_fused_part(pass, d.d_qkv, 1),
      lati_fused_part(pass, d.d_qkv, 2), d.d_heads, heads, pass->saved->lse,
      lati_fused_part(pass, qkv, 0), lati_fused_part(pass, qkv, 1), lati_fused_part(pass, qkv, 2),
      &shape, work->scratch.tiles);
  lati_linear_backward(work, &block->linear[QKV], lati_floats(d_x, block->stack->width), accumulate,
                       d.d_qkv, x, tokens, NULL);
}

/* The tokens so far; the last, which no other row sees, is kept here. */
static int64_t keys_so_far(const float **keys, const lati_attend *attend, int64_t row) {
  const lati_decode_call *call = attend->call;
  const lati_decoder *decoder = call->decoder;
  const int64_t width = call->block->stack->width;
  const float *computed = decoder->qkv + row * attend->query_ld + width;
  float *kept = lati_cache_key(&decoder->cache, call->pass, decoder->position, row);
  lati_decoder_keep(decoder, kept, computed);
  lati_decoder_keep(decoder, kept + attend->to_value, computed + width);
  const int32_t *history = decoder->history + call->rows[row].history * decoder->max_length;
  for (int32_t t = 0; t <= decoder->position; ++t) {
    keys[t] = lati_cache_key(&decoder->cache, call->pass, t, history[t]);
  }
  return decoder->position + 1;
}

static void step(const lati_decode_call *call, float *y, lati_rows x, const float *residual) {
  lati_decoder *decoder = call->decoder;
  const int64_t width = call->block->stack->width;
  lati_decoder_linear(decoder, lati_floats(decoder->qkv, 3 * width), &call->block->linear[QKV], x,
                      LATI_IDENTITY, NULL);
  lati_decoder_attend(
      &(lati_attend){call, keys_so_far, NULL, lati_cache_to_value(&decoder->cache), 3 * width});
  lati_decoder_linear(decoder, lati_floats(y, width), &call->block->linear[OUT],
                      lati_floats(decoder->attended, width), LATI_IDENTITY, residual);
}

const lati_block_kind lati_self_attention = {.name = "self_attention",
                                             .norm = "layer_norm1",
                                             .linears = 2,
                                             .declare = declare,
                                             .view = view,
                                             .plan = plan,
                                             .backward_bytes = backward_bytes,
                                             .forward = forward,
                                             .backward = backward,
                                             .step = step};
