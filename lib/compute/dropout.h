/* Dropout of a layer's output, and of attention's probabilities, in either direction. */
#ifndef LATI_DROPOUT_H
#define LATI_DROPOUT_H

#include "compute/backend.h"

/* lati_backend.dropout */
void lati_dropout_forward(const lati_device *device, float *y, const float *x,
                          const float *residual, int32_t width, const lati_dropout *dropout);

/* A query of attention: its number in its sequence, which has so many keys. */
typedef struct lati_masked_query {
  int64_t sequence, query, keys;
  int64_t head;
} lati_masked_query;

/* Applies dropout to p[i * stride], the probabilities (or their gradients) of one query for its
 * sequence's keys first .. first + count - 1. */
void lati_attention_mask(float *p, int64_t stride, const lati_dropout *dropout,
                         const lati_masked_query *query, int64_t first, int64_t count);

#endif
