/* The command's matrix files: .npy, Matrix Market, text. It says on standard error why it refuses
 * one: run the engine with -close_fd_mask=2. */
#include "fuzz.h"
#include "matrix_file.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lat_matrix matrix;
  const int failed = matrix_read(&matrix, fuzz_file(data, size));
  fuzz_require((failed != 0) == (matrix.data == NULL), "a matrix, or an exit code");
  for (int32_t i = 0; matrix.data != NULL && i < matrix.rows * matrix.cols; ++i) {
    fuzz_require(isfinite(matrix.data[i]), "finite numbers");
  }
  fuzz_accepted += !failed;
  free(matrix.data);
  return 0;
}
