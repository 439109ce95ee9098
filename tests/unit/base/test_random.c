#include "base/random.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static lat_random start(uint64_t seed, uint32_t stream, uint64_t index) {
  lat_random random;
  memset(&random, 0xA5, sizeof random);
  lati_random_start(&random, seed, stream, index);
  return random;
}

/* Random123's known answer for philox4x32 with ten rounds, key and counter zero. */
START_TEST(known_answer) {
  lat_random random = start(0, 0, 0);
  ck_assert_uint_eq(lati_random_u32(&random), 0x6627e8d5U);
  ck_assert_uint_eq(lati_random_u32(&random), 0xe169c58dU);
  ck_assert_uint_eq(lati_random_u32(&random), 0xbc57ac4cU);
  ck_assert_uint_eq(lati_random_u32(&random), 0x9b00dbd8U);
}
END_TEST

START_TEST(streams_are_reproducible) {
  lat_random first = start(7, 1, 1000), second = start(7, 1, 1000);
  for (int i = 0; i < 1000; ++i) {
    ck_assert_double_eq(lat_random_normal(&first), lat_random_normal(&second));
    ck_assert_double_eq(lat_random_uniform(&first), lat_random_uniform(&second));
    ck_assert_int_eq(lat_random_integer(&first, -5, 5), lat_random_integer(&second, -5, 5));
  }
}
END_TEST

/* Every coordinate of (seed, stream, index) counts, high words included. */
START_TEST(streams_differ) {
  lat_random streams[] = {start(0, 0, 0),
                          start(1, 0, 0),
                          start(UINT64_C(1) << 32, 0, 0),
                          start(0, 1, 0),
                          start(0, UINT32_C(1) << 31, 0),
                          start(0, 0, 1),
                          start(0, 0, UINT64_C(1) << 32)};
  enum { STREAMS = sizeof streams / sizeof streams[0] };
  uint64_t words[STREAMS];
  for (int i = 0; i < STREAMS; ++i) {
    words[i] = lati_random_u64(&streams[i]);
    for (int j = 0; j < i; ++j) {
      ck_assert_uint_ne(words[i], words[j]);
    }
  }
}
END_TEST

typedef struct moments {
  double mean, variance, skewness, kurtosis, correlation, low, high;
} moments;

static moments measure(double (*draw)(lat_random *), int count) {
  lat_random random = start(3, 0, 0);
  double sums[5] = {0}, before = 0, low = (double)INFINITY, high = -(double)INFINITY;
  for (int i = 0; i < count; ++i) {
    const double x = draw(&random);
    sums[0] += x;
    sums[1] += x * x;
    sums[2] += x * x * x;
    sums[3] += x * x * x * x;
    sums[4] += x * before;
    before = x;
    low = fmin(low, x);
    high = fmax(high, x);
  }
  const double mean = sums[0] / count;
  return (moments){
      mean, sums[1] / count - mean * mean, sums[2] / count, sums[3] / count, sums[4] / count, low,
      high};
}

/* Tolerances are five standard deviations of the mean of a million draws. */
START_TEST(uniform_moments) {
  const moments m = measure(lat_random_uniform, 1000000);
  ck_assert_double_eq_tol(m.mean, 0.5, 5 * 0.289e-3);
  ck_assert_double_eq_tol(m.variance, 1.0 / 12, 5 * 0.075e-3);
  ck_assert_double_eq_tol(m.correlation, 0.25, 5 * 0.22e-3);
  ck_assert_double_ge(m.low, 0);
  ck_assert_double_lt(m.low, 2e-5);
  ck_assert_double_lt(m.high, 1);
  ck_assert_double_gt(m.high, 1 - 2e-5);
}
END_TEST

START_TEST(normal_moments) {
  const moments m = measure(lat_random_normal, 1000000);
  ck_assert_double_eq_tol(m.mean, 0, 5e-3);
  ck_assert_double_eq_tol(m.variance, 1, 5 * 1.42e-3);
  ck_assert_double_eq_tol(m.skewness, 0, 5 * 3.9e-3);
  ck_assert_double_eq_tol(m.kurtosis, 3, 5 * 9.8e-3);
  ck_assert_double_eq_tol(m.correlation, 0, 5e-3);
  ck_assert_double_gt(m.high, 4);
  ck_assert_double_lt(m.low, -4);
}
END_TEST

START_TEST(uniform_has_53_bits) {
  lat_random random = start(0, 0, 0), words = start(0, 0, 0);
  int odd = 0;
  for (int i = 0; i < 1000; ++i) {
    const double scaled = lat_random_uniform(&random) * 0x1p53;
    ck_assert_double_eq(scaled, (double)(lati_random_u64(&words) >> 11));
    odd += (int)((uint64_t)scaled & 1);
  }
  ck_assert_int_gt(odd, 400);
  ck_assert_int_lt(odd, 600);
}
END_TEST

START_TEST(integers_are_uniform) {
  enum { LOW = -3, HIGH = 3, DRAWS = 700000 };
  int counts[HIGH - LOW + 1] = {0};
  lat_random random = start(11, 2, 5);
  for (int i = 0; i < DRAWS; ++i) {
    const int32_t x = lat_random_integer(&random, LOW, HIGH);
    ck_assert_int_ge(x, LOW);
    ck_assert_int_le(x, HIGH);
    ++counts[x - LOW];
  }
  for (int i = 0; i <= HIGH - LOW; ++i) {
    ck_assert_int_ge(counts[i], 100000 - 5 * 293);
    ck_assert_int_le(counts[i], 100000 + 5 * 293);
  }
}
END_TEST

/* Of 3 * 2^30 values, taking the product's high word alone would draw every third twice as often as
 * the others. */
START_TEST(large_ranges_are_unbiased) {
  enum { DRAWS = 300000, LOW = -1073741824, HIGH = 2147483647 };
  int thirds = 0;
  lat_random random = start(12, 0, 0);
  for (int i = 0; i < DRAWS; ++i) {
    thirds += ((int64_t)lat_random_integer(&random, LOW, HIGH) - LOW) % 3 == 0;
  }
  ck_assert_int_ge(thirds, DRAWS / 3 - 5 * 258);
  ck_assert_int_le(thirds, DRAWS / 3 + 5 * 258);
}
END_TEST

START_TEST(extreme_ranges) {
  lat_random random = start(0, 0, 0);
  int negative = 0;
  for (int i = 0; i < 1000; ++i) {
    negative += lat_random_integer(&random, INT32_MIN, INT32_MAX) < 0;
  }
  ck_assert_int_gt(negative, 400);
  ck_assert_int_lt(negative, 600);
  ck_assert_int_eq(lat_random_integer(&random, 5, 5), 5);
  ck_assert_int_eq(lat_random_integer(&random, 5, 4), 5);
  ck_assert_int_eq(lat_random_integer(&random, INT32_MAX, INT32_MIN), INT32_MAX);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {known_answer,         streams_are_reproducible,
                                streams_differ,       uniform_moments,
                                normal_moments,       uniform_has_53_bits,
                                integers_are_uniform, large_ranges_are_unbiased,
                                extreme_ranges,       NULL};
  return run_suite("random", tests);
}
