/* Handles of operators, and the public verbs: they check, copy the caller's vectors into memory of
 * ours, whose tail the kernels of BLAS may read, and hand them to the operator's kind. */
#include "operator/operator_impl.h"

#include "base/floating.h"
#include "linalg/matrix.h"

#include <stdlib.h>
#include <string.h>

lat_operator *lati_operator_ref(lat_operator *op) {
  lati_refs_add(&op->refs);
  return op;
}

lat_status lati_operator_new(lat_operator **out, lat_context *ctx, const lati_operator_kind *kind,
                             int64_t size) {
  if (size < 1 || size > INT32_MAX) {
    return lati_fail(size < 1 ? LAT_ERROR_ARGUMENT : LAT_ERROR_LIMIT,
                     "operator: size %lld is outside 1..%d", (long long)size, INT32_MAX);
  }
  lat_operator *op = NULL;
  const lat_status status = LATI_NEW(op, ctx, 1);
  if (status != LAT_OK) {
    return status;
  }
  lati_refs_init(&op->refs);
  op->ctx = lati_context_ref(ctx);
  op->kind = kind;
  op->size = size;
  *out = op;
  return LAT_OK;
}

lat_status lati_operator_new_of_parts(lat_operator **out, const lati_operator_kind *kind,
                                      lat_operator *const *parts, int32_t count, int64_t size) {
  lat_status status = LAT_OK;
  lat_operator *op = NULL;
  LATI_TRY(lati_operator_new(&op, parts[0]->ctx, kind, size));
  LATI_TRY(LATI_NEW(op->parts, op->ctx, count));
  op->symmetric = 1;
  for (int32_t i = 0; i < count; ++i) {
    op->parts[op->part_count++] = lati_operator_ref(parts[i]);
    op->symmetric &= parts[i]->symmetric;
    op->singular |= parts[i]->singular;
  }
  *out = op;
  op = NULL;
done:
  lat_operator_free(op);
  return status;
}

void lat_operator_free(lat_operator *op) {
  if (op == NULL || !lati_refs_drop(&op->refs)) {
    return;
  }
  for (int32_t i = 0; i < op->part_count; ++i) {
    lat_operator_free(op->parts[i]);
  }
  lat_context *ctx = op->ctx;
  lat_operator_free(op->basis);
  lati_free(op->parts);
  lati_free(op->values);
  lati_free(op->factors);
  lati_free(op->spectrum);
  lati_free(op->inverse);
  lati_free(op->pivots);
  lati_free(op);
  lat_context_free(ctx);
}

int64_t lat_operator_size(const lat_operator *op) {
  return op == NULL ? 0 : op->size;
}

lat_status lati_operator_check_parts(lat_operator *const *parts, int32_t count) {
  if (parts == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "parts is NULL");
  }
  if (count < 1 || count > LAT_OPERATOR_MAX_PARTS) {
    return lati_fail(LAT_ERROR_ARGUMENT, "count %d is outside 1..%d", count,
                     LAT_OPERATOR_MAX_PARTS);
  }
  for (int32_t i = 0; i < count; ++i) {
    if (parts[i] == NULL) {
      return lati_fail(LAT_ERROR_ARGUMENT, "part %d is NULL", i);
    }
    if (parts[i]->ctx != parts[0]->ctx) {
      return lati_fail(LAT_ERROR_ARGUMENT, "part %d has another context than part 0", i);
    }
  }
  return LAT_OK;
}

lat_status lati_operator_product_size(int64_t *size, lat_operator *const *parts, int32_t count) {
  *size = 1;
  for (int32_t i = 0; i < count; ++i) {
    *size *= parts[i]->size;
    if (*size > INT32_MAX) {
      return lati_fail(LAT_ERROR_LIMIT, "the size of the first %d parts' product exceeds %d", i + 1,
                       INT32_MAX);
    }
  }
  return LAT_OK;
}

lat_status lati_operator_act(const lat_operator *op, lati_operator_action action, double *x,
                             int64_t count) {
  if (action == LATI_OPERATOR_APPLY) {
    return op->kind->apply(op, x, count);
  }
  if (op->singular) {
    return lati_fail(LAT_ERROR_NUMERIC, "the %s operator is singular", op->kind->name);
  }
  return op->kind->solve(op, x, count);
}

/* y = the action on x, for the public verbs. */
static lat_status act(double *y, const lat_operator *op, const double *x, int64_t count,
                      lati_operator_action action, const char *of_y, const char *of_x) {
  if (y == NULL || op == NULL || x == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", y == NULL ? of_y : op == NULL ? "op" : of_x);
  }
  if (count < 1) {
    return lati_fail(LAT_ERROR_ARGUMENT, "count %lld is below 1", (long long)count);
  }
  if (count > INT32_MAX / op->size) {
    return lati_fail(LAT_ERROR_LIMIT, "%lld vectors of size %lld have more than %d values",
                     (long long)count, (long long)op->size, INT32_MAX);
  }
  lat_status status = LAT_OK;
  double *block = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  const size_t values = (size_t)op->size * (size_t)count;
  if (!lati_all_finite(x, values)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "%s: a value is not finite", of_x));
  }
  LATI_TRY(LATI_NEW(block, op->ctx, values));
  memcpy(block, x, values * sizeof *x);
  LATI_TRY(lati_operator_act(op, action, block, count));
  if (!lati_all_finite(block, values)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "%s: a value overflows", of_y));
  }
  memcpy(y, block, values * sizeof *y);
done:
  lati_free(block);
  lati_floating_leave(&saved);
  return status;
}

lat_status lat_operator_apply(double *y, const lat_operator *op, const double *x, int64_t count) {
  return act(y, op, x, count, LATI_OPERATOR_APPLY, "y", "x");
}

lat_status lat_operator_solve(double *x, const lat_operator *op, const double *b, int64_t count) {
  return act(x, op, b, count, LATI_OPERATOR_SOLVE, "x", "b");
}

typedef struct complex_number {
  double real, imaginary;
} complex_number;

static int compare(const void *left, const void *right) {
  const complex_number *a = left, *b = right;
  if (a->real != b->real) {
    return a->real < b->real ? -1 : 1;
  }
  return (a->imaginary > b->imaginary) - (a->imaginary < b->imaginary);
}

/* numbers (size): real parts in the first half, imaginary ones in the second; `sorted` has room. */
static lat_status deliver(double *real, double *imaginary, complex_number *sorted,
                          const double *numbers, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    sorted[i] = (complex_number){numbers[i], numbers[size + i]};
    if (!isfinite(sorted[i].real) || !isfinite(sorted[i].imaginary)) {
      return lati_fail(LAT_ERROR_NUMERIC, "an eigenvalue overflows");
    }
    if (imaginary == NULL && sorted[i].imaginary != 0) {
      return lati_fail(LAT_ERROR_NUMERIC, "an eigenvalue is not real: %g + %g i", sorted[i].real,
                       sorted[i].imaginary);
    }
  }
  qsort(sorted, (size_t)size, sizeof *sorted, compare);
  for (int64_t i = 0; i < size; ++i) {
    real[i] = sorted[i].real;
    if (imaginary != NULL) {
      imaginary[i] = sorted[i].imaginary;
    }
  }
  return LAT_OK;
}

lat_status lat_operator_eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  if (real == NULL || op == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", real == NULL ? "real" : "op");
  }
  lat_status status = LAT_OK;
  double *numbers = NULL;
  complex_number *sorted = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(LATI_NEW(numbers, op->ctx, 2 * op->size));
  LATI_TRY(LATI_NEW(sorted, op->ctx, op->size));
  LATI_TRY(op->kind->eigenvalues(numbers, numbers + op->size, op));
  LATI_TRY(deliver(real, imaginary, sorted, numbers, op->size));
done:
  lati_free(sorted);
  lati_free(numbers);
  lati_floating_leave(&saved);
  return status;
}

lat_status lat_operator_log_determinant(double *logarithm, int32_t *sign, const lat_operator *op) {
  if (logarithm == NULL || sign == NULL || op == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL",
                     logarithm == NULL ? "logarithm"
                     : sign == NULL    ? "sign"
                                       : "op");
  }
  lat_status status = LAT_OK;
  double sum = 0;
  int32_t product = 0;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(op->kind->log_determinant(&sum, &product, op));
  if (!(sum < INFINITY)) { /* logarithms of numbers are finite */
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC,
                       "an eigenvalue of the %s operator, or of a part, overflows",
                       op->kind->name));
  }
  *logarithm = sum;
  *sign = product;
done:
  lati_floating_leave(&saved);
  return status;
}
