/* lat/mpi.h: a trainer's reduce, begin_reduce and agree by MPI. A sum is a reduce-scatter and an
 * all-gather: each rank gets all ranks' parts of its own share of a stretch of the vector, adds
 * them in the tree's order, and sends the sum to the others. Sums that begin early go through both
 * steps whenever MPI is called. Through the public headers of lat and MPI only. */
#include <lat/mpi.h>

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SHARDS = 8, MOST_RANKS = 65536 };

/* A sum on its way, of a stretch of the vector. Its memory is used again by the next update. */
typedef struct stretch_sum {
  lat_reduction what;
  float *parts;          /* of all ranks, of this rank's share */
  int *counts, *offsets; /* (ranks): the shares */
  MPI_Request *requests; /* of parts, and behind them that of the sums */
  size_t parts_capacity, counts_capacity, offsets_capacity, requests_capacity; /* elements */
  int pending; /* requests of parts */
  int gathers; /* 1: that of the sums is there */
} stretch_sum;

struct lat_mpi {
  MPI_Comm communicator; /* a duplicate, whose errors return */
  int32_t rank, ranks;
  int started;       /* 1: MPI was initialised here */
  double time_limit; /* seconds that a call waits for the other ranks; 0: for ever */
  int64_t bytes_sent;
  int *counts, *offsets;                    /* (ranks): what each brings to a gather */
  double *sums;                             /* of all ranks, the numbers beside a sum */
  stretch_sum *stretches;                   /* the last is that of reduce, the others began early */
  size_t sums_capacity, stretches_capacity; /* elements */
  int begun;                                /* stretches in use */
  int broken; /* 1: a sum failed; MPI may still use what its stretches have */
};

static _Thread_local char last_error[LAT_MESSAGE_SIZE];

static lat_status fail(lat_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static lat_status fail(lat_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(last_error, sizeof last_error, format, arguments);
  va_end(arguments);
  return status;
}

static lat_status fail_memory(void) {
  return fail(LAT_ERROR_MEMORY, "no memory for a sum over the ranks");
}

/* MPI's own words. */
static lat_status check(int code, const char *call) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  if (code == MPI_SUCCESS) {
    return LAT_OK;
  }
  MPI_Error_string(code, text, &length);
  return fail(LAT_ERROR_CALLBACK, "%s: %.200s", call, text);
}

/* Leaves through `done` with the status of a call of MPI's. */
#define TRY(call, name)                                                                            \
  do {                                                                                             \
    status = check((call), (name));                                                                \
    if (status != LAT_OK) {                                                                        \
      goto done;                                                                                   \
    }                                                                                              \
  } while (0)

/* Waits until all requests are done: by MPI_Waitall(), or, with a time limit, by asking again and
 * again, since MPI has no waiting that ends. */
static lat_status wait_for(const lat_mpi *mpi, int count, MPI_Request *requests, const char *call) {
  lat_status status = LAT_OK;
  const double begin = MPI_Wtime();
  int done = 0;
  if (mpi->time_limit <= 0) {
    return check(MPI_Waitall(count, requests, MPI_STATUSES_IGNORE), call);
  }
  while (status == LAT_OK && !done) {
    status = check(MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE), call);
    if (status == LAT_OK && !done && MPI_Wtime() - begin > mpi->time_limit) {
      status = fail(LAT_ERROR_CALLBACK, "%s: no answer of the other ranks in %g seconds", call,
                    mpi->time_limit);
    }
  }
  return status;
}

/* The end of a call that began one request, with that code. */
static lat_status complete(const lat_mpi *mpi, int code, MPI_Request *request, const char *call) {
  const lat_status status = check(code, call);
  return status == LAT_OK ? wait_for(mpi, 1, request, call) : status;
}

/* MPI_Allgatherv() that keeps the time limit. */
static lat_status gather_all(const lat_mpi *mpi, const void *own, void *all, MPI_Datatype type) {
  MPI_Request request = MPI_REQUEST_NULL;
  const int count = own == MPI_IN_PLACE ? 0 : mpi->counts[mpi->rank];
  if (mpi->time_limit <= 0) {
    return check(
        MPI_Allgatherv(own, count, type, all, mpi->counts, mpi->offsets, type, mpi->communicator),
        "MPI_Allgatherv");
  }
  const int code = MPI_Iallgatherv(own, count, type, all, mpi->counts, mpi->offsets, type,
                                   mpi->communicator, &request);
  return complete(mpi, code, &request, "MPI_Iallgatherv");
}

/* MPI_Allreduce() that keeps it. */
static lat_status add_all(const lat_mpi *mpi, void *values, int count, MPI_Datatype type) {
  MPI_Request request = MPI_REQUEST_NULL;
  if (mpi->time_limit <= 0) {
    return check(MPI_Allreduce(MPI_IN_PLACE, values, count, type, MPI_SUM, mpi->communicator),
                 "MPI_Allreduce");
  }
  const int code =
      MPI_Iallreduce(MPI_IN_PLACE, values, count, type, MPI_SUM, mpi->communicator, &request);
  return complete(mpi, code, &request, "MPI_Iallreduce");
}

/* What is added is 0. */
static lat_status reserve(void **block, size_t *capacity, size_t count, size_t size) {
  if (count > *capacity) {
    unsigned char *grown = realloc(*block, count * size);
    if (grown == NULL) {
      return fail_memory();
    }
    memset(grown + *capacity * size, 0, (count - *capacity) * size);
    *block = grown;
    *capacity = count;
  }
  return LAT_OK;
}

#define RESERVE(owner, member, count)                                                              \
  reserve((void **)&(owner)->member, &(owner)->member##_capacity, (count), sizeof *(owner)->member)

/* Where the share of a rank begins; that of rank `ranks` is the stretch's end. */
static size_t share(const lat_mpi *mpi, size_t count, int32_t rank) {
  const size_t whole = count / (size_t)mpi->ranks, rest = count % (size_t)mpi->ranks;
  return (size_t)rank * whole + (size_t)rank * rest / (size_t)mpi->ranks;
}

static void share_out(const lat_mpi *mpi, stretch_sum *sum) {
  for (int32_t rank = 0; rank < mpi->ranks; ++rank) {
    const size_t begin = share(mpi, sum->what.count, rank);
    sum->offsets[rank] = (int)begin;
    sum->counts[rank] = (int)(share(mpi, sum->what.count, rank + 1) - begin);
  }
}

/* The parts of all ranks, those of lower ranks first. */
static size_t count_parts(const lat_mpi *mpi, int64_t shards) {
  size_t parts = 0;
  for (int32_t rank = 0; rank < mpi->ranks; ++rank) {
    parts += (size_t)lat_shard_parts(shards, mpi->ranks, rank);
  }
  return parts;
}

/* Asks every other rank for its parts of this rank's share, and sends it those of its own. Messages
 * of one rank to another come in the order in which they were sent, those of the stretches before
 * first. */
static lat_status exchange_parts(lat_mpi *mpi, stretch_sum *sum) {
  lat_status status = LAT_OK;
  const lat_reduction *what = &sum->what;
  const size_t own = (size_t)sum->counts[mpi->rank];
  size_t row = 0;
  for (int32_t from = 0; from < mpi->ranks; ++from) {
    const int32_t parts = lat_shard_parts(what->shards, mpi->ranks, from);
    for (int32_t part = 0; part < parts; ++part, ++row) {
      float *to = sum->parts + row * own;
      if (from == mpi->rank) {
        memcpy(to, what->values[part] + what->offset + sum->offsets[from], own * sizeof *to);
      } else {
        TRY(MPI_Irecv(to, (int)own, MPI_FLOAT, from, part, mpi->communicator,
                      &sum->requests[sum->pending++]),
            "MPI_Irecv");
      }
    }
  }
  for (int32_t step = 1; step < mpi->ranks; ++step) { /* not all to rank 0 at first */
    const int32_t to = (mpi->rank + step) % mpi->ranks;
    for (int32_t part = 0; part < what->parts; ++part) {
      TRY(MPI_Isend(what->values[part] + what->offset + sum->offsets[to], sum->counts[to],
                    MPI_FLOAT, to, part, mpi->communicator, &sum->requests[sum->pending++]),
          "MPI_Isend");
      mpi->bytes_sent += (int64_t)sizeof(float) * sum->counts[to];
    }
  }
done:
  return status;
}

/* This rank's share, whose parts are there: their sum to the others, and theirs into the vector. */
static lat_status gather_shares(lat_mpi *mpi, stretch_sum *sum) {
  float *vector = sum->what.values[0] + sum->what.offset;
  const size_t own = (size_t)sum->counts[mpi->rank];
  const lat_status status = lat_shard_sum(sum->parts, own, own, sum->what.shards, sum->what.ranks);
  if (status != LAT_OK) {
    return status;
  }
  memcpy(vector + sum->offsets[mpi->rank], sum->parts, own * sizeof *vector);
  mpi->bytes_sent += (int64_t)(own * sizeof *vector) * (mpi->ranks - 1);
  sum->gathers = 1;
  return check(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_FLOAT, vector, sum->counts, sum->offsets,
                               MPI_FLOAT, mpi->communicator, &sum->requests[sum->pending]),
               "MPI_Iallgatherv");
}

/* The next sum, of the stretch that a reduction tells. */
static lat_status begin(lat_mpi *mpi, const lat_reduction *reduction) {
  lat_status status = RESERVE(mpi, stretches, (size_t)mpi->begun + 1);
  if (status != LAT_OK) {
    return status;
  }
  stretch_sum *sum = &mpi->stretches[mpi->begun];
  const size_t ranks = (size_t)mpi->ranks, parts = count_parts(mpi, reduction->shards);
  sum->what = *reduction;
  sum->pending = sum->gathers = 0;
  if ((status = RESERVE(sum, counts, ranks)) != LAT_OK ||
      (status = RESERVE(sum, offsets, ranks)) != LAT_OK ||
      (status = RESERVE(sum, requests, parts + (size_t)reduction->parts * ranks + 1)) != LAT_OK) {
    return status;
  }
  share_out(mpi, sum);
  status = RESERVE(sum, parts, parts * (size_t)sum->counts[mpi->rank] + 1);
  if (status == LAT_OK) {
    ++mpi->begun;
    status = exchange_parts(mpi, sum);
  }
  return status;
}

/* The first step of every sum that has its parts, in the order in which they began, because all
 * ranks gather in one order; `wait`: until it has them. */
static lat_status advance(lat_mpi *mpi, int wait) {
  lat_status status = LAT_OK;
  int there = 1;
  for (int i = 0; i < mpi->begun && there && status == LAT_OK; ++i) {
    stretch_sum *sum = &mpi->stretches[i];
    if (sum->gathers) {
      continue;
    }
    status = wait ? wait_for(mpi, sum->pending, sum->requests, "MPI_Waitall")
                  : check(MPI_Testall(sum->pending, sum->requests, &there, MPI_STATUSES_IGNORE),
                          "MPI_Testall");
    if (status == LAT_OK && there) {
      status = gather_shares(mpi, sum);
    }
  }
  return status;
}

/* All sums that have begun. */
static lat_status finish(lat_mpi *mpi) {
  lat_status status = advance(mpi, 1);
  for (int i = 0; i < mpi->begun && status == LAT_OK; ++i) {
    stretch_sum *sum = &mpi->stretches[i];
    status = wait_for(mpi, 1, &sum->requests[sum->pending], "MPI_Iallgatherv");
  }
  if (status == LAT_OK) {
    mpi->begun = 0;
  }
  return status;
}

/* The numbers are few: every rank gets all parts and adds them up. */
static lat_status sum_numbers(lat_mpi *mpi, const lat_reduction *reduction) {
  const int size = reduction->sum_count;
  int used = 0;
  for (int32_t rank = 0; rank < mpi->ranks; ++rank) {
    mpi->counts[rank] = size * lat_shard_parts(reduction->shards, mpi->ranks, rank);
    mpi->offsets[rank] = used;
    used += mpi->counts[rank];
  }
  lat_status status = RESERVE(mpi, sums, (size_t)used + 1);
  if (status == LAT_OK) {
    status = gather_all(mpi, reduction->sums, mpi->sums, MPI_DOUBLE);
  }
  if (status == LAT_OK) {
    status =
        lat_shard_sum_doubles(mpi->sums, (size_t)size, (size_t)size, reduction->shards, mpi->ranks);
    memcpy(reduction->sums, mpi->sums, (size_t)size * sizeof *mpi->sums);
  }
  return status;
}

/* The message of a failure to whoever asked. */
static lat_status tell(lat_status status, char *message) {
  if (status != LAT_OK) {
    snprintf(message, LAT_MESSAGE_SIZE, "%s", last_error);
  }
  return status;
}

static lat_status check_sum(const lat_mpi *mpi, const lat_reduction *reduction) {
  if (mpi->broken) {
    return fail(LAT_ERROR_STATE, "an earlier sum over the ranks has failed");
  }
  return reduction->count <= INT_MAX
             ? LAT_OK
             : fail(LAT_ERROR_LIMIT, "%zu parameters are more than MPI counts, %d",
                    reduction->count, INT_MAX);
}

/* A failure is one of all later sums too, because messages and gathers can be under way. */
static lat_status settle(lat_status status, lat_mpi *mpi, char *message) {
  mpi->broken = mpi->broken || status != LAT_OK;
  return tell(status, message);
}

static lat_status begin_reduce(const lat_reduction *reduction, void *user) {
  lat_mpi *mpi = user;
  lat_status status = check_sum(mpi, reduction);
  if (status == LAT_OK) {
    status = advance(mpi, 0);
  }
  if (status == LAT_OK) {
    status = begin(mpi, reduction);
  }
  return settle(status, mpi, reduction->message);
}

static lat_status sum_by_tree(lat_mpi *mpi, const lat_reduction *reduction) {
  lat_status status = begin(mpi, reduction);
  if (status == LAT_OK) {
    status = finish(mpi);
  }
  return status == LAT_OK && reduction->sum_count > 0 ? sum_numbers(mpi, reduction) : status;
}

/* As MPI likes it best. */
static lat_status sum_fast(lat_mpi *mpi, const lat_reduction *reduction) {
  const lat_status status = add_all(mpi, reduction->values[0], (int)reduction->count, MPI_FLOAT);
  return status == LAT_OK && reduction->sum_count > 0
             ? add_all(mpi, reduction->sums, reduction->sum_count, MPI_DOUBLE)
             : status;
}

static lat_status reduce(const lat_reduction *reduction, void *user) {
  lat_mpi *mpi = user;
  lat_status status = check_sum(mpi, reduction);
  if (status == LAT_OK) {
    status = reduction->any_order ? sum_fast(mpi, reduction) : sum_by_tree(mpi, reduction);
  }
  return settle(status, mpi, reduction->message);
}

/* Rows of one size. */
static lat_status gather_even_rows(const lat_mpi *mpi, const lat_agreement *agreement) {
  if (agreement->size > INT_MAX) {
    return fail(LAT_ERROR_LIMIT, "a row of %zu bytes is more than MPI counts, %d", agreement->size,
                INT_MAX);
  }
  const int size = (int)agreement->size;
  MPI_Request request = MPI_REQUEST_NULL;
  if (mpi->time_limit <= 0) {
    return check(MPI_Allgather(MPI_IN_PLACE, 0, MPI_BYTE, agreement->rows, size, MPI_BYTE,
                               mpi->communicator),
                 "MPI_Allgather");
  }
  const int code = MPI_Iallgather(MPI_IN_PLACE, 0, MPI_BYTE, agreement->rows, size, MPI_BYTE,
                                  mpi->communicator, &request);
  return complete(mpi, code, &request, "MPI_Iallgather");
}

/* Rows of any size: counted in floats where all are whole ones, as MPI counts no further than int.
 */
static lat_status gather_rows(lat_mpi *mpi, void *rows, const size_t *offsets) {
  size_t unit = sizeof(float);
  for (int32_t rank = 0; rank <= mpi->ranks; ++rank) {
    unit = offsets[rank] % sizeof(float) == 0 ? unit : 1;
  }
  if (offsets[mpi->ranks] / unit > INT_MAX) {
    return fail(LAT_ERROR_LIMIT, "rows of %zu bytes are more than MPI counts, %d times %zu",
                offsets[mpi->ranks], INT_MAX, unit);
  }
  for (int32_t rank = 0; rank < mpi->ranks; ++rank) {
    mpi->offsets[rank] = (int)(offsets[rank] / unit);
    mpi->counts[rank] = (int)((offsets[rank + 1] - offsets[rank]) / unit);
  }
  const MPI_Datatype type = unit == 1 ? MPI_BYTE : MPI_FLOAT;
  return gather_all(mpi, MPI_IN_PLACE, rows, type);
}

static lat_status agree(const lat_agreement *agreement, void *user) {
  const int even = agreement->struct_size < sizeof *agreement || agreement->offsets == NULL;
  return tell(even ? gather_even_rows(user, agreement)
                   : gather_rows(user, agreement->rows, agreement->offsets),
              agreement->message);
}

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
  options->reduce = reduce;
  options->agree = agree;
  options->begin_reduce = begin_reduce;
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
    return fail(LAT_ERROR_STATE, finalised ? "MPI was finalised: MPI_Finalize() comes too early"
                                           : "MPI is not initialised: MPI_Init() is missing");
  }
  return LAT_OK;
}

static lat_status duplicate(lat_mpi *mpi, MPI_Comm communicator) {
  lat_status status = LAT_OK;
  int rank = 0, ranks = 0;
  TRY(MPI_Comm_dup(communicator, &mpi->communicator), "MPI_Comm_dup");
  TRY(MPI_Comm_set_errhandler(mpi->communicator, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  TRY(MPI_Comm_rank(mpi->communicator, &rank), "MPI_Comm_rank");
  TRY(MPI_Comm_size(mpi->communicator, &ranks), "MPI_Comm_size");
  mpi->rank = rank;
  mpi->ranks = ranks;
  if (ranks > MOST_RANKS) {
    status = fail(LAT_ERROR_LIMIT, "%d ranks are more than %d", ranks, MOST_RANKS);
  }
done:
  return status;
}

lat_status lat_mpi_attach(lat_mpi **out, MPI_Comm communicator, lat_trainer_options *options) {
  lat_status status = LAT_OK;
  lat_mpi *mpi = NULL;
  if (out == NULL) {
    return fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (communicator == MPI_COMM_NULL) {
    return fail(LAT_ERROR_ARGUMENT, "the communicator is MPI_COMM_NULL");
  }
  if (options != NULL && options->struct_size < sizeof *options) {
    return fail(LAT_ERROR_ARGUMENT, "the options' struct_size %zu is below %zu: not initialised",
                options->struct_size, sizeof *options);
  }
  status = check_running();
  if (status != LAT_OK) {
    return status;
  }
  mpi = calloc(1, sizeof *mpi);
  if (mpi == NULL) {
    return fail_memory();
  }
  mpi->communicator = MPI_COMM_NULL;
  status = duplicate(mpi, communicator);
  if (status == LAT_OK) {
    mpi->counts = calloc(2 * (size_t)mpi->ranks, sizeof *mpi->counts);
    status = mpi->counts != NULL ? LAT_OK : fail_memory();
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
    return fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  MPI_Initialized(&initialised);
  lat_status status = LAT_OK;
  if (!initialised) {
    status = check(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  }
  if (status == LAT_OK) {
    status = lat_mpi_attach(out, MPI_COMM_WORLD, options);
  }
  if (status == LAT_OK) {
    (*out)->started = !initialised;
  }
  return status;
}

lat_status lat_mpi_set_time_limit(lat_mpi *mpi, double seconds) {
  if (mpi == NULL || !(seconds >= 0)) {
    return fail(LAT_ERROR_ARGUMENT, mpi == NULL ? "mpi is NULL" : "seconds is negative");
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
  for (size_t i = 0; i < mpi->stretches_capacity && !mpi->broken; ++i) {
    free(mpi->stretches[i].requests);
    free(mpi->stretches[i].offsets);
    free(mpi->stretches[i].counts);
    free(mpi->stretches[i].parts);
  }
  free(mpi->stretches); /* of a broken sum what MPI may still write to stays */
  free(mpi->sums);
  free(mpi->counts);
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
    return fail(LAT_ERROR_ARGUMENT, "mpi, gradients or sum is NULL");
  }
  float *values = NULL;
  lat_status status = lat_gradients_map(&values, gradients);
  if (status != LAT_OK) {
    return status;
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
  status = reduce(&reduction, mpi);
  const lat_status committed = lat_gradients_commit(gradients);
  status = status != LAT_OK ? status : committed;
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

const char *lat_mpi_last_error(void) {
  return last_error;
}

const char *lat_mpi_library(void) {
  static _Thread_local char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  text[strcspn(text, "\r\n")] = '\0';
  return text;
}
