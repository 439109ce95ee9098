/* Rounds of candidates, in each of them all beams of a search, and the choice of the best, or of a
 * mean, by its verdict and residual. */
#include "infer/candidates.h"

#include "infer/evaluated_task.h"
#include "infer/improve.h"
#include "infer/mean_answer.h"
#include "infer/verdict.h"
#include "task/batch_impl.h"

#include "task/registry.h"
#include <math.h>

#include <stddef.h>
#include <string.h>

/* Bytes from one transform to the next, so that each is aligned for anything. */
static size_t aligned(size_t size) {
  const size_t unit = sizeof(max_align_t);
  return (size + unit - 1) / unit * unit;
}

/* Doubles that one side of a problem of any of the components can have. */
static size_t most_values(const lat_task *task) {
  const int32_t inputs = lati_task_most_written(task, LAT_INPUT);
  const int32_t outputs = lati_task_most_written(task, LAT_OUTPUT);
  return (size_t)(inputs > outputs ? inputs : outputs) * LATI_LARGEST_MATRIX;
}

lat_status lati_search_open(lati_search *search, lat_model *model, const lat_task *task,
                            const lat_batch *source, const lat_decode_options *options) {
  lat_status status = LAT_OK;
  size_t work = 0;
  search->model = lati_model_ref(model);
  search->capacity = most_values(task);
  LATI_TRY(lat_session_create(&search->session, model, options));
  LATI_TRY(lat_batch_create(&search->batch, model->tokenizer));
  LATI_TRY(LATI_NEW(search->values, model->ctx, search->capacity));
  LATI_TRY(LATI_NEW(search->caller, model->ctx, search->capacity));
  LATI_TRY(LATI_NEW(search->mean, model->ctx, search->capacity));
  LATI_TRY(LATI_NEW(search->moved, model->ctx, search->capacity));
  LATI_TRY(lati_improve_work(&work, task, &search->session->options, source));
  LATI_TRY(LATI_NEW(search->work, model->ctx, work));
  search->transform_size = aligned(lati_frame_transform_size(task, &search->session->options));
  search->scales_size = lati_frame_scales(task, &search->session->options);
  if (search->scales_size > 0) {
    LATI_TRY(LATI_NEW(search->scales, model->ctx, LATI_SEARCH_BATCH * search->scales_size));
  }
  if (search->transform_size > 0) {
    LATI_TRY(LATI_NEW(search->transforms, model->ctx, LATI_SEARCH_BATCH * search->transform_size));
  }
done:
  return status;
}

void lati_search_close(lati_search *search) {
  lati_free(search->values);
  lati_free(search->caller);
  lati_free(search->mean);
  lati_free(search->moved);
  lati_free(search->work);
  lati_free(search->transforms);
  lati_free(search->scales);
  lat_batch_free(search->batch);
  lat_session_free(search->session);
  lat_model_free(search->model);
}

static void *transform_at(const lati_search *search, int64_t place) {
  return search->transforms == NULL ? NULL
                                    : search->transforms + (size_t)place * search->transform_size;
}

static double *scales_at(const lati_search *search, int64_t place) {
  return search->scales == NULL ? NULL : search->scales + (size_t)place * search->scales_size;
}

/* Puts candidate `round` of a problem into the batch. */
static lat_status append(lati_search *search, const lati_problem *problem, int32_t round) {
  const int64_t place = lat_batch_size(search->batch);
  lati_frame *frame = &search->frames[place];
  const lati_origin origin = {.letter = problem->letter, .distribution = -1, .structure = -1};
  lati_matrices seen;
  *frame =
      (lati_frame){.task = problem->task,
                   .candidate = round,
                   .factors = problem->factors,
                   .range = lati_task_range(lati_trained_task(search->model->task, problem->task)),
                   .scaling = search->session->options.scaling,
                   .as_given = search->as_given && round == 0,
                   .transform = transform_at(search, place),
                   .scales = scales_at(search, place)};
  lat_status status = lati_frame_enter(&seen, frame, &problem->a, search->values, search->moved);
  return status == LAT_OK ? lati_batch_add(search->batch, &origin, &seen, NULL) : status;
}

static int wants_more(const lati_search *search, const lati_problem *problem) {
  return problem->report.candidates < search->session->options.candidates &&
         !lati_is_right(&problem->report, problem->task, &search->session->options);
}

static int is_asked_again(const lati_search *search, const lati_problem *problem) {
  return wants_more(search, problem) &&
         lati_frame_varies(problem->task, &problem->a.form, &search->session->options);
}

/* Candidates that each problem is asked at once, from `round` on: of few problems as many as there
 * have been, because a batch costs little more than one of its rows. Those behind the first right
 * one are not looked at, so that the answers are the same. Draws follow one another. */
static int32_t count_ahead(const lati_search *search, const lati_problem *problems, int64_t count,
                           int32_t round) {
  const lat_decode_options *options = &search->session->options;
  const int32_t left = options->candidates - round;
  int32_t asked = 0;
  for (int64_t i = 0; i < count; ++i) {
    asked += is_asked_again(search, &problems[i]);
  }
  if (round == 0 || asked == 0 || options->method != LAT_DECODE_GREEDY) {
    return 1;
  }
  const int32_t room = LATI_SEARCH_AHEAD / asked, ahead = room < round ? room : round;
  return ahead < 1 ? 1 : ahead < left ? ahead : left;
}

/* Fills the batch with candidates `round` to `round + ahead - 1` of the problems that want more;
 * *asked is their number. A coefficient without a token is an error in the first round; later, a
 * candidate that is left out. */
static lat_status fill_batch(int64_t *asked, lati_search *search, const lati_problem *problems,
                             int64_t count, int32_t round, int32_t ahead) {
  lat_batch_clear(search->batch);
  *asked = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (round > 0 && !is_asked_again(search, &problems[i])) {
      continue;
    }
    ++*asked;
    for (int32_t k = 0; k < ahead; ++k) {
      const int64_t place = lat_batch_size(search->batch);
      const lat_status status = append(search, &problems[i], round + k);
      if (status == LAT_OK) {
        search->places[place] = i;
      } else if (round == 0 || status != LAT_ERROR_NUMERIC) {
        return status;
      }
    }
  }
  return LAT_OK;
}

/* Reads the answer; 0 when the tokens are no matrices of the right shapes. */
static int read_answer(lati_matrices *answer, const lati_search *search,
                       const lati_problem *problem, lati_tokens tokens) {
  lat_matrix read[LATI_MAX_OPERANDS];
  int32_t found = 0;
  size_t used = 0;
  const int has_steps = lati_task_has_steps(problem->task);
  if (lati_read_matrices(read, &found, &used, search->moved, search->capacity, answer->count,
                         search->model->tokenizer, LAT_OUTPUT, 0, has_steps, tokens) != LAT_OK) {
    return 0;
  }
  int same = used == tokens.count && found == problem->letter;
  for (int32_t i = 0; i < answer->count; ++i) {
    same =
        same && read[i].rows == answer->written[i].rows && read[i].cols == answer->written[i].cols;
  }
  return same;
}

static lat_status judge(lat_report *report, const lati_matrices *answer, const lati_search *search,
                        const lati_problem *problem) {
  return lati_verdict(report, problem->task, problem->a.written, answer->written,
                      search->session->options.compare, search->work);
}

/* The answer in the caller's units into search->caller, and its verdict; zeros where the tokens are
 * no matrices of its shapes, or a number is no double in these units. */
static lat_status decode_answer(lati_matrices *answer, lat_report *report,
                                const lati_search *search, const lati_problem *problem,
                                const lati_frame *frame, lati_tokens tokens) {
  lat_status status = LAT_OK;
  *answer = lati_matrices_at(search->moved, &problem->x.form);
  if (read_answer(answer, search, problem, tokens)) {
    LATI_TRY(lati_frame_leave(answer, frame, search->caller));
    if (lati_operands_check_finite(answer->written, answer->count, "answer") == LAT_OK) {
      return judge(report, answer, search, problem);
    }
  }
  *answer = lati_matrices_at(search->caller, &problem->x.form);
  memset(search->caller, 0, lati_form_values(&answer->form) * sizeof *search->caller);
  report->verdict = LAT_VERDICT_UNDECODABLE;
  report->residual = INFINITY;
  report->orthogonality = NAN;
done:
  return status;
}

/* Keeps the answer where it is the first, or better than the one that is there; whether it did. */
static int keep_better(lati_problem *problem, const lat_report *report,
                       const lati_matrices *answer) {
  lat_report *best = &problem->report;
  const int keeps = best->candidates == 0 || lati_is_better(report, best);
  if (keeps) {
    *best = *report;
    memcpy(problem->x.written[0].data, answer->written[0].data,
           lati_form_values(&answer->form) * sizeof(double));
  }
  best->candidates = report->candidates;
  return keeps;
}

/* Whether a mean of the answers is worth its verdict: both have one, and neither is right. What the
 * answers to a custom task mean is the host's affair. */
static int can_average(const lati_search *search, const lati_problem *problem,
                       const lat_report *report) {
  const lat_decode_options *options = &search->session->options;
  return options->average && problem->task->kind != &lati_task_custom &&
         isfinite(lati_distance(&problem->report)) && isfinite(lati_distance(report)) &&
         !lati_is_right(report, problem->task, options);
}

/* The mean of the answers in problem->x and the latest, in search->mean, and its verdict. */
static lat_status average(lati_matrices *mean, lat_report *report, const lati_search *search,
                          const lati_problem *problem, const lat_report *latest,
                          const lati_matrices *answer) {
  const int32_t weight = problem->report.averaged;
  *report = (lat_report){.struct_size = sizeof *report,
                         .tolerance = latest->tolerance,
                         .log_probability = latest->log_probability,
                         .scale = latest->scale,
                         .tokens = latest->tokens,
                         .candidates = latest->candidates,
                         .candidate = latest->candidate,
                         .averaged = weight + 1};
  *mean = lati_matrices_at(search->mean, &answer->form);
  lati_mean_answer(search->mean, problem->task, &problem->x, weight, answer);
  return judge(report, mean, search, problem);
}

/* Refines what is kept, in a copy, which takes its place where it is certified: a later candidate
 * may be a better one to begin with. */
static lat_status try_refined(lati_search *search, lati_problem *problem) {
  lat_status status = LAT_OK;
  lat_report report = problem->report;
  const size_t size = lati_form_values(&problem->x.form) * sizeof *search->mean;
  lati_matrices refined = lati_matrices_at(search->mean, &problem->x.form);
  memcpy(search->mean, problem->x.written[0].data, size);
  LATI_TRY(lati_refine_decoded(&report, refined.written, problem->task, problem->a.written,
                               &search->session->options, search->work));
  if (report.verdict == LAT_VERDICT_CERTIFIED) {
    problem->report = report;
    memcpy(problem->x.written[0].data, search->mean, size);
  }
done:
  return status;
}

/* Keeps the best of the answer that is there, the decoded one, and their mean. A mean of many
 * comes about one by one: each answer joins it that makes it better. */
static lat_status consider(lati_search *search, lati_problem *problem, const lati_frame *frame,
                           double log_probability, lati_tokens tokens) {
  lat_status status = LAT_OK;
  const lat_decode_options *options = &search->session->options;
  const int32_t earlier = problem->report.candidates;
  lat_report report = {.struct_size = sizeof report,
                       .tolerance = options->tolerance,
                       .log_probability = log_probability,
                       .scale = frame->factor,
                       .tokens = (int32_t)tokens.count,
                       .candidates = earlier + 1,
                       .candidate = earlier,
                       .averaged = 1};
  lat_report mean_report;
  lati_matrices answer, mean;
  LATI_TRY(decode_answer(&answer, &report, search, problem, frame, tokens));
  const int averages = earlier > 0 && can_average(search, problem, &report);
  if (averages) {
    LATI_TRY(average(&mean, &mean_report, search, problem, &report, &answer));
  }
  int keeps = keep_better(problem, &report, &answer);
  if (averages) {
    keeps = keep_better(problem, &mean_report, &mean) || keeps;
  }
  if (keeps && options->refine > 0 && options->candidates > 1) {
    LATI_TRY(try_refined(search, problem));
  }
done:
  return status;
}

/* The answer to one place of the batch, and further beams of it while none is right. */
static lat_status consider_all(lati_search *search, lati_problem *problem, int64_t place) {
  lat_status status = LAT_OK;
  const lati_answer *answer = NULL;
  const int32_t *tokens = NULL;
  for (int32_t beam = 0; beam == 0 || wants_more(search, problem); ++beam) {
    answer = lati_session_answer_at(&tokens, search->session, place, beam);
    if (answer == NULL) {
      break;
    }
    LATI_TRY(consider(search, problem, &search->frames[place], answer->log_probability,
                      (lati_tokens){tokens, (size_t)answer->length}));
  }
done:
  return status;
}

static lat_status run_round(lati_search *search, lati_problem *problems) {
  lat_status status = LAT_OK;
  lat_sequences answers;
  LATI_TRY(lat_session_decode(&answers, search->session, search->batch));
  for (int64_t place = 0; place < answers.count; ++place) {
    lati_problem *problem = &problems[search->places[place]];
    if (wants_more(search, problem)) {
      LATI_TRY(consider_all(search, problem, place));
    }
  }
done:
  return status;
}

lat_status lati_search_run(lati_search *search, lati_problem *problems, int64_t count) {
  lat_status status = LAT_OK;
  const lat_decode_options *options = &search->session->options;
  int64_t asked = 0;
  for (int64_t i = 0; i < count; ++i) {
    problems[i].report = (lat_report){.struct_size = sizeof problems[i].report,
                                      .verdict = LAT_VERDICT_UNDECODABLE}; /* until it is decoded */
  }
  for (int32_t round = 0, ahead = 1; round < options->candidates; round += ahead) {
    ahead = count_ahead(search, problems, count, round);
    LATI_TRY(fill_batch(&asked, search, problems, count, round, ahead));
    if (asked == 0) {
      break;
    }
    if (lat_batch_size(search->batch) > 0) {
      LATI_TRY(run_round(search, problems));
    }
  }
  /* What try_refined() could not certify was kept as decoded, for the means of later candidates. */
  for (int64_t i = 0; i < count; ++i) {
    lati_problem *problem = &problems[i];
    if (problem->report.verdict != LAT_VERDICT_CERTIFIED) {
      LATI_TRY(lati_refine_decoded(&problem->report, problem->x.written, problem->task,
                                   problem->a.written, options, search->work));
    }
  }
done:
  return status;
}
