/* Which symbols a decoder may choose next. */
#ifndef LATI_GRAMMAR_H
#define LATI_GRAMMAR_H

#include "tokenizer/tokenizer_impl.h"

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
#endif
