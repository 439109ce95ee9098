/* The table of an evaluation while it is filled. */
#ifndef LATI_EVALUATION_H
#define LATI_EVALUATION_H

#include "infer/diagnosis.h"
#include "infer/prediction.h"

#include <lat/solver.h>

/* What a row of the table is about, in the order of the table. */
typedef enum lati_group {
  LATI_GROUP_ALL,
  LATI_GROUP_TASK,
  LATI_GROUP_SIZE,
  LATI_GROUP_SPECTRUM,
  LATI_GROUP_STRUCTURE,
  LATI_GROUPS
} lati_group;

typedef struct lati_evaluation_row {
  lat_accuracy accuracy; /* counts until it is finished, then percentages */
  lati_group group;
  int32_t order; /* within the group */
} lati_evaluation_row;

struct lat_evaluation {
  lat_context *ctx;
  lati_evaluation_row *rows;
  size_t count, capacity;
  double tolerances[LAT_TOLERANCES]; /* 0: none in this place */
  lati_diagnosis diagnosis;
  int32_t diagnosed;
};

/* Sets the tolerances: the caller's, or the paper's where these are all 0. */
void lati_evaluation_set_tolerances(lat_evaluation *evaluation, const double *tolerances);
/* The smallest of them. */
double lati_evaluation_strictest(const lat_evaluation *evaluation);

/* An evaluation whose batches are shared out over several ranks. */
typedef struct lati_evaluation_share {
  int32_t rank, ranks;
  /* Adds what the other ranks counted; called by each, also when its part failed with `status`
   * (then the evaluation may be NULL). What it returns is the evaluation's status. */
  lat_status (*gather)(lat_evaluation *evaluation, lat_status status, void *user);
  void *user;
} lati_evaluation_share;

/* lat_evaluate() on examples drawn by the last point of the weights in `weights`, of which nothing
 * but these counts; NULL: as the task says. share: this rank's part of it; NULL: all. */
lat_status lati_evaluate(lat_evaluation **out, lat_model *model,
                         const lat_evaluate_options *options, const lat_sampler_options *weights,
                         const lati_evaluation_share *share);

/* Adds the counts of rows that are not finished; the first with a count of 0 ends them. */
lat_status lati_evaluation_merge(lat_evaluation *evaluation, const lati_evaluation_row *rows,
                                 size_t count);

/* Adds one example to the row of that group and label, which appears when first seen. ceiling: NULL
 * when not asked for. */
lat_status lati_evaluation_add(lat_evaluation *evaluation, lati_group group, int32_t order,
                               const char *label, const lati_prediction *prediction,
                               const lati_prediction *ceiling);
/* Puts the rows in order, drops groups of one row (nothing is mixed), turns counts into percentages
 * and sums into means. refined: 0: nothing is known of certificates. */
void lati_evaluation_finish(lat_evaluation *evaluation, int refined);

#endif
