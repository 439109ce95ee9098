/* lat/mpi.h: attaching to a communicator, which fills in a trainer's reduce, begin_reduce and
 * agree, and the other public functions. All of lib/mpi goes through the public headers of lat and
 * MPI only. */
#include "mpi/lat_mpi_impl.h"
#include "mpi/mpi_agree.h"
#include "mpi/mpi_error.h"
#include "mpi/mpi_reduce.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SHARDS = 8, MOST_RANKS = 65536 };

/* The default: 8, or as many as there are ranks, as far as a batch can be split. */
static int32_t choose_shards(const lat_mpi *mpi, const lat_trainer_options *options) {
  int32_t shards = DEFAULT_SHARDS;
  while (shards < mpi->ranks) {
    shards *= 2;
  }
  while (shards > options->batch_size && shards > 1) {
    shards /= 2;
  }
  return shards;
}

static void fill(lat_trainer_options *options, lat_mpi *mpi) {
  options->rank = mpi->rank;
  options->ranks = mpi->ranks;
  options->reduce = lati_mpi_reduce;
  options->agree = lati_mpi_agree;
  options->begin_reduce = lati_mpi_begin_reduce;
  options->connection = mpi;
  if (options->shards == 0 && !options->fast_reduce) {
    options->shards = choose_shards(mpi, options);
  }
}

static lat_status check_running(void) {
  int initialised = 0, finalised = 0;
  MPI_Initialized(&initialised);
  MPI_Finalized(&finalised);
  if (!initialised || finalised) {
    return lati_mpi_fail(LAT_ERROR_STATE, finalised
                                              ? "MPI was finalised: MPI_Finalize() comes too early"
                                              : "MPI is not initialised: MPI_Init() is missing");
  }
  return LAT_OK;
}

static lat_status duplicate(lat_mpi *mpi, MPI_Comm communicator) {
  lat_status status = LAT_OK;
  int rank = 0, ranks = 0;
  LATI_MPI_TRY(MPI_Comm_dup(communicator, &mpi->communicator), "MPI_Comm_dup");
  LATI_MPI_TRY(MPI_Comm_set_errhandler(mpi->communicator, MPI_ERRORS_RETURN),
               "MPI_Comm_set_errhandler");
  LATI_MPI_TRY(MPI_Comm_rank(mpi->communicator, &rank), "MPI_Comm_rank");
  LATI_MPI_TRY(MPI_Comm_size(mpi->communicator, &ranks), "MPI_Comm_size");
  mpi->rank = rank;
  mpi->ranks = ranks;
  if (ranks > MOST_RANKS) {
    status = lati_mpi_fail(LAT_ERROR_LIMIT, "%d ranks are more than %d", ranks, MOST_RANKS);
  }
done:
  return status;
}

lat_status lat_mpi_attach(lat_mpi **out, MPI_Comm communicator, lat_trainer_options *options) {
  lat_status status = LAT_OK;
  lat_mpi *mpi = NULL;
  if (out == NULL) {
    return lati_mpi_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (communicator == MPI_COMM_NULL) {
    return lati_mpi_fail(LAT_ERROR_ARGUMENT, "the communicator is MPI_COMM_NULL");
  }
  if (options != NULL && options->struct_size < sizeof *options) {
    return lati_mpi_fail(LAT_ERROR_ARGUMENT,
                         "the options' struct_size %zu is below %zu: not initialised",
                         options->struct_size, sizeof *options);
  }
  status = check_running();
  if (status != LAT_OK) {
    return status;
  }
  mpi = calloc(1, sizeof *mpi);
  if (mpi == NULL) {
    return lati_mpi_fail_memory();
  }
  mpi->communicator = MPI_COMM_NULL;
  status = duplicate(mpi, communicator);
  if (status == LAT_OK) {
    mpi->counts = calloc(2 * (size_t)mpi->ranks, sizeof *mpi->counts);
    status = mpi->counts != NULL ? LAT_OK : lati_mpi_fail_memory();
  }
  if (status != LAT_OK) {
    lat_mpi_free(mpi);
    return status;
  }
  mpi->offsets = mpi->counts + mpi->ranks;
  if (options != NULL) {
    fill(options, mpi);
  }
  *out = mpi;
  return LAT_OK;
}

lat_status lat_mpi_attach_fortran(lat_mpi **out, int32_t communicator,
                                  lat_trainer_options *options) {
  if (out != NULL) {
    *out = NULL;
  }
  const lat_status status = check_running();
  return status != LAT_OK ? status
                          : lat_mpi_attach(out, MPI_Comm_f2c((MPI_Fint)communicator), options);
}

lat_status lat_mpi_start(lat_mpi **out, lat_trainer_options *options) {
  int initialised = 0, provided = 0;
  if (out == NULL) {
    return lati_mpi_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  MPI_Initialized(&initialised);
  lat_status status = LAT_OK;
  if (!initialised) {
    status = lati_mpi_check(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided),
                            "MPI_Init_thread");
  }
  const int running = status == LAT_OK;
  if (running) {
    status = lat_mpi_attach(out, MPI_COMM_WORLD, options);
  }
  if (status == LAT_OK) {
    (*out)->started = !initialised;
  } else if (running && !initialised) {
    MPI_Finalize();
  }
  return status;
}

lat_status lat_mpi_set_time_limit(lat_mpi *mpi, double seconds) {
  if (mpi == NULL || !(seconds >= 0)) {
    return lati_mpi_fail(LAT_ERROR_ARGUMENT, mpi == NULL ? "mpi is NULL" : "seconds is negative");
  }
  mpi->time_limit = seconds;
  return LAT_OK;
}

void lat_mpi_free(lat_mpi *mpi) {
  int finalised = 0;
  if (mpi == NULL) {
    return;
  }
  MPI_Finalized(&finalised);
  if (mpi->communicator != MPI_COMM_NULL && !finalised) {
    MPI_Comm_free(&mpi->communicator);
  }
  if (mpi->started && !finalised) {
    MPI_Finalize();
  }
  lati_mpi_free_sums(mpi);
  if (!mpi->broken) { /* what is under way may read them */
    free(mpi->counts);
  }
  free(mpi);
}

void lat_mpi_abort(lat_mpi *mpi, int32_t code) {
  if (mpi != NULL) {
    MPI_Abort(mpi->communicator, code);
  }
}

lat_status lat_mpi_sum(lat_mpi *mpi, lat_gradients *gradients, lat_loss_sum *sum) {
  char message[LAT_MESSAGE_SIZE] = "";
  if (mpi == NULL || gradients == NULL || sum == NULL) {
    return lati_mpi_fail(LAT_ERROR_ARGUMENT, "mpi, gradients or sum is NULL");
  }
  float *values = NULL;
  lat_status status = lat_gradients_map(&values, gradients);
  if (status != LAT_OK) {
    return lati_mpi_fail(status, "%s", lat_last_error());
  }
  double sums[5] = {sum->loss, (double)sum->tokens, (double)sum->correct_tokens,
                    (double)sum->examples, (double)sum->correct_examples};
  const lat_reduction reduction = {.struct_size = sizeof reduction,
                                   .shards = mpi->ranks,
                                   .rank = mpi->rank,
                                   .ranks = mpi->ranks,
                                   .parts = 1,
                                   .values = &values,
                                   .count = lat_gradients_size(gradients),
                                   .sums = sums,
                                   .sum_count = 5,
                                   .message = message};
  status = lati_mpi_reduce(&reduction, mpi);
  const lat_status committed = lat_gradients_commit(gradients);
  if (status == LAT_OK && committed != LAT_OK) {
    status = lati_mpi_fail(committed, "%s", lat_last_error());
  }
  if (status == LAT_OK) {
    sum->loss = sums[0];
    sum->tokens = (int64_t)sums[1];
    sum->correct_tokens = (int64_t)sums[2];
    sum->examples = (int64_t)sums[3];
    sum->correct_examples = (int64_t)sums[4];
  }
  return status;
}

int32_t lat_mpi_rank(const lat_mpi *mpi) {
  return mpi == NULL ? 0 : mpi->rank;
}

int32_t lat_mpi_ranks(const lat_mpi *mpi) {
  return mpi == NULL ? 0 : mpi->ranks;
}

int64_t lat_mpi_bytes_sent(const lat_mpi *mpi) {
  return mpi == NULL ? 0 : mpi->bytes_sent;
}

const char *lat_mpi_library(void) {
  static _Thread_local char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  text[strcspn(text, "\r\n")] = '\0';
  return text;
}
