/* What a solver does beyond decoding: refine, certify, and fall back on LAPACK. */
#ifndef LATI_IMPROVE_H
#define LATI_IMPROVE_H

#include "task/task_impl.h"

#include <lat/solver.h>

/* Doubles of work that a verdict on an answer of any of the task's components takes, and improving
 * it where the options ask for that: of the task's own sizes, and of those of a source's examples
 * (NULL: there is none), which has been checked. */
lat_status lati_improve_work(size_t *count, const lat_task *task, const lat_decode_options *options,
                             const lat_batch *source);

/* Refines the decoded `answer` (packed, in the caller's units) to `input`, certifies it, and brings
 * the report, which holds its verdict, up to date; where the options ask for it. */
lat_status lati_refine_decoded(lat_report *report, lat_matrix *answer, const lat_task *task,
                               const lat_matrix *input, const lat_decode_options *options,
                               double *work);

/* True when the answer needs nothing more: certified, or within tolerance where no certificate was
 * asked for or can be had. */
int lati_is_right(const lat_report *report, const lat_task *task,
                  const lat_decode_options *options);

/* LAPACK's answer, where the options ask for it and `answer` is not right. */
lat_status lati_fall_back(lat_report *report, lat_matrix *answer, const lat_task *task,
                          const lat_matrix *input, const lat_decode_options *options, double *work);

#endif
