/* The slow twin of the table of operations, which every table is held against. */
#ifndef LATI_NAIVE_H
#define LATI_NAIVE_H

#include "compute/backend.h"

/* Plain loops in double, on one thread. */
extern const lati_backend lati_backend_naive;

/* Attention's part of it. */
void lati_naive_attention_forward(const lati_device *device, lati_rows o, float *lse, lati_rows q,
                                  lati_rows k, lati_rows v, const lati_attention *shape,
                                  void *scratch);
void lati_naive_attention_backward(const lati_device *device, lati_rows d_q, lati_rows d_k,
                                   lati_rows d_v, lati_rows d_o, lati_rows o, const float *lse,
                                   lati_rows q, lati_rows k, lati_rows v,
                                   const lati_attention *shape, void *scratch);

#endif
