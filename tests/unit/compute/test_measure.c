#include "compute/peak.h"
#include "compute/processor.h"
#include "compute_fixture.h"

#include <math.h>

START_TEST(rates_are_found) {
  double ceiling = 0.0, products = 0.0;
  fixture f;
  fixture_open(&f, 2);
  ck_assert_int_eq(lat_context_measure(&ceiling, &products, f.ctx, 65, 33, 17, 0.001), LAT_OK);
  ck_assert(isfinite(ceiling) && ceiling > 1e7);
  ck_assert(isfinite(products) && products > 1e4);
  fixture_close(&f);
}
END_TEST

START_TEST(either_rate_alone) {
  double ceiling = 0.0, products = 0.0;
  fixture f;
  fixture_open(&f, 1);
  ck_assert_int_eq(lat_context_measure(&ceiling, NULL, f.ctx, 1, 1, 1, 0.0), LAT_OK);
  ck_assert_int_eq(lat_context_measure(NULL, &products, f.ctx, 1, 1, 1, 0.0), LAT_OK);
  ck_assert(ceiling > 0.0 && products > 0.0);
  ck_assert_int_eq(lat_context_measure(NULL, NULL, f.ctx, 1, 1, 1, 0.0), LAT_OK);
  fixture_close(&f);
}
END_TEST

static void refuse(const fixture *f, int64_t tokens, int32_t out, int32_t in, double seconds,
                   const char *message) {
  double ceiling = -1.0;
  ck_assert_int_eq(lat_context_measure(&ceiling, NULL, f->ctx, tokens, out, in, seconds),
                   LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), message);
  ck_assert_double_eq(ceiling, -1.0);
}

START_TEST(bad_arguments_are_refused) {
  fixture f;
  fixture_open(&f, 1);
  refuse(&f, 0, 1, 1, 0.0, "measure: tokens 0 is outside 1..16777216");
  refuse(&f, 16777217, 1, 1, 0.0, "measure: tokens 16777217 is outside 1..16777216");
  refuse(&f, 1, 0, 1, 0.0, "measure: out 0 or in 1 is outside 1..1048576");
  refuse(&f, 1, 1, 1048577, 0.0, "measure: out 1 or in 1048577 is outside 1..1048576");
  refuse(&f, 1, 1, 1, -1.0, "measure: seconds -1 is outside 0..60");
  refuse(&f, 1, 1, 1, (double)NAN, "measure: seconds nan is outside 0..60");
  ck_assert_int_eq(lat_context_measure(NULL, NULL, NULL, 1, 1, 1, 0.0), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "ctx is NULL");
  fixture_close(&f);
}
END_TEST

/* Twelve sums of so many products each: no round is lost, and none is skipped. */
static void check_sums(const lati_peak *peak, int32_t lanes, double product) {
  enum { ROUNDS = 100 };
  _Alignas(64) float x[LATI_PEAK_FLOATS];
  for (int32_t i = 0; i < LATI_PEAK_FLOATS; ++i) {
    x[i] = 1.0F;
  }
  peak->run(x, ROUNDS);
  for (int32_t i = 0; i < 12 * lanes; ++i) {
    ck_assert_double_eq_tol((double)x[12 * lanes + i], ROUNDS * product, 1e-2 * ROUNDS * product);
  }
}

START_TEST(loops_multiply_and_add) {
  check_sums(&lati_peak_portable, 4, 1e-3);
#if defined(__x86_64__)
  const lati_processor *processor = lati_processor_here();
  if (processor->avx2) {
    check_sums(&lati_peak_avx2, 8, 1e-3);
  }
  if (processor->avx512) {
    check_sums(&lati_peak_avx512, 16, 1e-3);
  }
#elif defined(__aarch64__)
  check_sums(&lati_peak_neon, 4, 1e-3);
#endif
#if LATI_HAS_AVX512_BF16
  if (lati_processor_here()->bf16_dot) {
    check_sums(&lati_peak_bf16_dot, 16, 1e-3); /* the float 1 is the bf16 pair 0, 1 */
  }
#elif LATI_HAS_ARM_BF16
  if (lati_processor_here()->bf16_dot) {
    check_sums(&lati_peak_bf16_neon, 4, 1e-3);
  }
#endif
}
END_TEST

int main(void) {
  const TTest *const tests[] = {rates_are_found, either_rate_alone, bad_arguments_are_refused,
                                loops_multiply_and_add};
  return run_suite("measure", tests, 4);
}
