/* Which symbols a decoder may choose next, and choosing among their logits. */
#ifndef LATI_GRAMMAR_H
#define LATI_GRAMMAR_H

#include "tokenizer/tokenizer_impl.h"

/* Logit of a symbol that must not be chosen: its probability is zero in f32. */
#define LATI_MASKED (-1e30F)

typedef struct lati_grammar {
  const lati_vocabulary *vocabulary;
  int32_t enforced;      /* 0: anything but PAD */
  int32_t max_tokens;    /* of a complete sequence: dimensions that need more are not allowed */
  int32_t number_tokens; /* that one number can take */
} lati_grammar;

void lati_grammar_init(lati_grammar *grammar, const lat_tokenizer *tokenizer, int32_t enforced,
                       int32_t max_tokens);
/* Symbols that may follow the prefix behind the cursor; at least one. */
void lati_grammar_allowed(lati_allowed *allowed, const lati_grammar *grammar,
                          const lati_cursor *cursor);

/* The smallest range that holds all symbols allowed to any of `count` rows, widened to multiples as
 * far as the limit. */
lati_symbol_range lati_allowed_span(const lati_allowed *allowed, int64_t count, int32_t multiple,
                                    int32_t limit);
/* Masks the logits of a span's symbols that are not allowed. */
void lati_allowed_mask(float *logits, lati_symbol_range span, const lati_allowed *allowed);

/* The allowed symbol of largest logit in a masked row, the first of equals. */
int32_t lati_choose_largest(const float *logits, lati_symbol_range span,
                            const lati_allowed *allowed);
/* The symbol where the cumulative softmax(logits / temperature) of a masked row passes
 * uniform (0..1). */
int32_t lati_choose_sample(const float *logits, lati_symbol_range span, const lati_allowed *allowed,
                           double temperature, double uniform);

#endif
