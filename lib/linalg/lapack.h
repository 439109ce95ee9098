/* LAPACK, the system's. lapack.c is the one file that calls it; arguments are validated before. All
 * matrices column-major, packed (ld = rows), destroyed where said. Returns NUMERIC where LAPACK
 * fails or an input is not finite. `work` memory is the caller's, sized by the *_work functions (in
 * doubles). */
#ifndef LATI_LAPACK_H
#define LATI_LAPACK_H

#include "base/error.h"

#include <stdint.h>

/* Symmetric eigenproblem by dsyevd, uplo 'L': a (n x n) becomes the eigenvectors when vectors != 0;
 * w ascending. */
lat_status lati_lapack_syevd(double *a, double *w, int32_t n, int vectors, double *work);
/* SVD by dgesdd, jobz 'S' ('N' when u and vt are NULL): a (m x n) is destroyed; s descending (k), u
 * (m x k), vt (k x n). */
lat_status lati_lapack_gesdd(double *a, double *s, double *u, double *vt, int32_t m, int32_t n,
                             double *work);
/* Inverse in place by dgetf2, dgetri; NUMERIC when singular. */
lat_status lati_lapack_inverse(double *a, int32_t n, double *work);

/* b (n x k) becomes the solution x of a x = b, by dgetf2 and dgetrs; a is destroyed. NUMERIC when
 * singular. */
lat_status lati_lapack_solve(double *a, double *b, int32_t n, int32_t k, double *work);
/* det a, by dgetf2; a is destroyed. */
lat_status lati_lapack_determinant(double *determinant, double *a, int32_t n, double *work);
/* a (n x n) becomes its LU factors, by dgetrf, or dgetf2 where it is small; *singular tells that a
 * pivot is zero, which is no failure. */
lat_status lati_lapack_factorise(int32_t *singular, double *a, int32_t *pivots, int32_t n);
/* b (n x k) becomes the solution of a x = b from these factors, by dgetrs. */
lat_status lati_lapack_solve_factorised(double *b, const double *factors, const int32_t *pivots,
                                        int32_t n, int32_t k);
/* b (n x k) becomes the solution for the symmetric tridiagonal matrix of these entries (n, n - 1),
 * which are destroyed, by dgtsv; neighbours twice. NUMERIC when singular. */
lat_status lati_lapack_solve_tridiagonal(double *b, double *diagonal, double *below, double *above,
                                         int32_t n, int32_t k);
/* The first n rows of b (m x k) become the x of least |a x - b|, by dgels; m >= n >= k, a (m x n)
 * is destroyed. NUMERIC when a has not full rank. */
lat_status lati_lapack_least_squares(double *a, double *b, int32_t m, int32_t n, int32_t k,
                                     double *work);
/* a (m x n), m >= n, becomes the triangle R of a = Q R, zeros below it, by dgeqrf. */
lat_status lati_lapack_triangularise(double *a, int32_t m, int32_t n, double *work);
/* a (n x n) becomes its real Schur form t, v the orthogonal factor: a = v t v^T, by dgees. `work`
 * has 2 n doubles more. */
lat_status lati_lapack_schur(double *a, double *v, int32_t n, double *work);
/* Eigenvalues of a (n x n), which is destroyed, by dgees, in no order. */
lat_status lati_lapack_eigenvalues(double *a, double *real, double *imaginary, int32_t n,
                                   double *work);
/* c (m x n) becomes the x of a x + x b = scale c, where a and b are real Schur forms, by dtrsyl.
 * NUMERIC when a and -b have an eigenvalue in common. */
lat_status lati_lapack_sylvester(double *c, const double *a, const double *b, int32_t m, int32_t n,
                                 double *scale);

/* Doubles of workspace that any of the above needs for matrices up to m x n. */
size_t lati_lapack_work(int32_t m, int32_t n);

#endif
