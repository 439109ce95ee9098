/**
 * @file trainer.h
 * @brief A training run: draws, updates, validates, checkpoints, resumes, stops.
 *
 * @code
 * lat_trainer_options options;
 * lat_trainer_options_init(&options);
 * options.directory = "run";          // model.safetensors, checkpoint.safetensors, log.jsonl
 * options.until_exact = 99.0;
 * lat_trainer_create(&trainer, model, &optimizer_options, &options);
 * lat_status status = lat_trainer_run(trainer);
 * @endcode
 *
 * The same seed, precision and kernels give the same bits at any number of threads, and a resumed
 * run ends with the bits of a straight one, however it ended: what is validated and saved, and
 * when, follows from the examples drawn alone; checkpoints by the clock (checkpoint_seconds) come
 * in addition and change nothing that is learned. A run begins with a checkpoint, so that it can be
 * resumed whenever it was killed; while a trainer exists it holds a lock on its log.
 *
 * Where the optimizer keeps an average of the parameters (ema_decay), validations, goals and
 * model.safetensors are the average's, and so is what the model holds outside lat_trainer_run() and
 * its callbacks; the checkpoint keeps both.
 *
 * Several processes train together where options.ranks says so: see parallel.h, and lat/mpi.h for
 * MPI. Then every rank calls the same functions in the same order, lat_trainer_checkpoint() aside,
 * and all of them return at the same update: OK and CANCELLED alike; after a failure of one rank
 * each returns that rank's status, with its message. The bits of a run with `shards` S > 1 are the
 * same at any number of ranks, and a run is resumed at another one.
 *
 * A line of log.jsonl is an object with the keys examples, updates, loss, learning_rate,
 * gradient_norm, accuracy, exact (both null unless the report carries a fresh validation) and
 * seconds (of training in all). With a validation whose examples are of several tasks, sizes or
 * distributions comes the key groups, an array of objects with label, count, accuracy and exact.
 */
#ifndef LAT_TRAINER_H
#define LAT_TRAINER_H

#include <lat/optimizer.h>
#include <lat/parallel.h>
#include <lat/solver.h>

/** Opaque. One thread at a time. */
typedef struct lat_trainer lat_trainer;

/** Where a run stands, as passed to the progress callback. @since 0.1 */
typedef struct lat_progress {
  size_t struct_size;         /**< set by the init macro */
  int64_t examples;           /**< drawn in all, across resumes */
  int64_t updates;            /**< of the parameters, in all */
  int64_t tokens;             /**< target tokens in all */
  double loss;                /**< mean a token since the last report, in nats */
  double learning_rate;       /**< of the next update */
  double gradient_norm;       /**< of the last update's mean gradient, before clipping */
  double seconds;             /**< spent in this call of lat_trainer_run() */
  double examples_per_second; /**< of training since the last report: the time of validations, of
                                 files and of the callback itself is left out */
  double accuracy;       /**< last validation: right within 5 %, percent; NaN before the first */
  double exact;          /**< likewise: exact, percent */
  int32_t validated;     /**< 1: this report carries a fresh validation */
  int32_t checkpointed;  /**< 1: a checkpoint was just written */
  double best_accuracy;  /**< best validation, that of the largest accuracy + exact; NaN before the
                            first */
  double best_exact;     /**< likewise */
  int64_t best_examples; /**< drawn when it was made; -1 before the first */
  int64_t since_best;    /**< validations due since then */
} lat_progress;

/** Options of lat_trainer_create(). @since 0.1 */
typedef struct lat_trainer_options {
  size_t struct_size;       /**< set by the init macro */
  const char *directory;    /**< of the run's files, created if absent; NULL: nothing is written */
  uint64_t seed;            /**< of the examples; default 0 */
  int32_t batch_size;       /**< examples an update draws per accumulation; default 64 */
  int32_t accumulation;     /**< batches summed before an update; default 1 */
  int64_t repeat_count;     /**< two-set sampling, see lat_sampler_options */
  double repeat_share;      /**< likewise */
  double sign_bias;         /**< likewise; validations draw without it */
  int64_t max_examples;     /**< total across resumes, rounded up to whole updates; 0: no limit */
  double max_seconds;       /**< of one lat_trainer_run(); 0: no limit */
  double until_exact;       /**< percent; 0: not a goal. Goals that are set must all be reached */
  double until_accuracy;    /**< percent within 5 %; 0: not a goal */
  int64_t validate_every;   /**< examples between validations; 0: never; default 10,000 */
  int64_t validate_count;   /**< fresh examples a validation, of stream 1; default 1,000 */
  int64_t checkpoint_every; /**< examples between checkpoints; 0: only at start and end; default
                               100,000 */
  int64_t report_every;     /**< updates between progress reports; default 100 */
  int32_t (*progress)(const lat_progress *progress,
                      void *user);  /**< called at reports and, between updates, at least twice a
                                       second; non-zero: checkpoint and stop with CANCELLED */
  void *user;                       /**< passed to progress */
  const char *size_weights;         /**< shares of sizes over the examples of the run, see
                                       lat_sampler_options; validations draw with those of the last
                                       point */
  const char *task_weights;         /**< likewise, of a mixture's tasks */
  const char *distribution_weights; /**< likewise, of spectra */
  double target_spread;             /**< at the run's start, see lat_gradients_set_target_spread();
                                       default 0 */
  int64_t target_spread_examples; /**< examples over which it falls to 0, linearly; 0 (default): it
                                     stays */
  double checkpoint_seconds;      /**< a checkpoint is also written when the last one is older; 0
                                     (default): by examples alone */
  int32_t keep_best;        /**< 1: the model of the best validation, see lat_progress, is kept as
                               best.safetensors; default 0 */
  int32_t keep_checkpoints; /**< the last so many checkpoints are kept besides, as
                               checkpoint-EXAMPLES.safetensors, hard links to what
                               checkpoint.safetensors was; default 0 */
  int32_t patience;         /**< stop when so many validations in a row were no better than the best
                               one, which is kept as with keep_best; 0 (default): never */
  int32_t split_optimizer;  /**< 1: of several ranks each keeps the optimizer's moments of its part
                               of the parameters alone, in about 8 / ranks bytes a parameter in place
                               of 8, with the same bits; checkpoints are those of one process, for
                               which rank 0 has all moments for a while, and lat_trainer_checkpoint()
                               is called by all ranks; default 0 */
  int32_t rank;   /**< this process's, from 0, which alone reads and writes files; default 0 */
  int32_t ranks;  /**< processes that train together; 0 and 1: this one alone; default 0 */
  int32_t shards; /**< groups of consecutive examples that each batch is split into, whose gradients
                     are summed in one fixed tree: a power of two up to batch_size, with
                     accumulation times which there can be as many ranks. Threads share them out,
                     each with gradients and activations of its own. 1: the batch is one sum, of one
                     process alone. 0 (default): 1, or what lat_mpi_attach() chooses */
  int32_t fast_reduce; /**< 1: each rank's examples are one sum, and those of the ranks are added in
                          any order, so that the bits depend on the number of ranks; default 0 */
  lat_reduce_function reduce; /**< of several ranks: sums over them */
  lat_agree_function agree;   /**< of several ranks: gathers from them */
  void *connection;           /**< passed to reduce, agree and begin_reduce */
  const lat_batch *source; /**< examples of the host's own to train on, see lat_sampler_options; a
                              resumed run must have the same. Borrowed by the trainer */
  const lat_batch *validation_source; /**< likewise what is validated: its first validate_count
                                         examples. NULL (default): drawn from the task */
  lat_reduce_function begin_reduce; /**< of several ranks: begins the sums of layers whose gradients
                                       are there, see lat_reduce_function. Called where every rank
                                       has it and one thread, or no more shards than ranks; not with
                                       fast_reduce, whose sum is one. NULL (default): all are summed
                                       by reduce when the backward pass is over */
} lat_trainer_options;

#ifdef __cplusplus
extern "C" {
#endif

/** The function behind lat_trainer_options_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_trainer_options_init_sized(lat_trainer_options *options, size_t size);
/** Fills a lat_trainer_options with the defaults. @since 0.1 */
#define lat_trainer_options_init(options)                                                          \
  lat_trainer_options_init_sized((options), sizeof *(options))

/** The function behind lat_progress_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_progress_init_sized(lat_progress *progress, size_t size);
/** Fills a lat_progress with zeros. @since 0.1 */
#define lat_progress_init(progress) lat_progress_init_sized((progress), sizeof *(progress))

/**
 * Starts a run on a trainable model. @return OK, ARGUMENT, NOT_FOUND (the optimizer's rule or
 * schedule), STATE (the directory already holds a run), IO, MEMORY, CALLBACK (agree failed). @since
 * 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_trainer_create(lat_trainer **out, lat_model *model,
                                                    const lat_optimizer_options *optimizer,
                                                    const lat_trainer_options *options);

/**
 * Continues the run in options->directory from its checkpoint. @p model, @p optimizer and @p
 * options describe the same run; limits, callbacks, intervals and what is kept may differ, anything
 * else is an ARGUMENT error that names it. The model's parameters are replaced by the checkpoint's.
 * @return as lat_trainer_create(), STATE when another trainer has the run open, FORMAT
 * (checkpoint).
 * @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_trainer_resume(lat_trainer **out, lat_model *model,
                                                    const lat_optimizer_options *optimizer,
                                                    const lat_trainer_options *options);

/** NULL is a no-op. @since 0.1 */
LAT_API void lat_trainer_free(lat_trainer *trainer);

/**
 * Trains until a limit or goal is reached or patience has run out, then writes the checkpoint and
 * the model.
 * Where an update was split over ranks and they failed to meet in the middle of it (CALLBACK), the
 * parameters are partly new: then running and checkpoints are STATE errors, and the run goes on
 * from its last checkpoint, by lat_trainer_resume().
 * @return OK (one of these), CANCELLED (checkpointed), NUMERIC (loss or gradient not
 * finite: the last good checkpoint stays), IO, MEMORY, STATE, CALLBACK. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_trainer_run(lat_trainer *trainer);

/** Where the run stands; @p out is filled up to its struct_size. @since 0.1 */
LAT_API void lat_trainer_progress(lat_progress *out, const lat_trainer *trainer);

/** Writes the checkpoint now. @return OK, STATE (no directory, or half an update: see
 * lat_trainer_run()), IO, MEMORY, CALLBACK (moments of other ranks were not gathered). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_trainer_checkpoint(lat_trainer *trainer);

#ifdef __cplusplus
}
#endif

#endif
