#include "transformer/blocks.h"
#include "transformer/passes.h"

#include <string.h>

enum { MAX_BLOCKS = 3 };

/* The blocks of pass p of a stack, in their order; returns how many. */
static int list_blocks(lati_block blocks[MAX_BLOCKS], lati_workspace *work,
                       const lati_stack_state *state, int32_t p) {
  const lati_stack *stack = state->stack;
  const lati_layer *layer = &stack->layer[p % stack->layers];
  lati_layer_state *saved = &state->pass[p % state->passes];
  /* Sites 0 and 1 are the embeddings' dropout. */
  const uint32_t site = 2 + 2 * MAX_BLOCKS * (uint32_t)p + (uint32_t)stack->side;
  const lati_block common = {.work = work, .state = state, .layer = layer, .saved = saved};
  int count = 0;
  blocks[0] = blocks[1] = blocks[2] = common;
  blocks[count].kind = &lati_self_attention;
  blocks[count].norm = &layer->norm1;
  blocks[count++].residual = &saved->self;
  if (stack->side == LAT_OUTPUT) {
    blocks[count].kind = &lati_cross_attention;
    blocks[count].norm = &layer->norm15;
    blocks[count++].residual = &saved->cross;
  }
  blocks[count].kind = &lati_feed_forward;
  blocks[count].norm = &layer->norm2;
  blocks[count++].residual = &saved->ffn;
  for (int i = 0; i < count; ++i) {
    blocks[i].site = site + 2 * (uint32_t)i;
  }
  return count;
}

/* Cross-attention's query comes from the layer's input where the options ask for it. */
static int reads_input(const lati_block *block) {
  return block->kind == &lati_cross_attention && block->work->model->options.cross_query_from_input;
}

static lati_hidden layer_forward(lati_workspace *work, const lati_stack_state *state, int32_t p,
                                 lati_hidden input) {
  lati_block blocks[MAX_BLOCKS];
  const int count = list_blocks(blocks, work, state, p);
  lati_hidden h = input;
  for (int i = 0; i < count; ++i) {
    h = lati_residual_forward(&blocks[i], h.values, reads_input(&blocks[i]) ? &input : &h);
  }
  return h;
}

static void layer_backward(lati_workspace *work, const lati_stack_state *state, int32_t p,
                           const lati_hidden *input, float *d_h) {
  lati_block blocks[MAX_BLOCKS];
  const int count = list_blocks(blocks, work, state, p);
  float *d_input = work->scratch.d_source;
  int split = 0;
  for (int i = count - 1; i >= 0; --i) {
    if (reads_input(&blocks[i])) {
      lati_residual_backward(&blocks[i], d_h, d_input, input);
      split = 1;
    } else {
      const lati_hidden source = i > 0 ? lati_residual_result(&blocks[i - 1]) : *input;
      lati_residual_backward(&blocks[i], d_h, d_h, &source);
    }
  }
  if (split) {
    work->backend->add(work->pool, d_h, d_input, state->tokens * state->stack->width);
  }
}

/* Input of pass p, which is the output of the pass before it. */
static lati_hidden input_of(const lati_stack_state *state, int32_t p) {
  if (p == 0) {
    return state->embedded.normed;
  }
  const lati_residual_state *ffn = &state->pass[p - 1].ffn;
  const lati_hidden sum = {.values = ffn->sum};
  return state->stack->pre_norm ? sum : ffn->normed;
}

void lati_stack_forward(lati_workspace *work, lati_stack_state *state) {
  const lati_stack *stack = state->stack;
  lati_residual_state *last = &state->last;
  lati_hidden h = state->embedded.normed;
  for (int32_t p = 0; p < stack->layers * stack->loops; ++p) {
    h = layer_forward(work, state, p, h);
  }
  if (stack->pre_norm) {
    work->backend->layernorm_forward(work->pool, last->normed.values, last->normed.operand,
                                     last->mean, last->rstd, h.values, stack->norm_out.gamma,
                                     stack->norm_out.beta, state->tokens, stack->width);
    h = last->normed;
  }
  state->output = h;
}

void lati_stack_backward(lati_workspace *work, const lati_stack_state *state, float *d_h) {
  const lati_stack *stack = state->stack;
  const lati_residual_state *last = &state->last;
  const int32_t passes = stack->layers * stack->loops;
  if (stack->pre_norm) {
    lati_norm_backward(work, state, &stack->norm_out, last, d_h, (lati_rows){0}, d_h,
                       input_of(state, passes).values, 0);
  }
  for (int32_t p = passes - 1; p >= 0; --p) {
    const lati_hidden input = input_of(state, p);
    layer_backward(work, state, p, &input, d_h);
  }
}

void lati_encoder_forward(lati_workspace *work, const lat_batch *batch) {
  lati_embed_forward(work, &work->encoder, batch);
  lati_stack_forward(work, &work->encoder);
}

void lati_decoder_forward(lati_workspace *work, const lat_batch *batch) {
  lati_embed_forward(work, &work->decoder, batch);
  lati_stack_forward(work, &work->decoder);
}
