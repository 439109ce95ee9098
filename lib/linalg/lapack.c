/* The one file that calls LAPACK. Its xerbla may end the process, so nothing reaches it that it
 * would refuse; its matrices lie in our own blocks, whose tail BLAS kernels may read. */
#include "linalg/lapack.h"

#include "linalg/matrix.h"

/* The Fortran routines, with the hidden lengths of their character arguments. */
extern void dsyevd_(const char *jobz, const char *uplo, const int32_t *n, double *a,
                    const int32_t *lda, double *w, double *work, const int32_t *lwork,
                    int32_t *iwork, const int32_t *liwork, int32_t *info, size_t jobz_length,
                    size_t uplo_length);
extern void dgesdd_(const char *jobz, const int32_t *m, const int32_t *n, double *a,
                    const int32_t *lda, double *s, double *u, const int32_t *ldu, double *vt,
                    const int32_t *ldvt, double *work, const int32_t *lwork, int32_t *iwork,
                    int32_t *info, size_t jobz_length);
extern void dsytf2_(const char *uplo, const int32_t *n, double *a, const int32_t *lda,
                    int32_t *ipiv, int32_t *info, size_t uplo_length);
extern void dsytrs_(const char *uplo, const int32_t *n, const int32_t *nrhs, const double *a,
                    const int32_t *lda, const int32_t *ipiv, double *b, const int32_t *ldb,
                    int32_t *info, size_t uplo_length);
extern void dgetf2_(const int32_t *m, const int32_t *n, double *a, const int32_t *lda,
                    int32_t *ipiv, int32_t *info);
extern void dgetri_(const int32_t *n, double *a, const int32_t *lda, const int32_t *ipiv,
                    double *work, const int32_t *lwork, int32_t *info);

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

lat_status lati_lapack_sytf2(double *a, int32_t *pivots, int32_t n) {
  const lat_status status = check("dsytf2", a, n, n);
  if (status != LAT_OK) {
    return status;
  }
  int32_t info = 0;
  dsytf2_("L", &n, a, &n, pivots, &info, 1);
  return info > 0 ? LAT_OK : outcome("dsytf2", info);
}

lat_status lati_lapack_sytrs(double *b, const double *a, const int32_t *pivots, int32_t n,
                             int32_t count) {
  const lat_status status = check("dsytrs", b, n, count);
  if (status != LAT_OK) {
    return status;
  }
  int32_t info = 0;
  dsytrs_("L", &n, &count, a, &n, pivots, b, &n, &info, 1);
  return outcome("dsytrs", info);
}

/* dgetf2, the unblocked form of dgetrf: below 100 rows it is 4 to 30 times as fast, because dgetrf
 * recurses down to single columns with a triangular solve and a product at each step. */
lat_status lati_lapack_inverse(double *a, int32_t n, double *work) {
  lat_status status = check("dgetf2", a, n, n);
  if (status != LAT_OK) {
    return status;
  }
  const size_t reals = real_work((size_t)n, (size_t)n);
  const int32_t lwork = (int32_t)reals;
  int32_t *pivots = (int32_t *)(void *)(work + reals);
  int32_t info = 0;
  dgetf2_(&n, &n, a, &n, pivots, &info);
  if (info > 0) {
    return lati_fail(LAT_ERROR_NUMERIC, "the matrix is singular: pivot %d is zero", info);
  }
  if (info == 0) {
    dgetri_(&n, a, &n, pivots, work, &lwork, &info);
  }
  status = outcome("dgetri", info);
  if (status == LAT_OK && !lati_all_finite(a, (size_t)n * (size_t)n)) {
    status = lati_fail(LAT_ERROR_NUMERIC, "the matrix is singular to working precision");
  }
  return status;
}
