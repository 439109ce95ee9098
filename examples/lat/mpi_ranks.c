/* The command is not linked with MPI. A launcher tells that it started the process in the
 * environment; then liblat_mpi is loaded, the one for that launcher's MPI. */
#define LAT_MPI_WITHOUT_MPI_H
#include "mpi_ranks.h"

#include "report.h"

#include <lat/mpi.h>

#include <dlfcn.h>
#ifdef __linux__
#include <sched.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef lat_status start_function(lat_mpi **out, lat_trainer_options *options);

/* The process's connection: MPI is one for all of it. */
static struct {
  start_function *start;
  const char *(*last_error)(void);
  void (*free)(lat_mpi *mpi);
  void (*abort)(lat_mpi *mpi, int32_t code);
  lat_status (*set_time_limit)(lat_mpi *mpi, double seconds);
  lat_mpi *all, *trainer;      /* of preparations, and of the run */
  lat_trainer_options options; /* by which preparations are settled */
  int held_error;              /* standard error of a rank above 0, while it is held */
  FILE *held;                  /* what it said; NULL: it is not held */
} connection;

/* Variables of Open MPI (and PRRTE), of MPICH's Hydra and its relatives, of Slurm's PMIx. */
static const char *const size_names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
static const char *const rank_names[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"};
static const char *const local_names[] = {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"};

static long number_of(const char *const *names, size_t count, long otherwise) {
  for (size_t i = 0; i < count; ++i) {
    const char *text = getenv(names[i]);
    if (text != NULL && text[0] >= '0' && text[0] <= '9') {
      return strtol(text, NULL, 10);
    }
  }
  return otherwise;
}
#define NUMBER_OF(names, otherwise) number_of((names), sizeof(names) / sizeof *(names), (otherwise))

int ranks_launched(void) {
  return NUMBER_OF(rank_names, -1) >= 0;
}

static void hold_output(void) {
  connection.held = tmpfile();
  connection.held_error = dup(STDERR_FILENO);
  if (connection.held != NULL && connection.held_error >= 0) {
    fflush(stderr);
    dup2(fileno(connection.held), STDERR_FILENO);
  }
}

/* Back to the standard error there was, with what was held or without. */
static void release_output(int show) {
  char text[4096];
  size_t length = 0;
  if (connection.held == NULL || connection.held_error < 0) {
    return;
  }
  fflush(stderr);
  dup2(connection.held_error, STDERR_FILENO);
  rewind(connection.held);
  while (show && (length = fread(text, 1, sizeof text, connection.held)) > 0) {
    fwrite(text, 1, length, stderr);
  }
  fclose(connection.held);
  close(connection.held_error);
  connection.held = NULL;
}

void ranks_release_output(void) {
  release_output(0);
}

/* MPICH's launcher sets PMI_RANK, Open MPI's does not. */
static void *load_library(void) {
  static const char *const names[] = {"liblat_mpi_mpich.so.1", "liblat_mpi.so.1"};
  const int mpich = getenv("PMI_RANK") != NULL && getenv("OMPI_COMM_WORLD_RANK") == NULL;
  void *library = NULL;
  for (int i = mpich ? 0 : 1; i < 2 && library == NULL; ++i) {
    library = dlopen(names[i], RTLD_NOW | RTLD_GLOBAL);
  }
  return library;
}

/* Processors that a launcher has bound this process to; `all` where the system does not tell. */
static long bound_to(long all) {
#ifdef __linux__
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : all;
#else
  return all;
#endif
}

/* As many threads as this process may use processors, of its share of those of the machine. */
static int32_t share_of_processors(void) {
  const long online = sysconf(_SC_NPROCESSORS_ONLN), local = NUMBER_OF(local_names, 1);
  const long share = local > 0 && online > local ? online / local : 1;
  const long allowed = bound_to(share);
  return (int32_t)(allowed < share ? allowed : share);
}

static int find_functions(void *library) {
  *(void **)&connection.start = dlsym(library, "lat_mpi_start");
  *(void **)&connection.last_error = dlsym(library, "lat_mpi_last_error");
  *(void **)&connection.free = dlsym(library, "lat_mpi_free");
  *(void **)&connection.abort = dlsym(library, "lat_mpi_abort");
  *(void **)&connection.set_time_limit = dlsym(library, "lat_mpi_set_time_limit");
  const int found = connection.start != NULL && connection.last_error != NULL &&
                    connection.free != NULL && connection.abort != NULL &&
                    connection.set_time_limit != NULL;
  return found ? EXIT_DONE : report_error("liblat_mpi is of another version: %s", dlerror());
}

static int start(lat_mpi **out, lat_trainer_options *options) {
  return connection.start(out, options) == LAT_OK
             ? EXIT_DONE
             : report_error("MPI: %s", connection.last_error());
}

int ranks_open(void) {
  const long launched = NUMBER_OF(size_names, 0);
  if (!ranks_launched()) {
    return EXIT_DONE;
  }
  void *library = load_library();
  if (library == NULL) {
    return report_error("started by an MPI launcher, but liblat_mpi cannot be loaded: %s",
                        dlerror());
  }
  lat_trainer_options_init(&connection.options);
  int outcome = find_functions(library);
  if (outcome == EXIT_DONE) {
    outcome = start(&connection.all, &connection.options);
  }
  if (outcome == EXIT_DONE && launched > 1 && connection.options.ranks != launched) {
    outcome = report_error("the launcher started %ld processes, of which MPI knows %d: liblat_mpi "
                           "is built for another MPI than the launcher's",
                           launched, (int)connection.options.ranks);
  }
  if (outcome == EXIT_DONE && connection.options.rank > 0) {
    hold_output();
  }
  return outcome;
}

int ranks_attach(cli_settings *settings) {
  if (connection.all == NULL) {
    return EXIT_DONE;
  }
  if (settings->context.threads == 0) {
    settings->context.threads = share_of_processors();
  }
  const int outcome = start(&connection.trainer, &settings->trainer);
  if (outcome != EXIT_DONE) {
    return outcome;
  }
  lat_status status = connection.set_time_limit(connection.all, settings->rank_timeout);
  if (status == LAT_OK) {
    status = connection.set_time_limit(connection.trainer, settings->rank_timeout);
  }
  return status == LAT_OK ? EXIT_DONE : report_error("MPI: %s", connection.last_error());
}

int ranks_settle(int outcome) {
  char message[LAT_MESSAGE_SIZE] = "";
  const lat_trainer_options *options = &connection.options;
  int32_t *outcomes = NULL, first = 0;
  if (connection.all == NULL) {
    return outcome;
  }
  outcomes = calloc((size_t)options->ranks, sizeof *outcomes);
  if (outcomes == NULL) {
    ranks_abort();
    return EXIT_FAILED;
  }
  outcomes[options->rank] = outcome;
  const lat_agreement agreement = {.struct_size = sizeof agreement,
                                   .rank = options->rank,
                                   .ranks = options->ranks,
                                   .rows = outcomes,
                                   .size = sizeof *outcomes,
                                   .message = message};
  if (options->agree(&agreement, options->connection) != LAT_OK) {
    report_error("%s", message);
    ranks_abort();
  }
  while (first < options->ranks - 1 && outcomes[first] == EXIT_DONE) {
    ++first;
  }
  outcome = outcomes[first];
  free(outcomes);
  if (outcome != EXIT_DONE) {
    release_output(first == options->rank);
  }
  return outcome;
}

int ranks_are_first(void) {
  return connection.options.rank == 0;
}

void ranks_abort(void) {
  release_output(1);
  if (connection.all != NULL) {
    connection.abort(connection.all, EXIT_FAILED);
  }
}

void ranks_close(void) {
  if (connection.all != NULL) {
    connection.free(connection.trainer);
    connection.free(connection.all);
  }
}
