/* Matrices with empty lines between them; a line of a comment alone is none. Rows of numbers with
 * blanks (spaces, tabs) or commas between; a # behind a blank, a comma or nothing begins a comment.
 * What separates the numbers, whether they stand in quotes, and whether a comma ends the rows must
 * be the same in every row: where it is not, a number may have been cut in two, as decimal commas
 * are. */
#include "matrix_file.h"

#include "command_line.h"

#include <stdio.h>
#include <string.h>

/* How the rows of all matrices of the file are written; 0: not seen yet. */
typedef struct text_style {
  char separator; /* ' ' or ',' */
  char quoted;    /* 'y' or 'n' */
  char trailing;  /* 'y' or 'n': a comma ends the row */
} text_style;

typedef struct text_reader {
  matrix_file *file;
  size_t line;
  char *text; /* what is left of the line */
  text_style style;
} text_reader;

static void skip_blanks(text_reader *reader) {
  reader->text += strspn(reader->text, " \t");
}

static int at_line_end(const text_reader *reader) {
  return strchr("\n#", *reader->text) != NULL; /* or at the text's end */
}

/* The field that begins here, for a message: with its quotes, or up to a separator. */
static size_t field_length(const char *field) {
  const size_t quoted = field[0] == '"' ? 1 + strcspn(field + 1, "\"\n") : 0;
  return field[quoted] == '"' && quoted > 0 ? quoted + 1 : strcspn(field, " \t\n,");
}

static int bad_field(const text_reader *reader, const char *field) {
  char excerpt[MATRIX_EXCERPT], why[64] = "";
  const size_t length = field_length(field);
  size_t at = 0;
  while (at < length && (field[at] & 0x80) == 0) {
    ++at;
  }
  if (length == 0) {
    return matrix_complain(reader->file, reader->line, "an empty field");
  }
  if (at < length) { /* the reason may be invisible: a blank or a minus of another kind */
    snprintf(why, sizeof why, " (byte %02X does not belong to one)", (unsigned char)field[at]);
  } else if (memchr(field, ';', length) != NULL) {
    snprintf(why, sizeof why, "; numbers are separated by blanks or commas");
  } else if (memchr(field, '#', length) != NULL) {
    snprintf(why, sizeof why, "; a comment needs a blank before its #");
  } else if (field[0] == '"' && memchr(field, ',', length) != NULL) {
    snprintf(why, sizeof why, "; decimals have a point");
  }
  return matrix_complain(reader->file, reader->line, "'%s' is not a finite number%s",
                         matrix_excerpt(excerpt, field, length), why);
}

/* Whether a property of a row is that of the rows before; the first row to have it decides. */
static int agrees(char *known, char found) {
  const int same = *known == 0 || *known == found;
  *known = found;
  return same;
}

/* A number, in quotes or not. */
static int read_field(text_reader *reader, double *value) {
  char *const field = reader->text;
  const int quoted = *field == '"';
  reader->text += quoted;
  if (!matrix_scan_number(value, &reader->text) || (quoted && *reader->text++ != '"')) {
    return bad_field(reader, field);
  }
  return agrees(&reader->style.quoted, quoted ? 'y' : 'n')
             ? EXIT_DONE
             : matrix_complain(reader->file, reader->line, "some numbers are in quotes, some not");
}

/* Blanks with at most one comma among them. *found: ' ', ',' or, where the number at `field` runs
 * on into something else, 0. */
static void skip_separator(text_reader *reader, char *found) {
  const char *start = reader->text;
  skip_blanks(reader);
  *found = *reader->text == ','                                       ? ','
           : reader->text > start || *start == '\n' || *start == '\0' ? ' '
                                                                      : 0;
  if (*found == ',') {
    ++reader->text;
    skip_blanks(reader);
  }
}

/* Reads what is behind a number, *more: whether another follows. */
static int read_separator(text_reader *reader, const char *field, int *more) {
  char found = 0;
  skip_separator(reader, &found);
  *more = !at_line_end(reader);
  if (found == 0) {
    return bad_field(reader, field);
  }
  if ((*more || found == ',') && !agrees(&reader->style.separator, found)) {
    return matrix_complain(reader->file, reader->line,
                           "both blanks and commas separate numbers; decimals have a point");
  }
  if (!*more && !agrees(&reader->style.trailing, found == ',' ? 'y' : 'n')) {
    return matrix_complain(reader->file, reader->line,
                           found == ',' ? "a comma ends this row, but not those above"
                                        : "no comma ends this row, but one those above");
  }
  return EXIT_DONE;
}

/* Reads one row; *count numbers, none on an empty line. */
static int read_row(text_reader *reader, double *row, int32_t *count) {
  *count = 0;
  skip_blanks(reader);
  for (int more = !at_line_end(reader); more;) {
    const char *field = reader->text;
    double value = 0;
    int outcome = read_field(reader, &value);
    if (outcome == EXIT_DONE) {
      outcome = read_separator(reader, field, &more);
    }
    if (outcome != EXIT_DONE) {
      return outcome;
    }
    if (*count == MATRIX_LIMIT) {
      return matrix_complain(reader->file, reader->line, "more than %d columns", MATRIX_LIMIT);
    }
    row[(*count)++] = value;
  }
  return EXIT_DONE;
}

static int add_row(text_reader *reader) {
  matrix_file *file = reader->file;
  double row[MATRIX_LIMIT];
  int32_t count = 0;
  int outcome = read_row(reader, row, &count);
  if (outcome == EXIT_DONE && count == 0 && *reader->text != '#' && file->rows > 0) {
    return matrix_complete(file);
  }
  if (outcome != EXIT_DONE || count == 0) {
    return outcome;
  }
  if (file->rows > 0 && count != file->cols) {
    return matrix_complain(file, reader->line, "%d numbers, the rows above have %d", (int)count,
                           (int)file->cols);
  }
  if (file->rows == MATRIX_LIMIT) {
    return matrix_complain(file, reader->line, "more than %d rows", MATRIX_LIMIT);
  }
  file->cols = count;
  memcpy(file->data + (size_t)file->rows * (size_t)count, row, (size_t)count * sizeof *row);
  file->rows += 1;
  return EXIT_DONE;
}

/* Moves to the next line; 0 at the end. */
static int next_line(text_reader *reader) {
  char *end = strchr(reader->text, '\n');
  reader->text = end != NULL ? end + 1 : NULL;
  return end != NULL;
}

int matrix_read_text(matrix_file *file) {
  text_reader reader = {.file = file, .text = file->bytes};
  int outcome = EXIT_DONE;
  do {
    reader.line += 1;
    outcome = add_row(&reader);
  } while (outcome == EXIT_DONE && next_line(&reader));
  if (outcome == EXIT_DONE && file->rows > 0) {
    outcome = matrix_complete(file);
  }
  return outcome == EXIT_DONE && file->list->count == 0 ? matrix_complain(file, 0, "no numbers")
                                                        : outcome;
}
