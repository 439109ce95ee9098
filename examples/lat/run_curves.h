/* The numbers of a run's log.jsonl. */
#ifndef RUN_CURVES_H
#define RUN_CURVES_H

#include <stddef.h>

enum { CURVE_EXAMPLES, CURVE_LOSS, CURVE_ACCURACY, CURVE_EXACT, CURVE_COLUMNS };

typedef struct run_curves {
  double (*points)[CURVE_COLUMNS]; /* NaN where the log has no number */
  size_t count, capacity;
  size_t validations; /* points with an accuracy */
} run_curves;

/* Reads DIR/log.jsonl. Prints what is wrong, with the line; returns an exit code. */
int run_curves_read(run_curves *curves, const char *directory);
void run_curves_free(run_curves *curves);

#endif
