/* Neighbouring numbers in the order of symbols: mantissas of one sign, of all their digits, and of
 * one exponent where a symbol has one, follow each other in steps of 1. */
#include "transformer/spread.h"

#include <math.h>

typedef struct neighbour_test {
  const lati_vocabulary *vocabulary;
  double unit, least; /* of mantissas, as lati_symbol_value has them */
} neighbour_test;

static int is_mantissa(lati_symbol_value *value, const neighbour_test *test, int32_t token) {
  if (token < LAT_TOKEN_NUMBER) {
    return 0;
  }
  test->vocabulary->encoding->symbol_value(value, test->vocabulary->digits,
                                           token - LAT_TOKEN_NUMBER);
  const double size = fabs(value->mantissa);
  return value->has_mantissa && size > test->least - test->unit / 2 && size < 1 - test->unit / 2;
}

/* True when the token's number is next to that of the token before. */
static int follows(const neighbour_test *test, int32_t token) {
  lati_symbol_value here, before;
  return is_mantissa(&here, test, token) && is_mantissa(&before, test, token - 1) &&
         here.has_exponent == before.has_exponent && here.exponent == before.exponent &&
         fabs(here.mantissa - before.mantissa - test->unit) < test->unit / 2;
}

lat_status lati_spread_neighbours(int32_t **out, const lat_context *ctx,
                                  const lati_vocabulary *vocabulary) {
  const neighbour_test test = {vocabulary, pow(10, -vocabulary->digits), 0.1};
  const int32_t size = vocabulary->size;
  int32_t longest = 1;
  lat_status status = LATI_NEW(*out, ctx, 2 * (size_t)size);
  if (status != LAT_OK) {
    return status;
  }
  int32_t *first = *out, *end = *out + size;
  for (int32_t i = 0; i < size; ++i) {
    first[i] = i > 0 && follows(&test, i) ? first[i - 1] : i;
    longest = i + 1 - first[i] > longest ? i + 1 - first[i] : longest;
  }
  for (int32_t i = size - 1; i >= 0; --i) {
    end[i] = i + 1 < size && first[i + 1] == first[i] ? end[i + 1] : i + 1;
  }
  if (longest == 1) {
    lati_free(*out);
    *out = NULL;
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "a target spread needs mantissas of one token; encoding %s has several",
                     vocabulary->encoding->name);
  }
  return LAT_OK;
}
