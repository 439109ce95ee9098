/* Tensors as matrices of tubes (Newman and Keegan, "Optimal Matrix-Mimetic Tensor Algebras via
 * Variable Projection", 2024): products under a transform M along the tubes, the truncated
 * decomposition that they have, and the M for which a tensor is best approximated, learned.
 *
 *   star_m [STARTS [STEPS]]   8 planted tensors, 20000 steps of descent at most
 */
#include "example.h"

#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tensor is K slices of R x C; truncated to RANK. */
enum { R = 12, C = 10, K = 4, RANK = 1, SLICE = R * C, TENSOR = K * SLICE, SIDE = R + C };

static lat_task *svd, *linear_system;

/* along_tubes NULL: the task has none. */
static lat_status create(lat_task **task, lat_context *ctx, const char *name, int rows, int cols,
                         const char *along_tubes) {
  lat_task_options options;
  lat_task_options_init(&options);
  options.name = name;
  options.rows = rows;
  options.cols = cols;
  options.transform = along_tubes;
  return lat_task_create(task, ctx, &options);
}

/* b = a x3 M, or a x3 M^T: slice i of b is the sum of M_ij times slice j of a. */
static void transform(double *b, const double *m, int transposed, const double *a) {
  memset(b, 0, TENSOR * sizeof *b);
  for (int i = 0; i < K; ++i) {
    for (int j = 0; j < K; ++j) {
      for (int s = 0; s < SLICE; ++s) {
        b[i * SLICE + s] += m[transposed ? j * K + i : i * K + j] * a[j * SLICE + s];
      }
    }
  }
}

static double dot(const double *a, const double *b, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

/* rest = ahat minus the truncated SVD of each slice; *phi half the sum of squares of the singular
 * values left out. */
static lat_status truncate(double *rest, double *phi, const double *ahat) {
  lat_status status = LAT_OK;
  *phi = 0;
  for (int i = 0; i < K; ++i) {
    double s[C], u[R * C], v[C * C], *slice = rest + i * SLICE;
    lat_matrix a = {slice, R, C, C, LAT_ROW_MAJOR};
    lat_matrix parts[] = {
        {s, 1, C, C, LAT_ROW_MAJOR}, {u, R, C, C, LAT_ROW_MAJOR}, {v, C, C, C, LAT_ROW_MAJOR}};
    memcpy(slice, ahat + i * SLICE, SLICE * sizeof *slice);
    TRY(lat_task_answer_operands(parts, 3, svd, &a, 1));
    for (int j = 0; j < C; ++j) {
      *phi += j < RANK ? 0 : s[j] * s[j] / 2;
      for (int e = 0; j < RANK && e < SLICE; ++e) {
        slice[e] -= u[e / C * C + j] * s[j] * v[e % C * C + j];
      }
    }
  }
done:
  return status;
}

/* Phi(M) and, unless g is NULL, its derivative g_ij = <(Ahat - Ahat_k)_i, A_j>. */
static lat_status objective(double *phi, double *g, const double *m, const double *a) {
  static double ahat[TENSOR], rest[TENSOR];
  transform(ahat, m, 0, a);
  const lat_status status = truncate(rest, phi, ahat);
  for (int i = 0; g != NULL && i < K * K; ++i) {
    g[i] = dot(rest + i / K * SLICE, a + i % K * SLICE, SLICE);
  }
  return status;
}

static void multiply(double *c, const double *a, const double *b, int transpose_b) {
  for (int i = 0; i < K * K; ++i) {
    c[i] = 0;
    for (int k = 0; k < K; ++k) {
      c[i] += a[i / K * K + k] * b[transpose_b ? i % K * K + k : k * K + i % K];
    }
  }
}

/* next = (I + W/2)^-1 (I - W/2) m for a skew W: orthogonal as m is. */
static lat_status cayley(double *next, const double *w, double step, const double *m) {
  double left[K * K], right[K * K], product[K * K];
  lat_matrix x = {next, K, K, K, LAT_ROW_MAJOR};
  for (int i = 0; i < K * K; ++i) {
    left[i] = (i % (K + 1) == 0) + step / 2 * w[i];
    right[i] = (i % (K + 1) == 0) - step / 2 * w[i];
  }
  multiply(product, right, m, 0);
  const lat_matrix operands[] = {{left, K, K, K, LAT_ROW_MAJOR}, {product, K, K, K, LAT_ROW_MAJOR}};
  return lat_task_answer_operands(&x, 1, linear_system, operands, 2);
}

/* Descends from m along skew(G M^T) by Cayley's transform, with Armijo's rule, until the truncation
 * is exact to rounding. */
static lat_status learn(double *m, const double *a, int steps) {
  lat_status status = LAT_OK;
  const double target = dot(a, a, TENSOR) * 1e-28;
  double phi = 0, g[K * K], w[K * K], product[K * K], next[K * K], below = 0, step = 1e-3;
  TRY(objective(&phi, g, m, a));
  for (int i = 0; i < steps && phi > target; ++i, step *= 4) {
    multiply(product, g, m, 1);
    for (int e = 0; e < K * K; ++e) {
      w[e] = product[e] - product[e % K * K + e / K];
    }
    const double slope = dot(w, w, K * K) / 2;
    do {
      step /= 2;
      TRY(cayley(next, w, step, m));
      TRY(objective(&below, NULL, next, a));
    } while (below > phi - 1e-4 * step * slope && step * slope > 1e-18 * phi);
    memcpy(m, next, sizeof next);
    TRY(objective(&phi, g, m, a));
  }
done:
  return status;
}

/* Slices of rank 1 under a random orthogonal transform, seen without it. */
static lat_status plant(double *a) {
  double ahat[TENSOR], w[K * K] = {0}, m[K * K] = {0}, q[K * K];
  for (int i = 0; i < K; ++i) {
    double u[SIDE] = {0};
    const double *v = u + R;
    for (int e = 0; e < SIDE; ++e) {
      u[e] = random_normal();
    }
    for (int e = 0; e < SLICE; ++e) {
      ahat[i * SLICE + e] = u[e / C] * v[e % C];
    }
    for (int j = 0; j < i; ++j) {
      w[i * K + j] = random_normal();
      w[j * K + i] = -w[i * K + j];
    }
    m[i * (K + 1)] = 1;
  }
  const lat_status status = cayley(q, w, 2, m);
  transform(a, q, 1, ahat);
  return status;
}

static void set_identity(double *m) {
  for (int i = 0; i < K * K; ++i) {
    m[i] = i % (K + 1) == 0;
  }
}

/* The derivative against central differences, and |A - A_k|^2 against the singular values. */
static lat_status check(const double *a) {
  lat_status status = LAT_OK;
  static double ahat[TENSOR], rest[TENSOR], error[TENSOR];
  double m[K * K], g[K * K], phi = 0, above = 0, below = 0, worst = 0, largest = 0;
  set_identity(m);
  TRY(objective(&phi, g, m, a));
  for (int i = 0; i < K * K; ++i) {
    const double kept = m[i], step = 1e-5;
    m[i] = kept + step;
    TRY(objective(&above, NULL, m, a));
    m[i] = kept - step;
    TRY(objective(&below, NULL, m, a));
    m[i] = kept;
    worst = fmax(worst, fabs((above - below) / (2 * step) - g[i]));
    largest = fmax(largest, fabs(g[i]));
  }
  TRY(plant(ahat)); /* any tensor, under the identity */
  TRY(truncate(rest, &phi, ahat));
  transform(error, m, 1, rest);
  printf("gradient against differences: %.1e; Eckart-Young: %.1e\n", worst / largest,
         fabs(dot(error, error, TENSOR) / (2 * phi) - 1));
done:
  return status;
}

/* The t-product by the discrete Fourier transform along tubes, against the library's task, which
 * multiplies by block circulants. */
static lat_status compare_products(lat_context *ctx) {
  enum { N = 5, S = N * N };
  lat_status status = LAT_OK;
  lat_task *task = NULL;
  double x[2][K * S], y[K * S], worst = 0, largest = 0;
  const lat_matrix operands[] = {{x[0], K * N, N, N, LAT_ROW_MAJOR},
                                 {x[1], K * N, N, N, LAT_ROW_MAJOR}};
  lat_matrix product = {y, K * N, N, N, LAT_ROW_MAJOR};
  for (int i = 0; i < 2 * K * S; ++i) {
    x[i / (K * S)][i % (K * S)] = random_normal();
  }
  TRY(create(&task, ctx, "tproduct", N, K, "circulant"));
  TRY(lat_task_answer_operands(&product, 1, task, operands, 2));
  for (int e = 0; e < K * S; ++e) { /* entry e of the product, by the inverse transform */
    double complex sum = 0;
    for (int f = 0; f < K * N * K * K; ++f) {
      const int w = f % K, a = f / K % K, b = f / K / K % K, l = f / K / K / K;
      const double *left = x[0] + a * S + e % S / N * N, *right = x[1] + b * S + e % N;
      sum += left[l] * right[l * N] * cexp(2 * I * acos(-1.0) * w * (e / S - a - b) / K) / K;
    }
    worst = fmax(worst, cabs(sum - y[e]));
    largest = fmax(largest, fabs(y[e]));
  }
  printf("t-product by Fourier transform against block circulant: %.1e\n", worst / largest);
done:
  lat_task_free(task);
  return status;
}

int main(int argc, char **argv) {
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  int exact = 0;
  const int starts = argc > 1 ? atoi(argv[1]) : 8, steps = argc > 2 ? atoi(argv[2]) : 20000;
  static double a[TENSOR];
  TRY(lat_context_create(&ctx, NULL));
  TRY(create(&svd, ctx, "svd", R, C, NULL));
  TRY(create(&linear_system, ctx, "linear-system", K, K, NULL));
  TRY(compare_products(ctx));
  for (int s = 0; s < starts; ++s) {
    double m[K * K], before = 0, after = 0;
    set_identity(m);
    TRY(plant(a));
    if (s == 0) {
      TRY(check(a));
    }
    TRY(objective(&before, NULL, m, a));
    TRY(learn(m, a, steps));
    TRY(objective(&after, NULL, m, a));
    exact += 2 * after < 1e-24 * dot(a, a, TENSOR);
    printf("planted tensor %d: relative error %.2f under the identity, %.1e under the learned M\n",
           s + 1, sqrt(2 * before / dot(a, a, TENSOR)), sqrt(2 * after / dot(a, a, TENSOR)));
  }
  printf("below 1e-12: %d of %d\n", exact, starts);
done:
  lat_task_free(linear_system);
  lat_task_free(svd);
  lat_context_free(ctx);
  return show_outcome(status);
}
