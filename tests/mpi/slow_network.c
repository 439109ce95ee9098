/* A network of our own making between the ranks of one machine, by MPI's profiling interface: each
 * rank has a line, which carries one message after the other while the rank goes on, each in
 * SLOW_LATENCY microseconds and at SLOW_BANDWIDTH megabytes a second; who waits for messages waits
 * for the line. Loaded before an MPI program by LD_PRELOAD. The calls are those of sums in the
 * tree's order and of Muon's factors; MPI_Allreduce is as fast as ever. */
#define _POSIX_C_SOURCE 200809L
#include <mpi.h>

#include <stdlib.h>
#include <time.h>

static double line_is_free; /* clock at which the line has carried all it was given */

static double seconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Messages, of so many bytes in all. */
static void carry(double messages, double bytes) {
  const char *latency = getenv("SLOW_LATENCY"), *bandwidth = getenv("SLOW_BANDWIDTH");
  const double now = seconds_now();
  line_is_free = line_is_free > now ? line_is_free : now;
  line_is_free += latency != NULL ? messages * 1e-6 * atof(latency) : 0;
  line_is_free += bandwidth != NULL ? bytes / (1e6 * atof(bandwidth)) : 0;
}

static void wait_for_line(void) {
  const double seconds = line_is_free - seconds_now();
  if (seconds > 0) {
    const struct timespec time = {(time_t)seconds,
                                  (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&time, NULL);
  }
}

int MPI_Isend(const void *buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm ranks,
              MPI_Request *request) {
  int size = 0;
  PMPI_Type_size(type, &size);
  carry(1, (double)size * count);
  return PMPI_Isend(buffer, count, type, to, tag, ranks, request);
}

int MPI_Waitall(int count, MPI_Request *requests, MPI_Status *statuses) {
  const int code = PMPI_Waitall(count, requests, statuses);
  wait_for_line();
  return code;
}

/* What is there for MPI, but still on the line, is not there. */
int MPI_Testall(int count, MPI_Request *requests, int *there, MPI_Status *statuses) {
  const int code = PMPI_Testall(count, requests, there, statuses);
  *there = *there && line_is_free <= seconds_now();
  return code;
}

/* An all-gather hands each rank's row on R - 1 times, as a ring does. */
static void carry_gather(MPI_Datatype type, const int *counts, MPI_Comm ranks) {
  int size = 0, rank = 0, number = 1;
  PMPI_Type_size(type, &size);
  PMPI_Comm_rank(ranks, &rank);
  PMPI_Comm_size(ranks, &number);
  carry(number - 1, (double)(number - 1) * size * counts[rank]);
}

int MPI_Allgatherv(const void *own, int count, MPI_Datatype type, void *all, const int *counts,
                   const int *offsets, MPI_Datatype all_type, MPI_Comm ranks) {
  const int code = PMPI_Allgatherv(own, count, type, all, counts, offsets, all_type, ranks);
  carry_gather(all_type, counts, ranks);
  wait_for_line();
  return code;
}

int MPI_Iallgatherv(const void *own, int count, MPI_Datatype type, void *all, const int *counts,
                    const int *offsets, MPI_Datatype all_type, MPI_Comm ranks,
                    MPI_Request *request) {
  carry_gather(all_type, counts, ranks);
  return PMPI_Iallgatherv(own, count, type, all, counts, offsets, all_type, ranks, request);
}
