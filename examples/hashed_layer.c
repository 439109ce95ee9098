/* A linear map by table lookups (after "MemoryFormer", 2024): x is cut into chunks z of TAU values,
 * y = sum_k p(z_k) T_k[signs of z_k] with p = prod_i sigma(2 |z_i| / t). What such a layer computes
 * exactly, its gradients, and how far it approximates W x.
 *
 *   hashed_layer [EXAMPLES]   to fit tables to: 400000 unless said
 */
#include "example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values of a chunk, chunks, outputs, rows of a table. */
enum { TAU = 4, CHUNKS = 2, IN = TAU * CHUNKS, OUT = 3, ROWS = 1 << TAU };
#define T 1.0

typedef double tables[CHUNKS][ROWS][OUT];

static double sigmoid(double x) {
  return 1 / (1 + exp(-x));
}

/* The row that the signs of a chunk name, and its factor p. */
static int row_of(double *p, const double *z) {
  int row = 0;
  *p = 1;
  for (int i = 0; i < TAU; ++i) {
    row |= (z[i] > 0) << i;
    *p *= sigmoid(2 * fabs(z[i]) / T);
  }
  return row;
}

static void forward(double *y, tables t, const double *x) {
  memset(y, 0, OUT * sizeof *y);
  for (int k = 0; k < CHUNKS; ++k) {
    double p = 0;
    const double *row = t[k][row_of(&p, x + k * TAU)];
    for (int o = 0; o < OUT; ++o) {
      y[o] += p * row[o];
    }
  }
}

/* d_t += and d_x = the gradients of a loss whose gradient of y is d_y: dT[row] = p dy, and
 * dp/dz_i = p (2/t) sign(z_i) (1 - sigma(2 |z_i| / t)). */
static void backward(tables d_t, double *d_x, tables t, const double *x, const double *d_y) {
  for (int k = 0; k < CHUNKS; ++k) {
    double p = 0, d_p = 0;
    const int row = row_of(&p, x + k * TAU);
    for (int o = 0; o < OUT; ++o) {
      d_t[k][row][o] += p * d_y[o];
      d_p += t[k][row][o] * d_y[o];
    }
    for (int i = k * TAU; i < (k + 1) * TAU; ++i) {
      d_x[i] = d_p * p * 2 / T * (x[i] > 0 ? 1 : -1) * (1 - sigmoid(2 * fabs(x[i]) / T));
    }
  }
}

static void map(double *y, double w[OUT][IN], const double *x, int from, int to) {
  for (int o = 0; o < OUT; ++o) {
    y[o] = 0;
    for (int i = from; i < to; ++i) {
      y[o] += w[o][i] * x[i];
    }
  }
}

/* T_k[b] = W_k (c b) / p(c): exact on all x of +-c. */
static void check_exactness(double w[OUT][IN]) {
  const double c = 0.7;
  tables t;
  double worst = 0;
  for (int k = 0; k < CHUNKS; ++k) {
    for (int b = 0; b < ROWS; ++b) {
      double x[IN] = {0}, p = 0;
      for (int i = 0; i < TAU; ++i) {
        x[k * TAU + i] = b >> i & 1 ? c : -c;
      }
      row_of(&p, x + k * TAU);
      map(t[k][b], w, x, k * TAU, (k + 1) * TAU);
      for (int o = 0; o < OUT; ++o) {
        t[k][b][o] /= p;
      }
    }
  }
  for (int b = 0; b < ROWS * ROWS; ++b) {
    double x[IN], y[OUT], exact[OUT];
    for (int i = 0; i < IN; ++i) {
      x[i] = b >> i & 1 ? c : -c;
    }
    forward(y, t, x);
    map(exact, w, x, 0, IN);
    for (int o = 0; o < OUT; ++o) {
      worst = fmax(worst, fabs(y[o] - exact[o]));
    }
  }
  printf("exact on +-c: error %.1e at most\n", worst);
}

static double loss(tables t, const double *x, const double *d_y) {
  double y[OUT], sum = 0;
  forward(y, t, x);
  for (int o = 0; o < OUT; ++o) {
    sum += d_y[o] * y[o];
  }
  return sum;
}

static double difference(double *value, tables t, const double *x, const double *d_y) {
  const double kept = *value, step = 1e-6;
  *value = kept + step;
  const double above = loss(t, x, d_y);
  *value = kept - step;
  const double below = loss(t, x, d_y);
  *value = kept;
  return (above - below) / (2 * step);
}

static void check_gradients(void) {
  tables t, d_t = {{{0}}};
  double x[IN], d_x[IN], d_y[OUT], worst = 0;
  double *values = &t[0][0][0], *gradient = &d_t[0][0][0];
  for (int i = 0; i < CHUNKS * ROWS * OUT; ++i) {
    values[i] = random_normal();
  }
  for (int i = 0; i < IN; ++i) { /* away from 0, where signs change */
    x[i] = i % 2 ? -0.1 - random_uniform() : 0.1 + random_uniform();
  }
  for (int o = 0; o < OUT; ++o) {
    d_y[o] = random_normal();
  }
  backward(d_t, d_x, t, x, d_y);
  for (int i = 0; i < IN; ++i) {
    worst = fmax(worst, fabs(difference(&x[i], t, x, d_y) - d_x[i]));
  }
  for (int i = 0; i < CHUNKS * ROWS * OUT; ++i) {
    worst = fmax(worst, fabs(difference(&values[i], t, x, d_y) - gradient[i]));
  }
  printf("gradients against differences: %.1e\n", worst);
}

/* Expectations of a standard normal z: |z| s, s and s^2 with s = sigma(2 |z| / t). */
static double theory(void) {
  double a = 0, b = 0, c = 0;
  for (int i = 0; i < 200000; ++i) {
    const double z = (i + 0.5) * 5e-5, s = sigmoid(2 * z / T);
    const double weight = 2 * exp(-z * z / 2) / sqrt(2 * acos(-1.0)) * 5e-5;
    a += weight * z * s;
    b += weight * s;
    c += weight * s * s;
  }
  return 1 - a * a * pow(b, 2 * TAU - 2) / pow(c, TAU);
}

/* Least squares for W x of normal x. By symmetry of signs a chunk's row is fitted alone, to its own
 * part of W x: T_k[b] = E[p W_k z] / E[p^2], given the signs. */
static void fit(double w[OUT][IN], int examples) {
  static tables t, products;
  static double squares[CHUNKS][ROWS];
  double wrong = 0, all = 0;
  for (int e = 0; e < 2 * examples; ++e) { /* the second half tests */
    double x[IN], y[OUT], exact[OUT];
    for (int i = 0; i < IN; ++i) {
      x[i] = random_normal();
    }
    for (int k = 0; k < CHUNKS && e < examples; ++k) {
      double p = 0;
      const int row = row_of(&p, x + k * TAU);
      map(exact, w, x, k * TAU, (k + 1) * TAU);
      squares[k][row] += p * p;
      for (int o = 0; o < OUT; ++o) {
        products[k][row][o] += p * exact[o];
        t[k][row][o] = products[k][row][o] / squares[k][row];
      }
    }
    if (e >= examples) {
      forward(y, t, x);
      map(exact, w, x, 0, IN);
      for (int o = 0; o < OUT; ++o) {
        wrong += (y[o] - exact[o]) * (y[o] - exact[o]);
        all += exact[o] * exact[o];
      }
    }
  }
  printf("normal inputs: relative squared error %.4f, theory %.4f\n", wrong / all, theory());
}

int main(int argc, char **argv) {
  double w[OUT][IN];
  const int examples = argc > 1 ? atoi(argv[1]) : 400000;
  for (int i = 0; i < OUT * IN; ++i) {
    w[i / IN][i % IN] = random_normal();
  }
  check_exactness(w);
  check_gradients();
  fit(w, examples);
  return EXIT_SUCCESS;
}
