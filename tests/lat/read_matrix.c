/* Reads a file as `lat solve` does and prints its matrix: read_matrix FILE. Without a model it
 * takes a hundredth of the time. */
#include "command_line.h"
#include "matrix_file.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  lat_matrix matrix;
  int outcome = matrix_read(&matrix, argc > 1 ? argv[1] : "-");
  if (outcome == EXIT_DONE) {
    print_matrix(&matrix);
  }
  free(matrix.data);
  return outcome;
}
