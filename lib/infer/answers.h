/* A model's answers to the examples of an evaluation: decoded as they are drawn, or the best of
 * several candidates. */
#ifndef LATI_ANSWERS_H
#define LATI_ANSWERS_H

#include "infer/candidates.h"

typedef struct lati_answers {
  const lat_task *task;       /* whose components the examples are of */
  lat_decode_options options; /* resolved */
  lat_session *session;       /* one candidate */
  lati_search search;         /* several */
  lat_sequences sequences;    /* the latest answers */
  lati_problem *problems;     /* what is searched; NULL where nothing is */
  double *values;             /* of their inputs and outputs */
  int32_t *tokens;            /* of the best answers, end to end */
  int64_t *offsets;
  size_t problem_capacity, value_capacity, token_capacity, offset_capacity;
} lati_answers;

/* All memory zero or as lati_answers_open() left it. tolerance: of the residual, within which no
 * more candidates are decoded. */
lat_status lati_answers_open(lati_answers *answers, lat_model *model, const lat_task *task,
                             const lat_batch *source, const lat_decode_options *options,
                             double tolerance);
void lati_answers_close(lati_answers *answers);

/* Answers the examples of a batch. Candidates are chosen by their residual against the example's
 * input as its tokens say it, without a look at the target. */
lat_status lati_answers_decode(lati_answers *answers, const lat_batch *batch);

/* The answer to example i of the latest batch; borrowed, valid until the next one. */
lati_guess lati_answers_at(const lati_answers *answers, int64_t i);

#endif
