/* Building batches. */
#ifndef LATI_BATCH_IMPL_H
#define LATI_BATCH_IMPL_H

#include "task/task_impl.h"

/* Where an example comes from. */
typedef struct lati_origin {
  int32_t letter, component, distribution, structure;
} lati_origin;

/* Appends one example; the batch is unchanged on failure. `output` may be NULL. */
lat_status lati_batch_add(lat_batch *batch, const lati_origin *origin, const lat_matrix *input,
                          const lat_matrix *output);

/* Appends the examples of another batch of the same encodings. */
lat_status lati_batch_concatenate(lat_batch *batch, const lat_batch *other);

#endif
