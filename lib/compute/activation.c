#include "compute/ops.h"
#include "compute/vector.h"

enum { BLOCK = 8192 };

typedef struct gradient {
  const lati_vector *vector;
  float *d_y;
  const float *y, *pre;
  int64_t count;
  lati_activation activation;
} gradient;

static void backward_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const gradient *g = argument;
  int64_t first = task * BLOCK, n = lati_least(BLOCK, g->count - first);
  if (g->activation == LATI_RELU) {
    g->vector->relu_backward(g->d_y + first, g->y + first, n);
  } else {
    g->vector->gelu_backward(g->d_y + first, g->pre + first, n);
  }
}

void lati_activation_backward(lati_pool *pool, float *d_y, const float *y, const float *pre,
                              int64_t count, lati_activation activation) {
  gradient g = {lati_vector_best(), d_y, y, pre, count, activation};
  if (activation != LATI_IDENTITY) {
    lati_pool_run(pool, backward_block, &g, lati_blocks(count, BLOCK));
  }
}
