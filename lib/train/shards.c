/* Sharing out an update's examples: leaf l of L holds the examples l E / L .. (l + 1) E / L - 1 of
 * the update's E, and a rank r of R the leaves r L / R .. (r + 1) L / R - 1. */
#include "train/shards.h"

#include "base/alloc.h"

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

static void plan(lati_shards *shards, const lat_trainer_options *options) {
  const int exact = options->shards > 1;
  lati_shard_tree tree;
  shards->rank = options->rank;
  shards->ranks = options->ranks > 1 ? options->ranks : 1;
  shards->examples = examples_of(options);
  shards->leaves = exact ? (int64_t)options->shards * options->accumulation : shards->ranks;
  shards->pieces = exact ? 1 : options->accumulation;
  shards->first = lati_first_shard(shards->leaves, shards->ranks, shards->rank);
  shards->end = lati_first_shard(shards->leaves, shards->ranks, shards->rank + 1);
  lati_tree_of_rank(&tree, &shards->slots, shards->leaves, shards->ranks, shards->rank);
  shards->parts = tree.count;
}

lat_status lati_shards_create(lati_shards *shards, const lat_context *ctx,
                              const lat_trainer_options *options, float *own, size_t count) {
  lat_status status = LAT_OK;
  plan(shards, options);
  LATI_TRY(LATI_NEW(shards->values, ctx, shards->slots));
  LATI_TRY(LATI_NEW(shards->sums, ctx, shards->slots * LATI_SUMS));
  shards->values[0] = own;
  for (int32_t i = 1; i < shards->slots; ++i) {
    LATI_TRY(LATI_NEW(shards->values[i], ctx, count));
  }
done:
  return status;
}

void lati_shards_clear(lati_shards *shards) {
  for (int32_t i = 1; shards->values != NULL && i < shards->slots; ++i) {
    lati_free(shards->values[i]);
  }
  lati_free(shards->values);
  lati_free(shards->sums);
}

/* floor(leaf E / L), without a product that could be too large. */
int64_t lati_shard_example(const lati_shards *shards, int64_t leaf) {
  const int64_t whole = shards->examples / shards->leaves, rest = shards->examples % shards->leaves;
  return leaf * whole + leaf * rest / shards->leaves;
}

int64_t lati_shards_own_examples(const lati_shards *shards) {
  return lati_shard_example(shards, shards->end) - lati_shard_example(shards, shards->first);
}
