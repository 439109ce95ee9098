/* Recurrent cells of a backend's table, which any backend on the processor can use. */
#ifndef LATI_RECURRENT_CELL_H
#define LATI_RECURRENT_CELL_H

#include "compute/backend.h"

/* lati_backend.cell_forward and .cell_backward */
void lati_cell_forward(const lati_device *device, const lati_cell *cell, float *y,
                       const float *residual, float *h, float *c, const float *from_h);
void lati_cell_backward(const lati_device *device, const lati_cell *cell, float *d_gates,
                        float *d_from, float *d_step, float *d_h, float *d_c, lati_rows d_y);

#endif
