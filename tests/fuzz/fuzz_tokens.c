/* Tokens to a matrix, strictly and loosely, and back to the same tokens' matrix. The first byte
 * picks encoding and side; two bytes make a token. */
#include "fuzz.h"
#include "tokenizer/tokenizer_impl.h"

#include <math.h>

#include <string.h>

enum { MOST_TOKENS = 4096, ROOM = 1024 };

/* What was read is written, and read again as the same numbers. */
static void check_round(const lat_matrix *matrix, const lat_tokenizer *tokenizer, int32_t side,
                        int32_t letter) {
  static int32_t tokens[16384];
  static double again[ROOM];
  size_t count = 0;
  lat_matrix second = {again, 0, 0, 0, LAT_ROW_MAJOR};
  if (lat_tokenizer_encode(tokens, 16384, &count, tokenizer, side, letter, matrix) != LAT_OK) {
    return; /* NaN is a token of fp15 that cannot be written */
  }
  fuzz_require(lat_tokenizer_decode(&second, ROOM, NULL, NULL, tokenizer, side, tokens, count) ==
                   LAT_OK,
               "what is written can be read");
  fuzz_require(second.rows == matrix->rows && second.cols == matrix->cols, "the same shape");
}

/* The numbers of an answer as the published program reads them: any finite ones, and those of the
 * strict reading where there is one. */
static void check_loose(const lat_matrix *strict, const lat_tokenizer *tokenizer, int32_t side,
                        const int32_t *tokens, size_t count) {
  static double numbers[ROOM];
  lat_matrix matrix = {numbers, 0, 0, 0, LAT_ROW_MAJOR};
  size_t used = 0;
  const lat_status status =
      lati_tokenizer_decode(&matrix, ROOM, NULL, &used, tokenizer, side, 1, tokens, count);
  if (status != LAT_OK) {
    fuzz_require(strict == NULL, "what is read strictly is read loosely");
    return;
  }
  ++fuzz_accepted;
  fuzz_require(used <= count && matrix.rows >= 1 && matrix.cols >= 1, "a matrix and its length");
  for (int32_t i = 0; i < matrix.rows * matrix.cols; ++i) {
    fuzz_require(isfinite(numbers[i]) || strict != NULL, "finite numbers");
  }
  if (strict != NULL) {
    const size_t bytes = (size_t)matrix.rows * (size_t)matrix.cols * sizeof *numbers;
    fuzz_require(matrix.rows == strict->rows && matrix.cols == strict->cols &&
                     memcmp(numbers, strict->data, bytes) == 0,
                 "the same numbers");
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[] = {"p10", "p1000", "b1999", "fp15"};
  static lat_tokenizer *tokenizers[4];
  static int32_t tokens[MOST_TOKENS];
  static double numbers[ROOM];
  lat_matrix matrix = {numbers, 0, 0, 0, LAT_ROW_MAJOR};
  int32_t letter = 0;
  size_t used = 0, count = 0;
  if (size == 0) {
    return 0;
  }
  const int32_t which = data[0] % 4, side = data[0] / 4 % 2;
  if (tokenizers[which] == NULL) {
    tokenizers[which] = fuzz_tokenizer(names[which]);
  }
  for (size_t i = 1; i + 1 < size && count < MOST_TOKENS; i += 2) {
    int16_t token = 0;
    memcpy(&token, data + i, sizeof token);
    tokens[count++] = token;
  }
  const lat_status status =
      lat_tokenizer_decode(&matrix, ROOM, &letter, &used, tokenizers[which], side, tokens, count);
  check_loose(status == LAT_OK ? &matrix : NULL, tokenizers[which], side, tokens, count);
  if (status == LAT_OK) {
    fuzz_require(used <= count && matrix.rows >= 1 && matrix.cols >= 1, "a matrix and its length");
    check_round(&matrix, tokenizers[which], side, letter);
  }
  return 0;
}
