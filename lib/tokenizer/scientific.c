#include "tokenizer/scientific.h"

#include <math.h>

int32_t lati_power_of_ten(int32_t digits) {
  int32_t power = 1;
  while (digits-- > 0) {
    power *= 10;
  }
  return power;
}

int lati_scientific_round(lati_decimal *out, int32_t digits, double value) {
  if (!isfinite(value)) {
    return 0;
  }
  lati_decimal_round(out, value, digits);
  if (out->mantissa == 0 || out->exponent < -LATI_EXPONENT_LIMIT) {
    *out = (lati_decimal){0, 0, 0};
  }
  return out->exponent <= LATI_EXPONENT_LIMIT;
}

double lati_scientific_value(int negative, int64_t mantissa, int32_t exponent) {
  lati_decimal decimal = {negative && mantissa != 0, mantissa, exponent - LATI_EXPONENT_LIMIT};
  return lati_decimal_value(&decimal);
}

void lati_scientific_exponent_text(char *text, int32_t exponent) {
  text[0] = 'E';
  lati_integer_text(text + 1, exponent - LATI_EXPONENT_LIMIT);
}

void lati_scientific_exponent_value(lati_symbol_value *value, int32_t exponent) {
  value->has_exponent = 1;
  value->exponent = (double)(exponent - LATI_EXPONENT_LIMIT) / (double)LATI_EXPONENT_LIMIT;
}
