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
  lati_problem problems[LATI_SEARCH_BATCH];
  double *values; /* of inputs and outputs */
  size_t value_capacity;
  int32_t *tokens; /* of the best answers, end to end */
  int64_t *offsets;
  int32_t *candidates; /* decoded for each example; 1 each where NULL */
  size_t token_capacity, offset_capacity, candidate_capacity;
} lati_answers;

/* All memory zero or as lati_answers_open() left it. tolerance: of the residual, within which no
 * more candidates are decoded. */
lat_status lati_answers_open(lati_answers *answers, lat_model *model, const lat_task *task,
                             const lat_decode_options *options, double tolerance);
void lati_answers_close(lati_answers *answers);

/* Sequences in the order of the batch; borrowed, valid until the next call. Candidates are chosen
 * by their residual against the example's input as its tokens say it, without a look at the target.
 */
lat_status lati_answers_decode(lat_sequences *out, lati_answers *answers, const lat_batch *batch);

#endif
