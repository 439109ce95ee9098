/* Answers to a batch of examples. With several candidates each example's input is read back from
 * its tokens and searched as a solver does; the best answer stays in double precision, and is
 * written as tokens besides. */
#include "infer/answers.h"

#include "task/batch_impl.h"
#include "task/equilibrate.h"
#include "task/registry.h"

#include <string.h>

lat_status lati_answers_open(lati_answers *answers, lat_model *model, const lat_task *task,
                             const lat_batch *source, const lat_decode_options *options,
                             double tolerance) {
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
    LATI_TRY(lati_search_open(&answers->search, model, task, source, &own));
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
  lati_free(answers->problems);
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

/* Doubles of the inputs and outputs. */
static size_t room(const lat_batch *batch) {
  size_t total = 0;
  for (int32_t side = LAT_INPUT; side <= LAT_OUTPUT; ++side) {
    const int64_t *offsets = batch->side[side].value_offsets;
    total += (size_t)(offsets[lat_batch_size(batch)] - offsets[0]);
  }
  return total;
}

/* The examples as problems. */
static lat_status pose(lati_answers *answers, const lat_batch *batch) {
  lat_status status = LAT_OK;
  const lat_context *ctx = answers->search.model->ctx;
  const lati_batch_side *sides = batch->side;
  LATI_TRY(lati_grow((void **)&answers->values, &answers->value_capacity, ctx, room(batch),
                     sizeof *answers->values));
  LATI_TRY(lati_grow((void **)&answers->problems, &answers->problem_capacity, ctx,
                     (size_t)lat_batch_size(batch), sizeof *answers->problems));
  double *place = answers->values;
  for (int64_t i = 0; i < lat_batch_size(batch); ++i) {
    lati_problem *problem = &answers->problems[i];
    const lat_task *task = lat_task_component(answers->task, lat_batch_component(batch, i));
    *problem =
        (lati_problem){.task = task, .letter = lati_letter_in(answers->search.model->task, task)};
    problem->a = lati_matrices_at(place, &sides[LAT_INPUT].forms[i]);
    place += lati_form_values(&problem->a.form);
    problem->x = lati_matrices_at(place, &sides[LAT_OUTPUT].forms[i]);
    place += lati_form_values(&problem->x.form);
    LATI_TRY(read_input(&problem->a, answers, batch, i));
    problem->factors = lati_batch_factors(batch, i);
    if (problem->factors != NULL) {
      const lat_matrix *a = &problem->a.written[0];
      lati_unscale_lines(a, problem->factors, problem->factors + a->rows);
    }
  }
done:
  return status;
}

static int has_answer(const lati_problem *problem) {
  return problem->report.verdict != LAT_VERDICT_UNDECODABLE;
}

/* The answer as that of the canonical form, which is what tokens say, of the documented signs: in
 * other coordinates vectors have any. */
static void to_canonical_form(const lati_problem *problem) {
  const lat_matrix *x = &problem->x.written[0];
  if (problem->factors != NULL) {
    lati_unscale_lines(x, problem->factors + x->rows, problem->factors);
  }
  lati_task_orient(x, problem->task);
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
  if (has_answer(problem)) {
    to_canonical_form(problem);
    status = lati_matrices_encode(answers->tokens + used, most, &count, tokenizer, LAT_OUTPUT,
                                  problem->letter, &problem->x);
    count = status == LAT_OK ? count : 0;
    status = status == LAT_ERROR_NUMERIC ? LAT_OK : status;
  }
  answers->offsets[i + 1] = (int64_t)(used + count);
done:
  return status;
}

static lat_status search(lati_answers *answers, const lat_batch *batch) {
  lat_status status = LAT_OK;
  const lat_context *ctx = answers->search.model->ctx;
  const int64_t size = lat_batch_size(batch);
  LATI_TRY(lati_grow((void **)&answers->offsets, &answers->offset_capacity, ctx, (size_t)size + 1,
                     sizeof *answers->offsets));
  LATI_TRY(pose(answers, batch));
  answers->offsets[0] = 0;
  for (int64_t first = 0; first < size; first += LATI_SEARCH_BATCH) {
    const int64_t left = size - first, count = left < LATI_SEARCH_BATCH ? left : LATI_SEARCH_BATCH;
    LATI_TRY(lati_search_run(&answers->search, answers->problems + first, count));
  }
  for (int64_t i = 0; i < size; ++i) {
    LATI_TRY(append_answer(answers, &answers->problems[i], i));
  }
  answers->sequences = (lat_sequences){answers->tokens, answers->offsets, size};
done:
  return status;
}

lat_status lati_answers_decode(lati_answers *answers, const lat_batch *batch) {
  return answers->session != NULL ? lat_session_decode(&answers->sequences, answers->session, batch)
                                  : search(answers, batch);
}

lati_guess lati_answers_at(const lati_answers *answers, int64_t i) {
  const int64_t *offsets = answers->sequences.offsets;
  lati_guess guess = {
      .tokens = {answers->sequences.tokens + offsets[i], (size_t)(offsets[i + 1] - offsets[i])},
      .candidates = 1};
  if (answers->problems != NULL) {
    const lati_problem *problem = &answers->problems[i];
    guess.candidates = problem->report.candidates;
    guess.unrounded = has_answer(problem) ? problem->x.written[0].data : NULL;
  }
  return guess;
}
