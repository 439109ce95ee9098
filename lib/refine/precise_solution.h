/* Solutions of linear systems, and inverses, of matrices so ill-conditioned that double precision
 * finds none, certified. */
#ifndef LATI_PRECISE_SOLUTION_H
#define LATI_PRECISE_SOLUTION_H

#include "base/error.h"
#include "refine/certify.h"

/* x (n x k) = the solution of a x = b, rounded, and *certificate its bound on |a^-1 b - x|_F /
 * |x|_F. Works up to condition numbers of about 1e29 of a, rows and columns scaled to comparable
 * size. Returns OK where the certificate holds within the tolerance; NUMERIC where a is singular,
 * or x too large for doubles, and x is not to be used; LIMIT where nothing could be proven: then x
 * is the best that was found, or what it was before. */
lat_status lati_precise_solution(double *x, lati_certificate *certificate, const double *a,
                                 const double *b, int32_t n, int32_t k, double tolerance,
                                 double *work);
size_t lati_precise_solution_work(int32_t n, int32_t k);

/* The same for b = I: every entry of the inverse to within rounding. */
lat_status lati_precise_inverse(double *x, lati_certificate *certificate, const double *a,
                                int32_t n, double tolerance, double *work);
size_t lati_precise_inverse_work(int32_t n);

#endif
