/* Samplers. Example i is drawn from random numbers that are a pure function of (seed, stream, i).
 * Examples are drawn in blocks of fixed size, each into a batch of its own, and the blocks are put
 * together in order, so that threads do not show. */
#include "base/floating.h"
#include "task/batch_impl.h"
#include "task/draw_example.h"
#include "task/example_source.h"

#include <string.h>

/* Examples a block, and blocks in flight. */
enum { BLOCK = 8, BLOCKS = 64, ROUND = BLOCK * BLOCKS };

/* Draws in a row that may be rejected. */
enum { MAX_DRAWS = 1000 };

/* Streams of a public stream number, which lies below them all: which examples repeat, and the
 * fixed set they come from. */
#define PUBLIC_STREAMS UINT32_C(0x40000000)
#define STREAM_CHOICE UINT32_C(0x80000000)
#define STREAM_FIXED UINT32_C(0xC0000000)

typedef struct block {
  lat_batch *batch;
  lat_status status;
  char message[256]; /* of the worker's failure, for the caller's thread */
} block;

struct lat_sampler {
  lat_context *ctx;
  lat_task *task;
  lat_tokenizer *tokenizer;
  lat_sampler_options options;
  lati_curriculum curriculum;
  int at_end; /* 1: the curriculum stands at its end, whatever the position */
  uint64_t position;
  int32_t workers;       /* 1 where a custom task is not thread-safe */
  lati_scratch *scratch; /* one a worker */
  block blocks[BLOCKS];

  uint64_t first; /* of the round in progress */
  int64_t count;
};

static const lati_field fields[] = {
    LATI_NUMBER(lat_sampler_options, seed, LATI_FIELD_UINT64, 0, 0, 0x1p64),
    LATI_NUMBER(lat_sampler_options, stream, LATI_FIELD_UINT32, 0, 0, PUBLIC_STREAMS - 1.0),
    LATI_NUMBER(lat_sampler_options, reserved, LATI_FIELD_INT32, 0, 0, 0),
    LATI_NUMBER(lat_sampler_options, repeat_count, LATI_FIELD_INT64, 0, 0, 0x1p53),
    LATI_NUMBER(lat_sampler_options, repeat_share, LATI_FIELD_DOUBLE, 0, 0, 1),
    LATI_NUMBER(lat_sampler_options, sign_bias, LATI_FIELD_DOUBLE, 0, 0, 1),
    LATI_TEXT(lat_sampler_options, size_weights, NULL),
    LATI_TEXT(lat_sampler_options, task_weights, NULL),
    LATI_TEXT(lat_sampler_options, distribution_weights, NULL),
    LATI_NUMBER(lat_sampler_options, first, LATI_FIELD_UINT64, 0, 0, 0x1p63),
    LATI_NUMBER(lat_sampler_options, block, LATI_FIELD_INT64, 0, 0, 0x1p53),
    LATI_NUMBER(lat_sampler_options, stride, LATI_FIELD_INT64, 0, 0, 0x1p53),
    LATI_POINTER(lat_sampler_options, source),
    LATI_NUMBER(lat_sampler_options, source_in_order, LATI_FIELD_INT32, 0, 0, 1),
    LATI_NUMBER(lat_sampler_options, reserved2, LATI_FIELD_INT32, 0, 0, 0),
    LATI_FIELDS_END,
};

void lat_sampler_options_init_sized(lat_sampler_options *options, size_t size) {
  lati_options_init(options, size, fields, sizeof *options);
}

static lat_status read_options(lat_sampler_options *to, const lat_sampler_options *from) {
  lat_status status = lati_options_read(to, sizeof *to, fields, from, "sampler options");
  if (status == LAT_OK && to->repeat_share > 0 && to->repeat_count == 0) {
    status = lati_fail(LAT_ERROR_ARGUMENT,
                       "sampler options: repeat_share %g needs a repeat_count, which is 0",
                       to->repeat_share);
  }
  if (status == LAT_OK && to->block > 0 && to->stride < to->block) {
    status =
        lati_fail(LAT_ERROR_ARGUMENT, "sampler options: stride %lld is below the block of %lld",
                  (long long)to->stride, (long long)to->block);
  }
  return status;
}

static lat_status check_source(const lat_sampler *sampler) {
  const lat_sampler_options *options = &sampler->options;
  if (options->source == NULL) {
    return LAT_OK;
  }
  if (options->repeat_share > 0 || options->sign_bias > 0 || options->size_weights != NULL ||
      options->task_weights != NULL || options->distribution_weights != NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "sampler options: repeat_share, sign_bias and weights are "
                                         "of drawn examples, and there is a source");
  }
  return lati_source_check(options->source, sampler->task, sampler->tokenizer);
}

static lat_status create_parts(lat_sampler *sampler) {
  lat_status status = LAT_OK;
  sampler->workers =
      lati_task_thread_safe(sampler->task) ? lati_pool_size(sampler->ctx->device.pool) : 1;
  LATI_TRY(LATI_NEW(sampler->scratch, sampler->ctx, sampler->workers));
  for (int32_t i = 0; i < sampler->workers; ++i) {
    LATI_TRY(lati_scratch_create(&sampler->scratch[i], sampler->task));
  }
done:
  return status;
}

lat_status lat_sampler_create(lat_sampler **out, lat_task *task, lat_tokenizer *tokenizer,
                              const lat_sampler_options *options) {
  lat_status status = LAT_OK;
  lat_sampler *sampler = NULL;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (task == NULL || tokenizer == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the task or the tokenizer is NULL");
  }
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(lati_task_check_tokenizer(task, tokenizer));
  LATI_TRY(LATI_NEW(sampler, task->ctx, 1));
  sampler->ctx = lati_context_ref(task->ctx);
  sampler->task = lati_task_ref(task);
  sampler->tokenizer = lati_tokenizer_ref(tokenizer);
  LATI_TRY(read_options(&sampler->options, options));
  LATI_TRY(check_source(sampler));
  LATI_TRY(lati_curriculum_create(&sampler->curriculum, task, &sampler->options));
  LATI_TRY(create_parts(sampler));
  *out = sampler;
  sampler = NULL;
done:
  lat_sampler_free(sampler);
  lati_floating_leave(&saved);
  return status;
}

void lat_sampler_free(lat_sampler *sampler) {
  if (sampler == NULL) {
    return;
  }
  lat_context *ctx = sampler->ctx;
  for (int32_t i = 0; i < BLOCKS; ++i) {
    lat_batch_free(sampler->blocks[i].batch);
  }
  for (int32_t i = 0; sampler->scratch != NULL && i < sampler->workers; ++i) {
    lati_scratch_free(&sampler->scratch[i]);
  }
  lati_curriculum_clear(&sampler->curriculum);
  lati_free(sampler->scratch);
  lat_tokenizer_free(sampler->tokenizer);
  lat_task_free(sampler->task);
  lati_free(sampler);
  lat_context_free(ctx);
}

/* Starts the random numbers of example `index`: its own, or those of a member of the fixed set. */
static void start_example(lat_random *random, const lat_sampler_options *options, uint64_t index) {
  if (options->repeat_share > 0) {
    lati_random_start(random, options->seed, STREAM_CHOICE | options->stream, index);
    if (lat_random_uniform(random) < options->repeat_share) {
      const uint64_t member =
          (uint64_t)(lat_random_uniform(random) * (double)options->repeat_count);
      lati_random_start(random, options->seed, STREAM_FIXED | options->stream, member);
      return;
    }
  }
  lati_random_start(random, options->seed, options->stream, index);
}

/* Index in the stream of the sampler's example i. */
static uint64_t stream_index(const lat_sampler_options *options, uint64_t i) {
  const uint64_t size = (uint64_t)options->block, stride = (uint64_t)options->stride;
  return options->first + (size == 0 ? i : i / size * stride + i % size);
}

/* Draws until an example is accepted and every coefficient has a token. */
static lat_status draw_example(lat_batch *batch, const lat_sampler *sampler, uint64_t index,
                               const lati_scratch *scratch) {
  lat_random random;
  lati_example example;
  lat_status status = LAT_OK;
  const lati_draw by = {&sampler->curriculum, sampler->at_end ? UINT64_MAX : index,
                        sampler->options.sign_bias};
  start_example(&random, &sampler->options, index);
  lati_example_begin(&example, sampler->task, &by, &random);
  for (int32_t draw = 0; draw < MAX_DRAWS; ++draw) {
    status = lati_example_draw(&example, &random, scratch);
    if (status == LAT_OK) {
      const lati_origin origin = {example.letter, example.component, example.distribution,
                                  example.structure, example.equilibrated};
      status = lati_batch_add(batch, &origin, &example.input, &example.output);
    }
    if (status != LAT_ERROR_NUMERIC && status != LAT_ERROR_SHAPE) {
      return status;
    }
  }
  return lati_fail(LAT_ERROR_NUMERIC, "%d draws in a row were rejected, the last because: %s",
                   MAX_DRAWS, lat_last_error());
}

static void draw_block(void *argument, int64_t task, int32_t worker) {
  lat_sampler *sampler = argument;
  block *to = &sampler->blocks[task];
  const int64_t start = task * BLOCK;
  const int64_t end = start + BLOCK < sampler->count ? start + BLOCK : sampler->count;
  lat_batch_clear(to->batch);
  to->status = LAT_OK;
  for (int64_t i = start; i < end && to->status == LAT_OK; ++i) {
    const uint64_t index = stream_index(&sampler->options, sampler->first + (uint64_t)i);
    to->status = draw_example(to->batch, sampler, index, &sampler->scratch[worker]);
  }
  if (to->status != LAT_OK) {
    strncpy(to->message, lat_last_error(), sizeof to->message - 1);
  }
}

/* Blocks get their batches when a round first needs them. */
static lat_status create_blocks(lat_sampler *sampler, int64_t blocks) {
  lat_status status = LAT_OK;
  for (int64_t i = 0; i < blocks && status == LAT_OK; ++i) {
    if (sampler->blocks[i].batch == NULL) {
      status = lat_batch_create(&sampler->blocks[i].batch, sampler->tokenizer);
    }
  }
  return status;
}

static lat_status draw_round(lat_batch *batch, lat_sampler *sampler) {
  const int64_t blocks = (sampler->count + BLOCK - 1) / BLOCK;
  lat_status status = LAT_OK;
  LATI_TRY(create_blocks(sampler, blocks));
  if (sampler->workers > 1) {
    lati_pool_run(sampler->ctx->device.pool, draw_block, sampler, blocks);
  } else {
    for (int64_t i = 0; i < blocks; ++i) {
      draw_block(sampler, i, 0);
    }
  }
  for (int64_t i = 0; i < blocks; ++i) {
    const block *from = &sampler->blocks[i];
    LATI_TRY(from->status == LAT_OK ? lati_batch_concatenate(batch, from->batch)
                                    : lati_fail(from->status, "%s", from->message));
  }
done:
  return status;
}

/* Examples of the source, from the sampler's position on. */
static lat_status take_examples(lat_batch *batch, const lat_sampler *sampler, int64_t count) {
  const lat_batch *source = sampler->options.source;
  lat_status status = LAT_OK;
  for (int64_t i = 0; i < count && status == LAT_OK; ++i) {
    const uint64_t index = stream_index(&sampler->options, sampler->position + (uint64_t)i);
    status = lati_source_take(batch, source, sampler->task,
                              lati_source_place(source, &sampler->options, index));
  }
  return status;
}

static lat_status draw_examples(lat_batch *batch, lat_sampler *sampler, int64_t count) {
  lat_status status = LAT_OK;
  for (int64_t done = 0; done < count && status == LAT_OK; done += ROUND) {
    sampler->first = sampler->position + (uint64_t)done;
    sampler->count = count - done < ROUND ? count - done : ROUND;
    status = draw_round(batch, sampler);
  }
  return status;
}

static lat_status check_next(const lat_batch *batch, const lat_sampler *sampler, int64_t count) {
  if (batch == NULL || sampler == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the batch or the sampler is NULL");
  }
  if (count < 1) {
    return lati_fail(LAT_ERROR_ARGUMENT, "count %lld is below 1", (long long)count);
  }
  if (batch == sampler->options.source) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the batch is the sampler's own source");
  }
  if (!lati_tokenizer_same(batch->tokenizer, sampler->tokenizer)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the batch's encodings are not the sampler's");
  }
  return LAT_OK;
}

lat_status lat_sampler_next(lat_batch *batch, lat_sampler *sampler, int64_t count) {
  lat_status status = check_next(batch, sampler, count);
  if (status != LAT_OK) {
    return status;
  }
  lati_floating saved;
  lati_floating_enter(&saved);
  lat_batch_clear(batch);
  status = sampler->options.source != NULL ? take_examples(batch, sampler, count)
                                           : draw_examples(batch, sampler, count);
  if (status == LAT_OK) {
    sampler->position += (uint64_t)count;
  } else {
    lat_batch_clear(batch);
  }
  lati_floating_leave(&saved);
  return status;
}

void lati_sampler_stay_at_end(lat_sampler *sampler) {
  sampler->at_end = 1;
}

uint64_t lat_sampler_position(const lat_sampler *sampler) {
  return sampler == NULL ? 0 : sampler->position;
}

void lat_sampler_seek(lat_sampler *sampler, uint64_t index) {
  if (sampler != NULL) {
    sampler->position = index;
  }
}
