/* Calls of MPI that keep the time limit of lat_mpi_set_time_limit(). Without one they are MPI's
 * blocking calls; with one, the non-blocking ones, which are asked until they are done. */
#include "mpi/mpi_wait.h"

#include "mpi/mpi_error.h"

/* By MPI_Waitall(), or, with a time limit, by asking again and again, since MPI has no waiting that
 * ends. */
lat_status lati_mpi_wait_for(const lat_mpi *mpi, int count, MPI_Request *requests,
                             const char *call) {
  lat_status status = LAT_OK;
  const double begin = MPI_Wtime();
  int done = 0;
  if (mpi->time_limit <= 0) {
    return lati_mpi_check(MPI_Waitall(count, requests, MPI_STATUSES_IGNORE), call);
  }
  while (status == LAT_OK && !done) {
    status = lati_mpi_check(MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE), call);
    if (status == LAT_OK && !done && MPI_Wtime() - begin > mpi->time_limit) {
      status = lati_mpi_fail(LAT_ERROR_CALLBACK, "%s: no answer of the other ranks in %g seconds",
                             call, mpi->time_limit);
    }
  }
  return status;
}

lat_status lati_mpi_complete(const lat_mpi *mpi, int code, MPI_Request *request, const char *call) {
  const lat_status status = lati_mpi_check(code, call);
  return status == LAT_OK ? lati_mpi_wait_for(mpi, 1, request, call) : status;
}

lat_status lati_mpi_gather_all(const lat_mpi *mpi, const void *own, void *all, MPI_Datatype type) {
  MPI_Request request = MPI_REQUEST_NULL;
  const int count = own == MPI_IN_PLACE ? 0 : mpi->counts[mpi->rank];
  if (mpi->time_limit <= 0) {
    return lati_mpi_check(
        MPI_Allgatherv(own, count, type, all, mpi->counts, mpi->offsets, type, mpi->communicator),
        "MPI_Allgatherv");
  }
  const int code = MPI_Iallgatherv(own, count, type, all, mpi->counts, mpi->offsets, type,
                                   mpi->communicator, &request);
  return lati_mpi_complete(mpi, code, &request, "MPI_Iallgatherv");
}

lat_status lati_mpi_add_all(const lat_mpi *mpi, void *values, int count, MPI_Datatype type) {
  MPI_Request request = MPI_REQUEST_NULL;
  if (mpi->time_limit <= 0) {
    return lati_mpi_check(
        MPI_Allreduce(MPI_IN_PLACE, values, count, type, MPI_SUM, mpi->communicator),
        "MPI_Allreduce");
  }
  const int code =
      MPI_Iallreduce(MPI_IN_PLACE, values, count, type, MPI_SUM, mpi->communicator, &request);
  return lati_mpi_complete(mpi, code, &request, "MPI_Iallreduce");
}
