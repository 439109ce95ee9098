/* NumPy's .npy, versions 1 to 3: a preamble, a header that is a Python dictionary of type, order
 * and shape, the numbers. Real types of at most 8 bytes in either byte order, C and Fortran order;
 * a matrix, or a stack of them in three dimensions. */
#include "matrix_file.h"

#include "command_line.h"
#include "npy_header.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAGIC = 6, PREAMBLE_1 = 10, PREAMBLE_2 = 12 };

/* An unsigned integer of `width` bytes. */
static uint64_t read_integer(const char *bytes, int width, int big_endian) {
  uint64_t value = 0;
  for (int i = 0; i < width; ++i) {
    value = value << 8 | (unsigned char)bytes[big_endian ? i : width - 1 - i];
  }
  return value;
}

/* IEEE's binary16: sign, 5 bits of exponent, 10 of mantissa. */
static double from_half(unsigned bits) {
  const int exponent = (int)(bits >> 10 & 31);
  const double mantissa = bits & 1023, sign = bits >> 15 ? -1 : 1;
  if (exponent == 31) {
    return mantissa > 0 ? (double)NAN : sign * (double)INFINITY;
  }
  return sign * (exponent == 0 ? ldexp(mantissa, -24) : ldexp(1024 + mantissa, exponent - 25));
}

static double from_float(uint64_t bits, int width) {
  const uint32_t narrow = (uint32_t)bits;
  double f8 = 0;
  float f4 = 0;
  memcpy(&f8, &bits, sizeof f8);
  memcpy(&f4, &narrow, sizeof f4);
  return width == 8 ? f8 : width == 4 ? (double)f4 : from_half(narrow);
}

/* By way of integers, so that the host's byte order does not matter. */
static double read_number(const npy_header *header, const char *bytes) {
  const uint64_t bits = read_integer(bytes, header->width, header->big_endian);
  switch (header->kind) {
  case 'f':
    return from_float(bits, header->width);
  case 'i': {
    const int unused = 64 - 8 * header->width; /* their sign must reach the top */
    return (double)((int64_t)(bits << unused) >> unused);
  }
  case 'u':
    return (double)bits;
  default: /* 'b' */
    return bits != 0;
  }
}

static int complain_of_value(const matrix_file *file, const npy_header *header, size_t index,
                             size_t row, size_t col) {
  char which[40] = "";
  if (header->matrices > 1) {
    snprintf(which, sizeof which, "matrix %zu: ", index + 1);
  }
  return matrix_complain(file, 0, "%sthe value in row %zu, column %zu is not finite", which,
                         row + 1, col + 1);
}

/* Matrix `index` of a stack: the first of three dimensions counts matrices. */
static int read_one(matrix_file *file, const npy_header *header, const char *bytes, size_t index) {
  const size_t rows = (size_t)header->rows, cols = (size_t)header->cols;
  file->rows = header->rows;
  file->cols = header->cols;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t col = 0; col < cols; ++col) {
      const size_t place = header->fortran ? index + header->matrices * (row + rows * col)
                                           : (index * rows + row) * cols + col;
      const double value = read_number(header, bytes + place * (size_t)header->width);
      if (!isfinite(value)) {
        return complain_of_value(file, header, index, row, col);
      }
      file->data[row * cols + col] = value;
    }
  }
  return matrix_complete(file);
}

static int read_data(matrix_file *file, const npy_header *header, const char *bytes, size_t size) {
  const size_t count = (size_t)header->rows * (size_t)header->cols;
  const size_t wanted = header->matrices * count * (size_t)header->width;
  if (size != wanted) {
    return header->matrices == 1
               ? matrix_complain(file, 0, "%zu bytes of data, a %d x %d matrix has %zu", size,
                                 (int)header->rows, (int)header->cols, wanted)
               : matrix_complain(file, 0, "%zu bytes of data, %zu %d x %d matrices have %zu", size,
                                 header->matrices, (int)header->rows, (int)header->cols, wanted);
  }
  int outcome = EXIT_DONE;
  for (size_t i = 0; i < header->matrices && outcome == EXIT_DONE; ++i) {
    outcome = read_one(file, header, bytes, i);
  }
  return outcome;
}

/* The header's text, closed by a NUL: moved towards the file's start to make room for that. */
static const char *close_header(char *start, size_t length) {
  memmove(start - 1, start, length);
  start[length - 1] = '\0';
  return start - 1;
}

int matrix_read_npy(matrix_file *file) {
  npy_header header;
  const int version = file->size > MAGIC ? (unsigned char)file->bytes[MAGIC] : 0;
  const size_t preamble = version == 1 ? PREAMBLE_1 : PREAMBLE_2;
  if (version < 1 || version > 3) {
    return matrix_complain(file, 0, ".npy version %d; 1, 2 and 3 can be read", version);
  }
  if (file->size < preamble) {
    return matrix_complain(file, 0, "the file ends within its .npy header");
  }
  const int width = version == 1 ? 2 : 4;
  const size_t length = (size_t)read_integer(file->bytes + PREAMBLE_1 - 2, width, 0);
  if (length == 0 || length > file->size - preamble) {
    return matrix_complain(file, 0, "a .npy header of %zu bytes in a file of %zu", length,
                           file->size);
  }
  const char *text = close_header(file->bytes + preamble, length);
  int outcome = npy_header_read(&header, file, text);
  if (outcome == EXIT_DONE) {
    const size_t start = preamble + length;
    outcome = read_data(file, &header, file->bytes + start, file->size - start);
  }
  return outcome;
}
