/* Canonical forms of matrices under permutations and signs of rows and columns, and the way back.
 * Ties keep the caller's order; where a sign is wanted, 0 counts as positive. */
#include "task/canonical.h"

#include <math.h>
#include <string.h>

void lati_transform_start(lati_transform *transform, const lat_matrix *a) {
  *transform = (lati_transform){.rows = a->rows, .cols = a->cols, .sign = 1};
  for (int32_t i = 0; i < LAT_MAX_DIMENSION; ++i) {
    transform->row[i] = transform->col[i] = i;
    transform->row_factor[i] = transform->col_factor[i] = 1;
  }
}

static double sign_of(double value) {
  return value < 0 ? -1 : 1;
}

/* Entry (i, j) of C before transposition. */
static double entry(const lati_transform *transform, const lat_matrix *a, int32_t i, int32_t j) {
  const double value = lati_matrix_get(a, transform->row[i], transform->col[j]);
  return transform->sign * (transform->row_factor[i] * value) * transform->col_factor[j];
}

/* Sorts order[first..end-1] so that keys[order[i]] descend; equal keys keep their order. */
static void sort_descending(int32_t *order, const double *keys, int32_t first, int32_t end) {
  for (int32_t i = first + 1; i < end; ++i) {
    const int32_t moved = order[i];
    int32_t at = i;
    for (; at > first && keys[order[at - 1]] < keys[moved]; --at) {
      order[at] = order[at - 1];
    }
    order[at] = moved;
  }
}

/* Moves element `from` to the front; those before it move up by one. */
static void move_to_front(int32_t *order, int32_t from) {
  const int32_t moved = order[from];
  memmove(order + 1, order, (size_t)from * sizeof *order);
  order[0] = moved;
}

void lati_canonical_symmetric(lati_transform *transform, const lat_matrix *a) {
  const int32_t n = a->rows;
  double diagonal[LAT_MAX_DIMENSION];
  double trace = 0;
  lati_transform_start(transform, a);
  for (int32_t i = 0; i < n; ++i) {
    trace += lati_matrix_get(a, i, i);
  }
  transform->sign = sign_of(trace);
  for (int32_t i = 0; i < n; ++i) {
    diagonal[i] = transform->sign * lati_matrix_get(a, i, i);
  }
  sort_descending(transform->row, diagonal, 0, n);
  memcpy(transform->col, transform->row, sizeof transform->col);
  for (int32_t j = 1; j < n; ++j) {
    double first = 0;
    for (int32_t i = 0; i < j && first == 0; ++i) {
      first = entry(transform, a, i, j);
    }
    transform->row_factor[j] = transform->col_factor[j] = sign_of(first);
  }
}

/* Row and column of the entry of largest size among the first `cols` columns. */
static void find_largest(int32_t *row, int32_t *col, const lat_matrix *a, int32_t cols) {
  double largest = -1;
  for (int32_t i = 0; i < a->rows; ++i) {
    for (int32_t j = 0; j < cols; ++j) {
      const double size = fabs(lati_matrix_get(a, i, j));
      if (size > largest) {
        largest = size;
        *row = i;
        *col = j;
      }
    }
  }
}

/* Sorts rows 1.. by the first column and columns 1..cols-1 by the first row of C, signs included;
 * each sign stays with its row or column. */
static void sort_by_first(lati_transform *transform, const lat_matrix *a, int32_t cols) {
  double keys[LAT_MAX_DIMENSION] = {0}, signs[LAT_MAX_DIMENSION] = {0};
  const lati_transform before = *transform;
  for (int32_t i = 0; i < a->rows; ++i) {
    keys[before.row[i]] = entry(&before, a, i, 0);
    signs[before.row[i]] = before.row_factor[i];
  }
  sort_descending(transform->row, keys, 1, a->rows);
  for (int32_t i = 0; i < a->rows; ++i) {
    transform->row_factor[i] = signs[transform->row[i]];
  }
  for (int32_t j = 0; j < cols; ++j) {
    keys[before.col[j]] = entry(&before, a, 0, j);
    signs[before.col[j]] = before.col_factor[j];
  }
  sort_descending(transform->col, keys, 1, cols);
  for (int32_t j = 0; j < cols; ++j) {
    transform->col_factor[j] = signs[transform->col[j]];
  }
}

/* Signs that make first row and column >= 0. */
static void choose_signs(lati_transform *transform, const lat_matrix *a) {
  for (int32_t i = 0; i < a->rows; ++i) {
    transform->row_factor[i] = sign_of(entry(transform, a, i, 0));
  }
  for (int32_t j = 1; j < a->cols; ++j) {
    transform->col_factor[j] = sign_of(entry(transform, a, 0, j));
  }
}

void lati_canonical_general(lati_transform *transform, const lat_matrix *a) {
  int32_t row = 0, col = 0;
  lati_transform_start(transform, a);
  find_largest(&row, &col, a, a->cols);
  move_to_front(transform->row, row);
  move_to_front(transform->col, col);
  choose_signs(transform, a);
  sort_by_first(transform, a, a->cols);
}

static void exchange(int32_t *order, int32_t i, int32_t j) {
  const int32_t moved = order[i];
  order[i] = order[j];
  order[j] = moved;
}

/* left: the matrix of order n as elimination leaves it, in the caller's rows and columns. */
static void move_pivot(lati_transform *transform, double left[][LATI_MAX_PIVOTED], int32_t k,
                       int32_t n) {
  int32_t row = k, col = k;
  double largest = -1;
  for (int32_t i = k; i < n; ++i) {
    for (int32_t j = k; j < n; ++j) {
      const double size = fabs(left[transform->row[i]][transform->col[j]]);
      if (size > largest) {
        largest = size;
        row = i;
        col = j;
      }
    }
  }
  exchange(transform->row, k, row);
  exchange(transform->col, k, col);
}

static void eliminate(const lati_transform *transform, double left[][LATI_MAX_PIVOTED], int32_t k,
                      int32_t n) {
  const double *pivot = left[transform->row[k]];
  for (int32_t i = k + 1; i < n && pivot[transform->col[k]] != 0; ++i) {
    double *row = left[transform->row[i]];
    const double factor = row[transform->col[k]] / pivot[transform->col[k]];
    for (int32_t j = k + 1; j < n; ++j) {
      row[transform->col[j]] -= factor * pivot[transform->col[j]];
    }
  }
}

void lati_canonical_pivoted(lati_transform *transform, const lat_matrix *a) {
  double left[LATI_MAX_PIVOTED][LATI_MAX_PIVOTED];
  const int32_t n = a->rows;
  lati_transform_start(transform, a);
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      left[i][j] = lati_matrix_get(a, i, j);
    }
  }
  for (int32_t k = 0; k < n; ++k) {
    move_pivot(transform, left, k, n);
    eliminate(transform, left, k, n);
  }
  choose_signs(transform, a);
}

/* True when C's first row is lexicographically less than its first column. */
static int row_is_less(const lati_transform *transform, const lat_matrix *a) {
  for (int32_t i = 1; i < a->rows; ++i) {
    const double in_row = entry(transform, a, 0, i), in_col = entry(transform, a, i, 0);
    if (in_row != in_col) {
      return in_row < in_col;
    }
  }
  return 0;
}

void lati_canonical_transposable(lati_transform *transform, const lat_matrix *a) {
  lati_canonical_general(transform, a);
  transform->transposed =
      a->rows == a->cols ? row_is_less(transform, a) : (int32_t)(a->rows < a->cols);
}

void lati_canonical_rows(lati_transform *transform, const lat_matrix *a) {
  double sizes[LAT_MAX_DIMENSION];
  lati_transform_start(transform, a);
  for (int32_t i = 0; i < a->rows; ++i) {
    sizes[i] = fabs(lati_matrix_get(a, i, 0));
  }
  sort_descending(transform->row, sizes, 0, a->rows);
  for (int32_t i = 0; i < a->rows; ++i) {
    transform->row_factor[i] = sign_of(entry(transform, a, i, 0));
  }
}

void lati_canonical_blocks(lati_transform *transform, const lat_matrix *a) {
  const int32_t cols = a->cols / 2;
  int32_t row = 0, col = 0;
  lati_transform_start(transform, a);
  find_largest(&row, &col, a, cols);
  move_to_front(transform->row, row);
  move_to_front(transform->col, col);
  sort_by_first(transform, a, cols);
  for (int32_t j = 0; j < cols; ++j) {
    transform->col[cols + j] = cols + transform->col[j];
  }
}

void lati_transform_scale(lati_transform *transform, const double *row, const double *col) {
  for (int32_t i = 0; i < transform->rows; ++i) {
    transform->row_factor[i] *= row[transform->row[i]];
  }
  for (int32_t j = 0; j < transform->cols; ++j) {
    transform->col_factor[j] *= col[transform->col[j]];
  }
}

lat_matrix lati_transform_apply(double *to, const lati_transform *transform,
                                const lat_matrix *from) {
  const lat_matrix out = transform->transposed ? lati_matrix_view(to, from->cols, from->rows)
                                               : lati_matrix_view(to, from->rows, from->cols);
  for (int32_t i = 0; i < from->rows; ++i) {
    for (int32_t j = 0; j < from->cols; ++j) {
      const double value = entry(transform, from, i, j);
      if (transform->transposed) {
        lati_matrix_set(&out, j, i, value);
      } else {
        lati_matrix_set(&out, i, j, value);
      }
    }
  }
  return out;
}

static void restore(double *to, const int32_t *order, const double *factors, int32_t count,
                    const double *from, int32_t width) {
  for (int32_t i = 0; i < count; ++i) {
    for (int32_t j = 0; j < width; ++j) {
      to[(size_t)order[i] * (size_t)width + (size_t)j] =
          factors[i] * from[(size_t)i * (size_t)width + (size_t)j];
    }
  }
}

void lati_transform_restore_rows(double *to, const lati_transform *transform, const double *from,
                                 int32_t width) {
  restore(to, transform->row, transform->row_factor, transform->rows, from, width);
}

void lati_transform_restore_cols(double *to, const lati_transform *transform, const double *from,
                                 int32_t width) {
  restore(to, transform->col, transform->col_factor, transform->cols, from, width);
}

static void negate_column(double *v, int32_t n, int32_t k, int32_t col) {
  for (int32_t i = 0; i < n; ++i) {
    v[(size_t)i * (size_t)k + (size_t)col] *= -1;
  }
}

void lati_orient_vectors(double *v, int32_t n, double *w, int32_t n_w, int32_t k) {
  const double least = 0.5 / sqrt(n);
  for (int32_t col = 0; col < k; ++col) {
    double first = 0;
    for (int32_t i = 0; i < n && first == 0; ++i) {
      const double component = v[(size_t)i * (size_t)k + (size_t)col];
      first = fabs(component) >= least ? component : 0;
    }
    if (first < 0) {
      negate_column(v, n, k, col);
      if (w != NULL) {
        negate_column(w, n_w, k, col);
      }
    }
  }
}
