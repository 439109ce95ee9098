/* Muon: momentum, then the orthogonal factor of every matrix (compute/orthogonal_update.h). Ranks
 * may share the matrices out: every rank keeps the momentum of all of them, which costs little, and
 * finds the factors, which cost much, of its own. */
#include "train/muon.h"

#include "compute/backend.h"

#include <stdlib.h>

struct lati_muon {
  const lat_context *ctx;           /* borrowed */
  lati_orthogonal_matrix *matrices; /* dearest first, so that workers end at about the same time */
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
static double cost(const lati_orthogonal_matrix *matrix) {
  const double side = matrix->rows < matrix->cols ? matrix->rows : matrix->cols;
  return side * (4.5 * side * side + 1.5 * matrix->rows * matrix->cols);
}

/* By falling cost, then by place: one order, whatever qsort does with equals. */
static int compare_cost(const void *left, const void *right) {
  const lati_orthogonal_matrix *a = left, *b = right;
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
      const size_t work =
          muon->ctx->device.operations->update->orthogonal_work(entry->shape[0], entry->shape[1]);
      muon->matrices[muon->count++] = (lati_orthogonal_matrix){
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
  muon->ctx = ctx;
  LATI_TRY(LATI_NEW(muon->matrices, ctx, table->count));
  collect(muon, table, first, end);
  muon->bf16 = ctx->device.operations->narrow;
  LATI_TRY(LATI_NEW_ON_DEVICE(muon->work, ctx,
                              muon->work_size * (size_t)lati_pool_size(ctx->device.pool)));
  *out = muon;
  muon = NULL;
done:
  lati_muon_free(muon);
  return status;
}

static size_t size_of(const lati_orthogonal_matrix *matrix) {
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
  LATI_TRY(LATI_NEW_ON_DEVICE(muon->factors, ctx, all));
  deal(muon, loads);
  place_factors(muon);
done:
  lati_free(loads);
  return status;
}

void lati_muon_free(lati_muon *muon) {
  if (muon != NULL) {
    lati_device_free(muon->ctx, muon->factors);
    lati_free(muon->offsets);
    lati_device_free(muon->ctx, muon->work);
    lati_free(muon->matrices);
    lati_free(muon);
  }
}

lat_status lati_muon_update(lati_muon *muon, const lati_device *device, float *parameters,
                            float *gradients, float *momentum, float *scratch,
                            const lati_muon_step *step) {
  lat_status status = LAT_OK;
  const lati_update *operations = device->operations->update;
  const lati_orthogonal_update update = {.matrices = muon->matrices,
                                         .count = muon->count,
                                         .bf16 = muon->bf16,
                                         .parameters = parameters,
                                         .gradients = gradients,
                                         .momentum = momentum,
                                         .scratch = scratch,
                                         .factors = muon->factors,
                                         .work = muon->work,
                                         .work_size = muon->work_size,
                                         .rate = step->rate,
                                         .keep = step->momentum,
                                         .decay = step->decay,
                                         .scale = step->scale};
  if (muon->factors != NULL) {
    operations->orthogonal_factors(device, &update, muon->share.rank);
    status = muon->share.gather(muon->share.user, muon->factors, muon->offsets);
  }
  if (status == LAT_OK) {
    operations->orthogonal_update(device, &update);
  }
  return status;
}
