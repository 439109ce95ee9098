/* Layer normalisation of each token: y = gamma (x - mean) / sqrt(variance + eps) + beta. */
#include "compute/ops.h"
#include "compute/vector.h"

#include <string.h>

typedef struct normalisation {
  const lati_vector *vector;
  float *y, *mean, *rstd;
  const float *x, *gamma, *beta;
  int64_t tokens, width;
} normalisation;

static void forward_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const normalisation *f = argument;
  int64_t end = lati_least(f->tokens, (task + 1) * LATI_TOKEN_BLOCK);
  for (int64_t t = task * LATI_TOKEN_BLOCK; t < end; ++t) {
    f->vector->normalise(f->y + t * f->width, f->mean + t, f->rstd + t, f->x + t * f->width,
                         f->gamma, f->beta, f->width);
  }
}

void lati_layernorm_forward(lati_pool *pool, float *y, float *mean, float *rstd, const float *x,
                            const float *gamma, const float *beta, int64_t tokens, int32_t width) {
  normalisation f = {lati_vector_best(), y, mean, rstd, x, gamma, beta, tokens, width};
  lati_pool_run(pool, forward_block, &f, lati_blocks(tokens, LATI_TOKEN_BLOCK));
}

typedef struct gradient {
  const lati_vector *vector;
  float *d_x, *d_gamma, *d_beta;
  const float *d_y, *x, *mean, *rstd, *gamma;
  int64_t tokens, width;
  int accumulate;
} gradient;

/* A task owns columns, so that tokens are summed in one order. */
static void parameter_columns(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const gradient *g = argument;
  int64_t first = task * LATI_COLUMN_BLOCK, n = lati_least(LATI_COLUMN_BLOCK, g->width - first);
  g->vector->normalise_parameters(g->d_gamma + first, g->d_beta + first, g->d_y + first,
                                  g->x + first, g->width, g->mean, g->rstd, g->tokens, n);
}

static void backward_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const gradient *g = argument;
  int64_t end = lati_least(g->tokens, (task + 1) * LATI_TOKEN_BLOCK);
  for (int64_t t = task * LATI_TOKEN_BLOCK; t < end; ++t) {
    int64_t place = t * g->width;
    g->vector->normalise_backward(g->d_x + place, g->d_y + place, g->x + place, g->mean[t],
                                  g->rstd[t], g->gamma, g->width, g->accumulate);
  }
}

void lati_layernorm_backward(lati_pool *pool, float *d_x, float *d_gamma, float *d_beta,
                             const float *d_y, const float *x, const float *mean, const float *rstd,
                             const float *gamma, int64_t tokens, int32_t width, int accumulate) {
  gradient g = {lati_vector_best(), d_x, d_gamma, d_beta, d_y, x, mean, rstd, gamma, tokens, width,
                accumulate};
  /* Parameters first: d_x may overwrite d_y. */
  lati_pool_run(pool, parameter_columns, &g, lati_blocks(width, LATI_COLUMN_BLOCK));
  lati_pool_run(pool, backward_block, &g, lati_blocks(tokens, LATI_TOKEN_BLOCK));
}
