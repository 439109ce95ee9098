#include "infer/grammar.h"

void lati_grammar_init(lati_grammar *grammar, const lat_tokenizer *tokenizer, int32_t enforced,
                       int32_t max_tokens) {
  const int32_t letter_and_shape = 3;
  grammar->vocabulary = &tokenizer->side[LAT_OUTPUT];
  grammar->enforced = enforced;
  grammar->max_tokens = max_tokens;
  grammar->number_tokens =
      (int32_t)lat_tokenizer_max_tokens(tokenizer, LAT_OUTPUT, 1, 1) - letter_and_shape;
}

/* Rows or columns that leave room for all entries, and for the smallest matrices that follow, but
 * never none. */
static void limit_dimension(lati_symbol_range *dimensions, const lati_grammar *grammar,
                            const lati_cursor *cursor) {
  const int32_t head = cursor->rows > 0 ? 1 : 2;
  const int32_t behind = (cursor->matrices - 1) * (2 + grammar->number_tokens);
  int32_t entries = (grammar->max_tokens - cursor->used - head - behind) / grammar->number_tokens;
  int32_t most = cursor->rows > 0 ? entries / cursor->rows : entries;
  int32_t end = dimensions->first + (most > 1 ? most : 1);
  if (end < dimensions->end) {
    dimensions->end = end;
  }
}

void lati_grammar_allowed(lati_allowed *allowed, const lati_grammar *grammar,
                          const lati_cursor *cursor) {
  if (!grammar->enforced) {
    allowed->count = 2;
    allowed->range[0] = (lati_symbol_range){LAT_TOKEN_EOS, LAT_TOKEN_EOS + 1};
    allowed->range[1] = (lati_symbol_range){LAT_TOKEN_LETTER, grammar->vocabulary->size};
    return;
  }
  lati_cursor_allowed(allowed, cursor);
  if (allowed->range[0].first == LAT_TOKEN_DIMENSION) {
    limit_dimension(&allowed->range[0], grammar, cursor);
  }
}

lati_symbol_range lati_allowed_span(const lati_allowed *allowed, int64_t count, int32_t multiple,
                                    int32_t limit) {
  lati_symbol_range span = allowed[0].range[0];
  for (int64_t i = 0; i < count; ++i) {
    for (int32_t r = 0; r < allowed[i].count; ++r) {
      const lati_symbol_range *range = &allowed[i].range[r];
      span.first = range->first < span.first ? range->first : span.first;
      span.end = range->end > span.end ? range->end : span.end;
    }
  }
  span.first -= span.first % multiple;
  span.end += (multiple - span.end % multiple) % multiple;
  span.end = span.end < limit ? span.end : limit;
  return span;
}
