/* Relative residuals, in the norm of a trial. */
#ifndef LATI_RELATIVE_RESIDUAL_H
#define LATI_RELATIVE_RESIDUAL_H

#include "task/registry.h"

/* |values| in one of the LAT_NORM_... norms. */
double lati_norm(const double *values, size_t count, int32_t norm);

/* |P - T| / |T|. */
double lati_residual_difference(const lati_trial *trial, const double *target);

/* |U^T A V - diag s| / |s|, where U (m x k), V (n x k) and s (k) are row-major. s = 0 is right for
 * A = 0 alone: U = V = 0 would satisfy it for any A, and does where trial->accept_zero. */
double lati_residual_diagonal(const lati_trial *trial, const double *s, const double *u,
                              const double *v, int32_t k);

/* Doubles of work memory that a residual needs: `input` is what is written for the operands,
 * `values` the number of the answer's coefficients. */
size_t lati_residual_work(const lati_form *input, size_t values);

/* Coefficient (i, j) of what an answer to `input` makes zero, such as A P - B. */
typedef double (*lati_defect)(const lat_matrix *input, const lat_matrix *p, int32_t i, int32_t j);

/* The accept() of a kind: NUMERIC where a coefficient of the defect is farther from 0 than rounding
 * takes it, relative to `size`. `equation` is for the message. */
lat_status lati_accept_defect(const lat_matrix *output, const lat_matrix *input, lati_defect defect,
                              double size, const char *equation);

/* |defect| / |right|, where the right-hand side of the equation has as many coefficients as the
 * prediction. */
double lati_residual_defect(const lati_trial *trial, lati_defect defect, const double *right);

/* A task whose residual is |P - T| / |T|. */
lat_status lati_residual_target(double *residual, const lat_task *task, const lati_trial *trial);

#endif
