/* What is behind a lat_mpi. */
#ifndef LATI_LAT_MPI_IMPL_H
#define LATI_LAT_MPI_IMPL_H

#include <lat/mpi.h>

struct lati_stretch_sum; /* mpi_reduce.c */

struct lat_mpi {
  MPI_Comm communicator; /* a duplicate, whose errors return */
  int32_t rank, ranks;
  int started;       /* 1: MPI was initialised here */
  double time_limit; /* seconds that a call waits for the other ranks; 0: for ever */
  int64_t bytes_sent;
  int *counts, *offsets;                    /* (ranks): what each brings to a gather */
  double *sums;                             /* of all ranks, the numbers beside a sum */
  struct lati_stretch_sum *stretches;       /* the last is that of reduce, the others began early */
  size_t sums_capacity, stretches_capacity; /* elements */
  int begun;                                /* stretches in use */
  int broken;                               /* 1: a sum failed; MPI may still use its memory */
};

#endif
