/* A number encoding: how one rounded number becomes symbols. One file per encoding implements this
 * table. */
#ifndef LATI_ENCODING_H
#define LATI_ENCODING_H

#include "base/error.h"

#include <stddef.h>

/* Half-open range of symbol numbers, relative to the encoding's first symbol. */
typedef struct lati_symbol_range {
  int32_t first, end;
} lati_symbol_range;

/* Most tokens that one number is written with: p10 with 9 digits. */
#define LATI_MAX_NUMBER_TOKENS 11

/* What a symbol stands for, as a real number on a bounded scale: what Fourier features are made of.
 */
typedef struct lati_symbol_value {
  int32_t has_mantissa, has_exponent;
  double mantissa; /* signed, in -1..1: integer / 10^digits */
  double exponent; /* in -1..1 */
} lati_symbol_value;

typedef struct lati_encoding {
  const char *name;
  int32_t min_digits, max_digits;
  /* Number of symbols with `digits` significant digits. */
  int32_t (*symbol_count)(int32_t digits);
  /* Text of symbol `symbol` (0-based within the encoding), NUL-terminated, at most 15 characters.
   */
  void (*symbol_text)(char text[16], int32_t digits, int32_t symbol);
  void (*symbol_value)(lati_symbol_value *value, int32_t digits, int32_t symbol);
  /* Symbols of one value: returns how many, 0 when it has no token (NaN, overflow). */
  int32_t (*encode)(int32_t symbols[LATI_MAX_NUMBER_TOKENS], int32_t digits, double value);
  /* Reads one number from the front: returns the symbols used, 0 when malformed. */
  int32_t (*decode)(double *value, int32_t digits, const int32_t *symbols, size_t count);
  /* Which symbols may follow `prefix`, the symbols of the number so far (length < complete number).
   * Returns the number of ranges (at most 2). A complete number is told by `complete`. */
  int32_t (*next)(lati_symbol_range ranges[2], int32_t digits, const int32_t *prefix,
                  int32_t length);
  /* True when the `length` symbols are a complete number. */
  int (*complete)(int32_t digits, const int32_t *symbols, int32_t length);
  /* FP15 alone: numbers of a symbol's mantissa and exponent, for factored embeddings and heads
   * (transformer/factors.h), or NULL. Returns 0 for symbols that have no factors (NaN). */
  int (*factors)(int32_t *mantissa, int32_t *exponent, int32_t symbol);
  int32_t mantissa_count, exponent_count; /* of factors; 0 without */
  /* Reads one number from the front of a prediction as the published program does, which asks less
   * than decode (p10 and p1000); NULL where there is no difference. Takes any tokens, not symbols:
   * such a number may be as long as the sequence. Returns the tokens used, 0 when it is no number
   * even so. */
  int32_t (*decode_loose)(double *value, int32_t digits, const int32_t *tokens, size_t count);
} lati_encoding;

extern const lati_encoding lati_encoding_p10, lati_encoding_p1000, lati_encoding_b1999,
    lati_encoding_fp15, lati_encoding_digit;

/* NULL when there is no such encoding. */
const lati_encoding *lati_encoding_find(const char *name);

/* Correctly rounded decimal: value = sign mantissa x 10^exponent, mantissa of exactly `digits`
 * digits (0 for zero), rounded as printf("%.*e") rounds; independent of locale. value must be
 * finite. Shared by p10, p1000 and b1999. */
typedef struct lati_decimal {
  int32_t negative;
  int64_t mantissa;
  int32_t exponent;
} lati_decimal;
void lati_decimal_round(lati_decimal *out, double value, int32_t digits);
/* The double nearest to mantissa x 10^exponent, correctly rounded. */
double lati_decimal_value(const lati_decimal *decimal);

/* floor(log10(magnitude)) or one less; magnitude must be positive and finite. */
int32_t lati_decimal_exponent(double magnitude);
/* The integer nearest to magnitude x 10^power, exactly: ties go to even, or up with `half_up`.
 * power -22..22; the product below 10^11. */
int64_t lati_decimal_scale(double magnitude, int32_t power, int half_up);

/* Writes an integer in decimal with a closing NUL; returns where the NUL is. */
char *lati_integer_text(char *text, int32_t value);

#endif
