#include "linalg/reflection.h"

#include <math.h>

void lati_reflection_draw(double *v, int32_t n, lat_random *random) {
  double square = 0;
  while (!(square > 0)) {
    square = 0;
    for (int32_t i = 0; i < n; ++i) {
      v[i] = lat_random_normal(random);
      square += v[i] * v[i];
    }
  }
  for (int32_t i = 0; i < n; ++i) {
    v[i] /= sqrt(square);
  }
}

void lati_reflect_rows(const lat_matrix *a, const double *v) {
  for (int32_t j = 0; j < a->cols; ++j) {
    double product = 0;
    for (int32_t i = 0; i < a->rows; ++i) {
      product += v[i] * lati_matrix_get(a, i, j);
    }
    for (int32_t i = 0; i < a->rows; ++i) {
      lati_matrix_set(a, i, j, lati_matrix_get(a, i, j) - 2 * v[i] * product);
    }
  }
}

void lati_reflect_cols(const lat_matrix *a, const double *v) {
  for (int32_t i = 0; i < a->rows; ++i) {
    double product = 0;
    for (int32_t j = 0; j < a->cols; ++j) {
      product += lati_matrix_get(a, i, j) * v[j];
    }
    for (int32_t j = 0; j < a->cols; ++j) {
      lati_matrix_set(a, i, j, lati_matrix_get(a, i, j) - 2 * product * v[j]);
    }
  }
}
