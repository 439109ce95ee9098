#include "compute/ops.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

/* Sums of exponentials are carried in f32 over this many symbols, and in double beyond. */
enum { CHUNK = 1024, TOKENS = 4 };

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

/* The distribution that a target has become: exp(factor (j - at)^2) / total for first <= j < end.
 */
typedef struct soft_target {
  int64_t at, first, end;
  double factor, total;
} soft_target;

static double share(const soft_target *soft, int64_t j) {
  const double distance = (double)(j - soft->at);
  return exp(soft->factor * distance * distance) / soft->total;
}

static soft_target soften(const loss_rows *l, int64_t target) {
  soft_target soft = {target, target, target + 1, 0.0, 1.0};
  if (l->spread != NULL) {
    const int64_t reach = (int64_t)ceil(LATI_SPREAD_REACH * l->spread->width);
    const int64_t first = l->spread->first[target], end = l->spread->end[target];
    double total = 0.0;
    soft.first = first > target - reach ? first : target - reach;
    soft.end = lati_least(end, target + reach + 1);
    soft.factor = -0.5 / (l->spread->width * l->spread->width);
    for (int64_t j = soft.first; j < soft.end; ++j) {
      total += share(&soft, j);
    }
    soft.total = total;
  }
  return soft;
}

/* The mean of the logits under it. */
static double expected(const soft_target *soft, const float *x) {
  double sum = 0.0;
  for (int64_t j = soft->first; j < soft->end; ++j) {
    sum += share(soft, j) * (double)x[j];
  }
  return sum;
}

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

/* From the exponentials and their sum. */
static void gradient(const loss_rows *l, int64_t t, float *x, double sum, const soft_target *soft) {
  const lati_rows d = lati_rows_at(l->d_logits, t, 0);
  l->vector->scale(x, (float)(1.0 / sum), l->vocabulary);
  for (int64_t j = soft->first; j < soft->end; ++j) {
    x[j] -= (float)share(soft, j);
  }
  if (d.narrow != NULL) {
    l->vector->shorten(d.narrow, x, l->vocabulary);
  } else if (d.data != x) {
    memcpy(d.data, x, (size_t)l->vocabulary * sizeof *x);
  }
}

static void one_token(const loss_rows *l, int64_t t) {
  float *x = l->logits + t * l->vocabulary;
  float largest = l->vector->maximum(x, l->vocabulary), target = x[l->targets[t]];
  const int backward = !lati_rows_none(l->d_logits);
  const soft_target soft = soften(l, l->targets[t]);
  const double wanted = expected(&soft, x);
  double sum = exponentials(l, x, largest, backward);
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
