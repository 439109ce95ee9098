/* A dense leaf: the matrix, its LU factors, and what a model answered about it.
 *
 * values (n, n) is the matrix, row-major; factors are those of its column-major copy, times
 * 2^power. */
#include "base/floating.h"
#include "compute/gemm.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"

#include <string.h>

/* Vectors that one task of a product takes, and rows of the matrix: fixed, so that results are the
 * same bits at any number of threads. */
enum { TILE_VECTORS = 128, TILE_ROWS = 256 };

typedef struct dense_product {
  const double *matrix, *x;
  double *y;
  int64_t n, count, tiles_across;
} dense_product;

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static void product_tile(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const dense_product *p = argument;
  const int64_t n = p->n;
  const int64_t vector = task / p->tiles_across * TILE_VECTORS;
  const int64_t row = task % p->tiles_across * TILE_ROWS;
  lati_gemm_f64(0, 1, least(TILE_VECTORS, p->count - vector), least(TILE_ROWS, n - row), n,
                p->x + vector * n, n, p->matrix + row * n, n, 0, p->y + vector * n + row, n);
}

/* x (count, n) = x matrix^T. */
static lat_status multiply(const lat_operator *op, const double *matrix, double *x, int64_t count) {
  lat_status status = LAT_OK;
  double *copy = NULL;
  const size_t values = (size_t)op->size * (size_t)count;
  LATI_TRY(LATI_NEW(copy, op->ctx, values));
  memcpy(copy, x, values * sizeof *x);
  dense_product product = {matrix,   copy,  x,
                           op->size, count, (op->size + TILE_ROWS - 1) / TILE_ROWS};
  lati_pool_run(op->ctx->device.pool, product_tile, &product,
                (count + TILE_VECTORS - 1) / TILE_VECTORS * product.tiles_across);
done:
  lati_free(copy);
  return status;
}

static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  return multiply(op, op->values, x, count);
}

static lat_status solve_factorised(const lat_operator *op, double *x, int64_t count) {
  return lati_operator_solve_factorised(op, op->factors, (int32_t)op->size, x, count);
}

static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  return op->inverse != NULL ? multiply(op, op->inverse, x, count)
                             : lati_operator_act_scaled(op, solve_factorised, op->power, x, count);
}

static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  lat_status status = LAT_OK;
  double *matrix = NULL;
  const int32_t n = (int32_t)op->size;
  if (op->spectrum != NULL) {
    memcpy(real, op->spectrum, (size_t)n * sizeof *real);
    memset(imaginary, 0, (size_t)n * sizeof *imaginary);
    return LAT_OK;
  }
  LATI_TRY(LATI_NEW(matrix, op->ctx, op->size * op->size));
  lati_transpose(matrix, op->values, n, n);
  LATI_TRY(lati_operator_eigenvalues_of(real, imaginary, matrix, n, op->symmetric, op->ctx));
done:
  lati_free(matrix);
  return status;
}

static lat_status log_determinant(double *logarithm, int32_t *sign, const lat_operator *op) {
  if (op->spectrum != NULL) {
    return lati_operator_log_determinant_by_eigenvalues(logarithm, sign, op);
  }
  *logarithm = 0;
  *sign = 1;
  lati_operator_log_factors(logarithm, sign, op, op->factors, (int32_t)op->size);
  return LAT_OK;
}

const lati_operator_kind lati_operator_dense_kind = {"dense", apply, solve, eigenvalues,
                                                     log_determinant};

static int is_symmetric(const double *a, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      if (a[i * n + j] != a[j * n + i]) {
        return 0;
      }
    }
  }
  return 1;
}

static lat_status check(lat_context *ctx, const lat_matrix *a) {
  lat_status status = LAT_OK;
  if (ctx == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "ctx is NULL");
  }
  LATI_TRY(lati_matrix_check(a, LAT_OPERATOR_MAX_DENSE, "a"));
  LATI_TRY(lati_matrix_check_shape(a, a->rows, a->rows, "a"));
  LATI_TRY(lati_matrix_check_finite(a, "a"));
done:
  return status;
}

static lat_status fill(lat_operator *op, const lat_matrix *a) {
  lat_status status = LAT_OK;
  const int32_t n = a->rows;
  LATI_TRY(LATI_NEW(op->values, op->ctx, (int64_t)n * n));
  LATI_TRY(LATI_NEW(op->factors, op->ctx, (int64_t)n * n));
  LATI_TRY(LATI_NEW(op->pivots, op->ctx, n));
  lati_matrix_pack(op->values, a);
  lati_transpose(op->factors, op->values, n, n);
  op->symmetric = is_symmetric(op->values, n);
  LATI_TRY(lati_operator_factorise(op, op->factors, n));
done:
  return status;
}

lat_status lat_operator_create_dense(lat_operator **out, lat_context *ctx, const lat_matrix *a) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  lat_status status = LAT_OK;
  lat_operator *op = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(check(ctx, a));
  LATI_TRY(lati_operator_new(&op, ctx, &lati_operator_dense_kind, a->rows));
  LATI_TRY(fill(op, a));
  *out = op;
  op = NULL;
done:
  lat_operator_free(op);
  lati_floating_leave(&saved);
  return status;
}
