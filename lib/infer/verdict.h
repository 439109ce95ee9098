/* Whether an answer is right, by mathematics: a small residual does not make vectors orthonormal
 * (V^T S V - diag L is zero for V = 2 Q and L = 4 Lambda), so tasks with vectors are held to
 * orthonormality and order too. */
#ifndef LATI_VERDICT_H
#define LATI_VERDICT_H

#include "task/task_impl.h"

#include <lat/solver.h>

/* True when the residual of a prediction can be told: from the input, because the exact answer is
 * no harder to compute than the residual (sums and products), or by bounds (eigenvalues and
 * singular values, whose comparison with LAPACK's can be asked for instead). */
int lati_verdict_known(const lat_task *task, int compare);

/* Fills residual, orthogonality and verdict of a decoded prediction for the caller's own input,
 * against report->tolerance. Matrices are packed, in the caller's units. work: as
 * lati_improve_work() tells. */
lat_status lati_verdict(lat_report *report, const lat_task *task, const lat_matrix *input,
                        const lat_matrix *prediction, int compare, double *work);

/* How far the answer of a report is off; vectors count by their orthonormality too. */
double lati_distance(const lat_report *report);

/* True when the answer of a report is better than another to the same problem: by its verdict, then
 * by its distance, and where nobody can tell that by its likelihood. */
int lati_is_better(const lat_report *report, const lat_report *than);

#endif
