/* Means of answers to one problem. Each candidate is decoded from another form of the input, and
 * errs in its own way: of a mean of m answers the errors are smaller, at best by sqrt(m). */
#ifndef LATI_MEAN_ANSWER_H
#define LATI_MEAN_ANSWER_H

#include "task/task_impl.h"

/* mean = (weight * best + answer) / (weight + 1), in memory of the same form. Vectors of `answer`
 * are given the signs of those of `best` first. */
void lati_mean_answer(double *mean, const lat_task *task, const lati_matrices *best, int32_t weight,
                      const lati_matrices *answer);

#endif
