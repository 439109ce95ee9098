/* Embeddings: a token is the sum of rows of tables (its symbol's or its factors', its position's,
 * and those of its row and column in the matrix), followed by a LayerNorm and dropout. */
#include "transformer/embed.h"

#include "transformer/block_kind.h"
#include "transformer/config.h"
#include "transformer/decoder_impl.h"

#include <math.h>
#include <string.h>

void lati_embed_declare(lati_declaration *to, const lat_model *model, const lati_stack *stack) {
  const lati_dimensions *dimensions = &model->dimensions;
  const int32_t mantissas = dimensions->mantissas[stack->side], width = stack->width;
  lati_declare(to, "embeddings.weight", dimensions->symbols[stack->side], width,
               mantissas > 0 ? LATI_INIT_EMBEDDING : LATI_INIT_SYMBOLS, 0);
  if (mantissas > 0) {
    lati_declare(to, "embeddings.mantissa.weight", mantissas, width, LATI_INIT_SYMBOLS, 0);
    lati_declare(to, "embeddings.exponent.weight", dimensions->exponents[stack->side], width,
                 LATI_INIT_EMBEDDING, 0);
  }
  if (model->options.positions == LAT_POSITIONS_LEARNED) {
    lati_declare(to, "position_embeddings.weight", dimensions->max_positions, width,
                 LATI_INIT_EMBEDDING, 0);
  }
  if (stack->queries) {
    lati_declare(to, "query_embeddings.weight", dimensions->max_positions, width,
                 LATI_INIT_EMBEDDING, 0);
  }
  if (model->options.matrix_positions) {
    lati_declare(to, "row_embeddings.weight", LAT_MAX_DIMENSION + 1, width, LATI_INIT_EMBEDDING, 0);
    lati_declare(to, "col_embeddings.weight", LAT_MAX_DIMENSION + 1, width, LATI_INIT_EMBEDDING, 0);
  }
  lati_declare_norm(to, "layer_norm_emb");
}

/* Which rows of the three tables every symbol is the sum of. */
static lat_status build_factors(lati_factors *factors, const lati_scope *in, int32_t side) {
  lat_status status = LAT_OK;
  const lat_model *model = in->model;
  const lati_encoding *encoding = model->tokenizer->side[side].encoding;
  const int32_t symbols = model->dimensions.vocabulary[side];
  int32_t special = 0;
  LATI_TRY(LATI_NEW(factors->special, model->ctx, symbols));
  LATI_TRY(LATI_NEW(factors->mantissa, model->ctx, symbols));
  LATI_TRY(LATI_NEW(factors->exponent, model->ctx, symbols));
  for (int32_t token = 0; token < symbols; ++token) {
    factors->mantissa[token] = factors->exponent[token] = factors->special[token] = -1;
    if (token < LAT_TOKEN_NUMBER ||
        !encoding->factors(&factors->mantissa[token], &factors->exponent[token],
                           token - LAT_TOKEN_NUMBER)) {
      factors->special[token] = special++;
    }
  }
  factors->special_table = lati_view(in, "embeddings", ".weight");
  factors->mantissa_table = lati_view(in, "embeddings.mantissa", ".weight");
  factors->exponent_table = lati_view(in, "embeddings.exponent", ".weight");
done:
  return status;
}

/* PE[p, 2i] = sin(p / 10000^(2i / width)), PE[p, 2i + 1] = cos of the same. */
static lat_status build_sinusoids(float **out, const lat_model *model, int32_t width) {
  const int32_t positions = model->options.max_positions;
  lat_status status = LATI_NEW(*out, model->ctx, (size_t)positions * (size_t)width);
  if (status != LAT_OK) {
    return status;
  }
  for (int32_t i = 0; i < width; ++i) {
    const double rate = pow(10000.0, -(double)(i / 2 * 2) / width);
    for (int32_t p = 0; p < positions; ++p) {
      const double angle = p * rate;
      (*out)[(size_t)p * (size_t)width + (size_t)i] = (float)(i % 2 == 0 ? sin(angle) : cos(angle));
    }
  }
  return LAT_OK;
}

lat_status lati_embed_view(lati_stack *stack, const lati_scope *in, const lat_model *model) {
  lat_status status = LAT_OK;
  lati_embedding *embedding = &stack->embedding;
  embedding->table = lati_view(in, "embeddings", ".weight");
  if (lati_config_factored(&model->options, model->tokenizer, stack->side)) {
    LATI_TRY(build_factors(&embedding->factors, in, stack->side));
    if (stack->side == LAT_OUTPUT) {
      LATI_TRY(LATI_NEW(embedding->expanded, model->ctx,
                        (size_t)embedding->symbols * (size_t)stack->width));
    }
    embedding->table = embedding->expanded;
  }
  embedding->positions = lati_view(in, "position_embeddings", ".weight");
  if (embedding->positions == NULL) {
    LATI_TRY(build_sinusoids(&embedding->sinusoids, model, stack->width));
    embedding->positions = embedding->sinusoids;
  }
  embedding->queries = lati_view(in, "query_embeddings", ".weight");
  embedding->rows = lati_view(in, "row_embeddings", ".weight");
  embedding->cols = lati_view(in, "col_embeddings", ".weight");
  embedding->norm = lati_view_norm(in, "layer_norm_emb");
done:
  return status;
}

void lati_embed_free(lati_embedding *embedding) {
  lati_free(embedding->factors.special);
  lati_free(embedding->factors.mantissa);
  lati_free(embedding->factors.exponent);
  lati_free(embedding->sinusoids);
  lati_free(embedding->expanded);
}

void lati_embed_expand(lati_stack *stack, const lat_model *model) {
  const lati_embedding *embedding = &stack->embedding;
  const lati_factors *factors = &embedding->factors;
  const lati_backend *backend = model->ctx->backend;
  lati_pool *pool = model->ctx->pool;
  if (embedding->expanded != NULL) {
    backend->embedding_forward(pool, embedding->expanded, factors->special_table, factors->special,
                               embedding->symbols, stack->width, 0);
    backend->embedding_forward(pool, embedding->expanded, factors->mantissa_table,
                               factors->mantissa, embedding->symbols, stack->width, 1);
    backend->embedding_forward(pool, embedding->expanded, factors->exponent_table,
                               factors->exponent, embedding->symbols, stack->width, 1);
  }
}

void lati_embed_plan(lati_stack_state *state, lati_arena *from) {
  for (int i = 0; i < LATI_MAX_LOOKUPS; ++i) {
    state->lookup[i].ids = lati_take(from, state->tokens, sizeof(int32_t));
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

/* Where sequences begin: a problem takes two EOS, a decoder's answer one, query positions one. */
static void fill_offsets(lati_stack_state *state, const lat_batch *batch) {
  const lati_stack *stack = state->stack;
  const int64_t *own = batch->side[stack->side].offsets;
  const int64_t *answers = batch->side[LAT_OUTPUT].offsets;
  for (int64_t i = 0; i < state->sequences; ++i) {
    state->offsets[i] =
        own[i] + i * (stack->side == LAT_INPUT ? 2 : 1) + (stack->queries ? answers[i] + i : 0);
  }
  state->offsets[state->sequences] = state->tokens;
}

/* Tokens of sequence i in front of its query positions. */
static int64_t own_tokens(const lati_stack_state *state, const lat_batch *batch, int64_t i) {
  const int64_t *answers = batch->side[LAT_OUTPUT].offsets;
  const int64_t queries = state->stack->queries ? answers[i + 1] - answers[i] + 1 : 0;
  return state->offsets[i + 1] - state->offsets[i] - queries;
}

/* Query positions have no symbol. */
static void fill_tokens(int32_t *ids, const lati_stack_state *state, const lat_batch *batch) {
  const lati_batch_side *from = &batch->side[state->stack->side];
  const int input = state->stack->side == LAT_INPUT;
  for (int64_t i = 0; i < state->sequences; ++i) {
    const int64_t first = from->offsets[i], count = from->offsets[i + 1] - first;
    frame_tokens(ids + state->offsets[i], from->tokens + first, count, input);
    for (int64_t t = state->offsets[i] + count + 2; t < state->offsets[i + 1]; ++t) {
      ids[t] = -1;
    }
  }
}

/* Each token's place in its sequence, or with `queries` that of each query position; -1 for the
 * others. */
static void fill_positions(int32_t *ids, const lati_stack_state *state, const lat_batch *batch,
                           int queries) {
  for (int64_t i = 0; i < state->sequences; ++i) {
    const int64_t own = own_tokens(state, batch, i), first = state->offsets[i];
    const int64_t count = state->offsets[i + 1] - first;
    for (int64_t t = 0; t < count; ++t) {
      ids[first + t] = (int32_t)(queries ? t - own : t);
      if ((t >= own) != queries) {
        ids[first + t] = -1;
      }
    }
  }
}

/* Places of one axis; those of the answers behind a problem's own where there are queries. */
static void fill_places(int32_t *ids, const lati_stack_state *state, const lat_batch *batch,
                        const uint8_t *own, const uint8_t *answers) {
  const lati_batch_side *from = &batch->side[state->stack->side];
  const int64_t *offsets = batch->side[LAT_OUTPUT].offsets;
  for (int64_t i = 0; i < state->sequences; ++i) {
    const int64_t first = from->offsets[i], count = from->offsets[i + 1] - first;
    frame_places(ids + state->offsets[i], own + first + i, count, state->stack->side == LAT_INPUT);
    if (state->stack->queries) {
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
static void split_tokens(lati_stack_state *state) {
  const lati_factors *factors = &state->stack->embedding.factors;
  lati_lookup *special = &state->lookup[0];
  special->table = factors->special_table;
  lati_lookup *mantissa = add_lookup(state, factors->mantissa_table, 1);
  lati_lookup *exponent = add_lookup(state, factors->exponent_table, 1);
  map_ids(mantissa->ids, special->ids, factors->mantissa, state->tokens);
  map_ids(exponent->ids, special->ids, factors->exponent, state->tokens);
  map_ids(special->ids, special->ids, factors->special, state->tokens);
}

static void fill_lookups(lati_workspace *work, lati_stack_state *state, const lat_batch *batch) {
  const lati_embedding *embedding = &state->stack->embedding;
  const lati_batch_side *from = &batch->side[state->stack->side],
                        *answers = &batch->side[LAT_OUTPUT];
  const int learned = work->model->options.positions == LAT_POSITIONS_LEARNED;
  state->lookups = 0;
  fill_offsets(state, batch);
  fill_tokens(add_lookup(state, embedding->table, 1)->ids, state, batch);
  if (embedding->factors.special != NULL) {
    split_tokens(state);
  }
  fill_positions(add_lookup(state, embedding->positions, learned)->ids, state, batch, 0);
  if (embedding->queries != NULL) {
    fill_positions(add_lookup(state, embedding->queries, 1)->ids, state, batch, 1);
  }
  if (embedding->rows != NULL) {
    fill_places(add_lookup(state, embedding->rows, 1)->ids, state, batch, from->rows,
                answers->rows);
    fill_places(add_lookup(state, embedding->cols, 1)->ids, state, batch, from->cols,
                answers->cols);
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
  const int drops =
      lati_dropout_at(&dropout, work, (uint32_t)stack->side, work->model->options.dropout);
  const lati_rows none = {0};
  backend->layernorm_forward(work->pool, normed->values, drops ? none : normed->operand,
                             embedded->mean, embedded->rstd, embedded->sum,
                             stack->embedding.norm.gamma, stack->embedding.norm.beta, state->tokens,
                             stack->width);
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
  if (lati_dropout_at(&dropout, work, (uint32_t)stack->side, work->model->options.dropout)) {
    backend->dropout(work->pool, d_h, d_h, NULL, state->tokens * stack->width, &dropout);
  }
  lati_norm_backward(work, state, &stack->embedding.norm, embedded, d_h, (lati_rows){0}, d_h,
                     embedded->sum, 0);
  for (int32_t i = 0; i < state->lookups; ++i) {
    const lati_lookup *lookup = &state->lookup[i];
    if (lookup->trained) {
      backend->embedding_backward(work->pool, lati_gradient_of(work, lookup->table), d_h,
                                  lookup->ids, state->tokens, stack->width);
    }
  }
}

void lati_embed_step(lati_decoder *decoder, const lati_decode_row *rows) {
  const lati_stack *stack = lati_last_stack(decoder->model);
  const float *const tables[] = {stack->embedding.table, stack->embedding.positions,
                                 stack->embedding.rows, stack->embedding.cols};
  const int64_t n = decoder->count;
  int32_t *ids = decoder->ids;
  for (int64_t i = 0; i < n; ++i) {
    ids[i] = rows[i].token;
    ids[n + i] = decoder->position;
    ids[2 * n + i] = rows[i].row;
    ids[3 * n + i] = rows[i].col;
  }
  for (int32_t t = 0; t < 4 && tables[t] != NULL; ++t) {
    decoder->backend->embedding_forward(decoder->ctx->pool, decoder->x.values, tables[t],
                                        ids + t * n, n, stack->width, t > 0);
  }
}
