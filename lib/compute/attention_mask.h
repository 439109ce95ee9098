/* Dropout of attention's probabilities, in either direction. */
#ifndef LATI_ATTENTION_MASK_H
#define LATI_ATTENTION_MASK_H

#include "compute/backend.h"

/* Applies shape->dropout to p[i * stride], the probabilities (or their gradients) of one query for
 * its sequence's keys first .. first + count - 1. row: query * heads + head; first: a multiple of
 * 4. */
void lati_attention_mask(float *p, int64_t stride, const lati_attention *shape, int64_t row,
                         int64_t first, int64_t count);

#endif
