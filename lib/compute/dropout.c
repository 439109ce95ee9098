/* Dropout: a number is kept and scaled by 1 / (1 - rate), or becomes zero. Every example of a batch
 * has random streams of its own, one a place in the model (and a head of attention), and a number's
 * place in its stream follows from its position in the example. So blocks of any shape, both
 * directions, any number of threads and any split of a batch see the same mask. */
#include "compute/dropout.h"

#include "base/random.h"

enum { NUMBERS_A_BLOCK = 4 /* of the random generator's */, BLOCK = 4096 /* elements of a task */ };

/* One example's stream, from its number `number` on. */
static void start_stream(lat_random *random, const lati_dropout *dropout, uint32_t stream,
                         int64_t sequence, int64_t number) {
  const uint64_t example = dropout->first + (uint64_t)sequence;
  lati_random_start(random, dropout->seed, stream, dropout->step << 32 | example);
  lati_random_skip(random, (uint32_t)(number / NUMBERS_A_BLOCK));
  for (int64_t i = 0; i < number % NUMBERS_A_BLOCK; ++i) {
    (void)lati_random_u32(random);
  }
}

static double threshold_of(const lati_dropout *dropout) {
  return dropout->rate * 4294967296.0;
}

static float scale_of(const lati_dropout *dropout) {
  return (float)(1.0 / (1.0 - dropout->rate));
}

typedef struct dropout_job {
  float *y;
  const float *x, *residual;
  int32_t width;
  const lati_dropout *dropout;
} dropout_job;

/* Elements first .. end - 1 of the batch, which are all of one example. */
static void drop_elements(const dropout_job *job, int64_t sequence, int64_t first, int64_t end) {
  const lati_dropout *dropout = job->dropout;
  const double threshold = threshold_of(dropout);
  const float scale = scale_of(dropout);
  lat_random random;
  start_stream(&random, dropout, LATI_STREAM_DROPOUT + dropout->site, sequence,
               first - dropout->offsets[sequence] * job->width);
  for (int64_t i = first; i < end; ++i) {
    const int keep = (double)lati_random_u32(&random) >= threshold;
    const float value = keep ? scale * job->x[i] : 0.0f;
    job->y[i] = job->residual == NULL ? value : value + job->residual[i];
  }
}

/* The sequence that a row belongs to. */
static int64_t sequence_of(const lati_dropout *dropout, int64_t row) {
  int64_t low = 0, high = dropout->sequences - 1;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (dropout->offsets[middle + 1] > row) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

static void dropout_block(void *argument, int64_t task, int32_t worker) {
  const dropout_job *job = argument;
  const lati_dropout *dropout = job->dropout;
  const int64_t count = dropout->offsets[dropout->sequences] * job->width;
  const int64_t end = (task + 1) * BLOCK < count ? (task + 1) * BLOCK : count;
  int64_t first = task * BLOCK;
  (void)worker;
  for (int64_t s = sequence_of(dropout, first / job->width); first < end; ++s) {
    const int64_t behind = dropout->offsets[s + 1] * job->width;
    drop_elements(job, s, first, behind < end ? behind : end);
    first = behind;
  }
}

void lati_dropout_forward(const lati_device *device, float *y, const float *x,
                          const float *residual, int32_t width, const lati_dropout *dropout) {
  dropout_job job = {y, x, residual, width, dropout};
  const int64_t count = dropout->offsets[dropout->sequences] * width;
  lati_pool_run(device->pool, dropout_block, &job, (count + BLOCK - 1) / BLOCK);
}

/* A query's numbers, one a key, begin with a block, and so do those of its multiples of 4. */
void lati_attention_mask(float *p, int64_t stride, const lati_dropout *dropout,
                         const lati_masked_query *query, int64_t first, int64_t count) {
  const double threshold = threshold_of(dropout);
  const float scale = scale_of(dropout);
  const int64_t blocks = (query->keys + NUMBERS_A_BLOCK - 1) / NUMBERS_A_BLOCK;
  lat_random random;
  start_stream(&random, dropout,
               LATI_STREAM_ATTENTION + (dropout->site << 16) + (uint32_t)query->head,
               query->sequence, query->query * blocks * NUMBERS_A_BLOCK + first);
  for (int64_t i = 0; i < count; ++i) {
    const int keep = (double)lati_random_u32(&random) >= threshold;
    p[i * stride] = keep ? scale * p[i * stride] : 0.0F;
  }
}
