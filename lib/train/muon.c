#include "train/muon.h"

#include "compute/gemm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Newton-Schulz: X <- a X + b (X X^T) X + c (X X^T)^2 X. The coefficients are the usual ones: they
 * take singular values from anywhere in (0, 1] to about 0.7..1.2 in five steps. */
#define STEPS 5
static const float quintic_a = 3.4445F, quintic_b = -4.7750F, quintic_c = 2.0315F;

typedef struct muon_matrix {
  size_t offset;
  int32_t rows, cols;
} muon_matrix;

struct lati_muon {
  muon_matrix *matrices; /* dearest first, so that workers end at about the same time */
  int32_t count;
  float *work;      /* work_size floats for each worker */
  size_t work_size; /* 2 side^2, side the largest matrix's shorter one */
};

static int32_t shorter_side(const muon_matrix *matrix) {
  return matrix->rows < matrix->cols ? matrix->rows : matrix->cols;
}

static double cost(const muon_matrix *matrix) {
  const double side = shorter_side(matrix);
  return side * side * (2.0 * matrix->rows + 2.0 * matrix->cols - side);
}

/* By falling cost, then by place: one order, whatever qsort does with equals. */
static int compare_cost(const void *left, const void *right) {
  const muon_matrix *a = left, *b = right;
  const double x = cost(a), y = cost(b);
  if (x != y) {
    return x < y ? 1 : -1;
  }
  return (a->offset > b->offset) - (a->offset < b->offset);
}

static void collect(lati_muon *muon, const lati_parameter_table *table) {
  int32_t side = 0;
  for (int32_t i = 0; i < table->count; ++i) {
    const lati_parameter *entry = &table->entries[i];
    if (entry->hidden) {
      muon_matrix *matrix = &muon->matrices[muon->count++];
      *matrix = (muon_matrix){entry->offset, entry->shape[0], entry->shape[1]};
      side = shorter_side(matrix) > side ? shorter_side(matrix) : side;
    }
  }
  muon->work_size = 2 * (size_t)side * (size_t)side;
  qsort(muon->matrices, (size_t)muon->count, sizeof *muon->matrices, compare_cost);
}

lat_status lati_muon_create(lati_muon **out, const lat_context *ctx,
                            const lati_parameter_table *table) {
  lat_status status = LAT_OK;
  lati_muon *muon = NULL;
  *out = NULL;
  LATI_TRY(LATI_NEW(muon, ctx, 1));
  LATI_TRY(LATI_NEW(muon->matrices, ctx, table->count));
  collect(muon, table);
  LATI_TRY(LATI_NEW(muon->work, ctx, muon->work_size * (size_t)lati_pool_size(ctx->pool)));
  *out = muon;
  muon = NULL;
done:
  lati_muon_free(muon);
  return status;
}

void lati_muon_free(lati_muon *muon) {
  if (muon != NULL) {
    lati_free(muon->work);
    lati_free(muon->matrices);
    lati_free(muon);
  }
}

/* One step: y = a X + B X with A = X X^T, B = b A + c A^2 when X is wide; from the other side when
 * it is tall. */
static void newton_schulz(float *y, const float *x, int32_t rows, int32_t cols, float *a,
                          float *b) {
  const int tall = rows > cols;
  const int64_t side = tall ? cols : rows, length = tall ? rows : cols;
  lati_gemm(tall, !tall, side, side, length, 1, x, cols, x, cols, 0, a, side);
  memcpy(b, a, (size_t)(side * side) * sizeof *b);
  lati_gemm(0, 0, side, side, side, quintic_c, a, side, a, side, quintic_b, b, side);
  memcpy(y, x, (size_t)rows * (size_t)cols * sizeof *y);
  if (tall) {
    lati_gemm(0, 0, rows, cols, side, 1, x, cols, b, side, quintic_a, y, cols);
  } else {
    lati_gemm(0, 0, rows, cols, side, 1, b, side, x, cols, quintic_a, y, cols);
  }
}

void lati_orthogonalise(float *other, float *x, int32_t rows, int32_t cols, float *work) {
  const size_t count = (size_t)rows * (size_t)cols;
  const size_t side = (size_t)(rows < cols ? rows : cols);
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += (double)x[i] * (double)x[i];
  }
  const double norm = sqrt(sum);
  for (size_t i = 0; i < count; ++i) {
    x[i] = norm > 0 ? (float)((double)x[i] / norm) : 0;
  }
  float *from = x, *to = other;
  for (int step = 0; step < STEPS; ++step) {
    newton_schulz(to, from, rows, cols, work, work + side * side);
    float *swap = from;
    from = to;
    to = swap;
  }
  _Static_assert(STEPS % 2 == 1, "an odd number of steps ends in `other`");
}

typedef struct update_argument {
  const lati_muon *muon;
  float *parameters, *gradients, *momentum, *scratch;
  const lati_muon_step *step;
} update_argument;

/* m = momentum m + scale g;  g = scale g + momentum m. */
static void gather_momentum(float *g, float *m, size_t count, const lati_muon_step *step) {
  const float momentum = (float)step->momentum, scale = (float)step->scale;
  for (size_t i = 0; i < count; ++i) {
    const float scaled = scale * g[i];
    m[i] = momentum * m[i] + scaled;
    g[i] = scaled + momentum * m[i];
  }
}

static void update_matrix(void *argument, int64_t task, int32_t worker) {
  const update_argument *u = argument;
  const muon_matrix *matrix = &u->muon->matrices[task];
  const size_t count = (size_t)matrix->rows * (size_t)matrix->cols;
  const double tall = fmax(1, (double)matrix->rows / (double)matrix->cols);
  const float rate = (float)(u->step->rate * sqrt(tall));
  const float decay = (float)(u->step->rate * u->step->decay);
  float *p = u->parameters + matrix->offset, *g = u->gradients + matrix->offset;
  float *o = u->scratch + matrix->offset;
  gather_momentum(g, u->momentum + matrix->offset, count, u->step);
  lati_orthogonalise(o, g, matrix->rows, matrix->cols,
                     u->muon->work + (size_t)worker * u->muon->work_size);
  for (size_t i = 0; i < count; ++i) {
    p[i] -= rate * o[i] + decay * p[i];
    g[i] = 0;
  }
}

void lati_muon_update(lati_muon *muon, lati_pool *pool, float *parameters, float *gradients,
                      float *momentum, float *scratch, const lati_muon_step *step) {
  update_argument argument = {muon, parameters, gradients, momentum, scratch, step};
  lati_pool_run(pool, update_matrix, &argument, muon->count);
}
