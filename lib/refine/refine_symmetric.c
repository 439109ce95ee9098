/* Refinement of all eigenvectors of a symmetric matrix, after T. Ogita and K. Aishima, "Iterative
 * refinement for symmetric eigenvalue decomposition" (2018, 2019). With R = I - X^T X and
 * S = X^T A X: l_i = S_ii / (1 - R_ii), and X <- X (I + R/2 + K) with the antisymmetric
 * K_ij = (S_ij + (l_i + l_j) R_ij / 2) / (l_j - l_i). Values closer than a distance form a cluster,
 * in which K is zero and the vectors are rotated to diagonalise their block of S instead. The
 * papers' distance is e = 2 (|S - diag l| + |A| |R|). A rotation of a cluster's vectors among
 * themselves hardly shows in e, and is corrected only where it is smaller than the relative gap, so
 * the distance here is sqrt(e |A|), which is larger: a cluster taken too large costs time and
 * nothing else. */
#include "linalg/dense.h"
#include "linalg/lapack.h"
#include "linalg/matrix.h"
#include "refine/columns.h"
#include "refine/refine.h"

#include <math.h>
#include <string.h>

typedef struct state {
  int32_t n;
  double *a; /* scaled by a power of two */
  double *x, *best;
  double *r, *s; /* I - X^T X, X^T A X; s is work beside */
  double *values;
  double *product; /* A X, and other work of n x n */
  double *block;   /* of a cluster: n x n, its eigenvalues n, LAPACK's work */
  double a_norm, r_norm;
  double off_diagonal; /* |S - diag l|_F */
  double defect;
} state;

size_t lati_refine_symmetric_work(int32_t n) {
  const size_t count = (size_t)n * (size_t)n;
  return 7 * count + 2 * (size_t)n + lati_lapack_work(n, n);
}

static void set_up(state *to, const double *a, const double *vectors, int32_t n, int32_t power,
                   double *work) {
  const size_t count = (size_t)n * (size_t)n;
  *to = (state){.n = n, .a = work};
  to->x = to->a + count;
  to->best = to->x + count;
  to->r = to->best + count;
  to->s = to->r + count;
  to->product = to->s + count;
  to->values = to->product + count;
  to->block = to->values + n;
  lati_multiply_by_power(to->a, a, count, power);
  memcpy(to->x, vectors, count * sizeof *vectors);
  to->a_norm = lati_frobenius(to->a, (int64_t)count);
}

/* |A X - X L|_F, with A X in product, which it overwrites. */
static double residual(state *it) {
  const size_t n = (size_t)it->n;
  for (size_t i = 0; i < n * n; ++i) {
    it->product[i] -= it->x[i] * it->values[i % n];
  }
  return lati_frobenius(it->product, (int64_t)(n * n));
}

/* R, S, l and the norms of the current X. */
static void measure(state *it) {
  const int32_t n = it->n;
  double sum = 0;
  lati_multiply(it->product, it->a, it->x, n, n, n);
  lati_multiply_transposed(it->s, it->x, it->product, n, n, n);
  it->r_norm = lati_orthonormality_defect(it->r, it->x, n, n);
  for (int32_t i = 0; i < n; ++i) {
    it->values[i] = it->s[i * n + i] / (1 - it->r[i * n + i]);
    for (int32_t j = 0; j < i; ++j) {
      const double mean = (it->s[i * n + j] + it->s[j * n + i]) / 2;
      it->s[i * n + j] = it->s[j * n + i] = mean;
      sum += 2 * mean * mean;
    }
    const double diagonal = it->s[i * n + i] - it->values[i];
    sum += diagonal * diagonal;
  }
  it->off_diagonal = sqrt(sum);
  const double relative = it->a_norm > 0 ? residual(it) / it->a_norm : 0;
  it->defect = fmax(relative, it->r_norm);
  it->defect = isnan(relative) || isnan(it->r_norm) ? INFINITY : it->defect;
}

/* Puts the columns of X in the order of ascending values; returns 1 when it changed. */
static int sort_columns(state *it) {
  const int32_t n = it->n;
  int changed = 0;
  for (int32_t i = 1; i < n; ++i) {
    for (int32_t j = i; j > 0 && it->values[j - 1] > it->values[j]; --j) {
      const double value = it->values[j];
      it->values[j] = it->values[j - 1];
      it->values[j - 1] = value;
      lati_swap_columns(it->x, n, n, j);
      changed = 1;
    }
  }
  return changed;
}

/* Where the cluster that begins at value `first` ends. */
static int32_t cluster_end(const state *it, int32_t first, double delta) {
  int32_t end = first + 1;
  while (end < it->n && it->values[end] - it->values[end - 1] < delta) {
    ++end;
  }
  return end;
}

/* Columns first..end-1 of X become orthonormal, and diagonalise their block of X^T A X. */
static lat_status rotate_cluster(state *it, int32_t first, int32_t end) {
  const int32_t n = it->n, k = end - first;
  double *columns = it->product, *image = it->s, *values = it->block + k * k;
  lati_orthonormalise_columns(it->x, n, n, first, first, end);
  lati_take_columns(columns, it->x, n, n, first, k);
  lati_multiply(image, it->a, columns, n, n, k);
  lati_multiply_transposed(it->block, columns, image, k, n, k);
  /* LAPACK's column-major eigenvectors are their transpose by rows. */
  const lat_status status = lati_lapack_syevd(it->block, values, k, 1, values + k);
  if (status != LAT_OK) {
    return status;
  }
  lati_put_rotated_columns(it->x, n, n, first, columns, it->block, k, k);
  return LAT_OK;
}

/* X <- X (I + R/2 + K); K is zero between values closer than delta. */
static void correct(state *it, double delta) {
  const int32_t n = it->n;
  double *correction = it->s;
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < i; ++j) {
      const double gap = it->values[j] - it->values[i];
      const double r = it->r[i * n + j];
      const double k = fabs(gap) < delta || gap == 0
                           ? 0
                           : (it->s[i * n + j] + (it->values[i] + it->values[j]) * r / 2) / gap;
      correction[i * n + j] = r / 2 + k;
      correction[j * n + i] = r / 2 - k;
    }
    correction[i * n + i] = 1 + it->r[i * n + i] / 2;
  }
  lati_multiply(it->product, it->x, correction, n, n, n);
  memcpy(it->x, it->product, (size_t)n * (size_t)n * sizeof *it->x);
}

static double cluster_distance(const state *it) {
  const double error = 2 * (it->off_diagonal + it->a_norm * it->r_norm);
  return lati_cluster_distance(error, it->a_norm);
}

static lat_status take_step(state *it) {
  const double delta = cluster_distance(it);
  int rotated = 0;
  for (int32_t first = 0; first < it->n;) {
    const int32_t end = cluster_end(it, first, delta);
    if (end - first > 1) {
      const lat_status status = rotate_cluster(it, first, end);
      if (status != LAT_OK) {
        return status;
      }
      rotated = 1;
    }
    first = end;
  }
  if (rotated) {
    measure(it);
  }
  correct(it, delta);
  measure(it);
  if (sort_columns(it)) {
    measure(it);
  }
  return LAT_OK;
}

static void keep(lati_refinement *refinement, state *it) {
  memcpy(it->best, it->x, (size_t)it->n * (size_t)it->n * sizeof *it->x);
  refinement->after = it->defect;
}

lat_status lati_refine_symmetric(lati_refinement *refinement, double *values, double *vectors,
                                 const double *a, int32_t n, double *work) {
  lat_status status = LAT_OK;
  state it;
  const int32_t power = lati_refine_power(a, (int64_t)n * n);
  set_up(&it, a, vectors, n, power, work);
  measure(&it);
  refinement->steps = 0;
  refinement->before = it.defect;
  if (sort_columns(&it)) {
    measure(&it);
  }
  keep(refinement, &it);
  while (refinement->steps < refinement->most_steps && it.r_norm < 1 &&
         refinement->after > refinement->tolerance) {
    LATI_TRY(take_step(&it));
    if (!(it.defect < refinement->after)) {
      break;
    }
    keep(refinement, &it);
    refinement->steps += 1;
  }
  refinement->converged = refinement->after <= refinement->tolerance;
  memcpy(it.x, it.best, (size_t)n * (size_t)n * sizeof *it.x);
  measure(&it);
  memcpy(vectors, it.best, (size_t)n * (size_t)n * sizeof *vectors);
  lati_multiply_by_power(values, it.values, (size_t)n, -power);
done:
  return status;
}
