/* Muon: momentum, then the orthogonal factor of every matrix (compute/orthogonalise.h), a task for
 * each. */
#include "train/muon.h"

#include "compute/backend.h"
#include "compute/orthogonalise.h"
#include "compute/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct muon_matrix {
  size_t offset;
  int32_t rows, cols;
} muon_matrix;

struct lati_muon {
  muon_matrix *matrices; /* dearest first, so that workers end at about the same time */
  int32_t count;
  int bf16;    /* operands of products are rounded, as the context's are */
  float *work; /* work_size floats for each worker */
  size_t work_size;
};

/* About the multiply-adds, in the cube of the shorter side: 4.5 for the steps, 1.5 for every square
 * that fits into the matrix. */
static double cost(const muon_matrix *matrix) {
  const double side = matrix->rows < matrix->cols ? matrix->rows : matrix->cols;
  return side * (4.5 * side * side + 1.5 * matrix->rows * matrix->cols);
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
  for (int32_t i = 0; i < table->count; ++i) {
    const lati_parameter *entry = &table->entries[i];
    if (entry->hidden) {
      const size_t work = lati_orthogonalise_work(entry->shape[0], entry->shape[1]);
      muon->matrices[muon->count++] =
          (muon_matrix){entry->offset, entry->shape[0], entry->shape[1]};
      muon->work_size = work > muon->work_size ? work : muon->work_size;
    }
  }
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
  muon->bf16 = ctx->backend->narrow;
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

typedef struct update_argument {
  const lati_muon *muon;
  float *parameters, *gradients, *momentum, *scratch;
  const lati_muon_step *step;
} update_argument;

static void update_matrix(void *argument, int64_t task, int32_t worker) {
  const update_argument *u = argument;
  const muon_matrix *matrix = &u->muon->matrices[task];
  const lati_vector *vector = lati_vector_best();
  const int64_t count = (int64_t)matrix->rows * matrix->cols;
  const double tall = fmax(1, (double)matrix->rows / (double)matrix->cols);
  const float rate = (float)(u->step->rate * sqrt(tall));
  const float decay = (float)(u->step->rate * u->step->decay);
  float *p = u->parameters + matrix->offset, *g = u->gradients + matrix->offset;
  float *o = u->scratch + matrix->offset;
  vector->nesterov(g, u->momentum + matrix->offset, (float)u->step->scale, (float)u->step->momentum,
                   count);
  lati_orthogonalise(o, g, matrix->rows, matrix->cols, u->muon->bf16,
                     u->muon->work + (size_t)worker * u->muon->work_size);
  vector->combine(p, 1 - decay, o, -rate, count);
  memset(g, 0, (size_t)count * sizeof *g);
}

void lati_muon_update(lati_muon *muon, lati_pool *pool, float *parameters, float *gradients,
                      float *momentum, float *scratch, const lati_muon_step *step) {
  update_argument argument = {muon, parameters, gradients, momentum, scratch, step};
  lati_pool_run(pool, update_matrix, &argument, muon->count);
}
