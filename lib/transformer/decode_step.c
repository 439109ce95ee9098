/* One position of incremental decoding: a loop over the last stack's blocks, each of which has its
 * own step. */
#include "transformer/block_kind.h"
#include "transformer/decoder_impl.h"
#include "transformer/embed.h"

static void normalize(lati_decoder *decoder, const lati_hidden *y, const lati_norm *norm,
                      const float *x) {
  decoder->device->operations->layernorm_forward(
      decoder->device, y->values, y->operand, decoder->mean, decoder->rstd, x, norm->gamma,
      norm->beta, decoder->count, lati_last_stack(decoder->model)->width);
}

void lati_decoder_linear(lati_decoder *decoder, lati_rows y, const lati_linear *layer, lati_rows x,
                         lati_activation activation, const float *residual) {
  decoder->device->operations->linear_forward(decoder->device, y, layer, x, decoder->count,
                                              activation, (lati_rows){0}, residual);
}

void lati_decoder_keep(const lati_decoder *decoder, lati_rows from, int64_t key, int64_t value,
                       int64_t rows, const lati_keeping *to) {
  lati_keeping keeping = *to;
  keeping.from = &from;
  keeping.key = key;
  keeping.value = value;
  keeping.rows = rows;
  keeping.heads = decoder->heads;
  keeping.head_width = decoder->head_width;
  keeping.bf16 = decoder->narrow;
  keeping.scratch = decoder->projected;
  decoder->device->operations->decoding->keep(decoder->device, &keeping);
}

void lati_decoder_attend(const lati_attend *attend) {
  const lati_decoder *decoder = attend->call->decoder;
  const lati_cached_attention attention = {.o = decoder->attended,
                                           .q = decoder->qkv,
                                           .query_ld = attend->query_ld,
                                           .rows = decoder->count,
                                           .heads = decoder->heads,
                                           .head_width = decoder->head_width,
                                           .bf16 = decoder->narrow,
                                           .to_value = attend->to_value,
                                           .find_keys = attend->find_keys,
                                           .user = attend,
                                           .most_keys = decoder->scratch_keys,
                                           .found = decoder->keys,
                                           .scores = decoder->scores};
  decoder->device->operations->decoding->attend(decoder->device, &attention);
}

/* One block: `to` = `from` + block, with its norm before or behind. `input` is the layer's. */
static void block_step(const lati_decode_call *call, const lati_hidden *to, const lati_hidden *from,
                       const lati_hidden *input) {
  lati_decoder *decoder = call->decoder;
  const lati_block *block = call->block;
  const lati_hidden *source = block->reads_input ? input : from;
  if (block->stack->pre_norm) {
    normalize(decoder, &decoder->h, &block->norm, source->values);
    block->kind->step(call, to->values, decoder->h.operand, from->values);
  } else {
    block->kind->step(call, to->values, source->operand, from->values);
    normalize(decoder, to, &block->norm, to->values);
  }
}

/* The layer's input stays in x until its last block. */
static void layer_step(lati_decoder *decoder, const lati_decode_row *rows, int32_t pass) {
  const lati_stack *stack = lati_last_stack(decoder->model);
  const lati_hidden *x = &decoder->x, *y = &decoder->y;
  for (int32_t i = 0; i < stack->blocks; ++i) {
    const lati_block *block = &stack->block[lati_stack_layer(stack, pass) * stack->blocks + i];
    const lati_decode_call call = {decoder, rows, block, pass};
    block_step(&call, i + 1 < stack->blocks ? y : x, i > 0 ? y : x, x);
  }
}

/* An encoder alone has computed every position: the rows of the current one are fetched. A sequence
 * that is longer than its answer should be repeats the position of the closing EOS. */
static void fetch_rows(lati_decoder *decoder, const lati_decode_row *rows) {
  const lati_backend *backend = decoder->device->operations;
  const int32_t width = lati_last_stack(decoder->model)->width;
  for (int64_t i = 0; i < decoder->count; ++i) {
    const int64_t *offsets = decoder->source_offsets + rows[i].source;
    const int64_t row = offsets[0] + decoder->position;
    decoder->ids[i] = (int32_t)(row < offsets[1] ? row : offsets[1] - 1);
  }
  backend->embedding_forward(decoder->device, decoder->x.values, decoder->encoded.values,
                             decoder->ids, decoder->count, width, 0);
  if (backend->narrow) {
    backend->shorten(decoder->device, decoder->x.operand, decoder->x.values, decoder->count, width);
  }
}

/* The tokens of the current position through all layers. */
static lat_status compute_rows(lati_decoder *decoder, const lati_decode_row *rows) {
  const lati_stack *stack = lati_last_stack(decoder->model);
  lat_status status = lati_cache_reserve_position(&decoder->cache, decoder->position);
  if (status != LAT_OK) {
    return status;
  }
  for (int64_t i = 0; i < decoder->count; ++i) {
    decoder->history[rows[i].history * decoder->max_length + decoder->position] = (int32_t)i;
  }
  lati_embed_step(decoder, rows);
  normalize(decoder, &decoder->x, &stack->embedding.norm, decoder->x.values);
  for (int32_t pass = 0; pass < lati_stack_passes(stack); ++pass) {
    layer_step(decoder, rows, pass);
  }
  if (stack->pre_norm) {
    normalize(decoder, &decoder->x, &stack->norm_out, decoder->x.values);
  }
  return LAT_OK;
}

lat_status lati_decoder_step(lati_decoder *decoder, const lati_decode_row *rows, int64_t count) {
  lat_status status = LAT_OK;
  if (decoder->position >= decoder->max_length || count > decoder->row_capacity) {
    return LATI_BUG("more positions or rows than were asked for");
  }
  decoder->count = count;
  if (lati_last_stack(decoder->model)->behind == LATI_QUERIES) {
    fetch_rows(decoder, rows);
  } else {
    status = compute_rows(decoder, rows);
  }
  decoder->position += status == LAT_OK;
  return status;
}

const float *lati_decoder_scores(lati_decoder *decoder) {
  const lati_linear *projection = &decoder->model->projection;
  lati_decoder_linear(decoder, lati_floats(decoder->head_scores, projection->out), projection,
                      decoder->x.operand, LATI_IDENTITY, NULL);
  return decoder->head_scores;
}

float *lati_decoder_logits(lati_decoder *decoder, lati_symbol_range symbols) {
  lati_linear slice;
  const lat_model *model = decoder->model;
  if (model->head_symbols.first != NULL) {
    decoder->device->operations->factored_logits(decoder->device, decoder->logits,
                                                 lati_decoder_scores(decoder), decoder->count,
                                                 &model->head_symbols, symbols.first, symbols.end);
    return decoder->logits;
  }
  decoder->device->operations->linear_slice(&slice, &model->projection, symbols.first, symbols.end);
  lati_decoder_linear(decoder, lati_floats(decoder->logits, slice.out), &slice, decoder->x.operand,
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
