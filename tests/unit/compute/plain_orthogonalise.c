#include "plain_orthogonalise.h"

#include "check_quietly.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What quintics.py prints for 0.01 and three steps. */
enum { STEPS = 3 };
static const double steps[STEPS][3] = {{8.093368513, -23.620430329, 17.446151750},
                                       {3.636585554, -2.721926747, 0.536546288},
                                       {2.661299986, -1.977154522, 0.452616407}};

static double *new_matrix(int64_t rows, int64_t cols) {
  double *x = calloc((size_t)(rows * cols), sizeof *x);
  ck_assert_ptr_nonnull(x);
  return x;
}

/* c (m, n) = a (m, k) b (k, n), or b (n, k) transposed. */
static void multiply(double *c, const double *a, const double *b, int64_t m, int64_t n, int64_t k,
                     int transposed) {
  memset(c, 0, (size_t)(m * n) * sizeof *c);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t l = 0; l < k; ++l) {
        c[i * n + j] += a[i * k + l] * (transposed ? b[j * k + l] : b[l * n + j]);
      }
    }
  }
}

static double norm_of(const double *x, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    sum += x[i] * x[i];
  }
  return sqrt(sum);
}

static void scale(double *x, double factor, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    x[i] *= factor;
  }
}

/* X / ||(X X^T)^2||_F^(1/4). */
static void normalise(double *x, double *gram, double *square, int64_t side, int64_t length) {
  scale(x, 1 / norm_of(x, side * length), side * length);
  multiply(gram, x, x, side, side, length, 1);
  multiply(square, gram, gram, side, side, side, 0);
  scale(x, pow(norm_of(square, side * side), -0.25), side * length);
}

static void orthogonalise_wide(double *x, int64_t side, int64_t length) {
  double *gram = new_matrix(side, side), *square = new_matrix(side, side);
  double *next = new_matrix(side, length);
  normalise(x, gram, square, side, length);
  for (int step = 0; step < STEPS; ++step) {
    multiply(gram, x, x, side, side, length, 1);
    multiply(square, gram, gram, side, side, side, 0);
    for (int64_t i = 0; i < side * side; ++i) {
      square[i] = steps[step][1] * gram[i] + steps[step][2] * square[i];
    }
    for (int64_t i = 0; i < side; ++i) {
      square[i * side + i] += steps[step][0];
    }
    multiply(next, square, x, side, length, side, 0);
    memcpy(x, next, (size_t)(side * length) * sizeof *x);
  }
  scale(x, 0.9, side * length);
  free(gram), free(square), free(next);
}

static void transpose(double *to, const double *from, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      to[j * rows + i] = from[i * cols + j];
    }
  }
}

void plain_orthogonalise(double *x, int64_t rows, int64_t cols) {
  if (rows <= cols) {
    orthogonalise_wide(x, rows, cols);
    return;
  }
  double *flipped = new_matrix(cols, rows);
  transpose(flipped, x, rows, cols);
  orthogonalise_wide(flipped, cols, rows);
  transpose(x, flipped, cols, rows);
  free(flipped);
}
