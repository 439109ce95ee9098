/* The likeliest of factored symbols, without their logits: in a run of symbols whose second score
 * is one, the largest logit and the sum of exponentials are those of the first scores, moved by it.
 */
#include "compute/choose.h"
#include "compute/cross_entropy.h"

/* Of exp(x - largest) over consecutive scores. Runs of all exponents share a few of them. */
typedef struct range_sum {
  int32_t first, count;
  float largest;
  double sum;
} range_sum;

enum { KEPT_RANGES = 8 };

typedef struct factored_choice {
  const lati_vector *vector;
  const float *x; /* scores */
  range_sum kept[KEPT_RANGES];
  int32_t ranges;
  int32_t best; /* the likeliest symbol so far, */
  float logit;  /* its logit, */
  double sum;   /* and the sum of exp(logit of a symbol - that) over those so far */
} factored_choice;

static const range_sum *sum_range(factored_choice *c, int32_t first, int32_t count) {
  for (int32_t i = 0; i < c->ranges; ++i) {
    if (c->kept[i].first == first && c->kept[i].count == count) {
      return &c->kept[i];
    }
  }
  c->ranges += c->ranges < KEPT_RANGES;
  range_sum *range = &c->kept[c->ranges - 1];
  const float *x = c->x + first;
  const float largest = c->vector->maximum(x, count);
  *range =
      (range_sum){first, count, largest, lati_exponentials(c->vector, NULL, x, largest, count)};
  return range;
}

static int32_t find(const float *x, int32_t count, float value) {
  for (int32_t i = 0; i < count; ++i) {
    if (x[i] == value) {
      return i;
    }
  }
  return 0;
}

/* Symbols symbol .. symbol + count - 1, whose first scores begin at `first`. */
static void consider(factored_choice *c, int32_t symbol, int32_t count, int32_t first,
                     int32_t second) {
  const range_sum *range = sum_range(c, first, count);
  const float logit = range->largest + (second >= 0 ? c->x[second] : 0.0F);
  if (logit > c->logit || (logit == c->logit && symbol < c->best)) {
    c->sum *= exp((double)c->logit - (double)logit);
    c->logit = logit;
    c->best = symbol + find(c->x + first, count, range->largest);
  }
  c->sum += range->sum * exp((double)logit - (double)c->logit);
}

int32_t lati_choose_factored(double *loss, const float *scores,
                             const lati_factored_symbols *symbols, const lati_allowed *allowed) {
  factored_choice c = {.vector = lati_vector_best(),
                       .x = scores,
                       .best = allowed->range[0].first,
                       .logit = LATI_MASKED};
  for (int32_t r = 0; r < symbols->runs; ++r) {
    const lati_factor_run *run = &symbols->run[r];
    for (int32_t i = 0; i < allowed->count; ++i) {
      const lati_symbol_range *range = &allowed->range[i];
      const int32_t first = run->symbol > range->first ? run->symbol : range->first;
      const int32_t end =
          run->symbol + run->count < range->end ? run->symbol + run->count : range->end;
      if (first < end) {
        consider(&c, first, end - first, run->first + first - run->symbol, run->second);
      }
    }
  }
  *loss = c.sum > 0 ? log(c.sum) : NAN;
  return c.best;
}
