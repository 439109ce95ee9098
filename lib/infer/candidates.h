/* The search for an answer: a model decodes several candidates for each matrix, of which the best,
 * or a mean, stays. Round 0 decodes the first candidate of all matrices in one batch, each later
 * round another one, or of few matrices several, of those that have no right answer yet. */
#ifndef LATI_CANDIDATES_H
#define LATI_CANDIDATES_H

#include "infer/frame.h"
#include "infer/prediction.h"
#include "infer/session_impl.h"

/* LATI_SEARCH_AHEAD: rows of a batch up to which few problems are asked several candidates at once.
 */
enum { LATI_SEARCH_BATCH = 128, LATI_SEARCH_AHEAD = 16 };

/* One problem, and what is found for it. */
typedef struct lati_problem {
  const lat_task *task;  /* not a mixture */
  int32_t letter;        /* in front of both sequences; 0: none */
  lati_matrices a;       /* the operands */
  const double *factors; /* lati_batch_factors() where the canonical form of `a` is known: the rows
                            and columns of `a` scaled by these; else NULL */
  lati_matrices x;       /* out, in the caller's memory: the best answer, zeros when undecodable */
  lat_report report;     /* out: the whole structure */
} lati_problem;

typedef struct lati_search {
  lat_model *model;
  lat_session *session;
  lat_batch *batch;
  size_t capacity;  /* doubles in each of the next four */
  double *values;   /* operands as the model sees them */
  double *caller;   /* the answer in the caller's units */
  double *mean;     /* likewise, of several answers */
  double *moved;    /* the operands, or the answer, in the model's frame */
  double *work;     /* of refinement, and certificates */
  int32_t as_given; /* 1: the first candidate sees the input as it is */
  size_t transform_size;
  char *transforms; /* one for each place of the batch; NULL where nothing is moved */
  size_t scales_size;
  double *scales; /* likewise; NULL where nothing is equilibrated */
  lati_frame frames[LATI_SEARCH_BATCH];
  int64_t places[LATI_SEARCH_BATCH]; /* which problem each place of the batch belongs to */
} lati_search;

/* task: the model's own, or another form of it (other sizes), which the problems are of; or these
 * are the examples of `source` (NULL: there is none). All memory zero or as lati_search_open() left
 * it. */
lat_status lati_search_open(lati_search *search, lat_model *model, const lat_task *task,
                            const lat_batch *source, const lat_decode_options *options);
void lati_search_close(lati_search *search);

/* Answers 1..LATI_SEARCH_BATCH problems, refined where the options ask for it. */
lat_status lati_search_run(lati_search *search, lati_problem *problems, int64_t count);

#endif
