/* Encoder and decoder as views onto the flat parameter vector, and what is derived from it. */
#ifndef LATI_STACK_H
#define LATI_STACK_H

#include "transformer/transformer.h"

/* Fills model->encoder, decoder and projection; table and parameters exist. What is derived from
 * the parameters' values is left to lati_model_repack(). */
lat_status lati_stacks_build(lat_model *model);
void lati_stacks_free(lat_model *model);

#endif
