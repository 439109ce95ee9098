/* Gauss-Jordan elimination, two-sided and one-sided Jacobi in quadruple precision. */
#include "quad.h"

#include <math.h>

quad quad_abs(quad x) {
  return x < 0 ? -x : x;
}

/* Newton's iteration, begun at a power of four: the exponent is that of a quadruple number. */
quad quad_sqrt(quad x) {
  if (!(x > 0) || x > 1e300 * (quad)1e300 * 1e300 * 1e300) { /* infinity stays what it is */
    return x > 0 ? x : 0;
  }
  quad unit = 1;
  for (; x > 1e200; x /= 1e200) {
    unit *= 1e100;
  }
  for (; x < 1e-200; x *= 1e200) {
    unit /= 1e100;
  }
  quad root = sqrt((double)x);
  for (int i = 0; i < 3; ++i) {
    root = (root + x / root) / 2;
  }
  return root * unit;
}

static void swap(quad *a, quad *b) {
  const quad moved = *a;
  *a = *b;
  *b = moved;
}

int quad_inverse(quad *x, const double *a, int32_t n) {
  quad m[QUAD_MOST * QUAD_MOST];
  int32_t order[QUAD_MOST];
  for (int32_t i = 0; i < n * n; ++i) {
    m[i] = a[i];
    x[i] = i % (n + 1) == 0;
  }
  for (int32_t k = 0; k < n; ++k) {
    int32_t row = k, col = k;
    for (int32_t i = k; i < n; ++i) {
      for (int32_t j = k; j < n; ++j) {
        if (quad_abs(m[i * n + j]) > quad_abs(m[row * n + col])) {
          row = i;
          col = j;
        }
      }
    }
    if (m[row * n + col] == 0) {
      return 0;
    }
    order[k] = col;
    for (int32_t j = 0; j < n; ++j) {
      swap(&m[k * n + j], &m[row * n + j]);
      swap(&x[k * n + j], &x[row * n + j]);
    }
    for (int32_t i = 0; i < n; ++i) {
      swap(&m[i * n + k], &m[i * n + col]);
    }
    const quad pivot = m[k * n + k];
    for (int32_t j = 0; j < n; ++j) {
      m[k * n + j] /= pivot;
      x[k * n + j] /= pivot;
    }
    for (int32_t i = 0; i < n; ++i) {
      const quad factor = m[i * n + k];
      for (int32_t j = 0; j < n && i != k; ++j) {
        m[i * n + j] -= factor * m[k * n + j];
        x[i * n + j] -= factor * x[k * n + j];
      }
    }
  }
  for (int32_t k = n - 1; k >= 0; --k) {
    for (int32_t j = 0; j < n; ++j) {
      swap(&x[k * n + j], &x[order[k] * n + j]);
    }
  }
  return 1;
}

/* sum += b; what rounding takes away gathers in *rest. */
static void add(quad *sum, quad *rest, quad b) {
  const quad next = *sum + b, part = next - *sum;
  *rest += (*sum - (next - part)) + (b - part);
  *sum = next;
}

/* The leading 60 bits of x, whose product with a double is exact. */
static quad leading(quad x) {
  const quad large = x * (((quad)(UINT64_C(1) << 53)) + 1);
  return large - (large - x);
}

static quad largest(const double *row, int32_t n) {
  quad most = 0;
  for (int32_t j = 0; j < n; ++j) {
    most = quad_abs(row[j]) > most ? quad_abs(row[j]) : most;
  }
  return most;
}

quad quad_inverse_correction(quad *d, const quad *x, const double *a, int32_t n) {
  quad r[QUAD_MOST * QUAD_MOST], norm = 0;
  for (int32_t i = 0; i < n * n; ++i) {
    quad sum = i % (n + 1) == 0, rest = 0;
    for (int32_t k = 0; k < n; ++k) {
      const quad y = x[k * n + i % n], high = leading(y);
      add(&sum, &rest, -a[i / n * n + k] * high);
      add(&sum, &rest, -a[i / n * n + k] * (y - high));
    }
    r[i] = sum + rest;
    const quad scaled = r[i] * largest(a + i % n * n, n) / largest(a + i / n * n, n);
    norm += scaled * scaled;
  }
  for (int32_t i = 0; i < n * n; ++i) {
    d[i] = 0;
    for (int32_t k = 0; k < n; ++k) {
      d[i] += x[i / n * n + k] * r[k * n + i % n];
    }
  }
  return quad_sqrt(norm);
}

static void sort_descending(quad *values, int32_t n) {
  for (int32_t i = 1; i < n; ++i) {
    for (int32_t j = i; j > 0 && values[j - 1] < values[j]; --j) {
      swap(&values[j - 1], &values[j]);
    }
  }
}

/* The rotation that makes [p r; r q] diagonal: its tangent. */
static quad tangent(quad p, quad q, quad r) {
  const quad theta = (q - p) / (2 * r);
  const quad size = quad_abs(theta) + quad_sqrt(theta * theta + 1);
  return (theta < 0 ? -1 : 1) / size;
}

enum { SWEEPS = 40 };

void quad_eigenvalues(quad *values, const double *a, int32_t n) {
  quad m[QUAD_MOST * QUAD_MOST];
  for (int32_t i = 0; i < n * n; ++i) {
    m[i] = ((quad)a[i] + a[i % n * n + i / n]) / 2;
  }
  for (int32_t sweep = 0; sweep < SWEEPS; ++sweep) {
    for (int32_t p = 0; p < n; ++p) {
      for (int32_t q = p + 1; q < n; ++q) {
        const quad r = m[p * n + q];
        const quad size = quad_abs(m[p * n + p]) + quad_abs(m[q * n + q]);
        if (quad_abs(r) <= 1e-40 * size || r == 0) {
          continue;
        }
        const quad t = tangent(m[p * n + p], m[q * n + q], r);
        const quad c = 1 / quad_sqrt(t * t + 1), s = t * c;
        for (int32_t k = 0; k < n; ++k) {
          const quad x = m[k * n + p], y = m[k * n + q];
          m[k * n + p] = c * x - s * y;
          m[k * n + q] = s * x + c * y;
        }
        for (int32_t k = 0; k < n; ++k) {
          const quad x = m[p * n + k], y = m[q * n + k];
          m[p * n + k] = c * x - s * y;
          m[q * n + k] = s * x + c * y;
        }
      }
    }
  }
  for (int32_t i = 0; i < n; ++i) {
    values[i] = m[i * n + i];
  }
  sort_descending(values, n);
}

void quad_singular_values(quad *values, const double *a, int32_t rows, int32_t cols) {
  quad m[QUAD_MOST * QUAD_MOST];
  for (int32_t i = 0; i < rows * cols; ++i) {
    m[i] = a[i];
  }
  for (int32_t sweep = 0; sweep < SWEEPS; ++sweep) {
    for (int32_t p = 0; p < cols; ++p) {
      for (int32_t q = p + 1; q < cols; ++q) {
        quad pp = 0, qq = 0, pq = 0;
        for (int32_t k = 0; k < rows; ++k) {
          pp += m[k * cols + p] * m[k * cols + p];
          qq += m[k * cols + q] * m[k * cols + q];
          pq += m[k * cols + p] * m[k * cols + q];
        }
        if (pq == 0 || quad_abs(pq) <= 1e-33 * quad_sqrt(pp) * quad_sqrt(qq)) {
          continue;
        }
        const quad t = tangent(pp, qq, pq);
        const quad c = 1 / quad_sqrt(t * t + 1), s = t * c;
        for (int32_t k = 0; k < rows; ++k) {
          const quad x = m[k * cols + p], y = m[k * cols + q];
          m[k * cols + p] = c * x - s * y;
          m[k * cols + q] = s * x + c * y;
        }
      }
    }
  }
  for (int32_t j = 0; j < cols; ++j) {
    values[j] = 0;
    for (int32_t k = 0; k < rows; ++k) {
      values[j] += m[k * cols + j] * m[k * cols + j];
    }
    values[j] = quad_sqrt(values[j]);
  }
  sort_descending(values, cols);
}
