#include "compute/ops.h"
#include "compute/vector.h"

#include <math.h>

/* Sums of exponentials are carried in f32 over this many symbols, and in double beyond. */
enum { CHUNK = 1024, TOKENS = 4 };

typedef struct loss_rows {
  const lati_vector *vector;
  double *loss;
  uint8_t *correct;
  float *logits;
  const int32_t *targets;
  int64_t tokens, vocabulary;
  int backward;
} loss_rows;

/* The logits of one token become exponentials; returns their sum. Without `keep` they stay. */
static double exponentials(const loss_rows *l, float *x, float shift, int keep) {
  float scratch[CHUNK];
  double sum = 0.0;
  for (int64_t i = 0; i < l->vocabulary; i += CHUNK) {
    int64_t n = lati_least(CHUNK, l->vocabulary - i);
    sum += (double)l->vector->exponential(keep ? x + i : scratch, x + i, 1.0F, shift, n);
  }
  return sum;
}

static void one_token(const loss_rows *l, int64_t t) {
  float *x = l->logits + t * l->vocabulary;
  float largest = l->vector->maximum(x, l->vocabulary), target = x[l->targets[t]];
  double sum = exponentials(l, x, largest, l->backward);
  l->loss[t] = log(sum) + (double)largest - (double)target;
  l->correct[t] = target == largest;
  if (l->backward) {
    l->vector->scale(x, (float)(1.0 / sum), l->vocabulary);
    x[l->targets[t]] -= 1.0F;
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

void lati_cross_entropy(lati_pool *pool, double *loss, uint8_t *correct, float *logits,
                        const int32_t *targets, int64_t tokens, int32_t vocabulary, int backward) {
  loss_rows l = {lati_vector_best(), loss, correct, logits, targets, tokens, vocabulary, backward};
  lati_pool_run(pool, token_block, &l, lati_blocks(tokens, TOKENS));
}
