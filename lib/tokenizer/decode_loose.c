/* Numbers of p10 and p1000 as the published program reads them in a prediction: a sign, as many
 * mantissa tokens as there are, an exponent or none. `+ 5 7 E-3` is 0.057, `+ 314` is 314. */
#include "tokenizer/scientific.h"

#include <lat/tokenizer.h>
#include <math.h>

/* Both encodings number their symbols alike. */
enum { PLUS = LAT_TOKEN_NUMBER, MINUS, MANTISSA };

/* A mantissa keeps as many digits as a double; those behind only count. */
#define LONG_MANTISSA INT64_C(100000000000000)

/* Takes mantissa tokens from the front. Returns how many; `left_out` is the number of decimal
 * digits that were not kept. */
static int32_t take_mantissa(int64_t *mantissa, int32_t *left_out, int32_t digits_per_token,
                             const int32_t *tokens, size_t count) {
  const int32_t base = lati_power_of_ten(digits_per_token);
  int32_t length = 0;
  *mantissa = *left_out = 0;
  while ((size_t)length < count && tokens[length] >= MANTISSA && tokens[length] < MANTISSA + base) {
    if (*mantissa < LONG_MANTISSA) {
      *mantissa = *mantissa * base + (tokens[length] - MANTISSA);
    } else {
      *left_out += digits_per_token;
    }
    length += 1;
  }
  return length;
}

int32_t lati_scientific_decode_loose(double *value, int32_t digits_per_token, const int32_t *tokens,
                                     size_t count) {
  const int32_t first_exponent = MANTISSA + lati_power_of_ten(digits_per_token);
  int32_t exponent = LATI_EXPONENT_LIMIT, left_out = 0; /* E0 */
  int64_t mantissa = 0;
  if (count < 2 || (tokens[0] != PLUS && tokens[0] != MINUS)) {
    return 0;
  }
  int32_t used = 1 + take_mantissa(&mantissa, &left_out, digits_per_token, tokens + 1, count - 1);
  if (used == 1) {
    return 0;
  }
  if ((size_t)used < count && tokens[used] >= first_exponent &&
      tokens[used] < first_exponent + LATI_EXPONENT_COUNT) {
    exponent = tokens[used++] - first_exponent;
  }
  *value = lati_scientific_value(tokens[0] == MINUS, mantissa, exponent + left_out);
  return isfinite(*value) ? used : 0;
}
