/* Random and hostile matrices: u diag(s) v^T with orthogonal u and v, and some by formula. */
#include "hostile_matrices.h"

#include <math.h>
#include <stdlib.h>

static uint64_t bits = 88172645463325252u;

double uniform(void) {
  bits ^= bits << 13;
  bits ^= bits >> 7;
  bits ^= bits << 17;
  return (double)(bits >> 11) * 0x1p-53;
}

double normal(void) {
  double sum = 0;
  for (int i = 0; i < 12; ++i) {
    sum += uniform();
  }
  return sum - 6;
}

/* q <- an orthogonal matrix: reflections by random vectors. */
static void orthogonal(double *q, int32_t n) {
  for (int32_t i = 0; i < n * n; ++i) {
    q[i] = i % (n + 1) == 0;
  }
  for (int32_t round = 0; round < n; ++round) {
    double v[SIZES], square = 0;
    for (int32_t i = 0; i < n; ++i) {
      v[i] = normal();
      square += v[i] * v[i];
    }
    for (int32_t j = 0; j < n; ++j) {
      double dot = 0;
      for (int32_t i = 0; i < n; ++i) {
        dot += v[i] * q[i * n + j];
      }
      for (int32_t i = 0; i < n; ++i) {
        q[i * n + j] -= 2 * dot / square * v[i];
      }
    }
  }
}

static double value_of(int32_t kind, int32_t i, int32_t n) {
  switch (kind) {
  case SINGULAR:
    return i == 0 ? 0 : normal();
  case NEARLY:
    return i == 0 ? pow(10, -8 - 10 * uniform()) : normal();
  case CLUSTERED:
    return 1 + i / 2 + pow(10, -4 - 12 * uniform()) * normal();
  case REPEATED:
    return 1 + i / 2;
  case GRADED:
    return pow(10, 24.0 * i / n - 12) * (uniform() < 0.5 ? -1 : 1);
  case ZERO_VALUES:
    return i < n / 2 + 1 ? 0 : 1 + i;
  default:
    return normal();
  }
}

/* u diag v^T; symmetric: v = u. */
static void compose(double *a, int32_t n, int32_t kind, int symmetric) {
  double u[MOST], v[MOST], values[SIZES];
  orthogonal(u, n);
  orthogonal(v, n);
  for (int32_t i = 0; i < n; ++i) {
    values[i] = value_of(kind, i, n);
  }
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      a[i * n + j] = 0;
      for (int32_t k = 0; k < n; ++k) {
        a[i * n + j] += u[i * n + k] * values[k] * (symmetric ? u : v)[j * n + k];
      }
      if (symmetric && j < i) {
        a[i * n + j] = a[j * n + i];
      }
    }
  }
}

static void scale(double *a, int32_t n, double factor) {
  for (int32_t i = 0; i < n * n; ++i) {
    a[i] *= factor;
  }
}

/* L U, or L L^T: unit triangular matrices of integers. */
static void unimodular(double *a, int32_t n, int symmetric) {
  double l[MOST], u[MOST];
  const double most = pow(2, 24 * uniform() / n);
  for (int32_t i = 0; i < n * n; ++i) {
    const int32_t row = i / n, col = i % n;
    l[i] = row == col ? 1 : row > col ? floor(most * normal()) : 0;
    u[col * n + row] = row == col ? 1 : row > col ? floor(most * normal()) : 0;
  }
  for (int32_t i = 0; i < n * n; ++i) {
    a[i] = 0;
    for (int32_t k = 0; k < n; ++k) {
      a[i] += l[i / n * n + k] * (symmetric ? l[i % n * n + k] : u[k * n + i % n]);
    }
  }
}

static void unbalance(double *a, int32_t n, int symmetric) {
  double rows[SIZES], cols[SIZES];
  for (int32_t i = 0; i < n; ++i) {
    rows[i] = pow(10, 140 * uniform() - 70);
    cols[i] = symmetric ? rows[i] : pow(10, 140 * uniform() - 70);
  }
  for (int32_t i = 0; i < n * n; ++i) {
    a[i] *= rows[i / n] * cols[i % n];
  }
}

/* The last row, and of symmetric matrices the last column, become those before. */
static void repeat_row(double *a, int32_t n, int symmetric) {
  for (int32_t j = 0; j < n; ++j) {
    a[(n - 1) * n + j] = n == 1 ? 0 : a[(n - 2) * n + j];
  }
  for (int32_t i = 0; i < n && symmetric && n > 1; ++i) {
    a[i * n + n - 1] = a[i * n + n - 2];
  }
}

void hostile_matrix(double *a, int32_t n, int32_t kind, int symmetric) {
  compose(a, n, kind, symmetric);
  for (int32_t i = 0; i < n * n; ++i) {
    const int32_t row = i / n, col = i % n;
    const double hilbert = 1.0 / (row + col + 1);
    const double wilkinson = row == col ? fabs(row - (n - 1) / 2.0) : abs(row - col) == 1;
    a[i] = kind == ZERO          ? 0
           : kind == HILBERT     ? hilbert
           : kind == WILKINSON   ? wilkinson
           : kind == PERMUTATION ? (row + col) % n == n - 1
                                 : a[i];
  }
  if (kind == UNIMODULAR) {
    unimodular(a, n, symmetric);
  } else if (kind == UNBALANCED) {
    unbalance(a, n, symmetric);
  } else if (kind == EQUAL_ROWS) {
    repeat_row(a, n, symmetric);
  }
  scale(a, n,
        kind == HUGE_ONES   ? 1e300
        : kind == TINY_ONES ? 1e-300
        : kind == DENORMAL  ? 1e-312
                            : 1);
  if (uniform() < 0.2 && kind != HUGE_ONES && kind != DENORMAL && kind != UNBALANCED) {
    scale(a, n, pow(10, 200 * uniform() - 100));
  }
}

void random_matrix(double *a, int32_t n, int symmetric) {
  for (int32_t i = 0; i < n * n; ++i) {
    a[i] = 20 * uniform() - 10;
  }
  for (int32_t i = 0; symmetric && i < n; ++i) {
    for (int32_t j = 0; j < i; ++j) {
      a[i * n + j] = a[j * n + i];
    }
  }
  if (uniform() < 0.3) { /* of any condition */
    double u[MOST], v[MOST];
    const double span = 14 * uniform();
    orthogonal(u, n);
    orthogonal(v, n);
    for (int32_t i = 0; i < n * n; ++i) {
      a[i] = 0;
      for (int32_t k = 0; k < n; ++k) {
        a[i] += u[i / n * n + k] * pow(10, -span * k / n) * (symmetric ? u : v)[i % n * n + k];
      }
    }
    for (int32_t i = 0; symmetric && i < n; ++i) {
      for (int32_t j = 0; j < i; ++j) {
        a[i * n + j] = a[j * n + i];
      }
    }
  }
}
