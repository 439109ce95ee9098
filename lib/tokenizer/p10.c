/* p10: sign, digits, exponent. A zero has one digit; readers also take one of full length. */
#include "tokenizer/scientific.h"

enum {
  PLUS = 0,
  MINUS = 1,
  DIGIT = 2,
  EXPONENT = DIGIT + 10,
  COUNT = EXPONENT + LATI_EXPONENT_COUNT
};

static int is_digit(int32_t symbol) {
  return symbol >= DIGIT && symbol < EXPONENT;
}

static int is_exponent(int32_t symbol) {
  return symbol >= EXPONENT && symbol < COUNT;
}

static int32_t symbol_count(int32_t digits) {
  (void)digits;
  return COUNT;
}

static void symbol_text(char text[16], int32_t digits, int32_t symbol) {
  (void)digits;
  if (symbol < DIGIT) {
    text[0] = symbol == PLUS ? '+' : '-';
    text[1] = '\0';
  } else if (symbol < EXPONENT) {
    lati_integer_text(text, symbol - DIGIT);
  } else {
    lati_scientific_exponent_text(text, symbol - EXPONENT);
  }
}

static void symbol_value(lati_symbol_value *value, int32_t digits, int32_t symbol) {
  (void)digits;
  *value = (lati_symbol_value){0, 0, 0, 0};
  if (is_digit(symbol)) {
    value->has_mantissa = 1;
    value->mantissa = (symbol - DIGIT) / 10.0;
  } else if (is_exponent(symbol)) {
    lati_scientific_exponent_value(value, symbol - EXPONENT);
  }
}

static int32_t encode(int32_t symbols[LATI_MAX_NUMBER_TOKENS], int32_t digits, double value) {
  lati_decimal decimal;
  if (!lati_scientific_round(&decimal, digits, value)) {
    return 0;
  }
  int32_t length = decimal.mantissa == 0 ? 1 : digits;
  symbols[0] = decimal.negative ? MINUS : PLUS;
  for (int32_t i = length; i > 0; --i) {
    symbols[i] = DIGIT + (int32_t)(decimal.mantissa % 10);
    decimal.mantissa /= 10;
  }
  symbols[length + 1] = EXPONENT + LATI_EXPONENT_LIMIT + decimal.exponent;
  return length + 2;
}

static int32_t decode(double *value, int32_t digits, const int32_t *symbols, size_t count) {
  int64_t mantissa = 0;
  int32_t length = 0;
  if (count < 3 || (symbols[0] != PLUS && symbols[0] != MINUS)) {
    return 0;
  }
  while (length < digits && (size_t)length + 1 < count && is_digit(symbols[length + 1])) {
    mantissa = mantissa * 10 + (symbols[length + 1] - DIGIT);
    length += 1;
  }
  int short_zero = length == 1 && mantissa == 0;
  if ((length < digits && !short_zero) || (size_t)length + 1 >= count ||
      !is_exponent(symbols[length + 1])) {
    return 0;
  }
  *value = lati_scientific_value(symbols[0] == MINUS, mantissa, symbols[length + 1] - EXPONENT);
  return length + 2;
}

static int32_t decode_loose(double *value, int32_t digits, const int32_t *tokens, size_t count) {
  (void)digits;
  return lati_scientific_decode_loose(value, 1, tokens, count);
}

static int32_t next(lati_symbol_range ranges[2], int32_t digits, const int32_t *prefix,
                    int32_t length) {
  const lati_symbol_range signs = {PLUS, DIGIT}, mantissa = {DIGIT, EXPONENT},
                          exponents = {EXPONENT, COUNT};
  if (length == 0) {
    ranges[0] = signs;
    return 1;
  }
  if (length > digits) {
    ranges[0] = exponents;
    return 1;
  }
  ranges[0] = mantissa;
  ranges[1] = exponents;
  return length == 2 && prefix[1] == DIGIT ? 2 : 1;
}

static int complete(int32_t digits, const int32_t *symbols, int32_t length) {
  (void)digits;
  return length > 0 && is_exponent(symbols[length - 1]);
}

const lati_encoding lati_encoding_p10 = {.name = "p10",
                                         .min_digits = 1,
                                         .max_digits = 9,
                                         .symbol_count = symbol_count,
                                         .symbol_text = symbol_text,
                                         .symbol_value = symbol_value,
                                         .encode = encode,
                                         .decode = decode,
                                         .decode_loose = decode_loose,
                                         .next = next,
                                         .complete = complete};
