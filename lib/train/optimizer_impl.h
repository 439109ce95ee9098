/* The optimizer behind the handle. */
#ifndef LATI_OPTIMIZER_IMPL_H
#define LATI_OPTIMIZER_IMPL_H

#include "base/options.h"
#include "train/muon.h"

#include <lat/optimizer.h>

/* A stretch of the flat vector that Adam updates. */
typedef struct lati_stretch {
  size_t offset, size;
} lati_stretch;

struct lat_optimizer {
  lat_context *ctx;
  lat_optimizer_options options; /* resolved; strings are static names */
  size_t count;                  /* of parameters */
  float *m;                      /* first moments; for Muon's matrices, the momentum */
  float *v;                      /* second moments; for Muon's matrices, scratch */
  double *partials;
  lati_stretch *stretches;
  int32_t stretch_count;
  lati_muon *muon; /* NULL unless the rule is muon */
  int64_t updates;
  double gradient_norm;
};

extern const lati_field lati_optimizer_fields[];

#endif
