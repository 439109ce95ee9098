/* Reads a file as `lat solve` does and prints its matrices: read_matrix FILE. Without a model it
 * takes a hundredth of the time. */
#include "command_line.h"
#include "matrix_file.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  matrix_list list;
  int outcome = matrix_read_all(&list, argc > 1 ? argv[1] : "-");
  for (size_t i = 0; i < list.count; ++i) {
    fputs(i > 0 ? "\n" : "", stdout);
    print_matrix(&list.matrices[i]);
  }
  matrix_list_free(&list);
  return outcome;
}
