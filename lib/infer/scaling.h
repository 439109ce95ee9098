/* Bringing a caller's matrix into the range a model was trained on, and its answer back. */
#ifndef LATI_SCALING_H
#define LATI_SCALING_H

#include "task/task_impl.h"

/* The largest of 1, 2 and 5 times a power of ten that takes `largest` to at most `range`; 1 for a
 * zero matrix and where there is no range. Such factors keep digits what they are, or nearly so,
 * and c(10 A) = c(A) / 10. */
double lati_scale_factor(double largest, double range);

/* Turns the answer to c A (row-major) into the answer to A: divides by c^degree what the task
 * scales. */
void lati_scale_back(const lat_matrix *answer, const lat_task *task, double factor);

#endif
