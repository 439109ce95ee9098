#include "transformer/workspace.h"

#include <string.h>

/* Logits of at most this many floats exist at once, so that memory stays bounded when a large
 * vocabulary meets a large batch. */
#define LOGIT_FLOATS (1 << 23)

/* A bump allocator; without base it only counts. */
typedef struct arena {
  const lati_backend *backend; /* whose operands it holds */
  unsigned char *base;
  size_t used;
} arena;

static void *take(arena *from, int64_t count, size_t size) {
  void *block = from->base == NULL ? NULL : from->base + from->used;
  const size_t bytes = (size_t)count * size;
  from->used += (bytes + LATI_ALIGNMENT - 1) / LATI_ALIGNMENT * LATI_ALIGNMENT;
  return block;
}

static float *take_floats(arena *from, int64_t rows, int64_t cols) {
  return take(from, rows * cols, sizeof(float));
}

static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

static lati_rows take_operand(arena *from, int64_t rows, int64_t width) {
  const int64_t bytes = lati_operand_bytes(from->backend, rows, width);
  return lati_operand(from->backend, take(from, bytes, 1), lati_operand_ld(from->backend, width));
}

static lati_hidden take_hidden(arena *from, int64_t rows, int64_t width) {
  lati_hidden hidden = {.values = take_floats(from, rows, width)};
  hidden.operand =
      from->backend->narrow ? take_operand(from, rows, width) : lati_floats(hidden.values, width);
  return hidden;
}

static void plan_residual(lati_residual_state *state, arena *from, int64_t tokens, int32_t width) {
  state->sum = take_floats(from, tokens, width);
  state->normed = take_hidden(from, tokens, width);
  state->mean = take_floats(from, tokens, 1);
  state->rstd = take_floats(from, tokens, 1);
}

static void plan_layer(lati_layer_state *state, arena *from, const lati_stack *stack,
                       int64_t tokens, int64_t memory_tokens, int training) {
  const int32_t width = stack->width;
  plan_residual(&state->self, from, tokens, width);
  state->qkv = take_operand(from, tokens, 3 * width);
  state->self_out = take_operand(from, tokens, width);
  state->self_lse = take_floats(from, tokens, stack->heads);
  if (stack->side == LAT_OUTPUT) {
    plan_residual(&state->cross, from, tokens, width);
    state->q = take_operand(from, tokens, width);
    state->kv = take_operand(from, memory_tokens, 2 * width);
    state->cross_out = take_operand(from, tokens, width);
    state->cross_lse = take_floats(from, tokens, stack->heads);
  }
  plan_residual(&state->ffn, from, tokens, width);
  state->inner = take_operand(from, tokens, stack->inner);
  state->pre = (lati_rows){0};
  if (training && stack->activation == LATI_GELU) {
    state->pre = take_operand(from, tokens, stack->inner);
  }
}

static void plan_lookups(lati_stack_state *state, arena *from) {
  for (int i = 0; i < LATI_MAX_LOOKUPS; ++i) {
    state->lookup[i].ids = take(from, state->tokens, sizeof(int32_t));
  }
}

static void plan_stack(lati_stack_state *state, arena *from, int64_t memory_tokens, int training) {
  const lati_stack *stack = state->stack;
  state->passes = training ? stack->layers * stack->loops : 1;
  state->offsets = take(from, state->sequences + 1, sizeof(int64_t));
  plan_lookups(state, from);
  plan_residual(&state->embedded, from, state->tokens, stack->width);
  for (int32_t i = 0; i < state->passes; ++i) {
    plan_layer(&state->pass[i], from, stack, state->tokens, memory_tokens, training);
  }
  if (stack->pre_norm) {
    state->last.normed = take_hidden(from, state->tokens, stack->width);
    state->last.mean = take_floats(from, state->tokens, 1);
    state->last.rstd = take_floats(from, state->tokens, 1);
  }
}

/* Bytes for the layer whose inputs take the most. */
static size_t packed_bytes(const lati_workspace *work) {
  const lati_stack *encoder = &work->model->encoder, *decoder = &work->model->decoder;
  const lati_backend *backend = work->backend;
  const size_t source = backend->weight_scratch(work->encoder.tokens, encoder->inner);
  const size_t target = backend->weight_scratch(work->decoder.tokens, decoder->inner);
  return source > target ? source : target;
}

/* Memory for rows of either stack: factors of its width. */
static void *take_either(arena *from, const lati_workspace *work, int32_t factor) {
  const lati_backend *backend = work->backend;
  const int64_t source = lati_operand_bytes(backend, work->encoder.tokens,
                                            factor * (int64_t)work->model->encoder.width);
  const int64_t target = lati_operand_bytes(backend, work->decoder.tokens,
                                            factor * (int64_t)work->model->decoder.width);
  return take(from, larger(source, target), 1);
}

static void plan_backward(lati_workspace *work, arena *from) {
  const lati_stack *encoder = &work->model->encoder, *decoder = &work->model->decoder;
  const int64_t source = work->encoder.tokens, target = work->decoder.tokens;
  const int64_t hidden = larger(source * encoder->width, target * decoder->width);
  const int32_t factor = work->model->options.ffn_factor;
  lati_scratch *scratch = &work->scratch;
  scratch->d_hidden = take_floats(from, target, decoder->width);
  scratch->d_encoded = take_floats(from, source, encoder->width);
  scratch->d_source = take_floats(from, target, decoder->width);
  scratch->d_block = take_floats(from, hidden, 1);
  scratch->d_normed = take_floats(from, hidden, 1);
  scratch->d_narrow = work->backend->narrow ? take_either(from, work, 1) : NULL;
  scratch->d_mixed = take_either(from, work, 1);
  scratch->d_wide = take_either(from, work, factor > 3 ? factor : 3);
  scratch->d_kv = take(from, lati_operand_bytes(work->backend, source, 2 * decoder->width), 1);
  scratch->norm_sums =
      take_floats(from, 2 * LATI_NORM_GROUPS, larger(encoder->width, decoder->width));
  scratch->packed = take(from, 1, packed_bytes(work));
  scratch->d_expanded = NULL;
  if (work->model->expanded != NULL && work->model->options.tied) {
    scratch->d_expanded = take_floats(from, decoder->symbols, decoder->width);
  }
}

static void plan_head(lati_workspace *work, arena *from) {
  const int32_t symbols = work->model->decoder.symbols;
  const int64_t tokens = work->decoder.tokens, most = larger(LOGIT_FLOATS / symbols, 1);
  lati_scratch *scratch = &work->scratch;
  scratch->chunk = tokens < most ? tokens : most;
  scratch->logits = take_floats(from, scratch->chunk + LATI_TILE, symbols);
  scratch->targets = take(from, tokens, sizeof(int32_t));
  scratch->losses = take(from, tokens, sizeof(double));
  scratch->correct = take(from, tokens, sizeof(uint8_t));
}

static size_t tile_bytes(const lati_workspace *work) {
  const lati_stack *encoder = &work->model->encoder, *decoder = &work->model->decoder;
  const size_t source =
      work->backend->attention_scratch(work->encoder.longest, encoder->width / encoder->heads);
  const size_t target =
      work->backend->attention_scratch(work->decoder.longest, decoder->width / decoder->heads);
  return source > target ? source : target;
}

static size_t plan(lati_workspace *work, unsigned char *base) {
  const int training = work->purpose == LATI_TRAIN;
  arena from = {work->backend, base, 0};
  plan_stack(&work->encoder, &from, 0, training);
  work->scratch.tiles = take(&from, lati_pool_size(work->pool), tile_bytes(work));
  if (work->purpose != LATI_ENCODE) {
    plan_stack(&work->decoder, &from, work->encoder.tokens, training);
    plan_head(work, &from);
  }
  if (training) {
    plan_backward(work, &from);
  }
  return from.used;
}

/* Grows the arena with some room to spare, because the token counts of ragged batches vary. */
static lat_status reserve(lati_workspace *work, size_t bytes) {
  if (bytes <= work->capacity) {
    return LAT_OK;
  }
  lati_free(work->arena);
  work->arena = NULL;
  work->capacity = 0;
  const size_t wanted = bytes + bytes / 4;
  lat_status status = LATI_NEW(work->arena, work->model->ctx, wanted);
  work->capacity = status == LAT_OK ? wanted : 0;
  return status;
}

static int same_vocabulary(const lati_vocabulary *a, const lati_vocabulary *b) {
  return a->encoding == b->encoding && a->digits == b->digits;
}

static lat_status check_sequences(const lat_model *model, const lat_batch *batch, int32_t side) {
  const int64_t *offsets = batch->side[side].offsets;
  const int64_t framing = side == LAT_INPUT ? 2 : 1;
  for (int64_t i = 0; i < batch->size; ++i) {
    const int64_t length = offsets[i + 1] - offsets[i];
    if (length == 0) {
      return lati_fail(LAT_ERROR_ARGUMENT, "example %lld has no %s", (long long)i,
                       side == LAT_INPUT ? "input" : "target");
    }
    if (length + framing > model->options.max_positions) {
      return lati_fail(LAT_ERROR_LIMIT, "example %lld: %s of %lld tokens exceeds max_positions %d",
                       (long long)i, side == LAT_INPUT ? "input" : "target",
                       (long long)(length + framing), (int)model->options.max_positions);
    }
  }
  return LAT_OK;
}

static lat_status check_batch(const lat_model *model, const lat_batch *batch,
                              lati_purpose purpose) {
  lat_status status = lati_model_usable(model);
  if (status != LAT_OK) {
    return status;
  }
  if (batch == NULL || batch->size == 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the batch is %s", batch == NULL ? "NULL" : "empty");
  }
  for (int32_t side = LAT_INPUT; side <= LAT_OUTPUT; ++side) {
    if (!same_vocabulary(&batch->tokenizer->side[side], &model->tokenizer->side[side])) {
      return lati_fail(LAT_ERROR_ARGUMENT, "the batch's %s is in %s, the model's in %s",
                       side == LAT_INPUT ? "input" : "output",
                       lat_tokenizer_encoding(batch->tokenizer, side),
                       lat_tokenizer_encoding(model->tokenizer, side));
    }
  }
  status = check_sequences(model, batch, LAT_INPUT);
  return status != LAT_OK || purpose == LATI_ENCODE ? status
                                                    : check_sequences(model, batch, LAT_OUTPUT);
}

/* Sequences of the batch's side with `framing` symbols around each. */
static void measure_side(lati_stack_state *state, const lat_batch *batch, int32_t side,
                         int64_t framing) {
  const int64_t *offsets = batch->side[side].offsets;
  state->tokens = offsets[batch->size] + framing * batch->size;
  state->longest = 0;
  for (int64_t i = 0; i < batch->size; ++i) {
    state->longest = larger(state->longest, offsets[i + 1] - offsets[i] + framing);
  }
}

lat_status lati_workspace_plan(lati_workspace *work, const lat_batch *batch, lati_purpose purpose) {
  lat_status status = LAT_OK;
  LATI_TRY(check_batch(work->model, batch, purpose));
  work->purpose = purpose;
  work->encoder.sequences = work->decoder.sequences = batch->size;
  measure_side(&work->encoder, batch, LAT_INPUT, 2);
  measure_side(&work->decoder, batch, LAT_OUTPUT, 1);
  if (purpose == LATI_ENCODE) {
    work->decoder.tokens = work->decoder.longest = 0;
  }
  LATI_TRY(reserve(work, plan(work, NULL)));
  plan(work, work->arena);
done:
  return status;
}

static lat_status prepare_stack(lati_stack_state *state, const lat_context *ctx,
                                const lati_stack *stack) {
  state->stack = stack;
  return LATI_NEW(state->pass, ctx, stack->layers * stack->loops);
}

lat_status lati_workspace_create(lati_workspace **out, const lat_model *model) {
  lat_status status = LAT_OK;
  lati_workspace *work = NULL;
  *out = NULL;
  LATI_TRY(LATI_NEW(work, model->ctx, 1));
  work->model = model;
  work->backend = model->ctx->backend;
  work->pool = model->ctx->pool;
  LATI_TRY(prepare_stack(&work->encoder, model->ctx, &model->encoder));
  LATI_TRY(prepare_stack(&work->decoder, model->ctx, &model->decoder));
  *out = work;
  work = NULL;
done:
  lati_workspace_free(work);
  return status;
}

void lati_workspace_free(lati_workspace *work) {
  if (work != NULL) {
    lati_free(work->encoder.pass);
    lati_free(work->decoder.pass);
    lati_free(work->arena);
    lati_free(work);
  }
}
