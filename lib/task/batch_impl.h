/* Building batches. */
#ifndef LATI_BATCH_IMPL_H
#define LATI_BATCH_IMPL_H

#include "task/canonical.h"
#include "task/task_impl.h"

/* Where an example comes from. */
typedef struct lati_origin {
  int32_t letter, component, distribution, structure;
  const lati_transform *equilibrated; /* NULL: the input was not */
} lati_origin;

/* Tokens of matrices one after the other, the letter in front of the first; and the most there can
 * be. */
lat_status lati_matrices_encode(int32_t *tokens, size_t capacity, size_t *count,
                                const lat_tokenizer *tokenizer, int32_t side, int32_t letter,
                                const lati_matrices *matrices);
size_t lati_matrices_max_tokens(const lati_matrices *matrices, const lat_tokenizer *tokenizer,
                                int32_t side);

/* Appends one example; the batch is unchanged on failure. `output` may be NULL. */
lat_status lati_batch_add(lat_batch *batch, const lati_origin *origin, const lati_matrices *input,
                          const lati_matrices *output);

/* Appends examples first .. first + count - 1 of another batch of the same encodings; and all. */
lat_status lati_batch_append_range(lat_batch *batch, const lat_batch *other, int64_t first,
                                   int64_t count);
lat_status lati_batch_concatenate(lat_batch *batch, const lat_batch *other);

#endif
