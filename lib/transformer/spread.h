/* Which output symbols stand for neighbouring numbers. */
#ifndef LATI_SPREAD_H
#define LATI_SPREAD_H

#include "tokenizer/tokenizer_impl.h"

#define LATI_MAX_SPREAD 100.0

/* For each symbol the half-open range of those that differ from it in the last digits of the
 * mantissa alone, itself among them: *out holds the firsts, then the ends. ARGUMENT for an encoding
 * that writes a mantissa as several tokens. */
lat_status lati_spread_neighbours(int32_t **out, const lat_context *ctx,
                                  const lati_vocabulary *vocabulary);

#endif
