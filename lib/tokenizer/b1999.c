/* b1999: the signed mantissa in one symbol, N-1000..N1000, then the exponent. */
#include "tokenizer/scientific.h"

/* The symbol of mantissa 0; 10^digits lie on either side. */
static int32_t zero(int32_t digits) {
  return lati_power_of_ten(digits);
}

static int32_t first_exponent(int32_t digits) {
  return 2 * zero(digits) + 1;
}

static int32_t symbol_count(int32_t digits) {
  return first_exponent(digits) + LATI_EXPONENT_COUNT;
}

static void symbol_text(char text[16], int32_t digits, int32_t symbol) {
  if (symbol < first_exponent(digits)) {
    text[0] = 'N';
    lati_integer_text(text + 1, symbol - zero(digits));
  } else {
    lati_scientific_exponent_text(text, symbol - first_exponent(digits));
  }
}

static void symbol_value(lati_symbol_value *value, int32_t digits, int32_t symbol) {
  *value = (lati_symbol_value){0, 0, 0, 0};
  if (symbol >= first_exponent(digits)) {
    lati_scientific_exponent_value(value, symbol - first_exponent(digits));
  } else {
    value->has_mantissa = 1;
    value->mantissa = (double)(symbol - zero(digits)) / zero(digits);
  }
}

static int32_t encode(int32_t symbols[LATI_MAX_NUMBER_TOKENS], int32_t digits, double value) {
  lati_decimal decimal;
  if (!lati_scientific_round(&decimal, digits, value)) {
    return 0;
  }
  int32_t mantissa = (int32_t)decimal.mantissa;
  symbols[0] = zero(digits) + (decimal.negative ? -mantissa : mantissa);
  symbols[1] = first_exponent(digits) + LATI_EXPONENT_LIMIT + decimal.exponent;
  return 2;
}

static int32_t decode(double *value, int32_t digits, const int32_t *symbols, size_t count) {
  if (count < 2 || symbols[0] < 0 || symbols[0] >= first_exponent(digits) ||
      symbols[1] < first_exponent(digits) || symbols[1] >= symbol_count(digits)) {
    return 0;
  }
  int32_t mantissa = symbols[0] - zero(digits);
  *value = lati_scientific_value(mantissa < 0, mantissa < 0 ? -mantissa : mantissa,
                                 symbols[1] - first_exponent(digits));
  return 2;
}

static int32_t next(lati_symbol_range ranges[2], int32_t digits, const int32_t *prefix,
                    int32_t length) {
  const lati_symbol_range mantissas = {0, first_exponent(digits)},
                          exponents = {first_exponent(digits), symbol_count(digits)};
  (void)prefix;
  ranges[0] = length == 0 ? mantissas : exponents;
  return 1;
}

static int complete(int32_t digits, const int32_t *symbols, int32_t length) {
  (void)digits;
  (void)symbols;
  return length == 2;
}

const lati_encoding lati_encoding_b1999 = {.name = "b1999",
                                           .min_digits = 1,
                                           .max_digits = 4,
                                           .symbol_count = symbol_count,
                                           .symbol_text = symbol_text,
                                           .symbol_value = symbol_value,
                                           .encode = encode,
                                           .decode = decode,
                                           .next = next,
                                           .complete = complete};
