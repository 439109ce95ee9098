/* What a solver refuses before it decodes. */
#ifndef LATI_SOLVER_CHECK_H
#define LATI_SOLVER_CHECK_H

#include "task/task_impl.h"

/* Pairs may differ by this much of the largest coefficient before a matrix counts as asymmetric:
 * what single precision leaves of a symmetric product, and far below the three digits that are
 * tokenized. */
#define LATI_SYMMETRY_TOLERANCE 1e-6

/* SHAPE for a matrix of a size or symmetry that the task's examples do not have, NUMERIC for a
 * non-finite coefficient, and as lati_matrix_check(). Fills the shape of the answer. */
lat_status lati_solver_check(int32_t *rows, int32_t *cols, const lat_task *task,
                             const lat_matrix *input);

#endif
