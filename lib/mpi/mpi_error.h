/* Failing: a status code, and a message for lat_mpi_last_error(). */
#ifndef LATI_MPI_ERROR_H
#define LATI_MPI_ERROR_H

#include <lat/status.h>

/* Records the message of a failure and returns `status`. */
lat_status lati_mpi_fail(lat_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

lat_status lati_mpi_fail_memory(void);

/* The status of a code that MPI's function `call` returned; the message is in MPI's own words. */
lat_status lati_mpi_check(int code, const char *call);

/* Leaves through `done` with the status of a call of MPI's, where that failed. */
#define LATI_MPI_TRY(call, name)                                                                   \
  do {                                                                                             \
    status = lati_mpi_check((call), (name));                                                       \
    if (status != LAT_OK) {                                                                        \
      goto done;                                                                                   \
    }                                                                                              \
  } while (0)

/* The message of a failure to whoever asked, who has LAT_MESSAGE_SIZE bytes for it; returns
 * `status`. */
lat_status lati_mpi_tell(lat_status status, char *message);

#endif
