/* Incremental decoding: the last stack, one position at a time: linear layers over all rows at
 * once, one query a row against cached keys and values. Cross-attention's keys and values are
 * computed once a batch. Every row stands at the same position; a row is whatever hypothesis the
 * caller says. Of an encoder alone all positions are computed at the start, and a step looks one
 * up. */
#ifndef LATI_DECODE_STEP_H
#define LATI_DECODE_STEP_H

#include "transformer/transformer.h"

typedef struct lati_decode_row {
  int64_t source;   /* sequence of the batch that the row answers */
  int64_t history;  /* whose keys and values it sees: a number below the rows asked for */
  int32_t token;    /* its last token; LAT_TOKEN_EOS at position 0 */
  int32_t row, col; /* place of the token to predict, as lati_cursor_place() tells */
} lati_decode_row;

typedef struct lati_decoder lati_decoder;

/* max_length: positions that a sequence may take, the first EOS included. */
lat_status lati_decoder_create(lati_decoder **out, const lat_model *model, int32_t max_length);
void lati_decoder_free(lati_decoder *decoder);

/* Encodes the batch's inputs and returns to position 0, with room for `rows` rows a step. */
lat_status lati_decoder_start(lati_decoder *decoder, const lat_batch *batch, int64_t rows);
/* Takes `count` rows through the decoder at the current position, and moves on to the next. */
lat_status lati_decoder_step(lati_decoder *decoder, const lati_decode_row *rows, int64_t count);
/* Logits (count of the last step, end - first) of a range of symbols that linear_slice() takes;
 * valid until the next call, and the caller's to change. */
float *lati_decoder_logits(lati_decoder *decoder, lati_symbol_range symbols);
/* Of a factored head the scores of the last step (count, scores), on the device; valid until the
 * next call. */
const float *lati_decoder_scores(lati_decoder *decoder);
/* From the next step on, history i is what history parents[i] was. */
void lati_decoder_fork(lati_decoder *decoder, const int64_t *parents, int64_t count);

#endif
