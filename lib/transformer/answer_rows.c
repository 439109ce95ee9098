/* Rows of answers among the last stack's: a decoder has no others, and they are used as they lie.
 * Other stacks have the problem's tokens in front of them, so rows are gathered,
 * and their gradients scattered, by the operations of embedding tables. */
#include "transformer/answer_rows.h"

static lati_stack_state *last_state(lati_workspace *work) {
  return &work->stack[work->model->stacks - 1];
}

int lati_answers_follow(const lati_workspace *work) {
  const lati_stack_state *last = &work->stack[work->model->stacks - 1];
  return work->stacks == work->model->stacks && last->behind == last->stack->behind;
}

/* Tokens of a number share the row of its query position; `heads` tells them apart. */
static void fill_shared(lati_answer_rows *answers, const lati_stack_state *state,
                        const lat_batch *batch) {
  const lati_batch_side *side = &batch->side[LAT_OUTPUT];
  for (int64_t i = 0; i < answers->sequences; ++i) {
    const int64_t first = answers->offsets[i], end = answers->offsets[i + 1];
    int64_t row = state->offsets[i + 1];
    for (int64_t t = end - 1; t >= first; --t) {
      row -=
          t == end - 1 || !lati_query_shared(side->rows + first, side->cols + first, t + 1 - first);
      answers->ids[t] = (int32_t)row;
    }
    for (int64_t t = first; t < end; ++t) {
      const int shared = lati_query_shared(side->rows + first, side->cols + first, t - first);
      answers->heads[t] = side->rows[t] == 0 ? -1 : (shared ? answers->heads[t - 1] + 1 : 0);
    }
  }
}

/* Sequence i's rows are the last ones of its tokens in the stack. */
static void fill_ids(lati_answer_rows *answers, const lati_stack_state *state) {
  for (int64_t i = 0; i < answers->sequences; ++i) {
    const int64_t count = answers->offsets[i + 1] - answers->offsets[i];
    for (int64_t t = 0; t < count; ++t) {
      answers->ids[answers->offsets[i] + t] = (int32_t)(state->offsets[i + 1] - count + t);
    }
  }
}

void lati_answer_rows_plan(lati_workspace *work, lati_arena *from, const lat_batch *batch) {
  const lati_stack_state *state = last_state(work);
  const int32_t width = state->stack->width;
  lati_answer_rows *answers = &work->answers;
  if (state->stack->behind == LATI_NOTHING) {
    *answers = (lati_answer_rows){.tokens = state->tokens,
                                  .sequences = state->sequences,
                                  .offsets = state->offsets,
                                  .d_output = state->d_hidden};
    return;
  }
  const int64_t *offsets = batch->side[LAT_OUTPUT].offsets;
  answers->sequences = state->sequences;
  answers->tokens = offsets[batch->size] + batch->size;
  answers->offsets = lati_take_on_host(from, answers->sequences + 1, sizeof(int64_t));
  answers->ids = lati_take_on_host(from, answers->tokens, sizeof(int32_t));
  answers->heads = NULL;
  if (state->stack->by_number) {
    answers->heads = lati_take_on_host(from, answers->tokens, sizeof(int32_t));
  }
  answers->output = lati_take_hidden(from, answers->tokens, width);
  answers->d_output = NULL;
  if (work->purpose == LATI_TRAIN) {
    answers->d_output = lati_take_floats(from, answers->tokens, width);
  }
  for (int64_t i = 0; answers->offsets != NULL && i <= batch->size; ++i) {
    answers->offsets[i] = offsets[i] + i;
  }
}

void lati_answer_rows_gather(lati_workspace *work, const lat_batch *batch) {
  const lati_stack_state *state = last_state(work);
  const lati_backend *backend = work->device->operations;
  lati_answer_rows *answers = &work->answers;
  if (state->stack->behind == LATI_NOTHING) {
    answers->output = state->output;
    return;
  }
  if (answers->heads != NULL) {
    fill_shared(answers, state, batch);
  } else {
    fill_ids(answers, state);
  }
  backend->embedding_forward(work->device, answers->output.values, state->output.values,
                             answers->ids, answers->tokens, state->stack->width, 0);
  if (answers->heads != NULL) {
    backend->embedding_forward(work->device, answers->output.values, state->stack->embedding.heads,
                               answers->heads, answers->tokens, state->stack->width, 1);
  }
  if (backend->narrow) {
    backend->shorten(work->device, answers->output.operand, answers->output.values, answers->tokens,
                     state->stack->width);
  }
}

void lati_answer_rows_scatter(lati_workspace *work) {
  const lati_stack_state *state = last_state(work);
  const lati_answer_rows *answers = &work->answers;
  if (state->stack->behind != LATI_NOTHING) {
    lati_zero_rows(work, state->d_hidden, state->tokens, state->stack->width);
    work->device->operations->embedding_backward(work->device, state->d_hidden, answers->d_output,
                                                 answers->ids, answers->tokens,
                                                 state->stack->width);
  }
  if (answers->heads != NULL) {
    lati_turn_take(&work->to.turn);
    work->device->operations->embedding_backward(
        work->device, lati_gradient_of(work, state->stack->embedding.heads), answers->d_output,
        answers->heads, answers->tokens, state->stack->width);
    lati_turn_give(&work->to.turn);
  }
}
