/* The gradients of one update: those of this rank's shards, each thread a run of them, summed
 * pairwise as they come (lat/parallel.h), then those of all ranks. One shard is one sum over all
 * its batches, on all threads. */
#include "base/floating.h"
#include "base/threads.h"
#include "train/ranks.h"
#include "train/shard_rows.h"
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

/* The examples of one of a leaf's pieces. */
static lat_status next_batch(lat_batch **out, lat_trainer *trainer, int64_t leaf, int64_t count) {
  const lati_shards *shards = &trainer->shards;
  const int drawn = shards->drawn != NULL;
  *out = drawn ? shards->drawn[leaf - shards->first] : trainer->batch;
  return drawn ? LAT_OK : lat_sampler_next(*out, trainer->sampler, count);
}

static int64_t leaf_examples(const lati_shards *shards, int64_t leaf) {
  return lati_shard_example(shards, leaf + 1) - lati_shard_example(shards, leaf);
}

/* A stretch that is summed by itself: as much as the latency of a fast network is worth. */
enum { LEAST_STRETCH = 65536 };

static int is_worth_a_sum(const lat_trainer *trainer, size_t first) {
  return first + LEAST_STRETCH <= trainer->summed_from;
}

/* A leaf, in the row that its gradients are to go to. */
static lati_node next_leaf(const lati_shard_worker *worker, int64_t leaf) {
  return (lati_node){.first = leaf, .row = lati_zero_row(worker)};
}

/* lati_final_function of the last leaf: sums what is there over this rank's leaves and begins the
 * sum over the ranks. */
static void sum_layers(void *user, size_t first) {
  lat_trainer *trainer = user;
  lati_shards *shards = &trainer->shards;
  const lati_shard_worker *worker = &shards->worker[0];
  lati_shard_tree tree = worker->tree;
  lati_additions additions = worker->additions;
  if (is_worth_a_sum(trainer, first)) {
    lati_tree_push(&tree, next_leaf(worker, shards->end - 1), lati_append_addition, &additions);
    const int flushes = lati_floating_flush(0); /* the pass's; other sums are taken without */
    lati_add_rows(&additions, shards, first, trainer->summed_from);
    lati_floating_flush(flushes);
    lati_shards_take_parts(shards, &tree);
    lati_ranks_begin_reduce(trainer, first);
  }
}

/* The same where this rank has failed: the others wait for some numbers all the same. */
static void sum_nothing(void *user, size_t first) {
  lat_trainer *trainer = user;
  if (is_worth_a_sum(trainer, first)) {
    lati_ranks_begin_reduce(trainer, first);
  }
}

/* The leaf's gradients into a vector of zeros, its loss into `sums`. */
static lat_status sum_leaf(lat_trainer *trainer, lat_gradients *gradients, int64_t leaf, float *to,
                           double *sums) {
  lat_status status = LAT_OK;
  lat_batch *batch = NULL;
  const lati_shards *shards = &trainer->shards;
  const int64_t examples = leaf_examples(shards, leaf);
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  const int64_t first = lati_shard_example(shards, leaf);
  lati_gradients_redirect(gradients, to);
  for (int64_t i = 0; i < shards->pieces; ++i) {
    const int last = leaf == shards->end - 1 && i == shards->pieces - 1;
    const int64_t begin = examples * i / shards->pieces;
    const int64_t count = examples * (i + 1) / shards->pieces - begin;
    if (count > 0) {
      lati_gradients_place(gradients, (uint64_t)trainer->optimizer->updates,
                           (uint64_t)(first + begin));
      LATI_TRY(next_batch(&batch, trainer, leaf, count));
      lati_gradients_follow(gradients, last && trainer->overlaps ? sum_layers : NULL, trainer);
      LATI_TRY(lat_gradients_accumulate(gradients, &sum, trainer->model, batch));
    }
  }
  sums[LATI_SUM_LOSS] = sum.loss;
  sums[LATI_SUM_TOKENS] = (double)sum.tokens;
done:
  lati_gradients_follow(gradients, NULL, NULL);
  lati_gradients_redirect(gradients, NULL);
  return status;
}

/* As far as their sums over the ranks have not begun. */
static void add_rows(lat_trainer *trainer, lati_additions *additions) {
  lati_add_rows(additions, &trainer->shards, 0, trainer->summed_from);
  additions->count = 0;
}

/* A worker's leaves, summed as far as they make up nodes of the tree. */
static lat_status sum_leaves(lat_trainer *trainer, lati_shard_worker *worker) {
  lat_status status = LAT_OK;
  const lati_shards *shards = &trainer->shards;
  lati_recorder recorder = {shards, &worker->additions};
  worker->tree = (lati_shard_tree){.leaves = shards->leaves};
  worker->additions.count = 0;
  LATI_TRY(lat_gradients_set_target_spread(worker->gradients, target_spread(trainer)));
  for (int64_t leaf = worker->first; leaf < worker->end; ++leaf) {
    if (lati_zero_row(worker) < 0) {
      add_rows(trainer, &worker->additions);
    }
    const lati_node node = next_leaf(worker, leaf);
    LATI_TRY(sum_leaf(trainer, worker->gradients, leaf, shards->values[node.row],
                      shards->sums + node.row * LATI_SUMS));
    lati_tree_push(&worker->tree, node, lati_record_addition, &recorder);
  }
  add_rows(trainer, &worker->additions);
done:
  return status;
}

/* Operations of a worker's own are loops within a loop, which one thread runs. */
static void run_shard_worker(void *argument, int64_t task, int32_t thread) {
  lat_trainer *trainer = argument;
  lati_shard_worker *worker = &trainer->shards.worker[task];
  (void)thread;
  worker->status = sum_leaves(trainer, worker);
  if (worker->status != LAT_OK) {
    strncpy(worker->message, lat_last_error(), sizeof worker->message - 1);
  }
}

static lat_status draw_leaves(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  const lati_shards *shards = &trainer->shards;
  for (int64_t leaf = shards->first; leaf < shards->end && status == LAT_OK; ++leaf) {
    status = lat_sampler_next(shards->drawn[leaf - shards->first], trainer->sampler,
                              leaf_examples(shards, leaf));
  }
  return status;
}

/* What the workers have, to this rank's parts. */
static lat_status join_workers(lat_trainer *trainer) {
  lati_shards *shards = &trainer->shards;
  lati_shard_tree tree = {.leaves = shards->leaves};
  lati_additions additions = {.count = 0};
  lati_recorder recorder = {shards, &additions};
  for (int32_t w = 0; w < shards->workers; ++w) {
    const lati_shard_worker *worker = &shards->worker[w];
    if (worker->status != LAT_OK) {
      return lati_fail(worker->status, "%s", worker->message);
    }
    for (int32_t i = 0; i < worker->tree.count; ++i) {
      if (additions.count + tree.count >= LATI_MAX_NODES) { /* the most that a node can bring */
        add_rows(trainer, &additions);
      }
      lati_tree_push(&tree, worker->tree.nodes[i], lati_record_addition, &recorder);
    }
  }
  add_rows(trainer, &additions);
  lati_shards_take_parts(shards, &tree);
  for (int32_t i = 0; i < tree.count; ++i) {
    memcpy(shards->part_sums + (size_t)i * LATI_SUMS, shards->sums + tree.nodes[i].row * LATI_SUMS,
           LATI_SUMS * sizeof *shards->sums);
  }
  return LAT_OK;
}

static lat_status sum_shards(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  if (trainer->shards.drawn == NULL) {
    LATI_TRY(sum_leaves(trainer, &trainer->shards.worker[0]));
  } else {
    LATI_TRY(draw_leaves(trainer));
    lati_pool_run(trainer->ctx->device.pool, run_shard_worker, trainer, trainer->shards.workers);
  }
  status = join_workers(trainer);
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

int lati_trainer_checkpoint_is_old(const lat_trainer *trainer) {
  const double limit = trainer->options.checkpoint_seconds;
  return limit > 0 && trainer->directory != NULL && lati_trainer_clock() - trainer->saved >= limit;
}

/* A rank that failed takes part in the sum all the same, and tells so, because the others wait. */
static lat_status sum_over_ranks(lat_trainer *trainer, lat_status status) {
  double *sums = trainer->shards.part_sums;
  sums[LATI_SUM_FAILED] = status != LAT_OK;
  sums[LATI_SUM_STOP] = trainer->wants_stop;
  sums[LATI_SUM_OVER] = lati_trainer_time_is_over(trainer);
  sums[LATI_SUM_OLD] = lati_trainer_checkpoint_is_old(trainer);
  if (status != LAT_OK && trainer->overlaps) {
    lati_gradients_follow(trainer->gradients, sum_nothing, trainer);
    lati_gradients_tell(trainer->gradients);
    lati_gradients_follow(trainer->gradients, NULL, NULL);
  }
  const lat_status reduced = lati_ranks_reduce(trainer);
  if (reduced != LAT_OK) {
    return reduced;
  }
  trainer->stopped = sums[LATI_SUM_STOP] > 0;
  trainer->timed_out = sums[LATI_SUM_OVER] > 0;
  trainer->save_wanted = sums[LATI_SUM_OLD] > 0;
  return LAT_OK;
}

lat_status lati_sum_gradients(lat_trainer *trainer, lat_loss_sum *sum) {
  const double *sums = trainer->shards.part_sums;
  lati_shards_start(&trainer->shards);
  trainer->summed_from = trainer->optimizer->count;
  trainer->begun = LAT_OK;
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
