/* Linear regressions in a context: what in_context.c and linear_fit.c draw, and what theory says of
 * them. */
#ifndef REGRESSION_H
#define REGRESSION_H

/* Inputs are uniform in -HALF..HALF, regression vectors normal. */
#define HALF 0.5

/* Fills n examples and a query, rows (x, y) of d + 1 values in z, the query's y 0; returns the
 * query's answer. */
double draw_regression(double *z, int d, int n);

/* The best rate of one step from 0, and the mean squared error it leaves, which no single layer of
 * linear attention beats. */
void regression_theory(double *rate, double *error, int d, int n);

#endif
