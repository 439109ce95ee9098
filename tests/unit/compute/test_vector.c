/* The loops of every instruction set that this machine has, against plain ones. */
#include "compute_fixture.h"

#include "compute/vector.h"

#include <math.h>
#include <string.h>

static int tables_here(const lati_vector *tables[3]) {
  int count = 0;
  tables[count++] = &lati_vector_portable;
#if defined(__x86_64__)
  if (lati_vector_best() != &lati_vector_portable) {
    tables[count++] = &lati_vector_avx2;
  }
  if (lati_vector_best() == &lati_vector_avx512) {
    tables[count++] = &lati_vector_avx512;
  }
#elif defined(__aarch64__)
  tables[count++] = &lati_vector_neon;
#endif
  return count;
}

/* Lengths around every number of lanes. */
static const int64_t lengths[] = {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 43, 64, 100};
enum { LENGTHS = sizeof lengths / sizeof *lengths, MOST = 100 };

typedef void table_check(const lati_vector *vector);

static void for_each_table(table_check *check) {
  const lati_vector *tables[3];
  int count = tables_here(tables);
  for (int i = 0; i < count; ++i) {
    check(tables[i]);
  }
}

static float pseudo(int64_t i) {
  return (float)((i * 7919 + 13) % 2003) / 1001.5F - 1.0F;
}

static void exponential_check(const lati_vector *vector) {
  enum { COUNT = 1 << 12 };
  static float x[COUNT], y[COUNT];
  double worst = 0.0;
  for (int block = 0; block < 256; ++block) {
    for (int i = 0; i < COUNT; ++i) {
      x[i] = (float)(-87.0 + 175.0 * (block + (double)i / COUNT) / 256.0);
    }
    vector->exponential(y, x, 1.0F, 0.0F, COUNT);
    for (int i = 0; i < COUNT; ++i) {
      double exact = exp((double)x[i]);
      worst = fmax(worst, fabs((double)y[i] - exact) / exact);
    }
  }
  ck_assert_msg(worst <= 2e-7, "%s: relative error of e^x %.3g", vector->name, worst);
  ck_assert_msg(worst >= 1e-9, "%s: no error at all, so nothing was compared", vector->name);
}

START_TEST(exponential_is_right_to_two_in_ten_millions) {
  for_each_table(exponential_check);
}
END_TEST

static void exponential_edge_check(const lati_vector *vector) {
  float x[6] = {NAN, INFINITY, -INFINITY, 100.0F, -100.0F, 0.0F}, y[6];
  vector->exponential(y, x, 1.0F, 0.0F, 6);
  ck_assert(isnan(y[0]) && isinf(y[1]) && y[2] == 0.0F && isinf(y[3]) && y[4] == 0.0F &&
            y[5] == 1.0F);
  ck_assert(vector->exponential(x, x + 5, 1.0F, 2.0F, 1) == x[0]);
  ck_assert_double_eq_tol((double)x[0], exp(-2.0), 1e-7);
}

START_TEST(exponential_has_defined_edges) {
  for_each_table(exponential_edge_check);
}
END_TEST

/* gelu and its slope, where the tail of the normal distribution matters too. There the rounding of
 * x^2 / 2 is what remains of the error: e^(-50) at -10. */
static void gelu_check(const lati_vector *vector) {
  enum { COUNT = 1 << 14 };
  static float x[COUNT], y[COUNT], d[COUNT];
  for (int i = 0; i < COUNT; ++i) {
    x[i] = -10.0F + 20.0F * (float)i / COUNT;
    y[i] = x[i];
    d[i] = 1.0F;
  }
  const lati_finish forward = {.y = lati_floats(y, COUNT), .activation = LATI_GELU};
  const lati_finish backward = {.y = lati_floats(d, COUNT),
                                .slope = {LATI_GELU, lati_floats(x, COUNT)}};
  vector->panels->finish(&forward, y, COUNT, 1, COUNT);
  vector->panels->finish(&backward, d, COUNT, 1, COUNT);
  for (int i = 0; i < COUNT; ++i) {
    double z = (double)x[i], below = 0.5 * erfc(-z / sqrt(2.0));
    double slope = below + z * exp(-0.5 * z * z) / sqrt(6.283185307179586);
    ck_assert_msg(fabs((double)y[i] - z * below) <= 4e-6 * fabs(z * below) + 1e-30,
                  "%s: gelu(%.9g) = %.9g, not %.9g", vector->name, z, (double)y[i], z * below);
    ck_assert_msg(fabs((double)d[i] - slope) <= 5e-7, "%s: gelu'(%.9g) = %.9g, not %.9g",
                  vector->name, z, (double)d[i], slope);
  }
}

START_TEST(gelu_is_exact_in_its_tail) {
  for_each_table(gelu_check);
}
END_TEST

static void product_check(const lati_vector *vector) {
  enum { SIZE = 41, LD = 45 };
  static float a[LD * LD], b[LD * LATI_PANEL], c[LD * LD], expected[LD * LD];
  for (int i = 0; i < LD * LD; ++i) {
    a[i] = pseudo(i);
  }
  for (int i = 0; i < LD * LATI_PANEL; ++i) {
    b[i] = pseudo(i + 5);
  }
  for (int64_t m = 1; m <= SIZE; m += 4) {
    for (int64_t n = 1; n <= SIZE; ++n) {
      int64_t k = 1 + (m * n) % SIZE, row = n % 2 ? 1 : LD, col = n % 2 ? LD : 1;
      int accumulate = n % 3 == 0;
      for (int i = 0; i < LD * LD; ++i) {
        c[i] = expected[i] = 0.25F;
      }
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          double sum = accumulate ? 0.25 : 0.0;
          for (int64_t l = 0; l < k; ++l) {
            sum += (double)a[i * row + l * col] * (double)b[l * LATI_PANEL + j];
          }
          expected[i * LD + j] = (float)sum;
        }
      }
      const lati_strip strip = {(const uint32_t *)(const void *)a, row, col};
      vector->panels->multiply(c, LD, strip, (const uint32_t *)(const void *)b, 0, m, n, k,
                               accumulate);
      assert_close(c, expected, LD * LD, 1e-5, vector->name);
    }
  }
}

START_TEST(product_keeps_within_its_block) {
  for_each_table(product_check);
}
END_TEST

static void transpose_check(const lati_vector *vector) {
  enum { LD = 30 };
  static float x[LD * LD], y[LD * LD];
  for (int i = 0; i < LD * LD; ++i) {
    x[i] = pseudo(i);
  }
  for (int64_t rows = 1; rows < 12; ++rows) {
    for (int64_t cols = 1; cols < 12; ++cols) {
      memset(y, 0, sizeof y);
      vector->transpose(y, LD, x, LD, rows, cols);
      for (int64_t i = 0; i < LD; ++i) {
        for (int64_t j = 0; j < LD; ++j) {
          float expected = i < cols && j < rows ? x[j * LD + i] : 0.0F;
          ck_assert(y[i * LD + j] == expected);
        }
      }
    }
  }
}

START_TEST(transpose_keeps_within_its_block) {
  for_each_table(transpose_check);
}
END_TEST

/* Reductions and elementwise loops at every length; what lies behind a row stays. */
static void row_check(const lati_vector *vector) {
  float x[MOST + 1], y[MOST + 1];
  for (int l = 0; l < LENGTHS; ++l) {
    int64_t n = lengths[l];
    double dot = 0.0, squares = 0.0, largest = -INFINITY;
    for (int64_t i = 0; i <= n; ++i) {
      x[i] = pseudo(i) - 3.0F;
      y[i] = pseudo(i + 1);
    }
    for (int64_t i = 0; i < n; ++i) {
      dot += (double)x[i] * (double)y[i];
      squares += (double)x[i] * (double)x[i];
      largest = fmax(largest, (double)x[i]);
    }
    const lati_rows a = lati_floats(x, n), b = lati_floats(y, n);
    ck_assert_double_eq_tol((double)vector->panels->dot(a, b, n), dot, 1e-4);
    ck_assert_double_eq_tol(vector->sum_of_squares(x, n), squares, 1e-9 * squares);
    ck_assert_double_eq((double)vector->maximum(x, n), largest);
    float last = y[n];
    vector->scale(y, 2.0F, n);
    vector->add(y, x, n);
    for (int64_t i = 0; i < n; ++i) {
      ck_assert_double_eq_tol((double)y[i], 2.0 * (double)pseudo(i + 1) + (double)x[i], 1e-6);
    }
    ck_assert(y[n] == last);
  }
}

START_TEST(rows_of_any_length) {
  for_each_table(row_check);
}
END_TEST

/* Two rows, of which the sums lie apart; what is behind them stays. */
static void finish_check(const lati_vector *vector) {
  enum { LD = 50, COLS = 43, BIAS = 1, RESIDUAL = 2 };
  float sums[2 * LD], y[2 * LD], pre[2 * LD], bias[COLS], residual[2 * LD];
  for (int flags = 0; flags < 4; ++flags) {
    for (int64_t i = 0; i < 2 * LD; ++i) {
      sums[i] = pseudo(i);
      y[i] = pre[i] = 7.0F;
      bias[i % COLS] = pseudo(i % COLS + 1);
      residual[i] = pseudo(i + 2);
    }
    const lati_finish finish = {.y = lati_floats(y, LD),
                                .pre = lati_floats(pre, LD),
                                .bias = flags & BIAS ? bias : NULL,
                                .residual = flags & RESIDUAL ? residual : NULL,
                                .ld_residual = LD,
                                .activation = LATI_RELU};
    vector->panels->finish(&finish, sums, LD, 2, COLS);
    for (int64_t i = 0; i < 2 * LD; ++i) {
      const int inside = i % LD < COLS;
      float value = pseudo(i) + (inside && flags & BIAS ? bias[i % LD] : 0.0F);
      ck_assert(pre[i] == (inside ? value : 7.0F));
      value = (value < 0.0F ? 0.0F : value) + (flags & RESIDUAL ? residual[i] : 0.0F);
      ck_assert(y[i] == (inside ? value : 7.0F));
    }
  }
}

START_TEST(finish_takes_any_of_its_parts) {
  for_each_table(finish_check);
}
END_TEST

/* Ties, signs, infinities, NaN; apart, and where the floats lie. */
static void shorten_check(const lati_vector *vector) {
  fixture f;
  fixture_open(&f, 1);
  for (int l = 0; l < LENGTHS; ++l) {
    const int64_t n = lengths[l];
    float *x = fixture_random(&f, MOST);
    const float special[] = {1.00390625F, 1.01171875F, -0.0F, INFINITY, -INFINITY, NAN, 3.4e38F};
    memcpy(x, special, sizeof special);
    float *kept = fixture_copy(&f, x, MOST);
    uint16_t *apart = NEW(&f, uint16_t, n + 1), *together = (uint16_t *)(void *)x;
    vector->shorten(apart, x, n);
    vector->shorten(together, x, n);
    int64_t wrong = 0;
    for (int64_t i = 0; i < n; ++i) {
      wrong += apart[i] != bf16_of(kept[i]) || together[i] != apart[i];
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert_uint_eq(apart[n], 0);
    lati_free(x), lati_free(kept), lati_free(apart);
  }
  fixture_close(&f);
}

START_TEST(rows_are_shortened) {
  for_each_table(shorten_check);
}
END_TEST

static void flat_update_check(const lati_vector *vector) {
  for (int l = 0; l < LENGTHS; ++l) {
    const int64_t n = lengths[l];
    float y[MOST + 1], g[MOST + 1], m[MOST + 1], x[MOST];
    for (int64_t i = 0; i <= MOST; ++i) {
      y[i] = pseudo(i), g[i] = pseudo(i + 100), m[i] = pseudo(i + 200);
      x[i % MOST] = pseudo(i % MOST + 300);
    }
    vector->combine(y, 0.75F, x, -3.0F, n);
    vector->nesterov(g, m, 0.5F, 0.9F, n);
    for (int64_t i = 0; i <= n; ++i) {
      const double gradient = (double)pseudo(i + 100), before = (double)pseudo(i + 200);
      const double moved = 0.9 * before + 0.5 * gradient, sum = (double)pseudo(i) * 0.75;
      const int in = i < n;
      const double third = in ? (double)pseudo(i + 300) : 0;
      ck_assert_double_eq_tol((double)y[i], in ? sum - 3 * third : (double)pseudo(i), 1e-6);
      ck_assert_double_eq_tol((double)m[i], in ? moved : before, 1e-6);
      ck_assert_double_eq_tol((double)g[i], in ? 0.5 * gradient + 0.9 * moved : gradient, 1e-6);
    }
  }
}

START_TEST(flat_updates_follow_their_equations) {
  for_each_table(flat_update_check);
}
END_TEST

int main(void) {
  const TTest *tests[] = {exponential_is_right_to_two_in_ten_millions,
                          exponential_has_defined_edges,
                          gelu_is_exact_in_its_tail,
                          product_keeps_within_its_block,
                          transpose_keeps_within_its_block,
                          rows_of_any_length,
                          finish_takes_any_of_its_parts,
                          rows_are_shortened,
                          flat_updates_follow_their_equations};
  return run_suite("vector", tests, sizeof tests / sizeof *tests);
}
