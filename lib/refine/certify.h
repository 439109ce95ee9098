/* Certificates: upper bounds on the error of an answer that hold whatever produced it, with the
 * rounding of their own computation included. All matrices are row-major packed. */
#ifndef LATI_CERTIFY_H
#define LATI_CERTIFY_H

#include <stddef.h>
#include <stdint.h>

typedef struct lati_certificate {
  int32_t certified; /* 1: the conditions below hold within the tolerance */
  double bound;      /* on the relative error, NaN where there is none */
} lati_certificate;

/* Inverse x of a: |a x - I|_F <= tolerance |a|_F |x|_F, and R = I - a x has |R|_F < 1, which proves
 * that a is nonsingular. bound: |a^-1 - x|_F <= |x R|_F / (1 - |R|_F), over |x|_F. */
lati_certificate lati_certify_inverse(const double *x, const double *a, int32_t n, double tolerance,
                                      double *work);
size_t lati_certify_inverse_work(int32_t n);

/* Solution x (n x k) of a x = b: |a x - b|_F <= tolerance |a|_F |x|_F, and an approximate inverse c
 * with |G|_F < 1, G = I - c a, which proves that a is nonsingular. bound: |a^-1 b - x|_F <= |c (b -
 * a x)|_F / (1 - |G|_F), over |x|_F. */
lati_certificate lati_certify_system(const double *x, const double *a, const double *b, int32_t n,
                                     int32_t k, double tolerance, double *work);
size_t lati_certify_system_work(int32_t n, int32_t k);

/* Eigenvalues l (ascending) and vectors v (columns) of a: |a v - v l|_F <= tolerance |a|_F,
 * |v^T v - I|_F <= tolerance, and order. bound: on every value, |l_i - lambda_i| / |a|_F; nothing
 * is claimed about single vectors of a cluster. */
lati_certificate lati_certify_symmetric(const double *values, const double *vectors,
                                        const double *a, int32_t n, double tolerance, double *work);
size_t lati_certify_symmetric_work(int32_t n);

/* Singular values s (descending, >= 0) and vectors u (rows x k), v (cols x k) of a:
 * |(a v - u s, a^T u - v s)|_F <= tolerance |a|_F, |u^T u - I|_F and |v^T v - I|_F <= tolerance,
 * and order. bound: on every value, |s_i - sigma_i| / |a|_F. */
lati_certificate lati_certify_svd(const double *s, const double *u, const double *v,
                                  const double *a, int32_t rows, int32_t cols, double tolerance,
                                  double *work);
size_t lati_certify_svd_work(int32_t rows, int32_t cols);

#endif
