/* Gated linear units on a kernel. */
#include "compute/ops.h"
#include "compute/panel.h"

typedef struct glu_job {
  const lati_panel_kernel *kernel;
  lati_rows y, x; /* forward: y (T, width), x (T, 2 width); backward: their gradients, and */
  lati_rows of;   /* x itself */
  int64_t tokens;
  int32_t width;
  lati_activation activation;
} glu_job;

static int64_t block_end(const glu_job *job, int64_t task) {
  return lati_least(job->tokens, (task + 1) * LATI_TOKEN_BLOCK);
}

static void forward_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const glu_job *job = argument;
  for (int64_t t = task * LATI_TOKEN_BLOCK; t < block_end(job, task); ++t) {
    job->kernel->glu(lati_rows_at(job->y, t, 0), lati_rows_at(job->x, t, 0), job->width,
                     job->activation);
  }
}

void lati_panel_glu_forward(const lati_panel_kernel *kernel, const lati_device *device, lati_rows y,
                            lati_rows x, int64_t tokens, int32_t width,
                            lati_activation activation) {
  glu_job job = {kernel, y, x, {0}, tokens, width, activation};
  lati_pool_run(device->pool, forward_block, &job, lati_blocks(tokens, LATI_TOKEN_BLOCK));
}

static void backward_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const glu_job *job = argument;
  for (int64_t t = task * LATI_TOKEN_BLOCK; t < block_end(job, task); ++t) {
    job->kernel->glu_backward(lati_rows_at(job->x, t, 0), lati_rows_at(job->y, t, 0),
                              lati_rows_at(job->of, t, 0), job->width, job->activation);
  }
}

void lati_panel_glu_backward(const lati_panel_kernel *kernel, const lati_device *device,
                             lati_rows d_x, lati_rows d_y, lati_rows x, int64_t tokens,
                             int32_t width, lati_activation activation) {
  glu_job job = {kernel, d_y, d_x, x, tokens, width, activation};
  lati_pool_run(device->pool, backward_block, &job, lati_blocks(tokens, LATI_TOKEN_BLOCK));
}
