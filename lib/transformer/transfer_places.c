/* Where the entries of a larger size stood in the sequences of a smaller one. Matrices are written
 * row by row, so that entry (i, j) moves when rows become longer, and what a model has learned
 * about its place has to move along. */
#include "transformer/transfer_places.h"

#include "task/registry.h"
#include "transformer/config.h"

/* The matrices of one side's sequences. */
typedef struct sequence {
  int32_t count;
  lati_shape written[1 + LATI_MAX_OPERANDS]; /* a scratchpad is one more */
  int32_t triangle, number_tokens;
} sequence;

enum { LETTER_TOKENS = 1, HEADER_TOKENS = 2 };

/* Entries in front of (row, col), from 0. */
static int32_t entry_index(const sequence *in, lati_shape shape, int32_t row, int32_t col) {
  return row * shape.cols + col - (in->triangle ? row * (row + 1) / 2 : 0);
}

static int32_t matrix_tokens(const sequence *in, lati_shape shape) {
  const int32_t entries = entry_index(in, shape, shape.rows - 1, shape.cols - 1) + 1;
  return HEADER_TOKENS + entries * in->number_tokens;
}

/* The tokens of one matrix: written from places[0] on in `to`, and from place `was` on in `from`.
 */
static void match_matrix(int32_t *places, const sequence *to, lati_shape shape,
                         const sequence *from, lati_shape had, int32_t was) {
  for (int32_t t = 0; t < HEADER_TOKENS; ++t) {
    *places++ = was++;
  }
  for (int32_t i = 0; i < shape.rows; ++i) {
    for (int32_t j = to->triangle ? i : 0; j < shape.cols; ++j) {
      const int known = i < had.rows && j < had.cols;
      const int32_t entry = was + entry_index(from, had, i, j) * from->number_tokens;
      for (int32_t t = 0; t < to->number_tokens; ++t) {
        *places++ = known ? entry + t : -1;
      }
    }
  }
}

static int has_layout(const lat_task *task) {
  return task->kind != &lati_task_mixture && task->kind != &lati_task_custom &&
         task->options.max_size == 0;
}

static lat_status read_sequence(sequence *out, const lat_model *model, int32_t side) {
  lati_form forms[2];
  const lat_status status = lati_task_max_forms(&forms[LAT_INPUT], &forms[LAT_OUTPUT], model->task);
  if (status == LAT_OK) {
    const lati_shape steps = lati_task_steps_shape(model->task, &forms[LAT_INPUT]);
    const int32_t first = side == LAT_OUTPUT && steps.rows > 0;
    out->written[0] = steps;
    out->count = first + lati_form_written(out->written + first, &forms[side]);
    out->triangle = model->tokenizer->side[side].triangle;
    out->number_tokens = (int32_t)lat_tokenizer_max_tokens(model->tokenizer, side, 1, 1) -
                         LETTER_TOKENS - HEADER_TOKENS;
  }
  return status;
}

lat_status lati_transfer_places(int32_t *places, int32_t count, const lat_model *model,
                                const lat_model *from, int32_t side) {
  lat_status status = LAT_OK;
  sequence to, had;
  int32_t needed = 0;
  for (int32_t p = 0; p < count; ++p) {
    places[p] = p;
  }
  if (!has_layout(model->task) || !has_layout(from->task)) {
    return LAT_OK;
  }
  LATI_TRY(lati_config_positions(&needed, model->task, model->tokenizer));
  LATI_TRY(read_sequence(&to, model, side));
  LATI_TRY(read_sequence(&had, from, side));
  if (to.count != had.count || needed > count) {
    return LAT_OK;
  }
  /* EOS stands in front of a problem; in front of an answer it is where the first token is
   * predicted. */
  int32_t at = side == LAT_INPUT, was = at;
  for (int32_t m = 0; m < to.count; ++m) {
    match_matrix(places + at, &to, to.written[m], &had, had.written[m], was);
    at += matrix_tokens(&to, to.written[m]);
    was += matrix_tokens(&had, had.written[m]);
  }
  places[at] = was;
done:
  return status;
}
