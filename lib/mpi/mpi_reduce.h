/* Sums over the ranks: a trainer's reduce and begin_reduce. */
#ifndef LATI_MPI_REDUCE_H
#define LATI_MPI_REDUCE_H

#include "mpi/lat_mpi_impl.h"

/* `user` is the lat_mpi. */
lat_status lati_mpi_reduce(const lat_reduction *reduction, void *user);
lat_status lati_mpi_begin_reduce(const lat_reduction *reduction, void *user);

/* Frees the memory of the sums, but for what MPI may still write to. */
void lati_mpi_free_sums(lat_mpi *mpi);

#endif
