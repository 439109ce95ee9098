/**
 * @file parallel.h
 * @brief Training by several processes (or threads of one host) together: what a trainer asks of
 * whoever connects them. lat/mpi.h connects them by MPI.
 *
 * Every rank makes the same objects with the same options, but for lat_trainer_options.rank, and
 * draws its part of every batch; gradients and losses are summed over the ranks, and each rank does
 * the same update. Rank 0 alone reads and writes the run's files.
 *
 * An update's examples are split into `shards` groups of consecutive examples. Their gradients are
 * summed pairwise in one fixed tree, whose leaves are the shards: the node of 2^k leaves from a
 * multiple of 2^k on is the sum of its two halves, and of one half where no leaf belongs to the
 * other. A rank holds consecutive shards and adds up what it can: its parts are the largest nodes
 * of which it has all leaves. The sum of all ranks' parts, taken in the tree's order, has the same
 * bits whatever the number of ranks.
 */
#ifndef LAT_PARALLEL_H
#define LAT_PARALLEL_H

#include <lat/status.h>

/** Bytes of lat_reduction.message and lat_agreement.message. */
#define LAT_MESSAGE_SIZE 256

/** A sum over all ranks that a trainer asks for. @since 0.1 */
typedef struct lat_reduction {
  size_t struct_size;   /**< the library's */
  int64_t shards;       /**< leaves of the tree */
  int32_t rank;         /**< the caller's, from 0 */
  int32_t ranks;        /**< number of ranks */
  int32_t parts;        /**< this rank's, lat_shard_parts() of the above */
  int32_t any_order;    /**< 1: one part a rank, which may be added in any order */
  float *const *values; /**< this rank's parts, rows of offset + count floats; afterwards values[0]
                           is the sum of all ranks' parts, on every rank, or of its own stretch
                           (owned), and the other rows are anything */
  size_t count;         /**< floats of a part that are summed */
  double *sums;         /**< (parts, sum_count): numbers to be summed likewise into the first row */
  int32_t sum_count;    /**< doubles of a part; 0: none */
  int32_t reserved;     /**< 0 */
  char *message;        /**< LAT_MESSAGE_SIZE bytes: why it failed, from whoever fails */
  size_t offset;        /**< the first that is summed, in each row of values; 0 but where a sum
                           begins early */
  const size_t *owned;  /**< (ranks + 1), the same on every rank, valid as long as the trainer: of
                           the whole rows, not of the stretch alone, rank r needs the sum of floats
                           owned[r] .. owned[r + 1] - 1, and what else is in values[0] may be
                           anything; a stretch may hold nothing of them. NULL: every rank needs all.
                           A sum of everything for all is right too, and sends twice as much */
} lat_reduction;

/** What all ranks tell each other, so that each comes to the same decision. @since 0.1 */
typedef struct lat_agreement {
  size_t struct_size; /**< the library's */
  int32_t rank;       /**< the caller's, from 0 */
  int32_t ranks;      /**< number of ranks */
  void *rows;    /**< bytes, a row for each rank: row `rank` is filled in; afterwards all are, on
                    every rank */
  size_t size;   /**< bytes of a row, the same on every rank; 0 with offsets */
  char *message; /**< LAT_MESSAGE_SIZE bytes: why it failed, from whoever fails */
  const size_t *offsets; /**< (ranks + 1), the same on every rank: bytes of `rows` at which each row
                            begins, and the end of the last. NULL: row r begins at r * size */
} lat_agreement;

/**
 * Sums over the ranks. Any status but LAT_OK ends the run with it.
 *
 * As lat_trainer_options.begin_reduce it begins a sum and returns without waiting for it, while the
 * backward pass goes on: of the stretch offset .. offset + count - 1, without numbers beside it
 * (sum_count 0). Every rank begins the same stretches in the same order, the vector's last one
 * first, each of which ends where the one before it begins; then the update's reduce is called for
 * what is left in front of them, and returns when all are summed. `values` and its rows stay until
 * then, and the stretches are nobody else's; the lat_reduction and its message do not stay. Where
 * one cannot begin, reduce is not called and the run ends; what has begun until then is the host's
 * to end.
 */
typedef lat_status (*lat_reduce_function)(const lat_reduction *reduction, void *user);

/** Gathers the rows of all ranks. Any status but LAT_OK ends the run with it. */
typedef lat_status (*lat_agree_function)(const lat_agreement *agreement, void *user);

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A rank's parts of a sum.
 * @return number of parts that rank @p rank of @p ranks holds of a tree of @p shards leaves; 0
 * where there are not 1 <= ranks <= shards, ranks <= 65,536, 0 <= rank < ranks, shards <= 2^32.
 * @since 0.1
 */
LAT_API int32_t lat_shard_parts(int64_t shards, int32_t ranks, int32_t rank);

/**
 * Sums the parts of all ranks, or any stretch of them, in the tree's order.
 * @param[in,out] parts  the parts of rank 0, those of rank 1, ...: rows of @p count floats, @p
 * stride apart; the first becomes the sum, the others are overwritten
 * @return OK, ARGUMENT (see lat_shard_parts(); stride < count). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_shard_sum(float *parts, size_t stride, size_t count,
                                               int64_t shards, int32_t ranks);

/** lat_shard_sum() for doubles. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_shard_sum_doubles(double *parts, size_t stride, size_t count,
                                                       int64_t shards, int32_t ranks);

#ifdef __cplusplus
}
#endif

#endif
