/* Linear maps by lookups in tables (after "MemoryFormer", 2024): x is cut into chunks z of `bits`
 * values, and y = sum over chunks k of p(z_k) T_k[signs of z_k], p = product of sigma(2 |z_i|). */
#include "compute/ops.h"

#include <math.h>
#include <string.h>

typedef struct hashed_job {
  const lati_hash *hash;
  float *y; /* forward: the result; backward: the gradient of x */
  const float *residual;
  float *d_tables;
  lati_rows x, d_y;
  float *wide; /* d_y in f32 */
  int64_t tokens;
  int accumulate;
} hashed_job;

/* What a chunk z says: the row of its table, and p with sigma(2 |z_i|) of each value. */
typedef struct chunk {
  int64_t row;
  float factor;
  float z[LATI_MAX_HASH_BITS], sigma[LATI_MAX_HASH_BITS];
} chunk;

static chunk chunk_of(const hashed_job *job, int64_t token, int64_t k) {
  const int32_t bits = job->hash->bits;
  chunk c = {.row = k << bits, .factor = 1.0F};
  lati_rows_read(c.z, job->x, token, k * bits, bits);
  for (int32_t i = 0; i < bits; ++i) {
    c.row |= (int64_t)(c.z[i] > 0.0F) << i;
    c.sigma[i] = 1.0F / (1.0F + expf(-2.0F * fabsf(c.z[i])));
    c.factor *= c.sigma[i];
  }
  return c;
}

/* y += factor x, one element after the other. */
static void add_scaled(float *y, const float *x, float factor, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    y[i] += factor * x[i];
  }
}

static void forward_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const hashed_job *job = argument;
  const int64_t width = job->hash->width, chunks = width / job->hash->bits;
  const int64_t end = lati_least(job->tokens, (task + 1) * LATI_TOKEN_BLOCK);
  for (int64_t t = task * LATI_TOKEN_BLOCK; t < end; ++t) {
    float *y = job->y + t * width;
    if (job->residual == NULL) {
      memset(y, 0, (size_t)width * sizeof *y);
    } else if (job->residual != job->y) {
      memcpy(y, job->residual + t * width, (size_t)width * sizeof *y);
    }
    for (int64_t k = 0; k < chunks; ++k) {
      const chunk c = chunk_of(job, t, k);
      add_scaled(y, job->hash->tables + c.row * width, c.factor, width);
    }
  }
}

void lati_hashed_forward(const lati_device *device, float *y, const lati_hash *hash, lati_rows x,
                         int64_t tokens, const float *residual) {
  hashed_job job = {.hash = hash, .y = y, .residual = residual, .x = x, .tokens = tokens};
  lati_pool_run(device->pool, forward_block, &job, lati_blocks(tokens, LATI_TOKEN_BLOCK));
}

/* d_y in f32, so that d_x may lie where d_y does. */
static void widen_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const hashed_job *job = argument;
  const int64_t width = job->hash->width;
  const int64_t end = lati_least(job->tokens, (task + 1) * LATI_TOKEN_BLOCK);
  for (int64_t t = task * LATI_TOKEN_BLOCK; t < end; ++t) {
    lati_rows_read(job->wide + t * width, job->d_y, t, 0, width);
  }
}

/* With d_p = T[row] . d_y: dT[row] += p d_y, and d_z_i = d_p 2 p sign(z_i) (1 - sigma(2 |z_i|)). */
static void backward_token(const hashed_job *job, int64_t t, int64_t k) {
  const int32_t bits = job->hash->bits;
  const int64_t width = job->hash->width;
  const chunk c = chunk_of(job, t, k);
  const float *row = job->hash->tables + c.row * width, *d_y = job->wide + t * width;
  float *d_x = job->y + t * width + k * bits;
  float d_factor = 0.0F;
  add_scaled(job->d_tables + c.row * width, d_y, c.factor, width);
  for (int64_t i = 0; i < width; ++i) {
    d_factor += d_y[i] * row[i];
  }
  for (int32_t i = 0; i < bits; ++i) {
    const float slope = 2.0F * c.factor * (1.0F - c.sigma[i]) * (c.z[i] > 0.0F ? 1.0F : -1.0F);
    d_x[i] = (job->accumulate ? d_x[i] : 0.0F) + d_factor * slope;
  }
}

/* A task owns a chunk: its table, and its columns of x. */
static void backward_chunk(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const hashed_job *job = argument;
  for (int64_t t = 0; t < job->tokens; ++t) {
    backward_token(job, t, task);
  }
}

void lati_hashed_backward(const lati_device *device, float *d_x, float *d_tables,
                          const lati_hash *hash, lati_rows d_y, lati_rows x, int64_t tokens,
                          int accumulate, float *scratch) {
  hashed_job job = {.hash = hash,
                    .y = d_x,
                    .d_tables = d_tables,
                    .x = x,
                    .d_y = d_y,
                    .wide = scratch,
                    .tokens = tokens,
                    .accumulate = accumulate};
  lati_pool_run(device->pool, widen_block, &job, lati_blocks(tokens, LATI_TOKEN_BLOCK));
  lati_pool_run(device->pool, backward_chunk, &job, hash->width / hash->bits);
}
