/* What a solver does beyond decoding: refine, certify, and fall back on LAPACK. */
#ifndef LATI_IMPROVE_H
#define LATI_IMPROVE_H

#include "task/task_impl.h"

#include <lat/solver.h>

/* Doubles of work that improving answers of any of the task's components takes; 0 where the options
 * ask for nothing. */
lat_status lati_improve_work(size_t *count, const lat_task *task,
                             const lat_decode_options *options);

/* Improves `answer` (packed, in the caller's units) to `input` as the options ask, and brings the
 * report, which holds the decoded answer's verdict, up to date. */
lat_status lati_improve(lat_report *report, lat_matrix *answer, const lat_task *task,
                        const lat_matrix *input, const lat_decode_options *options, double *work);

#endif
