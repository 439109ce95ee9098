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
 * interval that the steps before make of [0.01, 1]; the last leaves 0.73 to 1.27. From
 * tests/unit/compute/quintics.py, which finds them by Remez's exchange. */
static const quintic steps[] = {{8.093368513, -23.620430329, 17.446151750},
                                {3.636585554, -2.721926747, 0.536546288},
                                {2.661299986, -1.977154522, 0.452616407}};
enum { STEPS = sizeof steps / sizeof *steps };

/* Singular values come near this, which keeps updates as long as they were with the coefficients
 * that muon_learning_rate's default was found with: those left 0.68 to 1.2, 0.9 on average. */
static const double target = 0.9;

/* Of the steps: symmetric matrices (side, side) in panels. */
typedef struct iteration {
  const lati_vector *vector;
  const lati_panel_kernel *kernel; /* of all products but the first step's */
  int64_t side, size;              /* size: floats of a matrix */
  float *a, *p, *q, *spare;
  uint32_t *packed[2]; /* operands of a product; room for X too */
  uint32_t *strip;     /* a panel's, transposed */
} iteration;

static int64_t shorter(int32_t rows, int32_t cols) {
  return rows < cols ? rows : cols;
}

static int64_t longer(int32_t rows, int32_t cols) {
  return rows < cols ? cols : rows;
}

/* Words of an operand of `length` rows in panels: floats, or pairs in whole steps of sixteen. */
static int64_t operand_words(int64_t length, int64_t side) {
  return lati_panel_floats(lati_blocks(length, LATI_TILE) * LATI_TILE, side);
}

size_t lati_orthogonalise_work(int32_t rows, int32_t cols) {
  const int64_t side = shorter(rows, cols);
  return (size_t)(4 * lati_panel_floats(side, side) + operand_words(side, side) +
                  operand_words(longer(rows, cols), side) + operand_words(side, LATI_PANEL));
}

static const lati_panel_kernel *kernel_of(int bf16) {
  return bf16 ? lati_panel_bf16() : lati_vector_best()->panels;
}

/* Columns that fill up the last panel are zero in all matrices and stay so. */
static void begin(iteration *it, int64_t length, int64_t side, int bf16, float *work) {
  const int64_t size = lati_panel_floats(side, side);
  uint32_t *packed = (uint32_t *)(void *)(work + 4 * size);
  *it = (iteration){.vector = lati_vector_best(),
                    .kernel = kernel_of(bf16),
                    .side = side,
                    .size = size,
                    .a = work,
                    .p = work + size,
                    .q = work + 2 * size,
                    .spare = work + 3 * size,
                    .packed = {packed, packed + operand_words(side, side)},
                    .strip = packed + operand_words(side, side) + operand_words(length, side)};
  if (side % LATI_PANEL != 0) {
    memset(work, 0, (size_t)(4 * size) * sizeof *work);
  }
}

/* X, or its transpose where it is wide, as (length, side) in panels. */
static void pack(uint32_t *packed, const lati_panel_kernel *kernel, lati_rows x, int64_t rows,
                 int64_t cols) {
  const int64_t side = lati_least(rows, cols), length = rows + cols - side;
  const int64_t words = lati_words(kernel, length);
  for (int64_t j = 0; j < side; j += LATI_PANEL) {
    const int64_t n = lati_least(LATI_PANEL, side - j);
    if (rows > cols) {
      kernel->panel_of_rows(packed + j * words, words, lati_rows_at(x, 0, j), length, n);
    } else {
      kernel->panel_of_columns(packed + j * words, words, lati_rows_at(x, j, 0), n, length);
    }
  }
}

/* A symmetric matrix, packed for the rounding kernel. */
static const uint32_t *pack_symmetric(const iteration *it, uint32_t *packed, float *x) {
  const int64_t words = lati_words(it->kernel, it->side);
  for (int64_t j = 0; j < it->side; j += LATI_PANEL) {
    it->kernel->panel_of_rows(packed + j * words, words, lati_floats(x + j * it->side, LATI_PANEL),
                              it->side, lati_least(LATI_PANEL, it->side - j));
  }
  return packed;
}

static float *diagonal(const iteration *it, float *x, int64_t i) {
  return x + i / LATI_PANEL * LATI_PANEL * it->side + i * LATI_PANEL + i % LATI_PANEL;
}

static void add_to_diagonal(const iteration *it, float *x, float value) {
  for (int64_t i = 0; i < it->side; ++i) {
    *diagonal(it, x, i) += value;
  }
}

/* Takes the mean eigenvalue out of x, and returns it. */
static float take_mean(const iteration *it, float *x) {
  double sum = 0;
  for (int64_t i = 0; i < it->side; ++i) {
    sum += (double)*diagonal(it, x, i);
  }
  const float mean = (float)(sum / (double)it->side);
  add_to_diagonal(it, x, -mean);
  return mean;
}

/* c = a b of operands as they lie in f32, for symmetric matrices that commute. */
static void multiply_exactly(const iteration *it, float *c, const float *a, const float *b) {
  lati_symmetric_product(it->vector->panels, c, (const uint32_t *)(const void *)a,
                         (const uint32_t *)(const void *)b, it->side, it->side);
}

/* Likewise by (s + a') (t + b') = s t + t a' + s b' + a' b', of which only a' b' is a product of
 * rounded operands: the means s and t, which are most of some factors, keep all their digits. */
static void multiply_rounded(const iteration *it, float *c, float *a, float *b) {
  const float s = take_mean(it, a), t = a == b ? s : take_mean(it, b);
  const uint32_t *left = pack_symmetric(it, it->packed[0], a);
  const uint32_t *right = a == b ? left : pack_symmetric(it, it->packed[1], b);
  lati_symmetric_product(it->kernel, c, left, right, it->side, it->side);
  it->vector->combine(c, 1, a, t, it->size);
  it->vector->combine(c, 1, b, s, it->size);
  add_to_diagonal(it, c, s * t);
  add_to_diagonal(it, a, s);
  if (a != b) {
    add_to_diagonal(it, b, t);
  }
}

static void multiply(const iteration *it, int exactly, float *c, float *a, float *b) {
  if (exactly) {
    multiply_exactly(it, c, a, b);
  } else {
    multiply_rounded(it, c, a, b);
  }
}

/* P = scale (a + b A + c A^2), from A^2 in P. */
static void make_polynomial(const iteration *it, const quintic *step, double scale) {
  it->vector->combine(it->p, (float)(scale * step->c), it->a, (float)(scale * step->b), it->size);
  add_to_diagonal(it, it->p, (float)(scale * step->a));
}

static void swap(float **a, float **b) {
  float *old = *a;
  *a = *b;
  *b = old;
}

/* Q <- Q P, with P itself for the first. */
static void gather(iteration *it, int is_first, int exactly) {
  if (is_first) {
    swap(&it->q, &it->p);
  } else {
    multiply(it, exactly, it->spare, it->q, it->p);
    swap(&it->q, &it->spare);
  }
}

/* A <- A P^2. */
static void advance(iteration *it, int exactly) {
  multiply(it, exactly, it->spare, it->p, it->a);
  multiply(it, exactly, it->a, it->spare, it->p);
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

/* Q from A. The first step is exact: rounding A there would move its small eigenvalues, which the
 * steps are about to make large, by more than themselves. */
static void iterate(iteration *it) {
  double factor = 1;
  for (int step = 0; step < STEPS; ++step) {
    const int is_first = step == 0, is_last = step == STEPS - 1;
    const int exactly = is_first || it->kernel->values == 1;
    multiply(it, exactly, it->p, it->a, it->a);
    if (is_first) {
      factor = shrink(it);
    }
    make_polynomial(it, &steps[step], is_last ? target * factor : 1);
    if (!is_last) {
      advance(it, exactly);
    }
    gather(it, is_first, exactly);
  }
}

/* Q as an operand of the last product: as it lies in f32, or packed. */
static const uint32_t *last_factor(const iteration *it) {
  return it->kernel->values == 1 ? (const uint32_t *)(const void *)it->q
                                 : pack_symmetric(it, it->packed[0], it->q);
}

/* out = X Q for a tall X, a strip of which is packed at a time. */
static void multiply_tall(const iteration *it, float *out, lati_rows x, int64_t rows) {
  const lati_panel_kernel *kernel = it->kernel;
  const uint32_t *q = last_factor(it);
  const int64_t words = lati_words(kernel, it->side);
  for (int64_t i = 0; i < rows; i += LATI_PANEL) {
    const int64_t m = lati_least(LATI_PANEL, rows - i);
    const lati_strip strip =
        kernel->strip_of_rows(it->packed[1], words, lati_rows_at(x, i, 0), m, it->side);
    kernel->multiply(out + i * it->side, it->side, strip, q, words * LATI_PANEL, m, it->side,
                     lati_used_words(kernel, it->side), 0);
  }
}

/* out = Q X for a wide X, a panel of which is packed at a time. Q is symmetric, so that columns of
 * its panels are its rows. */
static void multiply_wide(const iteration *it, float *out, lati_rows x, int64_t cols) {
  const lati_panel_kernel *kernel = it->kernel;
  const uint32_t *q = last_factor(it);
  const int64_t words = lati_words(kernel, it->side);
  for (int64_t j = 0; j < cols; j += LATI_PANEL) {
    const int64_t n = lati_least(LATI_PANEL, cols - j);
    kernel->panel_of_rows(it->packed[1], words, lati_rows_at(x, 0, j), it->side, n);
    for (int64_t i = 0; i < it->side; i += LATI_PANEL) {
      const int64_t m = lati_least(LATI_PANEL, it->side - i);
      const lati_strip strip = kernel->strip_of_panel(it->strip, words, q + i * words, m);
      kernel->multiply(out + i * cols + j, cols, strip, it->packed[1], 0, m, n,
                       lati_used_words(kernel, it->side), 0);
    }
  }
}

/* out = X Q, or Q X; a Q that is rounded is rounded without its mean eigenvalue. */
static void multiply_last(const iteration *it, float *out, lati_rows x, int64_t rows,
                          int64_t cols) {
  const float mean = it->kernel->values == 1 ? 0 : take_mean(it, it->q);
  if (rows > cols) {
    multiply_tall(it, out, x, rows);
  } else {
    multiply_wide(it, out, x, cols);
  }
  if (mean != 0) {
    it->vector->combine(out, 1, x.data, mean, rows * cols);
  }
}

void lati_orthogonalise(float *out, float *x, int32_t rows, int32_t cols, int bf16, float *work) {
  const int64_t side = shorter(rows, cols), length = longer(rows, cols);
  const int64_t count = side * length;
  const lati_rows matrix = lati_floats(x, cols);
  iteration it;
  begin(&it, length, side, bf16, work);
  const double norm = sqrt(it.vector->sum_of_squares(x, count));
  it.vector->scale(x, norm > (double)FLT_MIN ? (float)(1 / norm) : 0, count);
  pack(it.packed[1], it.kernel, matrix, rows, cols);
  lati_symmetric_product(it.kernel, it.a, it.packed[1], it.packed[1], length, side);
  iterate(&it);
  multiply_last(&it, out, matrix, rows, cols);
}
