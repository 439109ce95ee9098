#include "infer/decoder_impl.h"

enum { ROWS_A_TASK = 4 };

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
  backend->embedding_forward(pool, decoder->x.values, stack->embeddings, ids, n, stack->width, 0);
  backend->embedding_forward(pool, decoder->x.values, stack->positions, ids + n, n, stack->width,
                             1);
  if (stack->rows != NULL) {
    backend->embedding_forward(pool, decoder->x.values, stack->rows, ids + 2 * n, n, stack->width,
                               1);
    backend->embedding_forward(pool, decoder->x.values, stack->cols, ids + 3 * n, n, stack->width,
                               1);
  }
}

static void normalize(lati_decoder *decoder, const lati_hidden *y, const lati_norm *norm,
                      const float *x) {
  decoder->backend->layernorm_forward(decoder->ctx->pool, y->values, y->operand, decoder->mean,
                                      decoder->rstd, x, norm->gamma, norm->beta, decoder->count,
                                      decoder->model->decoder.width);
}

static void linear(lati_decoder *decoder, lati_rows y, const lati_linear *layer, lati_rows x,
                   lati_activation activation, const float *residual) {
  decoder->backend->linear_forward(decoder->ctx->pool, y, layer, x, decoder->count, activation,
                                   (lati_rows){0}, residual);
}

/* One attention over all rows of a step. */
typedef struct attention_call {
  const lati_decoder *decoder;
  const lati_decode_row *rows;
  int32_t pass; /* self-attention, or -1 */
  const float *cross;
  int64_t to_value, query_ld;
} attention_call;

/* The tokens so far; the last, which no other row sees, is kept here. */
static int64_t own_keys(const float **keys, const attention_call *call, int64_t row) {
  const lati_decoder *decoder = call->decoder;
  const int64_t width = decoder->model->decoder.width;
  const float *computed = decoder->qkv + row * call->query_ld + width;
  float *kept = lati_cache_key(&decoder->cache, call->pass, decoder->position, row);
  lati_decoder_keep(decoder, kept, computed);
  lati_decoder_keep(decoder, kept + call->to_value, computed + width);
  const int32_t *history = decoder->history + call->rows[row].history * decoder->max_length;
  for (int32_t t = 0; t <= decoder->position; ++t) {
    keys[t] = lati_cache_key(&decoder->cache, call->pass, t, history[t]);
  }
  return decoder->position + 1;
}

static int64_t source_keys(const float **keys, const attention_call *call, int64_t row) {
  const int64_t *offsets = call->decoder->source_offsets + call->rows[row].source;
  int64_t ld = call->decoder->kv_width;
  for (int64_t t = offsets[0]; t < offsets[1]; ++t) {
    keys[t - offsets[0]] = call->cross + t * ld;
  }
  return offsets[1] - offsets[0];
}

static void attend_rows(void *argument, int64_t task, int32_t worker) {
  const attention_call *call = argument;
  const lati_decoder *decoder = call->decoder;
  const lati_stack *stack = &decoder->model->decoder;
  const lati_attention_scratch *scratch = &decoder->scratch[worker];
  int64_t first = task * ROWS_A_TASK;
  int64_t end = first + ROWS_A_TASK < decoder->count ? first + ROWS_A_TASK : decoder->count;
  for (int64_t i = first; i < end; ++i) {
    int64_t count =
        call->pass >= 0 ? own_keys(scratch->keys, call, i) : source_keys(scratch->keys, call, i);
    (decoder->narrow ? decoder->vector->attend_narrow : decoder->vector->attend)(
        decoder->attended + i * stack->width, decoder->qkv + i * call->query_ld, scratch->keys,
        call->to_value, count, decoder->heads, decoder->head_width, scratch->scores);
  }
}

static void attend(const attention_call *call) {
  int64_t tasks = (call->decoder->count + ROWS_A_TASK - 1) / ROWS_A_TASK;
  lati_pool_run(call->decoder->ctx->pool, attend_rows, (void *)call, tasks);
}

/* y = residual + out(attention(input)) over the tokens so far. */
static void self_attention(lati_decoder *decoder, const lati_decode_row *rows, int32_t pass,
                           float *y, lati_rows input, const float *residual) {
  const lati_stack *stack = &decoder->model->decoder;
  const int64_t width = stack->width;
  const lati_attention_block *block = &stack->layer[pass % stack->layers].self;
  linear(decoder, lati_floats(decoder->qkv, 3 * width), &block->qkv, input, LATI_IDENTITY, NULL);
  attend(&(attention_call){decoder, rows, pass, NULL, lati_cache_to_value(&decoder->cache),
                           3 * width});
  linear(decoder, lati_floats(y, width), &block->out, lati_floats(decoder->attended, width),
         LATI_IDENTITY, residual);
}

/* y += out(attention(input)) over the source. */
static void cross_attention(lati_decoder *decoder, const lati_decode_row *rows, int32_t pass,
                            float *y, lati_rows input) {
  const lati_stack *stack = &decoder->model->decoder;
  const int64_t width = stack->width;
  int32_t l = pass % stack->layers;
  const lati_attention_block *block = &stack->layer[l].cross;
  int64_t to_value = decoder->source_tokens * decoder->kv_width;
  const float *cross = decoder->cross + l * 2 * to_value;
  linear(decoder, lati_floats(decoder->qkv, width), &block->q, input, LATI_IDENTITY, NULL);
  attend(&(attention_call){decoder, rows, -1, cross, to_value, width});
  linear(decoder, lati_floats(y, width), &block->out, lati_floats(decoder->attended, width),
         LATI_IDENTITY, y);
}

/* y = residual + lin2(activation(lin1(input))). */
static void feed_forward(lati_decoder *decoder, const lati_layer *layer, float *y, lati_rows input,
                         const float *residual) {
  const lati_stack *stack = &decoder->model->decoder;
  linear(decoder, decoder->inner, &layer->lin1, input, stack->activation, NULL);
  linear(decoder, lati_floats(y, stack->width), &layer->lin2, decoder->inner, LATI_IDENTITY,
         residual);
}

static void layer_post_norm(lati_decoder *decoder, const lati_decode_row *rows, int32_t pass) {
  const lati_layer *layer = &decoder->model->decoder.layer[pass % decoder->model->decoder.layers];
  const lati_hidden *x = &decoder->x, *y = &decoder->y;
  const int from_input = decoder->model->options.cross_query_from_input;
  self_attention(decoder, rows, pass, y->values, x->operand, x->values);
  normalize(decoder, y, &layer->norm1, y->values);
  cross_attention(decoder, rows, pass, y->values, from_input ? x->operand : y->operand);
  normalize(decoder, y, &layer->norm15, y->values);
  feed_forward(decoder, layer, x->values, y->operand, y->values);
  normalize(decoder, x, &layer->norm2, x->values);
}

static void layer_pre_norm(lati_decoder *decoder, const lati_decode_row *rows, int32_t pass) {
  const lati_layer *layer = &decoder->model->decoder.layer[pass % decoder->model->decoder.layers];
  const lati_hidden *x = &decoder->x, *y = &decoder->y, *h = &decoder->h;
  const int from_input = decoder->model->options.cross_query_from_input;
  normalize(decoder, h, &layer->norm1, x->values);
  self_attention(decoder, rows, pass, y->values, h->operand, x->values);
  normalize(decoder, h, &layer->norm15, from_input ? x->values : y->values);
  cross_attention(decoder, rows, pass, y->values, h->operand);
  normalize(decoder, h, &layer->norm2, y->values);
  feed_forward(decoder, layer, x->values, h->operand, y->values);
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
  normalize(decoder, &decoder->x, &stack->norm_emb, decoder->x.values);
  for (int32_t pass = 0; pass < lati_decoder_passes(stack); ++pass) {
    (stack->pre_norm ? layer_pre_norm : layer_post_norm)(decoder, rows, pass);
  }
  if (stack->pre_norm) {
    normalize(decoder, &decoder->x, &stack->norm_out, decoder->x.values);
  }
  ++decoder->position;
  return LAT_OK;
}

float *lati_decoder_logits(lati_decoder *decoder, lati_symbol_range symbols) {
  lati_linear slice;
  decoder->backend->linear_slice(&slice, &decoder->model->projection, symbols.first, symbols.end);
  linear(decoder, lati_floats(decoder->logits, slice.out), &slice, decoder->x.operand,
         LATI_IDENTITY, NULL);
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
