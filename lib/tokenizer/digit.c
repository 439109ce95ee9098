/* digit: one symbol a number, which is a whole one of 0..9, as arithmetic on digits wants it.
 * Values are rounded; what does not round to a digit has no token. */
#include "tokenizer/encoding.h"

#include <math.h>

enum { DIGITS = 10 };

static int32_t symbol_count(int32_t digits) {
  (void)digits;
  return DIGITS;
}

static void symbol_text(char text[16], int32_t digits, int32_t symbol) {
  (void)digits;
  lati_integer_text(text, symbol);
}

static void symbol_value(lati_symbol_value *value, int32_t digits, int32_t symbol) {
  (void)digits;
  *value = (lati_symbol_value){1, 0, (double)symbol / (double)DIGITS, 0};
}

static int32_t encode(int32_t symbols[LATI_MAX_NUMBER_TOKENS], int32_t digits, double value) {
  const double rounded = round(value);
  (void)digits;
  if (!(rounded >= 0 && rounded < (double)DIGITS)) {
    return 0;
  }
  symbols[0] = (int32_t)rounded;
  return 1;
}

static int32_t decode(double *value, int32_t digits, const int32_t *symbols, size_t count) {
  (void)digits;
  if (count < 1 || symbols[0] < 0 || symbols[0] >= DIGITS) {
    return 0;
  }
  *value = symbols[0];
  return 1;
}

static int32_t next(lati_symbol_range ranges[2], int32_t digits, const int32_t *prefix,
                    int32_t length) {
  (void)digits;
  (void)prefix;
  (void)length;
  ranges[0] = (lati_symbol_range){0, DIGITS};
  return 1;
}

static int complete(int32_t digits, const int32_t *symbols, int32_t length) {
  (void)digits;
  (void)symbols;
  return length == 1;
}

const lati_encoding lati_encoding_digit = {.name = "digit",
                                           .min_digits = 1,
                                           .max_digits = 1,
                                           .symbol_count = symbol_count,
                                           .symbol_text = symbol_text,
                                           .symbol_value = symbol_value,
                                           .encode = encode,
                                           .decode = decode,
                                           .next = next,
                                           .complete = complete};
