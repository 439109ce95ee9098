/* The rows of the last stack's output that the head reads, one for each token of the answers and
 * one for each closing EOS: all of a decoder's, those of the query positions of an encoder alone
 * (the same for all tokens of a number where it has one position, moved by the vector of the
 * token's head), those of the answer where problem and answer are one sequence. */
#ifndef LATI_ANSWER_ROWS_H
#define LATI_ANSWER_ROWS_H

#include "transformer/workspace.h"

/* Whether token t of an answer with these places belongs to the same number as token t - 1, and so
 * to the same query position where numbers have one each. */
static inline int lati_query_shared(const uint8_t *rows, const uint8_t *cols, int64_t t) {
  return t > 0 && rows[t] > 0 && rows[t] == rows[t - 1] && cols[t] == cols[t - 1];
}

/* Whether the pass goes on to answers: not where it ends with an encoder, or with problems whose
 * answers are decoded one token after the other. */
int lati_answers_follow(const lati_workspace *work);
/* Counts and memory for the batch; the last stack's own are known. */
void lati_answer_rows_plan(lati_workspace *work, lati_arena *from, const lat_batch *batch);
/* After the last stack's forward: its rows, in the order of the answers' tokens. */
void lati_answer_rows_gather(lati_workspace *work, const lat_batch *batch);
/* After the head's backward: their gradient, as that of the last stack's whole output. */
void lati_answer_rows_scatter(lati_workspace *work);

#endif
