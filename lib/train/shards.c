/* Sharing out an update's examples: leaf l of L holds the examples l E / L .. (l + 1) E / L - 1 of
 * the update's E, and a rank r of R the leaves r L / R .. (r + 1) L / R - 1. */
#include "train/shards.h"

#include "base/alloc.h"
#include "base/threads.h"
#include "transformer/transformer.h"

#include <string.h>

static int64_t examples_of(const lat_trainer_options *options) {
  return (int64_t)options->batch_size * options->accumulation;
}

lat_status lati_shards_check(const lat_trainer_options *options) {
  const int32_t shards = options->shards > 1 ? options->shards : 1;
  if ((shards & (shards - 1)) != 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "shards %d is not a power of two", (int)shards);
  }
  if (shards > options->batch_size) {
    return lati_fail(LAT_ERROR_ARGUMENT, "shards %d is more than batch_size %d", (int)shards,
                     (int)options->batch_size);
  }
  if (options->fast_reduce && shards > 1) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "fast_reduce sums in any order: it does not go with shards %d", (int)shards);
  }
  const int64_t leaves = shards > 1 ? (int64_t)shards * options->accumulation : 1;
  const int64_t most = options->fast_reduce ? examples_of(options) : leaves;
  if (options->ranks > most && options->ranks > 1) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%d ranks are more than the %lld %s of an update",
                     (int)options->ranks, (long long)most,
                     options->fast_reduce ? "examples" : "shards");
  }
  return LAT_OK;
}

static void plan(lati_shards *shards, const lat_trainer_options *options, int32_t threads) {
  const int exact = options->shards > 1;
  shards->rank = options->rank;
  shards->ranks = options->ranks > 1 ? options->ranks : 1;
  shards->examples = examples_of(options);
  shards->leaves = exact ? (int64_t)options->shards * options->accumulation : shards->ranks;
  shards->pieces = exact ? 1 : options->accumulation;
  shards->first = lati_first_shard(shards->leaves, shards->ranks, shards->rank);
  shards->end = lati_first_shard(shards->leaves, shards->ranks, shards->rank + 1);
  const int64_t fewest = shards->leaves / shards->ranks;
  shards->workers = threads < fewest ? threads : (int32_t)fewest;
}

/* A row for each leaf, so that they are added together, while they are few; else what the tree
 * needs at least, of which `waiting` sums wait at once. */
static int32_t rows_of(int64_t leaves, int32_t waiting) {
  const int32_t most = waiting > LATI_SHARD_ROWS ? waiting : LATI_SHARD_ROWS;
  return leaves < most ? (int32_t)leaves : most;
}

/* Rank r's workers take the leaves that ranks r W .. r W + W - 1 of R W would. */
static void plan_workers(lati_shards *shards) {
  lati_shard_tree tree;
  const int32_t all = shards->ranks * shards->workers, first = shards->rank * shards->workers;
  int32_t rows = 0;
  for (int32_t w = 0; w < shards->workers; ++w) {
    lati_shard_worker *worker = &shards->worker[w];
    worker->first = lati_first_shard(shards->leaves, all, first + w);
    worker->end = lati_first_shard(shards->leaves, all, first + w + 1);
    worker->row = shards->rows;
    lati_tree_of_rank(&tree, &rows, shards->leaves, all, first + w);
    worker->rows = rows_of(worker->end - worker->first, rows);
    shards->rows += worker->rows;
  }
  lati_tree_of_rank(&tree, &rows, shards->leaves, shards->ranks, shards->rank);
  shards->parts = tree.count;
}

static lat_status create_vectors(lati_shards *shards, const lat_model *model,
                                 lat_gradients *gradients) {
  lat_status status = LAT_OK;
  const size_t count = shards->count = lat_gradients_size(gradients);
  LATI_TRY(LATI_NEW(shards->values, model->ctx, shards->rows));
  for (int32_t w = 0; w < shards->workers; ++w) {
    lati_shard_worker *worker = &shards->worker[w];
    if (w == 0) {
      worker->gradients = gradients;
    } else {
      LATI_TRY(lat_gradients_create(&worker->gradients, model));
    }
    shards->values[worker->row] = lati_gradients_vector(worker->gradients);
  }
  for (int32_t i = 0; i < shards->rows; ++i) {
    if (shards->values[i] == NULL) {
      LATI_TRY(LATI_NEW_ON_DEVICE(shards->values[i], model->ctx, count));
    }
  }
done:
  return status;
}

/* One thread draws at a time, and several work on what was drawn. */
static lat_status create_batches(lati_shards *shards, const lat_model *model) {
  lat_status status = LAT_OK;
  const int64_t count = shards->end - shards->first;
  if (shards->workers == 1) {
    return LAT_OK;
  }
  LATI_TRY(LATI_NEW(shards->drawn, model->ctx, count));
  for (int64_t i = 0; i < count; ++i) {
    LATI_TRY(lat_batch_create(&shards->drawn[i], model->tokenizer));
  }
done:
  return status;
}

lat_status lati_shards_create(lati_shards *shards, const lat_model *model,
                              const lat_trainer_options *options, lat_gradients *gradients) {
  lat_status status = LAT_OK;
  shards->ctx = model->ctx;
  plan(shards, options, lati_pool_size(model->ctx->device.pool));
  LATI_TRY(LATI_NEW(shards->worker, model->ctx, shards->workers));
  plan_workers(shards);
  LATI_TRY(create_vectors(shards, model, gradients));
  LATI_TRY(create_batches(shards, model));
  LATI_TRY(LATI_NEW(shards->sums, model->ctx, shards->rows * LATI_SUMS));
  LATI_TRY(LATI_NEW(shards->part, model->ctx, shards->parts));
  LATI_TRY(LATI_NEW(shards->part_sums, model->ctx, shards->parts * LATI_SUMS));
done:
  return status;
}

void lati_shards_clear(lati_shards *shards) {
  for (int64_t i = 0; shards->drawn != NULL && i < shards->end - shards->first; ++i) {
    lat_batch_free(shards->drawn[i]);
  }
  for (int32_t w = 0; shards->worker != NULL && w < shards->workers; ++w) {
    if (shards->values != NULL) {
      shards->values[shards->worker[w].row] = NULL;
    }
    if (w > 0) {
      lat_gradients_free(shards->worker[w].gradients);
    }
  }
  for (int32_t i = 0; shards->values != NULL && i < shards->rows; ++i) {
    lati_device_free(shards->ctx, shards->values[i]);
  }
  lati_free(shards->values);
  lati_free(shards->sums);
  lati_free(shards->drawn);
  lati_free(shards->part);
  lati_free(shards->part_sums);
  lati_free(shards->worker);
}

void lati_shards_zero(lati_shards *shards) {
  for (int32_t i = 0; i < shards->rows; ++i) {
    lati_device_fill(&shards->ctx->device, shards->values[i], 0, shards->count);
  }
}

/* Of the update before, the parts behind the first are left; other rows were zero when they had
 * been added. */
void lati_shards_start(lati_shards *shards) {
  memset(shards->sums, 0, (size_t)shards->rows * LATI_SUMS * sizeof *shards->sums);
  memset(shards->part_sums, 0, (size_t)shards->parts * LATI_SUMS * sizeof *shards->part_sums);
  for (int32_t i = 0; i < shards->parts; ++i) {
    if (i > 0 && shards->part[i] != NULL) {
      lati_device_fill(&shards->ctx->device, shards->part[i], 0, shards->count);
    }
    shards->part[i] = shards->values[i];
  }
}

void lati_shards_take_parts(lati_shards *shards, const lati_shard_tree *tree) {
  for (int32_t i = 0; i < tree->count; ++i) {
    shards->part[i] = shards->values[tree->nodes[i].row];
  }
}

/* floor(leaf E / L), without a product that could be too large. */
int64_t lati_shard_example(const lati_shards *shards, int64_t leaf) {
  const int64_t whole = shards->examples / shards->leaves, rest = shards->examples % shards->leaves;
  return leaf * whole + leaf * rest / shards->leaves;
}

int64_t lati_shards_own_examples(const lati_shards *shards) {
  return lati_shard_example(shards, shards->end) - lati_shard_example(shards, shards->first);
}
