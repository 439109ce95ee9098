/* Initial parameters. */
#ifndef LATI_INITIALISE_H
#define LATI_INITIALISE_H

#include "transformer/transformer.h"

/* Fills the flat vector: row r of tensor t is a pure function of the model's seed, t and r. */
lat_status lati_initialise(lat_model *model);

#endif
