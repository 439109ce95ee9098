/* The command's matrix files: .npy, Matrix Market, text. It says on standard error why it refuses
 * one: run the engine with -close_fd_mask=2. */
#include "fuzz.h"
#include "matrix_file.h"

#include <math.h>

static void check_numbers(const lat_matrix *matrix) {
  for (int32_t i = 0; i < matrix->rows * matrix->cols; ++i) {
    fuzz_require(isfinite(matrix->data[i]), "finite numbers");
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  matrix_list list;
  const int failed = matrix_read_all(&list, fuzz_file(data, size));
  fuzz_require((failed != 0) == (list.count == 0), "matrices, or an exit code");
  for (size_t i = 0; i < list.count; ++i) {
    check_numbers(&list.matrices[i]);
  }
  fuzz_accepted += !failed;
  matrix_list_free(&list);
  return 0;
}
