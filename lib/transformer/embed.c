/* Embeddings: a token is the sum of rows of tables (its symbol's or its factors', its position's,
 * and those of its row and column in the matrix), followed by a LayerNorm and dropout. */
#include "transformer/embed.h"

#include "transformer/answer_rows.h"

#include "transformer/block_kind.h"
#include "transformer/config.h"
#include "transformer/decoder_impl.h"
#include "transformer/factors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int lati_stack_reads(const lati_stack *stack, int32_t side) {
  return stack->side == side || (side == LAT_OUTPUT && stack->behind == LATI_ANSWER);
}

/* What stands in front of the names of a side's tensors: problems that share a stack with their
 * answers have names of their own. */
static const char *name_of(char name[48], const lati_stack *stack, int32_t side,
                           const char *tensor) {
  const int shared = side == LAT_INPUT && stack->behind == LATI_ANSWER;
  snprintf(name, 48, "%s%s", shared ? "problem_" : "", tensor);
  return name;
}

static void declare_side(lati_declaration *to, const lat_model *model, const lati_stack *stack,
                         int32_t side) {
  const lati_dimensions *dimensions = &model->dimensions;
  const int32_t mantissas = dimensions->mantissas[side], width = stack->width;
  char name[48];
  to->side = side;
  lati_declare(to, name_of(name, stack, side, "embeddings.weight"), dimensions->symbols[side],
               width, mantissas > 0 ? LATI_INIT_EMBEDDING : LATI_INIT_SYMBOLS, 0);
  if (mantissas > 0) {
    lati_declare(to, name_of(name, stack, side, "embeddings.mantissa.weight"), mantissas, width,
                 LATI_INIT_SYMBOLS, 0);
    lati_declare(to, name_of(name, stack, side, "embeddings.exponent.weight"),
                 dimensions->exponents[side], width, LATI_INIT_EMBEDDING, 0);
  }
  if (model->options.positions == LAT_POSITIONS_LEARNED) {
    lati_declare(to, name_of(name, stack, side, "position_embeddings.weight"),
                 dimensions->max_positions, width, LATI_INIT_EMBEDDING, 0);
  }
}

void lati_embed_declare(lati_declaration *to, const lat_model *model, const lati_stack *stack) {
  for (int32_t side = LAT_INPUT; side <= LAT_OUTPUT; ++side) {
    if (lati_stack_reads(stack, side)) {
      declare_side(to, model, stack, side);
    }
  }
  to->side = stack->side;
  if (stack->behind == LATI_QUERIES) {
    lati_declare(to, "query_embeddings.weight", model->dimensions.max_positions, stack->width,
                 LATI_INIT_EMBEDDING, 0);
  }
  if (stack->by_number) {
    lati_declare(to, "number_heads.weight", lati_config_number_tokens(model->tokenizer),
                 stack->width, LATI_INIT_EMBEDDING, 0);
  }
  if (model->options.matrix_positions) {
    lati_declare(to, "row_embeddings.weight", LAT_MAX_DIMENSION + 1, stack->width,
                 LATI_INIT_EMBEDDING, 0);
    lati_declare(to, "col_embeddings.weight", LAT_MAX_DIMENSION + 1, stack->width,
                 LATI_INIT_EMBEDDING, 0);
  }
  lati_declare_norm(to, "layer_norm_emb");
}

static void view_factors(lati_factors *factors, const lati_scope *in, const lati_stack *stack,
                         int32_t side) {
  char name[48];
  factors->special_table = lati_view(in, name_of(name, stack, side, "embeddings"), ".weight");
  factors->mantissa_table =
      lati_view(in, name_of(name, stack, side, "embeddings.mantissa"), ".weight");
  factors->exponent_table =
      lati_view(in, name_of(name, stack, side, "embeddings.exponent"), ".weight");
}

/* PE[p, 2i] = sin(p / 10000^(2i / width)), PE[p, 2i + 1] = cos of the same. */
static void fill_sinusoids(float *table, int32_t positions, int32_t width) {
  for (int32_t i = 0; i < width; ++i) {
    const double rate = pow(10000.0, -(double)(i / 2 * 2) / width);
    for (int32_t p = 0; p < positions; ++p) {
      const double angle = p * rate;
      table[(size_t)p * (size_t)width + (size_t)i] = (float)(i % 2 == 0 ? sin(angle) : cos(angle));
    }
  }
}

static lat_status build_sinusoids(float **out, const lat_model *model, int32_t width) {
  const size_t count = (size_t)model->options.max_positions * (size_t)width;
  float *table = NULL;
  lat_status status = LAT_OK;
  LATI_TRY(LATI_NEW(table, model->ctx, count));
  LATI_TRY(LATI_NEW_ON_DEVICE(*out, model->ctx, count));
  fill_sinusoids(table, model->options.max_positions, width);
  lati_device_write(&model->ctx->device, *out, table, count * sizeof *table);
done:
  lati_free(table);
  return status;
}

static lat_status view_side(lati_stack *stack, const lati_scope *in, const lat_model *model,
                            int32_t side) {
  lat_status status = LAT_OK;
  lati_embedding *embedding = &stack->embedding;
  lati_side_embedding *own = &embedding->side[side];
  char name[48];
  own->symbols = model->dimensions.vocabulary[side];
  own->table = lati_view(in, name_of(name, stack, side, "embeddings"), ".weight");
  if (lati_config_factored(&model->options, model->tokenizer, side)) {
    LATI_TRY(lati_factors_create(&own->factors, model->ctx, &model->tokenizer->side[side],
                                 side == LAT_OUTPUT && model->options.factored_head));
    view_factors(&own->factors, in, stack, side);
    if (side == LAT_OUTPUT && !model->options.factored_head) {
      LATI_TRY(LATI_NEW_ON_DEVICE(own->expanded, model->ctx,
                                  (size_t)own->symbols * (size_t)stack->width));
    }
    own->table = own->expanded;
  }
  own->positions = lati_view(in, name_of(name, stack, side, "position_embeddings"), ".weight");
  if (own->positions == NULL) {
    if (embedding->sinusoids == NULL) {
      LATI_TRY(build_sinusoids(&embedding->sinusoids, model, stack->width));
    }
    own->positions = embedding->sinusoids;
  }
done:
  return status;
}

lat_status lati_embed_view(lati_stack *stack, const lati_scope *in, const lat_model *model) {
  lat_status status = LAT_OK;
  lati_embedding *embedding = &stack->embedding;
  for (int32_t side = LAT_INPUT; side <= LAT_OUTPUT; ++side) {
    if (lati_stack_reads(stack, side)) {
      LATI_TRY(view_side(stack, in, model, side));
    }
  }
  embedding->queries = lati_view(in, "query_embeddings", ".weight");
  embedding->heads = lati_view(in, "number_heads", ".weight");
  embedding->rows = lati_view(in, "row_embeddings", ".weight");
  embedding->cols = lati_view(in, "col_embeddings", ".weight");
  embedding->norm = lati_view_norm(in, "layer_norm_emb");
done:
  return status;
}

void lati_embed_free(lati_embedding *embedding, const lat_context *ctx) {
  for (int32_t side = LAT_INPUT; side <= LAT_OUTPUT; ++side) {
    lati_side_embedding *own = &embedding->side[side];
    lati_factors_free(&own->factors);
    lati_device_free(ctx, own->expanded);
  }
  lati_device_free(ctx, embedding->sinusoids);
}

/* Problems have no expanded table, nor do answers whose head is factored. */
void lati_embed_expand(lati_stack *stack, const lat_model *model) {
  const lati_side_embedding *own = &stack->embedding.side[LAT_OUTPUT];
  const lati_factors *factors = &own->factors;
  const lati_device *device = &model->ctx->device;
  const lati_backend *backend = device->operations;
  if (own->expanded != NULL) {
    backend->embedding_forward(device, own->expanded, factors->special_table, factors->special,
                               own->symbols, stack->width, 0);
    backend->embedding_forward(device, own->expanded, factors->mantissa_table, factors->mantissa,
                               own->symbols, stack->width, 1);
    backend->embedding_forward(device, own->expanded, factors->exponent_table, factors->exponent,
                               own->symbols, stack->width, 1);
  }
}

void lati_embed_plan(lati_stack_state *state, lati_arena *from) {
  for (int i = 0; i < LATI_MAX_LOOKUPS; ++i) {
    state->lookup[i].ids = lati_take_on_host(from, state->tokens, sizeof(int32_t));
  }
  lati_residual_plan(&state->embedded, from, state->tokens, state->stack->width);
}

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

/* Tokens of sequence i behind its problem, or its query positions. */
static int64_t tokens_behind(const lati_stack_state *state, const lat_batch *batch, int64_t i) {
  const lati_batch_side *answers = &batch->side[LAT_OUTPUT];
  const int64_t first = answers->offsets[i] + i, tokens = answers->offsets[i + 1] + i + 1 - first;
  int64_t shared = 0;
  for (int64_t t = 0; state->stack->by_number && t < tokens; ++t) {
    shared += lati_query_shared(answers->rows + first, answers->cols + first, t);
  }
  return state->behind == LATI_NOTHING ? 0 : tokens - shared;
}

/* A problem takes two EOS, an answer one, and so do query positions. */
int64_t lati_embed_tokens(const lati_stack_state *state, const lat_batch *batch, int64_t i) {
  const int64_t *own = batch->side[state->stack->side].offsets;
  const int64_t framing = state->stack->side == LAT_INPUT ? 2 : 1;
  return own[i + 1] - own[i] + framing + tokens_behind(state, batch, i);
}

static void fill_offsets(lati_stack_state *state, const lat_batch *batch) {
  state->offsets[0] = 0;
  for (int64_t i = 0; i < state->sequences; ++i) {
    state->offsets[i + 1] = state->offsets[i] + lati_embed_tokens(state, batch, i);
  }
}

/* Where the tokens of a side begin among those of sequence i. */
static int64_t side_begin(const lati_stack_state *state, const lat_batch *batch, int32_t side,
                          int64_t i) {
  const int64_t behind = side == state->stack->side ? 0 : tokens_behind(state, batch, i);
  return behind > 0 ? state->offsets[i + 1] - behind : state->offsets[i];
}

static void clear_ids(int32_t *ids, const lati_stack_state *state) {
  for (int64_t t = 0; t < state->tokens; ++t) {
    ids[t] = -1;
  }
}

/* The symbols of one side; -1 for other tokens. */
static void fill_tokens(int32_t *ids, const lati_stack_state *state, const lat_batch *batch,
                        int32_t side) {
  const lati_batch_side *from = &batch->side[side];
  clear_ids(ids, state);
  for (int64_t i = 0; i < state->sequences; ++i) {
    const int64_t first = from->offsets[i], count = from->offsets[i + 1] - first;
    frame_tokens(ids + side_begin(state, batch, side, i), from->tokens + first, count,
                 side == LAT_INPUT);
  }
}

/* The place of each token among those of its side, which `side` is, or of each query position; -1
 * for other tokens. */
static void fill_positions(int32_t *ids, const lati_stack_state *state, const lat_batch *batch,
                           int32_t side) {
  clear_ids(ids, state);
  for (int64_t i = 0; i < state->sequences; ++i) {
    const int64_t begin = side_begin(state, batch, side, i);
    int64_t end = state->offsets[i + 1];
    end -= side == state->stack->side ? tokens_behind(state, batch, i) : 0;
    for (int64_t t = begin; t < end; ++t) {
      ids[t] = (int32_t)(t - begin);
    }
  }
}

/* The places of one axis that query positions of numbers have. */
static void query_places(int32_t *ids, const lat_batch *batch, const uint8_t *places, int64_t i) {
  const lati_batch_side *answers = &batch->side[LAT_OUTPUT];
  const int64_t first = answers->offsets[i] + i, tokens = answers->offsets[i + 1] + i + 1 - first;
  int64_t query = 0;
  for (int64_t t = 0; t < tokens; ++t) {
    if (!lati_query_shared(answers->rows + first, answers->cols + first, t)) {
      ids[query++] = places[first + t];
    }
  }
}

/* Places of one axis, those of the tokens behind a problem too. */
static void fill_places(int32_t *ids, const lati_stack_state *state, const lat_batch *batch,
                        const uint8_t *own, const uint8_t *answers) {
  const lati_batch_side *from = &batch->side[state->stack->side];
  const int64_t *offsets = batch->side[LAT_OUTPUT].offsets;
  for (int64_t i = 0; i < state->sequences; ++i) {
    const int64_t first = from->offsets[i], count = from->offsets[i + 1] - first;
    frame_places(ids + state->offsets[i], own + first + i, count, state->stack->side == LAT_INPUT);
    if (state->stack->by_number) {
      query_places(ids + state->offsets[i] + count + 2, batch, answers, i);
    } else if (state->behind != LATI_NOTHING) {
      frame_places(ids + state->offsets[i] + count + 2, answers + offsets[i] + i,
                   offsets[i + 1] - offsets[i], 0);
    }
  }
}

static void map_ids(int32_t *to, const int32_t *tokens, const int32_t *map, int64_t count) {
  for (int64_t t = 0; t < count; ++t) {
    to[t] = tokens[t] < 0 ? -1 : map[tokens[t]];
  }
}

/* Factored symbols: three lookups in place of one. */
static void split_tokens(lati_stack_state *state, lati_lookup *special,
                         const lati_factors *factors) {
  special->table = factors->special_table;
  lati_lookup *mantissa = add_lookup(state, factors->mantissa_table, 1);
  lati_lookup *exponent = add_lookup(state, factors->exponent_table, 1);
  map_ids(mantissa->ids, special->ids, factors->mantissa, state->tokens);
  map_ids(exponent->ids, special->ids, factors->exponent, state->tokens);
  map_ids(special->ids, special->ids, factors->special, state->tokens);
}

static void look_side_up(lati_workspace *work, lati_stack_state *state, const lat_batch *batch,
                         int32_t side) {
  const lati_side_embedding *own = &state->stack->embedding.side[side];
  const int learned = work->model->options.positions == LAT_POSITIONS_LEARNED;
  lati_lookup *symbols = add_lookup(state, own->table, 1);
  fill_tokens(symbols->ids, state, batch, side);
  if (own->factors.special != NULL) {
    split_tokens(state, symbols, &own->factors);
  }
  fill_positions(add_lookup(state, own->positions, learned)->ids, state, batch, side);
}

static void fill_lookups(lati_workspace *work, lati_stack_state *state, const lat_batch *batch) {
  const lati_stack *stack = state->stack;
  const lati_embedding *embedding = &stack->embedding;
  const lati_batch_side *from = &batch->side[stack->side], *answers = &batch->side[LAT_OUTPUT];
  state->lookups = 0;
  fill_offsets(state, batch);
  look_side_up(work, state, batch, stack->side);
  if (state->behind == LATI_ANSWER) {
    look_side_up(work, state, batch, LAT_OUTPUT);
  }
  if (state->behind == LATI_QUERIES) {
    fill_positions(add_lookup(state, embedding->queries, 1)->ids, state, batch, LAT_OUTPUT);
  }
  if (embedding->rows != NULL) {
    fill_places(add_lookup(state, embedding->rows, 1)->ids, state, batch, from->rows,
                answers->rows);
    fill_places(add_lookup(state, embedding->cols, 1)->ids, state, batch, from->cols,
                answers->cols);
  }
}

void lati_embed_forward(lati_workspace *work, lati_stack_state *state, const lat_batch *batch) {
  const lati_backend *backend = work->device->operations;
  const lati_stack *stack = state->stack;
  lati_residual_state *embedded = &state->embedded;
  lati_dropout dropout;
  fill_lookups(work, state, batch);
  for (int32_t i = 0; i < state->lookups; ++i) {
    backend->embedding_forward(work->device, embedded->sum, state->lookup[i].table,
                               state->lookup[i].ids, state->tokens, stack->width, i > 0);
  }
  const lati_hidden *normed = &embedded->normed;
  const int drops =
      lati_dropout_at(&dropout, work, state, (uint32_t)stack->side, work->model->options.dropout);
  const lati_rows none = {0};
  backend->layernorm_forward(work->device, normed->values, drops ? none : normed->operand,
                             embedded->mean, embedded->rstd, embedded->sum,
                             stack->embedding.norm.gamma, stack->embedding.norm.beta, state->tokens,
                             stack->width);
  if (drops) {
    backend->dropout(work->device, normed->values, normed->values, NULL, stack->width, &dropout);
    backend->shorten(work->device, normed->operand, normed->values, state->tokens, stack->width);
  }
}

/* The gradient of answers' embeddings as the head's weight, to that of the table or its factors. */
static void collect_tied(const lati_workspace *work) {
  const lati_stack *stack = lati_last_stack(work->model);
  const lati_side_embedding *own = &stack->embedding.side[LAT_OUTPUT];
  const lati_factors *factors = &own->factors;
  if (own->expanded == NULL) {
    const lati_linear *projection = &work->model->projection;
    work->device->operations->add(work->device, lati_gradient_of(work, projection->weight),
                                  work->to.d_tied, (int64_t)projection->out * projection->in);
    return;
  }
  const float *const tables[] = {factors->special_table, factors->mantissa_table,
                                 factors->exponent_table};
  const int32_t *const maps[] = {factors->special, factors->mantissa, factors->exponent};
  for (int i = 0; i < 3; ++i) {
    work->device->operations->embedding_backward(work->device, lati_gradient_of(work, tables[i]),
                                                 work->to.d_tied, maps[i], own->symbols,
                                                 stack->width);
  }
}

void lati_embed_backward(lati_workspace *work, const lati_stack_state *state, float *d_h) {
  const lati_backend *backend = work->device->operations;
  const lati_stack *stack = state->stack;
  const lati_residual_state *embedded = &state->embedded;
  lati_dropout dropout;
  if (lati_dropout_at(&dropout, work, state, (uint32_t)stack->side, work->model->options.dropout)) {
    backend->dropout(work->device, d_h, d_h, NULL, stack->width, &dropout);
  }
  lati_norm_backward(work, state, &stack->embedding.norm, embedded, d_h, (lati_rows){0}, d_h,
                     embedded->sum, 0);
  lati_turn_take(&work->to.turn);
  if (work->to.last && work->to.d_tied != NULL && stack == lati_last_stack(work->model)) {
    collect_tied(work);
  }
  for (int32_t i = 0; i < state->lookups; ++i) {
    const lati_lookup *lookup = &state->lookup[i];
    if (lookup->trained) {
      backend->embedding_backward(work->device, lati_gradient_of(work, lookup->table), d_h,
                                  lookup->ids, state->tokens, stack->width);
    }
  }
  lati_turn_give(&work->to.turn);
}

typedef struct step_lookup {
  const float *table;
  int32_t id;
} step_lookup;

/* The tables' rows that a token is the sum of; returns how many. */
static int32_t look_token_up(step_lookup lookups[LATI_STEP_LOOKUPS],
                             const lati_embedding *embedding, const lati_decode_row *row,
                             int64_t position) {
  const lati_side_embedding *answers = &embedding->side[LAT_OUTPUT];
  const lati_factors *factors = &answers->factors;
  int32_t count = 0;
  if (answers->table != NULL) {
    lookups[count++] = (step_lookup){answers->table, row->token};
  } else {
    lookups[count++] = (step_lookup){factors->special_table, factors->special[row->token]};
    lookups[count++] = (step_lookup){factors->mantissa_table, factors->mantissa[row->token]};
    lookups[count++] = (step_lookup){factors->exponent_table, factors->exponent[row->token]};
  }
  lookups[count++] = (step_lookup){answers->positions, (int32_t)position};
  if (embedding->rows != NULL) {
    lookups[count++] = (step_lookup){embedding->rows, row->row};
    lookups[count++] = (step_lookup){embedding->cols, row->col};
  }
  return count;
}

void lati_embed_step(lati_decoder *decoder, const lati_decode_row *rows) {
  const lati_stack *stack = lati_last_stack(decoder->model);
  const lati_backend *backend = decoder->device->operations;
  const int64_t n = decoder->count;
  step_lookup lookups[LATI_STEP_LOOKUPS];
  int32_t count = 0;
  for (int64_t i = 0; i < n; ++i) {
    count = look_token_up(lookups, &stack->embedding, &rows[i], decoder->position);
    for (int32_t t = 0; t < count; ++t) {
      decoder->ids[t * n + i] = lookups[t].id;
    }
  }
  for (int32_t t = 0; t < count; ++t) {
    backend->embedding_forward(decoder->device, decoder->x.values, lookups[t].table,
                               decoder->ids + t * n, n, stack->width, t > 0);
  }
}
