#include "example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double entry(const lat_matrix *matrix, int32_t i, int32_t j) {
  int by_rows = matrix->order == LAT_ROW_MAJOR;
  return matrix->data[by_rows ? i * matrix->ld + j : i + j * matrix->ld];
}

void show_matrix(const char *title, const lat_matrix *matrix) {
  printf("%s\n", title);
  for (int32_t i = 0; i < matrix->rows; ++i) {
    for (int32_t j = 0; j < matrix->cols; ++j) {
      printf(" %10.4g", entry(matrix, i, j));
    }
    printf("\n");
  }
}

void show_report(const lat_report *report) {
  static const char *const verdicts[] = {"within tolerance", "outside tolerance", "undecodable",
                                         "unknown"};
  printf("residual %.3g (tolerance %.3g): %s\n", report->residual, report->tolerance,
         verdicts[report->verdict]);
}

int32_t show_progress(const lat_progress *progress, void *user) {
  (void)user;
  printf("%8lld examples, loss %.4f a token, %.0f examples/s\n", (long long)progress->examples,
         progress->loss, progress->examples_per_second);
  return 0;
}

double random_uniform(void) {
  return (rand() + 0.5) / (RAND_MAX + 1.0);
}

double random_normal(void) {
  return sqrt(-2 * log(random_uniform())) * cos(2 * acos(-1.0) * random_uniform());
}

void update_by_adam(double *x, const double *d, double *moments, int count, int update,
                    double rate) {
  for (int i = 0; i < count; ++i) {
    double *first = &moments[i], *second = &moments[count + i];
    *first += 0.1 * (d[i] - *first);
    *second += 0.01 * (d[i] * d[i] - *second);
    const double mean = *first / (1 - pow(0.9, update)), size = *second / (1 - pow(0.99, update));
    x[i] -= rate * mean / (sqrt(size) + 1e-12);
  }
}

int show_outcome(lat_status status) {
  if (status == LAT_OK) {
    return EXIT_SUCCESS;
  }
  fprintf(stderr, "%s: %s\n", lat_status_name(status), lat_last_error());
  return EXIT_FAILURE;
}
