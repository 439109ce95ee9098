/* Rank 0 alone has files: what it has read to all ranks, and the moments of all to it. */
#include "train/ranks_impl.h"
#include "transformer/transformer.h"

lat_status lati_ranks_gather_moments(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  const int keeps = trainer->directory != NULL;
  if (trainer->optimizer->parts == NULL || !trainer->saves) {
    return LAT_OK;
  }
  LATI_TRY(lati_ranks_settle(trainer, keeps ? lati_moments_open(trainer->optimizer) : LAT_OK));
  status =
      lati_moments_gather(trainer->optimizer, lati_gradients_vector(trainer->gradients), keeps);
done:
  return status;
}

/* Moments as rank 0 has read them: all of them, or each rank's part. */
static lat_status follow_moments(const lat_trainer *trainer, int which) {
  lat_optimizer *optimizer = trainer->optimizer;
  float *buffer = lati_gradients_vector(trainer->gradients);
  const lati_device *device = &trainer->ctx->device;
  if (optimizer->parts == NULL) {
    return lati_ranks_follow_vector(trainer, which == 0 ? optimizer->m : optimizer->v);
  }
  if (trainer->shards.rank == 0) {
    lati_device_copy(device, buffer, optimizer->whole[which], optimizer->count * sizeof *buffer);
  }
  const lat_status status = lati_ranks_follow_vector(trainer, buffer);
  lati_moments_take(optimizer, buffer, which);
  lati_device_fill(device, buffer, 0, optimizer->count);
  return status;
}

/* The numbers of a run. */
typedef struct run_numbers {
  lati_run_state state;
  lati_validation best;
  int64_t updates, logged_updates;
  double gradient_norm;
} run_numbers;

static void take_numbers(lat_trainer *trainer, const run_numbers *numbers) {
  trainer->state = numbers->state;
  trainer->best = numbers->best;
  trainer->optimizer->updates = numbers->updates;
  trainer->logged_updates = numbers->logged_updates;
  trainer->optimizer->gradient_norm = numbers->gradient_norm;
}

lat_status lati_ranks_follow_first(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  lat_optimizer *optimizer = trainer->optimizer;
  run_numbers *rows = NULL;
  if (lati_ranks_alone(trainer)) {
    return LAT_OK;
  }
  status = LATI_NEW(rows, trainer->ctx, trainer->shards.ranks);
  LATI_TRY(lati_ranks_settle(trainer, status));
  rows[trainer->shards.rank] = (run_numbers){trainer->state, trainer->best, optimizer->updates,
                                             trainer->logged_updates, optimizer->gradient_norm};
  LATI_TRY(lati_ranks_agree(trainer, rows, sizeof *rows));
  take_numbers(trainer, &rows[0]);
  LATI_TRY(lati_ranks_follow_vector(trainer, trainer->model->parameters));
  LATI_TRY(follow_moments(trainer, 0));
  LATI_TRY(follow_moments(trainer, 1));
  lati_moments_close(optimizer);
  if (optimizer->average != NULL) {
    LATI_TRY(lati_ranks_follow_vector(trainer, optimizer->average));
  }
  lati_model_repack(trainer->model);
  lati_trainer_seek(trainer);
done:
  lati_free(rows);
  return status;
}
