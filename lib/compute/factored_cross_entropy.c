/* Cross-entropy over symbols whose logits are sums of two scores, x_i + x_j. Of a block, where each
 * i goes with each j, the sum of exponentials is a product:
 *     sum_ij exp(x_i + x_j) = sum_i exp(x_i) sum_j exp(x_j),
 * so that no more exponentials are taken than there are scores. */
#include "compute/cross_entropy.h"

#include <string.h>

enum { TOKENS = 4 };

typedef struct loss_rows {
  const lati_vector *vector;
  const lati_factored_symbols *symbols;
  double *loss;
  uint8_t *correct;
  lati_rows d_scores;
  float *scores;
  const int32_t *targets;
  int64_t tokens;
  const lati_spread *spread; /* NULL: none */
} loss_rows;

/* A block's exponentials, each factor's divided by exp of its largest score. */
typedef struct block_sum {
  double largest;       /* logit */
  double first, second; /* sums over the factors */
  double logarithm;     /* of the sum over the block's symbols */
  float second_exponentials[LATI_MAX_SECOND_FACTORS];
} block_sum;

static double logit(const lati_factored_symbols *symbols, const float *x, int64_t symbol) {
  const int32_t second = symbols->second[symbol];
  return (double)x[symbols->first[symbol]] + (second >= 0 ? (double)x[second] : 0.0);
}

/* The mean of the logits under a target's distribution. */
static double expected(const loss_rows *l, const lati_soft_target *soft, const float *x) {
  double sum = 0.0;
  for (int64_t j = soft->first; j < soft->end; ++j) {
    sum += lati_soft_share(soft, j) * logit(l->symbols, x, j);
  }
  return sum;
}

/* With `keep` the scores of the first factor become exponentials. */
static void sum_block(block_sum *sum, const loss_rows *l, const lati_factor_block *block, float *x,
                      int keep) {
  const int64_t count = block->end - block->first, seconds = block->second_end - block->second;
  float *first = x + block->first;
  const float largest = l->vector->maximum(first, count);
  float largest_second = 0.0F;
  sum->first = lati_exponentials(l->vector, keep ? first : NULL, first, largest, count);
  sum->second = 1.0;
  if (seconds > 0) {
    const float *second = x + block->second;
    largest_second = l->vector->maximum(second, seconds);
    sum->second =
        lati_exponentials(l->vector, sum->second_exponentials, second, largest_second, seconds);
  }
  sum->largest = (double)largest + (double)largest_second;
  sum->logarithm = log(sum->first * sum->second) + sum->largest;
}

/* log of the sum over all blocks, of which there is one at least. */
static double sum_blocks(const block_sum *sums, int32_t blocks) {
  double largest = sums[0].logarithm, sum = 0.0;
  for (int32_t b = 1; b < blocks; ++b) {
    largest = fmax(largest, sums[b].logarithm);
  }
  int32_t b = 0;
  do {
    sum += exp(sums[b].logarithm - largest);
  } while (++b < blocks);
  return largest + log(sum);
}

/* Adds up for each score what its symbols have of the distribution: of a block the share of its sum
 * in all of it, of a factor in a block that of its exponential. */
static void probabilities(const loss_rows *l, float *x, const block_sum *sums, double log_sum) {
  const lati_factored_symbols *symbols = l->symbols;
  float *seconds = x + symbols->scores - symbols->second_count;
  memset(seconds, 0, (size_t)symbols->second_count * sizeof *seconds);
  for (int32_t b = 0; b < symbols->blocks; ++b) {
    const lati_factor_block *block = &symbols->block[b];
    const double share = exp(sums[b].logarithm - log_sum);
    l->vector->scale(x + block->first, (float)(share / sums[b].first), block->end - block->first);
    for (int32_t j = block->second; j < block->second_end; ++j) {
      x[j] += (float)(share / sums[b].second) * sums[b].second_exponentials[j - block->second];
    }
  }
}

/* From the first factors' exponentials and the sums. */
static void gradient(const loss_rows *l, int64_t t, float *x, const block_sum *sums, double log_sum,
                     const lati_soft_target *soft) {
  const lati_factored_symbols *symbols = l->symbols;
  probabilities(l, x, sums, log_sum);
  for (int64_t j = soft->first; j < soft->end; ++j) {
    const float share = (float)lati_soft_share(soft, j);
    x[symbols->first[j]] -= share;
    if (symbols->second[j] >= 0) {
      x[symbols->second[j]] -= share;
    }
  }
  lati_store_gradient(l->vector, lati_rows_at(l->d_scores, t, 0), x, symbols->scores);
}

static void one_token(const loss_rows *l, int64_t t) {
  const lati_factored_symbols *symbols = l->symbols;
  float *x = l->scores + t * symbols->scores;
  block_sum sums[LATI_MAX_FACTOR_BLOCKS];
  const int backward = !lati_rows_none(l->d_scores);
  const lati_soft_target soft = lati_soften(l->targets[t], l->spread);
  const double wanted = expected(l, &soft, x);
  const double target = logit(symbols, x, l->targets[t]);
  double largest = target;
  int32_t b = 0;
  do {
    sum_block(&sums[b], l, &symbols->block[b], x, backward);
    largest = fmax(largest, sums[b].largest);
  } while (++b < symbols->blocks);
  const double log_sum = sum_blocks(sums, symbols->blocks);
  l->loss[t] = log_sum - wanted;
  l->correct[t] = target == largest;
  if (backward) {
    gradient(l, t, x, sums, log_sum, &soft);
  }
}

static void token_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const loss_rows *l = argument;
  const int64_t end = lati_least(l->tokens, (task + 1) * TOKENS);
  for (int64_t t = task * TOKENS; t < end; ++t) {
    one_token(l, t);
  }
}

void lati_factored_cross_entropy(const lati_device *device, double *loss, uint8_t *correct,
                                 lati_rows d_scores, float *scores, const int32_t *targets,
                                 int64_t tokens, const lati_factored_symbols *symbols,
                                 const lati_spread *spread) {
  loss_rows l = {
      lati_vector_best(), symbols, loss, correct, d_scores, scores, targets, tokens, spread};
  lati_pool_run(device->pool, token_block, &l, lati_blocks(tokens, TOKENS));
}

typedef struct logit_rows {
  const lati_factored_symbols *symbols;
  float *logits;
  const float *scores;
  int32_t first, end;
} logit_rows;

/* The symbols of a run that are asked for. */
static void logit_run(float *y, const logit_rows *l, const float *x, const lati_factor_run *run) {
  const int32_t first = run->symbol > l->first ? run->symbol : l->first;
  const int32_t end = run->symbol + run->count < l->end ? run->symbol + run->count : l->end;
  const float second = run->second >= 0 ? x[run->second] : 0.0F;
  for (int32_t symbol = first; symbol < end; ++symbol) {
    y[symbol - l->first] = x[run->first + (symbol - run->symbol)] + second;
  }
}

static void logit_row(void *argument, int64_t t, int32_t worker) {
  const logit_rows *l = argument;
  (void)worker;
  for (int32_t r = 0; r < l->symbols->runs; ++r) {
    logit_run(l->logits + t * (l->end - l->first), l, l->scores + t * l->symbols->scores,
              &l->symbols->run[r]);
  }
}

void lati_factored_logits(const lati_device *device, float *logits, const float *scores,
                          int64_t tokens, const lati_factored_symbols *symbols, int32_t first,
                          int32_t end) {
  logit_rows l = {symbols, logits, scores, first, end};
  lati_pool_run(device->pool, logit_row, &l, tokens);
}
