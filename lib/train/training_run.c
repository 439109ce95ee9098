#include "base/floating.h"
#include "infer/evaluation.h"
#include "train/ranks.h"
#include "transformer/transformer.h"

/* The progress callback hears of the run at least this often, in seconds, so that it can cancel. */
#define LONGEST_SILENCE 0.5

/* Stream that validations draw from; training draws from 0. */
#define VALIDATION_STREAM 1

static int64_t examples_per_update(const lat_trainer *trainer) {
  return trainer->shards.examples;
}

static lat_status update(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  lat_loss_sum sum;
  LATI_TRY(lati_sum_gradients(trainer, &sum));
  const lat_loss_sum drawn = sum;
  LATI_TRY(lat_optimizer_step(trainer->optimizer, trainer->model, trainer->gradients, &sum));
  trainer->state.examples += examples_per_update(trainer);
  trainer->state.tokens += drawn.tokens;
  trainer->state.report_loss += drawn.loss;
  trainer->state.report_tokens += drawn.tokens;
  trainer->unsaved = 1;
done:
  if (status != LAT_OK) { /* undoes the draws: the run stands where it stood */
    lati_shards_zero(&trainer->shards);
    lati_trainer_seek(trainer);
  }
  return status;
}

/* Whether a validation is the best so far: by the sum of the share within 5 % and the exact one, so
 * that either counts where the other stands still. */
static int is_best(const lat_trainer *trainer) {
  const lati_validation *last = &trainer->state.validation, *best = &trainer->best;
  return best->examples < 0 || last->accuracy + last->exact > best->accuracy + best->exact;
}

/* Tasks, sizes and distributions, where an evaluation has a row for each; otherwise NULL. */
static lat_status collect_groups(json_t **out, const lat_evaluation *evaluation) {
  const int32_t count = lat_evaluation_row_count(evaluation);
  json_t *groups = count > 1 ? json_array() : NULL;
  int complete = groups != NULL || count <= 1;
  for (int32_t i = 1; i < count && complete; ++i) {
    const lat_accuracy *row = lat_evaluation_row(evaluation, i);
    complete = json_array_append_new(groups, json_pack("{s:s, s:I, s:f, s:f}", "label", row->label,
                                                       "count", (json_int_t)row->count, "accuracy",
                                                       row->accuracy[0], "exact", row->exact)) == 0;
  }
  if (!complete) {
    json_decref(groups);
    return lati_fail(LAT_ERROR_MEMORY, "no memory for the rows of a validation");
  }
  json_decref(*out);
  *out = groups;
  return LAT_OK;
}

/* Each validation draws its own examples: which ones follows from the number of updates alone. */
static lat_status validate(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  lat_evaluation *evaluation = NULL;
  lat_evaluate_options options;
  const int shown = lati_average_show(trainer->optimizer, trainer->model, 1);
  lat_evaluate_options_init(&options);
  options.count = trainer->options.validate_count;
  options.seed = trainer->options.seed;
  options.stream = VALIDATION_STREAM;
  options.first = (uint64_t)trainer->optimizer->updates * (uint64_t)options.count;
  lat_sampler_options weights;
  lat_sampler_options_init(&weights);
  weights.size_weights = trainer->options.size_weights;
  weights.task_weights = trainer->options.task_weights;
  weights.distribution_weights = trainer->options.distribution_weights;
  if (trainer->options.validation_source != NULL) {
    options.source = trainer->options.validation_source;
    options.first = 0;
  }
  const lati_evaluation_share share = {trainer->shards.rank, trainer->shards.ranks,
                                       lati_ranks_gather, trainer};
  LATI_TRY(lati_evaluate(&evaluation, trainer->model, &options, &weights,
                         trainer->shards.ranks > 1 ? &share : NULL));
  LATI_TRY(collect_groups(&trainer->groups, evaluation));
  const lat_accuracy *all = lat_evaluation_row(evaluation, 0);
  trainer->state.validation = (lati_validation){
      .examples = trainer->state.examples, .accuracy = all->accuracy[0], .exact = all->exact};
  trainer->unsaved = 1;
  lati_log(trainer->ctx, LAT_LOG_INFO, "example %lld: %.1f %% within 5 %%, %.1f %% exact",
           (long long)trainer->state.examples, all->accuracy[0], all->exact);
done:
  lat_evaluation_free(evaluation);
  lati_average_show(trainer->optimizer, trainer->model, shown);
  return status == LAT_OK ? LAT_OK : lati_fail_prefix(status, "validation");
}

/* The numbers of a report. */
static void measure(lat_trainer *trainer, int validated) {
  lat_progress *progress = &trainer->progress;
  const double time = lati_trainer_clock(), passed = time - trainer->marked;
  const int64_t drawn = trainer->state.examples - trainer->marked_examples;
  lati_trainer_take_stock(trainer);
  progress->seconds = time - trainer->started;
  if (passed > 0 && drawn > 0) {
    progress->examples_per_second = (double)drawn / passed;
  }
  progress->validated = validated;
  progress->checkpointed = 0;
  trainer->marked = time;
  trainer->marked_examples = trainer->state.examples;
}

static lat_status write_log(lat_trainer *trainer) {
  trainer->logged_updates = trainer->optimizer->updates;
  return trainer->log != NULL
             ? lati_run_log_append(trainer->log, &trainer->progress, trainer->groups)
             : LAT_OK;
}

/* Keeps the model of a validation that is the best so far. */
static lat_status keep_best(lat_trainer *trainer) {
  if (!is_best(trainer)) {
    return LAT_OK;
  }
  trainer->best = trainer->state.validation;
  lati_trainer_take_stock(trainer);
  const int kept = trainer->options.keep_best || trainer->options.patience > 0;
  return kept && trainer->directory != NULL ? lati_best_save(trainer) : LAT_OK;
}

static lat_status save(lat_trainer *trainer) {
  lat_status status = lati_checkpoint_save(trainer);
  trainer->saved = lati_trainer_clock();
  trainer->progress.checkpointed = status == LAT_OK && trainer->directory != NULL;
  return status;
}

/* Tells the host, in the host's own floating-point state. True when it asks to stop. */
static int tell(lat_trainer *trainer) {
  if (trainer->options.progress == NULL) {
    return 0;
  }
  lati_floating *host = lati_floating_lend();
  const int32_t stop = trainer->options.progress(&trainer->progress, trainer->options.user);
  lati_floating_take_back(host);
  return stop != 0;
}

/* True when the last update took the number of examples past a multiple of `every`. */
static int is_due(const lat_trainer *trainer, int64_t every) {
  const int64_t examples = trainer->state.examples;
  return every > 0 && examples / every > (examples - examples_per_update(trainer)) / every;
}

/* A checkpoint is due by the examples, or because the last one is old. Ranks that split the moments
 * write it together, and so all know of it. */
static int saving_is_due(const lat_trainer *trainer) {
  const int by_examples = is_due(trainer, trainer->options.checkpoint_every);
  if (trainer->optimizer->parts != NULL) {
    return trainer->saves && (by_examples || trainer->save_wanted);
  }
  return trainer->directory != NULL && (by_examples || lati_trainer_checkpoint_is_old(trainer));
}

/* A callback that asks to stop ends a run of one process at once, that of several ranks after the
 * update by which all of them know. */
static lat_status cancel(lat_trainer *trainer) {
  lat_status status = lati_ranks_settle(trainer, lati_ranks_held(trainer));
  lati_trainer_take_stock(trainer);
  if (status == LAT_OK && trainer->unsaved) {
    status = lati_ranks_gather_moments(trainer);
    status = status == LAT_OK ? lati_checkpoint_save(trainer) : status;
  }
  status = lati_ranks_settle(trainer, status);
  return status != LAT_OK ? status
                          : lati_fail(LAT_ERROR_CANCELLED, "the progress callback asked to stop");
}

/* What is due after an update: validation, a line of the log, the best model, a checkpoint, in this
 * order, so that the log holds at least what the checkpoint does. Its time is none of training's.
 */
static lat_status follow_up(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  const int validates = is_due(trainer, trainer->options.validate_every);
  const int saves = saving_is_due(trainer);
  const int reports = validates || trainer->optimizer->updates % trainer->options.report_every == 0;
  if (saves) { /* by all ranks, before anything can fail on one of them */
    LATI_TRY(lati_ranks_gather_moments(trainer));
  }
  if (!reports && !saves && lati_trainer_clock() - trainer->marked < LONGEST_SILENCE) {
    return LAT_OK;
  }
  if (validates) {
    const double paused = lati_trainer_clock();
    LATI_TRY(validate(trainer));
    trainer->marked += lati_trainer_clock() - paused;
  }
  measure(trainer, validates);
  if (reports) {
    LATI_TRY(write_log(trainer));
    trainer->state.report_loss = 0;
    trainer->state.report_tokens = 0;
  }
  if (validates) {
    LATI_TRY(keep_best(trainer));
  }
  if (saves) {
    LATI_TRY(save(trainer));
  }
  trainer->wants_stop = tell(trainer) || trainer->wants_stop;
  trainer->marked = lati_trainer_clock();
done:
  return status;
}

static int has_reached_goal(const lat_trainer *trainer) {
  const lat_trainer_options *options = &trainer->options;
  const lati_validation *validation = &trainer->state.validation;
  const int goal = options->until_exact > 0 || options->until_accuracy > 0;
  return goal && validation->examples >= 0 && validation->exact >= options->until_exact &&
         validation->accuracy >= options->until_accuracy;
}

/* Clocks differ: of several ranks all hear by the sum of gradients that time is over for one. */
static int time_is_over(const lat_trainer *trainer) {
  return trainer->shards.ranks > 1 ? trainer->timed_out : lati_trainer_time_is_over(trainer);
}

static int has_ended(const lat_trainer *trainer) {
  const lat_trainer_options *options = &trainer->options;
  return (options->max_examples > 0 && trainer->state.examples >= options->max_examples) ||
         time_is_over(trainer) ||
         (options->patience > 0 && lati_trainer_since_best(trainer) >= options->patience) ||
         has_reached_goal(trainer);
}

/* The end of a run: validated, logged and saved where that was not due at this very update. What
 * is due later does not change by it. */
static lat_status finish(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  const int validates = trainer->options.validate_every > 0 &&
                        trainer->state.validation.examples != trainer->state.examples;
  if (validates) {
    LATI_TRY(validate(trainer));
  }
  if (trainer->unsaved) {
    LATI_TRY(lati_ranks_gather_moments(trainer));
  }
  const int reports = validates || trainer->logged_updates != trainer->optimizer->updates;
  if (reports) {
    measure(trainer, validates);
    LATI_TRY(write_log(trainer));
  }
  if (validates) {
    LATI_TRY(keep_best(trainer));
  }
  if (trainer->unsaved) {
    LATI_TRY(save(trainer));
  }
  if (reports) {
    tell(trainer);
  }
done:
  return lati_ranks_settle(trainer, status);
}

/* Updates and what follows them, until the run has ended or is told to stop. */
static lat_status train(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  while (!has_ended(trainer)) {
    LATI_TRY(update(trainer));
    LATI_TRY(lati_ranks_hold(trainer, follow_up(trainer)));
    if (trainer->shards.ranks > 1 ? trainer->stopped : trainer->wants_stop) {
      LATI_TRY(cancel(trainer));
    }
  }
  status = lati_ranks_settle(trainer, lati_ranks_held(trainer));
done:
  return status;
}

static lat_status run(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  trainer->started = trainer->marked = trainer->saved = lati_trainer_clock();
  trainer->marked_examples = trainer->state.examples;
  lati_average_show(trainer->optimizer, trainer->model, 0);
  if (trainer->log != NULL) {
    lati_run_log_start(trainer->log);
  }
  trainer->wants_stop = trainer->stopped = trainer->timed_out = 0;
  trainer->held = LAT_OK;
  LATI_TRY(train(trainer));
  LATI_TRY(finish(trainer));
done:
  lati_average_show(trainer->optimizer, trainer->model, 1);
  return status;
}

lat_status lat_trainer_run(lat_trainer *trainer) {
  if (trainer == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "trainer is NULL");
  }
  lati_floating floating;
  lati_floating_enter(&floating);
  lat_status status = lati_optimizer_check_whole(trainer->optimizer);
  if (status == LAT_OK) {
    status = run(trainer);
  }
  lati_floating_leave(&floating);
  return status;
}
