/* Kronecker sums A (x) I + I (x) B. Where every part is dense and symmetric, or diagonal, basis is
 * the Kronecker product V of the parts' orthogonal eigenvectors and spectrum the diagonal of
 * V^T (sum) V, in the order of V's columns, times 2^power. */
#include "base/floating.h"
#include "linalg/lapack.h"
#include "linalg/matrix.h"
#include "operator/operator_impl.h"

#include <float.h>
#include <string.h>

/* term (count, size) = part p along its mode of input. */
static lat_status act(const lat_operator *op, int32_t p, double *term, const double *input,
                      double *scratch, int64_t count) {
  int64_t left = count, right = op->size;
  for (int32_t i = 0; i <= p; ++i) {
    right /= op->parts[i]->size;
    left *= i < p ? op->parts[i]->size : 1;
  }
  memcpy(term, input, (size_t)(op->size * count) * sizeof *term);
  return lati_operator_act_along(op->parts[p], LATI_OPERATOR_APPLY, term, left, right, scratch);
}

static lat_status apply(const lat_operator *op, double *x, int64_t count) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  const int64_t values = op->size * count;
  LATI_TRY(LATI_NEW(memory, op->ctx, 3 * values));
  double *input = memory, *term = input + values, *scratch = term + values;
  memcpy(input, x, (size_t)values * sizeof *x);
  memset(x, 0, (size_t)values * sizeof *x);
  for (int32_t p = 0; p < op->part_count; ++p) {
    LATI_TRY(act(op, p, term, input, scratch, count));
    for (int64_t i = 0; i < values; ++i) {
      x[i] += term[i];
    }
  }
done:
  lati_free(memory);
  return status;
}

/* x = V diag(1 / l) V^-1 b. */
static lat_status solve_in_basis(const lat_operator *op, double *x, int64_t count) {
  lat_status status = LAT_OK;
  LATI_TRY(lati_operator_act(op->basis, LATI_OPERATOR_SOLVE, x, count));
  for (int64_t v = 0; v < count; ++v) {
    for (int64_t i = 0; i < op->size; ++i) {
      x[v * op->size + i] /= op->spectrum[i];
    }
  }
  LATI_TRY(lati_operator_act(op->basis, LATI_OPERATOR_APPLY, x, count));
done:
  return status;
}

static lat_status solve(const lat_operator *op, double *x, int64_t count) {
  if (op->basis != NULL) {
    return lati_operator_act_scaled(op, solve_in_basis, op->power, x, count);
  }
  if (op->symmetric) {
    return lati_operator_solve_by_iteration(op, x, count);
  }
  return lati_fail(LAT_ERROR_UNSUPPORTED,
                   "a Kronecker sum is solved where all of its parts are symmetric");
}

/* The first `known` sums become known n sums with the numbers of a part (n, real parts first),
 * times 2^power. */
static void add_part(double *real, double *imaginary, int64_t known, const double *of_part,
                     int64_t n, int32_t power) {
  for (int64_t i = known - 1; i >= 0; --i) { /* from the end, which is not read again */
    const double a = real[i], b = imaginary[i];
    for (int64_t k = n - 1; k >= 0; --k) {
      real[i * n + k] = a + ldexp(of_part[k], power);
      imaginary[i * n + k] = b + ldexp(of_part[n + k], power);
    }
  }
}

/* Sums of the parts' numbers, which lie one part after the other, times 2^*power so that none
 * overflows. */
static void add_parts(double *real, double *imaginary, int32_t *power, const lat_operator *op,
                      const double *of_parts, int64_t values) {
  int64_t known = 1;
  *power = lati_operator_power(of_parts, values);
  real[0] = imaginary[0] = 0;
  for (int32_t p = 0; p < op->part_count; ++p) {
    const int64_t n = op->parts[p]->size;
    add_part(real, imaginary, known, of_parts, n, *power);
    of_parts += 2 * n;
    known *= n;
  }
}

static int64_t values_of_parts(const lat_operator *op) {
  int64_t values = 0;
  for (int32_t p = 0; p < op->part_count; ++p) {
    values += 2 * op->parts[p]->size;
  }
  return values;
}

static lat_status scaled_eigenvalues(double *real, double *imaginary, int32_t *power,
                                     const lat_operator *op) {
  lat_status status = LAT_OK;
  double *of_parts = NULL;
  const int64_t values = values_of_parts(op);
  LATI_TRY(LATI_NEW(of_parts, op->ctx, values));
  double *of_part = of_parts;
  for (int32_t p = 0; p < op->part_count; ++p) {
    const lat_operator *part = op->parts[p];
    LATI_TRY(part->kind->eigenvalues(of_part, of_part + part->size, part));
    of_part += 2 * part->size;
  }
  add_parts(real, imaginary, power, op, of_parts, values);
done:
  lati_free(of_parts);
  return status;
}

static lat_status eigenvalues(double *real, double *imaginary, const lat_operator *op) {
  lat_status status = LAT_OK;
  int32_t power = 0;
  LATI_TRY(scaled_eigenvalues(real, imaginary, &power, op));
  lati_operator_multiply(real, 1, op->size, -power);
  lati_operator_multiply(imaginary, 1, op->size, -power);
done:
  return status;
}

static lat_status log_determinant(double *logarithm, int32_t *sign, const lat_operator *op) {
  lat_status status = LAT_OK;
  double *numbers = NULL;
  int32_t power = 0;
  *logarithm = -INFINITY;
  *sign = 0;
  if (op->singular) {
    return LAT_OK;
  }
  LATI_TRY(LATI_NEW(numbers, op->ctx, 2 * op->size));
  LATI_TRY(scaled_eigenvalues(numbers, numbers + op->size, &power, op));
  lati_operator_log_product(logarithm, sign, numbers, numbers + op->size, op->size);
  *logarithm -= (double)op->size * power * log(2);
done:
  lati_free(numbers);
  return status;
}

static const lati_operator_kind kind = {"Kronecker sum", apply, solve, eigenvalues,
                                        log_determinant};

static int has_known_eigenvectors(const lat_operator *part) {
  return part->kind == &lati_operator_diagonal_kind ||
         (part->kind == &lati_operator_dense_kind && part->symmetric);
}

/* Eigenvalues w (n) of a part, and its eigenvectors as an operator. */
static lat_status diagonalise(lat_operator **vectors, double *w, const lat_operator *part) {
  lat_status status = LAT_OK;
  double *matrix = NULL, *work = NULL;
  const int32_t n = (int32_t)part->size;
  if (part->kind == &lati_operator_diagonal_kind) {
    memcpy(w, part->values, (size_t)n * sizeof *w);
    LATI_TRY(LATI_NEW(matrix, part->ctx, n));
    for (int32_t i = 0; i < n; ++i) {
      matrix[i] = 1;
    }
    LATI_TRY(lat_operator_create_diagonal(vectors, part->ctx, matrix, n));
  } else {
    LATI_TRY(LATI_NEW(matrix, part->ctx, (int64_t)n * n));
    LATI_TRY(LATI_NEW(work, part->ctx, lati_lapack_work(n, n)));
    memcpy(matrix, part->values, (size_t)n * (size_t)n * sizeof *matrix);
    LATI_TRY(lati_lapack_syevd(matrix, w, n, 1, work));
    const lat_matrix columns = {matrix, n, n, n, LAT_COLUMN_MAJOR};
    LATI_TRY(lat_operator_create_dense(vectors, part->ctx, &columns));
  }
done:
  lati_free(work);
  lati_free(matrix);
  return status;
}

/* Rounding errors of a part's eigenvalues w (n): those of LAPACK's are of the size of its largest.
 */
static void bound_errors(double *errors, const double *w, const lat_operator *part) {
  const int64_t n = part->size;
  const double largest = lati_norm_max(w, (size_t)n);
  for (int64_t i = 0; i < n; ++i) {
    errors[i] = part->kind == &lati_operator_diagonal_kind ? DBL_EPSILON * fabs(w[i])
                                                           : (double)n * DBL_EPSILON * largest;
  }
}

/* Errors take the place of imaginary parts, and are added up like eigenvalues. */
static lat_status find_basis(lat_operator *op) {
  lat_status status = LAT_OK;
  lat_operator **vectors = NULL;
  double *of_parts = NULL;
  const int64_t values = values_of_parts(op);
  LATI_TRY(LATI_NEW(op->spectrum, op->ctx, 2 * op->size));
  LATI_TRY(LATI_NEW(vectors, op->ctx, op->part_count));
  LATI_TRY(LATI_NEW(of_parts, op->ctx, values));
  double *w = of_parts;
  for (int32_t p = 0; p < op->part_count; ++p) {
    const int64_t n = op->parts[p]->size;
    LATI_TRY(diagonalise(&vectors[p], w, op->parts[p]));
    if (!lati_all_finite(w, (size_t)n)) {
      LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "part %d: an eigenvalue overflows", p));
    }
    bound_errors(w + n, w, op->parts[p]);
    w += 2 * n;
  }
  LATI_TRY(lat_operator_create_kronecker(&op->basis, vectors, op->part_count));
  add_parts(op->spectrum, op->spectrum + op->size, &op->power, op, of_parts, values);
  for (int64_t i = 0; i < op->size; ++i) {
    op->singular |= fabs(op->spectrum[i]) <= op->spectrum[op->size + i];
  }
done:
  for (int32_t p = 0; vectors != NULL && p < op->part_count; ++p) {
    lat_operator_free(vectors[p]);
  }
  lati_free(of_parts);
  lati_free(vectors);
  return status;
}

static lat_status create(lat_operator **out, lat_operator *const *parts, int32_t count) {
  lat_status status = LAT_OK;
  lat_operator *op = NULL;
  int64_t size = 0;
  int known = 1;
  LATI_TRY(lati_operator_check_parts(parts, count));
  LATI_TRY(lati_operator_product_size(&size, parts, count));
  LATI_TRY(lati_operator_new_of_parts(&op, &kind, parts, count, size));
  op->singular = 0; /* parts that are singular do not make the sum so */
  for (int32_t p = 0; p < count; ++p) {
    known &= has_known_eigenvectors(parts[p]);
  }
  if (known) {
    LATI_TRY(find_basis(op));
  }
  *out = op;
  op = NULL;
done:
  lat_operator_free(op);
  return status;
}

lat_status lat_operator_create_kronecker_sum(lat_operator **out, lat_operator *const *parts,
                                             int32_t count) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  const lat_status status = create(out, parts, count);
  lati_floating_leave(&saved);
  return status;
}
