/* Symmetric products and orthogonal factors, against slow twins at odd shapes. */
#include "compute_fixture.h"
#include "plain_orthogonalise.h"

#include "compute/orthogonalise.h"
#include "compute/symmetric.h"

#include <math.h>
#include <string.h>

/* Where entry (i, j) of a matrix of so many rows lies in panels. */
static int64_t in_panels(int64_t rows, int64_t i, int64_t j) {
  enum { PANEL = 64 };
  return j / PANEL * PANEL * rows + i * PANEL + j % PANEL;
}

/* Panels whose padding is NaN: it must not matter. */
static float *to_panels(fixture *f, const float *x, int64_t rows, int64_t cols) {
  const int64_t count = lati_panel_floats(rows, cols);
  float *panels = fixture_scratch(f, (size_t)count * sizeof *panels);
  for (int64_t i = 0; i < rows * cols; ++i) {
    panels[in_panels(rows, i / cols, i % cols)] = x[i];
  }
  return panels;
}

static void check_symmetric_product(fixture *f, int64_t length, int64_t side) {
  float *x = fixture_random(f, length * side), *panels = to_panels(f, x, length, side);
  float *c = fixture_scratch(f, (size_t)lati_panel_floats(side, side) * sizeof *c);
  lati_symmetric_product(c, panels, panels, length, side);
  for (int64_t i = 0; i < side; ++i) {
    for (int64_t j = 0; j < side; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < length; ++k) {
        sum += (double)x[k * side + i] * (double)x[k * side + j];
      }
      const double found = (double)c[in_panels(side, i, j)];
      ck_assert_msg(fabs(found - sum) <= 1e-5 * (1 + (double)length / 20),
                    "%lld x %lld, entry (%lld, %lld): %g, not %g", (long long)length,
                    (long long)side, (long long)i, (long long)j, found, sum);
    }
  }
  lati_free(x), lati_free(panels), lati_free(c);
}

START_TEST(symmetric_products_are_those_of_plain_loops) {
  static const int64_t sides[] = {1, 5, 31, 32, 33, 63, 64, 65, 97, 128, 201};
  fixture f;
  fixture_open(&f, 1);
  for (size_t i = 0; i < sizeof sides / sizeof *sides; ++i) {
    check_symmetric_product(&f, 1, sides[i]);
    check_symmetric_product(&f, sides[i] + 300, sides[i]);
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
static void check_orthogonalise(fixture *f, shape s, double size) {
  const int64_t count = (int64_t)s.rows * s.cols;
  float *x = fixture_random(f, count), *out = fixture_scratch(f, (size_t)(count + 1) * sizeof *out);
  float *work = fixture_scratch(f, lati_orthogonalise_work(s.rows, s.cols) * sizeof *work);
  double *twin = NEW(f, double, count);
  for (int64_t i = 0; i < count; ++i) {
    twin[i] = (double)x[i];
    x[i] *= (float)size;
  }
  lati_orthogonalise(out, x, s.rows, s.cols, work);
  plain_orthogonalise(twin, s.rows, s.cols);
  for (int64_t i = 0; i < count; ++i) {
    ck_assert_msg(fabs((double)out[i] - twin[i]) < 1e-3, "%d x %d, entry %lld: %g, not %g", s.rows,
                  s.cols, (long long)i, (double)out[i], twin[i]);
  }
  ck_assert(isnan(out[count]));
  lati_free(x), lati_free(out), lati_free(work), lati_free(twin);
}

START_TEST(the_steps_are_those_of_the_plain_twin) {
  fixture f;
  fixture_open(&f, 1);
  for (int i = 0; i < SHAPES; ++i) {
    check_orthogonalise(&f, shapes[i], 1e-3);
  }
  check_orthogonalise(&f, (shape){33, 20}, 1e-30);
  check_orthogonalise(&f, (shape){20, 33}, 1e15);
  fixture_close(&f);
}
END_TEST

/* The factor of a diagonal matrix is diagonal, with each singular value in its own place. */
START_TEST(singular_values_come_near_their_target) {
  enum { SIDE = 100 };
  fixture f;
  fixture_open(&f, 1);
  float *x = NEW(&f, float, SIDE *SIDE), *out = NEW(&f, float, SIDE *SIDE);
  float *work = NEW(&f, float, (int64_t)lati_orthogonalise_work(SIDE, SIDE));
  double least = 1, most = 1;
  for (int64_t i = 0; i < SIDE; ++i) {
    /* ||A^2||_F^(1/4) is 1.3 for these. */
    x[i * SIDE + i] = (float)pow(1.35 * 0.003, (double)i / (SIDE - 1));
  }
  lati_orthogonalise(out, x, SIDE, SIDE, work);
  for (int64_t i = 0; i < SIDE; ++i) {
    for (int64_t j = 0; j < SIDE; ++j) {
      ck_assert(i == j || fabs((double)out[i * SIDE + j]) < 1e-6);
    }
    least = fmin(least, (double)out[i * SIDE + i]);
    most = fmax(most, (double)out[i * SIDE + i]);
  }
  ck_assert_msg(least > 0.72 && least < 0.75 && most < 1.08 && most > 1.05, "%g to %g", least,
                most);
  lati_free(x), lati_free(out), lati_free(work);
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
  lati_orthogonalise(out, x, ROWS, COLS, work);
  for (int64_t i = 0; i < ROWS * COLS; ++i) {
    sum += (double)out[i] * (double)out[i];
  }
  ck_assert_msg(sqrt(sum) > 0.71 && sqrt(sum) < 1.09, "%g", sqrt(sum));
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
  lati_orthogonalise(out, x, 5, 5, work);
  for (int i = 0; i < 25; ++i) {
    ck_assert(out[i] == 0);
  }
  lati_free(work);
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *tests[] = {
      symmetric_products_are_those_of_plain_loops, the_steps_are_those_of_the_plain_twin,
      singular_values_come_near_their_target, rank_one_stays_finite, zero_stays_zero};
  return run_suite("orthogonalise", tests, sizeof tests / sizeof *tests);
}
