/* The one file that calls LAPACK. Its xerbla may end the process, so nothing reaches it that it
 * would refuse; its matrices lie in our own blocks, whose tail BLAS kernels may read. */
#include "linalg/lapack.h"

#include "linalg/matrix.h"

#include <math.h>
#include <string.h>

/* The Fortran routines, with the hidden lengths of their character arguments. */
extern void dsyevd_(const char *jobz, const char *uplo, const int32_t *n, double *a,
                    const int32_t *lda, double *w, double *work, const int32_t *lwork,
                    int32_t *iwork, const int32_t *liwork, int32_t *info, size_t jobz_length,
                    size_t uplo_length);
extern void dgesdd_(const char *jobz, const int32_t *m, const int32_t *n, double *a,
                    const int32_t *lda, double *s, double *u, const int32_t *ldu, double *vt,
                    const int32_t *ldvt, double *work, const int32_t *lwork, int32_t *iwork,
                    int32_t *info, size_t jobz_length);
extern void dgetf2_(const int32_t *m, const int32_t *n, double *a, const int32_t *lda,
                    int32_t *ipiv, int32_t *info);
extern void dgetrf_(const int32_t *m, const int32_t *n, double *a, const int32_t *lda,
                    int32_t *ipiv, int32_t *info);
extern void dgtsv_(const int32_t *n, const int32_t *nrhs, double *dl, double *d, double *du,
                   double *b, const int32_t *ldb, int32_t *info);
extern void dgetri_(const int32_t *n, double *a, const int32_t *lda, const int32_t *ipiv,
                    double *work, const int32_t *lwork, int32_t *info);
extern void dgetrs_(const char *trans, const int32_t *n, const int32_t *nrhs, const double *a,
                    const int32_t *lda, const int32_t *ipiv, double *b, const int32_t *ldb,
                    int32_t *info, size_t trans_length);
extern void dgels_(const char *trans, const int32_t *m, const int32_t *n, const int32_t *nrhs,
                   double *a, const int32_t *lda, double *b, const int32_t *ldb, double *work,
                   const int32_t *lwork, int32_t *info, size_t trans_length);
extern void dgeqrf_(const int32_t *m, const int32_t *n, double *a, const int32_t *lda, double *tau,
                    double *work, const int32_t *lwork, int32_t *info);
extern void dgees_(const char *jobvs, const char *sort, void *select, const int32_t *n, double *a,
                   const int32_t *lda, int32_t *sdim, double *wr, double *wi, double *vs,
                   const int32_t *ldvs, double *work, const int32_t *lwork, int32_t *bwork,
                   int32_t *info, size_t jobvs_length, size_t sort_length);
extern void dtrsyl_(const char *trana, const char *tranb, const int32_t *isgn, const int32_t *m,
                    const int32_t *n, const double *a, const int32_t *lda, const double *b,
                    const int32_t *ldb, double *c, const int32_t *ldc, double *scale, int32_t *info,
                    size_t trana_length, size_t tranb_length);

/* Larger matrices would overflow 32-bit workspace sizes; ours have at most 100 x 200
 * coefficients. */
#define MAX_SIZE 4096

/* Columns that LAPACK's blocked code works on at once, at most. */
#define BLOCK 64

/* Doubles that the integer workspace takes: 8 k + 3 integers cover all three routines. */
static size_t integer_work(size_t k) {
  return 4 * k + 2;
}

/* Doubles of floating-point workspace: the documented minima, 1 + 6 n + 2 n^2 (dsyevd),
 * 4 k^2 + 7 k and 3 k + max(m, n) (dgesdd), n (dgetri), and what blocked code likes besides. */
static size_t real_work(size_t m, size_t n) {
  const size_t k = m < n ? m : n;
  return 4 * k * k + 7 * k + (m + n) * BLOCK + 1;
}

size_t lati_lapack_work(int32_t m, int32_t n) {
  const size_t rows = (size_t)m;
  const size_t cols = (size_t)n;
  return real_work(rows, cols) + integer_work(rows < cols ? rows : cols);
}

static lat_status check(const char *routine, const double *a, int32_t m, int32_t n) {
  if (m < 1 || n < 1 || m > MAX_SIZE || n > MAX_SIZE) {
    return lati_fail(LAT_ERROR_LIMIT, "%s: size %d x %d is outside 1..%d", routine, m, n, MAX_SIZE);
  }
  if (!lati_all_finite(a, (size_t)m * (size_t)n)) {
    return lati_fail(LAT_ERROR_NUMERIC, "%s: a coefficient is not finite", routine);
  }
  return LAT_OK;
}

/* info < 0: we passed a bad argument; info > 0: no convergence. */
static lat_status outcome(const char *routine, int32_t info) {
  if (info < 0) {
    return lati_fail(LAT_ERROR_INTERNAL, "%s refused its argument %d", routine, -info);
  }
  return info == 0 ? LAT_OK
                   : lati_fail(LAT_ERROR_NUMERIC, "%s did not converge (info %d)", routine, info);
}

lat_status lati_lapack_syevd(double *a, double *w, int32_t n, int vectors, double *work) {
  lat_status status = check("dsyevd", a, n, n);
  if (status != LAT_OK) {
    return status;
  }
  const size_t reals = real_work((size_t)n, (size_t)n);
  const int32_t lwork = (int32_t)reals;
  const int32_t liwork = 5 * n + 3;
  int32_t info = 0;
  dsyevd_(vectors ? "V" : "N", "L", &n, a, &n, w, work, &lwork, (int32_t *)(void *)(work + reals),
          &liwork, &info, 1, 1);
  return outcome("dsyevd", info);
}

lat_status lati_lapack_gesdd(double *a, double *s, double *u, double *vt, int32_t m, int32_t n,
                             double *work) {
  lat_status status = check("dgesdd", a, m, n);
  if (status != LAT_OK) {
    return status;
  }
  const int32_t k = m < n ? m : n;
  const size_t reals = real_work((size_t)m, (size_t)n);
  const int32_t lwork = (int32_t)reals;
  int32_t info = 0;
  dgesdd_(u == NULL ? "N" : "S", &m, &n, a, &m, s, u, &m, vt, &k, work, &lwork,
          (int32_t *)(void *)(work + reals), &info, 1);
  return outcome("dgesdd", info);
}

/* dgetf2, the unblocked form of dgetrf: below 100 rows it is 4 to 30 times as fast, because dgetrf
 * recurses down to single columns with a triangular solve and a product at each step. */
static lat_status factorise(double *a, int32_t *pivots, int32_t n) {
  int32_t info = 0;
  dgetf2_(&n, &n, a, &n, pivots, &info);
  if (info > 0) {
    return lati_fail(LAT_ERROR_NUMERIC, "the matrix is singular: pivot %d is zero", info);
  }
  return outcome("dgetf2", info);
}

lat_status lati_lapack_solve(double *a, double *b, int32_t n, int32_t k, double *work) {
  lat_status status = LAT_OK;
  int32_t *pivots = (int32_t *)(void *)work;
  int32_t info = 0;
  LATI_TRY(check("dgetrs", a, n, n));
  LATI_TRY(check("dgetrs", b, n, k));
  LATI_TRY(factorise(a, pivots, n));
  dgetrs_("N", &n, &k, a, &n, pivots, b, &n, &info, 1);
  LATI_TRY(outcome("dgetrs", info));
done:
  return status;
}

/* Rows from which dgetrf's blocks pay. */
enum { BLOCKED_ROWS = 128 };

lat_status lati_lapack_factorise(int32_t *singular, double *a, int32_t *pivots, int32_t n) {
  const lat_status status = check("dgetrf", a, n, n);
  if (status != LAT_OK) {
    return status;
  }
  int32_t info = 0;
  if (n < BLOCKED_ROWS) {
    dgetf2_(&n, &n, a, &n, pivots, &info);
  } else {
    dgetrf_(&n, &n, a, &n, pivots, &info);
  }
  *singular = info > 0;
  return info > 0 ? LAT_OK : outcome("dgetrf", info);
}

lat_status lati_lapack_solve_factorised(double *b, const double *factors, const int32_t *pivots,
                                        int32_t n, int32_t k) {
  const lat_status status = check("dgetrs", b, n, k);
  if (status != LAT_OK) {
    return status;
  }
  int32_t info = 0;
  dgetrs_("N", &n, &k, factors, &n, pivots, b, &n, &info, 1);
  return outcome("dgetrs", info);
}

lat_status lati_lapack_solve_tridiagonal(double *b, double *diagonal, double *below, double *above,
                                         int32_t n, int32_t k) {
  int32_t info = 0;
  dgtsv_(&n, &k, below, diagonal, above, b, &n, &info);
  return info <= 0 ? outcome("dgtsv", info)
                   : lati_fail(LAT_ERROR_NUMERIC, "the matrix is singular: pivot %d is zero", info);
}

lat_status lati_lapack_determinant(double *determinant, double *a, int32_t n, double *work) {
  lat_status status = check("dgetf2", a, n, n);
  if (status != LAT_OK) {
    return status;
  }
  int32_t *pivots = (int32_t *)(void *)work;
  int32_t info = 0;
  dgetf2_(&n, &n, a, &n, pivots, &info);
  double product = info > 0 ? 0 : 1; /* a zero pivot: the determinant is 0 */
  int32_t exponent = 0;
  for (int32_t i = 0; i < n; ++i) { /* the exponents apart, whose partial sums overflow nothing */
    int of_pivot = 0;
    product *= frexp(a[(size_t)i * (size_t)(n + 1)], &of_pivot) * (pivots[i] == i + 1 ? 2 : -2);
    exponent += of_pivot - 1;
  }
  *determinant = ldexp(product, exponent);
  return info >= 0 ? LAT_OK : outcome("dgetf2", info);
}

lat_status lati_lapack_least_squares(double *a, double *b, int32_t m, int32_t n, int32_t k,
                                     double *work) {
  lat_status status = LAT_OK;
  const int32_t lwork = (int32_t)real_work((size_t)m, (size_t)n);
  int32_t info = 0;
  LATI_TRY(check("dgels", a, m, n));
  LATI_TRY(check("dgels", b, m, k));
  if (m < n || k > n) {
    LATI_TRY(lati_fail(LAT_ERROR_LIMIT, "dgels: %d x %d with %d right-hand sides", m, n, k));
  }
  dgels_("N", &m, &n, &k, a, &m, b, &m, work, &lwork, &info, 1);
  if (info > 0) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "the matrix has not full rank: column %d", info));
  }
  LATI_TRY(outcome("dgels", info));
done:
  return status;
}

lat_status lati_lapack_triangularise(double *a, int32_t m, int32_t n, double *work) {
  const lat_status status = check("dgeqrf", a, m, n);
  if (status != LAT_OK) {
    return status;
  }
  const int32_t lwork = n * BLOCK;
  int32_t info = 0;
  dgeqrf_(&m, &n, a, &m, work + lwork, work, &lwork, &info);
  for (size_t j = 0; j < (size_t)n; ++j) {
    memset(a + j * (size_t)m + j + 1, 0, ((size_t)m - j - 1) * sizeof *a);
  }
  return outcome("dgeqrf", info);
}

/* v NULL: eigenvalues only. */
static lat_status schur(double *real, double *imaginary, double *a, double *v, int32_t n,
                        double *work) {
  const int32_t lwork = (int32_t)real_work((size_t)n, (size_t)n);
  int32_t sorted = 0, info = 0, unused = 0;
  double none = 0;
  dgees_(v == NULL ? "N" : "V", "N", NULL, &n, a, &n, &sorted, real, imaginary,
         v == NULL ? &none : v, &n, work, &lwork, &unused, &info, 1, 1);
  return outcome("dgees", info);
}

lat_status lati_lapack_schur(double *a, double *v, int32_t n, double *work) {
  lat_status status = check("dgees", a, n, n);
  if (status != LAT_OK) {
    return status;
  }
  double *real = work, *imaginary = real + n, *rest = imaginary + n;
  return schur(real, imaginary, a, v, n, rest);
}

lat_status lati_lapack_eigenvalues(double *a, double *real, double *imaginary, int32_t n,
                                   double *work) {
  const lat_status status = check("dgees", a, n, n);
  return status != LAT_OK ? status : schur(real, imaginary, a, NULL, n, work);
}

lat_status lati_lapack_sylvester(double *c, const double *a, const double *b, int32_t m, int32_t n,
                                 double *scale) {
  lat_status status = LAT_OK;
  const int32_t sign = 1;
  int32_t info = 0;
  LATI_TRY(check("dtrsyl", c, m, n));
  dtrsyl_("N", "N", &sign, &m, &n, a, &m, b, &n, c, &m, scale, &info, 1, 1);
  if (info == 1 || !(*scale > 0)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "A and -B have an eigenvalue in common"));
  }
  LATI_TRY(outcome("dtrsyl", info));
done:
  return status;
}

lat_status lati_lapack_inverse(double *a, int32_t n, double *work) {
  lat_status status = check("dgetf2", a, n, n);
  if (status != LAT_OK) {
    return status;
  }
  const size_t reals = real_work((size_t)n, (size_t)n);
  const int32_t lwork = (int32_t)reals;
  int32_t *pivots = (int32_t *)(void *)(work + reals);
  int32_t info = 0;
  status = factorise(a, pivots, n);
  if (status != LAT_OK) {
    return status;
  }
  dgetri_(&n, a, &n, pivots, work, &lwork, &info);
  status = outcome("dgetri", info);
  if (status == LAT_OK && !lati_all_finite(a, (size_t)n * (size_t)n)) {
    status = lati_fail(LAT_ERROR_NUMERIC, "the matrix is singular to working precision");
  }
  return status;
}
