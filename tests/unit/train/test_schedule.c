#include "small_run.h"
#include "suite.h"
#include "train/schedule.h"

#include <math.h>

static lat_optimizer_options named(const char *schedule) {
  lat_optimizer_options options;
  lat_optimizer_options_init(&options);
  options.schedule = schedule;
  options.learning_rate = 1e-3;
  return options;
}

static void expect_rate(const lat_optimizer_options *options, int64_t updates, double rate) {
  const double found = lati_schedule_rate(options, updates);
  ck_assert_msg(fabs(found - rate) <= 1e-12 * rate, "update %lld: %.17g, not %.17g",
                (long long)updates, found, rate);
}

START_TEST(warm_up_rises_linearly_from_1e_7) {
  const char *const names[] = {"constant", "inverse-sqrt", "cosine"};
  for (int i = 0; i < 3; ++i) {
    lat_optimizer_options options = named(names[i]);
    options.warmup = 10000;
    options.period = 100;
    expect_rate(&options, 0, 1e-7);
    expect_rate(&options, 1, 1e-7 + (1e-3 - 1e-7) / 10000);
    expect_rate(&options, 5000, (1e-3 + 1e-7) / 2);
    expect_rate(&options, 10000, 1e-3);
  }
}
END_TEST

START_TEST(a_rate_below_1e_7_stays_below) {
  lat_optimizer_options options = named("constant");
  options.learning_rate = 1e-9;
  options.warmup = 10;
  expect_rate(&options, 0, 1e-9);
  expect_rate(&options, 5, 1e-9);
}
END_TEST

START_TEST(constant_stays) {
  const lat_optimizer_options options = named("constant");
  expect_rate(&options, 0, 1e-3);
  expect_rate(&options, 123456789, 1e-3);
}
END_TEST

START_TEST(inverse_sqrt_falls_from_the_warm_up) {
  lat_optimizer_options options = named("inverse-sqrt");
  options.warmup = 400;
  expect_rate(&options, 400, 1e-3);
  expect_rate(&options, 1600, 0.5e-3);
  expect_rate(&options, 40000, 1e-4);
  options.warmup = 0;
  expect_rate(&options, 0, 1e-3);
  expect_rate(&options, 1, 1e-3);
  expect_rate(&options, 100, 1e-4);
}
END_TEST

START_TEST(cosine_swings_between_rate_and_floor) {
  lat_optimizer_options options = named("cosine");
  options.warmup = 10;
  options.period = 100;
  options.floor = 0.1;
  expect_rate(&options, 10, 1e-3);
  expect_rate(&options, 60, 0.55e-3);
  expect_rate(&options, 35, 1e-4 + 0.9e-3 * (1 + sqrt(0.5)) / 2);
  ck_assert(lati_schedule_rate(&options, 109) < 1.003e-4);
  expect_rate(&options, 110, 1e-3);
  expect_rate(&options, 1060, 0.55e-3);
}
END_TEST

START_TEST(periods_grow_and_peaks_shrink_to_the_floor) {
  lat_optimizer_options options = named("cosine");
  options.period = 100;
  options.period_multiplier = 2;
  options.shrink = 0.5;
  options.floor = 0.2;
  expect_rate(&options, 0, 1e-3);
  expect_rate(&options, 50, 0.6e-3);
  expect_rate(&options, 100, 0.5e-3);
  expect_rate(&options, 200, 0.35e-3);
  expect_rate(&options, 300, 0.25e-3);
  expect_rate(&options, 700, 0.2e-3); /* 0.125 of the rate is below the floor */
  expect_rate(&options, 900, 0.2e-3);
}
END_TEST

START_TEST(unknown_names_and_missing_periods_are_refused) {
  const char *name = NULL;
  lat_optimizer_options options = named("linear");
  CHECK_FAILS(lati_schedule_find(&name, &options), LAT_ERROR_NOT_FOUND, "no schedule \"linear\"");
  options = named("cosine");
  CHECK_FAILS(lati_schedule_find(&name, &options), LAT_ERROR_ARGUMENT, "period >= 1, not 0");
  options.period = 1;
  CHECK_OK(lati_schedule_find(&name, &options));
  ck_assert_str_eq(name, "cosine");
}
END_TEST

int main(void) {
  const TTest *const tests[] = {warm_up_rises_linearly_from_1e_7,
                                a_rate_below_1e_7_stays_below,
                                constant_stays,
                                inverse_sqrt_falls_from_the_warm_up,
                                cosine_swings_between_rate_and_floor,
                                periods_grow_and_peaks_shrink_to_the_floor,
                                unknown_names_and_missing_periods_are_refused,
                                NULL};
  return run_suite("schedule", tests);
}
