/* Choosing among the logits of one row. */
#ifndef LATI_CHOOSE_H
#define LATI_CHOOSE_H

#include "compute/factored_symbols.h"
#include "tokenizer/tokenizer_impl.h"

/* Logit of a symbol that must not be chosen: its probability is zero in f32. */
#define LATI_MASKED (-1e30F)

/* A way to go on, and its logit. */
typedef struct lati_candidate {
  float logit;
  int32_t token;
} lati_candidate;

/* Masks the logits of a span's symbols that are not allowed. */
void lati_allowed_mask(float *logits, lati_symbol_range span, const lati_allowed *allowed);

/* The allowed symbol of largest logit in a masked row, the first of equals. */
int32_t lati_choose_largest(const float *logits, lati_symbol_range span,
                            const lati_allowed *allowed);
/* The same of scores, none of which is masked; the allowed ranges are disjoint. *loss: -log of its
 * probability among the allowed. */
int32_t lati_choose_factored(double *loss, const float *scores,
                             const lati_factored_symbols *symbols, const lati_allowed *allowed);
/* The symbol where the cumulative softmax(logits / temperature) of a masked row passes
 * uniform (0..1). */
int32_t lati_choose_sample(const float *logits, lati_symbol_range span, const lati_allowed *allowed,
                           double temperature, double uniform);
/* The `count` candidates of largest logit in falling order, equals by token, and PAD behind them
 * where there are fewer. */
void lati_choose_candidates(lati_candidate *best, int32_t count, const float *logits,
                            lati_symbol_range span);

#endif
