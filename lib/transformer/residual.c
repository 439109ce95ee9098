#include "transformer/blocks.h"

int lati_dropout_at(lati_dropout *out, const lati_workspace *work, uint32_t site) {
  const lat_model_options *options = &work->model->options;
  *out = (lati_dropout){options->dropout, options->seed, work->step, site};
  return work->purpose == LATI_TRAIN && options->dropout > 0;
}

static void norm_forward(const lati_block *block, const float *x) {
  const lati_residual_state *state = block->residual;
  block->work->backend->layernorm_forward(block->work->pool, state->normed, state->mean,
                                          state->rstd, x, block->norm->gamma, block->norm->beta,
                                          block->state->tokens, block->state->stack->width);
}

static void norm_backward(const lati_block *block, float *d_x, const float *d_y, const float *x,
                          int accumulate) {
  const lati_residual_state *state = block->residual;
  const lati_workspace *work = block->work;
  work->backend->layernorm_backward(work->pool, d_x, lati_gradient_of(work, block->norm->gamma),
                                    lati_gradient_of(work, block->norm->beta), d_y, x, state->mean,
                                    state->rstd, block->norm->gamma, block->state->tokens,
                                    block->state->stack->width, accumulate);
}

float *lati_residual_forward(const lati_block *block, const float *x, const float *source) {
  const lati_workspace *work = block->work;
  const lati_stack *stack = block->state->stack;
  float *sum = block->residual->sum, *normed = block->residual->normed;
  lati_dropout dropout;
  if (stack->pre_norm) {
    norm_forward(block, source);
    source = normed;
  }
  if (lati_dropout_at(&dropout, work, block->site)) {
    block->kind->forward(block, sum, source, NULL);
    work->backend->dropout(work->pool, sum, sum, x, block->state->tokens * stack->width, &dropout);
  } else {
    block->kind->forward(block, sum, source, x);
  }
  if (stack->pre_norm) {
    return sum;
  }
  norm_forward(block, sum);
  return normed;
}

void lati_residual_backward(const lati_block *block, float *d_h, float *d_source, float *source) {
  const lati_workspace *work = block->work;
  const lati_stack *stack = block->state->stack;
  const int accumulate = d_source == d_h;
  float *d_block = d_h;
  lati_dropout dropout;
  if (!stack->pre_norm) {
    norm_backward(block, d_h, d_h, block->residual->sum, 0);
  }
  if (lati_dropout_at(&dropout, work, block->site)) {
    d_block = work->scratch.d_block;
    work->backend->dropout(work->pool, d_block, d_h, NULL, block->state->tokens * stack->width,
                           &dropout);
  }
  if (!stack->pre_norm) {
    block->kind->backward(block, d_source, accumulate, d_block, source);
    return;
  }
  float *d_normed = work->scratch.d_normed;
  block->kind->backward(block, d_normed, 0, d_block, block->residual->normed);
  norm_backward(block, d_source, d_normed, source, accumulate);
}

void lati_linear_backward(const lati_workspace *work, const lati_linear *linear, lati_rows d_x,
                          int accumulate, lati_rows d_y, lati_rows x, int64_t tokens) {
  work->backend->linear_backward_weight(work->pool, lati_gradient_of(work, linear->weight),
                                        lati_gradient_of(work, linear->bias), d_y, x, tokens,
                                        linear->out, linear->in, work->scratch.packed);
  work->backend->linear_backward_input(work->pool, d_x, linear, d_y, tokens, accumulate);
}
