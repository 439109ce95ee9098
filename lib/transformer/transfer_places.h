/* Where the entries of a larger size stood in the sequences of a smaller one. */
#ifndef LATI_TRANSFER_PLACES_H
#define LATI_TRANSFER_PLACES_H

#include "transformer/transformer.h"

/* For each of `count` places of a side's framed sequences of `model`: the place of the same token
 * in those of `from`; -1 for a token of an entry that `from` has not. The place's own number behind
 * the last token, and everywhere when sequences have no one layout: those of mixtures, custom tasks
 * and tasks of several sizes. */
lat_status lati_transfer_places(int32_t *places, int32_t count, const lat_model *model,
                                const lat_model *from, int32_t side);

#endif
