/* The rows of the last stack's output that the head reads, one for each token of the answers and
 * one for each closing EOS: all of a decoder's, those of the query positions of an encoder alone,
 * those of the answer where problem and answer are one sequence. */
#ifndef LATI_ANSWER_ROWS_H
#define LATI_ANSWER_ROWS_H

#include "transformer/workspace.h"

/* Whether the pass goes on to answers: not where it ends with an encoder, or with problems whose
 * answers are decoded one token after the other. */
int lati_answers_follow(const lati_workspace *work);
/* Counts and memory for the batch; the last stack's own are known. */
void lati_answer_rows_plan(lati_workspace *work, lati_arena *from, const lat_batch *batch);
/* After the last stack's forward: its rows, in the order of the answers' tokens. */
void lati_answer_rows_gather(lati_workspace *work);
/* After the head's backward: their gradient, as that of the last stack's whole output. */
void lati_answer_rows_scatter(lati_workspace *work);

#endif
