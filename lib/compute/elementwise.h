/* Elementwise operations of a backend's table, which any backend on the processor can use. */
#ifndef LATI_ELEMENTWISE_H
#define LATI_ELEMENTWISE_H

#include "compute/backend.h"

/* lati_backend.gate_forward and .gate_backward */
void lati_gate_forward(const lati_device *device, float *y, float *gate, const float *h,
                       const float *x, int64_t count);
void lati_gate_backward(const lati_device *device, float *d_y, float *d_x, float *d_gate,
                        const float *gate, const float *h, const float *x, int64_t count);

/* lati_backend.add */
void lati_add(const lati_device *device, float *y, const float *x, int64_t count);

#endif
