/* Weights that change over a run: a piecewise linear function of an example's index. */
#ifndef LATI_WEIGHT_SCHEDULE_H
#define LATI_WEIGHT_SCHEDULE_H

#include "base/alloc.h"
#include "base/random.h"

/* What the names of a schedule stand for. find: number of a name in 0..LATI_WEIGHT_SLOTS - 1, or
 * -1; `known` says in messages which names there are. */
typedef struct lati_weight_names {
  const char *option, *known;
  int32_t (*find)(const char *name, size_t length, const void *user);
  const void *user;
} lati_weight_names;

enum { LATI_WEIGHT_SLOTS = 101 }; /* sizes 0..100; fewer tasks and spectra */

typedef struct lati_weight_schedule lati_weight_schedule;

/* Reads "name[:w],name[:w]...[@examples];...": at each of these numbers of examples (0 where left
 * out of the first) the shares of the names, in proportion to their weights (1 where left out);
 * linear in between, constant before the first and after the last. *out is NULL for text NULL.
 * ARGUMENT names the option and the place. */
lat_status lati_weight_schedule_parse(lati_weight_schedule **out, const lat_context *ctx,
                                      const char *text, const lati_weight_names *names);
void lati_weight_schedule_free(lati_weight_schedule *schedule);

/* The number of a name, drawn with the shares at example `index`. */
int32_t lati_weight_schedule_draw(const lati_weight_schedule *schedule, uint64_t index,
                                  lat_random *random);

#endif
