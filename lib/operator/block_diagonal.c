/* Operators as blocks along the diagonal: each acts on its own part of a vector. */
#include "operator/operator_impl.h"

#include <string.h>

/* A block's rows of x (count, size) are gathered, acted upon and put back. */
static lat_status act_on_blocks(const lat_operator *op, lati_operator_action action, double *x,
                                int64_t count) {
  lat_status status = LAT_OK;
  double *rows = NULL;
  int64_t offset = 0;
  LATI_TRY(LATI_NEW(rows, op->ctx, op->size * count));
  for (int32_t p = 0; p < op->part_count; ++p) {
    const int64_t n = op->parts[p]->size;
    const size_t bytes = (size_t)n * sizeof *x;
    for (int64_t v = 0; v < count; ++v) {
      memcpy(rows + v * n, x + v * op->size + offset, bytes);
    }
    LATI_TRY(lati_operator_act(op->parts[p], action, rows, count));
    for (int64_t v = 0; v < count; ++v) {
      memcpy(x + v * op->size + offset, rows + v * n, bytes);
    }
    offset += n;
  }
done:
  lati_free(rows);
  return status;
}

static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  return act_on_blocks(op, LATI_OPERATOR_APPLY, x, count);
}

static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  return act_on_blocks(op, LATI_OPERATOR_SOLVE, x, count);
}

static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  lat_status status = LAT_OK;
  for (int32_t p = 0; p < op->part_count; ++p) {
    LATI_TRY(op->parts[p]->kind->eigenvalues(real, imaginary, op->parts[p]));
    real += op->parts[p]->size;
    imaginary += op->parts[p]->size;
  }
done:
  return status;
}

static lat_status log_determinant(double *logarithm, int32_t *sign, const lat_operator *op) {
  lat_status status = LAT_OK;
  double sum = 0;
  int32_t signs = 1;
  for (int32_t p = 0; p < op->part_count; ++p) {
    LATI_TRY(op->parts[p]->kind->log_determinant(logarithm, sign, op->parts[p]));
    sum += *logarithm;
    signs *= *sign;
  }
  *logarithm = sum;
  *sign = signs;
done:
  return status;
}

static const lati_operator_kind kind = {"block diagonal", apply, solve, eigenvalues,
                                        log_determinant};

lat_status lat_operator_create_block_diagonal(lat_operator **out, lat_operator *const *parts,
                                              int32_t count) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  lat_status status = LAT_OK;
  int64_t size = 0;
  LATI_TRY(lati_operator_check_parts(parts, count));
  for (int32_t p = 0; p < count; ++p) {
    size += parts[p]->size;
  }
  LATI_TRY(lati_operator_new_of_parts(out, &kind, parts, count, size));
done:
  return status;
}
