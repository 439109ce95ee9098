/* Symmetric products and orthogonal factors, against slow twins at odd shapes. */
#include "bf16_emulated.h"
#include "compute_fixture.h"
#include "plain_orthogonalise.h"

#include "compute/orthogonalise.h"
#include "compute/processor.h"
#include "compute/symmetric.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

/* Where entry (i, j) of a matrix of so many rows lies in panels. */
static int64_t in_panels(int64_t rows, int64_t i, int64_t j) {
  enum { PANEL = 64 };
  return j / PANEL * PANEL * rows + i * PANEL + j % PANEL;
}

/* In f32, and in bf16 where the processor has it. Returns how many. */
static int kernels_here(const lati_panel_kernel *kernels[2]) {
  kernels[0] = lati_vector_best()->panels;
  kernels[1] = lati_panel_bf16();
  return kernels[1] != NULL ? 2 : 1;
}

/* The kernel's panels; words that it does not fill are NaN, and must not matter. */
static uint32_t *to_panels(fixture *f, const lati_panel_kernel *kernel, float *x, int64_t rows,
                           int64_t cols) {
  const int64_t words = lati_words(kernel, rows);
  uint32_t *panels = fixture_scratch(f, (size_t)lati_packed_words(kernel, rows, cols) * 4);
  for (int64_t j = 0; j < cols; j += LATI_PANEL) {
    const int64_t n = cols - j < LATI_PANEL ? cols - j : LATI_PANEL;
    kernel->panel_of_rows(panels + j * words, words, lati_floats(x + j, cols), rows, n);
  }
  return panels;
}

static void check_symmetric_product(fixture *f, const lati_panel_kernel *kernel, int64_t length,
                                    int64_t side) {
  float *x = fixture_random(f, length * side);
  if (kernel->values == 2) {
    fixture_round(x, length * side);
  }
  uint32_t *panels = to_panels(f, kernel, x, length, side);
  float *c = fixture_scratch(f, (size_t)lati_panel_floats(side, side) * sizeof *c);
  lati_symmetric_product(kernel, c, panels, panels, length, side);
  for (int64_t i = 0; i < side; ++i) {
    for (int64_t j = 0; j < side; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < length; ++k) {
        sum += (double)x[k * side + i] * (double)x[k * side + j];
      }
      const double found = (double)c[in_panels(side, i, j)];
      ck_assert_msg(fabs(found - sum) <= 1e-5 * (1 + (double)length / 20),
                    "%s, %lld x %lld, entry (%lld, %lld): %g, not %g", kernel->name,
                    (long long)length, (long long)side, (long long)i, (long long)j, found, sum);
    }
  }
  lati_free(x), lati_free(panels), lati_free(c);
}

START_TEST(symmetric_products_are_those_of_plain_loops) {
  static const int64_t sides[] = {1, 5, 31, 32, 33, 63, 64, 65, 97, 128, 201};
  const lati_panel_kernel *kernels[MAX_KERNELS];
  const int count = panel_kernels_here(kernels);
  fixture f;
  fixture_open(&f, 1);
  for (int k = 0; k < count; ++k) {
    for (size_t i = 0; i < sizeof sides / sizeof *sides; ++i) {
      check_symmetric_product(&f, kernels[k], 1, sides[i]);
      check_symmetric_product(&f, kernels[k], sides[i] + 300, sides[i]);
    }
  }
  fixture_close(&f);
}
END_TEST

typedef struct shape {
  int32_t rows, cols;
} shape;

static const shape shapes[] = {{1, 1},    {1, 7},    {7, 1},   {5, 5},   {16, 16},
                               {13, 31},  {31, 13},  {64, 16}, {64, 64}, {70, 130},
                               {130, 70}, {64, 200}, {97, 97}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Room between guards, which must stay as they were. */
static void check_orthogonalise(fixture *f, shape s, double size, int bf16) {
  const int64_t count = (int64_t)s.rows * s.cols;
  float *x = fixture_random(f, count), *out = fixture_scratch(f, (size_t)(count + 1) * sizeof *out);
  float *work = fixture_scratch(f, lati_orthogonalise_work(s.rows, s.cols) * sizeof *work);
  double *twin = NEW(f, double, count);
  for (int64_t i = 0; i < count; ++i) {
    twin[i] = (double)x[i];
    x[i] *= (float)size;
  }
  lati_orthogonalise(out, x, s.rows, s.cols, bf16, work);
  plain_orthogonalise(twin, s.rows, s.cols);
  double most = 0;
  for (int64_t i = 0; i < count; ++i) {
    most = fmax(most, fabs((double)out[i] - twin[i]));
  }
  ck_assert_msg(most < (bf16 ? 0.05 : 1e-3), "%d x %d, bf16 %d: off by %g", s.rows, s.cols, bf16,
                most);
  ck_assert(isnan(out[count]));
  lati_free(x), lati_free(out), lati_free(work), lati_free(twin);
}

START_TEST(the_steps_are_those_of_the_plain_twin) {
  fixture f;
  fixture_open(&f, 1);
  const lati_panel_kernel *kernels[2];
  const int count = kernels_here(kernels);
  for (int bf16 = 0; bf16 < count; ++bf16) {
    for (int i = 0; i < SHAPES; ++i) {
      check_orthogonalise(&f, shapes[i], 1e-3, bf16);
    }
    check_orthogonalise(&f, (shape){33, 20}, 1e-30, bf16);
    check_orthogonalise(&f, (shape){20, 33}, 1e15, bf16);
  }
  fixture_close(&f);
}
END_TEST

/* The factor of a diagonal matrix is diagonal, with each singular value in its own place. */
static void check_diagonal(fixture *f, int bf16) {
  enum { SIDE = 100 };
  float *x = NEW(f, float, SIDE *SIDE), *out = NEW(f, float, SIDE *SIDE);
  float *work = NEW(f, float, (int64_t)lati_orthogonalise_work(SIDE, SIDE));
  double least = 1, most = 1;
  for (int64_t i = 0; i < SIDE; ++i) {
    /* ||A^2||_F^(1/4) is 1.4 for these. */
    x[i * SIDE + i] = (float)pow(1.45 * 0.01, (double)i / (SIDE - 1));
  }
  lati_orthogonalise(out, x, SIDE, SIDE, bf16, work);
  for (int64_t i = 0; i < SIDE; ++i) {
    for (int64_t j = 0; j < SIDE; ++j) {
      ck_assert(i == j || fabs((double)out[i * SIDE + j]) < 1e-6);
    }
    least = fmin(least, (double)out[i * SIDE + i]);
    most = fmax(most, (double)out[i * SIDE + i]);
  }
  ck_assert_msg(least > (bf16 ? 0.62 : 0.65) && least < 0.68 && most < (bf16 ? 1.17 : 1.15) &&
                    most > 1.12,
                "bf16 %d: %g to %g", bf16, least, most);
  lati_free(x), lati_free(out), lati_free(work);
}

START_TEST(singular_values_come_near_their_target) {
  const lati_panel_kernel *kernels[2];
  const int count = kernels_here(kernels);
  fixture f;
  fixture_open(&f, 1);
  for (int bf16 = 0; bf16 < count; ++bf16) {
    check_diagonal(&f, bf16);
  }
  fixture_close(&f);
}
END_TEST

/* The largest singular value of x (n, n), by powers of x^T x. */
static double largest_singular_value(const float *x, int n) {
  double v[128], w[128], norm = 0;
  for (int i = 0; i < n; ++i) {
    v[i] = sin(1.0 + i);
  }
  for (int round = 0; round < 60; ++round) {
    memset(w, 0, sizeof w);
    norm = 0;
    for (int i = 0; i < n; ++i) {
      double sum = 0;
      for (int j = 0; j < n; ++j) {
        sum += (double)x[i * n + j] * v[j];
      }
      for (int j = 0; j < n; ++j) {
        w[j] += sum * (double)x[i * n + j];
      }
    }
    for (int i = 0; i < n; ++i) {
      norm += w[i] * w[i];
    }
    norm = sqrt(norm);
    for (int i = 0; i < n; ++i) {
      v[i] = w[i] / norm;
    }
  }
  return sqrt(norm);
}

/* Singular values of a product of random matrices fall over orders of magnitude, and rounding makes
 * some eigenvalues of X^T X negative: the steps must not amplify those beyond the others. */
START_TEST(rounding_amplifies_nothing) {
  enum { SIDE = 96 };
  const lati_panel_kernel *kernels[2];
  const int count = kernels_here(kernels);
  fixture f;
  fixture_open(&f, 1);
  float *a = fixture_random(&f, SIDE * SIDE), *x = NEW(&f, float, SIDE *SIDE);
  float *out = NEW(&f, float, SIDE *SIDE);
  float *work = NEW(&f, float, (int64_t)lati_orthogonalise_work(SIDE, SIDE));
  for (int bf16 = 0; bf16 < count; ++bf16) {
    for (int i = 0; i < SIDE * SIDE; ++i) {
      float sum = 0;
      for (int k = 0; k < SIDE; ++k) {
        sum += a[i / SIDE * SIDE + k] * powf(0.85F, (float)k) * a[k * SIDE + i % SIDE];
      }
      x[i] = sum;
    }
    lati_orthogonalise(out, x, SIDE, SIDE, bf16, work);
    const double largest = largest_singular_value(out, SIDE);
    ck_assert_msg(largest < 1.25 && largest > 1.0, "bf16 %d: %g", bf16, largest);
  }
  lati_free(a), lati_free(x), lati_free(out), lati_free(work);
  fixture_close(&f);
}
END_TEST

START_TEST(rank_one_stays_finite) {
  enum { ROWS = 70, COLS = 40 };
  fixture f;
  fixture_open(&f, 1);
  float *x = NEW(&f, float, ROWS *COLS), *out = NEW(&f, float, ROWS *COLS);
  float *work = NEW(&f, float, (int64_t)lati_orthogonalise_work(ROWS, COLS));
  double sum = 0;
  for (int64_t i = 0; i < ROWS * COLS; ++i) {
    x[i] = (float)(1 + i / COLS) * (float)sin((double)(i % COLS));
  }
  lati_orthogonalise(out, x, ROWS, COLS, 0, work);
  for (int64_t i = 0; i < ROWS * COLS; ++i) {
    sum += (double)out[i] * (double)out[i];
  }
  ck_assert_msg(sqrt(sum) > 0.65 && sqrt(sum) < 1.15, "%g", sqrt(sum));
  lati_free(x), lati_free(out), lati_free(work);
  fixture_close(&f);
}
END_TEST

START_TEST(zero_stays_zero) {
  fixture f;
  fixture_open(&f, 1);
  float x[25] = {0}, out[25];
  float *work = NEW(&f, float, (int64_t)lati_orthogonalise_work(5, 5));
  memset(out, 0xff, sizeof out);
  lati_orthogonalise(out, x, 5, 5, 0, work);
  for (int i = 0; i < 25; ++i) {
    ck_assert(out[i] == 0);
  }
  lati_free(work);
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *tests[] = {symmetric_products_are_those_of_plain_loops,
                          the_steps_are_those_of_the_plain_twin,
                          singular_values_come_near_their_target,
                          rounding_amplifies_nothing,
                          rank_one_stays_finite,
                          zero_stays_zero};
  return run_suite("orthogonalise", tests, sizeof tests / sizeof *tests);
}
