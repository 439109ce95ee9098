/* An update's gradients: the shards of this rank, and the sum over all ranks. */
#ifndef LATI_SHARDS_H
#define LATI_SHARDS_H

#include "base/context_impl.h"
#include "train/shard_tree.h"

#include <lat/trainer.h>

enum { LATI_SHARD_ROWS = 8 };

/* What is summed with the gradients. */
typedef enum lati_sum {
  LATI_SUM_LOSS,
  LATI_SUM_TOKENS,
  LATI_SUM_FAILED, /* ranks that could not do their part */
  LATI_SUM_STOP,   /* ranks whose progress callback asked to stop */
  LATI_SUM_OVER,   /* ranks whose max_seconds have passed */
  LATI_SUM_OLD,    /* ranks whose last checkpoint is older than checkpoint_seconds */
  LATI_SUMS
} lati_sum;

/* Row `from` is to be added to row `to`. */
typedef struct lati_addition {
  int64_t to, from;
} lati_addition;

/* Those that wait, in order. */
typedef struct lati_additions {
  int32_t count;
  lati_addition list[LATI_MAX_NODES];
} lati_additions;

/* One thread's part of a rank's leaves. Threads share them out as ranks do all leaves. */
typedef struct lati_shard_worker {
  int64_t first, end;                 /* its leaves */
  int64_t row;                        /* the first of its rows */
  int32_t rows;                       /* as many as its leaves, up to LATI_SHARD_ROWS or its tree */
  lat_gradients *gradients;           /* the first worker's are the trainer's */
  lati_shard_tree tree;               /* the sums that are left of its leaves */
  lati_additions additions;           /* that they still want */
  lat_status status;                  /* how it fared */
  char message[2 * LAT_MESSAGE_SIZE]; /* as long as messages are */
} lati_shard_worker;

/* How an update's examples are shared out. */
typedef struct lati_shards {
  const lat_context *ctx; /* borrowed */
  int64_t examples;       /* of an update, over all ranks */
  size_t count;           /* parameters */
  int64_t leaves;         /* of the tree */
  int64_t first, end;     /* this rank's leaves */
  int32_t rank, ranks;
  int32_t pieces; /* batches that a leaf is drawn in */
  int32_t workers;
  lati_shard_worker *worker;
  int32_t rows;      /* of all workers */
  float **values;    /* (rows, parameters): zero where no leaf's sum is; a worker's first is its
                        gradients' own vector */
  double *sums;      /* (rows, LATI_SUMS) */
  lat_batch **drawn; /* (end - first): a leaf's examples; NULL where one worker draws as it goes */
  int32_t parts;     /* sums that are left of all leaves of this rank */
  float **part;      /* (parts): some of `values`; the first is the trainer's gradients */
  double *part_sums; /* (parts, LATI_SUMS) */
} lati_shards;

/* ARGUMENT where the options do not fit each other. */
lat_status lati_shards_check(const lat_trainer_options *options);

/* Plans by options that were checked. gradients: those of the trainer, borrowed. */
lat_status lati_shards_create(lati_shards *shards, const lat_model *model,
                              const lat_trainer_options *options, lat_gradients *gradients);
void lati_shards_clear(lati_shards *shards);

/* All gradients to 0, after an update that came to nothing. */
void lati_shards_zero(lati_shards *shards);

/* For the next update: makes all rows and sums 0, and the parts the first rows. The trainer's
 * gradients are 0 already. */
void lati_shards_start(lati_shards *shards);

/* Makes the parts the rows of a tree of all leaves of this rank. */
void lati_shards_take_parts(lati_shards *shards, const lati_shard_tree *tree);

/* The first example of a leaf, within the update; of leaf `leaves`: the number of examples. */
int64_t lati_shard_example(const lati_shards *shards, int64_t leaf);

/* This rank's examples of an update. */
int64_t lati_shards_own_examples(const lati_shards *shards);

#endif
