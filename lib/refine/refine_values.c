/* Refinement where only values are known: inverse iteration with the values as shifts, and one step
 * with the Rayleigh quotient, finds approximate vectors, from which refine_symmetric.c and
 * refine_svd.c go on. Each new vector is made orthogonal to those before it, so values that are too
 * far off to tell their vectors apart still give a full set. */
#include "linalg/dense.h"
#include "linalg/matrix.h"
#include "linalg/symmetric_indefinite.h"
#include "refine/refine.h"

#include <math.h>
#include <string.h>

/* Solves for each vector: with the value as shift, the last with the Rayleigh quotient. */
enum { SOLVES = 3 };

/* A vector that loses more than this to those before it is replaced by a unit vector. */
#define LEAST_REMAINDER 1e-3

static double norm_of(const double *x, int32_t n, int32_t stride) {
  double sum = 0;
  for (int32_t i = 0; i < n; ++i) {
    sum += x[i * stride] * x[i * stride];
  }
  return sqrt(sum);
}

/* Takes the parts along columns 0..j-1 of q (n x k) from column j, and makes its norm 1; returns 0
 * where too little of it is left, or it is not finite. */
static int orthonormalise(double *q, int32_t n, int32_t k, int32_t j) {
  for (int32_t pass = 0; pass < 2; ++pass) {
    const double before = norm_of(q + j, n, k);
    for (int32_t l = 0; l < j; ++l) {
      double dot = 0;
      for (int32_t i = 0; i < n; ++i) {
        dot += q[i * k + l] * q[i * k + j];
      }
      for (int32_t i = 0; i < n; ++i) {
        q[i * k + j] -= dot * q[i * k + l];
      }
    }
    const double norm = norm_of(q + j, n, k);
    if (!(norm > LEAST_REMAINDER * before) || !isfinite(norm)) {
      return 0;
    }
    for (int32_t i = 0; i < n; ++i) {
      q[i * k + j] /= norm;
    }
  }
  return 1;
}

/* Column j of q becomes orthonormal to those before it, whatever it was: one of any n unit vectors
 * keeps at least 1 / sqrt n. */
static void complete(double *q, int32_t n, int32_t k, int32_t j) {
  int done = orthonormalise(q, n, k, j);
  for (int32_t unit = 0; !done && unit < n; ++unit) {
    for (int32_t i = 0; i < n; ++i) {
      q[i * k + j] = i == (unit + j) % n;
    }
    done = orthonormalise(q, n, k, j);
  }
}

/* Inverse iteration on the symmetric s (n x n). */
typedef struct iteration {
  const double *s;
  int32_t n;
  double *factors; /* n x n */
  double *x;       /* n */
  int32_t *pivots;
} iteration;

static size_t iteration_work(int32_t n) {
  return (size_t)n * (size_t)n + (size_t)n + ((size_t)n + 1) / 2;
}

static void set_up_iteration(iteration *it, const double *s, int32_t n, double *work) {
  *it = (iteration){.s = s, .n = n, .factors = work, .x = work + (size_t)n * (size_t)n};
  it->pivots = (int32_t *)(void *)(it->x + n);
}

static void factorise(iteration *it, double shift) {
  const int32_t n = it->n;
  memcpy(it->factors, it->s, (size_t)n * (size_t)n * sizeof *it->factors);
  for (int32_t i = 0; i < n; ++i) {
    it->factors[i * (n + 1)] -= shift;
  }
  lati_factorise_symmetric(it->factors, it->pivots, n);
}

/* x <- (S - shift I)^-1 x, of norm 1, with the shift last factorised; zeros where that cannot be
 * had. */
static void solve(iteration *it) {
  const int32_t n = it->n;
  lati_solve_symmetric(it->x, it->factors, it->pivots, n);
  const double norm = norm_of(it->x, n, 1);
  for (int32_t i = 0; i < n; ++i) {
    it->x[i] = isfinite(norm) && norm > 0 ? it->x[i] / norm : 0;
  }
}

static double rayleigh_quotient(const iteration *it) {
  const int32_t n = it->n;
  double sum = 0;
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      sum += it->x[i] * it->s[i * n + j] * it->x[j];
    }
  }
  return sum;
}

/* A start that is orthogonal to no coordinate vector, and differs from value to value. */
static void start(double *x, int32_t n, int32_t value) {
  for (int32_t i = 0; i < n; ++i) {
    x[i] = 1 + 0.5 * sin(1 + 3 * i + 7 * value);
  }
}

/* A shift that is an eigenvalue to the last digit would divide by zero. */
static double off_shift(double value, double norm) {
  return value + 1e-10 * norm;
}

/* Factorises the shift of the first solves, which is the value, and that of the last. */
static void shift_for(iteration *it, int32_t solve_number, double value, double norm) {
  if (solve_number == 0 || solve_number + 1 == SOLVES) {
    factorise(it, off_shift(solve_number == 0 ? value : rayleigh_quotient(it), norm));
  }
}

/* Column j of q (n x n) becomes the vector to `value`. */
static void find_eigenvector(iteration *it, double *q, int32_t j, double value, double norm) {
  const int32_t n = it->n;
  start(it->x, n, j);
  for (int32_t i = 0; i < SOLVES; ++i) {
    shift_for(it, i, value, norm);
    solve(it);
    for (int32_t row = 0; row < n; ++row) {
      q[row * n + j] = it->x[row];
    }
    complete(q, n, n, j);
    for (int32_t row = 0; row < n; ++row) {
      it->x[row] = q[row * n + j];
    }
  }
}

size_t lati_refine_eigenvalues_work(int32_t n) {
  const size_t iterating = iteration_work(n), refining = lati_refine_symmetric_work(n);
  return 2 * (size_t)n * (size_t)n + (size_t)n + (iterating > refining ? iterating : refining);
}

lat_status lati_refine_eigenvalues(lati_refinement *refinement, double *values, const double *a,
                                   int32_t n, double *work) {
  const size_t count = (size_t)n * (size_t)n;
  double *s = work, *vectors = s + count, *ascending = vectors + count, *rest = ascending + n;
  const int32_t power = lati_refine_power(a, (int64_t)count);
  iteration it;
  lati_scaled_symmetric(s, a, n, power);
  const double norm = lati_frobenius(s, (int64_t)count);
  set_up_iteration(&it, s, n, rest);
  for (int32_t j = 0; j < n; ++j) {
    find_eigenvector(&it, vectors, j, fmax(-norm, fmin(norm, ldexp(values[j], power))), norm);
  }
  const lat_status status = lati_refine_symmetric(refinement, ascending, vectors, s, n, rest);
  refinement->steps += 1; /* the inverse iteration */
  if (status == LAT_OK && refinement->converged) {
    for (int32_t i = 0; i < n; ++i) {
      values[i] = ldexp(ascending[n - 1 - i], -power);
    }
  }
  return status;
}

/* Column j of v (n x n) becomes the right vector to `value`, by inverse iteration on A^T A. What
 * squaring takes from the vectors of small values, refinement brings back. */
static void find_right_vector(iteration *it, double *v, int32_t j, double value, double norm) {
  const int32_t n = it->n;
  start(it->x, n, j);
  for (int32_t i = 0; i < SOLVES; ++i) {
    shift_for(it, i, value * value, norm * norm);
    solve(it);
  }
  for (int32_t row = 0; row < n; ++row) {
    v[row * n + j] = it->x[row];
  }
  complete(v, n, n, j);
}

size_t lati_refine_singular_values_work(int32_t rows, int32_t cols) {
  const size_t m = (size_t)rows, n = (size_t)cols;
  const size_t most = m > n ? m : n;
  const size_t iterating = most * most + iteration_work(rows > cols ? rows : cols);
  const size_t refining = lati_refine_svd_work(rows, cols);
  return m * n + 2 * most * most + most + (iterating > refining ? iterating : refining);
}

lat_status lati_refine_singular_values(lati_refinement *refinement, double *s, const double *a,
                                       int32_t rows, int32_t cols, double *work) {
  const int32_t m = rows < cols ? cols : rows, n = rows < cols ? rows : cols;
  double *tall = work, *u = tall + m * n, *v = u + m * m, *found = v + n * n, *rest = found + n;
  const int32_t power = lati_refine_power(a, (int64_t)m * n);
  iteration it;
  lati_multiply_by_power(tall, a, (size_t)m * (size_t)n, power);
  if (rows < cols) {
    memcpy(rest, tall, (size_t)m * (size_t)n * sizeof *rest);
    lati_transpose(tall, rest, rows, cols);
  }
  lati_multiply_transposed(rest, tall, tall, n, m, n);
  const double norm = lati_frobenius(tall, (int64_t)m * n);
  set_up_iteration(&it, rest, n, rest + (size_t)n * (size_t)n);
  for (int32_t j = 0; j < n; ++j) {
    find_right_vector(&it, v, j, fmax(0, fmin(norm, ldexp(s[j], power))), norm);
  }
  lati_multiply(u, tall, v, m, n, n);
  for (int32_t j = 0; j < n; ++j) {
    complete(u, m, n, j);
  }
  const lat_status status = lati_refine_svd(refinement, found, u, v, tall, m, n, rest);
  refinement->steps += 1; /* the inverse iteration */
  if (status == LAT_OK && refinement->converged) {
    lati_multiply_by_power(s, found, (size_t)n, -power);
  }
  return status;
}
