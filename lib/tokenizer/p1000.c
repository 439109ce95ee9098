/* p1000: sign, the whole mantissa in one symbol, exponent. */
#include "tokenizer/scientific.h"

enum { PLUS = 0, MINUS = 1, MANTISSA = 2 };

static int32_t first_exponent(int32_t digits) {
  return MANTISSA + lati_power_of_ten(digits);
}

static int32_t symbol_count(int32_t digits) {
  return first_exponent(digits) + LATI_EXPONENT_COUNT;
}

static void symbol_text(char text[16], int32_t digits, int32_t symbol) {
  if (symbol < MANTISSA) {
    text[0] = symbol == PLUS ? '+' : '-';
    text[1] = '\0';
  } else if (symbol < first_exponent(digits)) {
    lati_integer_text(text, symbol - MANTISSA);
  } else {
    lati_scientific_exponent_text(text, symbol - first_exponent(digits));
  }
}

static void symbol_value(lati_symbol_value *value, int32_t digits, int32_t symbol) {
  *value = (lati_symbol_value){0, 0, 0, 0};
  if (symbol >= first_exponent(digits)) {
    lati_scientific_exponent_value(value, symbol - first_exponent(digits));
  } else if (symbol >= MANTISSA) {
    value->has_mantissa = 1;
    value->mantissa = (double)(symbol - MANTISSA) / lati_power_of_ten(digits);
  }
}

static int32_t encode(int32_t symbols[LATI_MAX_NUMBER_TOKENS], int32_t digits, double value) {
  lati_decimal decimal;
  if (!lati_scientific_round(&decimal, digits, value)) {
    return 0;
  }
  symbols[0] = decimal.negative ? MINUS : PLUS;
  symbols[1] = MANTISSA + (int32_t)decimal.mantissa;
  symbols[2] = first_exponent(digits) + LATI_EXPONENT_LIMIT + decimal.exponent;
  return 3;
}

static int32_t next(lati_symbol_range ranges[2], int32_t digits, const int32_t *prefix,
                    int32_t length) {
  const lati_symbol_range classes[3] = {{PLUS, MANTISSA},
                                        {MANTISSA, first_exponent(digits)},
                                        {first_exponent(digits), symbol_count(digits)}};
  (void)prefix;
  ranges[0] = classes[length];
  return 1;
}

static int32_t decode(double *value, int32_t digits, const int32_t *symbols, size_t count) {
  if (count < 3) {
    return 0;
  }
  for (int32_t i = 0; i < 3; ++i) {
    lati_symbol_range range[2];
    (void)next(range, digits, symbols, i);
    if (symbols[i] < range[0].first || symbols[i] >= range[0].end) {
      return 0;
    }
  }
  *value = lati_scientific_value(symbols[0] == MINUS, symbols[1] - MANTISSA,
                                 symbols[2] - first_exponent(digits));
  return 3;
}

static int complete(int32_t digits, const int32_t *symbols, int32_t length) {
  (void)digits;
  (void)symbols;
  return length == 3;
}

const lati_encoding lati_encoding_p1000 = {.name = "p1000",
                                           .min_digits = 1,
                                           .max_digits = 4,
                                           .symbol_count = symbol_count,
                                           .symbol_text = symbol_text,
                                           .symbol_value = symbol_value,
                                           .encode = encode,
                                           .decode = decode,
                                           .decode_loose = lati_scientific_decode_loose,
                                           .next = next,
                                           .complete = complete};
