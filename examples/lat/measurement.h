/* Rates by the clock: the median over repeated measurements. */
#ifndef MEASUREMENT_H
#define MEASUREMENT_H

#include "settings.h"

/* Most measurements of one figure. */
enum { MAX_REPEATS = 99 };

/* Does one piece of work. */
typedef lat_status work_function(void *argument);

/* Pieces of work a second: after one piece that is not counted, `repeats` times as many as fill
 * `seconds`; the median. */
lat_status measure_rate(double *rate, const cli_settings *settings, work_function *work,
                        void *argument);

#endif
