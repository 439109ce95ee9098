/* Refinement of approximate answers in double precision, quadratically convergent. All matrices are
 * row-major packed; `work` is the caller's, sized by the *_work functions, in doubles. */
#ifndef LATI_REFINE_H
#define LATI_REFINE_H

#include "base/error.h"

#include <stdint.h>

typedef struct lati_refinement {
  /* in */
  int32_t most_steps;
  double tolerance; /* of the defect, below which no further step is taken */
  /* out */
  int32_t steps;        /* taken */
  int32_t converged;    /* 1: the defect is within the tolerance */
  double before, after; /* defect of the given and of the returned answer; infinity where it is not
                           a number */
} lati_refinement;

/* Inverse x (n x n) of a, by Newton and Schulz: x <- x + x (I - a x), which converges where
 * |I - a x| < 1 and squares it in each step. The defect is |I - a x|_F. x keeps its values where
 * nothing is gained. */
void lati_refine_inverse(lati_refinement *refinement, double *x, const double *a, int32_t n,
                         double *work);
size_t lati_refine_inverse_work(int32_t n);

/* Eigenvalues (n, ascending) and eigenvectors (n x n, columns) of symmetric a, after Ogita and
 * Aishima 2018 and 2019. The values given are not looked at. The defect is the larger of
 * |a x - x l|_F / |a|_F and |I - x^T x|_F. NUMERIC where LAPACK fails on a cluster. */
lat_status lati_refine_symmetric(lati_refinement *refinement, double *values, double *vectors,
                                 const double *a, int32_t n, double *work);
size_t lati_refine_symmetric_work(int32_t n);

/* Singular values (k = min(rows, cols), descending, >= 0) and vectors u (rows x k), v (cols x k) of
 * any a, after Ogita and Aishima 2020. The values given are not looked at. The defect is the
 * largest of
 * |(a v - u s, a^T u - v s)|_F / |a|_F, |I - u^T u|_F (u completed) and |I - v^T v|_F. NUMERIC
 * where LAPACK fails on a cluster. */
lat_status lati_refine_svd(lati_refinement *refinement, double *s, double *u, double *v,
                           const double *a, int32_t rows, int32_t cols, double *work);
size_t lati_refine_svd_work(int32_t rows, int32_t cols);

/* The same where values alone are known, from which inverse iteration finds vectors: eigenvalues
 * (descending) of the symmetric part of a, singular values of a. They keep their values where it
 * does not converge. */
lat_status lati_refine_eigenvalues(lati_refinement *refinement, double *values, const double *a,
                                   int32_t n, double *work);
size_t lati_refine_eigenvalues_work(int32_t n);
lat_status lati_refine_singular_values(lati_refinement *refinement, double *s, const double *a,
                                       int32_t rows, int32_t cols, double *work);
size_t lati_refine_singular_values_work(int32_t rows, int32_t cols);

/* Solution x (n x k) of a x = b, by iterative refinement with an inverse of LAPACK's, which needs
 * no good x to begin with: it says nothing of where x came from. The defect is the size of a step
 * over that of x. NUMERIC where a is singular to LAPACK. */
lat_status lati_refine_system(lati_refinement *refinement, double *x, const double *a,
                              const double *b, int32_t n, int32_t k, double *work);
size_t lati_refine_system_work(int32_t n, int32_t k);

/* r (n x k) = b - a x, in twice the working precision because its terms cancel. */
void lati_system_defect(double *r, const double *a, const double *x, const double *b, int32_t n,
                        int32_t k);

/* d = I - a x, in twice the working precision because its terms cancel; returns |d|_F, infinity
 * where it is no number. */
double lati_inverse_defect(double *d, const double *a, const double *x, int32_t n);

/* to = from 2^power. */
void lati_multiply_by_power(double *to, const double *from, size_t count, int32_t power);

/* s (n x n) = 2^power times the symmetric part of a. */
void lati_scaled_symmetric(double *s, const double *a, int32_t n, int32_t power);

/* Factors 2^power such that `values`, times it, have their largest size in [1, 2); 0 for zeros. */
int32_t lati_refine_power(const double *values, int64_t count);

#endif
