/* The last error of a thread, which lat_mpi_last_error() returns, and failures with a message. */
#include "mpi/mpi_error.h"

#include <lat/mpi.h>

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char last_error[LAT_MESSAGE_SIZE];

lat_status lati_mpi_fail(lat_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(last_error, sizeof last_error, format, arguments);
  va_end(arguments);
  return status;
}

lat_status lati_mpi_fail_memory(void) {
  return lati_mpi_fail(LAT_ERROR_MEMORY, "no memory for a sum over the ranks");
}

lat_status lati_mpi_check(int code, const char *call) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  if (code == MPI_SUCCESS) {
    return LAT_OK;
  }
  MPI_Error_string(code, text, &length);
  return lati_mpi_fail(LAT_ERROR_CALLBACK, "%s: %.200s", call, text);
}

lat_status lati_mpi_tell(lat_status status, char *message) {
  if (status != LAT_OK) {
    snprintf(message, LAT_MESSAGE_SIZE, "%s", last_error);
  }
  return status;
}

const char *lat_mpi_last_error(void) {
  return last_error;
}
