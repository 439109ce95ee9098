/* Passes of a batch through stacks: loops over their lists of blocks, forward and backward. */
#include "transformer/answer_rows.h"
#include "transformer/block_kind.h"
#include "transformer/embed.h"
#include "transformer/passes.h"

/* Block i of pass p of a stack. */
static lati_block_pass block_pass(lati_workspace *work, const lati_stack_state *state, int32_t p,
                                  int32_t i) {
  const lati_stack *stack = state->stack;
  /* Sites 0 and 1 are the embeddings' dropout. */
  const uint32_t site = 2 + 2 * LATI_LAYER_BLOCKS * (uint32_t)p + (uint32_t)stack->side;
  return (lati_block_pass){.work = work,
                           .block = &stack->block[lati_stack_layer(stack, p) * stack->blocks + i],
                           .state = state,
                           .saved = &state->block[p % state->passes * stack->blocks + i],
                           .site = site + 2 * (uint32_t)i};
}

static lati_hidden layer_forward(lati_workspace *work, const lati_stack_state *state, int32_t p,
                                 lati_hidden input) {
  lati_hidden h = input;
  for (int32_t i = 0; i < state->stack->blocks; ++i) {
    lati_block_pass pass = block_pass(work, state, p, i);
    pass.input = &input;
    h = lati_residual_forward(&pass, h.values, pass.block->reads_input ? &input : &h);
  }
  return h;
}

static void layer_backward(lati_workspace *work, const lati_stack_state *state, int32_t p,
                           const lati_hidden *input, float *d_h) {
  float *d_input = work->scratch.d_source;
  int split = 0;
  for (int32_t i = state->stack->blocks - 1; i >= 0; --i) {
    lati_block_pass pass = block_pass(work, state, p, i);
    pass.input = input;
    if (pass.block->reads_input) {
      lati_residual_backward(&pass, d_h, d_input, input);
      split = 1;
      continue;
    }
    lati_hidden source = *input;
    if (i > 0) {
      const lati_block_pass before = block_pass(work, state, p, i - 1);
      source = lati_residual_result(&before);
    }
    if (pass.block->kind->mix_backward != NULL) {
      lati_residual_mix_backward(&pass, d_h, d_input, &source);
      split = 1;
    } else {
      lati_residual_backward(&pass, d_h, d_h, &source);
    }
  }
  if (split) {
    work->device->operations->add(work->device, d_h, d_input, state->tokens * state->stack->width);
  }
}

/* Input of pass p, which is the output of the pass before it. */
static lati_hidden input_of(lati_workspace *work, const lati_stack_state *state, int32_t p) {
  if (p == 0) {
    return state->embedded.normed;
  }
  const lati_block_pass last = block_pass(work, state, p - 1, state->stack->blocks - 1);
  return lati_residual_result(&last);
}

void lati_stack_forward(lati_workspace *work, lati_stack_state *state) {
  const lati_stack *stack = state->stack;
  lati_residual_state *last = &state->last;
  lati_hidden h = state->embedded.normed;
  for (int32_t p = 0; p < lati_stack_passes(stack); ++p) {
    h = layer_forward(work, state, p, h);
  }
  if (stack->pre_norm) {
    work->device->operations->layernorm_forward(
        work->device, last->normed.values, last->normed.operand, last->mean, last->rstd, h.values,
        stack->norm_out.gamma, stack->norm_out.beta, state->tokens, stack->width);
    h = last->normed;
  }
  state->output = h;
}

/* The passes that are still to come go through layers up to some number. Layers behind it are done,
 * and so is what is declared behind them: the stack's last norm, the stacks after it, and the head,
 * but for embeddings that it shares. */
void lati_stack_tell_final(const lati_accumulation *to, const lati_stack *stack, int32_t pass) {
  int32_t layer = 0;
  for (int32_t below = 0; below < pass; ++below) {
    const int32_t used = lati_stack_layer(stack, below);
    layer = used + 1 > layer ? used + 1 : layer;
  }
  if (to->hears != NULL && layer < stack->layers) {
    to->hears(to->hearer, stack->block[layer * stack->blocks].first);
  }
}

void lati_stack_backward(lati_workspace *work, const lati_stack_state *state) {
  const lati_stack *stack = state->stack;
  const lati_residual_state *last = &state->last;
  const int32_t passes = lati_stack_passes(stack);
  float *d_h = state->d_hidden;
  if (stack->pre_norm) {
    lati_norm_backward(work, state, &stack->norm_out, last, d_h, (lati_rows){0}, d_h,
                       input_of(work, state, passes).values, 0);
  }
  for (int32_t p = passes - 1; p >= 0; --p) {
    const lati_hidden input = input_of(work, state, p);
    layer_backward(work, state, p, &input, d_h);
    lati_stack_tell_final(&work->to, stack, p);
  }
}

void lati_forward(lati_workspace *work, const lat_batch *batch) {
  for (int32_t s = 0; s < work->stacks; ++s) {
    lati_embed_forward(work, &work->stack[s], batch);
    lati_stack_forward(work, &work->stack[s]);
  }
  if (lati_answers_follow(work)) {
    lati_answer_rows_gather(work, batch);
  }
}

void lati_backward(lati_workspace *work) {
  for (int32_t s = 0; s < work->stacks - 1; ++s) {
    const lati_stack_state *state = &work->stack[s];
    lati_zero_rows(work, state->d_hidden, state->tokens, state->stack->width);
  }
  lati_answer_rows_scatter(work);
  for (int32_t s = work->stacks - 1; s >= 0; --s) {
    lati_stack_backward(work, &work->stack[s]);
    lati_embed_backward(work, &work->stack[s], work->stack[s].d_hidden);
  }
}
