/* Beam search's own structure. */
#ifndef LATI_BEAM_H
#define LATI_BEAM_H

#include <stdint.h>

/* A way to continue a hypothesis. */
typedef struct lati_candidate {
  float logit;
  int32_t token;
} lati_candidate;

#endif
