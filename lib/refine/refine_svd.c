/* Refinement of a singular value decomposition, after K. Aishima and T. Ogita, "Iterative
 * refinement for singular value decomposition based on matrix multiplication" (2020). For A (m x n,
 * m >= n) with U (m x m) and V (n x n): R = I - U^T U, S = I - V^T V, T = U^T A V, s_i = T_ii / (1
 * - (R_ii + S_ii) / 2),  C_ij = T_ij + R_ij s_j / 2 + s_i S_ij / 2, K_ij = (C_ij s_j + C_ji s_i) /
 * (s_j^2 - s_i^2),  H_ij = (C_ij s_i + C_ji s_j) / (s_j^2 - s_i^2), and in rows i > n, where C
 * lacks its last term, K_ij = C_ij / s_j = -K_ji; U <- U (I + R/2 + K),  V <- V (I + S/2 + H).
 * Values closer than a distance (see refine_symmetric.c) form a cluster, in which K and H are zero
 * and the vectors are rotated to diagonalise their block of T; a cluster that reaches 0 takes the
 * complement of U's first n columns with it. */
#include "linalg/dense.h"
#include "linalg/lapack.h"
#include "linalg/matrix.h"
#include "refine/columns.h"
#include "refine/refine.h"

#include <math.h>
#include <string.h>

typedef struct state {
  int32_t m, n;
  double *a; /* m x n, scaled by a power of two */
  double *u, *v, *best_u, *best_v;
  double *r, *s, *t;    /* I - U^T U, I - V^T V, U^T A V */
  double *values;       /* n */
  double *left, *right; /* work of m x m each */
  double *block;        /* of a cluster: U_g^T A V_g, its factors, LAPACK's work */
  double a_norm, r_norm, s_norm;
  double off_diagonal; /* |T - diag s|_F */
  double defect;
} state;

static size_t square(int32_t n) {
  return (size_t)n * (size_t)n;
}

static size_t block_work(int32_t m, int32_t n) {
  return 2 * (size_t)m * (size_t)n + square(n) + (size_t)n + lati_lapack_work(m, n);
}

size_t lati_refine_svd_work(int32_t rows, int32_t cols) {
  const int32_t m = rows > cols ? rows : cols, n = rows > cols ? cols : rows;
  return 2 * (size_t)m * (size_t)n + 5 * square(m) + 3 * square(n) + (size_t)n + block_work(m, n);
}

static void set_up(state *to, int32_t m, int32_t n, double *work) {
  const size_t mm = square(m), nn = square(n), mn = (size_t)m * (size_t)n;
  *to = (state){.m = m, .n = n, .a = work};
  to->t = to->a + mn;
  to->u = to->t + mn;
  to->best_u = to->u + mm;
  to->r = to->best_u + mm;
  to->left = to->r + mm;
  to->right = to->left + mm;
  to->v = to->right + mm;
  to->best_v = to->v + nn;
  to->s = to->best_v + nn;
  to->values = to->s + nn;
  to->block = to->values + n;
}

/* |A V - U diag s|^2 + |A^T U - V diag s|^2, over the first n columns of U. */
static double residual(state *it) {
  const int32_t m = it->m, n = it->n;
  double sum = 0;
  lati_multiply(it->left, it->a, it->v, m, n, n);
  for (int32_t i = 0; i < m; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      const double d = it->left[i * n + j] - it->u[i * m + j] * it->values[j];
      sum += d * d;
    }
  }
  lati_multiply_transposed(it->left, it->a, it->u, n, m, m);
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      const double d = it->left[i * m + j] - it->v[i * n + j] * it->values[j];
      sum += d * d;
    }
  }
  return sqrt(sum);
}

static void negate_column(double *x, int32_t rows, int32_t cols, int32_t col) {
  for (int32_t i = 0; i < rows; ++i) {
    x[i * cols + col] *= -1;
  }
}

/* T, R, S, s and the norms of the current U and V; columns of V take the sign that makes s >= 0. */
static void measure(state *it) {
  const int32_t m = it->m, n = it->n;
  double sum = 0;
  lati_multiply(it->left, it->a, it->v, m, n, n);
  lati_multiply_transposed(it->t, it->u, it->left, m, m, n);
  for (int32_t j = 0; j < n; ++j) {
    if (it->t[j * n + j] < 0) {
      negate_column(it->t, m, n, j);
      negate_column(it->v, n, n, j);
    }
  }
  it->r_norm = lati_orthonormality_defect(it->r, it->u, m, m);
  it->s_norm = lati_orthonormality_defect(it->s, it->v, n, n);
  for (int32_t j = 0; j < n; ++j) {
    it->values[j] = it->t[j * n + j] / (1 - (it->r[j * m + j] + it->s[j * n + j]) / 2);
    for (int32_t i = 0; i < m; ++i) {
      const double d = it->t[i * n + j] - (i == j ? it->values[j] : 0);
      sum += d * d;
    }
  }
  it->off_diagonal = sqrt(sum);
  const double relative = it->a_norm > 0 ? residual(it) / it->a_norm : 0;
  it->defect = fmax(relative, fmax(it->r_norm, it->s_norm));
  it->defect = isnan(relative + it->r_norm + it->s_norm) ? INFINITY : it->defect;
}

/* Puts the triplets in the order of descending values, and measures again where that changed one.
 */
static void sort_triplets(state *it) {
  int changed = 0;
  for (int32_t i = 1; i < it->n; ++i) {
    for (int32_t j = i; j > 0 && it->values[j - 1] < it->values[j]; --j) {
      const double value = it->values[j];
      it->values[j] = it->values[j - 1];
      it->values[j - 1] = value;
      lati_swap_columns(it->u, it->m, it->m, j);
      lati_swap_columns(it->v, it->n, it->n, j);
      changed = 1;
    }
  }
  if (changed) {
    measure(it);
  }
}

/* The cluster first..end-1: its block U_g^T A V_g = P diag(w) Q^T, U_g <- U_g P and V_g <- V_g Q. A
 * cluster that reaches 0 is the last, and has U's complement in U_g, which is completed anew. */
static lat_status rotate_cluster(state *it, int32_t first, int32_t end, int with_complement) {
  const int32_t m = it->m, n = it->n, k = end - first;
  const int32_t rows = with_complement ? m - first : k;
  double *w = it->block + rows * k, *p = w + k, *qt = p + rows * k, *q = it->right;
  lati_orthonormalise_columns(it->u, m, m, first, first, first + rows);
  lati_orthonormalise_columns(it->v, n, n, first, first, end);
  lati_take_columns(it->left, it->u, m, m, first, rows);
  lati_take_columns(it->right, it->v, n, n, first, k);
  double *image = it->r; /* m x k; R is measured again */
  lati_multiply(image, it->a, it->right, m, n, k);
  double *transposed = it->t; /* (U_g^T A V_g)^T by rows is the block by columns */
  lati_multiply_transposed(transposed, image, it->left, k, m, rows);
  memcpy(it->block, transposed, (size_t)rows * (size_t)k * sizeof *transposed);
  const lat_status status = lati_lapack_gesdd(it->block, w, p, qt, rows, k, qt + k * k);
  if (status != LAT_OK) {
    return status;
  }
  lati_put_rotated_columns(it->u, m, m, first, it->left, p, rows, k);
  lati_take_columns(it->left, it->v, n, n, first, k);
  for (int32_t i = 0; i < k * k; ++i) { /* q = (qt)^T, both by columns */
    q[i] = qt[i / k + i % k * k];
  }
  lati_put_rotated_columns(it->v, n, n, first, it->left, q, k, k);
  if (with_complement) {
    lati_orthonormalise_columns(it->u, m, m, 0, n, m);
  }
  return LAT_OK;
}

/* U <- U (I + R/2 + K), V <- V (I + S/2 + H). */
static void correct(state *it, double delta) {
  const int32_t m = it->m, n = it->n;
  double *k = it->left, *h = it->right;
  for (int32_t i = 0; i < m * m; ++i) {
    k[i] = it->r[i] / 2 + (i % (m + 1) == 0);
  }
  for (int32_t i = 0; i < n * n; ++i) {
    h[i] = it->s[i] / 2 + (i % (n + 1) == 0);
  }
  for (int32_t j = 0; j < n; ++j) {
    const double sj = it->values[j];
    for (int32_t i = 0; i < j; ++i) {
      const double si = it->values[i];
      if (fabs(sj - si) < delta || sj == si) {
        continue;
      }
      const double half_r = it->r[i * m + j] / 2, half_s = it->s[i * n + j] / 2;
      const double c_ij = it->t[i * n + j] + half_r * sj + si * half_s;
      const double c_ji = it->t[j * n + i] + half_r * si + sj * half_s;
      const double gap = (sj - si) * (sj + si);
      const double k_ij = (c_ij * sj + c_ji * si) / gap, h_ij = (c_ij * si + c_ji * sj) / gap;
      k[i * m + j] += k_ij;
      k[j * m + i] -= k_ij;
      h[i * n + j] += h_ij;
      h[j * n + i] -= h_ij;
    }
    for (int32_t i = n; i < m && sj >= delta && sj > 0; ++i) {
      const double k_ij = (it->t[i * n + j] + it->r[i * m + j] * sj / 2) / sj;
      k[i * m + j] += k_ij;
      k[j * m + i] -= k_ij;
    }
  }
  lati_multiply(it->r, it->u, k, m, m, m);
  memcpy(it->u, it->r, square(m) * sizeof *it->u);
  lati_multiply(it->s, it->v, h, n, n, n);
  memcpy(it->v, it->s, square(n) * sizeof *it->v);
}

static double cluster_distance(const state *it) {
  const double error = 2 * (it->off_diagonal + it->a_norm * (it->r_norm + it->s_norm));
  return lati_cluster_distance(error, it->a_norm);
}

static int32_t cluster_end(const state *it, int32_t first, double delta) {
  int32_t end = first + 1;
  while (end < it->n && it->values[end - 1] - it->values[end] < delta) {
    ++end;
  }
  return end;
}

static lat_status take_step(state *it) {
  const double delta = cluster_distance(it);
  int rotated = 0;
  for (int32_t first = 0; first < it->n;) {
    const int32_t end = cluster_end(it, first, delta);
    const int reaches_zero = end == it->n && it->values[end - 1] < delta;
    if (end - first > 1 || reaches_zero) {
      const lat_status status = rotate_cluster(it, first, end, reaches_zero);
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
  sort_triplets(it);
  return LAT_OK;
}

static void keep(lati_refinement *refinement, state *it) {
  memcpy(it->best_u, it->u, square(it->m) * sizeof *it->u);
  memcpy(it->best_v, it->v, square(it->n) * sizeof *it->v);
  refinement->after = it->defect;
}

static lat_status refine(lati_refinement *refinement, state *it) {
  measure(it);
  refinement->steps = 0;
  sort_triplets(it);
  refinement->before = it->defect;
  keep(refinement, it);
  while (refinement->steps < refinement->most_steps && it->r_norm < 1 && it->s_norm < 1 &&
         refinement->after > refinement->tolerance) {
    const lat_status status = take_step(it);
    if (status != LAT_OK) {
      return status;
    }
    if (!(it->defect < refinement->after)) {
      break;
    }
    keep(refinement, it);
    refinement->steps += 1;
  }
  refinement->converged = refinement->after <= refinement->tolerance;
  memcpy(it->u, it->best_u, square(it->m) * sizeof *it->u);
  memcpy(it->v, it->best_v, square(it->n) * sizeof *it->v);
  measure(it);
  return LAT_OK;
}

lat_status lati_refine_svd(lati_refinement *refinement, double *s, double *u, double *v,
                           const double *a, int32_t rows, int32_t cols, double *work) {
  const int wide = rows < cols;
  const int32_t m = wide ? cols : rows, n = wide ? rows : cols;
  double *tall_u = wide ? v : u, *tall_v = wide ? u : v;
  const int32_t power = lati_refine_power(a, (int64_t)rows * cols);
  state it;
  set_up(&it, m, n, work);
  for (int32_t i = 0; i < m * n; ++i) {
    it.a[i] = ldexp(wide ? a[i % n * m + i / n] : a[i], power);
  }
  it.a_norm = lati_frobenius(it.a, (int64_t)m * n);
  for (int32_t i = 0; i < m; ++i) {
    for (int32_t j = 0; j < m; ++j) {
      it.u[i * m + j] = j < n ? tall_u[i * n + j] : 0;
    }
  }
  memcpy(it.v, tall_v, square(n) * sizeof *it.v);
  lati_orthonormalise_columns(it.u, m, m, 0, n, m);
  const lat_status status = refine(refinement, &it);
  if (status == LAT_OK) {
    lati_take_columns(tall_u, it.u, m, m, 0, n);
    memcpy(tall_v, it.v, square(n) * sizeof *it.v);
    lati_multiply_by_power(s, it.values, (size_t)n, -power);
  }
  return status;
}
