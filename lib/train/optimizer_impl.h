/* The optimizer behind the handle. */
#ifndef LATI_OPTIMIZER_IMPL_H
#define LATI_OPTIMIZER_IMPL_H

#include "base/options.h"
#include "compute/backend.h"
#include "train/muon.h"

#include <lat/optimizer.h>

struct lat_optimizer {
  lat_context *ctx;
  lat_optimizer_options options; /* resolved; strings are static names */
  size_t count;                  /* of parameters */
  lati_update_share share;       /* of ranks; one process: 0 of 1 */
  size_t first, end;             /* parameters whose moments are kept here: all, or a rank's part */
  size_t *parts;   /* (ranks + 1): parameters at which each rank's part begins; NULL: none */
  size_t *offsets; /* (ranks + 1): of bytes, while something is gathered; NULL with parts */
  float *m;        /* first moments; for Muon's matrices, the momentum */
  float *v;        /* second moments; for Muon's matrices, scratch */
  float *whole[2]; /* moments of all parameters, while a checkpoint is written or read; NULL */
  float *average;  /* of the parameters; NULL when ema_decay is 0 */
  int averaged;    /* 1: the model holds the average, `average` the parameters of training */
  double *partials;
  lati_stretch *stretches; /* that Adam updates, of a task's size */
  int32_t stretch_count;
  lati_muon *muon; /* NULL unless the rule is muon */
  int64_t updates;
  int torn; /* 1: an update of some ranks' parts alone; a checkpoint brings all back */
  double gradient_norm;
};

extern const lati_field lati_optimizer_fields[];

/* ARGUMENT when the optimizer was made for a model of another size, STATE when it is not
 * trainable. */
lat_status lati_optimizer_check_model(const lat_optimizer *optimizer, const lat_model *model);

/* lat_optimizer_create() for ranks that share the update out; its bits do not change. NULL: one
 * process. */
lat_status lati_optimizer_create(lat_optimizer **out, lat_model *model,
                                 const lat_optimizer_options *options,
                                 const lati_update_share *share);

/* update_plan.c: the part of this rank, whole matrices of Muon's where the rule has them; and after
 * Muon is there Adam's stretches of it: everything, or what lies between Muon's matrices. */
lat_status lati_optimizer_plan_parts(lat_optimizer *optimizer, const lati_parameter_table *table,
                                     int orthogonalises);
lat_status lati_optimizer_plan_stretches(lat_optimizer *optimizer,
                                         const lati_parameter_table *table);

/* Every rank's part of a vector of all parameters' layout, to all. */
lat_status lati_optimizer_gather(const lat_optimizer *optimizer, float *vector);

/* Parameters at which the stretches begin, (ranks + 1), of gradients that each rank needs alone;
 * NULL: it needs all. Muon's matrices lie across blocks of the norm's sum. */
const size_t *lati_optimizer_owned(const lat_optimizer *optimizer);

/* STATE when the ranks did not meet in the middle of an update. */
lat_status lati_optimizer_check_whole(const lat_optimizer *optimizer);

/* Of a vector of all parameters' layout. */
double lati_optimizer_sum_of_squares(const lat_optimizer *optimizer, const float *vector);

/* moments.c: of ranks that keep a part each, all moments together; otherwise nothing. */

/* Room for all moments, zero. */
lat_status lati_moments_open(lat_optimizer *optimizer);
/* All moments, from all ranks to this one, if `keeps`. buffer (count): every rank's, zero before
 * and after. */
lat_status lati_moments_gather(lat_optimizer *optimizer, float *buffer, int keeps);
/* This rank's part of all moments. */
void lati_moments_take(lat_optimizer *optimizer, const float *all, int which);
void lati_moments_close(lat_optimizer *optimizer);

/* average.c: an exponential moving average of the parameters. All but the first do nothing where
 * the options ask for none. */

/* A copy of the parameters to begin with. */
lat_status lati_average_create(lat_optimizer *optimizer, const lat_model *model);
/* After update number optimizer->updates, counted from 0. */
void lati_average_follow(lat_optimizer *optimizer, const lat_model *model);
/* Makes the model hold its average (1) or the parameters of training (0); returns which it held. */
int lati_average_show(lat_optimizer *optimizer, lat_model *model, int averaged);

#endif
