/* Operators with their matrices written out by plain loops, the slow twins. */
#ifndef LAT_TESTS_OPERATOR_FIXTURE_H
#define LAT_TESTS_OPERATOR_FIXTURE_H

#include "base/random.h"
#include "suite.h"

#include <lat/operator.h>
#include <math.h>
#include <string.h>

/* An operator and its matrix (n, n), row-major, which the holder frees. */
typedef struct twin {
  lat_operator *op;
  double *matrix;
  int64_t n;
} twin;

#define MUST(call) ck_assert_msg((call) == LAT_OK, "%s: %s", #call, lat_last_error())

static inline void twin_free(twin *t) {
  lat_operator_free(t->op);
  free(t->matrix);
}

static inline twin twin_new(int64_t n) {
  twin t = {NULL, calloc((size_t)(n * n), sizeof(double)), n};
  ck_assert_ptr_nonnull(t.matrix);
  return t;
}

/* Normal entries, 3 added on the diagonal; symmetric ones mirrored. */
static inline twin dense_twin(lat_context *ctx, int64_t n, int symmetric, uint64_t index) {
  lat_random random;
  twin t = twin_new(n);
  lati_random_start(&random, 3, 0, index);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      t.matrix[i * n + j] =
          j < i && symmetric ? t.matrix[j * n + i] : lat_random_normal(&random) + (i == j ? 3 : 0);
    }
  }
  lat_matrix a = {t.matrix, (int32_t)n, (int32_t)n, (int32_t)n, LAT_ROW_MAJOR};
  MUST(lat_operator_create_dense(&t.op, ctx, &a));
  return t;
}

/* The largest difference, relative to the largest value of y. */
static inline double difference(const double *x, const double *y, int64_t count) {
  double largest = 0, scale = 0;
  for (int64_t i = 0; i < count; ++i) {
    largest = fmax(largest, fabs(x[i] - y[i]));
    scale = fmax(scale, fabs(y[i]));
  }
  return scale > 0 ? largest / scale : largest;
}

/* y = matrix x. */
static inline void multiply(double *y, const twin *t, const double *x) {
  for (int64_t i = 0; i < t->n; ++i) {
    y[i] = 0;
    for (int64_t j = 0; j < t->n; ++j) {
      y[i] += t->matrix[i * t->n + j] * x[j];
    }
  }
}

#endif
