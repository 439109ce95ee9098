/* The optimizer's loops, products as such, and the choice of a backend. */
#include "compute_fixture.h"

#include "compute/gemm.h"
#include "compute/processor.h"
#include "compute/update.h"

#include <math.h>
#include <string.h>

START_TEST(sum_of_squares_is_exact_to_double) {
  fixture f;
  fixture_open(&f, 2);
  static const int64_t counts[] = {1, 17, 16384, 16385, 100003};
  for (int i = 0; i < 5; ++i) {
    float *x = fixture_random(&f, counts[i]);
    double *partials = fixture_new(&f, lati_sum_of_squares_partials(counts[i]), sizeof(double));
    double expected = 0.0;
    for (int64_t j = 0; j < counts[i]; ++j) {
      expected += (double)x[j] * (double)x[j];
    }
    double sum = lati_sum_of_squares(&f.device, x, counts[i], partials);
    ck_assert_double_eq_tol(sum, expected, 1e-11 * expected);
    x[counts[i] / 2] = NAN;
    ck_assert(isnan(lati_sum_of_squares(&f.device, x, counts[i], partials)));
    x[counts[i] / 2] = -INFINITY;
    ck_assert(isinf(lati_sum_of_squares(&f.device, x, counts[i], partials)));
    lati_free(x), lati_free(partials);
  }
  fixture_close(&f);
}
END_TEST

static void plain_adam(double *p, double g, double *m, double *v, const lati_adam *a) {
  g *= a->scale;
  *m = a->beta1 * *m + (1.0 - a->beta1) * g;
  *v = a->beta2 * *v + (1.0 - a->beta2) * g * g;
  *p -= a->rate * (*m / a->correction1) / (sqrt(*v / a->correction2) + a->epsilon) +
        a->rate * a->decay * *p;
}

START_TEST(adam_follows_its_equation) {
  enum { COUNT = 20011, STEPS = 10 };
  fixture f;
  fixture_open(&f, 2);
  float *p = fixture_random(&f, COUNT), *start = fixture_copy(&f, p, COUNT);
  float *g = NEW(&f, float, COUNT), *m = NEW(&f, float, COUNT), *v = NEW(&f, float, COUNT);
  lati_adam adam = {1e-2, 0.9, 0.999, 1e-8, 0.1, 0.0, 0.0, 1.0 / 64.0};
  const lati_stretch stretches[] = {{0, 16384}, {16384, 77}, {16461, COUNT - 16461}};
  for (int step = 1; step <= STEPS; ++step) {
    adam.correction1 = 1.0 - pow(adam.beta1, step);
    adam.correction2 = 1.0 - pow(adam.beta2, step);
    for (int i = 0; i < COUNT; ++i) {
      g[i] = (float)sin(i + 0.1 * step);
    }
    lati_adam_update(&f.device, p, g, m, v, stretches, 3, &adam);
  }
  for (int i = 0; i < COUNT; ++i) {
    double expected = (double)start[i], first = 0.0, second = 0.0;
    for (int step = 1; step <= STEPS; ++step) {
      adam.correction1 = 1.0 - pow(adam.beta1, step);
      adam.correction2 = 1.0 - pow(adam.beta2, step);
      plain_adam(&expected, (double)(float)sin(i + 0.1 * step), &first, &second, &adam);
    }
    ck_assert_double_eq_tol((double)p[i], expected, 2e-6);
    ck_assert_double_eq_tol((double)m[i], first, 1e-7);
    ck_assert_double_eq_tol((double)v[i], second, 1e-9);
    ck_assert(g[i] == 0.0F);
  }
  lati_free(p), lati_free(start), lati_free(g), lati_free(m), lati_free(v);
  fixture_close(&f);
}
END_TEST

START_TEST(an_average_follows_its_equation) {
  static const int64_t counts[] = {1, 17, 16385, 50003};
  fixture f;
  fixture_open(&f, 2);
  for (int i = 0; i < 4; ++i) {
    float *x = fixture_random(&f, counts[i]), *average = fixture_random(&f, counts[i]);
    float *start = fixture_copy(&f, average, counts[i]);
    lati_average_update(&f.device, average, x, counts[i], 0.75);
    for (int64_t j = 0; j < counts[i]; ++j) {
      const double expected = 0.75 * (double)start[j] + 0.25 * (double)x[j];
      ck_assert_double_eq_tol((double)average[j], expected, 2e-7 * (1.0 + fabs(expected)));
    }
    lati_average_update(&f.device, average, x, counts[i], 0.0);
    assert_same_bits(average, x, (size_t)counts[i] * sizeof *x, "average");
    lati_free(x), lati_free(average), lati_free(start);
  }
  fixture_close(&f);
}
END_TEST

static void check_product(fixture *f, int flags, int64_t m, int64_t n, int64_t k) {
  int transpose_a = flags & 1, transpose_b = (flags & 2) != 0;
  int64_t lda = (transpose_a ? m : k) + 3, ldb = (transpose_b ? k : n) + 1, ldc = n + 2;
  float *a = fixture_random(f, lda * (transpose_a ? k : m));
  float *b = fixture_random(f, ldb * (transpose_b ? n : k));
  float *c[2] = {fixture_random(f, m * ldc), NULL};
  c[1] = fixture_copy(f, c[0], m * ldc);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0.0;
      for (int64_t l = 0; l < k; ++l) {
        sum += (double)(transpose_a ? a[l * lda + i] : a[i * lda + l]) *
               (double)(transpose_b ? b[j * ldb + l] : b[l * ldb + j]);
      }
      c[1][i * ldc + j] = (float)(0.5 * sum - 2.0 * (double)c[1][i * ldc + j]);
    }
  }
  lati_gemm_parallel(&f->device, transpose_a, transpose_b, m, n, k, 0.5F, a, lda, b, ldb, -2.0F,
                     c[0], ldc);
  assert_close(c[0], c[1], m * ldc, 1e-5 * (1.0 + (double)k / 100.0), "C");
  lati_free(a), lati_free(b), lati_free(c[0]), lati_free(c[1]);
}

START_TEST(products_of_any_shape) {
  static const int64_t sizes[][3] = {{1, 1, 1},    {1, 5, 3},      {7, 1, 2},    {3, 4, 1},
                                     {37, 41, 43}, {200, 300, 29}, {1, 1203, 5}, {260, 270, 250}};
  fixture f;
  fixture_open(&f, 2);
  for (int i = 0; i < 8; ++i) {
    for (int flags = 0; flags < 4; ++flags) {
      check_product(&f, flags, sizes[i][0], sizes[i][1], sizes[i][2]);
    }
  }
  fixture_close(&f);
}
END_TEST

START_TEST(products_of_bad_shape_do_nothing) {
  fixture f;
  fixture_open(&f, 1);
  float x[4] = {1.0F, 2.0F, 3.0F, 4.0F}, before[4];
  memcpy(before, x, sizeof x);
  lati_gemm(0, 0, -1, 2, 2, 1.0F, x, 2, x, 2, 0.0F, x, 2);
  lati_gemm(0, 0, 2, 2, 2, 1.0F, x, 1, x, 2, 0.0F, x, 2);
  lati_gemm(0, 0, 2, 2, 2, 1.0F, x, 2, x, 2, 0.0F, x, 1);
  lati_gemm_parallel(&f.device, 0, 0, 2, 0, 2, 1.0F, x, 2, x, 2, 0.0F, x, 2);
  assert_same_bits(x, before, sizeof x, "C");
  lati_gemm(0, 0, 2, 2, 0, 1.0F, x, 2, x, 2, 2.0F, x, 2);
  ck_assert(x[0] == 2.0F && x[3] == 8.0F);
  fixture_close(&f);
}
END_TEST

static void whole_update(fixture *f, void *out, const void *argument) {
  (void)argument;
  enum { COUNT = 50000 };
  float *p = out, *x = fixture_random(f, COUNT), *m = fixture_random(f, COUNT);
  float *v = NEW(f, float, COUNT);
  double *partials = fixture_new(f, lati_sum_of_squares_partials(COUNT), sizeof(double));
  double sum = lati_sum_of_squares(&f->device, x, COUNT, partials);
  const lati_adam adam = {1e-2, 0.9, 0.999, 1e-8, 0.1, 0.1, 0.001, 1.0};
  const lati_stretch stretches[] = {{0, 16384}, {16384, 16384}, {32768, COUNT - 32768}};
  lati_adam_update(&f->device, p, x, m, v, stretches, 3, &adam);
  lati_average_update(&f->device, p, m, COUNT, 0.3);
  memcpy(p + COUNT, &sum, sizeof sum);
  lati_gemm_parallel(&f->device, 0, 1, 250, 200, 150, 1.0F, m, 200, v, 200, 0.0F, p + COUNT + 2,
                     200);
  lati_free(x), lati_free(m), lati_free(v), lati_free(partials);
}

START_TEST(threads_do_not_change_the_bits) {
  assert_same_at_any_threads(whole_update, NULL, (50000 + 2 + 250 * 200) * sizeof(float));
}
END_TEST

START_TEST(a_backend_is_chosen_by_precision) {
  fixture f;
  fixture_open(&f, 1);
  const lati_backend *backend = NULL;
  int32_t precision = LAT_PRECISION_F32;
  ck_assert_int_eq(lati_backend_select(&backend, &precision, f.ctx), LAT_OK);
  const int by_cblas = strncmp(lati_gemm_description(), "CBLAS (", 7) == 0;
  ck_assert(by_cblas || strncmp(lati_gemm_description(), "BLIS ", 5) == 0);
  const char *expected = by_cblas ? "f32-cblas" : "f32-blis";
#if defined(__aarch64__)
  expected = "f32-neon";
#endif
  if (lati_processor_here()->avx512) {
    expected = "f32-avx512";
  }
  ck_assert_str_eq(lati_backend_name(backend), expected);
  precision = LAT_PRECISION_AUTO;
  ck_assert_int_eq(lati_backend_select(&backend, &precision, f.ctx), LAT_OK);
  ck_assert_int_ne(precision, LAT_PRECISION_AUTO);
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *tests[] = {sum_of_squares_is_exact_to_double, adam_follows_its_equation,
                          an_average_follows_its_equation,   products_of_any_shape,
                          products_of_bad_shape_do_nothing,  threads_do_not_change_the_bits,
                          a_backend_is_chosen_by_precision};
  return run_suite("update", tests, sizeof tests / sizeof *tests);
}
