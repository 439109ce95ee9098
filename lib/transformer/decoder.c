/* The life of a decoder: memory for as many rows as a batch needs, and the start of a batch. */
#include "transformer/block_kind.h"
#include "transformer/decoder_impl.h"

static int32_t workers_of(const lati_decoder *decoder) {
  return lati_pool_size(decoder->device->pool);
}

static int keeps_state(const lati_stack *stack) {
  return stack->block[0].kind->keeps_state;
}

lat_status lati_decoder_create(lati_decoder **out, const lat_model *model, int32_t max_length) {
  *out = NULL;
  lat_status status = LAT_OK;
  lati_decoder *decoder = NULL;
  const lati_stack *stack = lati_last_stack(model);
  LATI_TRY(LATI_NEW(decoder, model->ctx, 1));
  decoder->ctx = model->ctx;
  decoder->model = model;
  decoder->device = &model->ctx->device;
  decoder->max_length = max_length;
  decoder->heads = stack->heads;
  decoder->head_width = stack->width / stack->heads;
  decoder->narrow = model->ctx->options.precision == LAT_PRECISION_BF16;
  decoder->kv_width = (int32_t)decoder->device->operations->decoding->kept_width(
      stack->heads, decoder->head_width, decoder->narrow);
  if (stack->behind != LATI_QUERIES) {
    LATI_TRY(lati_cache_init(&decoder->cache, decoder->ctx, lati_stack_passes(stack),
                             keeps_state(stack) ? stack->width : decoder->kv_width, max_length));
  }
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
  lati_free((void *)decoder->keys);
  lati_device_free(decoder->ctx, decoder->scores);
  decoder->keys = NULL;
  decoder->scores = NULL;
  decoder->scratch_keys = 0;
}

static void free_rows(lati_decoder *decoder) {
  void *host[] = {decoder->history, decoder->next_history, decoder->ids};
  void *device[] = {decoder->x.values, decoder->y.values,   decoder->h.values, decoder->attended,
                    decoder->qkv,      decoder->operands,   decoder->mean,     decoder->rstd,
                    decoder->logits,   decoder->head_scores};
  for (size_t i = 0; i < sizeof host / sizeof *host; ++i) {
    lati_free(host[i]);
  }
  for (size_t i = 0; i < sizeof device / sizeof *device; ++i) {
    lati_device_free(decoder->ctx, device[i]);
  }
  decoder->history = decoder->next_history = decoder->ids = NULL;
  decoder->x = decoder->y = decoder->h = (lati_hidden){0};
  decoder->attended = decoder->qkv = NULL;
  decoder->operands = NULL;
  decoder->mean = decoder->rstd = decoder->logits = decoder->head_scores = NULL;
  decoder->row_capacity = 0;
}

void lati_decoder_free(lati_decoder *decoder) {
  if (decoder == NULL) {
    return;
  }
  free_scratch(decoder);
  free_rows(decoder);
  lati_device_free(decoder->ctx, decoder->cross);
  lati_device_free(decoder->ctx, decoder->problem);
  lati_device_free(decoder->ctx, decoder->first);
  lati_device_free(decoder->ctx, decoder->projected);
  lati_free(decoder->last);
  lati_cache_clear(&decoder->cache);
  lati_query_batch_clear(&decoder->queries);
  lati_workspace_free(decoder->workspace);
  lati_free(decoder);
}

/* Rows of `width` operands at *place, which moves on. */
static lati_rows take_operands(unsigned char **place, const lati_backend *backend, int64_t rows,
                               int64_t width) {
  unsigned char *here = *place;
  *place += lati_operand_bytes(backend, rows, width);
  return lati_operand(backend, here, lati_operand_ld(backend, width));
}

/* The most that a block's step wants beside `inner`. */
static int32_t halves_width(const lati_stack *stack) {
  int32_t most = 0;
  for (int32_t i = 0; i < stack->blocks; ++i) {
    const int32_t own = stack->block[i].kind->inners * stack->inner;
    most = own > most ? own : most;
  }
  return most;
}

static lat_status reserve_operands(lati_decoder *decoder, int64_t rows) {
  const lati_backend *backend = decoder->device->operations;
  const lati_stack *stack = lati_last_stack(decoder->model);
  lati_hidden *hidden[] = {&decoder->x, &decoder->y, &decoder->h};
  const int32_t halves = halves_width(stack);
  const int64_t bytes = lati_operand_bytes(backend, rows, stack->inner) +
                        lati_operand_bytes(backend, rows, halves) +
                        3 * lati_operand_bytes(backend, rows, stack->width);
  lat_status status = backend->memory->allocate(&decoder->operands, decoder->ctx, (size_t)bytes, 1);
  if (status != LAT_OK) {
    return status;
  }
  unsigned char *place = decoder->operands;
  decoder->inner = take_operands(&place, backend, rows, stack->inner);
  decoder->halves = take_operands(&place, backend, rows, halves);
  for (int i = 0; i < 3; ++i) {
    hidden[i]->operand = backend->narrow ? take_operands(&place, backend, rows, stack->width)
                                         : lati_floats(hidden[i]->values, stack->width);
  }
  return LAT_OK;
}

static lat_status reserve_rows(lati_decoder *decoder, int64_t rows) {
  if (rows <= decoder->row_capacity) {
    return LAT_OK;
  }
  lat_status status = LAT_OK;
  const lat_context *ctx = decoder->ctx;
  const lati_stack *stack = lati_last_stack(decoder->model);
  size_t n = (size_t)rows, width = n * (size_t)stack->width;
  free_rows(decoder);
  lati_cache_reserve_rows(&decoder->cache, rows);
  LATI_TRY(LATI_NEW(decoder->history, ctx, n * (size_t)decoder->max_length));
  LATI_TRY(LATI_NEW(decoder->next_history, ctx, n * (size_t)decoder->max_length));
  LATI_TRY(LATI_NEW(decoder->ids, ctx, LATI_STEP_LOOKUPS * n));
  LATI_TRY(LATI_NEW_ON_DEVICE(decoder->x.values, ctx, width));
  LATI_TRY(LATI_NEW_ON_DEVICE(decoder->y.values, ctx, width));
  LATI_TRY(LATI_NEW_ON_DEVICE(decoder->h.values, ctx, width));
  LATI_TRY(reserve_operands(decoder, rows));
  LATI_TRY(LATI_NEW_ON_DEVICE(decoder->attended, ctx, width));
  LATI_TRY(LATI_NEW_ON_DEVICE(decoder->qkv, ctx, (keeps_state(stack) ? 8 : 3) * width));
  LATI_TRY(LATI_NEW_ON_DEVICE(decoder->mean, ctx, n));
  LATI_TRY(LATI_NEW_ON_DEVICE(decoder->rstd, ctx, n));
  LATI_TRY(LATI_NEW_ON_DEVICE(decoder->logits, ctx,
                              n * (size_t)decoder->model->dimensions.vocabulary[LAT_OUTPUT]));
  if (decoder->model->head_symbols.first != NULL) {
    LATI_TRY(
        LATI_NEW_ON_DEVICE(decoder->head_scores, ctx, n * (size_t)decoder->model->projection.out));
  }
  decoder->row_capacity = rows;
done:
  if (status != LAT_OK) {
    free_rows(decoder);
  }
  return status;
}

/* Rows of scores begin at cache lines. */
static lat_status reserve_scratch(lati_decoder *decoder, int64_t keys) {
  enum { LINE = 16 };
  if (keys <= decoder->scratch_keys) {
    return LAT_OK;
  }
  lat_status status = LAT_OK;
  const int64_t most = (keys + LINE - 1) / LINE * LINE, all = workers_of(decoder) * most;
  free_scratch(decoder);
  LATI_TRY(LATI_NEW(decoder->keys, decoder->ctx, all));
  LATI_TRY(LATI_NEW_ON_DEVICE(decoder->scores, decoder->ctx, decoder->heads * all));
  decoder->scratch_keys = most;
done:
  if (status != LAT_OK) {
    free_scratch(decoder);
  }
  return status;
}

lat_status lati_decoder_reserve(float **block, size_t *capacity, const lati_decoder *decoder,
                                int64_t count) {
  if ((size_t)count <= *capacity) {
    return LAT_OK;
  }
  lati_device_free(decoder->ctx, *block);
  *block = NULL;
  *capacity = 0;
  lat_status status = LATI_NEW_ON_DEVICE(*block, decoder->ctx, count);
  *capacity = status == LAT_OK ? (size_t)count : 0;
  return status;
}

/* What every layer's blocks compute once for the whole of their memory; loops share it. */
static lat_status start_blocks(lati_decoder *decoder, lati_rows memory) {
  const lati_stack *stack = lati_last_stack(decoder->model);
  lat_status status = LAT_OK;
  for (int32_t i = 0; status == LAT_OK && i < stack->layers * stack->blocks; ++i) {
    const lati_block *block = &stack->block[i];
    if (block->kind->start != NULL) {
      status = block->kind->start(decoder, block, i / stack->blocks, memory);
    }
  }
  return status;
}

/* Encodes the batch's inputs; an encoder alone gives the rows of all answers at once. */
static lat_status encode(lati_decoder *decoder, const lat_batch *batch) {
  if (lati_last_stack(decoder->model)->behind == LATI_QUERIES) {
    const lat_status status = lati_query_batch_fill(&decoder->queries, decoder->model, batch);
    if (status != LAT_OK) {
      return status;
    }
    batch = &decoder->queries.batch;
  }
  return lati_encode(&decoder->encoded, &decoder->source_offsets, decoder->workspace,
                     decoder->model, batch);
}

lat_status lati_decoder_start(lati_decoder *decoder, const lat_batch *batch, int64_t rows) {
  lat_status status = LAT_OK;
  LATI_TRY(encode(decoder, batch));
  decoder->source_tokens = decoder->source_offsets[batch->size];
  decoder->sources = batch->size;
  decoder->position = 0;
  decoder->count = 0;
  int64_t longest = 0;
  for (int64_t i = 0; i < batch->size; ++i) {
    int64_t tokens = decoder->source_offsets[i + 1] - decoder->source_offsets[i];
    longest = tokens > longest ? tokens : longest;
  }
  if (lati_last_stack(decoder->model)->behind == LATI_ANSWER) {
    longest += decoder->max_length;
  }
  longest = decoder->max_length > longest ? decoder->max_length : longest;
  LATI_TRY(reserve_rows(decoder, rows));
  LATI_TRY(reserve_scratch(decoder, longest));
  LATI_TRY(start_blocks(decoder, decoder->encoded.operand));
done:
  return status;
}
