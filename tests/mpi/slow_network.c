/* A network of our own making between the ranks of one machine, by MPI's profiling interface: what
 * a call has sent takes SLOW_LATENCY microseconds a message and SLOW_BANDWIDTH megabytes a second
 * more. Loaded before an MPI program by LD_PRELOAD. The calls are those that liblat_mpi makes. */
#define _POSIX_C_SOURCE 200809L
#include <mpi.h>

#include <stdlib.h>
#include <time.h>

/* Messages one after the other, of so many bytes in all, from now on. */
static void wait_for(double messages, double bytes) {
  const char *latency = getenv("SLOW_LATENCY"), *bandwidth = getenv("SLOW_BANDWIDTH");
  double seconds = latency != NULL ? messages * 1e-6 * atof(latency) : 0;
  seconds += bandwidth != NULL ? bytes / (1e6 * atof(bandwidth)) : 0;
  const struct timespec time = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
  if (seconds > 0) {
    nanosleep(&time, NULL);
  }
}

static double pending_messages, pending_bytes;

int MPI_Isend(const void *buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm ranks,
              MPI_Request *request) {
  int size = 0;
  PMPI_Type_size(type, &size);
  pending_messages += 1;
  pending_bytes += (double)size * count;
  return PMPI_Isend(buffer, count, type, to, tag, ranks, request);
}

int MPI_Waitall(int count, MPI_Request *requests, MPI_Status *statuses) {
  const int code = PMPI_Waitall(count, requests, statuses);
  wait_for(pending_messages, pending_bytes);
  pending_messages = pending_bytes = 0;
  return code;
}

/* An all-gather hands each rank's row on R - 1 times, as a ring does. */
int MPI_Allgatherv(const void *own, int count, MPI_Datatype type, void *all, const int *counts,
                   const int *offsets, MPI_Datatype all_type, MPI_Comm ranks) {
  int size = 0, rank = 0, number = 1;
  const int code = PMPI_Allgatherv(own, count, type, all, counts, offsets, all_type, ranks);
  PMPI_Type_size(all_type, &size);
  PMPI_Comm_rank(ranks, &rank);
  PMPI_Comm_size(ranks, &number);
  wait_for(number - 1, (double)(number - 1) * size * counts[rank]);
  return code;
}
