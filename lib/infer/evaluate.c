#include "base/floating.h"
#include "infer/answers.h"
#include "infer/evaluated_task.h"
#include "infer/evaluation.h"
#include "infer/improve.h"
#include "infer/observe.h"
#include "transformer/transformer.h"

#include <stdio.h>

#define FIELD(member, type, initial, low, high)                                                    \
  LATI_NUMBER(lat_evaluate_options, member, type, initial, low, high)
static const lati_field evaluate_fields[] = {
    FIELD(count, LATI_FIELD_INT64, 1000, 1, 0x1p53),
    FIELD(seed, LATI_FIELD_UINT64, 0, 0, 0x1p64),
    FIELD(stream, LATI_FIELD_UINT32, 2, 0, LATI_STREAM_INIT - 1),
    FIELD(reserved, LATI_FIELD_INT32, 0, 0, 0),
    FIELD(first, LATI_FIELD_UINT64, 0, 0, 0x1p63),
    FIELD(batch_size, LATI_FIELD_INT32, 128, 1, 1 << 20),
    FIELD(norm, LATI_FIELD_INT32, LAT_NORM_L1, LAT_NORM_L1, LAT_NORM_FROBENIUS2),
    FIELD(classic_inverse, LATI_FIELD_INT32, 0, 0, 1),
    FIELD(accept_trailing, LATI_FIELD_INT32, 0, 0, 1),
    FIELD(ceiling, LATI_FIELD_INT32, 0, 0, 1),
    LATI_POINTER(lat_evaluate_options, task),
    LATI_POINTER(lat_evaluate_options, decode),
    LATI_POINTER(lat_evaluate_options, progress),
    LATI_POINTER(lat_evaluate_options, user),
    FIELD(accept_loose, LATI_FIELD_INT32, 0, 0, 1),
    FIELD(accept_zero, LATI_FIELD_INT32, 0, 0, 1),
    FIELD(tolerances[0], LATI_FIELD_DOUBLE, 0, 0, 1e300),
    FIELD(tolerances[1], LATI_FIELD_DOUBLE, 0, 0, 1e300),
    FIELD(tolerances[2], LATI_FIELD_DOUBLE, 0, 0, 1e300),
    FIELD(tolerances[3], LATI_FIELD_DOUBLE, 0, 0, 1e300),
    LATI_POINTER(lat_evaluate_options, observe),
    FIELD(diagnose, LATI_FIELD_INT32, 0, 0, 1),
    FIELD(reserved2, LATI_FIELD_INT32, 0, 0, 0),
    LATI_POINTER(lat_evaluate_options, source),
    LATI_FIELDS_END};
#undef FIELD

void lat_evaluate_options_init_sized(lat_evaluate_options *options, size_t size) {
  lati_options_init(options, size, evaluate_fields, sizeof *options);
}

/* What an evaluation works with. */
typedef struct bench {
  lat_evaluate_options options;
  lat_task *task;
  lati_answers *answers;
  lat_sampler *sampler;
  lat_batch *batch;
  lati_scorer scorer;
  double *work; /* of refinement; NULL where it is not asked for */
} bench;

static lat_status open_answers(bench *with, lat_model *model, double tolerance) {
  lat_decode_options decode;
  lat_status status = LAT_OK;
  lat_decode_options_init(&decode);
  decode.grammar = 0;
  LATI_TRY(LATI_NEW(with->answers, model->ctx, 1));
  LATI_TRY(lati_answers_open(with->answers, model, with->task, with->options.source,
                             with->options.decode != NULL ? with->options.decode : &decode,
                             tolerance));
  if (with->answers->options.refine > 0) {
    size_t work = 0;
    LATI_TRY(lati_improve_work(&work, with->task, &with->answers->options, with->options.source));
    LATI_TRY(LATI_NEW(with->work, model->ctx, work));
  }
done:
  return status;
}

static void close_answers(bench *with) {
  if (with->answers != NULL) {
    lati_answers_close(with->answers);
    lati_free(with->answers);
  }
  lati_free(with->work);
}

static lat_status open_sampler(bench *with, lat_model *model, const lat_sampler_options *weights) {
  lat_sampler_options options;
  lat_sampler_options_init(&options);
  if (weights != NULL && with->options.source == NULL) {
    options = *weights;
  }
  options.source = with->options.source;
  options.source_in_order = with->options.source != NULL;
  options.seed = with->options.seed;
  options.stream = with->options.stream;
  lat_status status = lat_sampler_create(&with->sampler, with->task, model->tokenizer, &options);
  if (status == LAT_OK) {
    lati_sampler_stay_at_end(with->sampler);
    lat_sampler_seek(with->sampler, with->options.first);
  }
  return status;
}

/* No example of a source counts twice. */
static lat_status limit_count(lat_evaluate_options *options) {
  const uint64_t there = options->source == NULL ? UINT64_MAX : (uint64_t)options->source->size;
  if (options->source != NULL && options->first >= there) {
    return lati_fail(LAT_ERROR_ARGUMENT, "evaluate options: first %llu is past the source's %llu",
                     (unsigned long long)options->first, (unsigned long long)there);
  }
  if (options->source != NULL && (uint64_t)options->count > there - options->first) {
    options->count = (int64_t)(there - options->first);
  }
  return LAT_OK;
}

/* Condition numbers of different kinds are not to be compared. */
static lat_status check_diagnosis(const bench *with) {
  return !with->options.diagnose || lat_task_component_count(with->task) == 1
             ? LAT_OK
             : lati_fail(LAT_ERROR_ARGUMENT,
                         "evaluate options: diagnose asks for examples of one task, not of %d",
                         lat_task_component_count(with->task));
}

static lat_status open_bench(bench *with, lat_evaluation *evaluation, lat_model *model,
                             const lat_evaluate_options *options,
                             const lat_sampler_options *weights) {
  lat_status status = LAT_OK;
  lat_score_options score;
  LATI_TRY(lati_options_read(&with->options, sizeof with->options, evaluate_fields, options,
                             "evaluate options"));
  LATI_TRY(limit_count(&with->options));
  LATI_TRY(lati_evaluated_task(&with->task, model->task, with->options.task));
  LATI_TRY(check_diagnosis(with));
  lati_evaluation_set_tolerances(evaluation, with->options.tolerances);
  evaluation->diagnosed = with->options.diagnose;
  LATI_TRY(open_sampler(with, model, weights)); /* which checks a source */
  LATI_TRY(open_answers(with, model, lati_evaluation_strictest(evaluation)));
  LATI_TRY(lat_batch_create(&with->batch, model->tokenizer));
  lat_score_options_init(&score);
  score.norm = with->options.norm;
  score.classic_inverse = with->options.classic_inverse;
  score.accept_zero = with->options.accept_zero;
  LATI_TRY(lati_scorer_init(&with->scorer, model->ctx, model->tokenizer, with->task, &score));
  with->scorer.accept_trailing = with->options.accept_trailing;
  with->scorer.accept_loose = with->options.accept_loose;
done:
  return status;
}

static void close_bench(bench *with) {
  lati_scorer_clear(&with->scorer);
  lat_batch_free(with->batch);
  lat_sampler_free(with->sampler);
  close_answers(with);
  lat_task_free(with->task);
}

static lati_tokens tokens_of(const lat_batch *batch, int32_t side, int64_t i) {
  const lati_batch_side *all = &batch->side[side];
  return (lati_tokens){all->tokens + all->offsets[i],
                       (size_t)(all->offsets[i + 1] - all->offsets[i])};
}

static lati_asked asked_of(const lat_batch *batch, int64_t i) {
  const lati_batch_side *target = &batch->side[LAT_OUTPUT];
  return (lati_asked){.input = tokens_of(batch, LAT_INPUT, i),
                      .target = tokens_of(batch, LAT_OUTPUT, i),
                      .factors = lati_batch_factors(batch, i),
                      .unrounded_target = target->values + target->value_offsets[i]};
}

/* Enters example i's score in every row it belongs to. */
static lat_status enter(lat_evaluation *evaluation, const bench *with, int64_t i,
                        const lat_task *task, const lati_prediction *prediction,
                        const lati_prediction *ceiling) {
  lat_status status = LAT_OK;
  char size[24];
  lati_shape written[LATI_MAX_OPERANDS];
  lati_form_written(written, &with->batch->side[LAT_INPUT].forms[i]);
  const int32_t rows = written[0].rows, cols = written[0].cols;
  const char *spectrum = lati_batch_distribution(with->batch, i);
  const char *structure = lati_batch_structure(with->batch, i);
  snprintf(size, sizeof size, "%dx%d", (int)rows, (int)cols);
  LATI_TRY(lati_evaluation_add(evaluation, LATI_GROUP_ALL, 0, "all", prediction, ceiling));
  LATI_TRY(lati_evaluation_add(evaluation, LATI_GROUP_TASK, lat_batch_component(with->batch, i),
                               lat_task_name(task), prediction, ceiling));
  LATI_TRY(lati_evaluation_add(evaluation, LATI_GROUP_SIZE, rows * (LAT_MAX_DIMENSION + 1) + cols,
                               size, prediction, ceiling));
  if (spectrum != NULL) {
    LATI_TRY(
        lati_evaluation_add(evaluation, LATI_GROUP_SPECTRUM, 0, spectrum, prediction, ceiling));
  }
  if (structure != NULL) {
    LATI_TRY(
        lati_evaluation_add(evaluation, LATI_GROUP_STRUCTURE, 0, structure, prediction, ceiling));
  }
done:
  return status;
}

/* at: index of the batch's first example. */
static lat_status score_example(lat_evaluation *evaluation, const bench *with, int64_t at,
                                int64_t i) {
  lat_status status = LAT_OK;
  lati_prediction prediction, ceiling;
  const lat_task *task = lat_task_component(with->task, lat_batch_component(with->batch, i));
  const lati_asked asked = asked_of(with->batch, i);
  const lati_guess guess = lati_answers_at(with->answers, i);
  LATI_TRY(lati_score_prediction(&prediction, &with->scorer, task, &asked, &guess));
  if (with->work != NULL) {
    LATI_TRY(lati_certify_prediction(&prediction, &with->scorer, task, &asked, &guess,
                                     &with->answers->options, with->work));
  }
  if (with->options.diagnose || with->options.observe != NULL) {
    const lati_observed observed = {(uint64_t)(at + i), task, &asked, &guess, &prediction};
    LATI_TRY(lati_observe(&evaluation->diagnosis, &with->scorer, &with->options,
                          evaluation->tolerances, &observed));
  }
  if (with->options.ceiling) {
    LATI_TRY(lati_score_ceiling(&ceiling, &with->scorer, task, &asked));
  }
  LATI_TRY(enter(evaluation, with, i, task, &prediction, with->options.ceiling ? &ceiling : NULL));
done:
  return status;
}

static lat_status evaluate_batch(lat_evaluation *evaluation, bench *with, int64_t at,
                                 int64_t count) {
  lat_status status = LAT_OK;
  LATI_TRY(lat_sampler_next(with->batch, with->sampler, count));
  LATI_TRY(lati_answers_decode(with->answers, with->batch));
  for (int64_t i = 0; i < count; ++i) {
    LATI_TRY(score_example(evaluation, with, at, i));
  }
done:
  return status;
}

/* Tells the host, in the host's own floating-point state. True when it asks to stop. */
static int tell(const lat_evaluate_options *options, int64_t done) {
  if (options->progress == NULL) {
    return 0;
  }
  lati_floating *host = lati_floating_lend();
  const int32_t stop = options->progress(done, options->count, options->user);
  lati_floating_take_back(host);
  return stop != 0;
}

/* Whether a batch is another rank's. Whole ones are shared out, so that each is decoded as it is by
 * one process alone. */
static int is_anothers(const lati_evaluation_share *share, const bench *with, int64_t at) {
  return share != NULL && at / with->options.batch_size % share->ranks != share->rank;
}

static lat_status evaluate_all(lat_evaluation *evaluation, bench *with,
                               const lati_evaluation_share *share) {
  const lat_evaluate_options *options = &with->options;
  for (int64_t at = 0; at < options->count;) {
    int64_t left = options->count - at;
    int64_t count = left < options->batch_size ? left : options->batch_size;
    if (is_anothers(share, with, at)) {
      at += count;
      continue;
    }
    lat_sampler_seek(with->sampler, options->first + (uint64_t)at);
    lat_status status = evaluate_batch(evaluation, with, at, count);
    if (status != LAT_OK) {
      return status;
    }
    at += count;
    if (tell(options, at)) {
      return lati_fail(LAT_ERROR_CANCELLED, "evaluation cancelled after %lld of %lld examples",
                       (long long)at, (long long)options->count);
    }
  }
  return LAT_OK;
}

lat_status lat_evaluate(lat_evaluation **out, lat_model *model,
                        const lat_evaluate_options *options) {
  return lati_evaluate(out, model, options, NULL, NULL);
}

lat_status lati_evaluate(lat_evaluation **out, lat_model *model,
                         const lat_evaluate_options *options, const lat_sampler_options *weights,
                         const lati_evaluation_share *share) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "model is NULL");
  }
  lat_status status = LAT_OK;
  lat_evaluation *evaluation = NULL;
  bench with = {.task = NULL};
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(LATI_NEW(evaluation, model->ctx, 1));
  evaluation->ctx = lati_context_ref(model->ctx);
  LATI_TRY(open_bench(&with, evaluation, model, options, weights));
  LATI_TRY(evaluate_all(evaluation, &with, share));
done:
  if (share != NULL) {
    status = share->gather(evaluation, status, share->user);
  }
  if (status == LAT_OK) {
    lati_evaluation_finish(evaluation, with.work != NULL);
  }
  close_bench(&with);
  lati_floating_leave(&saved);
  if (status != LAT_OK) {
    lat_evaluation_free(evaluation);
    return status;
  }
  *out = evaluation;
  return LAT_OK;
}
