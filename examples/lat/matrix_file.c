/* Reads a file's bytes, whole, and finds out which of the formats it is. */
#include "matrix_file.h"

#include "command_line.h"
#include "report.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Room for thousands of 100 x 100 matrices, comments included. */
enum { MAX_BYTES = 64 << 20 };

int matrix_complain(const matrix_file *file, size_t line, const char *format, ...) {
  char place[24] = "", text[512];
  va_list arguments;
  if (line > 0) {
    snprintf(place, sizeof place, "%zu:", line);
  }
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return report_error("%s:%s %s", file->name, place, text);
}

const char *matrix_excerpt(char out[MATRIX_EXCERPT], const char *text, size_t length) {
  length = length < MATRIX_EXCERPT ? length : MATRIX_EXCERPT - 1;
  memcpy(out, text, length);
  out[length] = '\0';
  report_clean(out);
  return out;
}

/* strtod(), and once more with an E in the place of a D that stops it. */
static double read_double(char *start, char **end) {
  double value = strtod(start, end);
  char *letter = *end;
  if (letter > start && (*letter == 'd' || *letter == 'D')) {
    const char kept = *letter;
    *letter = 'e';
    value = strtod(start, end);
    *letter = kept;
  }
  return value;
}

int matrix_scan_number(double *value, char **text) {
  char *end = NULL;
  char *start = *text + strspn(*text, " \t");
  /* strtod() would go on to the next line. */
  if (isspace((unsigned char)*start)) {
    return 0;
  }
  *value = read_double(start, &end);
  if (end == start || !isfinite(*value)) {
    return 0;
  }
  *text = end;
  return 1;
}

/* Memory grows with what comes. */
static int read_stream(matrix_file *file, FILE *stream) {
  size_t room = 2048;
  do {
    room *= 2;
    char *bytes = realloc(file->bytes, room + 1);
    if (bytes == NULL) {
      return report_error("no memory for a matrix");
    }
    file->bytes = bytes;
    file->size += fread(bytes + file->size, 1, room - file->size, stream);
  } while (file->size == room && room <= MAX_BYTES);
  if (ferror(stream)) {
    return matrix_complain(file, 0, "%s", strerror(errno));
  }
  if (file->size > MAX_BYTES) {
    return matrix_complain(file, 0, "more than %d bytes", (int)MAX_BYTES);
  }
  file->bytes[file->size] = '\0';
  return EXIT_DONE;
}

static int read_bytes(matrix_file *file, const char *path) {
  if (strcmp(path, "-") == 0) {
    file->name = "standard input";
    return read_stream(file, stdin);
  }
  FILE *stream = fopen(path, "rb");
  if (stream == NULL) {
    return matrix_complain(file, 0, "%s", strerror(errno));
  }
  int outcome = read_stream(file, stream);
  fclose(stream);
  return outcome;
}

/* Files that begin so are often taken for a matrix. */
static const struct {
  const char *start, *what;
} others[] = {
    {"\xff\xfe", "UTF-16 text (byte order mark FF FE); save it as UTF-8"},
    {"\xfe\xff", "UTF-16 text (byte order mark FE FF); save it as UTF-8"},
    {"\x1f\x8b", "compressed by gzip; uncompress it first"},
    {"PK\3\4", "a zip archive, as .npz and spreadsheets are; save the matrix as .npy or CSV"}};

static int starts_with(const matrix_file *file, const char *start) {
  const size_t length = strlen(start);
  return file->size >= length && memcmp(file->bytes, start, length) == 0;
}

/* Line ends of every kind become \n: CR LF, and CR alone, as old Macintoshes wrote them. */
static void unify_line_ends(matrix_file *file) {
  char *to = file->bytes;
  for (const char *from = file->bytes; *from != '\0'; ++from) {
    if (*from != '\r') {
      *to++ = *from;
    } else if (from[1] != '\n') {
      *to++ = '\n';
    }
  }
  *to = '\0';
  file->size = (size_t)(to - file->bytes);
}

static int read_as_text(matrix_file *file) {
  static const char mark[] = "\xef\xbb\xbf", market[] = "%%MatrixMarket";
  const char *zero = memchr(file->bytes, '\0', file->size);
  if (zero != NULL) {
    return matrix_complain(file, 0, "byte %zu is 0: neither text nor .npy",
                           (size_t)(zero - file->bytes));
  }
  if (starts_with(file, mark)) {
    file->size -= sizeof mark - 1;
    memmove(file->bytes, file->bytes + sizeof mark - 1, file->size + 1);
  }
  unify_line_ends(file);
  return strncasecmp(file->bytes, market, sizeof market - 1) == 0 ? matrix_read_market(file)
                                                                  : matrix_read_text(file);
}

static int read_format(matrix_file *file) {
  if (starts_with(file, "\x93NUMPY")) {
    return matrix_read_npy(file);
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
    if (starts_with(file, others[i].start)) {
      return matrix_complain(file, 0, "%s", others[i].what);
    }
  }
  return read_as_text(file);
}

int matrix_complete(matrix_file *file) {
  matrix_list *list = file->list;
  const size_t bytes = (size_t)file->rows * (size_t)file->cols * sizeof(double);
  if (list->count == list->capacity) {
    const size_t capacity = 2 * list->capacity + 4;
    lat_matrix *grown = realloc(list->matrices, capacity * sizeof *grown);
    if (grown == NULL) {
      return report_error("no memory for matrices");
    }
    list->matrices = grown;
    list->capacity = capacity;
  }
  lat_matrix *matrix = &list->matrices[list->count];
  *matrix = (lat_matrix){malloc(bytes), file->rows, file->cols, file->cols, LAT_ROW_MAJOR};
  if (matrix->data == NULL) {
    return report_error("no memory for a matrix");
  }
  ++list->count;
  memcpy(matrix->data, file->data, bytes);
  memset(file->data, 0, bytes);
  file->rows = file->cols = 0;
  return EXIT_DONE;
}

void matrix_list_free(matrix_list *list) {
  for (size_t i = 0; i < list->count; ++i) {
    free(list->matrices[i].data);
  }
  free(list->matrices);
  *list = (matrix_list){NULL, 0, 0};
}

int matrix_read_all(matrix_list *out, const char *path) {
  *out = (matrix_list){NULL, 0, 0};
  matrix_file file = {.name = path, .list = out};
  file.data = calloc(MATRIX_LIMIT * MATRIX_LIMIT, sizeof *file.data);
  int outcome =
      file.data != NULL ? read_bytes(&file, path) : report_error("no memory for a matrix");
  if (outcome == EXIT_DONE) {
    outcome = read_format(&file);
  }
  free(file.bytes);
  free(file.data);
  if (outcome != EXIT_DONE) {
    matrix_list_free(out);
  }
  return outcome;
}
