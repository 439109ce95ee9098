/* Each number encoding alone: texts, round trips over every value, limits, malformed symbols. */
#include "tokenizer_fixture.h"

#include "tokenizer/scientific.h"

/* "a b c" for the symbols of a value; "" when it has none. */
static const char *spell(const char *encoding, int32_t digits, double value) {
  static char text[128];
  int32_t symbols[LATI_MAX_NUMBER_TOKENS];
  const lati_encoding *table = lati_encoding_find(encoding);
  int32_t length = table->encode(symbols, digits, value);
  text[0] = '\0';
  for (int32_t i = 0; i < length; ++i) {
    char symbol[16];
    table->symbol_text(symbol, digits, symbols[i]);
    strcat(text, i > 0 ? " " : "");
    strcat(text, symbol);
  }
  return text;
}

static double read_back(const char *encoding, int32_t digits, double value) {
  int32_t symbols[LATI_MAX_NUMBER_TOKENS];
  const lati_encoding *table = lati_encoding_find(encoding);
  double result = NAN;
  int32_t length = table->encode(symbols, digits, value);
  EXPECT(length > 0, "%s: no symbols for %.17g", encoding, value);
  EXPECT(table->decode(&result, digits, symbols, (size_t)length) == length, "%s: %.17g unreadable",
         encoding, value);
  return result;
}

START_TEST(worked_examples) {
  ck_assert_str_eq(spell("p10", 3, 3.14), "+ 3 1 4 E-2");
  ck_assert_str_eq(spell("p10", 3, -0.00271), "- 2 7 1 E-5");
  ck_assert_str_eq(spell("p10", 3, 0), "+ 0 E0");
  ck_assert_str_eq(spell("p1000", 3, 3.14), "+ 314 E-2");
  ck_assert_str_eq(spell("p1000", 3, -0.00271), "- 271 E-5");
  ck_assert_str_eq(spell("p1000", 3, 0), "+ 0 E0");
  ck_assert_str_eq(spell("b1999", 3, 3.14), "N314 E-2");
  ck_assert_str_eq(spell("b1999", 3, -0.00271), "N-271 E-5");
  ck_assert_str_eq(spell("b1999", 3, 0), "N0 E0");
  ck_assert_str_eq(spell("fp15", 3, 3.14), "N314e7");
  ck_assert_str_eq(spell("fp15", 3, -0.00271), "N-271e4");
  ck_assert_str_eq(spell("fp15", 3, 0), "N0e0");
}
END_TEST

/* Whole numbers of one digit, and nothing else; the number of digits is 1 where none is said. */
START_TEST(digits_are_symbols) {
  lat_tokenizer *tokenizer = make_tokenizer("digit", 0);
  lat_tokenizer_options options;
  lat_tokenizer_options_init(&options);
  ck_assert_int_eq(lat_tokenizer_get_options(&options, tokenizer), LAT_OK);
  ck_assert_int_eq(options.output_digits, 1);
  ck_assert_int_eq(lat_tokenizer_vocabulary_size(tokenizer, LAT_OUTPUT), LAT_TOKEN_NUMBER + 10);
  lat_tokenizer_free(tokenizer);
  for (int digit = 0; digit < 10; ++digit) {
    const char text[] = {(char)('0' + digit), '\0'};
    ck_assert_str_eq(spell("digit", 1, digit), text);
    ck_assert_double_eq(read_back("digit", 1, digit), digit);
  }
  ck_assert_str_eq(spell("digit", 1, 3.4), "3");
  ck_assert_str_eq(spell("digit", 1, 9.5), "");
  ck_assert_str_eq(spell("digit", 1, -1), "");
  ck_assert_str_eq(spell("digit", 1, NAN), "");
  double value = 7;
  const int32_t outside[] = {-1, 10};
  ck_assert_int_eq(lati_encoding_digit.decode(&value, 1, outside, 1), 0);
  ck_assert_int_eq(lati_encoding_digit.decode(&value, 1, outside + 1, 1), 0);
  ck_assert_int_eq(lati_encoding_digit.decode(&value, 1, outside, 0), 0);
  ck_assert_double_eq(value, 7);
  lati_symbol_value scaled;
  lati_encoding_digit.symbol_value(&scaled, 1, 9);
  ck_assert(scaled.has_mantissa && !scaled.has_exponent && scaled.mantissa == 0.9);
}
END_TEST

START_TEST(symbol_counts) {
  ck_assert_int_eq(lati_encoding_p10.symbol_count(3), 213);
  ck_assert_int_eq(lati_encoding_p1000.symbol_count(3), 1203);
  ck_assert_int_eq(lati_encoding_b1999.symbol_count(3), 2202);
  ck_assert_int_eq(lati_encoding_fp15.symbol_count(3), 29001);
}
END_TEST

/* Signs, mantissas ascending, exponents ascending; fp15 by (exponent, mantissa), NaN, -NaN. */
START_TEST(symbol_order) {
  const struct {
    const char *encoding;
    int32_t symbol;
    const char *text;
  } rows[] = {{"p10", 0, "+"},          {"p10", 1, "-"},           {"p10", 2, "0"},
              {"p10", 11, "9"},         {"p10", 12, "E-100"},      {"p10", 212, "E100"},
              {"p1000", 1, "-"},        {"p1000", 2, "0"},         {"p1000", 1001, "999"},
              {"p1000", 1002, "E-100"}, {"p1000", 1202, "E100"},   {"b1999", 0, "N-1000"},
              {"b1999", 1000, "N0"},    {"b1999", 2000, "N1000"},  {"b1999", 2001, "E-100"},
              {"b1999", 2201, "E100"},  {"fp15", 0, "N-999e0"},    {"fp15", 999, "N0e0"},
              {"fp15", 1998, "N999e0"}, {"fp15", 1999, "N-999e1"}, {"fp15", 2898, "N-100e1"},
              {"fp15", 2899, "N100e1"}, {"fp15", 3798, "N999e1"},  {"fp15", 28998, "N999e15"},
              {"fp15", 28999, "NaN"},   {"fp15", 29000, "-NaN"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
    char text[16];
    lati_encoding_find(rows[i].encoding)->symbol_text(text, 3, rows[i].symbol);
    ck_assert_str_eq(text, rows[i].text);
  }
}
END_TEST

static void expect_round_trip(const char *encoding, int32_t digits, int64_t mantissa,
                              int32_t exponent) {
  lati_decimal decimal = {0, mantissa, exponent};
  double value = lati_decimal_value(&decimal);
  EXPECT(read_back(encoding, digits, value) == value, "%s %lldE%d", encoding, (long long)mantissa,
         (int)exponent);
  EXPECT(read_back(encoding, digits, -value) == -value, "%s -%lldE%d", encoding,
         (long long)mantissa, (int)exponent);
}

START_TEST(every_value_comes_back) {
  for (int e = 0; e < 3; ++e) {
    for (int32_t exponent = -100; exponent <= 100; ++exponent) {
      for (int64_t mantissa = 100; mantissa <= 999; ++mantissa) {
        expect_round_trip(encoding_names[e], 3, mantissa, exponent);
      }
    }
  }
}
END_TEST

START_TEST(every_fp15_symbol_comes_back) {
  for (int32_t symbol = 0; symbol < 28999; ++symbol) {
    double value = NAN;
    int32_t again[LATI_MAX_NUMBER_TOKENS];
    EXPECT(lati_encoding_fp15.decode(&value, 3, &symbol, 1) == 1, "symbol %d", (int)symbol);
    EXPECT(lati_encoding_fp15.encode(again, 3, value) == 1 && again[0] == symbol, "symbol %d",
           (int)symbol);
  }
}
END_TEST

START_TEST(other_digits_come_back) {
  for (int i = 0; i < 200000; ++i) {
    int32_t digits = 1 + i % 9;
    int32_t exponent = (int32_t)(random_bits() % 201) - 100;
    int64_t least = lati_power_of_ten(digits - 1);
    int64_t mantissa = least + (int64_t)(random_bits() % (uint64_t)(9 * least));
    expect_round_trip("p10", digits, mantissa, exponent);
    if (digits <= 4) {
      expect_round_trip("p1000", digits, mantissa, exponent);
      expect_round_trip("b1999", digits, mantissa, exponent);
    }
  }
  ck_assert_str_eq(spell("p10", 9, 123456789.4), "+ 1 2 3 4 5 6 7 8 9 E0");
  ck_assert_str_eq(spell("p10", 1, 0.96), "+ 1 E0");
  ck_assert_str_eq(spell("p1000", 4, 3.14159), "+ 3142 E-3");
  ck_assert_str_eq(spell("b1999", 2, -3.14159), "N-31 E-1");
}
END_TEST

START_TEST(rounding) {
  ck_assert_str_eq(spell("p1000", 3, 2.125), "+ 212 E-2");
  ck_assert_str_eq(spell("p1000", 3, 9.995e5), "+ 100 E4"); /* 999.5 is even upwards */
  ck_assert_str_eq(spell("p1000", 3, 9.994e5), "+ 999 E3");
  ck_assert_str_eq(spell("fp15", 3, 2.125), "N213e7"); /* half up */
  ck_assert_str_eq(spell("fp15", 3, -2.125), "N-213e7");
  ck_assert_str_eq(spell("fp15", 3, 999.5), "N100e10"); /* m = 1000 carries */
  ck_assert_str_eq(spell("fp15", 3, 999.6e-9), "N100e1");
  ck_assert_str_eq(spell("fp15", 3, 999.4e-9), "N999e0");
  ck_assert_str_eq(spell("fp15", 3, 4.6e-9), "N5e0");
  ck_assert_str_eq(spell("fp15", 3, 0.4e-9), "N0e0");
  ck_assert_str_eq(spell("fp15", 3, -0.4e-9), "N0e0");
}
END_TEST

/* fp15 rounds the double itself: what is written 8.075 lies below it. Where the published program's
 * product of doubles comes out on the other side it writes N808e7, N506e13 and N505e8. */
START_TEST(decimal_ties_of_fp15) {
  ck_assert_str_eq(spell("fp15", 3, 8.075), "N807e7");
  ck_assert_str_eq(spell("fp15", 3, nextafter(8.075, 9)), "N808e7");
  ck_assert_str_eq(spell("fp15", 3, 5065000.0), "N507e13");
  ck_assert_str_eq(spell("fp15", 3, nextafter(5065000.0, 0)), "N506e13");
}
END_TEST

START_TEST(limits) {
  for (int e = 0; e < 3; ++e) {
    ck_assert_str_eq(spell(encoding_names[e], 3, NAN), "");
    ck_assert_str_eq(spell(encoding_names[e], 3, INFINITY), "");
    ck_assert_str_eq(spell(encoding_names[e], 3, -INFINITY), "");
    ck_assert_str_eq(spell(encoding_names[e], 3, 1e103), "");
    ck_assert_str_eq(spell(encoding_names[e], 3, 9.996e102), "");
  }
  ck_assert_str_eq(spell("p1000", 3, 9.99e102), "+ 999 E100");
  ck_assert_str_eq(spell("p1000", 3, 1e-98), "+ 100 E-100");
  ck_assert_str_eq(spell("p1000", 3, -9.99e-99), "+ 0 E0");
  ck_assert_str_eq(spell("b1999", 3, -1e-200), "N0 E0");
  ck_assert_str_eq(spell("p10", 3, 0x1p-1074), "+ 0 E0");
  ck_assert_str_eq(spell("p10", 3, -0.0), "+ 0 E0");
  ck_assert_str_eq(spell("fp15", 3, NAN), "");
  ck_assert_str_eq(spell("fp15", 3, INFINITY), "NaN");
  ck_assert_str_eq(spell("fp15", 3, -INFINITY), "-NaN");
  ck_assert_str_eq(spell("fp15", 3, 9.994e8), "N999e15");
  ck_assert_str_eq(spell("fp15", 3, 9.995e8), "NaN");
  ck_assert_str_eq(spell("fp15", 3, -1e9), "-NaN");
  ck_assert_str_eq(spell("fp15", 3, -0x1p-1074), "N0e0");
  ck_assert_double_eq(read_back("fp15", 3, 1e300), 1e9);
  ck_assert_double_eq(read_back("fp15", 3, -1e300), -1e9);
}
END_TEST

static int32_t find_symbol(const lati_encoding *table, const char *wanted) {
  char text[16] = "";
  int32_t symbol = 0;
  for (; symbol < table->symbol_count(3); ++symbol) {
    table->symbol_text(text, 3, symbol);
    if (strcmp(text, wanted) == 0) {
      break;
    }
  }
  ck_assert_str_eq(text, wanted);
  return symbol;
}

/* Symbols by text, so that a case reads as a sequence. */
static int32_t decode_texts(double *value, const char *encoding, const char *const *texts) {
  int32_t symbols[LATI_MAX_NUMBER_TOKENS] = {0};
  size_t count = 0;
  const lati_encoding *table = lati_encoding_find(encoding);
  for (; texts[count] != NULL; ++count) {
    symbols[count] = find_symbol(table, texts[count]);
  }
  return table->decode(value, 3, symbols, count);
}

#define DECODE(value, encoding, ...)                                                               \
  decode_texts((value), (encoding), (const char *const[]){__VA_ARGS__, NULL})

START_TEST(lenient_reading) {
  double value = NAN;
  ck_assert_int_eq(DECODE(&value, "p10", "+", "0", "0", "0", "E0"), 5);
  ck_assert(value == 0 && !signbit(value));
  ck_assert_int_eq(DECODE(&value, "p10", "-", "0", "E-7", "+"), 3);
  ck_assert(value == 0 && !signbit(value));
  ck_assert_int_eq(DECODE(&value, "p10", "+", "0", "3", "1", "E-1"), 5);
  ck_assert_double_eq(value, 3.1);
  ck_assert_int_eq(DECODE(&value, "p1000", "-", "42", "E-1"), 3);
  ck_assert_double_eq(value, -4.2);
  ck_assert_int_eq(DECODE(&value, "b1999", "N-1000", "E-3"), 2);
  ck_assert_double_eq(value, -1.0);
}
END_TEST

START_TEST(malformed_reading) {
  double value = 7;
  ck_assert_int_eq(DECODE(&value, "p10", "3", "1", "4", "E-2"), 0);
  ck_assert_int_eq(DECODE(&value, "p10", "+", "3", "E-2"), 0);
  ck_assert_int_eq(DECODE(&value, "p10", "+", "0", "0", "E0"), 0);
  ck_assert_int_eq(DECODE(&value, "p10", "+", "3", "1", "4"), 0);
  ck_assert_int_eq(DECODE(&value, "p10", "+", "3", "1", "4", "1", "E-2"), 0);
  ck_assert_int_eq(DECODE(&value, "p10", "+", "E0", "E0"), 0);
  ck_assert_int_eq(DECODE(&value, "p1000", "+", "314"), 0);
  ck_assert_int_eq(DECODE(&value, "p1000", "+", "E0", "314"), 0);
  ck_assert_int_eq(DECODE(&value, "p1000", "314", "314", "E0"), 0);
  ck_assert_int_eq(DECODE(&value, "b1999", "N3"), 0);
  ck_assert_int_eq(DECODE(&value, "b1999", "E0", "N3"), 0);
  for (int e = 0; e < ENCODINGS; ++e) {
    const lati_encoding *table = lati_encoding_find(encoding_names[e]);
    const int32_t outside[3] = {-1, table->symbol_count(3), INT32_MIN};
    for (int i = 0; i < 3; ++i) {
      ck_assert_int_eq(table->decode(&value, 3, &outside[i], 1), 0);
      ck_assert_int_eq(table->decode(&value, 3, outside, 3), 0);
    }
    ck_assert_int_eq(table->decode(&value, 3, outside, 0), 0);
  }
  ck_assert_double_eq(value, 7);
}
END_TEST

static int32_t loose_texts(double *value, const char *encoding, const char *const *texts) {
  const lati_encoding *table = lati_encoding_find(encoding);
  int32_t tokens[64];
  size_t count = 0;
  for (; texts[count] != NULL; ++count) {
    tokens[count] = LAT_TOKEN_NUMBER + find_symbol(table, texts[count]);
  }
  return table->decode_loose(value, 3, tokens, count);
}

#define LOOSE(value, encoding, ...)                                                                \
  loose_texts((value), (encoding), (const char *const[]){__VA_ARGS__, NULL})

/* As the published program reads p10 and p1000. */
START_TEST(loose_reading) {
  double value = NAN;
  ck_assert_int_eq(LOOSE(&value, "p10", "+", "5", "7", "E-3"), 4);
  ck_assert_double_eq(value, 0.057);
  ck_assert_int_eq(LOOSE(&value, "p10", "-", "3", "1", "4", "1", "5", "E-2", "+"), 7);
  ck_assert_double_eq(value, -314.15);
  ck_assert_int_eq(LOOSE(&value, "p10", "+", "3", "1", "4", "-", "2"), 4);
  ck_assert_double_eq(value, 314);
  ck_assert_int_eq(LOOSE(&value, "p10", "-", "0", "0"), 3);
  ck_assert(value == 0 && !signbit(value));
  ck_assert_int_eq(LOOSE(&value, "p1000", "+", "5", "7", "E-3"), 4);
  ck_assert_double_eq(value, 5.007);
  ck_assert_int_eq(LOOSE(&value, "p1000", "+", "314", "E-2"), 3);
  ck_assert_double_eq(value, 3.14);
  ck_assert_int_eq(LOOSE(&value, "p1000", "+", "314"), 2);
  ck_assert_double_eq(value, 314);
  ck_assert_int_eq(LOOSE(&value, "p1000", "+", "1", "0", "0", "0", "0", "0", "0", "E-2"), 9);
  ck_assert_double_eq(value, 1e16);
  value = 7;
  ck_assert_int_eq(LOOSE(&value, "p10", "+", "E-3"), 0);
  ck_assert_int_eq(LOOSE(&value, "p10", "5", "7"), 0);
  ck_assert_int_eq(LOOSE(&value, "p10", "+"), 0);
  ck_assert_int_eq(LOOSE(&value, "p1000", "-", "-", "314"), 0);
  ck_assert(lati_encoding_b1999.decode_loose == NULL);
  ck_assert(lati_encoding_fp15.decode_loose == NULL);
  ck_assert_double_eq(value, 7);
}
END_TEST

/* Any tokens may come, and any number of them. */
START_TEST(loose_reading_of_anything) {
  static int32_t tokens[400];
  double value = 7;
  const int32_t plus = LAT_TOKEN_NUMBER, first = LAT_TOKEN_NUMBER + 2;
  const int32_t outside[4] = {INT32_MIN, INT32_MAX, LAT_TOKEN_EOS, LAT_TOKEN_NUMBER - 1};
  for (int i = 0; i < 4; ++i) {
    const int32_t pair[3] = {plus, outside[i], first};
    ck_assert_int_eq(lati_encoding_p10.decode_loose(&value, 3, pair, 3), 0);
    ck_assert_int_eq(lati_encoding_p1000.decode_loose(&value, 3, &pair[1], 2), 0);
  }
  ck_assert_double_eq(value, 7);
  tokens[0] = plus;
  for (int i = 1; i < 400; ++i) {
    tokens[i] = first + 9;
  }
  ck_assert_int_eq(lati_encoding_p10.decode_loose(&value, 3, tokens, 300), 300);
  ck_assert_double_eq_tol(value / 1e299, 1, 1e-13);
  ck_assert_int_eq(lati_encoding_p10.decode_loose(&value, 3, tokens, 400), 0); /* past doubles */
}
END_TEST

START_TEST(symbol_values) {
  lati_symbol_value value;
  lati_encoding_p1000.symbol_value(&value, 3, 0);
  ck_assert(!value.has_mantissa && !value.has_exponent);
  lati_encoding_p1000.symbol_value(&value, 3, 2 + 314);
  ck_assert(value.has_mantissa && !value.has_exponent && value.mantissa == 0.314);
  lati_encoding_p10.symbol_value(&value, 3, 2 + 7);
  ck_assert(value.has_mantissa && value.mantissa == 0.7);
  lati_encoding_b1999.symbol_value(&value, 3, 1000 - 271);
  ck_assert(value.has_mantissa && value.mantissa == -0.271);
  lati_encoding_b1999.symbol_value(&value, 3, 2001 + 98);
  ck_assert(!value.has_mantissa && value.has_exponent && value.exponent == -0.02);
  lati_encoding_fp15.symbol_value(&value, 3, 28998);
  ck_assert(value.has_mantissa && value.has_exponent && value.mantissa == 0.999);
  ck_assert_double_eq(value.exponent, 1);
  lati_encoding_fp15.symbol_value(&value, 3, 28999);
  ck_assert(!value.has_mantissa && !value.has_exponent);
}
END_TEST

START_TEST(fp15_factors) {
  int32_t mantissa = -1, exponent = -1;
  ck_assert(lati_encoding_p10.factors == NULL);
  for (int32_t symbol = 0; symbol < 28999; ++symbol) {
    lati_symbol_value value;
    EXPECT(lati_encoding_fp15.factors(&mantissa, &exponent, symbol), "symbol %d", (int)symbol);
    lati_encoding_fp15.symbol_value(&value, 3, symbol);
    EXPECT(value.mantissa == (mantissa - 999) / 1000.0 && value.exponent == exponent / 15.0,
           "symbol %d: factors %d and %d", (int)symbol, (int)mantissa, (int)exponent);
  }
  ck_assert_int_eq(lati_encoding_fp15.mantissa_count, 1999);
  ck_assert_int_eq(lati_encoding_fp15.exponent_count, 16);
  ck_assert(!lati_encoding_fp15.factors(&mantissa, &exponent, 28999));
  ck_assert(!lati_encoding_fp15.factors(&mantissa, &exponent, 29000));
}
END_TEST

int main(void) {
  const TTest *const cases[] = {worked_examples,
                                digits_are_symbols,
                                symbol_counts,
                                symbol_order,
                                every_value_comes_back,
                                every_fp15_symbol_comes_back,
                                other_digits_come_back,
                                rounding,
                                limits,
                                lenient_reading,
                                malformed_reading,
                                decimal_ties_of_fp15,
                                loose_reading,
                                loose_reading_of_anything,
                                symbol_values,
                                fp15_factors};
  return RUN_CASES("encodings", cases);
}
