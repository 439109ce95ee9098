/* Matrices to tokens and back: V<rows> V<cols> and the entries row by row, of a triangle those from
 * the diagonal on. */
#include "tokenizer/tokenizer_impl.h"

#include "base/floating.h"
#include "linalg/matrix.h"

/* First column that row `row` writes. */
static int32_t first_col(const lati_vocabulary *vocabulary, int32_t row) {
  return vocabulary->triangle ? row : 0;
}

static size_t entry_count(const lati_vocabulary *vocabulary, int32_t rows, int32_t cols) {
  const size_t m = (size_t)rows, n = (size_t)cols;
  return vocabulary->triangle ? n * (n + 1) / 2 : m * n;
}

size_t lat_tokenizer_max_tokens(const lat_tokenizer *tokenizer, int32_t side, int32_t rows,
                                int32_t cols) {
  int32_t symbols[LATI_MAX_NUMBER_TOKENS];
  const lati_vocabulary *vocabulary = NULL;
  if (lati_tokenizer_side(&vocabulary, tokenizer, side) != LAT_OK || rows < 1 || cols < 1 ||
      rows > LAT_MAX_DIMENSION || cols > LAT_MAX_DIMENSION ||
      (vocabulary->triangle && rows != cols)) {
    return 0;
  }
  /* No number is longer than one that is not zero. */
  int32_t length = vocabulary->encoding->encode(symbols, vocabulary->digits, 1.0);
  return 3 + entry_count(vocabulary, rows, cols) * (size_t)length;
}

static lat_status check_storage(const lat_matrix *matrix) {
  if (matrix == NULL || matrix->data == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", matrix == NULL ? "matrix" : "matrix->data");
  }
  if (matrix->order != LAT_ROW_MAJOR && matrix->order != LAT_COLUMN_MAJOR) {
    return lati_fail(LAT_ERROR_ARGUMENT, "order %d is neither row- nor column-major",
                     (int)matrix->order);
  }
  return LAT_OK;
}

static lat_status check_shape(const lat_matrix *matrix) {
  int32_t least = matrix->order == LAT_ROW_MAJOR ? matrix->cols : matrix->rows;
  if (matrix->rows < 1 || matrix->rows > LAT_MAX_DIMENSION || matrix->cols < 1 ||
      matrix->cols > LAT_MAX_DIMENSION) {
    return lati_fail(LAT_ERROR_SHAPE, "a %d x %d matrix has no tokens: rows and columns are 1..%d",
                     (int)matrix->rows, (int)matrix->cols, LAT_MAX_DIMENSION);
  }
  if (matrix->ld < least) {
    return lati_fail(LAT_ERROR_SHAPE, "leading dimension %d is less than %d", (int)matrix->ld,
                     (int)least);
  }
  return LAT_OK;
}

/* A triangle stands for the whole matrix only where that is symmetric. */
static lat_status check_triangle(const lati_vocabulary *vocabulary, const lat_matrix *matrix) {
  return vocabulary->triangle ? lati_matrix_check_symmetric(matrix, 0, "matrix") : LAT_OK;
}

/* Where tokens are written to. */
typedef struct token_writer {
  int32_t *tokens;
  size_t capacity, count;
} token_writer;

static lat_status put(token_writer *writer, const int32_t *values, int32_t count, int32_t shift) {
  if ((size_t)count > writer->capacity - writer->count) {
    return lati_fail(LAT_ERROR_LIMIT, "the matrix takes more than %zu tokens", writer->capacity);
  }
  for (int32_t i = 0; i < count; ++i) {
    writer->tokens[writer->count++] = values[i] + shift;
  }
  return LAT_OK;
}

static lat_status put_number(token_writer *writer, const lati_vocabulary *vocabulary,
                             const lat_matrix *matrix, int32_t row, int32_t col) {
  int32_t symbols[LATI_MAX_NUMBER_TOKENS];
  const int32_t length =
      vocabulary->encoding->encode(symbols, vocabulary->digits, lati_matrix_get(matrix, row, col));
  if (length == 0) {
    return lati_fail(LAT_ERROR_NUMERIC, "the value in row %d, column %d has no token in %s",
                     (int)row + 1, (int)col + 1, vocabulary->encoding->name);
  }
  return put(writer, symbols, length, LAT_TOKEN_NUMBER);
}

static lat_status put_entries(token_writer *writer, const lati_vocabulary *vocabulary,
                              const lat_matrix *matrix) {
  lat_status status = LAT_OK;
  for (int32_t i = 0; i < matrix->rows; ++i) {
    for (int32_t j = first_col(vocabulary, i); j < matrix->cols && status == LAT_OK; ++j) {
      status = put_number(writer, vocabulary, matrix, i, j);
    }
  }
  return status;
}

lat_status lat_tokenizer_encode(int32_t *tokens, size_t capacity, size_t *count,
                                const lat_tokenizer *tokenizer, int32_t side, int32_t letter,
                                const lat_matrix *matrix) {
  lat_status status = LAT_OK;
  const lati_vocabulary *vocabulary = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  if (tokens == NULL || count == NULL) {
    status = lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", tokens == NULL ? "tokens" : "count");
    goto done;
  }
  *count = 0;
  LATI_TRY(lati_tokenizer_side(&vocabulary, tokenizer, side));
  LATI_TRY(check_storage(matrix));
  LATI_TRY(check_shape(matrix));
  if (letter != 0 && (letter < 'A' || letter > 'Z')) {
    status = lati_fail(LAT_ERROR_ARGUMENT, "letter %d is neither 0 nor 'A'..'Z'", (int)letter);
    goto done;
  }
  token_writer writer = {tokens, capacity, 0};
  const int32_t head[3] = {LAT_TOKEN_LETTER + letter - 'A', LAT_TOKEN_DIMENSION + matrix->rows - 1,
                           LAT_TOKEN_DIMENSION + matrix->cols - 1};
  LATI_TRY(letter != 0 ? put(&writer, head, 3, 0) : put(&writer, head + 1, 2, 0));
  LATI_TRY(put_entries(&writer, vocabulary, matrix));
  LATI_TRY(check_triangle(vocabulary, matrix));
  *count = writer.count;
done:
  lati_floating_leave(&saved);
  return status;
}

/* Where tokens are read from. */
typedef struct token_reader {
  const lati_vocabulary *vocabulary;
  const int32_t *tokens;
  size_t count, position;
  int loose; /* numbers as the published program reads them */
} token_reader;

static lat_status malformed(const token_reader *reader, const char *expected) {
  if (reader->position >= reader->count) {
    return lati_fail(LAT_ERROR_FORMAT, "the sequence ends after %zu tokens, expected %s",
                     reader->count, expected);
  }
  return lati_fail(LAT_ERROR_FORMAT, "position %zu: token %d, expected %s", reader->position,
                   (int)reader->tokens[reader->position], expected);
}

/* Takes one token of first..end-1; *value counts from 0. Returns 0 when there is none. */
static int take(int32_t *value, token_reader *reader, int32_t first, int32_t end) {
  if (reader->position >= reader->count) {
    return 0;
  }
  int32_t token = reader->tokens[reader->position];
  if (token < first || token >= end) {
    return 0;
  }
  *value = token - first;
  reader->position += 1;
  return 1;
}

/* Returns the tokens used, 0 when there is no number. */
static int32_t read_number(double *value, const token_reader *reader) {
  const lati_vocabulary *vocabulary = reader->vocabulary;
  if (reader->loose && vocabulary->encoding->decode_loose != NULL) {
    return vocabulary->encoding->decode_loose(value, vocabulary->digits,
                                              reader->tokens + reader->position,
                                              reader->count - reader->position);
  }
  int32_t symbols[LATI_MAX_NUMBER_TOKENS];
  int32_t length = 0;
  while (length < LATI_MAX_NUMBER_TOKENS && reader->position + (size_t)length < reader->count) {
    int32_t token = reader->tokens[reader->position + (size_t)length];
    int in_range = token >= LAT_TOKEN_NUMBER && token < vocabulary->size;
    symbols[length++] = in_range ? token - LAT_TOKEN_NUMBER : -1;
  }
  return vocabulary->encoding->decode(value, vocabulary->digits, symbols, (size_t)length);
}

static lat_status take_number(double *value, token_reader *reader) {
  int32_t used = read_number(value, reader);
  if (used == 0) {
    return malformed(reader, "a number");
  }
  reader->position += (size_t)used;
  return LAT_OK;
}

/* Letter and dimensions; the matrix becomes packed. */
static lat_status take_head(lat_matrix *matrix, int32_t *letter, token_reader *reader) {
  int32_t rows = 0, cols = 0;
  if (take(letter, reader, LAT_TOKEN_LETTER, LAT_TOKEN_DIMENSION)) {
    *letter += 'A';
  }
  if (!take(&rows, reader, LAT_TOKEN_DIMENSION, LAT_TOKEN_NUMBER) ||
      !take(&cols, reader, LAT_TOKEN_DIMENSION, LAT_TOKEN_NUMBER)) {
    return malformed(reader, "a dimension V1..V100");
  }
  if (reader->vocabulary->triangle && rows != cols) {
    return lati_fail(LAT_ERROR_FORMAT, "the triangle of a %d x %d matrix, which is not square",
                     (int)rows + 1, (int)cols + 1);
  }
  matrix->rows = rows + 1;
  matrix->cols = cols + 1;
  matrix->ld = matrix->order == LAT_ROW_MAJOR ? matrix->cols : matrix->rows;
  return LAT_OK;
}

static lat_status take_entries(lat_matrix *matrix, token_reader *reader) {
  const lati_vocabulary *vocabulary = reader->vocabulary;
  lat_status status = LAT_OK;
  for (int32_t i = 0; i < matrix->rows; ++i) {
    for (int32_t j = first_col(vocabulary, i); j < matrix->cols && status == LAT_OK; ++j) {
      double value = 0;
      status = take_number(&value, reader);
      lati_matrix_set(matrix, i, j, value);
      if (vocabulary->triangle) {
        lati_matrix_set(matrix, j, i, value);
      }
    }
  }
  return status;
}

static lat_status take_matrix(lat_matrix *matrix, size_t capacity, int32_t *letter,
                              token_reader *reader) {
  lat_status status = take_head(matrix, letter, reader);
  if (status != LAT_OK) {
    return status;
  }
  if (lati_matrix_count(matrix) > capacity) {
    return lati_fail(LAT_ERROR_LIMIT, "a %d x %d matrix does not fit into %zu doubles",
                     (int)matrix->rows, (int)matrix->cols, capacity);
  }
  return take_entries(matrix, reader);
}

lat_status lati_tokenizer_decode(lat_matrix *matrix, size_t capacity, int32_t *letter, size_t *used,
                                 const lat_tokenizer *tokenizer, int32_t side, int loose,
                                 const int32_t *tokens, size_t count) {
  lat_status status = LAT_OK;
  const lati_vocabulary *vocabulary = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(lati_tokenizer_side(&vocabulary, tokenizer, side));
  LATI_TRY(check_storage(matrix));
  if (tokens == NULL && count > 0) {
    status = lati_fail(LAT_ERROR_ARGUMENT, "tokens is NULL");
    goto done;
  }
  token_reader reader = {vocabulary, tokens, count, 0, loose};
  int32_t found = 0;
  LATI_TRY(take_matrix(matrix, capacity, &found, &reader));
  if (letter != NULL) {
    *letter = found;
  }
  if (used != NULL) {
    *used = reader.position;
  }
done:
  lati_floating_leave(&saved);
  return status;
}

lat_status lat_tokenizer_decode(lat_matrix *matrix, size_t capacity, int32_t *letter, size_t *used,
                                const lat_tokenizer *tokenizer, int32_t side, const int32_t *tokens,
                                size_t count) {
  return lati_tokenizer_decode(matrix, capacity, letter, used, tokenizer, side, 0, tokens, count);
}
