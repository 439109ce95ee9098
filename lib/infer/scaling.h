/* Bringing a caller's matrix into the range a model was trained on, and its answer back. */
#ifndef LATI_SCALING_H
#define LATI_SCALING_H

#include "task/task_impl.h"

/* True when answers hold the input's entries, or sums of them: what matters is their digits. */
int lati_keeps_digits(const lat_task *task);

/* The factor that takes `largest` close below `range`: the power of ten that fits, and, unless
 * digits are to be kept, the largest of a few round numbers (1.2, 1.5, 2, ...) that still fits.
 * c(10 A) = c(A) / 10. 1 for a zero matrix and where there is no range. */
double lati_scale_factor(double largest, double range, int keep_digits);

/* Turns the answer to c A (row-major) into the answer to A: divides by c^degree what the task
 * scales. */
void lati_scale_back(const lat_matrix *answer, const lat_task *task, double factor);

#endif
