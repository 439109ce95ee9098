/* What the files about ranks share. */
#ifndef LATI_RANKS_IMPL_H
#define LATI_RANKS_IMPL_H

#include "train/ranks.h"

/* How a rank fared, and two numbers of its own. */
struct lati_rank_report {
  uint64_t numbers[2];
  lat_status status;
  char message[LAT_MESSAGE_SIZE];
};

static inline int lati_ranks_alone(const lat_trainer *trainer) {
  return trainer->shards.ranks <= 1;
}

/* The status of a host's function; what is none of the library's counts as CALLBACK. */
lat_status lati_ranks_outcome(lat_status status, const char *what, const char *message);

/* Every rank's row of `size` bytes, to all. */
lat_status lati_ranks_agree(const lat_trainer *trainer, void *rows, size_t size);

/* Every rank's report, into trainer->reports, and OK where all fared well. */
lat_status lati_ranks_report(lat_trainer *trainer, lat_status status, uint64_t first,
                             uint64_t second);

/* Rank 0's vector for all: a sum to which the others bring -0, which changes no number's bits. */
lat_status lati_ranks_follow_vector(const lat_trainer *trainer, float *vector);

#endif
