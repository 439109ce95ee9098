/* Inverses of matrices so ill-conditioned that double precision finds none, certified. */
#ifndef LATI_PRECISE_INVERSE_H
#define LATI_PRECISE_INVERSE_H

#include "base/error.h"
#include "refine/certify.h"

/* x (n x n) = the inverse of a, every entry to within rounding, and *certificate its bound on
 * |a^-1 - x|_F / |x|_F. Works up to condition numbers of about 1e29 of a, rows and columns scaled
 * to comparable size. Returns OK where the certificate holds within the tolerance; NUMERIC where a
 * is singular, or its inverse too large for doubles, and x is not to be used; LIMIT where nothing
 * could be proven: then x is the best that was found, or what it was before. */
lat_status lati_precise_inverse(double *x, lati_certificate *certificate, const double *a,
                                int32_t n, double tolerance, double *work);
size_t lati_precise_inverse_work(int32_t n);

#endif
