/* Rows of numbers with blanks, tabs or commas between; # begins a comment. */
#include "matrix_file.h"

#include "command_line.h"

#include <string.h>

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static int ends_line(char c) {
  return c == '\0' || c == '\n' || c == '#';
}

static const char *skip_blanks(const char *text) {
  while (is_blank(*text)) {
    ++text;
  }
  return text;
}

static int bad_field(const matrix_file *file, size_t line, const char *text) {
  size_t length = strcspn(text, " \t\r\n,#");
  length = length > 32 ? 32 : length;
  return length == 0
             ? matrix_complain(file, line, "an empty field")
             : matrix_complain(file, line, "'%.*s' is not a finite number", (int)length, text);
}

/* A separator: blanks, with at most one comma among them, behind which a number must follow.
 * Returns 0 where the number runs on into something else. */
static int skip_separator(const char **text, int *wants_number) {
  const char *start = *text;
  *text = skip_blanks(*text);
  *wants_number = **text == ',';
  if (*wants_number) {
    *text = skip_blanks(*text + 1);
  }
  return *text > start || ends_line(**text);
}

/* Reads one row; *count numbers, none on an empty line. */
static int read_row(const matrix_file *file, double *row, int32_t *count, const char *text,
                    size_t line) {
  int wants_number = 0;
  *count = 0;
  text = skip_blanks(text);
  while (!ends_line(*text) || wants_number) {
    const char *field = text;
    double value = 0;
    if (ends_line(*text) || !matrix_scan_number(&value, &text) ||
        !skip_separator(&text, &wants_number)) {
      return bad_field(file, line, field);
    }
    if (*count == MATRIX_LIMIT) {
      return matrix_complain(file, line, "more than %d columns", MATRIX_LIMIT);
    }
    row[(*count)++] = value;
  }
  return EXIT_DONE;
}

static int add_row(matrix_file *file, const char *text, size_t line) {
  double row[MATRIX_LIMIT];
  int32_t count = 0;
  int outcome = read_row(file, row, &count, text, line);
  if (outcome != EXIT_DONE || count == 0) {
    return outcome;
  }
  if (file->rows > 0 && count != file->cols) {
    return matrix_complain(file, line, "%d numbers, the rows above have %d", (int)count,
                           (int)file->cols);
  }
  if (file->rows == MATRIX_LIMIT) {
    return matrix_complain(file, line, "more than %d rows", MATRIX_LIMIT);
  }
  file->cols = count;
  memcpy(file->data + (size_t)file->rows * (size_t)count, row, (size_t)count * sizeof *row);
  file->rows += 1;
  return EXIT_DONE;
}

int matrix_read_text(matrix_file *file) {
  int outcome = EXIT_DONE;
  size_t line = 1;
  for (const char *text = file->bytes; text != NULL && outcome == EXIT_DONE; ++line) {
    outcome = add_row(file, text, line);
    text = strchr(text, '\n');
    text = text != NULL ? text + 1 : NULL;
  }
  if (outcome == EXIT_DONE && file->rows == 0) {
    outcome = matrix_complain(file, 0, "no numbers");
  }
  return outcome;
}
