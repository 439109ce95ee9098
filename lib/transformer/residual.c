/* The residual sum, dropout and LayerNorm around every block, and products of blocks. */
#include "transformer/block_kind.h"

int lati_dropout_at(lati_dropout *out, const lati_workspace *work, const lati_stack_state *state,
                    uint32_t site, double rate) {
  *out = (lati_dropout){.rate = rate,
                        .seed = work->model->options.seed,
                        .step = work->to.step,
                        .first = work->to.first,
                        .site = site,
                        .offsets = state->offsets,
                        .sequences = state->sequences};
  return work->purpose == LATI_TRAIN && rate > 0;
}

static void norm_forward(const lati_block_pass *pass, const float *x) {
  const lati_residual_state *state = &pass->saved->residual;
  pass->work->device->operations->layernorm_forward(
      pass->work->device, state->normed.values, state->normed.operand, state->mean, state->rstd, x,
      pass->block->norm.gamma, pass->block->norm.beta, pass->state->tokens,
      pass->state->stack->width);
}

void lati_norm_backward(const lati_workspace *work, const lati_stack_state *stack,
                        const lati_norm *norm, const lati_residual_state *state, float *d_x,
                        lati_rows shortened, const float *d_y, const float *x, int accumulate) {
  lati_turn_take(&work->to.turn);
  work->device->operations->layernorm_backward(
      work->device, d_x, shortened, lati_gradient_of(work, norm->gamma),
      lati_gradient_of(work, norm->beta), d_y, x, state->mean, state->rstd, norm->gamma,
      stack->tokens, stack->stack->width, accumulate, work->scratch.norm_sums);
  lati_turn_give(&work->to.turn);
}

static void norm_backward(const lati_block_pass *pass, float *d_x, lati_rows shortened,
                          const float *d_y, const float *x, int accumulate) {
  lati_norm_backward(pass->work, pass->state, &pass->block->norm, &pass->saved->residual, d_x,
                     shortened, d_y, x, accumulate);
}

lati_hidden lati_residual_result(const lati_block_pass *pass) {
  if (pass->state->stack->pre_norm) {
    return (lati_hidden){.values = pass->saved->residual.sum};
  }
  return pass->saved->residual.normed;
}

lati_hidden lati_residual_forward(const lati_block_pass *pass, const float *x,
                                  const lati_hidden *source) {
  const lati_workspace *work = pass->work;
  const lati_stack *stack = pass->state->stack;
  float *sum = pass->saved->residual.sum;
  lati_rows operand = source->operand;
  lati_dropout dropout;
  if (stack->pre_norm) {
    norm_forward(pass, source->values);
    operand = pass->saved->residual.normed.operand;
  }
  if (pass->block->kind->mix_backward == NULL &&
      lati_dropout_at(&dropout, work, pass->state, pass->site, work->model->options.dropout)) {
    pass->block->kind->forward(pass, sum, operand, NULL);
    work->device->operations->dropout(work->device, sum, sum, x, stack->width, &dropout);
  } else {
    pass->block->kind->forward(pass, sum, operand, x);
  }
  if (!stack->pre_norm) {
    norm_forward(pass, sum);
  }
  return lati_residual_result(pass);
}

/* d_h as the gradient of the block's output that its products take, through its dropout. Where
 * d_h's rows have been shortened already, they are in `shortened`. */
static lati_rows block_gradient(const lati_block_pass *pass, float *d_h, lati_rows shortened,
                                const lati_dropout *dropout) {
  const lati_workspace *work = pass->work;
  const int64_t tokens = pass->state->tokens;
  const int32_t width = pass->state->stack->width;
  if (dropout != NULL) {
    work->device->operations->dropout(work->device, work->scratch.d_block, d_h, NULL, width,
                                      dropout);
    d_h = work->scratch.d_block;
  }
  if (!work->device->operations->narrow) {
    return lati_floats(d_h, width);
  }
  if (dropout != NULL || pass->state->stack->pre_norm) {
    work->device->operations->shorten(work->device, shortened, d_h, tokens, width);
  }
  return shortened;
}

void lati_residual_backward(const lati_block_pass *pass, float *d_h, float *d_source,
                            const lati_hidden *source) {
  const lati_workspace *work = pass->work;
  const lati_stack *stack = pass->state->stack;
  const int accumulate = d_source == d_h;
  const lati_rows shortened = lati_operand_rows(work, work->scratch.d_narrow, stack->width);
  const lati_rows none = {0};
  lati_dropout dropout;
  const int drops =
      lati_dropout_at(&dropout, work, pass->state, pass->site, work->model->options.dropout);
  if (!stack->pre_norm) {
    norm_backward(pass, d_h, drops ? none : shortened, d_h, pass->saved->residual.sum, 0);
  }
  const lati_rows d_block = block_gradient(pass, d_h, shortened, drops ? &dropout : NULL);
  if (!stack->pre_norm) {
    pass->block->kind->backward(pass, d_source, accumulate, d_block, source->operand);
    return;
  }
  float *d_normed = work->scratch.d_normed;
  pass->block->kind->backward(pass, d_normed, 0, d_block, pass->saved->residual.normed.operand);
  norm_backward(pass, d_source, none, d_normed, source->values, accumulate);
}

void lati_residual_mix_backward(const lati_block_pass *pass, float *d_h, float *d_input,
                                const lati_hidden *source) {
  const lati_rows none = {0};
  const lati_residual_state *saved = &pass->saved->residual;
  float *d_normed = pass->work->scratch.d_normed;
  if (!pass->state->stack->pre_norm) {
    norm_backward(pass, d_h, none, d_h, saved->sum, 0);
    pass->block->kind->mix_backward(pass, d_h, d_input, d_h, source, source->operand);
    return;
  }
  pass->block->kind->mix_backward(pass, d_h, d_input, d_normed, source, saved->normed.operand);
  norm_backward(pass, d_h, none, d_normed, source->values, 1);
}

void lati_block_product(const lati_block_pass *pass, lati_rows y, int32_t linear, lati_rows x,
                        int64_t tokens, const float *residual) {
  pass->work->device->operations->linear_forward(pass->work->device, y,
                                                 &pass->block->linear[linear], x, tokens,
                                                 LATI_IDENTITY, (lati_rows){0}, residual);
}

void lati_weight_backward(const lati_workspace *work, const lati_linear *linear, lati_rows d_y,
                          lati_rows x, int64_t tokens) {
  lati_turn_take(&work->to.turn);
  work->device->operations->linear_backward_weight(
      work->device, lati_gradient_of(work, linear->weight), lati_gradient_of(work, linear->bias),
      d_y, x, tokens, linear->out, linear->in, work->scratch.packed);
  lati_turn_give(&work->to.turn);
}

void lati_linear_backward(const lati_workspace *work, const lati_linear *linear, lati_rows d_x,
                          int accumulate, lati_rows d_y, lati_rows x, int64_t tokens,
                          const lati_slope *slope) {
  lati_weight_backward(work, linear, d_y, x, tokens);
  work->device->operations->linear_backward_input(work->device, d_x, linear, d_y, tokens,
                                                  accumulate, slope);
}
