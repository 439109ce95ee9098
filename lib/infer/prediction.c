#include "infer/prediction.h"

#include "infer/improve.h"
#include "infer/verdict.h"
#include "task/batch_impl.h"
#include "task/equilibrate.h"
#include "task/registry.h"

#include <math.h>
#include <string.h>

lat_status lati_scorer_init(lati_scorer *scorer, const lat_context *ctx,
                            const lat_tokenizer *tokenizer, const lat_task *task,
                            const lat_score_options *options) {
  lat_status status = LAT_OK;
  const size_t inputs = (size_t)lati_task_most_written(task, LAT_INPUT);
  const size_t outputs = (size_t)lati_task_most_written(task, LAT_OUTPUT);
  *scorer = (lati_scorer){.tokenizer = tokenizer, .options = *options};
  scorer->answer_capacity =
      outputs *
      lat_tokenizer_max_tokens(tokenizer, LAT_OUTPUT, LAT_MAX_DIMENSION, LAT_MAX_DIMENSION);
  LATI_TRY(LATI_NEW(scorer->source, ctx, inputs * LATI_LARGEST_MATRIX));
  LATI_TRY(LATI_NEW(scorer->target, ctx, outputs * LATI_LARGEST_MATRIX));
  LATI_TRY(LATI_NEW(scorer->predicted, ctx, outputs * LATI_LARGEST_MATRIX));
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

static int is_dimension(int32_t token) {
  return token >= LAT_TOKEN_DIMENSION && token < LAT_TOKEN_NUMBER;
}

/* The letter in front of a sequence, or 0. */
static int32_t first_letter(lati_tokens sequence) {
  return sequence.count > 0 ? lati_token_letter(sequence.tokens[0]) : 0;
}

/* Tokens of a scratchpad, and of the letter, in front of an answer of `count` matrices: those
 * before the second matrix where there is one more than the answer has; else 0. */
static size_t scratchpad_tokens(lati_tokens sequence, int32_t count) {
  int32_t dimensions = 0;
  size_t second = 0;
  for (size_t i = 0; i < sequence.count; ++i) {
    dimensions += is_dimension(sequence.tokens[i]);
    second = second == 0 && dimensions == 3 ? i : second;
  }
  return dimensions == 2 * (count + 1) ? second : 0;
}

lat_status lati_read_matrices(lat_matrix *written, int32_t *letter, size_t *used, double *values,
                              size_t capacity, int32_t count, const lat_tokenizer *tokenizer,
                              int32_t side, int loose, int has_steps, lati_tokens sequence) {
  lat_status status = LAT_OK;
  *used = has_steps ? scratchpad_tokens(sequence, count) : 0;
  *letter = first_letter(sequence);
  for (int32_t i = 0; i < count && status == LAT_OK; ++i) {
    int32_t own = 0;
    size_t taken = 0;
    const int front = *used == 0;
    written[i] = lati_matrix_view(values, 0, 0);
    status = lati_tokenizer_decode(&written[i], capacity, &own, &taken, tokenizer, side, loose,
                                   sequence.tokens + *used, sequence.count - *used);
    if (status == LAT_OK && !front && own != 0) {
      status = lati_fail(LAT_ERROR_FORMAT, "position %zu: a letter between matrices", *used);
    }
    const size_t size = status == LAT_OK ? lati_matrix_count(&written[i]) : 0;
    values += size;
    capacity -= size;
    *used += taken;
  }
  return status;
}

/* A sequence as matrices, and what it says beside. */
typedef struct reading {
  lat_matrix written[LATI_MAX_OPERANDS];
  int32_t count, letter;
  size_t used;
} reading;

static lat_status read_tokens(reading *out, double *data, const lati_scorer *scorer,
                              const lat_task *task, int32_t side, int loose, lati_tokens sequence) {
  *out = (reading){.count = lati_task_written(task, side)};
  return lati_read_matrices(out->written, &out->letter, &out->used, data,
                            (size_t)out->count * LATI_LARGEST_MATRIX, out->count, scorer->tokenizer,
                            side, loose, side == LAT_OUTPUT && lati_task_has_steps(task), sequence);
}

static int same_kind(const reading *a, const reading *b) {
  int same = a->letter == b->letter;
  for (int32_t i = 0; i < a->count; ++i) {
    same = same && a->written[i].rows == b->written[i].rows &&
           a->written[i].cols == b->written[i].cols;
  }
  return same;
}

/* Numbers as they were before they became tokens, in matrices that lie end to end. */
static void unround(const reading *out, const double *values) {
  memcpy(out->written[0].data, values,
         lati_matrices_values(out->written, out->count) * sizeof *values);
}

/* A prediction that is no matrix is one, perhaps, to a reader who asks less. Returns whether it is
 * to be scored. */
static int read_prediction(reading *out, int32_t *well_formed, const lati_scorer *scorer,
                           const lat_task *task, const reading *right, const lati_guess *guess) {
  int loose = 0;
  const lati_tokens predicted = guess->tokens;
  *well_formed = 0;
  if (guess->unrounded != NULL) {
    *well_formed = predicted.count > 0; /* none where a number has no token */
    *out = (reading){.count = right->count, .letter = right->letter};
    lati_matrices_like(out->written, right->written, right->count, scorer->predicted);
    unround(out, guess->unrounded);
    return 1;
  }
  lat_status status =
      read_tokens(out, scorer->predicted, scorer, task, LAT_OUTPUT, loose, predicted);
  if (status != LAT_OK && scorer->accept_loose) {
    loose = 1;
    status = read_tokens(out, scorer->predicted, scorer, task, LAT_OUTPUT, loose, predicted);
  }
  if (status != LAT_OK || !same_kind(out, right)) {
    return 0;
  }
  const int complete = out->used == predicted.count;
  *well_formed = complete && !loose;
  return complete || scorer->accept_trailing;
}

/* The input before it was equilibrated, A = R^-1 C S^-1, and the answers to it, X = S X_C R;
 * `guess` may be NULL. */
static void undo_scaling(const reading *source, const reading *right, const reading *guess,
                         const double *factors) {
  const reading *answers[] = {right, guess};
  if (factors == NULL) {
    return;
  }
  const double *row = factors, *col = factors + source->written[0].rows;
  lati_unscale_lines(&source->written[0], row, col);
  for (int32_t i = 0; i < 2; ++i) {
    if (answers[i] != NULL) {
      lati_scale_lines(&answers[i]->written[0], col, row);
    }
  }
}

static int same_tokens(lati_tokens a, lati_tokens b) {
  return a.count == b.count && memcmp(a.tokens, b.tokens, a.count * sizeof *a.tokens) == 0;
}

/* Without scratchpad and letter. */
static lati_tokens answer_tokens(lati_tokens sequence, int32_t count) {
  const size_t scratchpad = scratchpad_tokens(sequence, count);
  const size_t front = scratchpad > 0 ? scratchpad : first_letter(sequence) != 0;
  return (lati_tokens){sequence.tokens + front, sequence.count - front};
}

/* Scratchpads may differ. */
static int same_answer(const lat_task *task, lati_tokens a, lati_tokens b) {
  if (!lati_task_has_steps(task)) {
    return same_tokens(a, b);
  }
  const int32_t count = lati_task_written(task, LAT_OUTPUT);
  return first_letter(a) == first_letter(b) &&
         same_tokens(answer_tokens(a, count), answer_tokens(b, count));
}

/* A residual that cannot be told in doubles is none within tolerance. */
static lat_status score_matrix(lati_prediction *out, const lati_scorer *scorer,
                               const lat_task *task, const lat_matrix *source,
                               const lat_matrix *target, const lat_matrix *predicted) {
  lat_score score = {.struct_size = sizeof score};
  lat_status status = lati_task_score(&score, task, source, target, predicted, &scorer->options);
  if (status == LAT_OK) {
    out->residual = score.residual;
    out->within_1pct = score.within_1pct;
  }
  return status == LAT_ERROR_NUMERIC ? LAT_OK : status;
}

lat_status lati_score_prediction(lati_prediction *out, const lati_scorer *scorer,
                                 const lat_task *task, const lati_asked *asked,
                                 const lati_guess *guess) {
  lati_example example;
  *out = (lati_prediction){.residual = INFINITY, .candidates = guess->candidates};
  out->exact = same_answer(task, guess->tokens, asked->target);
  if (out->exact && guess->unrounded == NULL) {
    out->well_formed = 1;
    out->residual = 0;
    out->within_1pct = 1;
    return LAT_OK;
  }
  lat_status status = LAT_OK;
  LATI_TRY(lati_read_example(&example, scorer, task, asked, guess));
  out->well_formed = example.well_formed;
  if (example.has_prediction) {
    LATI_TRY(score_matrix(out, scorer, task, example.source, example.target, example.predicted));
  }
done:
  return status;
}

static void copy_views(lat_matrix out[LATI_MAX_OPERANDS], const reading *from) {
  memcpy(out, from->written, (size_t)from->count * sizeof *out);
}

lat_status lati_read_example(lati_example *out, const lati_scorer *scorer, const lat_task *task,
                             const lati_asked *asked, const lati_guess *guess) {
  reading source, right, read;
  lat_status status = LAT_OK;
  LATI_TRY(read_tokens(&source, scorer->source, scorer, task, LAT_INPUT, 0, asked->input));
  LATI_TRY(read_tokens(&right, scorer->target, scorer, task, LAT_OUTPUT, 0, asked->target));
  out->has_prediction = read_prediction(&read, &out->well_formed, scorer, task, &right, guess);
  if (guess->unrounded != NULL) {
    unround(&right, asked->unrounded_target);
  }
  undo_scaling(&source, &right, out->has_prediction ? &read : NULL, asked->factors);
  copy_views(out->source, &source);
  copy_views(out->target, &right);
  copy_views(out->predicted, &read);
done:
  return status;
}

lat_status lati_certify_prediction(lati_prediction *out, const lati_scorer *scorer,
                                   const lat_task *task, const lati_asked *asked,
                                   const lati_guess *guess, const lat_decode_options *options,
                                   double *work) {
  lati_example example;
  lat_status status = LAT_OK;
  lat_report report = {.struct_size = sizeof report, .tolerance = options->tolerance};
  if (!out->well_formed) {
    return LAT_OK;
  }
  LATI_TRY(lati_read_example(&example, scorer, task, asked, guess));
  LATI_TRY(lati_verdict(&report, task, example.source, example.predicted, options->compare, work));
  LATI_TRY(lati_refine_decoded(&report, example.predicted, task, example.source, options, work));
  out->certified = report.verdict == LAT_VERDICT_CERTIFIED;
done:
  return status;
}

lat_status lati_score_ceiling(lati_prediction *out, const lati_scorer *scorer, const lat_task *task,
                              const lati_asked *asked) {
  reading source, right;
  *out = (lati_prediction){.residual = INFINITY};
  lat_status status = LAT_OK;
  LATI_TRY(read_tokens(&source, scorer->source, scorer, task, LAT_INPUT, 0, asked->input));
  LATI_TRY(read_tokens(&right, scorer->target, scorer, task, LAT_OUTPUT, 0, asked->target));
  lati_guess answer = {.tokens = {scorer->answer, 0}, .candidates = 1};
  lati_matrices exact = {.count = right.count};
  lati_matrices_like(exact.written, right.written, right.count, scorer->predicted);
  status = lati_task_answer(exact.written, task, source.written);
  if (status == LAT_OK) {
    lati_task_orient(&exact.written[0], task);
    status = lati_matrices_encode(scorer->answer, scorer->answer_capacity, &answer.tokens.count,
                                  scorer->tokenizer, LAT_OUTPUT, right.letter, &exact);
  }
  if (status == LAT_ERROR_NUMERIC) { /* the rounded input has no answer, or it has no token */
    return LAT_OK;
  }
  LATI_TRY(status);
  LATI_TRY(lati_score_prediction(out, scorer, task, asked, &answer));
done:
  return status;
}
