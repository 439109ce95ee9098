/* The rows of gradients in which shards are summed. Additions wait until all can be done block by
 * block, while that block of all rows is in a processor's caches. */
#ifndef LATI_SHARD_ROWS_H
#define LATI_SHARD_ROWS_H

#include "train/shards.h"

/* A lati_merge_function that keeps what is to be added; user: lati_additions. */
void lati_append_addition(void *user, int64_t to, int64_t from);

/* The same, which adds the numbers beside the gradients at once; user: lati_recorder. */
typedef struct lati_recorder {
  const lati_shards *shards;
  lati_additions *additions;
} lati_recorder;

void lati_record_addition(void *user, int64_t to, int64_t from);

/* The additions of elements first .. end - 1, in order, after which the rows that were added are
 * zero there. */
void lati_add_rows(const lati_additions *additions, const lati_shards *shards, size_t first,
                   size_t end);

/* A row of the worker's that is zero; -1 where additions have to be done before there is one. */
int64_t lati_zero_row(const lati_shard_worker *worker);

#endif
