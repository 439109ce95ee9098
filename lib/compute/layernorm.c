/* Layer normalisation of each token: y = gamma (x - mean) / sqrt(variance + eps) + beta; without
 * beta RMSNorm, y = gamma x / sqrt(mean of squares + eps). */
#include "compute/ops.h"
#include "compute/vector.h"

#include <string.h>

/* Row t (n) is narrow too, where that is asked for. */
static void shorten_row(const lati_vector *vector, lati_rows shortened, int64_t t, const float *row,
                        int64_t n) {
  if (shortened.narrow != NULL) {
    vector->shorten(shortened.narrow + t * shortened.ld, row, n);
  }
}

typedef struct normalisation {
  const lati_vector *vector;
  lati_rows shortened;
  float *y, *mean, *rstd;
  const float *x, *gamma, *beta;
  int64_t tokens, width;
} normalisation;

static void forward_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const normalisation *f = argument;
  int64_t end = lati_least(f->tokens, (task + 1) * LATI_TOKEN_BLOCK);
  for (int64_t t = task * LATI_TOKEN_BLOCK; t < end; ++t) {
    float *y = f->y + t * f->width;
    f->vector->normalise(y, f->mean + t, f->rstd + t, f->x + t * f->width, f->gamma, f->beta,
                         f->width);
    shorten_row(f->vector, f->shortened, t, y, f->width);
  }
}

void lati_layernorm_forward(const lati_device *device, float *y, lati_rows shortened, float *mean,
                            float *rstd, const float *x, const float *gamma, const float *beta,
                            int64_t tokens, int32_t width) {
  normalisation f = {lati_vector_best(), shortened, y, mean, rstd, x, gamma, beta, tokens, width};
  lati_pool_run(device->pool, forward_block, &f, lati_blocks(tokens, LATI_TOKEN_BLOCK));
}

typedef struct gradient {
  const lati_vector *vector;
  lati_rows shortened;
  float *d_x;
  const float *d_y, *x, *mean, *rstd, *gamma;
  int64_t tokens, width;
  int centred, accumulate;
  float *sums; /* of each group: d_gamma, d_beta (width) */
} gradient;

/* Tokens of one group: there are up to LATI_NORM_GROUPS of them, in whole blocks. */
static int64_t group_tokens(int64_t tokens) {
  return lati_blocks(tokens, LATI_NORM_GROUPS * LATI_TOKEN_BLOCK) * LATI_TOKEN_BLOCK;
}

/* Parameters first, as long as the rows are near: d_x may overwrite d_y. */
static void backward_rows(const gradient *g, float *d_gamma, float *d_beta, int64_t first,
                          int64_t end) {
  const int64_t place = first * g->width;
  g->vector->normalise_parameters(d_gamma, d_beta, g->d_y + place, g->x + place, g->width,
                                  g->mean + first, g->rstd + first, end - first, g->width);
  for (int64_t t = first; t < end; ++t) {
    float *d_x = g->d_x + t * g->width;
    g->vector->normalise_backward(d_x, g->d_y + t * g->width, g->x + t * g->width, g->mean[t],
                                  g->rstd[t], g->gamma, g->width, g->centred, g->accumulate);
    shorten_row(g->vector, g->shortened, t, d_x, g->width);
  }
}

static void backward_group(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const gradient *g = argument;
  const int64_t size = group_tokens(g->tokens), end = lati_least(g->tokens, (task + 1) * size);
  float *d_gamma = g->sums + task * 2 * g->width, *d_beta = d_gamma + g->width;
  memset(d_gamma, 0, (size_t)(2 * g->width) * sizeof *d_gamma);
  for (int64_t t = task * size; t < end; t += LATI_TOKEN_BLOCK) {
    backward_rows(g, d_gamma, d_beta, t, lati_least(end, t + LATI_TOKEN_BLOCK));
  }
}

void lati_layernorm_backward(const lati_device *device, float *d_x, lati_rows shortened,
                             float *d_gamma, float *d_beta, const float *d_y, const float *x,
                             const float *mean, const float *rstd, const float *gamma,
                             int64_t tokens, int32_t width, int accumulate, float *scratch) {
  gradient g = {.vector = lati_vector_best(),
                .shortened = shortened,
                .d_x = d_x,
                .d_y = d_y,
                .x = x,
                .mean = mean,
                .rstd = rstd,
                .gamma = gamma,
                .tokens = tokens,
                .width = width,
                .centred = d_beta != NULL,
                .accumulate = accumulate,
                .sums = scratch};
  const int64_t groups = lati_blocks(tokens, group_tokens(tokens));
  lati_pool_run(device->pool, backward_group, &g, groups);
  for (int64_t i = 0; i < groups; ++i) {
    g.vector->add(d_gamma, scratch + 2 * i * width, width);
    if (d_beta != NULL) {
      g.vector->add(d_beta, scratch + (2 * i + 1) * width, width);
    }
  }
}

typedef struct shortening {
  const lati_vector *vector;
  lati_rows y;
  const float *x;
  int64_t tokens, width;
} shortening;

static void shorten_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const shortening *s = argument;
  int64_t end = lati_least(s->tokens, (task + 1) * LATI_TOKEN_BLOCK);
  for (int64_t t = task * LATI_TOKEN_BLOCK; t < end; ++t) {
    shorten_row(s->vector, s->y, t, s->x + t * s->width, s->width);
  }
}

void lati_shorten(const lati_device *device, lati_rows y, const float *x, int64_t tokens,
                  int32_t width) {
  shortening s = {lati_vector_best(), y, x, tokens, width};
  lati_pool_run(device->pool, shorten_block, &s, lati_blocks(tokens, LATI_TOKEN_BLOCK));
}
