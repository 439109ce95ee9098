/* The trainer behind the handle: what its files share. */
#ifndef LATI_TRAINER_IMPL_H
#define LATI_TRAINER_IMPL_H

#include "base/json.h"
#include "train/optimizer_impl.h"
#include "train/run_log.h"
#include "train/shards.h"

#include <lat/trainer.h>

/* The last validation. */
typedef struct lati_validation {
  int64_t examples; /* drawn for training when it was made; -1: none yet */
  double accuracy, exact;
} lati_validation;

/* What a checkpoint keeps beside the vectors. A pure function of the examples drawn and of the
 * options, never of time, so that a resumed run is the straight one. */
typedef struct lati_run_state {
  int64_t examples, tokens;
  double report_loss; /* sums since the last report that was due */
  int64_t report_tokens;
  lati_validation validation;
} lati_run_state;

enum { LATI_RUN_TEXTS = 3 };

struct lat_trainer {
  lat_context *ctx;
  lat_model *model;
  lat_trainer_options options; /* resolved; directory points to the copy below, of other ranks than
                                  0 to an empty text */
  char *directory, *model_path, *checkpoint_path, *best_path, *log_path; /* NULL: not written */
  char *texts[LATI_RUN_TEXTS]; /* copies of the options' weights; NULL: none */
  lat_optimizer *optimizer;
  lat_gradients *gradients;
  lat_sampler *sampler;
  lat_batch *batch;
  lati_run_log *log;
  json_t *identity; /* options that a resumed run must share */
  lati_run_state state;
  lati_validation best;   /* of all validations, also those of a call before */
  json_t *groups;         /* rows of the last validation, for the log; NULL: none */
  int unsaved;            /* the files are older than the state */
  int64_t logged_updates; /* updates done at the last line of the log; -1: none */
  lat_progress progress;  /* as last reported */
  double started, marked; /* clock at the run's start, and since when the rate is measured */
  double saved;           /* clock at the last checkpoint */
  int64_t marked_examples;
  lati_shards shards;
  struct lati_rank_report *reports; /* (ranks): what each last told, ranks.c; NULL: one process */
  float **staged; /* (shards.parts, parameters) in the host's memory, of which each rank's functions
                     take copies; NULL: they take the numbers where they lie */
  size_t summed_from; /* sums over the ranks have begun of the parameters from this one on */
  lat_status begun;   /* how they fared */
  lat_status held;    /* a failure of this rank that the others do not know yet */
  char begun_message[LAT_MESSAGE_SIZE], held_message[LAT_MESSAGE_SIZE];
  int wants_stop;         /* this rank's progress callback asked to stop */
  int stopped, timed_out; /* a rank's did, or its time is over, as all ranks know */
  int saves;              /* rank 0 writes files, as all ranks know */
  int overlaps;           /* sums of layers begin early on all ranks, as all know */
  int save_wanted;        /* rank 0's last checkpoint is old, as all ranks know */
};

/* Seconds of a clock that only goes forward. */
double lati_trainer_clock(void);
/* True when this call of lat_trainer_run() has used up max_seconds, by this rank's clock. */
int lati_trainer_time_is_over(const lat_trainer *trainer);

/* True when this rank writes files and checkpoint_seconds have passed since its last checkpoint. */
int lati_trainer_checkpoint_is_old(const lat_trainer *trainer);

/* Makes the sampler go on from the updates done. */
void lati_trainer_seek(lat_trainer *trainer);

/* Draws this rank's examples of the next update and sums gradients and losses over all ranks, into
 * trainer->gradients and *sum. A failure is one on every rank. */
lat_status lati_sum_gradients(lat_trainer *trainer, lat_loss_sum *sum);

/* All numbers of the options, as JSON. */
lat_status lati_trainer_options_json(json_t **out, const lat_trainer_options *options);

/* Checkpoint and model to the run's files, the provenance into the model. Without a directory only
 * the latter. */
lat_status lati_checkpoint_save(lat_trainer *trainer);
/* The model of the best validation to its file. */
lat_status lati_best_save(lat_trainer *trainer);
/* The validation that the file of the best model tells of; none where there is no file. */
lat_status lati_best_load(lat_trainer *trainer);
/* Everything back from the run's checkpoint; ARGUMENT names the option that differs. On failure the
 * model is unchanged. */
lat_status lati_checkpoint_load(lat_trainer *trainer);

/* Validations that were due since the best one. */
int64_t lati_trainer_since_best(const lat_trainer *trainer);

/* The state's numbers into the progress. */
void lati_trainer_take_stock(lat_trainer *trainer);

/* Options that must be the same when a run is resumed, as JSON. */
lat_status lati_run_identity(json_t **out, const lat_trainer *trainer);
/* ARGUMENT when a member of `ours` is not `theirs`, named; whose: "the run's", whose are `theirs`.
 */
lat_status lati_json_compare(const json_t *ours, const json_t *theirs, const char *whose);
/* ARGUMENT when a member of `ours` differs from `theirs` or is missing in either, named. */
lat_status lati_run_compare(const json_t *ours, const json_t *theirs);

#endif
