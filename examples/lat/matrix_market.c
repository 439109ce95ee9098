/* Matrix Market: a banner of five words, comments, sizes, and entries one a line; coordinate or
 * array, real, integer or pattern, general, symmetric, Hermitian or skew-symmetric, in small
 * letters or capitals. Entries at one place of a coordinate file add up. */
#include "matrix_file.h"

#include "command_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How the entries below the diagonal determine those above. */
enum { GENERAL, SYMMETRIC, SKEW };

/* More entries than a file's bytes have room for. */
enum { MOST_ENTRIES = 4 << 20 };

typedef struct market_reader {
  matrix_file *file;
  char *text;  /* of the next line; NULL at the end */
  size_t line; /* its number */
  int coordinate, pattern, symmetry;
  int32_t entries;                                  /* of a coordinate file */
  unsigned char given[MATRIX_LIMIT * MATRIX_LIMIT]; /* 1: the file has this entry */
} market_reader;

/* Whether the text begins with the word and a blank or the line's end. Moves behind it. */
static int take_word(char **text, const char *word) {
  size_t length = strlen(word);
  char *start = *text + strspn(*text, " \t");
  if (strncasecmp(start, word, length) != 0 || strchr(" \t\n", start[length]) == NULL) {
    return 0;
  }
  *text = start + length;
  return 1;
}

static int at_line_end(const char *text) {
  text += strspn(text, " \t");
  return *text == '\n' || *text == '\0';
}

static int is_comment(const char *text) {
  return text[strspn(text, " \t")] == '%';
}

static void next_line(market_reader *reader) {
  char *end = strchr(reader->text, '\n');
  reader->text = end != NULL && end[1] != '\0' ? end + 1 : NULL;
  reader->line += 1;
}

/* Moves to the next line that is neither empty nor a comment; 0 at the end. */
static int find_line(market_reader *reader) {
  while (reader->text != NULL && (at_line_end(reader->text) || is_comment(reader->text))) {
    next_line(reader);
  }
  return reader->text != NULL;
}

static int complain_word(const market_reader *reader, const char *text, const char *expected) {
  char excerpt[MATRIX_EXCERPT];
  text += strspn(text, " \t");
  return matrix_complain(reader->file, 1, "expected %s, not '%s'", expected,
                         matrix_excerpt(excerpt, text, strcspn(text, " \t\n")));
}

static int read_banner(market_reader *reader) {
  char *text = reader->text;
  if (!take_word(&text, "%%MatrixMarket") || !take_word(&text, "matrix")) {
    return matrix_complain(reader->file, 1, "expected '%%%%MatrixMarket matrix'");
  }
  reader->coordinate = take_word(&text, "coordinate");
  if (!reader->coordinate && !take_word(&text, "array")) {
    return complain_word(reader, text, "coordinate or array");
  }
  reader->pattern = reader->coordinate && take_word(&text, "pattern");
  if (!reader->pattern && !take_word(&text, "real") && !take_word(&text, "integer") &&
      !take_word(&text, "unsigned-integer") && !take_word(&text, "double")) {
    return complain_word(reader, text,
                         reader->coordinate ? "real, integer or pattern" : "real or integer");
  }
  /* Of real numbers Hermitian is symmetric. */
  if (take_word(&text, "symmetric") || take_word(&text, "hermitian")) {
    reader->symmetry = SYMMETRIC;
  } else if (take_word(&text, "skew-symmetric")) {
    reader->symmetry = SKEW;
  } else if (!take_word(&text, "general")) {
    return complain_word(reader, text, "general, symmetric, hermitian or skew-symmetric");
  }
  next_line(reader);
  return EXIT_DONE;
}

/* An integer of low..high, a blank or the line's end behind it; 0 when there is none. */
static int take_integer(int32_t *value, char **text, long low, long high) {
  char *end = NULL;
  char *start = *text + strspn(*text, " \t");
  if (*start < '0' || *start > '9') {
    return 0;
  }
  long found = strtol(start, &end, 10);
  if (found < low || found > high || strchr(" \t\n", *end) == NULL) {
    return 0;
  }
  *text = end;
  *value = (int32_t)found;
  return 1;
}

static int read_sizes(market_reader *reader) {
  matrix_file *file = reader->file;
  if (!find_line(reader)) {
    return matrix_complain(file, reader->line, "the file ends before its sizes");
  }
  char *text = reader->text;
  if (!take_integer(&file->rows, &text, 1, MATRIX_LIMIT) ||
      !take_integer(&file->cols, &text, 1, MATRIX_LIMIT) ||
      (reader->coordinate && !take_integer(&reader->entries, &text, 0, MOST_ENTRIES)) ||
      !at_line_end(text)) {
    return matrix_complain(file, reader->line, "expected sizes: rows and columns of 1..%d%s",
                           MATRIX_LIMIT, reader->coordinate ? " and a number of entries" : "");
  }
  if (reader->symmetry != GENERAL && file->rows != file->cols) {
    return matrix_complain(file, reader->line, "a symmetric matrix of %d rows and %d columns",
                           (int)file->rows, (int)file->cols);
  }
  next_line(reader);
  return EXIT_DONE;
}

/* Adds to entry (row, col), from 0, and to its mirror image. A file that has both is not what it
 * says: they would be counted twice. */
static int put(market_reader *reader, int32_t row, int32_t col, double value) {
  matrix_file *file = reader->file;
  const size_t here = (size_t)row * (size_t)file->cols + (size_t)col;
  file->data[here] += value;
  reader->given[here] = 1;
  if (reader->symmetry != GENERAL && row != col) {
    const size_t there = (size_t)col * (size_t)file->cols + (size_t)row;
    if (reader->given[there]) {
      return matrix_complain(file, reader->line, "entries %d, %d and %d, %d of a symmetric matrix",
                             (int)row + 1, (int)col + 1, (int)col + 1, (int)row + 1);
    }
    file->data[there] += reader->symmetry == SKEW ? -value : value;
  }
  return isfinite(file->data[here])
             ? EXIT_DONE
             : matrix_complain(file, reader->line, "the sum of entries %d, %d is not finite",
                               (int)row + 1, (int)col + 1);
}

/* The value at the end of a line. */
static int take_value(market_reader *reader, double *value, char *text) {
  *value = 1;
  if (reader->pattern) {
    return at_line_end(text) ? EXIT_DONE
                             : matrix_complain(reader->file, reader->line,
                                               "expected row and column alone in a pattern");
  }
  if (!matrix_scan_number(value, &text) || !at_line_end(text)) {
    return matrix_complain(reader->file, reader->line, "expected one finite number%s",
                           reader->coordinate ? " behind row and column" : "");
  }
  return EXIT_DONE;
}

static int read_coordinate(market_reader *reader) {
  int32_t row = 0, col = 0;
  double value = 0;
  char *text = reader->text;
  if (!take_integer(&row, &text, 1, reader->file->rows) ||
      !take_integer(&col, &text, 1, reader->file->cols)) {
    return matrix_complain(reader->file, reader->line, "expected a row of 1..%d, a column of 1..%d",
                           (int)reader->file->rows, (int)reader->file->cols);
  }
  if (reader->symmetry == SKEW && row == col) {
    return matrix_complain(reader->file, reader->line,
                           "a skew-symmetric matrix has no diagonal entries");
  }
  int outcome = take_value(reader, &value, text);
  return outcome != EXIT_DONE ? outcome : put(reader, row - 1, col - 1, value);
}

static int missing_entries(const market_reader *reader) {
  return matrix_complain(reader->file, reader->line, "the file ends before its last entry");
}

static int read_coordinates(market_reader *reader) {
  int outcome = EXIT_DONE;
  for (int32_t i = 0; i < reader->entries && outcome == EXIT_DONE; ++i) {
    outcome = find_line(reader) ? read_coordinate(reader) : missing_entries(reader);
    if (outcome == EXIT_DONE) {
      next_line(reader);
    }
  }
  return outcome;
}

/* Column by column; of symmetric matrices the part on and below the diagonal, of skew-symmetric
 * ones the part below it. */
static int read_array(market_reader *reader) {
  static const int32_t below[] = {[GENERAL] = 0, [SYMMETRIC] = 0, [SKEW] = 1};
  matrix_file *file = reader->file;
  int outcome = EXIT_DONE;
  for (int32_t col = 0; col < file->cols; ++col) {
    int32_t first = reader->symmetry == GENERAL ? 0 : col + below[reader->symmetry];
    for (int32_t row = first; row < file->rows && outcome == EXIT_DONE; ++row) {
      double value = 0;
      outcome =
          find_line(reader) ? take_value(reader, &value, reader->text) : missing_entries(reader);
      if (outcome == EXIT_DONE) {
        outcome = put(reader, row, col, value);
        next_line(reader);
      }
    }
  }
  return outcome;
}

int matrix_read_market(matrix_file *file) {
  market_reader reader = {.file = file, .text = file->bytes, .line = 1};
  int outcome = read_banner(&reader);
  if (outcome == EXIT_DONE) {
    outcome = read_sizes(&reader);
  }
  if (outcome == EXIT_DONE) {
    outcome = reader.coordinate ? read_coordinates(&reader) : read_array(&reader);
  }
  if (outcome == EXIT_DONE && find_line(&reader)) {
    outcome = matrix_complain(file, reader.line, "more entries than the sizes say");
  }
  return outcome == EXIT_DONE ? matrix_complete(file) : outcome;
}
