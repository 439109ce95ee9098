/* The learning rate as a function of the number of updates done. */
#ifndef LATI_SCHEDULE_H
#define LATI_SCHEDULE_H

#include <lat/optimizer.h>

/* The schedule's own static name; NOT_FOUND with the names there are; ARGUMENT when the options do
 * not give it what it needs. */
lat_status lati_schedule_find(const char **name, const lat_optimizer_options *options);

/* The rate that update `updates` (0 for the first) uses; options->schedule was found. */
double lati_schedule_rate(const lat_optimizer_options *options, int64_t updates);

#endif
