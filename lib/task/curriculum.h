/* What a sampler draws more and less of as its examples go on: sizes, tasks of a mixture, spectra.
 */
#ifndef LATI_CURRICULUM_H
#define LATI_CURRICULUM_H

#include "task/registry.h"
#include "task/weight_schedule.h"

typedef struct lati_curriculum {
  lati_weight_schedule *sizes, *tasks, *spectra; /* NULL: as the task says */
} lati_curriculum;

/* Reads the sampler's options. ARGUMENT where the task has not got what they name. On failure there
 * is nothing to clear. */
lat_status lati_curriculum_create(lati_curriculum *out, const lat_task *task,
                                  const lat_sampler_options *options);
void lati_curriculum_clear(lati_curriculum *curriculum);

#endif
