/* What the examples share: leaving a function on an error, printing, random numbers. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <lat/lat.h>

/* [TRY] */
/* Goes to the function's label `done` with its variable `status` set when the call fails. */
#define TRY(call)                                                                                  \
  do {                                                                                             \
    if ((status = (call)) != LAT_OK) {                                                             \
      goto done;                                                                                   \
    }                                                                                              \
  } while (0)
/* [TRY] */

/* Creates the named task on size x size matrices. */
lat_status create_task(lat_task **task, lat_context *ctx, const char *name, int32_t size);

/* Trains a small model of the task and writes it to `path`. */
lat_status train_small(const char *path, lat_context *ctx, lat_task *task, int64_t examples);

/* Prints a title and the matrix, a row a line. */
void show_matrix(const char *title, const lat_matrix *matrix);

/* Prints how good the solver finds its own answer. */
void show_report(const lat_report *report);

/* Prints a line of progress; fits lat_trainer_options.progress. */
int32_t show_progress(const lat_progress *progress, void *user);

/* Random numbers of rand(): uniform in 0..1, and standard normal. */
double random_uniform(void);
double random_normal(void);

/* Moves x along its gradient d, downwards at a positive rate, by Adam (Kingma and Ba, 2015) with
 * factors of 0.9 and 0.99. moments: 2 * count numbers, zero before the first of the updates, which
 * count from 1. */
void update_by_adam(double *x, const double *d, double *moments, int count, int update,
                    double rate);

/* Prints the error, if there is one, and returns the exit status for main(). */
int show_outcome(lat_status status);

#endif
