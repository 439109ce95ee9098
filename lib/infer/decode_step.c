#include "infer/decode_step.h"

#include "compute/vector.h"
#include "infer/key_value_cache.h"

#include <string.h>

enum { ROWS_A_TASK = 4 };

/* Scratch memory of one worker: pointers to the keys of one row, and its scores. */
typedef struct attention_scratch {
  const float **keys;
  float *scores;
} attention_scratch;

struct lati_decoder {
  lat_context *ctx;
  const lat_model *model;
  const lati_backend *backend;
  lati_workspace *workspace;
  int32_t max_length, position;
  int64_t count; /* rows of the last step */

  lati_key_value_cache cache;
  int64_t history_rows;
  int32_t *history, *next_history; /* (rows, max_length): row that held the token at a position */

  const int64_t *source_offsets;
  float *cross; /* (layers, source tokens, 2 width): keys and values */
  size_t cross_capacity;
  int64_t source_tokens;

  int64_t row_capacity;
  int32_t *ids;                              /* (4, rows): symbol, position, row, column */
  float *x, *y, *h, *attended, *qkv, *inner; /* (rows, width), qkv 3 widths, inner the ffn's */
  float *mean, *rstd;
  float *logits;
  attention_scratch *scratch; /* a worker each */
  int64_t scratch_keys;
};

static int32_t passes_of(const lati_stack *stack) {
  return stack->layers * stack->loops;
}

static int32_t workers_of(const lati_decoder *decoder) {
  return lati_pool_size(decoder->ctx->pool);
}

lat_status lati_decoder_create(lati_decoder **out, const lat_model *model, int32_t max_length) {
  *out = NULL;
  lat_status status = LAT_OK;
  lati_decoder *decoder = NULL;
  const lati_stack *stack = &model->decoder;
  LATI_TRY(LATI_NEW(decoder, model->ctx, 1));
  decoder->ctx = model->ctx;
  decoder->model = model;
  decoder->backend = model->ctx->backend;
  decoder->max_length = max_length;
  LATI_TRY(LATI_NEW(decoder->scratch, decoder->ctx, workers_of(decoder)));
  LATI_TRY(
      lati_cache_init(&decoder->cache, decoder->ctx, passes_of(stack), stack->width, max_length));
  LATI_TRY(lati_workspace_create(&decoder->workspace, model));
done:
  if (status != LAT_OK) {
    lati_decoder_free(decoder);
    return status;
  }
  *out = decoder;
  return LAT_OK;
}

static void free_scratch(lati_decoder *decoder) {
  for (int32_t w = 0; decoder->scratch != NULL && w < workers_of(decoder); ++w) {
    lati_free((void *)decoder->scratch[w].keys);
    lati_free(decoder->scratch[w].scores);
    decoder->scratch[w] = (attention_scratch){NULL, NULL};
  }
  decoder->scratch_keys = 0;
}

static void free_rows(lati_decoder *decoder) {
  void *blocks[] = {
      decoder->history, decoder->next_history, decoder->ids, decoder->x,     decoder->y,
      decoder->h,       decoder->attended,     decoder->qkv, decoder->inner, decoder->mean,
      decoder->rstd,    decoder->logits};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; ++i) {
    lati_free(blocks[i]);
  }
  decoder->history = decoder->next_history = decoder->ids = NULL;
  decoder->x = decoder->y = decoder->h = decoder->attended = decoder->qkv = decoder->inner = NULL;
  decoder->mean = decoder->rstd = decoder->logits = NULL;
  decoder->row_capacity = 0;
}

void lati_decoder_free(lati_decoder *decoder) {
  if (decoder == NULL) {
    return;
  }
  free_scratch(decoder);
  free_rows(decoder);
  lati_free(decoder->scratch);
  lati_free(decoder->cross);
  lati_cache_clear(&decoder->cache);
  lati_workspace_free(decoder->workspace);
  lati_free(decoder);
}

static lat_status reserve_rows(lati_decoder *decoder, int64_t rows) {
  if (rows <= decoder->row_capacity) {
    return LAT_OK;
  }
  lat_status status = LAT_OK;
  const lat_context *ctx = decoder->ctx;
  const lati_stack *stack = &decoder->model->decoder;
  size_t n = (size_t)rows, width = n * (size_t)stack->width;
  free_rows(decoder);
  lati_cache_reserve_rows(&decoder->cache, rows);
  LATI_TRY(LATI_NEW(decoder->history, ctx, n * (size_t)decoder->max_length));
  LATI_TRY(LATI_NEW(decoder->next_history, ctx, n * (size_t)decoder->max_length));
  LATI_TRY(LATI_NEW(decoder->ids, ctx, 4 * n));
  LATI_TRY(LATI_NEW(decoder->x, ctx, width));
  LATI_TRY(LATI_NEW(decoder->y, ctx, width));
  LATI_TRY(LATI_NEW(decoder->h, ctx, width));
  LATI_TRY(LATI_NEW(decoder->attended, ctx, width));
  LATI_TRY(LATI_NEW(decoder->qkv, ctx, 3 * width));
  LATI_TRY(LATI_NEW(decoder->inner, ctx, n * (size_t)stack->inner));
  LATI_TRY(LATI_NEW(decoder->mean, ctx, n));
  LATI_TRY(LATI_NEW(decoder->rstd, ctx, n));
  LATI_TRY(LATI_NEW(decoder->logits, ctx, n * (size_t)decoder->model->projection.out));
  decoder->row_capacity = rows;
done:
  if (status != LAT_OK) {
    free_rows(decoder);
  }
  return status;
}

static lat_status reserve_scratch(lati_decoder *decoder, int64_t keys) {
  if (keys <= decoder->scratch_keys) {
    return LAT_OK;
  }
  lat_status status = LAT_OK;
  size_t n = (size_t)keys;
  free_scratch(decoder);
  for (int32_t w = 0; w < workers_of(decoder); ++w) {
    LATI_TRY(LATI_NEW(decoder->scratch[w].keys, decoder->ctx, n));
    LATI_TRY(LATI_NEW(decoder->scratch[w].scores, decoder->ctx,
                      n * (size_t)decoder->model->decoder.heads));
  }
  decoder->scratch_keys = keys;
done:
  if (status != LAT_OK) {
    free_scratch(decoder);
  }
  return status;
}

static lati_rows rows_of(float *data, int64_t ld) {
  return (lati_rows){data, ld};
}

/* Keys and values of the encoder's output, for every layer: loops share them. */
static lat_status project_sources(lati_decoder *decoder, float *encoded) {
  const lati_stack *stack = &decoder->model->decoder;
  int64_t ld = 2 * (int64_t)stack->width;
  size_t floats = (size_t)(stack->layers * decoder->source_tokens * ld);
  if (floats > decoder->cross_capacity) {
    lati_free(decoder->cross);
    decoder->cross = NULL;
    decoder->cross_capacity = 0;
    lat_status status = LATI_NEW(decoder->cross, decoder->ctx, floats);
    if (status != LAT_OK) {
      return status;
    }
    decoder->cross_capacity = floats;
  }
  for (int32_t l = 0; l < stack->layers; ++l) {
    float *kv = decoder->cross + l * decoder->source_tokens * ld;
    decoder->backend->linear_forward(decoder->ctx->pool, rows_of(kv, ld), &stack->layer[l].cross.kv,
                                     rows_of(encoded, decoder->model->encoder.width),
                                     decoder->source_tokens, LATI_IDENTITY, NULL, NULL);
  }
  return LAT_OK;
}

lat_status lati_decoder_start(lati_decoder *decoder, const lat_batch *batch, int64_t rows) {
  lat_status status = LAT_OK;
  float *encoded = NULL;
  LATI_TRY(
      lati_encode(&encoded, &decoder->source_offsets, decoder->workspace, decoder->model, batch));
  decoder->source_tokens = decoder->source_offsets[batch->size];
  decoder->position = 0;
  decoder->count = 0;
  int64_t longest = decoder->max_length;
  for (int64_t i = 0; i < batch->size; ++i) {
    int64_t tokens = decoder->source_offsets[i + 1] - decoder->source_offsets[i];
    longest = tokens > longest ? tokens : longest;
  }
  LATI_TRY(reserve_rows(decoder, rows));
  LATI_TRY(reserve_scratch(decoder, longest));
  LATI_TRY(project_sources(decoder, encoded));
done:
  return status;
}

static void embed(lati_decoder *decoder, const lati_decode_row *rows) {
  const lati_backend *backend = decoder->backend;
  const lati_stack *stack = &decoder->model->decoder;
  lati_pool *pool = decoder->ctx->pool;
  int64_t n = decoder->count;
  int32_t *ids = decoder->ids;
  for (int64_t i = 0; i < n; ++i) {
    ids[i] = rows[i].token;
    ids[n + i] = decoder->position;
    ids[2 * n + i] = rows[i].row;
    ids[3 * n + i] = rows[i].col;
  }
  backend->embedding_forward(pool, decoder->x, stack->embeddings, ids, n, stack->width, 0);
  backend->embedding_forward(pool, decoder->x, stack->positions, ids + n, n, stack->width, 1);
  if (stack->rows != NULL) {
    backend->embedding_forward(pool, decoder->x, stack->rows, ids + 2 * n, n, stack->width, 1);
    backend->embedding_forward(pool, decoder->x, stack->cols, ids + 3 * n, n, stack->width, 1);
  }
}

static void normalize(lati_decoder *decoder, float *y, const lati_norm *norm, const float *x) {
  decoder->backend->layernorm_forward(decoder->ctx->pool, y, decoder->mean, decoder->rstd, x,
                                      norm->gamma, norm->beta, decoder->count,
                                      decoder->model->decoder.width);
}

static void linear(lati_decoder *decoder, float *y, const lati_linear *layer, float *x,
                   lati_activation activation, const float *residual) {
  decoder->backend->linear_forward(decoder->ctx->pool, rows_of(y, layer->out), layer,
                                   rows_of(x, layer->in), decoder->count, activation, NULL,
                                   residual);
}

/* One attention over all rows of a step. */
typedef struct attention_call {
  const lati_vector *vector;
  const lati_decoder *decoder;
  const lati_decode_row *rows;
  int32_t pass; /* self-attention, or -1 */
  const float *cross;
  int64_t query_ld;
} attention_call;

static int64_t own_keys(const float **keys, const attention_call *call, int64_t row) {
  const lati_decoder *decoder = call->decoder;
  const int32_t *history = decoder->history + call->rows[row].history * decoder->max_length;
  for (int32_t t = 0; t <= decoder->position; ++t) {
    keys[t] = lati_cache_at(&decoder->cache, call->pass, t, history[t]);
  }
  return decoder->position + 1;
}

static int64_t source_keys(const float **keys, const attention_call *call, int64_t row) {
  const int64_t *offsets = call->decoder->source_offsets + call->rows[row].source;
  int64_t ld = 2 * (int64_t)call->decoder->model->decoder.width;
  for (int64_t t = offsets[0]; t < offsets[1]; ++t) {
    keys[t - offsets[0]] = call->cross + t * ld;
  }
  return offsets[1] - offsets[0];
}

static void attend_rows(void *argument, int64_t task, int32_t worker) {
  const attention_call *call = argument;
  const lati_decoder *decoder = call->decoder;
  const lati_stack *stack = &decoder->model->decoder;
  attention_scratch *scratch = &decoder->scratch[worker];
  int64_t first = task * ROWS_A_TASK;
  int64_t end = first + ROWS_A_TASK < decoder->count ? first + ROWS_A_TASK : decoder->count;
  for (int64_t i = first; i < end; ++i) {
    int64_t count =
        call->pass >= 0 ? own_keys(scratch->keys, call, i) : source_keys(scratch->keys, call, i);
    call->vector->attend(decoder->attended + i * stack->width, decoder->qkv + i * call->query_ld,
                         scratch->keys, count, stack->heads, stack->width / stack->heads,
                         scratch->scores);
  }
}

static void attend(const attention_call *call) {
  int64_t tasks = (call->decoder->count + ROWS_A_TASK - 1) / ROWS_A_TASK;
  lati_pool_run(call->decoder->ctx->pool, attend_rows, (void *)call, tasks);
}

/* y = residual + out(attention(input)) over the tokens so far. */
static void self_attention(lati_decoder *decoder, const lati_decode_row *rows, int32_t pass,
                           float *y, float *input, const float *residual) {
  const lati_stack *stack = &decoder->model->decoder;
  const lati_attention_block *block = &stack->layer[pass % stack->layers].self;
  int64_t width = stack->width;
  linear(decoder, decoder->qkv, &block->qkv, input, LATI_IDENTITY, NULL);
  for (int64_t i = 0; i < decoder->count; ++i) {
    memcpy(lati_cache_at(&decoder->cache, pass, decoder->position, i),
           decoder->qkv + (3 * i + 1) * width, (size_t)(2 * width) * sizeof(float));
  }
  attend(&(attention_call){lati_vector_best(), decoder, rows, pass, NULL, 3 * width});
  linear(decoder, y, &block->out, decoder->attended, LATI_IDENTITY, residual);
}

/* y += out(attention(input)) over the source. */
static void cross_attention(lati_decoder *decoder, const lati_decode_row *rows, int32_t pass,
                            float *y, float *input) {
  const lati_stack *stack = &decoder->model->decoder;
  int32_t l = pass % stack->layers;
  const lati_attention_block *block = &stack->layer[l].cross;
  const float *cross = decoder->cross + l * decoder->source_tokens * 2 * stack->width;
  linear(decoder, decoder->qkv, &block->q, input, LATI_IDENTITY, NULL);
  attend(&(attention_call){lati_vector_best(), decoder, rows, -1, cross, stack->width});
  linear(decoder, y, &block->out, decoder->attended, LATI_IDENTITY, y);
}

/* y = residual + lin2(activation(lin1(input))). */
static void feed_forward(lati_decoder *decoder, const lati_layer *layer, float *y, float *input,
                         const float *residual) {
  linear(decoder, decoder->inner, &layer->lin1, input, decoder->model->decoder.activation, NULL);
  linear(decoder, y, &layer->lin2, decoder->inner, LATI_IDENTITY, residual);
}

static void layer_post_norm(lati_decoder *decoder, const lati_decode_row *rows, int32_t pass) {
  const lati_layer *layer = &decoder->model->decoder.layer[pass % decoder->model->decoder.layers];
  float *x = decoder->x, *y = decoder->y;
  self_attention(decoder, rows, pass, y, x, x);
  normalize(decoder, y, &layer->norm1, y);
  cross_attention(decoder, rows, pass, y, decoder->model->options.cross_query_from_input ? x : y);
  normalize(decoder, y, &layer->norm15, y);
  feed_forward(decoder, layer, x, y, y);
  normalize(decoder, x, &layer->norm2, x);
}

static void layer_pre_norm(lati_decoder *decoder, const lati_decode_row *rows, int32_t pass) {
  const lati_layer *layer = &decoder->model->decoder.layer[pass % decoder->model->decoder.layers];
  float *x = decoder->x, *y = decoder->y, *h = decoder->h;
  normalize(decoder, h, &layer->norm1, x);
  self_attention(decoder, rows, pass, y, h, x);
  normalize(decoder, h, &layer->norm15, decoder->model->options.cross_query_from_input ? x : y);
  cross_attention(decoder, rows, pass, y, h);
  normalize(decoder, h, &layer->norm2, y);
  feed_forward(decoder, layer, x, h, y);
}

lat_status lati_decoder_step(lati_decoder *decoder, const lati_decode_row *rows, int64_t count) {
  const lati_stack *stack = &decoder->model->decoder;
  if (decoder->position >= decoder->max_length || count > decoder->row_capacity) {
    return LATI_BUG("more positions or rows than were asked for");
  }
  lat_status status = lati_cache_reserve_position(&decoder->cache, decoder->position);
  if (status != LAT_OK) {
    return status;
  }
  decoder->count = count;
  for (int64_t i = 0; i < count; ++i) {
    decoder->history[rows[i].history * decoder->max_length + decoder->position] = (int32_t)i;
  }
  embed(decoder, rows);
  normalize(decoder, decoder->x, &stack->norm_emb, decoder->x);
  for (int32_t pass = 0; pass < passes_of(stack); ++pass) {
    (stack->pre_norm ? layer_pre_norm : layer_post_norm)(decoder, rows, pass);
  }
  if (stack->pre_norm) {
    normalize(decoder, decoder->x, &stack->norm_out, decoder->x);
  }
  ++decoder->position;
  return LAT_OK;
}

float *lati_decoder_logits(lati_decoder *decoder, lati_symbol_range symbols) {
  lati_linear slice;
  decoder->backend->linear_slice(&slice, &decoder->model->projection, symbols.first, symbols.end);
  linear(decoder, decoder->logits, &slice, decoder->x, LATI_IDENTITY, NULL);
  return decoder->logits;
}

void lati_decoder_fork(lati_decoder *decoder, const int64_t *parents, int64_t count) {
  int32_t *next = decoder->next_history;
  size_t bytes = (size_t)decoder->position * sizeof *next;
  for (int64_t i = 0; i < count; ++i) {
    memcpy(next + i * decoder->max_length, decoder->history + parents[i] * decoder->max_length,
           bytes);
  }
  decoder->next_history = decoder->history;
  decoder->history = next;
}
