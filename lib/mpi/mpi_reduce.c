/* Sums over the ranks. A sum is a reduce-scatter and an all-gather: each rank gets all ranks' parts
 * of its own share of a stretch of the vector, adds them in the tree's order, and sends the sum to
 * the others, unless each needs its own alone. Sums that begin early go through both steps whenever
 * MPI is called. */
#include "mpi/mpi_reduce.h"

#include "mpi/mpi_error.h"
#include "mpi/mpi_wait.h"

#include <fenv.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A sum on its way, of a stretch of the vector. Its memory is used again by the next update. */
typedef struct lati_stretch_sum {
  lat_reduction what;
  float *parts;          /* of all ranks, of this rank's share */
  int *counts, *offsets; /* (ranks): the shares */
  MPI_Request *requests; /* of parts, and behind them that of the sums */
  size_t parts_capacity, counts_capacity, offsets_capacity, requests_capacity; /* elements */
  int pending; /* requests of parts */
  int pair;    /* 1: two parts in all; the other rank's is added to this one's where that lies */
  int gathers; /* 1: that of the sums is there */
} lati_stretch_sum;

/* What is added is 0. */
static lat_status reserve(void **block, size_t *capacity, size_t count, size_t size) {
  if (count > *capacity) {
    unsigned char *grown = realloc(*block, count * size);
    if (grown == NULL) {
      return lati_mpi_fail_memory();
    }
    memset(grown + *capacity * size, 0, (count - *capacity) * size);
    *block = grown;
    *capacity = count;
  }
  return LAT_OK;
}

#define RESERVE(owner, member, count)                                                              \
  reserve((void **)&(owner)->member, &(owner)->member##_capacity, (count), sizeof *(owner)->member)

/* Where in the stretch the share of a rank begins; that of rank `ranks` is the stretch's end. */
static size_t share(const lat_mpi *mpi, const lat_reduction *what, int32_t rank) {
  const size_t whole = what->count / (size_t)mpi->ranks, rest = what->count % (size_t)mpi->ranks;
  if (what->owned == NULL) {
    return (size_t)rank * whole + (size_t)rank * rest / (size_t)mpi->ranks;
  }
  const size_t before = what->owned[rank] > what->offset ? what->owned[rank] - what->offset : 0;
  return before < what->count ? before : what->count;
}

static void share_out(const lat_mpi *mpi, lati_stretch_sum *sum) {
  for (int32_t rank = 0; rank < mpi->ranks; ++rank) {
    const size_t begin = share(mpi, &sum->what, rank);
    sum->offsets[rank] = (int)begin;
    sum->counts[rank] = (int)(share(mpi, &sum->what, rank + 1) - begin);
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
static lat_status exchange_parts(lat_mpi *mpi, lati_stretch_sum *sum) {
  lat_status status = LAT_OK;
  const lat_reduction *what = &sum->what;
  const size_t own = (size_t)sum->counts[mpi->rank];
  size_t row = 0;
  for (int32_t from = 0; from < mpi->ranks; ++from) {
    const int32_t parts = lat_shard_parts(what->shards, mpi->ranks, from);
    if (from == mpi->rank && sum->pair) {
      continue;
    }
    for (int32_t part = 0; part < parts; ++part, ++row) {
      float *to = sum->parts + row * own;
      if (from == mpi->rank) {
        memcpy(to, what->values[part] + what->offset + sum->offsets[from], own * sizeof *to);
      } else if (own > 0) {
        LATI_MPI_TRY(MPI_Irecv(to, (int)own, MPI_FLOAT, from, part, mpi->communicator,
                               &sum->requests[sum->pending++]),
                     "MPI_Irecv");
      }
    }
  }
  for (int32_t step = 1; step < mpi->ranks; ++step) { /* not all to rank 0 at first */
    const int32_t to = (mpi->rank + step) % mpi->ranks;
    for (int32_t part = 0; part < what->parts && sum->counts[to] > 0; ++part) {
      LATI_MPI_TRY(MPI_Isend(what->values[part] + what->offset + sum->offsets[to], sum->counts[to],
                             MPI_FLOAT, to, part, mpi->communicator,
                             &sum->requests[sum->pending++]),
                   "MPI_Isend");
      mpi->bytes_sent += (int64_t)sizeof(float) * sum->counts[to];
    }
  }
done:
  return status;
}

/* The sum of all parts of this rank's share, to where it lies in the vector. a + b is b + a. */
static lat_status add_parts(const lat_mpi *mpi, const lati_stretch_sum *sum) {
  const size_t own = (size_t)sum->counts[mpi->rank];
  const float *parts = sum->parts;
  float *to = sum->what.values[0] + sum->what.offset + sum->offsets[mpi->rank];
  if (sum->pair) {
    fenv_t host;
    fegetenv(&host);
    fesetenv(FE_DFL_ENV); /* as lat_shard_sum() adds at other numbers of ranks */
    for (size_t i = 0; i < own; ++i) {
      to[i] += parts[i];
    }
    fesetenv(&host);
    return LAT_OK;
  }
  const lat_status status = lat_shard_sum(sum->parts, own, own, sum->what.shards, sum->what.ranks);
  if (status == LAT_OK) {
    memcpy(to, parts, own * sizeof *to);
  }
  return status;
}

/* This rank's share, whose parts are there: their sum to the others, and theirs into the vector,
 * where they need each other's. */
static lat_status gather_shares(lat_mpi *mpi, lati_stretch_sum *sum) {
  float *vector = sum->what.values[0] + sum->what.offset;
  const size_t own = (size_t)sum->counts[mpi->rank];
  const lat_status status = add_parts(mpi, sum);
  if (status != LAT_OK) {
    return status;
  }
  sum->gathers = 1;
  if (sum->what.owned != NULL) {
    sum->requests[sum->pending] = MPI_REQUEST_NULL;
    return LAT_OK;
  }
  mpi->bytes_sent += (int64_t)(own * sizeof *vector) * (mpi->ranks - 1);
  return lati_mpi_check(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_FLOAT, vector, sum->counts,
                                        sum->offsets, MPI_FLOAT, mpi->communicator,
                                        &sum->requests[sum->pending]),
                        "MPI_Iallgatherv");
}

/* What an older library tells ends before the last members, which are 0 then. */
static size_t known_size(const lat_reduction *reduction) {
  return reduction->struct_size < sizeof *reduction ? reduction->struct_size : sizeof *reduction;
}

/* The next sum, of the stretch that a reduction tells. */
static lat_status begin(lat_mpi *mpi, const lat_reduction *reduction) {
  lat_status status = RESERVE(mpi, stretches, (size_t)mpi->begun + 1);
  if (status != LAT_OK) {
    return status;
  }
  lati_stretch_sum *sum = &mpi->stretches[mpi->begun];
  const size_t ranks = (size_t)mpi->ranks, parts = count_parts(mpi, reduction->shards);
  sum->what = (lat_reduction){.struct_size = 0};
  memcpy(&sum->what, reduction, known_size(reduction));
  sum->pair = parts == 2 && ranks == 2;
  sum->pending = sum->gathers = 0;
  if ((status = RESERVE(sum, counts, ranks)) != LAT_OK ||
      (status = RESERVE(sum, offsets, ranks)) != LAT_OK ||
      (status = RESERVE(sum, requests, parts + (size_t)reduction->parts * ranks + 1)) != LAT_OK) {
    return status;
  }
  share_out(mpi, sum);
  const size_t rows = sum->pair ? 1 : parts;
  status = RESERVE(sum, parts, rows * (size_t)sum->counts[mpi->rank] + 1);
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
    lati_stretch_sum *sum = &mpi->stretches[i];
    if (sum->gathers) {
      continue;
    }
    status =
        wait ? lati_mpi_wait_for(mpi, sum->pending, sum->requests, "MPI_Waitall")
             : lati_mpi_check(MPI_Testall(sum->pending, sum->requests, &there, MPI_STATUSES_IGNORE),
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
    lati_stretch_sum *sum = &mpi->stretches[i];
    status = lati_mpi_wait_for(mpi, 1, &sum->requests[sum->pending], "MPI_Iallgatherv");
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
    status = lati_mpi_gather_all(mpi, reduction->sums, mpi->sums, MPI_DOUBLE);
  }
  if (status == LAT_OK) {
    status =
        lat_shard_sum_doubles(mpi->sums, (size_t)size, (size_t)size, reduction->shards, mpi->ranks);
    memcpy(reduction->sums, mpi->sums, (size_t)size * sizeof *mpi->sums);
  }
  return status;
}

static lat_status check_sum(const lat_mpi *mpi, const lat_reduction *reduction) {
  if (mpi->broken) {
    return lati_mpi_fail(LAT_ERROR_STATE, "an earlier sum over the ranks has failed");
  }
  return reduction->count <= INT_MAX
             ? LAT_OK
             : lati_mpi_fail(LAT_ERROR_LIMIT, "%zu parameters are more than MPI counts, %d",
                             reduction->count, INT_MAX);
}

/* A failure is one of all later sums too, because messages and gathers can be under way. */
static lat_status settle(lat_status status, lat_mpi *mpi, char *message) {
  mpi->broken = mpi->broken || status != LAT_OK;
  return lati_mpi_tell(status, message);
}

lat_status lati_mpi_begin_reduce(const lat_reduction *reduction, void *user) {
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

/* As MPI likes it best, everything for all ranks; between two of them the tree's order is as good.
 */
static lat_status sum_fast(lat_mpi *mpi, const lat_reduction *reduction) {
  const lat_status status =
      lati_mpi_add_all(mpi, reduction->values[0], (int)reduction->count, MPI_FLOAT);
  return status == LAT_OK && reduction->sum_count > 0
             ? lati_mpi_add_all(mpi, reduction->sums, reduction->sum_count, MPI_DOUBLE)
             : status;
}

lat_status lati_mpi_reduce(const lat_reduction *reduction, void *user) {
  lat_mpi *mpi = user;
  lat_status status = check_sum(mpi, reduction);
  if (status == LAT_OK) {
    status = reduction->any_order && mpi->ranks > 2 ? sum_fast(mpi, reduction)
                                                    : sum_by_tree(mpi, reduction);
  }
  return settle(status, mpi, reduction->message);
}

void lati_mpi_free_sums(lat_mpi *mpi) {
  for (size_t i = 0; i < mpi->stretches_capacity && !mpi->broken; ++i) {
    free(mpi->stretches[i].requests);
    free(mpi->stretches[i].offsets);
    free(mpi->stretches[i].counts);
    free(mpi->stretches[i].parts);
  }
  free(mpi->stretches); /* of a broken sum what MPI may still write to stays */
  free(mpi->sums);
}
