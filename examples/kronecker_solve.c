/* Systems larger than their parts: a Kronecker product A (x) B is solved by solving with A and B,
 * and a small trained model answers for matrices that it was never trained on.
 *
 *   kronecker_solve M N                solves an M N x M N system, beside the dense way
 *   kronecker_solve M N MODEL [PAIRS]  and answers for products, sums and block diagonals of
 * matrices that the model (eigenvalues, inverse) was trained on
 */
#include "example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCKS = 8 };

/* Processor time, so that other work on the machine does not count. */
static double seconds(void) {
  return (double)clock() / CLOCKS_PER_SEC;
}

/* sum |x - y| / sum |y|. */
static double relative_error(const double *x, const double *y, int64_t count) {
  double error = 0, size = 0;
  for (int64_t i = 0; i < count; ++i) {
    error += fabs(x[i] - y[i]);
    size += fabs(y[i]);
  }
  return error == 0 ? 0 : error / size;
}

/* Uniform entries in -1..1, and a diagonal that dominates. */
static void draw(double *a, int32_t n) {
  for (int64_t i = 0; i < (int64_t)n * n; ++i) {
    a[i] = 2.0 * rand() / RAND_MAX - 1 + (i % (n + 1) == 0 ? n : 0);
  }
}

/* Solves the Kronecker product of matrices, factorised here; *least: the shortest time so far. */
static lat_status solve(double *least, double *x, double *ax, lat_context *ctx,
                        const lat_matrix *matrices, int32_t count, const double *rhs) {
  lat_status status = LAT_OK;
  lat_operator *parts[2] = {NULL, NULL}, *product = NULL;
  const double start = seconds();
  for (int32_t i = 0; i < count; ++i) {
    TRY(lat_operator_create_dense(&parts[i], ctx, &matrices[i]));
  }
  TRY(lat_operator_create_kronecker(&product, parts, count));
  TRY(lat_operator_solve(x, product, rhs, 1));
  *least = fmin(*least, seconds() - start);
  TRY(lat_operator_apply(ax, product, x, 1));
done:
  lat_operator_free(product);
  lat_operator_free(parts[1]);
  lat_operator_free(parts[0]);
  return status;
}

static lat_status solve_directly(lat_context *ctx, int32_t m, int32_t n) {
  lat_status status = LAT_OK;
  const int32_t size = m * n;
  double *x = calloc((size_t)size * ((size_t)size + 4) + (size_t)(m * m + n * n), sizeof *x);
  double *y = x + size, *rhs = y + size, *ax = rhs + size, *a = ax + size, *b = a + m * m;
  double *whole = b + n * n, fast = INFINITY, slow = INFINITY;
  const lat_matrix parts[2] = {{a, m, m, m, LAT_ROW_MAJOR}, {b, n, n, n, LAT_ROW_MAJOR}};
  const lat_matrix dense = {whole, size, size, size, LAT_ROW_MAJOR};
  draw(a, m);
  draw(b, n);
  for (int64_t i = 0; i < size; ++i) {
    rhs[i] = 1;
    for (int64_t j = 0; j < size; ++j) {
      whole[i * size + j] = a[i / n * m + j / n] * b[i % n * n + j % n];
    }
  }
  for (int turn = 0; turn < 3; ++turn) {
    TRY(solve(&slow, y, ax, ctx, &dense, 1, rhs));
    TRY(solve(&fast, x, ax, ctx, parts, 2, rhs));
  }
  printf("%d x %d system of %d x %d and %d x %d: residual %.1e, %.1e from the dense answer\n", size,
         size, m, m, n, n, relative_error(ax, rhs, size), relative_error(x, y, size));
  printf("%.2e s; dense %.2e s, %.0f times as long\n", fast, slow, slow / fast);
done:
  free(x);
  return status;
}

/* Error of what a model answered about a matrix `op`: of eigenvalues against those of `exact`, of
 * an inverse X the sum of |A X - I|, divided by that of |I|. Both are what models are scored by. */
static lat_status error_of(double *error, const lat_operator *op, const lat_operator *exact,
                           int values) {
  lat_status status = LAT_OK;
  const int64_t n = lat_operator_size(op);
  double *x = calloc(2 * (size_t)(n * n), sizeof *x), *unit = x + n * n;
  for (int64_t i = 0; i < n; ++i) {
    unit[i * (n + 1)] = 1;
  }
  if (values) {
    TRY(lat_operator_eigenvalues(x, NULL, op));
    TRY(lat_operator_eigenvalues(unit, NULL, exact));
  } else {
    TRY(lat_operator_solve(x, op, unit, n));
    TRY(lat_operator_apply(x, op, x, n));
  }
  *error = relative_error(x, unit, values ? n : n * n);
done:
  free(x);
  return status;
}

typedef struct group {
  lat_operator *learned[BLOCKS], *exact[BLOCKS];
  double errors[BLOCKS];
} group;

static void free_group(group *g) {
  for (int i = 0; i < BLOCKS; ++i) {
    lat_operator_free(g->learned[i]);
    lat_operator_free(g->exact[i]);
  }
  *g = (group){0};
}

static lat_status ask(group *g, int *certified, lat_context *ctx, lat_solver *solver,
                      const lat_batch *batch, int values) {
  lat_status status = LAT_OK;
  for (int i = 0; i < BLOCKS; ++i) {
    lat_matrix a;
    lat_report report;
    lat_report_init(&report);
    TRY(lat_batch_matrix(&a, batch, LAT_INPUT, i));
    TRY(lat_operator_create_learned(&g->learned[i], &report, solver, &a));
    TRY(lat_operator_create_dense(&g->exact[i], ctx, &a));
    TRY(error_of(&g->errors[i], g->learned[i], g->exact[i], values));
    *certified += report.verdict == LAT_VERDICT_CERTIFIED;
  }
done:
  return status;
}

/* Error of `count` leaves combined, from leaf `first` on. */
typedef lat_status combination(lat_operator **out, lat_operator *const *parts, int32_t count);
static lat_status combined_error(double *error, const group *g, int first, int count,
                                 combination *combine, int values) {
  lat_operator *learned = NULL, *exact = NULL;
  lat_status status = LAT_OK;
  TRY(combine(&learned, g->learned + first, count));
  TRY(combine(&exact, g->exact + first, count));
  TRY(error_of(error, learned, exact, values));
done:
  lat_operator_free(exact);
  lat_operator_free(learned);
  return status;
}

/* What is counted over all groups of leaves, of which neighbours are pairs. */
typedef struct tally {
  int pairs, leaves_right, certified, pairs_right, products_right, above_bound, size;
  int blocks_right[BLOCKS + 1];
  double worst;
} tally;

static lat_status count_group(tally *t, const group *g, int values) {
  lat_status status = LAT_OK;
  double error = 0, largest = 0;
  for (int i = 1; i < BLOCKS; i += 2) {
    const double e = g->errors[i - 1], f = g->errors[i];
    TRY(combined_error(&error, g, i - 1, 2, lat_operator_create_kronecker, values));
    ++t->pairs;
    t->leaves_right += (e <= 0.05) + (f <= 0.05);
    t->pairs_right += e <= 0.05 && f <= 0.05;
    t->products_right += error <= 0.1025;
    t->above_bound += !(error <= (e + f + e * f) * (1 + 1e-9) + 1e-12);
    t->worst = fmax(t->worst, error);
    largest = fmax(largest, fmax(e, f));
    TRY(combined_error(&error, g, 0, i + 1, lat_operator_create_block_diagonal, values));
    t->blocks_right[i + 1] += error <= 0.05;
    t->above_bound += !(error <= largest * (1 + 1e-9) + 1e-12);
  }
done:
  return status;
}

static void show_tally(const tally *t, const char *task, const char *how) {
  const int n = t->size, pairs = t->pairs, groups = 2 * pairs / BLOCKS;
  const double p = 0.5 * t->leaves_right / pairs, percent = 100.0 / pairs;
  printf("%s of %d x %d, %s: %.2f %% of %d within 5 %%, %.2f %% certified\n", task, n, n, how,
         100 * p, 2 * pairs, percent * t->certified / 2);
  printf(
      "Kronecker products, %d x %d: %.2f %% of %d within 10.25 %%, both factors right in %.2f %%, "
      "p^2 = %.2f %%; largest error %.1e\n",
      n * n, n * n, percent * t->products_right, pairs, percent * t->pairs_right, 100 * p * p,
      t->worst);
  for (int k = 2; k <= BLOCKS; k += 2) {
    printf("block diagonals, %d x %d: %.2f %% of %d within 5 %%, p^%d = %.2f %%\n", k * n, k * n,
           100.0 * t->blocks_right[k] / groups, groups, k, 100 * pow(p, k));
  }
  printf("errors above the theorem's bound: %d of %d\n", t->above_bound, 2 * pairs);
}

static lat_status answer_by_model(lat_model *model, lat_context *ctx, int pairs, int32_t refine) {
  lat_status status = LAT_OK;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_solver *solver = NULL;
  tally t = {0};
  group g = {0};
  const char *task = lat_task_name(lat_model_task(model));
  const int values = strcmp(task, "eigenvalues") == 0;
  lat_decode_options decode;
  lat_decode_options_init(&decode);
  decode.refine = refine;
  TRY(lat_sampler_create(&sampler, lat_model_task(model), lat_model_tokenizer(model), NULL));
  lat_sampler_seek(sampler, UINT64_C(1) << 40); /* never trained on */
  TRY(lat_batch_create(&batch, lat_model_tokenizer(model)));
  TRY(lat_solver_create(&solver, model, &decode));
  while (t.pairs < pairs) {
    lat_batch_clear(batch);
    TRY(lat_sampler_next(batch, sampler, BLOCKS));
    TRY(ask(&g, &t.certified, ctx, solver, batch, values));
    TRY(count_group(&t, &g, values));
    t.size = (int)lat_operator_size(g.learned[0]);
    free_group(&g);
  }
  show_tally(&t, task, refine > 0 ? "refined" : "as decoded");
done:
  free_group(&g);
  lat_solver_free(solver);
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  return status;
}

int main(int argc, char **argv) {
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_model *model = NULL;
  TRY(lat_context_create(&ctx, NULL));
  TRY(solve_directly(ctx, argc > 1 ? atoi(argv[1]) : 40, argc > 2 ? atoi(argv[2]) : 50));
  if (argc > 3) {
    TRY(lat_model_load(&model, ctx, argv[3], NULL));
    TRY(answer_by_model(model, ctx, argc > 4 ? atoi(argv[4]) : 200, 0));
    TRY(answer_by_model(model, ctx, argc > 4 ? atoi(argv[4]) : 200, 20));
  }
done:
  lat_model_free(model);
  lat_context_free(ctx);
  return show_outcome(status);
}
