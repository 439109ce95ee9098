/* A batch's way through the model in parts, whose activations stay in a processor's caches: one
 * after the other, each on all threads, or a thread on each, which brings the same bits. */
#ifndef LATI_BATCH_PARTS_H
#define LATI_BATCH_PARTS_H

#include "transformer/workspace.h"

/* What a thread needs to take parts through the model. */
typedef struct lati_part_worker {
  lati_workspace *workspace;
  int64_t *offsets[2]; /* of the part at hand, by side */
  size_t offset_capacity[2];
} lati_part_worker;

typedef struct lati_part lati_part;

/* Memory for the parts of one batch after another. */
typedef struct lati_batch_parts {
  const lat_model *model; /* borrowed */
  lati_part_worker *worker;
  int32_t workers; /* that have a workspace; the first always has one */
  lati_part *part;
  size_t capacity;
} lati_batch_parts;

/* Zeroed before; cleared after a failure, too. */
lat_status lati_batch_parts_create(lati_batch_parts *parts, const lat_model *model);
void lati_batch_parts_clear(lati_batch_parts *parts);

/* Forward, head and backward of a batch that lati_workspace_check() has found good. Adds its losses
 * to `sum` and its gradients to those of `to`, whose fields are those of the whole batch: MEMORY,
 * NUMERIC, and then what has been added is undefined. */
lat_status lati_batch_parts_pass(lati_batch_parts *parts, lat_loss_sum *sum, const lat_batch *batch,
                                 const lati_accumulation *to);

#endif
