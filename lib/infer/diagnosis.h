/* What became of the answers that failed: which of their parts are right, and whether a condition
 * number tells them from the others. After F. Charton, "What is my math transformer doing?" (2022).
 */
#ifndef LATI_DIAGNOSIS_H
#define LATI_DIAGNOSIS_H

#include "infer/prediction.h"

/* What is found of one answer. NaN where the task has no such thing. */
typedef struct lati_findings {
  double values;        /* |P - T| / |T| of the values above the vectors, L1 */
  double norms;         /* largest | |v| - 1 | */
  double orthogonality; /* largest |v_i . v_j| / (|v_i| |v_j|) */
  double condition;     /* of the predicted vectors; or sum |A| |A^-1| / n of an inverse's input */
} lati_findings;

typedef struct lati_outcome {
  double condition;
  int32_t failed;
} lati_outcome;

/* All zero before the first example. */
typedef struct lati_diagnosis {
  int64_t count, failed; /* answers that are matrices of the right shape */
  double values[LAT_TOLERANCES], norms[LAT_TOLERANCES], orthogonality[LAT_TOLERANCES];
  int32_t criterion; /* LAT_CRITERION_... */
  lati_outcome *outcomes;
  size_t outcome_count, capacity;
} lati_diagnosis;

lat_status lati_find(lati_findings *out, const lat_task *task, const lati_example *example);

/* tolerances: LAT_TOLERANCES of them; an answer failed that is not within the first. */
lat_status lati_diagnosis_add(lati_diagnosis *diagnosis, const lat_context *ctx,
                              const lat_task *task, const lati_findings *findings, double residual,
                              const double *tolerances);
/* Sorts the outcomes, once all are there. */
void lati_diagnosis_finish(lati_diagnosis *diagnosis);
void lati_diagnosis_tell(lat_diagnosis *out, const lati_diagnosis *diagnosis);
void lati_diagnosis_clear(lati_diagnosis *diagnosis);

#endif
