#include "transformer/blocks.h"
#include "transformer/passes.h"

#include <string.h>

/* The framed tokens of a sequence: EOS, its n tokens, and for the encoder a closing EOS. */
static void frame_tokens(int32_t *ids, const int32_t *tokens, int64_t count, int closing) {
  ids[0] = LAT_TOKEN_EOS;
  memcpy(ids + 1, tokens, (size_t)count * sizeof *ids);
  if (closing) {
    ids[count + 1] = LAT_TOKEN_EOS;
  }
}

/* Coordinates in the matrix (n + 1 places: the tokens and the closing EOS). The encoder has a
 * token's own; the decoder, which is one token behind, those of the token to predict. */
static void frame_places(int32_t *ids, const uint8_t *places, int64_t count, int own) {
  if (own) {
    *ids++ = 0;
  }
  for (int64_t i = 0; i <= count; ++i) {
    ids[i] = places[i];
  }
}

static lati_lookup *add_lookup(lati_stack_state *state, const float *table, int trained) {
  lati_lookup *lookup = &state->lookup[state->lookups++];
  lookup->table = table;
  lookup->trained = trained;
  return lookup;
}

static void fill_tokens(int32_t *ids, lati_stack_state *state, const lati_batch_side *from) {
  const int input = state->stack->side == LAT_INPUT;
  for (int64_t i = 0; i < state->sequences; ++i) {
    const int64_t first = from->offsets[i], count = from->offsets[i + 1] - first;
    state->offsets[i] = first + i * (input ? 2 : 1);
    frame_tokens(ids + state->offsets[i], from->tokens + first, count, input);
  }
  state->offsets[state->sequences] = state->tokens;
}

static void fill_positions(int32_t *ids, const lati_stack_state *state) {
  for (int64_t i = 0; i < state->sequences; ++i) {
    for (int64_t t = state->offsets[i]; t < state->offsets[i + 1]; ++t) {
      ids[t] = (int32_t)(t - state->offsets[i]);
    }
  }
}

static void fill_places(int32_t *ids, const lati_stack_state *state, const lati_batch_side *from,
                        const uint8_t *places) {
  for (int64_t i = 0; i < state->sequences; ++i) {
    const int64_t first = from->offsets[i], count = from->offsets[i + 1] - first;
    frame_places(ids + state->offsets[i], places + first + i, count,
                 state->stack->side == LAT_INPUT);
  }
}

static void map_ids(int32_t *to, const int32_t *tokens, const int32_t *map, int64_t count) {
  for (int64_t t = 0; t < count; ++t) {
    to[t] = map[tokens[t]];
  }
}

/* Factored symbols: three lookups in place of one. */
static void split_tokens(lati_stack_state *state) {
  const lati_factors *factors = &state->stack->factors;
  lati_lookup *special = &state->lookup[0];
  special->table = factors->special_table;
  lati_lookup *mantissa = add_lookup(state, factors->mantissa_table, 1);
  lati_lookup *exponent = add_lookup(state, factors->exponent_table, 1);
  map_ids(mantissa->ids, special->ids, factors->mantissa, state->tokens);
  map_ids(exponent->ids, special->ids, factors->exponent, state->tokens);
  map_ids(special->ids, special->ids, factors->special, state->tokens);
}

static void fill_lookups(lati_workspace *work, lati_stack_state *state, const lat_batch *batch) {
  const lati_stack *stack = state->stack;
  const lati_batch_side *from = &batch->side[stack->side];
  state->lookups = 0;
  fill_tokens(add_lookup(state, stack->embeddings, 1)->ids, state, from);
  if (stack->factors.special != NULL) {
    split_tokens(state);
  }
  const int learned = work->model->options.positions == LAT_POSITIONS_LEARNED;
  fill_positions(add_lookup(state, stack->positions, learned)->ids, state);
  if (stack->rows != NULL) {
    fill_places(add_lookup(state, stack->rows, 1)->ids, state, from, from->rows);
    fill_places(add_lookup(state, stack->cols, 1)->ids, state, from, from->cols);
  }
}

void lati_embed_forward(lati_workspace *work, lati_stack_state *state, const lat_batch *batch) {
  const lati_backend *backend = work->backend;
  const lati_stack *stack = state->stack;
  lati_residual_state *embedded = &state->embedded;
  lati_dropout dropout;
  fill_lookups(work, state, batch);
  for (int32_t i = 0; i < state->lookups; ++i) {
    backend->embedding_forward(work->pool, embedded->sum, state->lookup[i].table,
                               state->lookup[i].ids, state->tokens, stack->width, i > 0);
  }
  const lati_hidden *normed = &embedded->normed;
  const int drops = lati_dropout_at(&dropout, work, (uint32_t)stack->side);
  const lati_rows none = {0};
  backend->layernorm_forward(work->pool, normed->values, drops ? none : normed->operand,
                             embedded->mean, embedded->rstd, embedded->sum, stack->norm_emb.gamma,
                             stack->norm_emb.beta, state->tokens, stack->width);
  if (drops) {
    backend->dropout(work->pool, normed->values, normed->values, NULL, state->tokens * stack->width,
                     &dropout);
    backend->shorten(work->pool, normed->operand, normed->values, state->tokens, stack->width);
  }
}

void lati_embed_backward(lati_workspace *work, const lati_stack_state *state, float *d_h) {
  const lati_backend *backend = work->backend;
  const lati_stack *stack = state->stack;
  const lati_residual_state *embedded = &state->embedded;
  lati_dropout dropout;
  if (lati_dropout_at(&dropout, work, (uint32_t)stack->side)) {
    backend->dropout(work->pool, d_h, d_h, NULL, state->tokens * stack->width, &dropout);
  }
  lati_norm_backward(work, state, &stack->norm_emb, embedded, d_h, (lati_rows){0}, d_h,
                     embedded->sum, 0);
  for (int32_t i = 0; i < state->lookups; ++i) {
    const lati_lookup *lookup = &state->lookup[i];
    if (lookup->trained) {
      backend->embedding_backward(work->pool, lati_gradient_of(work, lookup->table), d_h,
                                  lookup->ids, state->tokens, stack->width);
    }
  }
}
