/* Rows of all ranks: a trainer's agree. */
#ifndef LATI_MPI_AGREE_H
#define LATI_MPI_AGREE_H

#include "mpi/lat_mpi_impl.h"

/* `user` is the lat_mpi. */
lat_status lati_mpi_agree(const lat_agreement *agreement, void *user);

#endif
