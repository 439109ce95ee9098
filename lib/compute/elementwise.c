#include "compute/elementwise.h"

#include "base/random.h"

/* Elements of one task: fixed, because a block of them is one stream of random numbers. */
#define BLOCK 4096

typedef struct elementwise_job {
  float *y;
  const float *x, *residual;
  int64_t count;
  const lati_dropout *dropout;
} elementwise_job;

static int64_t block_end(const elementwise_job *job, int64_t task) {
  const int64_t end = (task + 1) * BLOCK;
  return end < job->count ? end : job->count;
}

static void dropout_block(void *argument, int64_t task, int32_t worker) {
  const elementwise_job *job = argument;
  const lati_dropout *dropout = job->dropout;
  const uint64_t index = dropout->step << 36 | (uint64_t)dropout->site << 21 | (uint64_t)task;
  const double threshold = dropout->rate * 4294967296.0;
  const float scale = (float)(1.0 / (1.0 - dropout->rate));
  const int64_t end = block_end(job, task);
  lat_random random;
  (void)worker;
  lati_random_start(&random, dropout->seed, LATI_STREAM_DROPOUT, index);
  for (int64_t i = task * BLOCK; i < end; ++i) {
    const int keep = (double)lati_random_u32(&random) >= threshold;
    const float value = keep ? scale * job->x[i] : 0.0f;
    job->y[i] = job->residual == NULL ? value : value + job->residual[i];
  }
}

void lati_dropout_forward(lati_pool *pool, float *y, const float *x, const float *residual,
                          int64_t count, const lati_dropout *dropout) {
  elementwise_job job = {y, x, residual, count, dropout};
  lati_pool_run(pool, dropout_block, &job, (count + BLOCK - 1) / BLOCK);
}

static void add_block(void *argument, int64_t task, int32_t worker) {
  const elementwise_job *job = argument;
  const int64_t end = block_end(job, task);
  (void)worker;
  for (int64_t i = task * BLOCK; i < end; ++i) {
    job->y[i] += job->x[i];
  }
}

void lati_add(lati_pool *pool, float *y, const float *x, int64_t count) {
  elementwise_job job = {y, x, NULL, count, NULL};
  lati_pool_run(pool, add_block, &job, (count + BLOCK - 1) / BLOCK);
}
