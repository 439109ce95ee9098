/* Symbols whose logits are sums of two of fewer scores, of a mantissa and of an exponent. */
#ifndef LATI_FACTORED_SYMBOLS_H
#define LATI_FACTORED_SYMBOLS_H

#include <stdint.h>

/* Scores first .. end - 1, each of which goes with each of second .. second_end - 1, or alone where
 * there are none of these. */
typedef struct lati_factor_block {
  int32_t first, end, second, second_end;
} lati_factor_block;

/* Symbols symbol .. symbol + count - 1, whose first scores follow each other from `first` on and
 * whose second is one, or -1. */
typedef struct lati_factor_run {
  int32_t symbol, count, first, second;
} lati_factor_run;

enum { LATI_MAX_FACTOR_BLOCKS = 8, LATI_MAX_SECOND_FACTORS = 64 };

/* Symbols whose logits are sums of two of fewer scores: the logit of symbol s is that of first[s]
 * plus that of second[s], unless it is -1. No score is in the first factors of two blocks, and the
 * second factors are the last of all scores. */
typedef struct lati_factored_symbols {
  int32_t symbols, scores, second_count;
  int32_t *first, *second; /* (symbols) */
  int32_t blocks;
  lati_factor_block block[LATI_MAX_FACTOR_BLOCKS];
  int32_t runs;
  lati_factor_run *run; /* of all symbols, in order */
} lati_factored_symbols;

#endif
