/* Learned inverses inside a numerical code: conjugate gradients with a block-Jacobi preconditioner,
 * whose 5 x 5 blocks a model inverts. Every answer is refined and certified before it is used, and
 * LAPACK answers where the model's is not in reach of refinement, so the iteration cannot tell the
 * difference: the same number of steps and the same solution as with LAPACK's inverses.
 *
 *   block_jacobi [MODEL] [NODES]     a model of 5x5 inverses (inverse-5x5), nodes along a side (12)
 *
 * The problem: five species that diffuse on a square of NODES x NODES nodes and react with each
 * other at each node, at rates that differ by a factor of 10,000 from node to node,
 *
 *   A = L (x) I + diag(C_1, ..., C_N),
 *
 * with the Laplacian L of five points, and symmetric positive definite C_p. The preconditioner
 * inverts the diagonal blocks D_p = 4 I + C_p. */
#include "example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5, BLOCK = N * N, BATCH = 128, MOST_STEPS = 10000 };

typedef struct block_system {
  int side, count;  /* nodes along a side, and altogether */
  double *blocks;   /* count x N x N: D_p */
  double *inverses; /* count x N x N: approximately D_p^-1; NULL: no preconditioner */
} block_system;

/* In [-1, 1), from a generator of fixed seed. */
static double uniform(void) {
  static uint64_t bits = 88172645463325252u;
  bits ^= bits << 13;
  bits ^= bits >> 7;
  bits ^= bits << 17;
  return (double)(bits >> 11) * 0x1p-52 - 1;
}

/* D = 4 I + rate B^T B of random B. */
static void fill_block(double *d) {
  double b[BLOCK];
  const double rate = pow(10, 2 * uniform());
  for (int i = 0; i < BLOCK; ++i) {
    b[i] = uniform();
  }
  for (int i = 0; i < BLOCK; ++i) {
    d[i] = i % (N + 1) == 0 ? 4 : 0;
    for (int k = 0; k < N; ++k) {
      d[i] += rate * b[k * N + i / N] * b[k * N + i % N];
    }
  }
}

/* y <- M x of a block M. */
static void multiply_block(double *y, const double *m, const double *x) {
  for (int i = 0; i < N; ++i) {
    y[i] = 0;
    for (int j = 0; j < N; ++j) {
      y[i] += m[i * N + j] * x[j];
    }
  }
}

static void subtract_neighbour(double *y, const double *x, int there) {
  for (int i = 0; there && i < N; ++i) {
    y[i] -= x[i];
  }
}

/* y <- A x. */
static void apply(double *y, const block_system *s, const double *x) {
  for (int p = 0; p < s->count; ++p) {
    const int row = p / s->side, col = p % s->side;
    multiply_block(y + p * N, s->blocks + p * BLOCK, x + p * N);
    subtract_neighbour(y + p * N, x + (p - 1) * N, col > 0);
    subtract_neighbour(y + p * N, x + (p + 1) * N, col + 1 < s->side);
    subtract_neighbour(y + p * N, x + (p - s->side) * N, row > 0);
    subtract_neighbour(y + p * N, x + (p + s->side) * N, row + 1 < s->side);
  }
}

/* z <- M^-1 r. */
static void precondition(double *z, const block_system *s, const double *r) {
  if (s->inverses == NULL) {
    memcpy(z, r, (size_t)(s->count * N) * sizeof *z);
    return;
  }
  for (int p = 0; p < s->count; ++p) {
    multiply_block(z + p * N, s->inverses + p * BLOCK, r + p * N);
  }
}

static double dot(const double *a, const double *b, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

/* Solves A x = b to |b - A x| <= 1e-10 |b|; returns the number of steps. work: 4 vectors. */
static int conjugate_gradients(double *x, const block_system *s, const double *b, double *work) {
  const int n = s->count * N;
  double *r = work, *z = r + n, *p = z + n, *q = p + n;
  memset(x, 0, (size_t)n * sizeof *x);
  memcpy(r, b, (size_t)n * sizeof *r);
  precondition(z, s, r);
  memcpy(p, z, (size_t)n * sizeof *p);
  double rz = dot(r, z, n);
  const double goal = 1e-10 * sqrt(dot(b, b, n));
  int step = 0;
  for (; step < MOST_STEPS && sqrt(dot(r, r, n)) > goal; ++step) {
    apply(q, s, p);
    const double alpha = rz / dot(p, q, n);
    for (int i = 0; i < n; ++i) {
      x[i] += alpha * p[i];
      r[i] -= alpha * q[i];
    }
    precondition(z, s, r);
    const double next = dot(r, z, n), beta = next / rz;
    rz = next;
    for (int i = 0; i < n; ++i) {
      p[i] = z[i] + beta * p[i];
    }
  }
  return step;
}

/* What became of the model's answers. */
typedef struct tally {
  int model, refined, lapack, uncertified;
  double worst_bound;
} tally;

static void count_report(tally *t, const lat_report *report) {
  t->model += report->source == LAT_SOURCE_MODEL;
  t->refined += report->source == LAT_SOURCE_REFINED;
  t->lapack += report->source == LAT_SOURCE_LAPACK;
  t->uncertified += report->verdict != LAT_VERDICT_CERTIFIED;
  t->worst_bound = fmax(t->worst_bound, report->error_bound);
}

/* The inverses of all blocks by the model, in batches. */
static lat_status invert_blocks(double *inverses, tally *t, lat_model *model,
                                const block_system *s) {
  lat_status status = LAT_OK;
  lat_solver *solver = NULL;
  lat_matrix a[BATCH], x[BATCH];
  lat_report reports[BATCH];
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.refine = 30;    /* steps of Newton and Schulz, at most */
  options.candidates = 4; /* another try where the first is out of reach */
  options.fallback = 1;
  TRY(lat_solver_create(&solver, model, &options));
  for (int first = 0; first < s->count; first += BATCH) {
    const int count = s->count - first < BATCH ? s->count - first : BATCH;
    for (int i = 0; i < count; ++i) {
      const ptrdiff_t place = (ptrdiff_t)(first + i) * BLOCK;
      a[i] = (lat_matrix){s->blocks + place, N, N, N, LAT_ROW_MAJOR};
      x[i] = (lat_matrix){inverses + place, N, N, N, LAT_ROW_MAJOR};
      lat_report_init(&reports[i]);
    }
    TRY(lat_solver_solve_many(x, reports, solver, a, count));
    for (int i = 0; i < count; ++i) {
      count_report(t, &reports[i]);
    }
  }
done:
  lat_solver_free(solver);
  return status;
}

static lat_status invert_by_lapack(double *inverses, lat_context *ctx, const block_system *s) {
  lat_status status = LAT_OK;
  lat_task *task = NULL;
  TRY(create_task(&task, ctx, "inverse", N));
  for (int p = 0; p < s->count; ++p) {
    const lat_matrix a = {s->blocks + p * BLOCK, N, N, N, LAT_ROW_MAJOR};
    lat_matrix x = {inverses + p * BLOCK, N, N, N, LAT_ROW_MAJOR};
    TRY(lat_task_answer(&x, task, &a));
  }
done:
  lat_task_free(task);
  return status;
}

static double distance(const double *a, const double *b, int count) {
  double most = 0;
  for (int i = 0; i < count; ++i) {
    most = fmax(most, fabs(a[i] - b[i]));
  }
  return most;
}

static lat_status compare(lat_context *ctx, lat_model *model, block_system *s, double *memory) {
  lat_status status = LAT_OK;
  const int n = s->count * N;
  double *learned = memory + s->count * BLOCK, *exact = learned + s->count * BLOCK;
  double *b = exact + s->count * BLOCK, *x = b + n, *y = x + n, *work = y + n;
  tally t = {.worst_bound = 0};
  s->blocks = memory;
  for (int p = 0; p < s->count; ++p) {
    fill_block(s->blocks + p * BLOCK);
  }
  for (int i = 0; i < n; ++i) {
    b[i] = uniform();
  }
  TRY(invert_blocks(learned, &t, model, s));
  TRY(invert_by_lapack(exact, ctx, s));
  printf(
      "%d blocks: %d as decoded, %d refined, %d by LAPACK; %d not certified, errors below %.1e\n",
      s->count, t.model, t.refined, t.lapack, t.uncertified, t.worst_bound);
  printf("no preconditioner:  %5d steps\n", conjugate_gradients(x, s, b, work));
  s->inverses = exact;
  printf("LAPACK's inverses:  %5d steps\n", conjugate_gradients(y, s, b, work));
  s->inverses = learned;
  printf("learned inverses:   %5d steps", conjugate_gradients(x, s, b, work));
  printf(", solution within %.1e of that with LAPACK's\n", distance(x, y, n));
done:
  return status;
}

int main(int argc, char **argv) {
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_model *model = NULL;
  const char *name = argc > 1 ? argv[1] : "inverse-5x5";
  block_system s = {.side = argc > 2 ? atoi(argv[2]) : 12};
  s.side = s.side < 1 ? 1 : s.side > 100 ? 100 : s.side;
  s.count = s.side * s.side;
  double *memory = calloc((size_t)s.count * (3 * BLOCK + 7 * N), sizeof *memory);
  if (memory == NULL) {
    fprintf(stderr, "out of memory\n");
    return EXIT_FAILURE;
  }
  TRY(lat_context_create(&ctx, NULL));
  TRY(strchr(name, '.') != NULL ? lat_model_load(&model, ctx, name, NULL)
                                : lat_model_load_named(&model, ctx, NULL, name, NULL));
  TRY(compare(ctx, model, &s, memory));
done:
  lat_model_free(model);
  lat_context_free(ctx);
  free(memory);
  return show_outcome(status);
}
