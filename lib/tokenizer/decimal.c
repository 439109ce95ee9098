#include "tokenizer/encoding.h"

#include "tokenizer/scientific.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Every power of ten that is a double. */
enum { EXACT_POWER = 22 };
static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

int32_t lati_decimal_exponent(double magnitude) {
  int binary = 0;
  (void)frexp(magnitude, &binary);
  /* magnitude is in [2^(binary-1), 2^binary), and log10 2 < 1. */
  return (int32_t)floor((binary - 1) * 0.30102999566398120);
}

int64_t lati_decimal_scale(double magnitude, int32_t power, int half_up) {
  double scaled = power >= 0 ? magnitude * powers[power] : magnitude / powers[-power];
  int64_t below = (int64_t)scaled;
  double above_tie = scaled - (double)below - 0.5;
  /* Rounded once, a product below 10^11 is within 1e-5 of the exact one: only closer to a tie than
   * that can it mislead. There the sign of a fused multiply-add, rounded once, is the exact one. */
  if (fabs(above_tie) < 1e-4) {
    double tie = (double)below + 0.5;
    above_tie =
        power >= 0 ? fma(magnitude, powers[power], -tie) : -fma(tie, powers[-power], -magnitude);
  }
  if (above_tie == 0) {
    return below + (half_up || below % 2 != 0);
  }
  return below + (above_tie > 0);
}

/* The C library's digits; the decimal point, which depends on the locale, is skipped. */
static void round_by_text(lati_decimal *out, double magnitude, int32_t digits) {
  char text[64];
  const char *c = text;
  snprintf(text, sizeof text, "%.*e", digits - 1, magnitude);
  out->mantissa = 0;
  for (; *c != 'e'; ++c) {
    if (*c >= '0' && *c <= '9') {
      out->mantissa = out->mantissa * 10 + (*c - '0');
    }
  }
  out->exponent = (int32_t)strtol(c + 1, NULL, 10) - (digits - 1);
}

void lati_decimal_round(lati_decimal *out, double value, int32_t digits) {
  double magnitude = fabs(value);
  *out = (lati_decimal){signbit(value) != 0, 0, 0};
  if (magnitude == 0) {
    return;
  }
  int32_t power = digits - 1 - lati_decimal_exponent(magnitude);
  if (power > EXACT_POWER || power - 1 < -EXACT_POWER) {
    round_by_text(out, magnitude, digits);
    return;
  }
  out->mantissa = lati_decimal_scale(magnitude, power, 0);
  if (out->mantissa >= lati_power_of_ten(digits)) {
    power -= 1;
    out->mantissa = lati_decimal_scale(magnitude, power, 0);
  }
  out->exponent = -power;
}

double lati_decimal_value(const lati_decimal *decimal) {
  double magnitude = (double)decimal->mantissa;
  if (decimal->exponent >= 0 && decimal->exponent <= EXACT_POWER) {
    magnitude *= powers[decimal->exponent];
  } else if (decimal->exponent < 0 && decimal->exponent >= -EXACT_POWER) {
    magnitude /= powers[-decimal->exponent];
  } else {
    /* No decimal point in the text, so no locale. */
    char text[64];
    snprintf(text, sizeof text, "%llde%d", (long long)decimal->mantissa, (int)decimal->exponent);
    magnitude = strtod(text, NULL);
  }
  return decimal->negative ? -magnitude : magnitude;
}

char *lati_integer_text(char *text, int32_t value) {
  char reversed[12];
  int32_t length = 0;
  int64_t magnitude = value < 0 ? -(int64_t)value : value;
  do {
    reversed[length++] = (char)('0' + magnitude % 10);
    magnitude /= 10;
  } while (magnitude > 0);
  if (value < 0) {
    *text++ = '-';
  }
  while (length > 0) {
    *text++ = reversed[--length];
  }
  *text = '\0';
  return text;
}
