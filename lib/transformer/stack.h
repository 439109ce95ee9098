/* Stacks as lists of blocks: made from the options, declared, viewed and packed by loops. */
#ifndef LATI_STACK_H
#define LATI_STACK_H

#include "transformer/transformer.h"

/* Lists the blocks of every layer of the model's stacks, as its options say. */
lat_status lati_stacks_list(lat_model *model);
/* Builds model->table, the parameters of everything listed. */
lat_status lati_stacks_declare(lat_model *model);
/* Fills the views onto the parameters, which exist now. What is derived from their values is left
 * to lati_model_repack(). */
lat_status lati_stacks_build(lat_model *model);
void lati_stacks_free(lat_model *model);

#endif
