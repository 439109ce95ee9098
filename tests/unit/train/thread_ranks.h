/* Ranks of a run as threads of one process, which sum and gather through shared memory. */
#ifndef LAT_TESTS_THREAD_RANKS_H
#define LAT_TESTS_THREAD_RANKS_H

#include "small_run.h"

#include <pthread.h>

enum { MOST_RANKS = 8, MOST_BEGUN = 32 };

/* A sum that a rank has begun, and its parts as they were then. */
typedef struct begun_sum {
  lat_reduction what;
  float *then; /* (parts, count) */
} begun_sum;

/* What connects them. */
typedef struct rank_group {
  pthread_barrier_t barrier;
  int32_t ranks;
  const lat_reduction *reductions[MOST_RANKS];
  const lat_agreement *agreements[MOST_RANKS];
  float *parts; /* of all ranks, of a reduction */
  double *sums;
  begun_sum begun[MOST_RANKS][MOST_BEGUN];
  int begins[MOST_RANKS]; /* sums that wait for reduce */
  int most_begins;        /* of an update */
  int fail_begin;         /* 1: begin_reduce fails on every rank */
  int fail_reduce;        /* 1: reduce fails on every rank */
  const char *forged;     /* what a rank that forges what it tells does not tell truly */
} rank_group;

static inline void rank_group_open(rank_group *group, int32_t ranks) {
  *group = (rank_group){.ranks = ranks};
  ck_assert_int_eq(pthread_barrier_init(&group->barrier, NULL, (unsigned)ranks), 0);
}

static inline void rank_group_close(rank_group *group) {
  pthread_barrier_destroy(&group->barrier);
  free(group->parts);
  free(group->sums);
}

/* By rank 0 for all: the parts in a row, summed in two stretches as a host may do it. */
static inline void sum_for_all(rank_group *group) {
  const lat_reduction *own = group->reductions[0];
  const size_t count = own->count, half = count / 2, sums = (size_t)own->sum_count;
  size_t row = 0;
  group->parts = realloc(group->parts, 8 * MOST_RANKS * count * sizeof *group->parts);
  group->sums = realloc(group->sums, 8 * MOST_RANKS * (sums + 1) * sizeof *group->sums);
  for (int32_t rank = 0; rank < group->ranks; ++rank) {
    const lat_reduction *from = group->reductions[rank];
    ck_assert_int_eq(from->rank, rank);
    ck_assert_int_eq(from->parts, lat_shard_parts(from->shards, from->ranks, rank));
    for (int32_t part = 0; part < from->parts; ++part, ++row) {
      ck_assert_uint_lt(row, 8 * MOST_RANKS);
      ck_assert_uint_eq(from->offset, own->offset);
      ck_assert_uint_eq(from->count, count);
      memcpy(group->parts + row * count, from->values[part] + from->offset,
             count * sizeof *group->parts);
      if (sums > 0) {
        memcpy(group->sums + row * sums, from->sums + (size_t)part * sums, sums * sizeof(double));
      }
    }
  }
  CHECK_OK(lat_shard_sum(group->parts, count, half, own->shards, own->ranks));
  CHECK_OK(lat_shard_sum(group->parts + half, count, count - half, own->shards, own->ranks));
  CHECK_OK(lat_shard_sum_doubles(group->sums, sums, sums, own->shards, own->ranks));
}

/* A rank is given nothing but what it says it needs. */
static inline int is_needed(const lat_reduction *reduction, size_t at) {
  const size_t *owned = reduction->owned;
  return owned == NULL || (owned[reduction->rank] <= at && at < owned[reduction->rank + 1]);
}

static inline void sum_together(const lat_reduction *reduction, rank_group *group) {
  group->reductions[reduction->rank] = reduction;
  pthread_barrier_wait(&group->barrier);
  if (reduction->rank == 0) {
    sum_for_all(group);
  }
  pthread_barrier_wait(&group->barrier);
  for (size_t i = 0; i < reduction->count; ++i) {
    const size_t at = reduction->offset + i;
    reduction->values[0][at] = is_needed(reduction, at) ? group->parts[i] : NAN;
  }
  if (reduction->sum_count > 0) {
    memcpy(reduction->sums, group->sums, (size_t)reduction->sum_count * sizeof *group->sums);
  }
  pthread_barrier_wait(&group->barrier);
}

/* Keeps the sum for thread_reduce(). */
static inline lat_status thread_begin_reduce(const lat_reduction *reduction, void *user) {
  rank_group *group = user;
  const size_t count = reduction->count;
  if (group->fail_begin) {
    strcpy(reduction->message, "the line is cut");
    return LAT_ERROR_IO;
  }
  ck_assert_int_lt(group->begins[reduction->rank], MOST_BEGUN);
  ck_assert_int_eq(reduction->sum_count, 0);
  begun_sum *sum = &group->begun[reduction->rank][group->begins[reduction->rank]++];
  *sum = (begun_sum){*reduction, malloc((size_t)reduction->parts * count * sizeof(float))};
  for (int32_t part = 0; part < reduction->parts; ++part) {
    memcpy(sum->then + (size_t)part * count, reduction->values[part] + reduction->offset,
           count * sizeof(float));
  }
  return LAT_OK;
}

/* The sums that have begun, of which nothing may have changed since then, and the last one. */
static inline lat_status thread_reduce(const lat_reduction *reduction, void *user) {
  rank_group *group = user;
  ck_assert_uint_eq(reduction->struct_size, sizeof *reduction);
  if (group->fail_reduce) {
    strcpy(reduction->message, "the line is dead");
    return LAT_ERROR_IO;
  }
  size_t end = reduction->offset + reduction->count;
  for (int i = group->begins[reduction->rank] - 1; i >= 0; --i) {
    begun_sum *sum = &group->begun[reduction->rank][i];
    const size_t count = sum->what.count;
    ck_assert_uint_eq(sum->what.offset, end);
    end += count;
    for (int32_t part = 0; part < sum->what.parts; ++part) {
      ck_assert_mem_eq(sum->then + (size_t)part * count, sum->what.values[part] + sum->what.offset,
                       count * sizeof(float));
    }
    sum_together(&sum->what, group);
    free(sum->then);
  }
  if (reduction->rank == 0 && group->begins[0] > group->most_begins) {
    group->most_begins = group->begins[0];
  }
  group->begins[reduction->rank] = 0;
  sum_together(reduction, group);
  return LAT_OK;
}

static inline lat_status thread_agree(const lat_agreement *agreement, void *user) {
  rank_group *group = user;
  ck_assert_uint_eq(agreement->struct_size, sizeof *agreement);
  group->agreements[agreement->rank] = agreement;
  pthread_barrier_wait(&group->barrier);
  for (int32_t rank = 0; rank < group->ranks; ++rank) {
    const lat_agreement *from = group->agreements[rank];
    const size_t *offsets = agreement->offsets;
    const size_t at = offsets != NULL ? offsets[rank] : (size_t)rank * agreement->size;
    const size_t size = offsets != NULL ? offsets[rank + 1] - at : agreement->size;
    ck_assert_uint_eq(from->size, agreement->size);
    ck_assert(offsets == NULL || from->offsets[rank + 1] == offsets[rank + 1]);
    if (rank != agreement->rank && size > 0) {
      memcpy((char *)agreement->rows + at, (const char *)from->rows + at, size);
    }
  }
  pthread_barrier_wait(&group->barrier);
  return LAT_OK;
}

static inline void join_group(lat_trainer_options *options, rank_group *group, int32_t rank) {
  options->rank = rank;
  options->ranks = group->ranks;
  options->reduce = thread_reduce;
  options->agree = thread_agree;
  options->connection = group;
}

#endif
