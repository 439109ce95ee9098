/* Linear attention whose weights, written down, solve problems on a graph (Cheng, Carin and Sra,
 * "Graph Transformers Dream of Electric Flow", 2024). Rows of Z are nodes: [B | blocks of n
 * columns], where B B^T = L is the Laplacian; with A the identity on B, Z A Z^T = L.
 *
 *   electric_flow GRAPH [LAYERS]   GRAPH: a connected one in Matrix Market format, symmetric and in
 *                                  coordinates, weights of edges or a pattern */
#include "example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_NODES = 100, MAX_EDGES = 300, MAX_LAYERS = 1000, LOWEST = 3 };

typedef struct graph {
  int n, m; /* nodes, edges */
  int ends[MAX_EDGES][2];
  double weights[MAX_EDGES];
  double values[MAX_NODES], vectors[MAX_NODES * MAX_NODES]; /* of L, by LAPACK */
} graph;

/* What stands in a block at first: scale (I - centre 11^T / n), all n columns or the first. */
typedef struct block {
  double scale, centre;
  int columns;
} block;

static int read_graph(graph *g, FILE *file) {
  char line[256];
  int cols = 0, read = 0;
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    int i = 0, j = 0;
    double weight = 1;
    if (line[0] != '%' && g->n == 0) {
      read = sscanf(line, "%d %d", &g->n, &cols) == 2;
    } else if (line[0] != '%' && sscanf(line, "%d %d %lf", &i, &j, &weight) >= 2 && i != j &&
               g->m < MAX_EDGES) {
      read = read && i >= 1 && i <= g->n && j >= 1 && j <= g->n && weight > 0;
      g->ends[g->m][0] = i - 1;
      g->ends[g->m][1] = j - 1;
      g->weights[g->m++] = weight;
    }
  }
  return read && g->n == cols && g->n > LOWEST && g->n <= MAX_NODES;
}

/* Eigenvalues and eigenvectors of the Laplacian, to compare with. */
static lat_status decompose(graph *g, lat_context *ctx) {
  static double l[MAX_NODES * MAX_NODES];
  lat_status status = LAT_OK;
  lat_task *task = NULL;
  lat_task_options options;
  const int n = g->n;
  const lat_matrix laplacian = {l, n, n, n, LAT_ROW_MAJOR};
  lat_matrix results[] = {{g->values, 1, n, n, LAT_ROW_MAJOR},
                          {g->vectors, n, n, n, LAT_ROW_MAJOR}};
  for (int e = 0; e < g->m; ++e) {
    const int i = g->ends[e][0], j = g->ends[e][1];
    l[i * (n + 1)] += g->weights[e];
    l[j * (n + 1)] += g->weights[e];
    l[i * n + j] -= g->weights[e];
    l[j * n + i] -= g->weights[e];
  }
  lat_task_options_init(&options);
  options.name = "eigenvectors";
  options.rows = n;
  TRY(lat_task_create(&task, ctx, &options));
  TRY(lat_task_answer_operands(results, 2, task, &laplacian, 1));
done:
  lat_task_free(task);
  return status;
}

/* matrix[from block, to block] = value I: blocks are 0, 1, ... of n columns behind B, or -1 for B.
 */
static void set(const graph *g, lat_linear *stack, int layer, int which, int from, int to,
                double value) {
  lat_matrix matrix;
  const int row = from < 0 ? 0 : g->m + from * g->n, col = to < 0 ? 0 : g->m + to * g->n;
  const lat_status status = lat_linear_matrix(&matrix, stack, layer, 0, which);
  for (int i = 0; status == LAT_OK && i < (from < 0 ? g->m : g->n); ++i) {
    matrix.data[(row + i) * matrix.ld + col + i] = value;
  }
}

/* Adds value times L of block `from` to block `to`. */
static void add_laplacian(const graph *g, lat_linear *stack, int layer, int from, int to,
                          double value) {
  set(g, stack, layer, LAT_LINEAR_A, -1, -1, 1);
  set(g, stack, layer, LAT_LINEAR_P, from, to, value);
}

static lat_linear *new_stack(const graph *g, lat_context *ctx, int layers, int blocks) {
  lat_linear *stack = NULL;
  return lat_linear_create(&stack, ctx, layers, 1, g->m + blocks * g->n) == LAT_OK ? stack : NULL;
}

/* Runs the stack `times` on these blocks; out (n, n) is block `answer` afterwards. Frees the stack.
 */
static lat_status run(double *out, const graph *g, lat_linear *stack, int times,
                      const block *blocks, int count, int answer) {
  const int n = g->n, width = g->m + count * n;
  double *z = calloc((size_t)n * (size_t)width, sizeof *z);
  for (int e = 0; e < g->m; ++e) {
    z[g->ends[e][0] * width + e] = sqrt(g->weights[e]);
    z[g->ends[e][1] * width + e] = -sqrt(g->weights[e]);
  }
  for (int i = 0; i < n * n * count; ++i) {
    const int b = i % count, row = i / count / n, col = i / count % n;
    z[row * width + g->m + b * n + col] =
        col < blocks[b].columns ? blocks[b].scale * ((row == col) - blocks[b].centre / n) : 0;
  }
  lat_status status = lat_linear_apply(z, stack, n, n);
  for (int t = 1; t < times && status == LAT_OK; ++t) {
    status = lat_linear_apply(z, stack, n, n);
  }
  for (int i = 0; i < n * n; ++i) {
    out[i] = z[i / n * width + g->m + answer * n + i % n];
  }
  free(z);
  lat_linear_free(stack);
  return status;
}

/* The largest |X v - f(l) v| by the largest f(l) = l^power exp(-s l), over eigenvectors v. */
static double error_of(const double *x, const graph *g, double power, double s) {
  double error = 0, size = 0;
  for (int k = power < 0; k < g->n; ++k) {
    const double exact = pow(g->values[k], power) * exp(-s * g->values[k]);
    double squares = 0;
    for (int i = 0; i < g->n; ++i) {
      double difference = -exact * g->vectors[i * g->n + k];
      for (int j = 0; j < g->n; ++j) {
        difference += x[i * g->n + j] * g->vectors[j * g->n + k];
      }
      squares += difference * difference;
    }
    error = fmax(error, sqrt(squares));
    size = fmax(size, exact);
  }
  return error / size;
}

static void show(const char *what, int layers, double error, double bound) {
  printf("%-20s %3d layers: error %.4e, bound %.4e\n", what, layers, error, bound);
}

/* Each layer adds `step` L of block `moved` to itself, and add[l] times block 0 to block 1. */
static lat_status iterate(double *x, const graph *g, lat_context *ctx, int layers, int moved,
                          double step, const double *add, double centre) {
  const block start[] = {{1, centre, g->n}, {0, 0, 0}};
  lat_linear *stack = new_stack(g, ctx, layers, 2);
  for (int l = 0; l < layers; ++l) {
    add_laplacian(g, stack, l, moved, moved, step);
    set(g, stack, l, LAT_LINEAR_S, 0, 1, add[l]);
  }
  return run(x, g, stack, 1, start, 2, centre != 0);
}

/* Electric flow: phi <- phi - delta (L phi - psi), the potentials of unit currents. Heat kernel:
 * (I - s L / layers)^layers at s lmax = 1. Resistive embedding: L^-1/2 by its binomial series. */
static lat_status series(double *x, const graph *g, lat_context *ctx, int layers) {
  static double flow[MAX_LAYERS], binomial[MAX_LAYERS], none[MAX_LAYERS];
  lat_status status = LAT_OK;
  const double low = g->values[1], high = g->values[g->n - 1];
  for (int l = 0; l < layers; ++l) {
    flow[l] = 2 / (low + high);
    binomial[l] = l == 0 ? sqrt(1 / high) : binomial[l - 1] * (2.0 * l - 1) / (2.0 * l);
  }
  TRY(iterate(x, g, ctx, layers, 1, -2 / (low + high), flow, 1));
  show("electric flow", layers, error_of(x, g, -1, 0), pow((high - low) / (high + low), layers));
  TRY(iterate(x, g, ctx, layers, 0, -1 / high / layers, none, 0));
  show("heat kernel", layers, error_of(x, g, 0, 1 / high), 4 / exp(2) / layers);
  TRY(iterate(x, g, ctx, layers, 0, -1 / high, binomial, 1));
  show("resistive embedding", layers, error_of(x, g, -0.5, 0), pow(1 - low / high, layers));
done:
  return status;
}

/* The first layer writes L beside the identity in block 0; then X <- 2 X - X L X in block 2. */
static lat_status newton(double *x, const graph *g, lat_context *ctx, int layers) {
  const double high = g->values[g->n - 1];
  const block start[] = {{1, 0, g->n}, {0, 0, 0}, {1 / high, 1, g->n}};
  lat_linear *stack = new_stack(g, ctx, layers + 1, 3);
  add_laplacian(g, stack, 0, 0, 1, 1);
  for (int l = 1; l <= layers; ++l) {
    set(g, stack, l, LAT_LINEAR_A, 2, 1, 1);
    set(g, stack, l, LAT_LINEAR_P, 2, 2, -1);
    set(g, stack, l, LAT_LINEAR_S, 2, 2, 1);
  }
  const lat_status status = run(x, g, stack, 1, start, 3, 2);
  show("Newton", layers, error_of(x, g, -1, 0), pow(1 - g->values[1] / high, pow(2, layers)));
  return status;
}

/* V <- V - L V / lmax, then V <- 1.5 V - 0.5 V V^T V, for LOWEST columns. */
static lat_status eigenvectors(double *x, const graph *g, lat_context *ctx, int steps) {
  double sine = 0;
  const int n = g->n;
  const block start[] = {{1, 0, LOWEST}};
  lat_linear *stack = new_stack(g, ctx, 2, 1);
  add_laplacian(g, stack, 0, 0, 0, -1 / g->values[n - 1]);
  set(g, stack, 1, LAT_LINEAR_A, 0, 0, 1);
  set(g, stack, 1, LAT_LINEAR_P, 0, 0, -0.5);
  set(g, stack, 1, LAT_LINEAR_S, 0, 0, 0.5);
  const lat_status status = run(x, g, stack, steps, start, 1, 0);
  for (int i = 0; i < (n - LOWEST) * LOWEST; ++i) { /* parts of V along the other eigenvectors */
    double part = 0;
    for (int r = 0; r < n; ++r) {
      part += g->vectors[r * n + LOWEST + i / LOWEST] * x[r * n + i % LOWEST];
    }
    sine += part * part;
  }
  printf("lowest %d eigenvectors, %d steps: sine of the angle %.1e\n", LOWEST, steps, sqrt(sine));
  return status;
}

static double resistance(const double *x, int n, int i, int j) {
  return x[i * (n + 1)] + x[j * (n + 1)] - x[i * n + j] - x[j * n + i];
}

int main(int argc, char **argv) {
  static graph g;
  static double x[MAX_NODES * MAX_NODES], foster;
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  const int layers = argc > 2 ? atoi(argv[2]) : 40;
  FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
  if (layers < 1 || layers > MAX_LAYERS || !read_graph(&g, file)) {
    fprintf(stderr, "usage: electric_flow GRAPH.mtx [LAYERS]\n");
    return EXIT_FAILURE;
  }
  fclose(file);
  TRY(lat_context_create(&ctx, NULL));
  TRY(decompose(&g, ctx));
  TRY(series(x, &g, ctx, 1));
  TRY(series(x, &g, ctx, layers));
  TRY(eigenvectors(x, &g, ctx, 200));
  TRY(newton(x, &g, ctx, 8));
  for (int e = 0; e < g.m; ++e) {
    foster += g.weights[e] * resistance(x, g.n, g.ends[e][0], g.ends[e][1]);
  }
  printf("resistances: r(0,1) %.9f, r(0,%d) %.9f; Foster's sum %.9f\n", resistance(x, g.n, 0, 1),
         g.n / 2, resistance(x, g.n, 0, g.n / 2), foster);
done:
  lat_context_free(ctx);
  return show_outcome(status);
}
