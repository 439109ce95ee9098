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

static void plan_backward(lati_arena *from, const lati_block *block, const lati_extent *extent) {
  (void)take_gradients(from, block, extent->tokens);
}

static void forward(const lati_block_pass *pass, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = pass->work;
  const lati_stack_state *state = pass->state;
  const lati_rows qkv = pass->saved->rows[SAVED_QKV], heads = pass->saved->rows[SAVED_HEADS];
  lati_dropout dropout;
  const lati_attention shape =
      lati_attention_shape(pass, state, pass->block->stack->causal, &dropout);
  lati_block_product(pass, qkv, QKV, x, state->tokens, NULL);
  work->device->operations->attention_forward(
      work->device, heads, pass->saved->lse, lati_fused_part(pass, qkv, 0),
      lati_fused_part(pass, qkv, 1), lati_fused_part(pass, qkv, 2), &shape, work->scratch.tiles);
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
  lati_arena scratch = lati_block_scratch(work);
  const gradients d = take_gradients(&scratch, block, tokens);
  lati_linear_backward(work, &block->linear[OUT], d.d_heads, 0, d_y, heads, tokens, NULL);
  work->device->operations->attention_backward(
      work->device, lati_fused_part(pass, d.d_qkv, 0), lati_fused_part(pass, d.d_qkv, 1),
      lati_fused_part(pass, d.d_qkv, 2), d.d_heads, heads, pass->saved->lse,
      lati_fused_part(pass, qkv, 0), lati_fused_part(pass, qkv, 1), lati_fused_part(pass, qkv, 2),
      &shape, work->scratch.tiles);
  lati_linear_backward(work, &block->linear[QKV], lati_floats(d_x, block->stack->width), accumulate,
                       d.d_qkv, x, tokens, NULL);
}

/* Pages of all problems' tokens that stand in front of the answers to be decoded. */
static int64_t problem_pages(const lati_decoder *decoder) {
  return (decoder->source_tokens + LATI_CACHE_PAGE - 1) / LATI_CACHE_PAGE;
}

/* A key of a problem's token; its value lies as far behind it as in the cache. */
static float *problem_key(const lati_decoder *decoder, int32_t pass, int64_t token) {
  const int64_t page = pass * problem_pages(decoder) + token / LATI_CACHE_PAGE;
  return decoder->problem +
         (page * 2 * LATI_CACHE_PAGE + token % LATI_CACHE_PAGE) * decoder->kv_width;
}

/* Where answers stand behind their problems in one stack, its pass over the problems has left their
 * keys and values. */
static lat_status start(lati_decoder *decoder, const lati_block *block, int32_t layer,
                        lati_rows memory) {
  lat_status status = LAT_OK;
  const lati_stack *stack = block->stack;
  const lati_stack_state *state = &decoder->workspace->stack[stack->index];
  const int64_t page = 2 * LATI_CACHE_PAGE * decoder->kv_width;
  const int32_t passes = lati_stack_passes(stack);
  const int64_t place = (block - stack->block) % stack->blocks;
  (void)memory;
  if (stack->behind != LATI_ANSWER) {
    return LAT_OK;
  }
  LATI_TRY(lati_decoder_reserve(&decoder->problem, &decoder->problem_capacity, decoder,
                                passes * problem_pages(decoder) * page));
  LATI_TRY(lati_decoder_reserve(&decoder->projected, &decoder->projected_capacity, decoder,
                                decoder->source_tokens * stack->width));
  for (int32_t pass = 0; pass < passes; ++pass) {
    if (lati_stack_layer(stack, pass) != layer) {
      continue;
    }
    const lati_block_state *saved = &state->block[pass * stack->blocks + place];
    const lati_keeping to = {.keys = problem_key(decoder, pass, 0),
                             .to_value = lati_cache_to_value(&decoder->cache),
                             .page_rows = LATI_CACHE_PAGE,
                             .page_ld = page,
                             .row_ld = decoder->kv_width};
    lati_decoder_keep(decoder, saved->rows[SAVED_QKV], stack->width, 2 * stack->width,
                      decoder->source_tokens, &to);
  }
done:
  return status;
}

/* The problem's tokens where they stand in front, and the answer's so far. */
static int64_t keys_so_far(const float **keys, const void *user, int64_t row) {
  const lati_attend *attend = user;
  const lati_decode_call *call = attend->call;
  const lati_decoder *decoder = call->decoder;
  const int32_t *history = decoder->history + call->rows[row].history * decoder->max_length;
  int64_t count = 0;
  if (call->block->stack->behind == LATI_ANSWER) {
    const int64_t *offsets = decoder->source_offsets + call->rows[row].source;
    for (int64_t t = offsets[0]; t < offsets[1]; ++t) {
      keys[count++] = problem_key(decoder, call->pass, t);
    }
  }
  for (int32_t t = 0; t <= decoder->position; ++t) {
    keys[count++] = lati_cache_key(&decoder->cache, call->pass, t, history[t]);
  }
  return count;
}

static void step(const lati_decode_call *call, float *y, lati_rows x, const float *residual) {
  lati_decoder *decoder = call->decoder;
  const int64_t width = call->block->stack->width;
  const int64_t to_value = lati_cache_to_value(&decoder->cache);
  const lati_rows qkv = lati_floats(decoder->qkv, 3 * width);
  const lati_keeping to = {.keys =
                               lati_cache_key(&decoder->cache, call->pass, decoder->position, 0),
                           .to_value = to_value,
                           .page_rows = 1,
                           .page_ld = 2 * to_value};
  lati_decoder_linear(decoder, qkv, &call->block->linear[QKV], x, LATI_IDENTITY, NULL);
  lati_decoder_keep(decoder, qkv, width, 2 * width, decoder->count, &to);
  lati_decoder_attend(&(lati_attend){call, keys_so_far, NULL, to_value, 3 * width});
  lati_decoder_linear(decoder, lati_floats(y, width), &call->block->linear[OUT],
                      lati_floats(decoder->attended, width), LATI_IDENTITY, residual);
}

const lati_block_kind lati_self_attention = {.name = "self_attention",
                                             .norm = "layer_norm1",
                                             .linears = 2,
                                             .declare = declare,
                                             .view = view,
                                             .plan = plan,
                                             .plan_backward = plan_backward,
                                             .forward = forward,
                                             .backward = backward,
                                             .start = start,
                                             .step = step};
