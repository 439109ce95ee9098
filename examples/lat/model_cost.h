/* What a training step must multiply. */
#ifndef MODEL_COST_H
#define MODEL_COST_H

#include <lat/lat.h>

/* Multiply-adds of a forward pass over the batch: linear layers, attention, the head, over real
 * tokens only. Training takes 6 floating-point operations for each. */
double model_multiply_adds(const lat_model_options *options, const lat_batch *batch,
                           int32_t head_rows);

/* A linear layer of a model: `count` of them with as many tokens in a batch. */
typedef struct model_layer {
  int64_t tokens;
  int32_t out, in, count;
} model_layer;

/* The encoder's four kinds, the decoder's five, and the head. */
enum { MODEL_LAYERS = 11 };

void model_layers(model_layer layers[MODEL_LAYERS], const lat_model_options *options,
                  const lat_batch *batch, int32_t head_rows);

/* Multiply-adds of Muon's update: those of its matrices' orthogonal factors. */
double muon_multiply_adds(const lat_model *model);

#endif
