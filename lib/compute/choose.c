/* Choosing a token: the logits of symbols that are not allowed are masked first, so that choice,
 * samples and losses are those of the allowed symbols alone. */
#include "compute/choose.h"

#include <math.h>

/* The next symbol from `symbol` on that is allowed, or span.end: *end is where its range ends. */
static int32_t next_allowed(int32_t *end, int32_t symbol, lati_symbol_range span,
                            const lati_allowed *allowed) {
  int32_t best = span.end;
  *end = span.end;
  for (int32_t r = 0; r < allowed->count; ++r) {
    int32_t first = allowed->range[r].first > symbol ? allowed->range[r].first : symbol;
    if (first < allowed->range[r].end && first < best) {
      best = first;
      *end = allowed->range[r].end;
    }
  }
  return best;
}

void lati_allowed_mask(float *logits, lati_symbol_range span, const lati_allowed *allowed) {
  int32_t symbol = span.first;
  while (symbol < span.end) {
    int32_t end;
    int32_t first = next_allowed(&end, symbol, span, allowed);
    for (int32_t s = symbol; s < first; ++s) {
      logits[s - span.first] = LATI_MASKED;
    }
    symbol = end;
  }
}

/* Of most chunks of a large vocabulary no logit is above the best of those before. */
enum { CHUNK = 256 };

/* NaN is above nothing. */
static int any_above(const float *logits, int32_t count, float bound) {
  int any = 0;
  for (int32_t i = 0; i < count; ++i) {
    any |= logits[i] > bound;
  }
  return any;
}

static int32_t chunk_end(int32_t first, int32_t end) {
  return end - first < CHUNK ? end : first + CHUNK;
}

int32_t lati_choose_largest(const float *logits, lati_symbol_range span,
                            const lati_allowed *allowed) {
  const int32_t width = span.end - span.first;
  int32_t best = allowed->range[0].first;
  float largest = LATI_MASKED;
  for (int32_t first = 0; first < width; first += CHUNK) {
    const int32_t end = chunk_end(first, width);
    const int any = any_above(logits + first, end - first, largest);
    for (int32_t s = first; any && s < end; ++s) {
      if (logits[s] > largest) {
        largest = logits[s];
        best = span.first + s;
      }
    }
  }
  return best;
}

int32_t lati_choose_sample(const float *logits, lati_symbol_range span, const lati_allowed *allowed,
                           double temperature, double uniform) {
  int32_t likeliest = lati_choose_largest(logits, span, allowed);
  double largest = (double)logits[likeliest - span.first];
  int32_t count = span.end - span.first;
  double sum = 0;
  for (int32_t i = 0; i < count; ++i) {
    sum += exp(((double)logits[i] - largest) / temperature);
  }
  double passed = 0;
  for (int32_t i = 0; i < count; ++i) {
    passed += exp(((double)logits[i] - largest) / temperature);
    if (passed > uniform * sum && logits[i] > LATI_MASKED) {
      return span.first + i;
    }
  }
  return likeliest;
}

/* What a candidate has to be above: the last of as many as are wanted. */
static float bound_of(const lati_candidate *best, int32_t found, int32_t count) {
  return found < count ? LATI_MASKED : best[count - 1].logit;
}

void lati_choose_candidates(lati_candidate *best, int32_t count, const float *logits,
                            lati_symbol_range span) {
  const int32_t width = span.end - span.first;
  int32_t found = 0;
  for (int32_t first = 0; first < width; first += CHUNK) {
    const int32_t end = chunk_end(first, width);
    const int any = any_above(logits + first, end - first, bound_of(best, found, count));
    for (int32_t s = first; any && s < end; ++s) {
      if (!(logits[s] > bound_of(best, found, count))) {
        continue;
      }
      int32_t at = found < count ? found++ : count - 1;
      for (; at > 0 && best[at - 1].logit < logits[s]; --at) {
        best[at] = best[at - 1];
      }
      best[at] = (lati_candidate){logits[s], span.first + s};
    }
  }
  for (; found < count; ++found) {
    best[found] = (lati_candidate){-INFINITY, LAT_TOKEN_PAD};
  }
}
