/* NumPy's .npy, versions 1 and 2: little-endian f8, f4, i8, i4; C and Fortran order. */
#include "matrix_file.h"

#include "command_line.h"

#include <math.h>
#include <string.h>

enum { MAGIC = 6, PREAMBLE_1 = 10, PREAMBLE_2 = 12 };

typedef struct npy_header {
  char kind;    /* 'f' or 'i' */
  size_t width; /* bytes of a number */
  int fortran;  /* 1: column by column */
  int32_t rows, cols;
} npy_header;

static uint64_t little_endian(const char *bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    value |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
  }
  return value;
}

/* The text behind 'key': in the header's dictionary; NULL when it is not there. */
static const char *find_value(const char *header, const char *key) {
  const char *found = strstr(header, key);
  if (found == NULL) {
    return NULL;
  }
  found += strlen(key);
  found += strspn(found, " ");
  return *found == ':' ? found + 1 + strspn(found + 1, " ") : NULL;
}

static int read_type(npy_header *header, const char *text) {
  static const struct {
    const char *name;
    char kind;
    size_t width;
  } types[] = {{"'<f8'", 'f', 8}, {"'<f4'", 'f', 4}, {"'<i8'", 'i', 8}, {"'<i4'", 'i', 4}};
  for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
    if (strncmp(text, types[i].name, strlen(types[i].name)) == 0) {
      header->kind = types[i].kind;
      header->width = types[i].width;
      return 1;
    }
  }
  return 0;
}

static int read_order(npy_header *header, const char *text) {
  header->fortran = strncmp(text, "True", 4) == 0;
  return header->fortran || strncmp(text, "False", 5) == 0;
}

/* A dimension of 1..MATRIX_LIMIT and what stands behind it; 0 when it is not so. */
static int read_dimension(int32_t *value, const char **text, char behind) {
  *text += strspn(*text, " ");
  *value = 0;
  while (**text >= '0' && **text <= '9' && *value <= MATRIX_LIMIT) {
    *value = *value * 10 + (*(*text)++ - '0');
  }
  *text += strspn(*text, " ");
  return *value >= 1 && *value <= MATRIX_LIMIT && *(*text)++ == behind;
}

static int read_shape(npy_header *header, const char *text) {
  return *text++ == '(' && read_dimension(&header->rows, &text, ',') &&
         read_dimension(&header->cols, &text, ')');
}

static int read_header(npy_header *header, const matrix_file *file, const char *text) {
  const char *type = find_value(text, "'descr'");
  const char *order = find_value(text, "'fortran_order'");
  const char *shape = find_value(text, "'shape'");
  if (type == NULL || order == NULL || shape == NULL) {
    return matrix_complain(file, 1, "a .npy header without descr, fortran_order and shape");
  }
  if (!read_type(header, type)) {
    return matrix_complain(file, 1, "numbers of type %.*s; <f8, <f4, <i8, <i4 can be read",
                           (int)strcspn(type, ",}"), type);
  }
  if (!read_order(header, order)) {
    return matrix_complain(file, 1, "fortran_order is neither True nor False");
  }
  if (!read_shape(header, shape)) {
    return matrix_complain(file, 1, "shape %.*s; two dimensions of 1..%d can be read",
                           (int)strcspn(shape, "}"), shape, MATRIX_LIMIT);
  }
  return EXIT_DONE;
}

/* By way of integers, so that the host's byte order does not matter. */
static double read_number(const npy_header *header, const char *bytes) {
  uint64_t wide = little_endian(bytes, header->width);
  uint32_t narrow = (uint32_t)wide;
  double f8 = 0;
  float f4 = 0;
  memcpy(&f8, &wide, sizeof f8);
  memcpy(&f4, &narrow, sizeof f4);
  if (header->kind == 'f') {
    return header->width == 8 ? f8 : (double)f4;
  }
  return header->width == 8 ? (double)(int64_t)wide : (double)(int32_t)narrow;
}

static int read_data(matrix_file *file, const npy_header *header, const char *bytes, size_t size) {
  int32_t count = header->rows * header->cols;
  if (size != (size_t)count * header->width) {
    return matrix_complain(file, 0, "%zu bytes of data, a %d x %d matrix has %zu", size,
                           (int)header->rows, (int)header->cols, (size_t)count * header->width);
  }
  file->rows = header->rows;
  file->cols = header->cols;
  for (int32_t i = 0; i < count; ++i) {
    int32_t row = header->fortran ? i % header->rows : i / header->cols;
    int32_t col = header->fortran ? i / header->rows : i % header->cols;
    double value = read_number(header, bytes + (size_t)i * header->width);
    if (!isfinite(value)) {
      return matrix_complain(file, 0, "the value in row %d, column %d is not finite", (int)row + 1,
                             (int)col + 1);
    }
    file->data[row * file->cols + col] = value;
  }
  return EXIT_DONE;
}

int matrix_read_npy(matrix_file *file) {
  npy_header header = {0};
  char text[1024];
  int version = file->size > MAGIC ? file->bytes[MAGIC] : 0;
  size_t preamble = version == 1 ? PREAMBLE_1 : PREAMBLE_2;
  if (version != 1 && version != 2) {
    return matrix_complain(file, 0, ".npy version %d; 1 and 2 can be read", version);
  }
  if (file->size < preamble) {
    return matrix_complain(file, 0, "the file ends within its .npy header");
  }
  size_t length = little_endian(file->bytes + PREAMBLE_1 - 2, preamble - (PREAMBLE_1 - 2));
  if (length > file->size - preamble || length >= sizeof text) {
    return matrix_complain(file, 0, "a .npy header of %zu bytes in a file of %zu", length,
                           file->size);
  }
  memcpy(text, file->bytes + preamble, length);
  text[length] = '\0';
  int outcome = read_header(&header, file, text);
  if (outcome == EXIT_DONE) {
    size_t start = preamble + length;
    outcome = read_data(file, &header, file->bytes + start, file->size - start);
  }
  return outcome;
}
