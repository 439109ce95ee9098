/* The gradients of one update: those of this rank's shards, summed pairwise as they come
 * (lat/parallel.h), then those of all ranks. One shard is one sum over all its batches. */
#include "train/ranks.h"
#include "transformer/transformer.h"

#include <string.h>
#include <time.h>

/* Of the next update, from the examples drawn before it. */
static double target_spread(const lat_trainer *trainer) {
  const lat_trainer_options *options = &trainer->options;
  const double over = (double)options->target_spread_examples;
  const double left = over > 0 ? 1 - (double)trainer->state.examples / over : 1;
  return left > 0 ? options->target_spread * left : 0;
}

void lati_trainer_seek(lat_trainer *trainer) {
  const uint64_t own = (uint64_t)lati_shards_own_examples(&trainer->shards);
  lat_sampler_seek(trainer->sampler, (uint64_t)trainer->optimizer->updates * own);
}

/* The leaf's gradients into a vector of zeros, its loss into `sums`. */
static lat_status sum_leaf(lat_trainer *trainer, int64_t leaf, float *to, double *sums) {
  lat_status status = LAT_OK;
  const lati_shards *shards = &trainer->shards;
  const int64_t examples = lati_shard_example(shards, leaf + 1) - lati_shard_example(shards, leaf);
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  lati_gradients_redirect(trainer->gradients, to);
  const uint64_t leaves =
      (uint64_t)trainer->optimizer->updates * (uint64_t)shards->leaves + (uint64_t)leaf;
  lat_gradients_seek(trainer->gradients, leaves * (uint64_t)shards->pieces);
  for (int64_t i = 0; i < shards->pieces; ++i) {
    const int64_t count = examples * (i + 1) / shards->pieces - examples * i / shards->pieces;
    if (count > 0) {
      LATI_TRY(lat_sampler_next(trainer->batch, trainer->sampler, count));
      LATI_TRY(lat_gradients_accumulate(trainer->gradients, &sum, trainer->model, trainer->batch));
    }
  }
  sums[LATI_SUM_LOSS] = sum.loss;
  sums[LATI_SUM_TOKENS] = (double)sum.tokens;
done:
  lati_gradients_redirect(trainer->gradients, NULL);
  return status;
}

static void merge(void *user, int64_t to, int64_t from) {
  const lat_trainer *trainer = user;
  const lati_shards *shards = &trainer->shards;
  trainer->ctx->backend->add(trainer->ctx->pool, shards->values[to], shards->values[from],
                             (int64_t)trainer->optimizer->count);
  for (int i = 0; i < LATI_SUMS; ++i) {
    shards->sums[to * LATI_SUMS + i] += shards->sums[from * LATI_SUMS + i];
  }
}

/* This rank's leaves; parts that wait are in the first rows. */
static lat_status sum_shards(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  const lati_shards *shards = &trainer->shards;
  lati_shard_tree tree = {.leaves = shards->leaves};
  const size_t bytes = trainer->optimizer->count * sizeof **shards->values;
  LATI_TRY(lat_gradients_set_target_spread(trainer->gradients, target_spread(trainer)));
  for (int64_t leaf = shards->first; leaf < shards->end; ++leaf) {
    const int32_t row = tree.count;
    if (row > 0) { /* the first one is zero since the last update */
      memset(shards->values[row], 0, bytes);
    }
    LATI_TRY(sum_leaf(trainer, leaf, shards->values[row], shards->sums + row * LATI_SUMS));
    lati_tree_push(&tree, (lati_node){.first = leaf, .row = row}, merge, trainer);
  }
done:
  return status;
}

double lati_trainer_clock(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int lati_trainer_time_is_over(const lat_trainer *trainer) {
  const double limit = trainer->options.max_seconds;
  return limit > 0 && lati_trainer_clock() - trainer->started >= limit;
}

/* A rank that failed takes part in the sum all the same, and tells so, because the others wait. */
static lat_status sum_over_ranks(lat_trainer *trainer, lat_status status) {
  double *sums = trainer->shards.sums;
  sums[LATI_SUM_FAILED] = status != LAT_OK;
  sums[LATI_SUM_STOP] = trainer->wants_stop;
  sums[LATI_SUM_OVER] = lati_trainer_time_is_over(trainer);
  const lat_status reduced = lati_ranks_reduce(trainer);
  if (reduced != LAT_OK) {
    return reduced;
  }
  trainer->stopped = sums[LATI_SUM_STOP] > 0;
  trainer->timed_out = sums[LATI_SUM_OVER] > 0;
  return LAT_OK;
}

lat_status lati_sum_gradients(lat_trainer *trainer, lat_loss_sum *sum) {
  double *sums = trainer->shards.sums;
  memset(sums, 0, (size_t)trainer->shards.slots * LATI_SUMS * sizeof *sums);
  lat_status status = lati_ranks_held(trainer);
  if (status == LAT_OK) {
    status = sum_shards(trainer);
  }
  if (trainer->shards.ranks > 1) {
    const lat_status reduced = sum_over_ranks(trainer, status);
    status = reduced != LAT_OK           ? reduced
             : sums[LATI_SUM_FAILED] > 0 ? lati_ranks_settle(trainer, status)
                                         : LAT_OK;
  }
  lat_loss_sum_init(sum);
  sum->loss = sums[LATI_SUM_LOSS];
  sum->tokens = (int64_t)sums[LATI_SUM_TOKENS];
  return status;
}
