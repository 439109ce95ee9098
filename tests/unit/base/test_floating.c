#include "base/floating.h"
#include "suite.h"
#include "traps.h"

#include <float.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* Volatile, as are the results: nothing is computed by the compiler, or after the state is left. */
static volatile double one = 1, three = 3, zero = 0, tiny = DBL_MIN;

static void enter_leave(volatile double *third, volatile double *half_of_tiny,
                        volatile double *inverse) {
  lati_floating saved;
  lati_floating_enter(&saved);
  *third = one / three;
  *half_of_tiny = tiny / 2;
  *inverse = one / zero; /* would end the process if it trapped */
  lati_floating_leave(&saved);
}

static void check_default_inside(void) {
  volatile double third = 0, half_of_tiny = 0, inverse = 0;
  enter_leave(&third, &half_of_tiny, &inverse);
  ck_assert_double_eq(third, 0x1.5555555555555p-2);
  ck_assert_double_gt(half_of_tiny * 0x1p60, 0);
  ck_assert_double_gt(inverse, DBL_MAX);
}

START_TEST(rounding) {
  const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
  for (int i = 0; i < 4; ++i) {
    fesetround(modes[i]);
    check_default_inside();
    ck_assert_int_eq(fegetround(), modes[i]);
  }
}
END_TEST

START_TEST(exception_flags_stay_the_callers) {
  feclearexcept(FE_ALL_EXCEPT);
  feraiseexcept(FE_INVALID);
  check_default_inside();
  ck_assert_int_eq(fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_INEXACT), FE_INVALID);
  feclearexcept(FE_ALL_EXCEPT);
}
END_TEST

START_TEST(traps) {
  const int unmasked = FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW;
  feclearexcept(FE_ALL_EXCEPT);
  if (traps_set(unmasked) == 0) {
    return;
  }
  volatile double third = 0, half_of_tiny = 0, inverse = 0;
  enter_leave(&third, &half_of_tiny, &inverse);
  const int after = traps_get();
  traps_set(0);
  ck_assert_int_eq(after, unmasked);
  ck_assert_double_gt(inverse, DBL_MAX);
}
END_TEST

#ifdef __SSE2__
START_TEST(flush_to_zero) {
  enum { FTZ = 0x8000, DAZ = 0x0040 };
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | FTZ | DAZ);
  volatile double third = 0, half_of_tiny = 0, inverse = 0;
  enter_leave(&third, &half_of_tiny, &inverse);
  const unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  ck_assert_uint_eq(after & (FTZ | DAZ), FTZ | DAZ);
  ck_assert_double_gt(half_of_tiny * 0x1p60, 0);
}
END_TEST

static double half_of_tiny(void) {
  volatile double half = tiny / 2;
  return half * 0x1p60;
}

/* The host's functions see the host's state in between. */
START_TEST(flushing_is_ours_alone) {
  lati_floating saved;
  lati_floating_enter(&saved);
  ck_assert_int_eq(lati_floating_flush(1), 0);
  ck_assert(half_of_tiny() == 0);
  lati_floating *host = lati_floating_lend();
  ck_assert(half_of_tiny() > 0);
  lati_floating_take_back(host);
  ck_assert(half_of_tiny() == 0);
  ck_assert_int_eq(lati_floating_flush(0), 1);
  ck_assert(half_of_tiny() > 0);
  double third = 0, half = 0, inverse = 0;
  lati_floating_flush(1);
  enter_leave(&third, &half, &inverse);
  ck_assert(lati_floating_flushes());
  lati_floating_leave(&saved);
  ck_assert(!lati_floating_flushes());
  ck_assert(half * 0x1p60 > 0);
}
END_TEST
#endif

int main(void) {
  const TTest *const tests[] = {rounding,      exception_flags_stay_the_callers, traps,
#ifdef __SSE2__
                                flush_to_zero, flushing_is_ours_alone,
#endif
                                NULL};
  return run_suite("floating", tests);
}
