/* Muon: momentum, then the orthogonal factor of every matrix (compute/orthogonalise.h), a task for
 * each. Ranks may share the matrices out: every rank keeps the momentum of all of them, which costs
 * little, and finds the factors, which cost much, of its own. */
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
  int32_t rank;  /* whose it is, where they are shared out */
  size_t factor; /* place of its orthogonal factor among all of them */
} muon_matrix;

struct lati_muon {
  muon_matrix *matrices; /* dearest first, so that workers end at about the same time */
  int32_t count;
  int bf16;    /* operands of products are rounded, as the context's are */
  float *work; /* work_size floats for each worker */
  size_t work_size;
  lati_update_share share;
  float *factors;  /* of all matrices, those of lower ranks first; NULL: they are not shared out */
  size_t *offsets; /* (ranks + 1): bytes at which those of a rank begin */
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

static void collect(lati_muon *muon, const lati_parameter_table *table, size_t first, size_t end) {
  for (int32_t i = 0; i < table->count; ++i) {
    const lati_parameter *entry = &table->entries[i];
    if (entry->hidden && entry->offset >= first && entry->offset < end) {
      const size_t work = lati_orthogonalise_work(entry->shape[0], entry->shape[1]);
      muon->matrices[muon->count++] = (muon_matrix){
          .offset = entry->offset - first, .rows = entry->shape[0], .cols = entry->shape[1]};
      muon->work_size = work > muon->work_size ? work : muon->work_size;
    }
  }
  qsort(muon->matrices, (size_t)muon->count, sizeof *muon->matrices, compare_cost);
}

lat_status lati_muon_create(lati_muon **out, const lat_context *ctx,
                            const lati_parameter_table *table, size_t first, size_t end) {
  lat_status status = LAT_OK;
  lati_muon *muon = NULL;
  *out = NULL;
  LATI_TRY(LATI_NEW(muon, ctx, 1));
  LATI_TRY(LATI_NEW(muon->matrices, ctx, table->count));
  collect(muon, table, first, end);
  muon->bf16 = ctx->backend->narrow;
  LATI_TRY(LATI_NEW(muon->work, ctx, muon->work_size * (size_t)lati_pool_size(ctx->pool)));
  *out = muon;
  muon = NULL;
done:
  lati_muon_free(muon);
  return status;
}

static size_t size_of(const muon_matrix *matrix) {
  return (size_t)matrix->rows * (size_t)matrix->cols;
}

/* Each matrix, dearest first, to the rank that has the least to do. */
static void deal(lati_muon *muon, double *loads) {
  for (int32_t i = 0; i < muon->count; ++i) {
    int32_t least = 0;
    for (int32_t rank = 1; rank < muon->share.ranks; ++rank) {
      least = loads[rank] < loads[least] ? rank : least;
    }
    muon->matrices[i].rank = least;
    loads[least] += cost(&muon->matrices[i]);
    muon->offsets[least + 1] += size_of(&muon->matrices[i]) * sizeof *muon->factors;
  }
}

/* Where each factor is kept: those of a rank end to end. */
static void place_factors(lati_muon *muon) {
  for (int32_t rank = 0; rank < muon->share.ranks; ++rank) {
    muon->offsets[rank + 1] += muon->offsets[rank];
    size_t at = muon->offsets[rank] / sizeof *muon->factors;
    for (int32_t i = 0; i < muon->count; ++i) {
      if (muon->matrices[i].rank == rank) {
        muon->matrices[i].factor = at;
        at += size_of(&muon->matrices[i]);
      }
    }
  }
}

lat_status lati_muon_share(lati_muon *muon, const lat_context *ctx,
                           const lati_update_share *share) {
  lat_status status = LAT_OK;
  double *loads = NULL;
  size_t all = 0;
  for (int32_t i = 0; i < muon->count; ++i) {
    all += size_of(&muon->matrices[i]);
  }
  muon->share = *share;
  LATI_TRY(LATI_NEW(loads, ctx, share->ranks));
  LATI_TRY(LATI_NEW(muon->offsets, ctx, (size_t)share->ranks + 1));
  LATI_TRY(LATI_NEW(muon->factors, ctx, all));
  deal(muon, loads);
  place_factors(muon);
done:
  lati_free(loads);
  return status;
}

void lati_muon_free(lati_muon *muon) {
  if (muon != NULL) {
    lati_free(muon->factors);
    lati_free(muon->offsets);
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

static void orthogonalise(float *o, float *x, const update_argument *u, const muon_matrix *matrix,
                          int32_t worker) {
  lati_orthogonalise(o, x, matrix->rows, matrix->cols, u->muon->bf16,
                     u->muon->work + (size_t)worker * u->muon->work_size);
}

static void add_momentum(float *g, float *m, const update_argument *u, const muon_matrix *matrix) {
  lati_vector_best()->nesterov(g, m, (float)u->step->scale, (float)u->step->momentum,
                               (int64_t)size_of(matrix));
}

/* The factor of one of this rank's matrices, from copies of gradient and momentum. */
static void find_factor(void *argument, int64_t task, int32_t worker) {
  const update_argument *u = argument;
  const muon_matrix *matrix = &u->muon->matrices[task];
  const size_t bytes = size_of(matrix) * sizeof(float);
  float *o = u->muon->factors + matrix->factor, *x = u->scratch + matrix->offset;
  if (matrix->rank != u->muon->share.rank) {
    return;
  }
  memcpy(x, u->gradients + matrix->offset, bytes);
  memcpy(o, u->momentum + matrix->offset, bytes);
  add_momentum(x, o, u, matrix);
  orthogonalise(o, x, u, matrix, worker);
}

static void update_matrix(void *argument, int64_t task, int32_t worker) {
  const update_argument *u = argument;
  const muon_matrix *matrix = &u->muon->matrices[task];
  const size_t count = size_of(matrix);
  const double tall = fmax(1, (double)matrix->rows / (double)matrix->cols);
  const float rate = (float)(u->step->rate * sqrt(tall));
  const float decay = (float)(u->step->rate * u->step->decay);
  const int shared = u->muon->factors != NULL;
  float *p = u->parameters + matrix->offset, *g = u->gradients + matrix->offset;
  float *o = shared ? u->muon->factors + matrix->factor : u->scratch + matrix->offset;
  add_momentum(g, u->momentum + matrix->offset, u, matrix);
  if (!shared) {
    orthogonalise(o, g, u, matrix, worker);
  }
  lati_vector_best()->combine(p, 1 - decay, o, -rate, (int64_t)count);
  memset(g, 0, count * sizeof *g);
}

lat_status lati_muon_update(lati_muon *muon, lati_pool *pool, float *parameters, float *gradients,
                            float *momentum, float *scratch, const lati_muon_step *step) {
  lat_status status = LAT_OK;
  update_argument argument = {muon, parameters, gradients, momentum, scratch, step};
  if (muon->factors != NULL) {
    lati_pool_run(pool, find_factor, &argument, muon->count);
    status = muon->share.gather(muon->share.user, muon->factors, muon->offsets);
  }
  if (status == LAT_OK) {
    lati_pool_run(pool, update_matrix, &argument, muon->count);
  }
  return status;
}
