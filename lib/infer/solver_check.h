/* What a solver refuses before it decodes. */
#ifndef LATI_SOLVER_CHECK_H
#define LATI_SOLVER_CHECK_H

#include "task/task_impl.h"

/* Pairs may differ by this much of the largest coefficient before a matrix counts as asymmetric:
 * what single precision leaves of a symmetric product, and far below the three digits that are
 * tokenized. */
#define LATI_SYMMETRY_TOLERANCE 1e-6

/* SHAPE for operands of a size or symmetry that the task's examples do not have, NUMERIC for a
 * non-finite coefficient, and as lati_matrix_check(). `input` has as many matrices as the task has
 * operands. Fills the forms of the operands and of the answer. */
lat_status lati_solver_check(lati_form *operands, lati_form *results, const lat_task *task,
                             const lat_matrix *input);

#endif
