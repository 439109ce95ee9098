/* The command's matrix files: .npy, Matrix Market, text. What it prints goes nowhere. */
#include "fuzz.h"
#include "matrix_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static int silent;
  lat_matrix matrix;
  if (!silent) {
    fuzz_require(freopen("/dev/null", "w", stderr) != NULL, "/dev/null");
    silent = 1;
  }
  const int failed = matrix_read(&matrix, fuzz_file(data, size));
  fuzz_require((failed != 0) == (matrix.data == NULL), "a matrix, or an exit code");
  for (int32_t i = 0; matrix.data != NULL && i < matrix.rows * matrix.cols; ++i) {
    fuzz_require(isfinite(matrix.data[i]), "finite numbers");
  }
  free(matrix.data);
  return 0;
}
