/* Newton-Schulz: X <- X P(A), P(A) = a + b A + c A^2, A = X^T X, some steps of it, with X tall (a
 * wide one is taken transposed). All factors are polynomials of the first A, so that they commute:
 * instead of X, the small symmetric A <- A P(A)^2 and Q <- Q P(A) go through the steps, and X is
 * multiplied once, by the last Q. */
#include "compute/orthogonalise.h"

#include "compute/ops.h"
#include "compute/symmetric.h"
#include "compute/vector.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Coefficients of a step. */
typedef struct quintic {
  double a, b, c;
} quintic;

/* Each is the odd polynomial of degree five that is nearest to 1, in the largest deviation, on the
 * interval that the steps before make of [0.003, 1]; the last leaves 0.80 to 1.20. From
 * tests/unit/compute/quintics.py, which finds them by Remez's exchange. */
static const quintic steps[] = {{8.383673613, -24.765905858, 18.357081893},
                                {4.043420434, -3.011404994, 0.569512150},
                                {3.505570617, -2.626653836, 0.525719405},
                                {2.490115939, -1.834275083, 0.436834707}};
enum { STEPS = sizeof steps / sizeof *steps };

/* Singular values come near this, which keeps updates as long as they were with the coefficients
 * that muon_learning_rate's default was found with: those left 0.68 to 1.2, 0.9 on average. */
static const double target = 0.9;

/* Of the steps: symmetric matrices (side, side) in panels. */
typedef struct iteration {
  const lati_vector *vector;
  int64_t side, size; /* size: floats of a matrix */
  float *a, *p, *q, *spare;
} iteration;

static int64_t shorter(int32_t rows, int32_t cols) {
  return rows < cols ? rows : cols;
}

static int64_t longer(int32_t rows, int32_t cols) {
  return rows < cols ? cols : rows;
}

size_t lati_orthogonalise_work(int32_t rows, int32_t cols) {
  const int64_t side = shorter(rows, cols);
  return (size_t)(4 * lati_panel_floats(side, side) + lati_panel_floats(longer(rows, cols), side));
}

/* Columns that fill up the last panel are zero in all matrices and stay so. */
static void begin(iteration *it, int64_t side, float *work) {
  const int64_t size = lati_panel_floats(side, side);
  *it = (iteration){lati_vector_best(), side,           size, work, work + size,
                    work + 2 * size,    work + 3 * size};
  if (side % LATI_PANEL != 0) {
    memset(work, 0, (size_t)(4 * size) * sizeof *work);
  }
}

/* X, or its transpose where it is wide, as (length, side) in panels. */
static void pack(float *packed, const lati_panel_kernel *kernel, lati_rows x, int64_t rows,
                 int64_t cols) {
  const int64_t side = lati_least(rows, cols), length = rows + cols - side;
  for (int64_t j = 0; j < side; j += LATI_PANEL) {
    const int64_t n = lati_least(LATI_PANEL, side - j);
    uint32_t *panel = (uint32_t *)(void *)(packed + j * length);
    if (rows > cols) {
      kernel->panel_of_rows(panel, length, lati_rows_at(x, 0, j), length, n);
    } else {
      kernel->panel_of_columns(panel, length, lati_rows_at(x, j, 0), n, length);
    }
  }
}

/* P = scale (a + b A + c A^2), from A^2 in P. */
static void make_polynomial(const iteration *it, const quintic *step, double scale) {
  it->vector->combine(it->p, (float)(scale * step->c), it->a, (float)(scale * step->b), it->size);
  for (int64_t i = 0; i < it->side; ++i) {
    const int64_t panel = i / LATI_PANEL * LATI_PANEL;
    it->p[panel * it->side + i * LATI_PANEL + i % LATI_PANEL] += (float)(scale * step->a);
  }
}

static void multiply(const iteration *it, float *c, const float *a, const float *b) {
  lati_symmetric_product(c, a, b, it->side, it->side);
}

static void swap(float **a, float **b) {
  float *old = *a;
  *a = *b;
  *b = old;
}

/* Q <- Q P, with P itself for the first. */
static void gather(iteration *it, int is_first) {
  if (is_first) {
    swap(&it->q, &it->p);
  } else {
    multiply(it, it->spare, it->q, it->p);
    swap(&it->q, &it->spare);
  }
}

/* A <- A P^2. */
static void advance(iteration *it) {
  multiply(it, it->spare, it->p, it->a);
  multiply(it, it->a, it->spare, it->p);
}

/* Divides A, and A^2 in P, by a bound of A's largest eigenvalue, ||A^2||_F^(1/2): it is much nearer
 * to that eigenvalue than the trace of 1 with which A comes, which saves a step. Returns the factor
 * that this is for X. */
static double shrink(iteration *it) {
  const double bound = sqrt(sqrt(it->vector->sum_of_squares(it->p, it->size)));
  const double factor = bound > 0 ? 1 / bound : 0;
  it->vector->scale(it->a, (float)factor, it->size);
  it->vector->scale(it->p, (float)(factor * factor), it->size);
  return sqrt(factor);
}

/* Q from A. */
static void iterate(iteration *it) {
  double factor = 1;
  for (int step = 0; step < STEPS; ++step) {
    const int is_first = step == 0, is_last = step == STEPS - 1;
    multiply(it, it->p, it->a, it->a);
    if (is_first) {
      factor = shrink(it);
    }
    make_polynomial(it, &steps[step], is_last ? target * factor : 1);
    if (!is_last) {
      advance(it);
    }
    gather(it, is_first);
  }
}

/* out = X Q for a tall X, as it lies. */
static void multiply_tall(const iteration *it, float *out, const float *x, int64_t rows) {
  for (int64_t i = 0; i < rows; i += LATI_PANEL) {
    const int64_t place = i * it->side;
    const lati_strip strip = {(const uint32_t *)(const void *)(x + place), it->side, 1};
    it->vector->panels->multiply(out + place, it->side, strip,
                                 (const uint32_t *)(const void *)it->q, it->side * LATI_PANEL,
                                 lati_least(LATI_PANEL, rows - i), it->side, it->side, 0);
  }
}

/* out = Q X for a wide X, a panel of which is packed at a time. */
static void multiply_wide(const iteration *it, float *out, lati_rows x, int64_t cols,
                          float *packed) {
  const lati_panel_kernel *kernel = it->vector->panels;
  uint32_t *panel = (uint32_t *)(void *)packed;
  for (int64_t j = 0; j < cols; j += LATI_PANEL) {
    const int64_t n = lati_least(LATI_PANEL, cols - j);
    kernel->panel_of_rows(panel, it->side, lati_rows_at(x, 0, j), it->side, n);
    for (int64_t i = 0; i < it->side; i += LATI_PANEL) {
      const float *q = it->q + i * it->side;
      kernel->multiply(out + i * cols + j, cols,
                       (lati_strip){(const uint32_t *)(const void *)q, 1, LATI_PANEL}, panel, 0,
                       lati_least(LATI_PANEL, it->side - i), n, it->side, 0);
    }
  }
}

void lati_orthogonalise(float *out, float *x, int32_t rows, int32_t cols, float *work) {
  const int64_t side = shorter(rows, cols), length = longer(rows, cols);
  const int64_t count = side * length;
  const lati_rows matrix = lati_floats(x, cols);
  iteration it;
  begin(&it, side, work);
  float *packed = work + 4 * it.size;
  const double norm = sqrt(it.vector->sum_of_squares(x, count));
  it.vector->scale(x, norm > (double)FLT_MIN ? (float)(1 / norm) : 0, count);
  pack(packed, it.vector->panels, matrix, rows, cols);
  lati_symmetric_product(it.a, packed, packed, length, side);
  iterate(&it);
  if (rows > cols) {
    multiply_tall(&it, out, x, rows);
  } else {
    multiply_wide(&it, out, matrix, cols, packed);
  }
}
