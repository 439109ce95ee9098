/* Waiting for the other ranks, for no longer than the time limit of lat_mpi_set_time_limit(): a
 * call whose time is over fails with CALLBACK, and what it began is still under way. */
#ifndef LATI_MPI_WAIT_H
#define LATI_MPI_WAIT_H

#include "mpi/lat_mpi_impl.h"

/* Waits until all requests are done; `call` is the name that the message of a failure gives. */
lat_status lati_mpi_wait_for(const lat_mpi *mpi, int count, MPI_Request *requests,
                             const char *call);

/* The end of a call that began one request, with that code. */
lat_status lati_mpi_complete(const lat_mpi *mpi, int code, MPI_Request *request, const char *call);

/* MPI_Allgatherv() that keeps the time limit: rank r brings mpi->counts[r] elements, which go to
 * all + mpi->offsets[r]. */
lat_status lati_mpi_gather_all(const lat_mpi *mpi, const void *own, void *all, MPI_Datatype type);

/* MPI_Allreduce() that keeps it. */
lat_status lati_mpi_add_all(const lat_mpi *mpi, void *values, int count, MPI_Datatype type);

#endif
