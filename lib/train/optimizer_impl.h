/* The optimizer behind the handle. */
#ifndef LATI_OPTIMIZER_IMPL_H
#define LATI_OPTIMIZER_IMPL_H

#include "base/options.h"
#include "compute/update.h"
#include "train/muon.h"

#include <lat/optimizer.h>

struct lat_optimizer {
  lat_context *ctx;
  lat_optimizer_options options; /* resolved; strings are static names */
  size_t count;                  /* of parameters */
  float *m;                      /* first moments; for Muon's matrices, the momentum */
  float *v;                      /* second moments; for Muon's matrices, scratch */
  float *average;                /* of the parameters; NULL when ema_decay is 0 */
  int averaged; /* 1: the model holds the average, `average` the parameters of training */
  double *partials;
  lati_stretch *stretches; /* that Adam updates, of a task's size */
  int32_t stretch_count;
  lati_muon *muon; /* NULL unless the rule is muon */
  int64_t updates;
  double gradient_norm;
};

extern const lati_field lati_optimizer_fields[];

/* ARGUMENT when the optimizer was made for a model of another size, STATE when it is not
 * trainable. */
lat_status lati_optimizer_check_model(const lat_optimizer *optimizer, const lat_model *model);

/* average.c: an exponential moving average of the parameters. All but the first do nothing where
 * the options ask for none. */

/* A copy of the parameters to begin with. */
lat_status lati_average_create(lat_optimizer *optimizer, const lat_model *model);
/* After update number optimizer->updates, counted from 0. */
void lati_average_follow(lat_optimizer *optimizer, const lat_model *model);
/* Makes the model hold its average (1) or the parameters of training (0); returns which it held. */
int lati_average_show(lat_optimizer *optimizer, lat_model *model, int averaged);

#endif
