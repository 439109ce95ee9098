#include "compute_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void fixture_open(fixture *f, int32_t threads) {
  lat_context_options options;
  lat_context_options_init(&options);
  options.threads = threads;
  options.precision = LAT_PRECISION_F32;
  ck_assert_int_eq(lat_context_create(&f->ctx, &options), LAT_OK);
  ck_assert_int_eq(lati_pool_create(&f->device.pool, f->ctx, threads), LAT_OK);
  f->state = 1;
}

void fixture_close(fixture *f) {
  lati_pool_free(f->device.pool);
  lat_context_free(f->ctx);
}

void *fixture_new(fixture *f, int64_t count, size_t size) {
  void *block = NULL;
  ck_assert_int_eq(lati_alloc(&block, f->ctx, (size_t)count, size), LAT_OK);
  return block;
}

void *fixture_scratch(fixture *f, size_t bytes) {
  void *block = fixture_new(f, (int64_t)bytes + 1, 1);
  memset(block, 0xff, bytes);
  return block;
}

double fixture_uniform(fixture *f) {
  f->state = f->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(f->state >> 33) / (double)(UINT64_C(1) << 30) - 1.0;
}

float *fixture_random(fixture *f, int64_t count) {
  float *x = NEW(f, float, count);
  for (int64_t i = 0; i < count; ++i) {
    x[i] = (float)fixture_uniform(f);
  }
  return x;
}

float *fixture_copy(fixture *f, const float *x, int64_t count) {
  float *copy = NEW(f, float, count);
  memcpy(copy, x, (size_t)count * sizeof *x);
  return copy;
}

float *fixture_slopes(fixture *f, int64_t count) {
  float *x = fixture_random(f, count);
  for (int64_t i = 0; i < count; ++i) {
    x[i] = i % 5 == 0 ? 0.0F : 6.0F * x[i];
  }
  return x;
}

int32_t *fixture_integers(fixture *f, int64_t count, int32_t first, int32_t end) {
  int32_t *x = NEW(f, int32_t, count);
  for (int64_t i = 0; i < count; ++i) {
    x[i] = first + (int32_t)((fixture_uniform(f) + 1.0) / 2.0 * (end - first));
  }
  return x;
}

uint16_t bf16_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (isnan(x)) {
    return (uint16_t)(bits >> 16 | 0x40);
  }
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float bf16_value(uint16_t bits) {
  const uint32_t word = (uint32_t)bits << 16;
  float x;
  memcpy(&x, &word, sizeof x);
  return x;
}

float bf16_nearest(float x) {
  return bf16_value(bf16_of(x));
}

void fixture_round(float *x, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    x[i] = bf16_nearest(x[i]);
  }
}

enum { QUIET_NAN = 0x7FC0 };

lati_rows fixture_rows(fixture *f, const float *x, int64_t rows, int64_t ld, int narrow) {
  if (!narrow) {
    return lati_floats(fixture_copy(f, x, rows * ld), ld);
  }
  uint16_t *copy = NEW(f, uint16_t, (rows + LATI_TILE) * ld);
  for (int64_t i = 0; i < (rows + LATI_TILE) * ld; ++i) {
    copy[i] = i < rows * ld ? bf16_of(x[i]) : QUIET_NAN;
  }
  return (lati_rows){.narrow = copy, .ld = ld};
}

void fixture_free_rows(lati_rows x) {
  lati_free(x.data);
  lati_free(x.narrow);
}

float fixture_value(lati_rows x, int64_t place) {
  return x.narrow != NULL ? bf16_value(x.narrow[place]) : x.data[place];
}

void assert_values_close(lati_rows a, const float *b, int64_t count, double tolerance,
                         const char *what) {
  const double rounding = a.narrow != NULL ? 0x1p-8 : 0.0;
  double worst = 0.0;
  int64_t place = 0;
  for (int64_t i = 0; i < count && !isnan(worst); ++i) {
    const double size = fabs((double)b[i]), off = fabs((double)fixture_value(a, i) - (double)b[i]);
    const double error = (off - rounding * size) / fmax(1.0, size);
    if (!(error <= worst)) {
      worst = error;
      place = i;
    }
  }
  ck_assert_msg(worst <= tolerance, "%s: element %ld is %.9g, not %.9g (%.2g > %.2g)", what,
                (long)place, (double)fixture_value(a, place), (double)b[place], worst, tolerance);
}

void assert_close(const float *a, const float *b, int64_t count, double tolerance,
                  const char *what) {
  /* lati_rows serves results too; these are only read. */
  assert_values_close(lati_floats((float *)(uintptr_t)a, count), b, count, tolerance, what);
}

void assert_rows_close(lati_rows a, const float *b, int64_t rows, double tolerance,
                       const char *what) {
  int64_t written = 0;
  for (int64_t i = rows * a.ld; i < (rows + LATI_TILE) * a.ld && a.narrow != NULL; ++i) {
    written += a.narrow[i] != QUIET_NAN;
  }
  assert_values_close(a, b, rows * a.ld, tolerance, what);
  ck_assert_msg(written == 0, "%s: %ld values of the spare rows are written", what, (long)written);
}

void assert_same_bits(const void *a, const void *b, size_t bytes, const char *what) {
  ck_assert_msg(memcmp(a, b, bytes) == 0, "%s: the bits differ", what);
}

void assert_same_at_any_threads(case_function *run, const void *argument, size_t bytes) {
  static const int32_t threads[] = {1, 2, 4};
  void *first = NULL;
  for (int i = 0; i < 3; ++i) {
    fixture f;
    fixture_open(&f, threads[i]);
    void *out = malloc(bytes);
    ck_assert_ptr_nonnull(out);
    memset(out, 0, bytes);
    run(&f, out, argument);
    fixture_close(&f);
    if (first == NULL) {
      first = out;
      continue;
    }
    assert_same_bits(first, out, bytes, "more threads");
    free(out);
  }
  free(first);
}

int run_suite(const char *name, const TTest *const *tests, int count) {
  Suite *suite = suite_create(name);
  TCase *group = tcase_create(name);
  tcase_set_timeout(group, 120);
  for (int i = 0; i < count; ++i) {
    tcase_add_test(group, tests[i]);
  }
  suite_add_tcase(suite, group);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failures = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
