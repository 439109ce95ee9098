/* What the tokenizer's tests share: a source of numbers, a tokenizer per encoding. */
#ifndef LAT_TOKENIZER_FIXTURE_H
#define LAT_TOKENIZER_FIXTURE_H

#include "tokenizer/tokenizer_impl.h"

#include "check_quietly.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const encoding_names[] = {"p10", "p1000", "b1999", "fp15"};
enum { ENCODINGS = 4 };

/* A check for inner loops: Check's own writes to a file every time, also when it holds. */
#define EXPECT(condition, ...)                                                                     \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      ck_abort_msg(__VA_ARGS__);                                                                   \
    }                                                                                              \
  } while (0)

static uint64_t fixture_state = 1;

static inline uint64_t random_bits(void) {
  fixture_state ^= fixture_state << 13;
  fixture_state ^= fixture_state >> 7;
  fixture_state ^= fixture_state << 17;
  return fixture_state * 0x2545f4914f6cdd1du;
}

static inline double random_unit(void) {
  return (double)(random_bits() >> 11) * 0x1p-53;
}

/* Either sign, magnitudes 10^low .. 10^high evenly on the logarithm. */
static inline double random_magnitude(double low, double high) {
  double magnitude = pow(10, low + (high - low) * random_unit());
  return random_bits() & 1 ? magnitude : -magnitude;
}

static inline lat_tokenizer *make_tokenizer(const char *encoding, int32_t digits) {
  lat_context *ctx = NULL;
  lat_tokenizer *tokenizer = NULL;
  lat_tokenizer_options options;
  lat_tokenizer_options_init(&options);
  options.input_encoding = options.output_encoding = encoding;
  options.input_digits = options.output_digits = digits;
  ck_assert_int_eq(lat_context_create(&ctx, NULL), LAT_OK);
  ck_assert_int_eq(lat_tokenizer_create(&tokenizer, ctx, &options), LAT_OK);
  lat_context_free(ctx);
  return tokenizer;
}

/* Every encoding, p10 with every number of digits: variant 0 .. VARIANTS - 1. */
enum { VARIANTS = 12 };
static inline lat_tokenizer *make_variant(int variant) {
  return variant < 9 ? make_tokenizer("p10", 1 + variant)
                     : make_tokenizer(encoding_names[variant - 8], 0);
}

/* Runs the cases of one module. */
static inline int run_cases(const char *name, const TTest *const *cases, size_t count) {
  Suite *suite = suite_create(name);
  TCase *all = tcase_create(name);
  tcase_set_timeout(all, 300);
  for (size_t i = 0; i < count; ++i) {
    tcase_add_test(all, cases[i]);
  }
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define RUN_CASES(name, cases) run_cases((name), (cases), sizeof(cases) / sizeof *(cases))

#endif
