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

/* More than any 100 x 100 matrix needs, comments included. */
enum { MAX_BYTES = 4 << 20 };

int matrix_complain(const matrix_file *file, size_t line, const char *format, ...) {
  va_list arguments;
  fprintf(stderr, "lat: %s:", file->name);
  if (line > 0) {
    fprintf(stderr, "%zu:", line);
  }
  fputc(' ', stderr);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  return EXIT_FAILED;
}

int matrix_scan_number(double *value, const char **text) {
  char *end = NULL;
  const char *start = *text + strspn(*text, " \t");
  /* strtod() would go on to the next line. */
  if (isspace((unsigned char)*start)) {
    return 0;
  }
  *value = strtod(start, &end);
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

static int read_format(matrix_file *file) {
  static const char npy[] = "\x93NUMPY", market[] = "%%MatrixMarket";
  if (file->size >= sizeof npy - 1 && memcmp(file->bytes, npy, sizeof npy - 1) == 0) {
    return matrix_read_npy(file);
  }
  const char *zero = memchr(file->bytes, '\0', file->size);
  if (zero != NULL) {
    return matrix_complain(file, 0, "byte %zu is 0: neither text nor .npy",
                           (size_t)(zero - file->bytes));
  }
  return strncmp(file->bytes, market, sizeof market - 1) == 0 ? matrix_read_market(file)
                                                              : matrix_read_text(file);
}

int matrix_read(lat_matrix *out, const char *path) {
  matrix_file file = {.name = path};
  file.data = calloc(MATRIX_LIMIT * MATRIX_LIMIT, sizeof *file.data);
  int outcome =
      file.data != NULL ? read_bytes(&file, path) : report_error("no memory for a matrix");
  if (outcome == EXIT_DONE) {
    outcome = read_format(&file);
  }
  free(file.bytes);
  if (outcome != EXIT_DONE) {
    free(file.data);
    file.data = NULL;
  }
  *out = (lat_matrix){file.data, file.rows, file.cols, file.cols, LAT_ROW_MAJOR};
  return outcome;
}
