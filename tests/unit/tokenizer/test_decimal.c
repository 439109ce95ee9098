/* Rounding against printf's and strtod's, to the last bit. */
#include "tokenizer_fixture.h"

#include "comma_locale.h"

#include <stdio.h>

/* printf("%.*e") with the point left out, as the twin of lati_decimal_round(). */
static void round_by_printf(lati_decimal *out, double value, int32_t digits) {
  char text[64];
  snprintf(text, sizeof text, "%+.*e", digits - 1, value);
  char *exponent = strchr(text, 'e');
  *out = (lati_decimal){text[0] == '-', 0, 0};
  for (const char *c = text + 1; c < exponent; ++c) {
    out->mantissa = *c == '.' ? out->mantissa : out->mantissa * 10 + (*c - '0');
  }
  out->exponent = out->mantissa == 0 ? 0 : atoi(exponent + 1) - (digits - 1);
}

static void expect_as_printf(double value, int32_t digits) {
  lati_decimal expected, actual;
  round_by_printf(&expected, value, digits);
  lati_decimal_round(&actual, value, digits);
  EXPECT(actual.negative == expected.negative && actual.mantissa == expected.mantissa &&
             actual.exponent == expected.exponent,
         "%.17g to %d digits: %lldE%d, printf says %lldE%d", value, digits,
         (long long)actual.mantissa, actual.exponent, (long long)expected.mantissa,
         expected.exponent);
}

START_TEST(any_double) {
  for (int i = 0; i < 300000; ++i) {
    uint64_t bits = random_bits();
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    if (isfinite(value)) {
      expect_as_printf(value, 3);
    }
  }
}
END_TEST

START_TEST(usual_magnitudes) {
  for (int i = 0; i < 300000; ++i) {
    expect_as_printf(random_magnitude(-24, 28), 3);
    expect_as_printf(random_magnitude(-4, 4), 1 + i % 9);
  }
}
END_TEST

/* Exact ties k / 2^j, and the doubles beside them. */
START_TEST(ties) {
  for (int i = 0; i < 200000; ++i) {
    int32_t digits = 1 + i % 9;
    double tie = ((double)(random_bits() % 100000) + 0.5) / (double)(1 << random_bits() % 12);
    tie *= pow(10, (double)(random_bits() % 12));
    expect_as_printf(tie, digits);
    expect_as_printf(nextafter(tie, 0), digits);
    expect_as_printf(nextafter(tie, INFINITY), digits);
  }
  expect_as_printf(2.125, 3);
  expect_as_printf(2.135, 3);
  expect_as_printf(9.995e5, 3);
  expect_as_printf(0.5, 1);
}
END_TEST

START_TEST(powers_of_ten) {
  char text[16];
  for (int exponent = -323; exponent <= 308; ++exponent) {
    snprintf(text, sizeof text, "1e%d", exponent);
    double power = strtod(text, NULL);
    for (int32_t digits = 1; digits <= 9; ++digits) {
      expect_as_printf(power, digits);
      expect_as_printf(-nextafter(power, 0), digits);
      expect_as_printf(nextafter(power, INFINITY), digits);
      expect_as_printf(power * 0.9995, digits);
      expect_as_printf(power * 0.99951, digits);
    }
  }
}
END_TEST

START_TEST(extremes) {
  const double values[] = {0.0, -0.0, 0x1p-1074, -0x1p-1074, 0x1p-1022, 0x1.fffffffffffffp1023};
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
    expect_as_printf(values[i], 3);
    expect_as_printf(values[i], 9);
  }
}
END_TEST

static void expect_value(int64_t mantissa, int32_t exponent) {
  char text[32];
  snprintf(text, sizeof text, "%llde%d", (long long)mantissa, (int)exponent);
  lati_decimal decimal = {0, mantissa, exponent};
  EXPECT(lati_decimal_value(&decimal) == strtod(text, NULL), "%s", text);
  decimal.negative = 1;
  EXPECT(lati_decimal_value(&decimal) == -strtod(text, NULL), "-%s", text);
}

START_TEST(value) {
  for (int32_t exponent = -110; exponent <= 110; ++exponent) {
    for (int64_t mantissa = 0; mantissa <= 1000; ++mantissa) {
      expect_value(mantissa, exponent);
    }
    for (int i = 0; i < 1000; ++i) {
      expect_value((int64_t)(random_bits() % 1000000000), exponent);
    }
  }
}
END_TEST

START_TEST(scale_rounds_half_up_or_even) {
  ck_assert_int_eq(lati_decimal_scale(2.125, 2, 0), 212);
  ck_assert_int_eq(lati_decimal_scale(2.125, 2, 1), 213);
  ck_assert_int_eq(lati_decimal_scale(nextafter(2.125, 0), 2, 1), 212);
  ck_assert_int_eq(lati_decimal_scale(1.005, 2, 1), 100); /* the double is below the tie */
  ck_assert_int_eq(lati_decimal_scale(123500, -3, 0), 124);
  ck_assert_int_eq(lati_decimal_scale(122500, -3, 0), 122);
  ck_assert_int_eq(lati_decimal_scale(122500, -3, 1), 123);
  ck_assert_int_eq(lati_decimal_scale(nextafter(122500, 0), -3, 1), 122);
  ck_assert_int_eq(lati_decimal_scale(nextafter(122500, 1e9), -3, 0), 123);
}
END_TEST

START_TEST(decimal_comma) {
  if (!comma_locale_enter()) {
    return;
  }
  lati_decimal decimal;
  lati_decimal_round(&decimal, 3.14159e-200, 3);
  double large = lati_decimal_value(&(lati_decimal){0, 314, 90});
  lati_decimal near;
  lati_decimal_round(&near, 3.14159, 3);
  comma_locale_leave();
  ck_assert_int_eq(decimal.mantissa, 314);
  ck_assert_int_eq(decimal.exponent, -202);
  ck_assert_double_eq(large, 314e90);
  ck_assert_int_eq(near.mantissa, 314);
}
END_TEST

START_TEST(integer_text) {
  const int32_t values[] = {0, 7, -7, 10, -1000, 999, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
    char expected[16], actual[16];
    int length = snprintf(expected, sizeof expected, "%d", values[i]);
    ck_assert_ptr_eq(lati_integer_text(actual, values[i]), actual + length);
    ck_assert_str_eq(actual, expected);
  }
}
END_TEST

int main(void) {
  const TTest *const cases[] = {any_double,
                                usual_magnitudes,
                                ties,
                                powers_of_ten,
                                extremes,
                                value,
                                scale_rounds_half_up_or_even,
                                decimal_comma,
                                integer_text};
  return RUN_CASES("decimal", cases);
}
