/* What p10, p1000 and b1999 share: a decimal mantissa of `digits` digits times 10^E, E-100..E100.
 */
#ifndef LATI_SCIENTIFIC_H
#define LATI_SCIENTIFIC_H

#include "tokenizer/encoding.h"

/* Symbols E-100..E100, and the first of them as an exponent. */
enum { LATI_EXPONENT_LIMIT = 100, LATI_EXPONENT_COUNT = 2 * LATI_EXPONENT_LIMIT + 1 };

/* 10^digits for digits 0..9. */
int32_t lati_power_of_ten(int32_t digits);

/* Rounds a value and fits its exponent into E-100..E100: too small becomes a positive zero with
 * exponent 0; returns 0 when it is not finite or too large. */
int lati_scientific_round(lati_decimal *out, int32_t digits, double value);

/* Value of sign, mantissa and exponent symbol `exponent` (0 stands for E-100); never -0. */
double lati_scientific_value(int negative, int64_t mantissa, int32_t exponent);

/* decode_loose of p10 (one decimal digit a token) and p1000 (all of them): a sign, one mantissa
 * token or more, and an exponent, which may be missing. */
int32_t lati_scientific_decode_loose(double *value, int32_t digits_per_token, const int32_t *tokens,
                                     size_t count);

/* Text and bounded value of exponent symbol `exponent` (0 stands for E-100). */
void lati_scientific_exponent_text(char *text, int32_t exponent);
void lati_scientific_exponent_value(lati_symbol_value *value, int32_t exponent);

#endif
