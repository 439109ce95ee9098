/* A trainer's agree: the rows of all ranks to every rank. */
#include "mpi/mpi_agree.h"

#include "mpi/mpi_error.h"
#include "mpi/mpi_wait.h"

#include <limits.h>

/* Rows of one size. */
static lat_status gather_even_rows(const lat_mpi *mpi, const lat_agreement *agreement) {
  if (agreement->size > INT_MAX) {
    return lati_mpi_fail(LAT_ERROR_LIMIT, "a row of %zu bytes is more than MPI counts, %d",
                         agreement->size, INT_MAX);
  }
  const int size = (int)agreement->size;
  MPI_Request request = MPI_REQUEST_NULL;
  if (mpi->time_limit <= 0) {
    return lati_mpi_check(MPI_Allgather(MPI_IN_PLACE, 0, MPI_BYTE, agreement->rows, size, MPI_BYTE,
                                        mpi->communicator),
                          "MPI_Allgather");
  }
  const int code = MPI_Iallgather(MPI_IN_PLACE, 0, MPI_BYTE, agreement->rows, size, MPI_BYTE,
                                  mpi->communicator, &request);
  return lati_mpi_complete(mpi, code, &request, "MPI_Iallgather");
}

/* Rows of any size: counted in floats where all are whole ones, as MPI counts no further than int.
 */
static lat_status gather_rows(lat_mpi *mpi, void *rows, const size_t *offsets) {
  size_t unit = sizeof(float);
  for (int32_t rank = 0; rank <= mpi->ranks; ++rank) {
    unit = offsets[rank] % sizeof(float) == 0 ? unit : 1;
  }
  if (offsets[mpi->ranks] / unit > INT_MAX) {
    return lati_mpi_fail(LAT_ERROR_LIMIT,
                         "rows of %zu bytes are more than MPI counts, %d times %zu",
                         offsets[mpi->ranks], INT_MAX, unit);
  }
  for (int32_t rank = 0; rank < mpi->ranks; ++rank) {
    mpi->offsets[rank] = (int)(offsets[rank] / unit);
    mpi->counts[rank] = (int)((offsets[rank + 1] - offsets[rank]) / unit);
  }
  const MPI_Datatype type = unit == 1 ? MPI_BYTE : MPI_FLOAT;
  return lati_mpi_gather_all(mpi, MPI_IN_PLACE, rows, type);
}

lat_status lati_mpi_agree(const lat_agreement *agreement, void *user) {
  const int even = agreement->struct_size < sizeof *agreement || agreement->offsets == NULL;
  return lati_mpi_tell(even ? gather_even_rows(user, agreement)
                            : gather_rows(user, agreement->rows, agreement->offsets),
                       agreement->message);
}
