#include "compute/elementwise.h"

#include <math.h>

/* Elements of one task. */
#define BLOCK 4096

typedef struct elementwise_job {
  float *y;
  const float *x;
  int64_t count;
} elementwise_job;

static int64_t block_end(const elementwise_job *job, int64_t task) {
  const int64_t end = (task + 1) * BLOCK;
  return end < job->count ? end : job->count;
}

static void add_block(void *argument, int64_t task, int32_t worker) {
  const elementwise_job *job = argument;
  const int64_t end = block_end(job, task);
  (void)worker;
  for (int64_t i = task * BLOCK; i < end; ++i) {
    job->y[i] += job->x[i];
  }
}

void lati_add(const lati_device *device, float *y, const float *x, int64_t count) {
  elementwise_job job = {y, x, count};
  lati_pool_run(device->pool, add_block, &job, (count + BLOCK - 1) / BLOCK);
}

typedef struct gate_job {
  float *y, *gate; /* forward: y, z and then g; backward: d_y and then d_h, d_z */
  float *d_x;
  const float *g, *h, *x;
  int64_t count;
} gate_job;

static int64_t gate_end(const gate_job *job, int64_t task) {
  const int64_t end = (task + 1) * BLOCK;
  return end < job->count ? end : job->count;
}

static void gate_block(void *argument, int64_t task, int32_t worker) {
  const gate_job *job = argument;
  (void)worker;
  for (int64_t i = task * BLOCK; i < gate_end(job, task); ++i) {
    job->gate[i] = 1.0F / (1.0F + expf(-job->gate[i]));
    job->y[i] = job->x[i] + job->gate[i] * (job->h[i] - job->x[i]);
  }
}

void lati_gate_forward(const lati_device *device, float *y, float *gate, const float *h,
                       const float *x, int64_t count) {
  gate_job job = {.y = y, .gate = gate, .h = h, .x = x, .count = count};
  lati_pool_run(device->pool, gate_block, &job, (count + BLOCK - 1) / BLOCK);
}

static void gate_backward_block(void *argument, int64_t task, int32_t worker) {
  const gate_job *job = argument;
  (void)worker;
  for (int64_t i = task * BLOCK; i < gate_end(job, task); ++i) {
    const float d = job->y[i], g = job->g[i];
    job->gate[i] = d * (job->h[i] - job->x[i]) * g * (1.0F - g);
    job->d_x[i] = d * (1.0F - g);
    job->y[i] = d * g;
  }
}

void lati_gate_backward(const lati_device *device, float *d_y, float *d_x, float *d_gate,
                        const float *gate, const float *h, const float *x, int64_t count) {
  gate_job job = {.y = d_y, .gate = d_gate, .d_x = d_x, .g = gate, .h = h, .x = x, .count = count};
  lati_pool_run(device->pool, gate_backward_block, &job, (count + BLOCK - 1) / BLOCK);
}
