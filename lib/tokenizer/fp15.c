/* fp15: mantissa and exponent in one symbol, value = m x 10^e / 10^9, e in 0..15. For e = 0 any m
 * in -999..999, else 100 <= |m| <= 999; then NaN and -NaN for what is too large. */
#include "tokenizer/encoding.h"

#include <math.h>
#include <string.h>

enum {
  LARGEST = 999,  /* mantissa */
  SMALLEST = 100, /* mantissa of e >= 1 */
  MAX_EXPONENT = 15,
  SHIFT = 9, /* values are multiples of 10^-9 */
  SMALL_COUNT = 2 * LARGEST + 1,
  SIDE_COUNT = LARGEST - SMALLEST + 1, /* mantissas of one sign and exponent */
  POSITIVE_NAN = SMALL_COUNT + MAX_EXPONENT * 2 * SIDE_COUNT,
  NEGATIVE_NAN,
  COUNT
};

static int32_t to_symbol(int32_t mantissa, int32_t exponent) {
  if (exponent == 0) {
    return mantissa + LARGEST;
  }
  int32_t first = SMALL_COUNT + (exponent - 1) * 2 * SIDE_COUNT;
  return first + (mantissa < 0 ? mantissa + LARGEST : SIDE_COUNT + mantissa - SMALLEST);
}

/* Returns 0 for the two symbols that have no mantissa. */
static int from_symbol(int32_t *mantissa, int32_t *exponent, int32_t symbol) {
  if (symbol >= POSITIVE_NAN) {
    return 0;
  }
  if (symbol < SMALL_COUNT) {
    *mantissa = symbol - LARGEST;
    *exponent = 0;
    return 1;
  }
  int32_t within = (symbol - SMALL_COUNT) % (2 * SIDE_COUNT);
  *mantissa = within < SIDE_COUNT ? within - LARGEST : within - SIDE_COUNT + SMALLEST;
  *exponent = 1 + (symbol - SMALL_COUNT) / (2 * SIDE_COUNT);
  return 1;
}

static int32_t symbol_count(int32_t digits) {
  (void)digits;
  return COUNT;
}

static void symbol_text(char text[16], int32_t digits, int32_t symbol) {
  int32_t mantissa = 0, exponent = 0;
  (void)digits;
  if (!from_symbol(&mantissa, &exponent, symbol)) {
    strcpy(text, symbol == POSITIVE_NAN ? "NaN" : "-NaN");
    return;
  }
  text[0] = 'N';
  text = lati_integer_text(text + 1, mantissa);
  text[0] = 'e';
  lati_integer_text(text + 1, exponent);
}

static void symbol_value(lati_symbol_value *value, int32_t digits, int32_t symbol) {
  int32_t mantissa = 0, exponent = 0;
  (void)digits;
  *value = (lati_symbol_value){0, 0, 0, 0};
  if (from_symbol(&mantissa, &exponent, symbol)) {
    *value = (lati_symbol_value){1, 1, mantissa / 1000.0, (double)exponent / (double)MAX_EXPONENT};
  }
}

static int32_t encode(int32_t symbols[LATI_MAX_NUMBER_TOKENS], int32_t digits, double value) {
  double magnitude = fabs(value);
  int32_t exponent = 0;
  int64_t mantissa = 0;
  (void)digits;
  if (isnan(value)) {
    return 0;
  }
  symbols[0] = value > 0 ? POSITIVE_NAN : NEGATIVE_NAN;
  if (magnitude > 1e9) {
    return 1;
  }
  if (magnitude > 0) {
    exponent = lati_decimal_exponent(magnitude) + SHIFT - 2;
    exponent = exponent < 0 ? 0 : exponent;
    mantissa = lati_decimal_scale(magnitude, SHIFT - exponent, 1);
    if (mantissa > LARGEST) {
      exponent += 1;
      mantissa = lati_decimal_scale(magnitude, SHIFT - exponent, 1);
    }
  }
  if (exponent <= MAX_EXPONENT) {
    symbols[0] = to_symbol((int32_t)(value < 0 ? -mantissa : mantissa), exponent);
  }
  return 1;
}

static int32_t decode(double *value, int32_t digits, const int32_t *symbols, size_t count) {
  int32_t mantissa = 0, exponent = 0;
  (void)digits;
  if (count < 1 || symbols[0] < 0 || symbols[0] >= COUNT) {
    return 0;
  }
  if (from_symbol(&mantissa, &exponent, symbols[0])) {
    lati_decimal decimal = {mantissa < 0, mantissa < 0 ? -mantissa : mantissa, exponent - SHIFT};
    *value = lati_decimal_value(&decimal);
  } else {
    *value = symbols[0] == POSITIVE_NAN ? 1e9 : -1e9;
  }
  return 1;
}

static int32_t next(lati_symbol_range ranges[2], int32_t digits, const int32_t *prefix,
                    int32_t length) {
  (void)digits;
  (void)prefix;
  (void)length;
  ranges[0] = (lati_symbol_range){0, COUNT};
  return 1;
}

static int complete(int32_t digits, const int32_t *symbols, int32_t length) {
  (void)digits;
  (void)symbols;
  return length == 1;
}

static int factors(int32_t *mantissa, int32_t *exponent, int32_t symbol) {
  if (!from_symbol(mantissa, exponent, symbol)) {
    return 0;
  }
  *mantissa += LARGEST;
  return 1;
}

const lati_encoding lati_encoding_fp15 = {.name = "fp15",
                                          .min_digits = 3,
                                          .max_digits = 3,
                                          .symbol_count = symbol_count,
                                          .symbol_text = symbol_text,
                                          .symbol_value = symbol_value,
                                          .encode = encode,
                                          .decode = decode,
                                          .next = next,
                                          .complete = complete,
                                          .factors = factors,
                                          .mantissa_count = SMALL_COUNT,
                                          .exponent_count = MAX_EXPONENT + 1};
