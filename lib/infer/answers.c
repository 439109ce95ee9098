/* Answers to a batch of examples. With several candidates each example's input is read back from
 * its tokens and searched as a solver does; the best answer is written as tokens again. */
#include "infer/answers.h"

#include "task/batch_impl.h"
#include "task/equilibrate.h"
#include "task/registry.h"

#include <string.h>

lat_status lati_answers_open(lati_answers *answers, lat_model *model, const lat_task *task,
                             const lat_decode_options *options, double tolerance) {
  lat_status status = LAT_OK;
  answers->task = task;
  LATI_TRY(lati_options_read(&answers->options, sizeof answers->options, lati_decode_fields,
                             options, "decode options"));
  if (answers->options.candidates == 1) {
    LATI_TRY(lat_session_create(&answers->session, model, &answers->options));
  } else {
    lat_decode_options own = answers->options;
    own.tolerance = tolerance;
    own.refine = own.fallback = 0; /* what is scored is not refined */
    LATI_TRY(lati_search_open(&answers->search, model, task, &own));
    answers->search.as_given = 1;
  }
done:
  return status;
}

void lati_answers_close(lati_answers *answers) {
  lat_session_free(answers->session);
  lati_search_close(&answers->search);
  lati_free(answers->values);
  lati_free(answers->tokens);
  lati_free(answers->offsets);
  lati_free(answers->candidates);
}

static lat_status read_input(lati_matrices *input, const lati_answers *answers,
                             const lat_batch *batch, int64_t i) {
  const lati_batch_side *side = &batch->side[LAT_INPUT];
  const lati_tokens tokens = {side->tokens + side->offsets[i],
                              (size_t)(side->offsets[i + 1] - side->offsets[i])};
  lat_matrix read[LATI_MAX_OPERANDS];
  int32_t letter = 0;
  size_t used = 0;
  return lati_read_matrices(read, &letter, &used, input->written[0].data,
                            lati_form_values(&input->form), input->count,
                            answers->search.model->tokenizer, LAT_INPUT, 0, 0, tokens);
}

/* Doubles of the inputs and outputs of the examples from `first` on. */
static size_t room(const lat_batch *batch, int64_t first, int64_t count) {
  size_t total = 0;
  for (int32_t side = LAT_INPUT; side <= LAT_OUTPUT; ++side) {
    const int64_t *offsets = batch->side[side].value_offsets + first;
    total += (size_t)(offsets[count] - offsets[0]);
  }
  return total;
}

static lat_status pose(lati_answers *answers, const lat_batch *batch, int64_t first,
                       int64_t count) {
  lat_status status = LAT_OK;
  const lat_context *ctx = answers->search.model->ctx;
  const lati_batch_side *sides = batch->side;
  const int mixed = lat_task_letter(answers->search.model->task) == 0;
  LATI_TRY(lati_grow((void **)&answers->values, &answers->value_capacity, ctx,
                     room(batch, first, count), sizeof *answers->values));
  double *place = answers->values;
  for (int64_t i = 0; i < count; ++i) {
    lati_problem *problem = &answers->problems[i];
    const lat_task *task = lat_task_component(answers->task, lat_batch_component(batch, first + i));
    *problem = (lati_problem){.task = task, .letter = mixed ? lat_task_letter(task) : 0};
    problem->a = lati_matrices_at(place, &sides[LAT_INPUT].forms[first + i]);
    place += lati_form_values(&problem->a.form);
    problem->x = lati_matrices_at(place, &sides[LAT_OUTPUT].forms[first + i]);
    place += lati_form_values(&problem->x.form);
    LATI_TRY(read_input(&problem->a, answers, batch, first + i));
    problem->factors = lati_batch_factors(batch, first + i);
    if (problem->factors != NULL) {
      const lat_matrix *a = &problem->a.written[0];
      lati_unscale_lines(a, problem->factors, problem->factors + a->rows);
    }
  }
done:
  return status;
}

/* Appends the answer's tokens; none where it is no matrix, or has a coefficient without a token. */
static lat_status append_answer(lati_answers *answers, const lati_problem *problem, int64_t i) {
  lat_status status = LAT_OK;
  const lat_context *ctx = answers->search.model->ctx;
  const lat_tokenizer *tokenizer = answers->search.model->tokenizer;
  const size_t used = (size_t)answers->offsets[i];
  size_t count = 0;
  const size_t most = lati_matrices_max_tokens(&problem->x, tokenizer, LAT_OUTPUT);
  LATI_TRY(lati_grow((void **)&answers->tokens, &answers->token_capacity, ctx, used + most,
                     sizeof *answers->tokens));
  if (problem->report.verdict != LAT_VERDICT_UNDECODABLE) {
    if (problem->factors != NULL) { /* tokens are those of the canonical form's answer */
      const lat_matrix *x = &problem->x.written[0];
      lati_unscale_lines(x, problem->factors + x->rows, problem->factors);
    }
    lati_task_orient(&problem->x.written[0], problem->task); /* in other coordinates any sign */
    status = lati_matrices_encode(answers->tokens + used, most, &count, tokenizer, LAT_OUTPUT,
                                  problem->letter, &problem->x);
    count = status == LAT_OK ? count : 0;
    status = status == LAT_ERROR_NUMERIC ? LAT_OK : status;
  }
  answers->offsets[i + 1] = (int64_t)(used + count);
  answers->candidates[i] = problem->report.candidates;
done:
  return status;
}

static lat_status search(lati_answers *answers, const lat_batch *batch) {
  lat_status status = LAT_OK;
  const lat_context *ctx = answers->search.model->ctx;
  const int64_t size = lat_batch_size(batch);
  LATI_TRY(lati_grow((void **)&answers->offsets, &answers->offset_capacity, ctx, (size_t)size + 1,
                     sizeof *answers->offsets));
  LATI_TRY(lati_grow((void **)&answers->candidates, &answers->candidate_capacity, ctx, (size_t)size,
                     sizeof *answers->candidates));
  answers->offsets[0] = 0;
  for (int64_t first = 0; first < size; first += LATI_SEARCH_BATCH) {
    const int64_t left = size - first, count = left < LATI_SEARCH_BATCH ? left : LATI_SEARCH_BATCH;
    LATI_TRY(pose(answers, batch, first, count));
    LATI_TRY(lati_search_run(&answers->search, answers->problems, count));
    for (int64_t i = 0; i < count; ++i) {
      LATI_TRY(append_answer(answers, &answers->problems[i], first + i));
    }
  }
done:
  return status;
}

lat_status lati_answers_decode(lat_sequences *out, lati_answers *answers, const lat_batch *batch) {
  if (answers->session != NULL) {
    return lat_session_decode(out, answers->session, batch);
  }
  const lat_status status = search(answers, batch);
  *out = (lat_sequences){answers->tokens, answers->offsets, lat_batch_size(batch)};
  return status;
}
