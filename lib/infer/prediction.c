#include "infer/prediction.h"

#include "infer/improve.h"
#include "infer/verdict.h"
#include "task/registry.h"

#include <math.h>
#include <string.h>

enum { LARGEST_MATRIX = LAT_MAX_DIMENSION * LAT_MAX_DIMENSION };

lat_status lati_scorer_init(lati_scorer *scorer, const lat_context *ctx,
                            const lat_tokenizer *tokenizer, const lat_score_options *options) {
  lat_status status = LAT_OK;
  *scorer = (lati_scorer){.tokenizer = tokenizer, .options = *options};
  scorer->answer_capacity =
      lat_tokenizer_max_tokens(tokenizer, LAT_OUTPUT, LAT_MAX_DIMENSION, LAT_MAX_DIMENSION);
  LATI_TRY(LATI_NEW(scorer->source, ctx, LARGEST_MATRIX));
  LATI_TRY(LATI_NEW(scorer->target, ctx, LARGEST_MATRIX));
  LATI_TRY(LATI_NEW(scorer->predicted, ctx, LARGEST_MATRIX));
  LATI_TRY(LATI_NEW(scorer->answer, ctx, scorer->answer_capacity));
done:
  if (status != LAT_OK) {
    lati_scorer_clear(scorer);
  }
  return status;
}

void lati_scorer_clear(lati_scorer *scorer) {
  lati_free(scorer->source);
  lati_free(scorer->target);
  lati_free(scorer->predicted);
  lati_free(scorer->answer);
  *scorer = (lati_scorer){.source = NULL};
}

/* A sequence as a matrix, and what it says beside. */
typedef struct reading {
  lat_matrix matrix;
  int32_t letter;
  size_t used;
} reading;

static lat_status read_tokens(reading *out, double *data, const lati_scorer *scorer, int32_t side,
                              int loose, lati_tokens sequence) {
  *out = (reading){.matrix = lati_matrix_view(data, 0, 0)};
  return lati_tokenizer_decode(&out->matrix, LARGEST_MATRIX, &out->letter, &out->used,
                               scorer->tokenizer, side, loose, sequence.tokens, sequence.count);
}

static int same_kind(const reading *a, const reading *b) {
  return a->letter == b->letter && a->matrix.rows == b->matrix.rows &&
         a->matrix.cols == b->matrix.cols;
}

/* A prediction that is no matrix is one, perhaps, to a reader who asks less. Returns whether it is
 * to be scored. */
static int read_prediction(reading *out, int32_t *well_formed, const lati_scorer *scorer,
                           const reading *right, lati_tokens predicted) {
  int loose = 0;
  lat_status status = read_tokens(out, scorer->predicted, scorer, LAT_OUTPUT, loose, predicted);
  if (status != LAT_OK && scorer->accept_loose) {
    loose = 1;
    status = read_tokens(out, scorer->predicted, scorer, LAT_OUTPUT, loose, predicted);
  }
  if (status != LAT_OK || !same_kind(out, right)) {
    return 0;
  }
  const int complete = out->used == predicted.count;
  *well_formed = complete && !loose;
  return complete || scorer->accept_trailing;
}

static int same_tokens(lati_tokens a, lati_tokens b) {
  return a.count == b.count && memcmp(a.tokens, b.tokens, a.count * sizeof *a.tokens) == 0;
}

/* A residual that cannot be told in doubles is none within tolerance. */
static lat_status score_matrix(lati_prediction *out, const lati_scorer *scorer,
                               const lat_task *task, const lat_matrix *source,
                               const lat_matrix *target, const lat_matrix *predicted) {
  lat_score score = {.struct_size = sizeof score};
  lat_status status = lat_task_score(&score, task, source, target, predicted, &scorer->options);
  if (status == LAT_OK) {
    out->residual = score.residual;
    out->within_1pct = score.within_1pct;
  }
  return status == LAT_ERROR_NUMERIC ? LAT_OK : status;
}

lat_status lati_score_prediction(lati_prediction *out, const lati_scorer *scorer,
                                 const lat_task *task, lati_tokens input, lati_tokens target,
                                 lati_tokens predicted) {
  reading source, right, guess;
  *out = (lati_prediction){.residual = INFINITY};
  if (same_tokens(predicted, target)) {
    *out = (lati_prediction){.exact = 1, .well_formed = 1, .within_1pct = 1};
    return LAT_OK;
  }
  lat_status status = LAT_OK;
  LATI_TRY(read_tokens(&source, scorer->source, scorer, LAT_INPUT, 0, input));
  LATI_TRY(read_tokens(&right, scorer->target, scorer, LAT_OUTPUT, 0, target));
  if (read_prediction(&guess, &out->well_formed, scorer, &right, predicted)) {
    LATI_TRY(score_matrix(out, scorer, task, &source.matrix, &right.matrix, &guess.matrix));
  }
done:
  return status;
}

lat_status lati_read_example(lati_example *out, const lati_scorer *scorer, lati_tokens input,
                             lati_tokens target, lati_tokens predicted) {
  reading source, right, guess;
  lat_status status = LAT_OK;
  int32_t well_formed = 0;
  LATI_TRY(read_tokens(&source, scorer->source, scorer, LAT_INPUT, 0, input));
  LATI_TRY(read_tokens(&right, scorer->target, scorer, LAT_OUTPUT, 0, target));
  out->has_prediction = read_prediction(&guess, &well_formed, scorer, &right, predicted);
  out->source = source.matrix;
  out->target = right.matrix;
  out->predicted = guess.matrix;
done:
  return status;
}

lat_status lati_certify_prediction(lati_prediction *out, const lati_scorer *scorer,
                                   const lat_task *task, lati_tokens input, lati_tokens predicted,
                                   const lat_decode_options *options, double *work) {
  reading source, guess;
  lat_status status = LAT_OK;
  lat_report report = {.struct_size = sizeof report, .tolerance = options->tolerance};
  if (!out->well_formed) {
    return LAT_OK;
  }
  LATI_TRY(read_tokens(&source, scorer->source, scorer, LAT_INPUT, 0, input));
  LATI_TRY(read_tokens(&guess, scorer->predicted, scorer, LAT_OUTPUT, 0, predicted));
  LATI_TRY(lati_verdict(&report, task, &source.matrix, &guess.matrix, options->compare, work));
  LATI_TRY(lati_refine_decoded(&report, &guess.matrix, task, &source.matrix, options, work));
  out->certified = report.verdict == LAT_VERDICT_CERTIFIED;
done:
  return status;
}

lat_status lati_score_ceiling(lati_prediction *out, const lati_scorer *scorer, const lat_task *task,
                              lati_tokens input, lati_tokens target) {
  reading source, right;
  *out = (lati_prediction){.residual = INFINITY};
  lat_status status = LAT_OK;
  LATI_TRY(read_tokens(&source, scorer->source, scorer, LAT_INPUT, 0, input));
  LATI_TRY(read_tokens(&right, scorer->target, scorer, LAT_OUTPUT, 0, target));
  lati_tokens answer = {scorer->answer, 0};
  lat_matrix exact = lati_matrix_view(scorer->predicted, right.matrix.rows, right.matrix.cols);
  status = lat_task_answer(&exact, task, &source.matrix);
  if (status == LAT_OK) {
    lati_task_orient(&exact, task);
    status = lat_tokenizer_encode(scorer->answer, scorer->answer_capacity, &answer.count,
                                  scorer->tokenizer, LAT_OUTPUT, right.letter, &exact);
  }
  if (status == LAT_ERROR_NUMERIC) { /* the rounded input has no answer, or it has no token */
    return LAT_OK;
  }
  LATI_TRY(status);
  LATI_TRY(lati_score_prediction(out, scorer, task, input, target, answer));
done:
  return status;
}
