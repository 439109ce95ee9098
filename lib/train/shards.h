/* An update's gradients: the shards of this rank, and the sum over all ranks. */
#ifndef LATI_SHARDS_H
#define LATI_SHARDS_H

#include "base/context_impl.h"
#include "train/shard_tree.h"

#include <lat/trainer.h>

/* What is summed with the gradients. */
typedef enum lati_sum {
  LATI_SUM_LOSS,
  LATI_SUM_TOKENS,
  LATI_SUM_FAILED, /* ranks that could not do their part */
  LATI_SUM_STOP,   /* ranks whose progress callback asked to stop */
  LATI_SUM_OVER,   /* ranks whose max_seconds have passed */
  LATI_SUMS
} lati_sum;

/* How an update's examples are shared out. */
typedef struct lati_shards {
  int64_t examples;   /* of an update, over all ranks */
  int64_t leaves;     /* of the tree */
  int64_t first, end; /* this rank's leaves */
  int32_t rank, ranks;
  int32_t pieces; /* batches that a leaf is drawn in */
  int32_t parts;  /* nodes that are left when all leaves are summed */
  int32_t slots;  /* that wait at once */
  float **values; /* (slots, parameters); the first is the gradients' own vector */
  double *sums;   /* (slots, LATI_SUMS) */
} lati_shards;

/* ARGUMENT where the options do not fit each other. */
lat_status lati_shards_check(const lat_trainer_options *options);

/* Plans by options that were checked. own: a vector of `count` parameters, borrowed. */
lat_status lati_shards_create(lati_shards *shards, const lat_context *ctx,
                              const lat_trainer_options *options, float *own, size_t count);
void lati_shards_clear(lati_shards *shards);

/* The first example of a leaf, within the update; of leaf `leaves`: the number of examples. */
int64_t lati_shard_example(const lati_shards *shards, int64_t leaf);

/* This rank's examples of an update. */
int64_t lati_shards_own_examples(const lati_shards *shards);

#endif
