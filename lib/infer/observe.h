/* What an evaluation tells of single examples: to its diagnosis, and to the host. */
#ifndef LATI_OBSERVE_H
#define LATI_OBSERVE_H

#include "infer/diagnosis.h"

/* An example that was scored. */
typedef struct lati_observed {
  uint64_t index;
  const lat_task *task; /* its own, not a mixture */
  const lati_asked *asked;
  const lati_guess *guess;
  const lati_prediction *prediction;
} lati_observed;

/* Adds the example to the diagnosis where it is asked for, and shows it to options->observe. */
lat_status lati_observe(lati_diagnosis *diagnosis, const lati_scorer *scorer,
                        const lat_evaluate_options *options, const double *tolerances,
                        const lati_observed *observed);

#endif
