/* A low-rank update D + U V^T of an operator D of size n, parts[0]. values are U and V, (rank, n)
 * each: their columns one after the other. factors are W = D^-1 U, (rank, n) as well, and the LU
 * factors of 2^power times the capacity matrix C = I + V^T W (rank, rank), for
 *   (D + U V^T)^-1 b = y - W C^-1 V^T y, y = D^-1 b   (Woodbury)
 *   det(D + U V^T) = det(D) det(C)                    (determinant lemma) */
#include "base/floating.h"
#include "compute/gemm.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"

#include <string.h>

static const double *columns_u(const lat_operator *op) {
  return op->values;
}

static const double *columns_v(const lat_operator *op) {
  return op->values + op->rank * op->size;
}

static double *capacity(const lat_operator *op) {
  return op->factors + op->rank * op->size;
}

/* c (count, rank) = V^T of every vector of x (count, n). */
static void project(double *c, const lat_operator *op, const double *x, int64_t count) {
  lati_gemm_f64(0, 1, count, op->rank, op->size, x, op->size, columns_v(op), op->size, 0, c,
                op->rank);
}

static lat_status add_update(const lat_operator *op, double *x, int64_t count) {
  lat_status status = LAT_OK;
  double *c = NULL;
  LATI_TRY(LATI_NEW(c, op->ctx, count * op->rank));
  project(c, op, x, count);
  LATI_TRY(lati_operator_act(op->parts[0], LATI_OPERATOR_APPLY, x, count));
  lati_gemm_f64(0, 0, count, op->size, op->rank, c, op->rank, columns_u(op), op->size, 1, x,
                op->size);
done:
  lati_free(c);
  return status;
}

/* V^T x may be small enough to vanish where U V^T x is not. */
static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  return lati_operator_act_scaled(op, add_update, 0, x, count);
}

static lat_status check_prepared(const lat_operator *op) {
  return op->factors != NULL
             ? LAT_OK
             : lati_fail(LAT_ERROR_NUMERIC, "the base of the low-rank update %s",
                         op->parts[0]->singular ? "is singular" : "could not be solved");
}

static lat_status solve_by_woodbury(const lat_operator *op, double *x, int64_t count) {
  lat_status status = LAT_OK;
  double *c = NULL;
  const int64_t values = count * op->rank;
  LATI_TRY(check_prepared(op));
  LATI_TRY(LATI_NEW(c, op->ctx, values));
  LATI_TRY(lati_operator_act(op->parts[0], LATI_OPERATOR_SOLVE, x, count));
  project(c, op, x, count);
  LATI_TRY(lati_operator_solve_factorised(op, capacity(op), op->rank, c, count));
  lati_operator_multiply(c, count, op->rank, op->power);
  for (int64_t i = 0; i < values; ++i) {
    c[i] = -c[i];
  }
  lati_gemm_f64(0, 0, count, op->size, op->rank, c, op->rank, op->factors, op->size, 1, x,
                op->size);
done:
  lati_free(c);
  return status;
}

static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  return lati_operator_act_scaled(op, solve_by_woodbury, 0, x, count);
}

/* The base is c I: the update's own eigenvalues are those of V^T U, and zeros. */
static lat_status shifted_eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  lat_status status = LAT_OK;
  double *small = NULL;
  const int64_t n = op->size, k = op->rank;
  LATI_TRY(LATI_NEW(small, op->ctx, k * k));
  lati_gemm_f64(0, 1, k, k, n, columns_u(op), n, columns_v(op), n, 0, small, k);
  memset(real, 0, (size_t)n * sizeof *real);
  memset(imaginary, 0, (size_t)n * sizeof *imaginary);
  LATI_TRY(lati_operator_eigenvalues_of(real, imaginary, small, k, op->symmetric, op->ctx));
  for (int64_t i = 0; i < n; ++i) {
    real[i] += op->parts[0]->values[0];
  }
done:
  lati_free(small);
  return status;
}

static int is_multiple_of_identity(const lat_operator *base) {
  if (base->kind != &lati_operator_diagonal_kind) {
    return 0;
  }
  for (int64_t i = 1; i < base->size; ++i) {
    if (base->values[i] != base->values[0]) {
      return 0;
    }
  }
  return 1;
}

static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  return op->rank <= op->size && is_multiple_of_identity(op->parts[0])
             ? shifted_eigenvalues(real, imaginary, op)
             : lati_operator_formed_eigenvalues(real, imaginary, op);
}

static lat_status log_determinant(double *logarithm, int32_t *sign, const lat_operator *op) {
  lat_status status = LAT_OK;
  LATI_TRY(check_prepared(op));
  LATI_TRY(op->parts[0]->kind->log_determinant(logarithm, sign, op->parts[0]));
  lati_operator_log_factors(logarithm, sign, op, capacity(op), op->rank);
done:
  return status;
}

static const lati_operator_kind kind = {"low-rank update", apply, solve, eigenvalues,
                                        log_determinant};

/* W and the factors of C, by solving with the base for every column of U. */
static lat_status factorise(lat_operator *op) {
  lat_status status = LAT_OK;
  const int64_t k = op->rank, n = op->size;
  LATI_TRY(LATI_NEW(op->factors, op->ctx, k * n + k * k));
  LATI_TRY(LATI_NEW(op->pivots, op->ctx, k));
  memcpy(op->factors, columns_u(op), (size_t)(k * n) * sizeof *op->factors);
  LATI_TRY(lati_operator_act(op->parts[0], LATI_OPERATOR_SOLVE, op->factors, k));
  /* Column j of C is V^T w_j: row j of a row-major product. */
  lati_gemm_f64(0, 1, k, k, n, op->factors, n, columns_v(op), n, 0, capacity(op), k);
  for (int64_t i = 0; i < k; ++i) {
    capacity(op)[i * (k + 1)] += 1;
  }
  LATI_TRY(lati_operator_factorise(op, capacity(op), op->rank));
done:
  return status;
}

/* An update whose base is not solved, or whose W or C overflows, has products only: no factors. It
 * may be regular although its base is singular. */
static lat_status prepare(lat_operator *op) {
  op->singular = 0;
  const lat_status status = factorise(op);
  if (status != LAT_ERROR_NUMERIC) {
    return status;
  }
  lati_free(op->factors);
  op->factors = NULL;
  return LAT_OK;
}

static lat_status check_factor(const lat_matrix *factor, int64_t n, int32_t rank,
                               const char *what) {
  lat_status status = LAT_OK;
  LATI_TRY(lati_matrix_check(factor, INT32_MAX, what));
  LATI_TRY(lati_matrix_check_shape(factor, (int32_t)n, rank, what));
  if (rank > LAT_OPERATOR_MAX_DENSE || rank > INT32_MAX / n) {
    LATI_TRY(lati_fail(LAT_ERROR_SHAPE, "%s: rank %d is above %d, or has more than %d values", what,
                       rank, LAT_OPERATOR_MAX_DENSE, INT32_MAX));
  }
  LATI_TRY(lati_matrix_check_finite(factor, what));
done:
  return status;
}

/* Column-major packing is row-major packing of the transpose. */
static void pack_columns(double *values, const lat_matrix *factor) {
  lat_matrix turned = *factor;
  turned.rows = factor->cols;
  turned.cols = factor->rows;
  turned.order = factor->order == LAT_ROW_MAJOR ? LAT_COLUMN_MAJOR : LAT_ROW_MAJOR;
  lati_matrix_pack(values, &turned);
}

static lat_status create(lat_operator **out, lat_operator *base, const lat_matrix *u,
                         const lat_matrix *v) {
  lat_status status = LAT_OK;
  lat_operator *op = NULL;
  const int64_t n = base->size;
  LATI_TRY(check_factor(u, n, u->cols, "u"));
  LATI_TRY(check_factor(v, n, u->cols, "v"));
  LATI_TRY(lati_operator_new_of_parts(&op, &kind, &base, 1, n));
  op->rank = u->cols;
  LATI_TRY(LATI_NEW(op->values, op->ctx, 2 * n * op->rank));
  pack_columns(op->values, u);
  pack_columns(op->values + n * op->rank, v);
  op->symmetric &=
      memcmp(columns_u(op), columns_v(op), (size_t)(n * op->rank) * sizeof(double)) == 0;
  LATI_TRY(prepare(op));
  *out = op;
  op = NULL;
done:
  lat_operator_free(op);
  return status;
}

lat_status lat_operator_create_low_rank(lat_operator **out, lat_operator *base, const lat_matrix *u,
                                        const lat_matrix *v) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (base == NULL || u == NULL || v == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL",
                     base == NULL ? "base"
                     : u == NULL  ? "u"
                                  : "v");
  }
  lati_floating saved;
  lati_floating_enter(&saved);
  const lat_status status = create(out, base, u, v);
  lati_floating_leave(&saved);
  return status;
}
