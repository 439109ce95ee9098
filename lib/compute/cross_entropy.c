#include "compute/cross_entropy.h"

enum { TOKENS = 4 };

typedef struct loss_rows {
  const lati_vector *vector;
  double *loss;
  uint8_t *correct;
  lati_rows d_logits;
  float *logits;
  const int32_t *targets;
  int64_t tokens, vocabulary;
  const lati_spread *spread; /* NULL: none */
} loss_rows;

/* The mean of the logits under it. */
static double expected(const lati_soft_target *soft, const float *x) {
  double sum = 0.0;
  for (int64_t j = soft->first; j < soft->end; ++j) {
    sum += lati_soft_share(soft, j) * (double)x[j];
  }
  return sum;
}

/* From the exponentials and their sum. */
static void gradient(const loss_rows *l, int64_t t, float *x, double sum,
                     const lati_soft_target *soft) {
  l->vector->scale(x, (float)(1.0 / sum), l->vocabulary);
  for (int64_t j = soft->first; j < soft->end; ++j) {
    x[j] -= (float)lati_soft_share(soft, j);
  }
  lati_store_gradient(l->vector, lati_rows_at(l->d_logits, t, 0), x, l->vocabulary);
}

static void one_token(const loss_rows *l, int64_t t) {
  float *x = l->logits + t * l->vocabulary;
  float largest = l->vector->maximum(x, l->vocabulary), target = x[l->targets[t]];
  const int backward = !lati_rows_none(l->d_logits);
  const lati_soft_target soft = lati_soften(l->targets[t], l->spread);
  const double wanted = expected(&soft, x);
  double sum = lati_exponentials(l->vector, backward ? x : NULL, x, largest, l->vocabulary);
  l->loss[t] = log(sum) + (double)largest - wanted;
  l->correct[t] = target == largest;
  if (backward) {
    gradient(l, t, x, sum, &soft);
  }
}

static void token_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const loss_rows *l = argument;
  int64_t end = lati_least(l->tokens, (task + 1) * TOKENS);
  for (int64_t t = task * TOKENS; t < end; ++t) {
    one_token(l, t);
  }
}

void lati_cross_entropy(const lati_device *device, double *loss, uint8_t *correct,
                        lati_rows d_logits, float *logits, const int32_t *targets, int64_t tokens,
                        int32_t vocabulary, const lati_spread *spread) {
  loss_rows l = {lati_vector_best(), loss,  correct, d_logits, logits, targets, tokens,
                 vocabulary,         spread};
  lati_pool_run(device->pool, token_block, &l, lati_blocks(tokens, TOKENS));
}
