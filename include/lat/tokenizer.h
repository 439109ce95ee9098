/**
 * @file tokenizer.h
 * @brief Matrices to tokens and back ("Linear algebra with transformers", section 3).
 *
 * A matrix r x c is written V<r> V<c> and then its coefficients row by row, each rounded to a few
 * significant digits and spelled by a number encoding:
 *
 * | encoding | 3.14 | tokens a number | symbols of numbers |
 * |---|---|---|---|
 * | "p10" | + 3 1 4 E-2 | digits + 2 (a zero is + 0 E0) | 213 |
 * | "p1000" | + 314 E-2 | 3 | 1,203 |
 * | "b1999" | N314 E-2 | 2 | 2,202 |
 * | "fp15" | N314e7 | 1 | 29,001 |
 * | "digit" | 3 | 1 | 10 |
 *
 * "digit" writes whole numbers of 0..9 and no others.
 *
 * Input and output have separate encodings and vocabularies. Symbols are numbered, on either side:
 * EOS, PAD, the task letters A..Z, V1..V100, signs, mantissas ascending, exponents ascending, FP15
 * by (exponent, mantissa), NaN, -NaN. Sequences here are without the framing EOS, which a lat_batch
 * adds.
 *
 * A tokenizer is immutable, reference counted, and may be used from any number of threads.
 */
#ifndef LAT_TOKENIZER_H
#define LAT_TOKENIZER_H

#include <lat/context.h>
#include <lat/matrix.h>

/** Opaque; see the file's description. */
typedef struct lat_tokenizer lat_tokenizer;

/** The two sides of a tokenizer. */
enum { LAT_INPUT = 0, LAT_OUTPUT = 1 };

/** Identifiers that every vocabulary shares; V<n> is LAT_TOKEN_DIMENSION + n - 1. */
enum {
  LAT_TOKEN_EOS = 0,
  LAT_TOKEN_PAD = 1,
  LAT_TOKEN_LETTER = 2,     /**< letter 'A'; 26 letters */
  LAT_TOKEN_DIMENSION = 28, /**< V1; up to V100 */
  LAT_TOKEN_NUMBER = 128    /**< first symbol of the number encoding */
};

/** Largest number of rows or columns that can be written. */
#define LAT_MAX_DIMENSION 100

/** Options of lat_tokenizer_create(). @since 0.1 */
typedef struct lat_tokenizer_options {
  size_t struct_size;          /**< set by the init macro */
  const char *input_encoding;  /**< "p10", "p1000", "b1999", "fp15" or "digit"; default "p1000" */
  const char *output_encoding; /**< likewise */
  int32_t input_digits; /**< significant digits: p10 1..9, p1000 and b1999 1..4, fp15 3, digit 1; 0:
                           3, or 1 */
  int32_t output_digits; /**< likewise */
  /** 1: inputs are symmetric and written as their upper triangle, V<n> V<n> and the entries from
   * the diagonal on, row by row: n (n + 1) / 2 numbers instead of n^2. Default 0. */
  int32_t input_triangle;
  int32_t reserved; /**< 0 */
} lat_tokenizer_options;

#ifdef __cplusplus
extern "C" {
#endif

/** The function behind lat_tokenizer_options_init(), which passes the caller's sizeof. @since 0.1
 */
LAT_API void lat_tokenizer_options_init_sized(lat_tokenizer_options *options, size_t size);
/** Fills a lat_tokenizer_options with the defaults. @since 0.1 */
#define lat_tokenizer_options_init(options)                                                        \
  lat_tokenizer_options_init_sized((options), sizeof *(options))

/**
 * Creates a tokenizer.
 * @param options  NULL for the defaults
 * @return OK, ARGUMENT (digits), NOT_FOUND (encoding), MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_tokenizer_create(lat_tokenizer **out, lat_context *ctx,
                                                      const lat_tokenizer_options *options);

/** Gives up the caller's reference. NULL is a no-op. @since 0.1 */
LAT_API void lat_tokenizer_free(lat_tokenizer *tokenizer);

/**
 * The tokenizer's options as they took effect. Texts are borrowed and live as long as the library.
 * @param[out] options  filled by lat_tokenizer_options_init() first; filled up to its struct_size
 * @return OK, ARGUMENT (NULL, or not initialised). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_tokenizer_get_options(lat_tokenizer_options *options,
                                                           const lat_tokenizer *tokenizer);

/** Name of a side's encoding. @return name of the side's encoding, such as "fp15"; lives as long as
 * the tokenizer; NULL for a side that there is not. @since 0.1 */
LAT_API const char *lat_tokenizer_encoding(const lat_tokenizer *tokenizer, int32_t side);

/** Size of a vocabulary. @return number of symbols of the side's vocabulary, special symbols
 * included. @since 0.1 */
LAT_API int32_t lat_tokenizer_vocabulary_size(const lat_tokenizer *tokenizer, int32_t side);

/**
 * Writes the text of a symbol ("E-2", "V5", "N314e7", ...) and a closing NUL. 16 bytes always
 * suffice.
 * @return OK, ARGUMENT (no such token), LIMIT (@p size too small). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_tokenizer_symbol(char *text, size_t size,
                                                      const lat_tokenizer *tokenizer, int32_t side,
                                                      int32_t token);

/** Finds the token of a symbol's text. @return OK, NOT_FOUND. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_tokenizer_find(int32_t *token, const lat_tokenizer *tokenizer,
                                                    int32_t side, const char *symbol);

/** Longest sequence of a matrix. @return the most tokens that a rows x cols matrix can take, a task
 * letter included; 0 for a bad size, such as a triangle's that is not square. @since 0.1 */
LAT_API size_t lat_tokenizer_max_tokens(const lat_tokenizer *tokenizer, int32_t side, int32_t rows,
                                        int32_t cols);

/**
 * Writes a matrix as tokens.
 *
 * Values are rounded as printf("%.2e") rounds (with the side's digits); FP15 half up on its scale.
 * Either rounds the double itself, exactly. The published program rounds FP15 after a product of
 * doubles, floor(v 10^7 10^(2-e) + 0.5), so that a value within a unit in the last place of half a
 * mantissa can have the neighbouring mantissa there: 8.075, a double just below the number, is
 * N807e7 here and N808e7 there, 5065000 is N507e13 and N506e13. Of the numbers of four digits that
 * end in 5 a quarter differ; of random doubles none in 500,000 did. A magnitude too small for the
 * encoding becomes zero, and so does -0. FP15 writes values beyond its range, infinities included,
 * as NaN or -NaN by sign.
 *
 * @param[out] tokens    room for @p capacity tokens
 * @param[out] count     tokens written
 * @param      letter    'A'..'Z' to put in front, or 0
 * @return OK, SHAPE (a triangle's matrix that is not symmetric, too), LIMIT (capacity), NUMERIC (a
 * NaN, or a value that has no token: the message names its row and column), ARGUMENT. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_tokenizer_encode(int32_t *tokens, size_t capacity,
                                                      size_t *count, const lat_tokenizer *tokenizer,
                                                      int32_t side, int32_t letter,
                                                      const lat_matrix *matrix);

/**
 * Reads a matrix from tokens, the inverse of lat_tokenizer_encode() up to rounding.
 *
 * @param[out] matrix    data and order are the caller's; data has room for @p capacity doubles;
 * rows, cols and ld (packed) are set
 * @param[out] letter    the task letter in front, or 0 where there is none; may be NULL
 * @param[out] used      tokens of the complete matrix; fewer than @p count when others follow it;
 * may be NULL
 * @return OK, FORMAT (message names the position), LIMIT (capacity), ARGUMENT. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_tokenizer_decode(lat_matrix *matrix, size_t capacity,
                                                      int32_t *letter, size_t *used,
                                                      const lat_tokenizer *tokenizer, int32_t side,
                                                      const int32_t *tokens, size_t count);

#ifdef __cplusplus
}
#endif

#endif
