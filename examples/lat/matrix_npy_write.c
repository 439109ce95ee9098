/* NumPy's .npy, version 1.0: magic, length of the header, the header padded to a multiple of 64
 * bytes, then f8 in C order and little-endian. */
#include "matrix_npy_write.h"

#include "command_line.h"
#include "output_file.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PREAMBLE = 10, HEADER = 128 };

static int write_header(FILE *file, const lat_matrix *first, size_t count, int stack) {
  char header[HEADER + 1], counted[32] = "";
  if (stack || count > 1) {
    snprintf(counted, sizeof counted, "%zu, ", count);
  }
  int length = snprintf(header, sizeof header,
                        "{'descr': '<f8', 'fortran_order': False, 'shape': (%s%d, %d), }", counted,
                        (int)first->rows, (int)first->cols);
  memset(header + length, ' ', (size_t)(HEADER - length));
  header[HEADER - PREAMBLE - 1] = '\n';
  const unsigned char preamble[PREAMBLE] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, HEADER - PREAMBLE,
                                            0};
  return fwrite(preamble, 1, PREAMBLE, file) == PREAMBLE &&
         fwrite(header, 1, HEADER - PREAMBLE, file) == HEADER - PREAMBLE;
}

static int write_number(FILE *file, double value) {
  uint64_t bits = 0;
  unsigned char bytes[8];
  memcpy(&bits, &value, sizeof bits);
  for (int i = 0; i < 8; ++i) {
    bytes[i] = (unsigned char)(bits >> (8 * i));
  }
  return fwrite(bytes, 1, sizeof bytes, file) == sizeof bytes;
}

static void write_all(FILE *file, const lat_matrix *matrices, size_t count, int stack) {
  int written = write_header(file, &matrices[0], count, stack);
  for (size_t i = 0; i < count; ++i) {
    const size_t size = (size_t)matrices[i].rows * (size_t)matrices[i].cols;
    for (size_t k = 0; k < size && written; ++k) {
      written = write_number(file, matrices[i].data[k]);
    }
  }
}

int matrix_npy_write(const char *path, const lat_matrix *matrices, size_t count, int stack) {
  output_file file;
  const int outcome = output_file_open(&file, path);
  if (outcome != EXIT_DONE) {
    return outcome;
  }
  write_all(file.stream, matrices, count, stack);
  return output_file_close(&file, EXIT_DONE);
}
