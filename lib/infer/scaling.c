#include "infer/scaling.h"

#include "linalg/matrix.h"
#include "task/registry.h"

#include <math.h>

enum { LEAST_DECADES = -308, MOST_DECADES = 307 };

int lati_keeps_digits(const lat_task *task) {
  return task->kind == &lati_task_transpose || task->kind == &lati_task_add;
}

/* largest * factor may pass the range by a rounding. */
static int fits(double largest, double factor, double range) {
  return largest * factor <= range * (1 + 1e-12);
}

double lati_scale_factor(double largest, double range, int keep_digits) {
  static const double steps[] = {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
  if (!(largest > 0) || !(range > 0)) {
    return 1;
  }
  double decades = floor(log10(range) - log10(largest) + 1e-12);
  double unit = pow(10, fmin(fmax(decades, LEAST_DECADES), MOST_DECADES)), factor = unit;
  for (size_t i = 0; !keep_digits && i < sizeof steps / sizeof steps[0]; ++i) {
    if (fits(largest, steps[i] * unit, range)) {
      factor = steps[i] * unit;
    }
  }
  return factor;
}

/* One division a degree: c^degree itself may overflow where the answer does not. */
static double scaled_back(double value, int32_t degree, double factor) {
  for (int32_t i = 0; i < degree; ++i) {
    value /= factor;
  }
  for (int32_t i = 0; i < -degree; ++i) {
    value *= factor;
  }
  return value;
}

void lati_scale_back(const lat_matrix *answer, const lat_task *task, double factor) {
  int32_t degree = 0;
  lati_scaling scaling = lati_task_scaling(&degree, task);
  int32_t rows = scaling == LATI_SCALE_ALL ? answer->rows : scaling == LATI_SCALE_FIRST_ROW;
  for (int32_t i = 0; i < rows; ++i) {
    for (int32_t j = 0; j < answer->cols; ++j) {
      lati_matrix_set(answer, i, j, scaled_back(lati_matrix_get(answer, i, j), degree, factor));
    }
  }
}
