/* What a training step must multiply. */
#ifndef MODEL_COST_H
#define MODEL_COST_H

#include <lat/lat.h>

/* Multiply-adds of a forward pass over the batch: linear layers, attention, logits, over real
 * tokens only. Training takes 6 floating-point operations for each. */
double model_multiply_adds(const lat_model_options *options, const lat_batch *batch,
                           int32_t output_symbols);

#endif
