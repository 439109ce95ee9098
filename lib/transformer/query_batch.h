/* A batch of problems with room for their answers, whose lengths follow from the problems' shapes:
 * what an encoder alone reads when it decodes. */
#ifndef LATI_QUERY_BATCH_H
#define LATI_QUERY_BATCH_H

#include "transformer/transformer.h"

typedef struct lati_query_batch {
  lat_batch batch; /* the inputs are borrowed; answers are all PAD, at their places */
  size_t offset_capacity, token_capacity, place_capacity;
} lati_query_batch;

/* Describes the answers to a batch's inputs. SHAPE when the model's task has no answer to an input.
 */
lat_status lati_query_batch_fill(lati_query_batch *queries, const lat_model *model,
                                 const lat_batch *batch);
void lati_query_batch_clear(lati_query_batch *queries);

#endif
