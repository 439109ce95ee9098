/* Products of third-order tensors as matrices of tubes: with a transform M along the tubes,
 * A * B = (Ahat . Bhat) x3 M^-1, where Ahat_i = sum_j M_ij A_j and . multiplies slice by slice. A
 * tensor is written as its slices, each below the one before it. M is the identity, the orthogonal
 * cosine transform, or that of Fourier, which makes the product a circular convolution of slices:
 * C_k = sum_j A_j B_(k - j). */
#include "task/relative_residual.h"

#include <math.h>

enum { IDENTITY, COSINE, CIRCULANT };

static const char *const transforms[] = {"identity", "dct", "circulant", NULL};

static void operand_shapes(lati_shape *operands, int32_t rows, int32_t slices) {
  operands[0] = operands[1] = (lati_shape){rows * slices, rows};
}

/* Slices of B have as many rows as those of A columns, which tells how many there are. */
static int32_t slices_of(lati_shape a, lati_shape b) {
  return b.rows / a.cols;
}

static int result_shapes(lati_shape *results, const lati_shape *operands) {
  const lati_shape a = operands[0], b = operands[1];
  const int32_t slices = slices_of(a, b);
  results[0] = (lati_shape){a.rows, b.cols};
  return slices > 0 && b.rows % a.cols == 0 && a.rows % slices == 0;
}

/* c (m x n) += a (m x k) b (k x n), all packed by rows. */
static void add_product(double *c, const double *a, const double *b, int32_t m, int32_t k,
                        int32_t n) {
  for (int32_t i = 0; i < m; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int32_t l = 0; l < k; ++l) {
        sum += a[i * k + l] * b[l * n + j];
      }
      c[i * n + j] += sum;
    }
  }
}

/* Row i, column j of the orthogonal cosine transform of length n. */
static double cosine(int32_t i, int32_t j, int32_t n) {
  const double scale = sqrt((i == 0 ? 1.0 : 2.0) / n);
  return scale * cos(acos(-1.0) * (2 * j + 1) * i / (2.0 * n));
}

/* to = from along the tubes by the transform, or back. */
static void transform(double *to, const double *from, int back, int32_t slices, int32_t values) {
  for (int32_t i = 0; i < slices; ++i) {
    for (int32_t e = 0; e < values; ++e) {
      double sum = 0;
      for (int32_t j = 0; j < slices; ++j) {
        sum += (back ? cosine(j, i, slices) : cosine(i, j, slices)) * from[j * values + e];
      }
      to[i * values + e] = sum;
    }
  }
}

typedef struct product {
  int32_t slices, m, k, n; /* slices of m x k times slices of k x n */
} product;

static product product_of(const lati_shape *input) {
  const int32_t slices = slices_of(input[0], input[1]);
  return (product){slices, input[0].rows / slices, input[0].cols, input[1].cols};
}

/* Both operands and the product, transformed. */
static size_t work_size(const lati_shape *input) {
  return (size_t)input[0].rows * (size_t)input[0].cols +
         (size_t)input[1].rows * (size_t)input[1].cols +
         (size_t)input[0].rows * (size_t)input[1].cols;
}

static void add_slice(double *c, const double *a, const double *b, const product *p, int32_t to,
                      int32_t i, int32_t j) {
  add_product(c + to * p->m * p->n, a + i * p->m * p->k, b + j * p->k * p->n, p->m, p->k, p->n);
}

static void facewise(double *c, const double *a, const double *b, const product *p) {
  for (int32_t i = 0; i < p->slices; ++i) {
    add_slice(c, a, b, p, i, i, i);
  }
}

static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  const lati_shape shapes[] = {{input[0].rows, input[0].cols}, {input[1].rows, input[1].cols}};
  const product p = product_of(shapes);
  const size_t values = lati_matrix_count(output);
  double *a = work, *b = a + lati_matrix_count(&input[0]), *c = b + lati_matrix_count(&input[1]);
  for (size_t i = 0; i < values; ++i) {
    output->data[i] = c[i] = 0;
  }
  if (task->transform == COSINE) {
    transform(a, input[0].data, 0, p.slices, p.m * p.k);
    transform(b, input[1].data, 0, p.slices, p.k * p.n);
    facewise(c, a, b, &p);
    transform(output->data, c, 1, p.slices, p.m * p.n);
  } else if (task->transform == IDENTITY) {
    facewise(output->data, input[0].data, input[1].data, &p);
  } else {
    for (int32_t i = 0; i < p.slices * p.slices; ++i) {
      const int32_t from = i / p.slices, to = i % p.slices;
      add_slice(output->data, input[0].data, input[1].data, &p, to, from,
                (to - from + p.slices) % p.slices);
    }
  }
  return LAT_OK;
}

const lati_task_kind lati_task_tproduct = {
    .name = "tproduct",
    .operands = {2, LATI_IN_TURN},
    .results = {1, LATI_IN_TURN},
    .letter = 'P',
    .degree = 2,
    .scaling = LATI_SCALE_ALL,
    .right_sides = 2,
    .transforms = transforms,
    .takes = "two tensors of as many slices, written one below the other, that can be multiplied",
    .operand_shapes = operand_shapes,
    .result_shapes = result_shapes,
    .work = work_size,
    .answer = answer,
    .residual = lati_residual_target,
};
