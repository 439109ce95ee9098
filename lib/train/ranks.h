/* What the ranks of a run tell each other. A run of one process calls nobody. */
#ifndef LATI_RANKS_H
#define LATI_RANKS_H

#include "infer/evaluation.h"
#include "train/trainer_impl.h"

/* ARGUMENT where the options do not name a rank, or not how to reach the others. */
lat_status lati_ranks_check(const lat_trainer_options *options);

/* Room for what every rank says of itself. */
lat_status lati_ranks_create(lat_trainer *trainer);

/* Copies in the host's memory for its functions, where the numbers lie elsewhere. After the shards
 * and the optimizer are there. */
lat_status lati_ranks_stage(lat_trainer *trainer);
void lati_ranks_clear(lat_trainer *trainer);

/* How the ranks share the work of an update out. */
lati_update_share lati_ranks_share(lat_trainer *trainer);

/* What the ranks learn of each other: whether rank 0 writes files, and whether on all of them the
 * sums of layers may begin while the gradients of others are still computed. */
lat_status lati_ranks_learn(lat_trainer *trainer);

/* Of moments that are split over the ranks: all of them to rank 0, which is about to write them. By
 * all ranks at once, as far as rank 0 writes files. */
lat_status lati_ranks_gather_moments(lat_trainer *trainer);

/* Every rank says how it fared: OK when all did well, otherwise the status and the message of the
 * first that failed, on every rank. */
lat_status lati_ranks_settle(lat_trainer *trainer, lat_status status);

/* Keeps a failure of this rank until the next sum over the ranks tells it to the others; of one
 * process alone it is one at once. */
lat_status lati_ranks_hold(lat_trainer *trainer, lat_status status);

/* The failure that is kept, with its message. */
lat_status lati_ranks_held(const lat_trainer *trainer);

/* ARGUMENT, naming the rank and the option, where a rank's options, version, kernels, model or
 * parameters are not those of rank 0. */
lat_status lati_ranks_compare(lat_trainer *trainer, int resumed);

/* Begins the sum over the ranks of the parameters from `first` to trainer->summed_from, and moves
 * the latter there. What fails is told by the next lati_ranks_reduce(). */
void lati_ranks_begin_reduce(lat_trainer *trainer, size_t first);

/* Sums the parts of trainer->shards over the ranks, those that have begun and the rest. */
lat_status lati_ranks_reduce(lat_trainer *trainer);

/* Makes the state, parameters and moments of every rank those of rank 0. */
lat_status lati_ranks_follow_first(lat_trainer *trainer);

/* lati_evaluation_share.gather; user: the trainer. */
lat_status lati_ranks_gather(lat_evaluation *evaluation, lat_status status, void *user);

#endif
