/* Examples of the host's own in place of drawn ones: which of a batch's examples stands where in a
 * sampler's stream. */
#ifndef LATI_EXAMPLE_SOURCE_H
#define LATI_EXAMPLE_SOURCE_H

#include "task/batch_impl.h"

/* OK when every example of the source is one of the task, written as the tokenizer writes. ARGUMENT
 * tells the first that is not. */
lat_status lati_source_check(const lat_batch *source, const lat_task *task,
                             const lat_tokenizer *tokenizer);

/* The place in the source of example `index` of a stream. The source is passed over again and
 * again, each time in another order; or always in its own. */
int64_t lati_source_place(const lat_batch *source, const lat_sampler_options *options,
                          uint64_t index);

/* Appends the example at a place to a batch. */
lat_status lati_source_take(lat_batch *batch, const lat_batch *source, const lat_task *task,
                            int64_t place);

#endif
