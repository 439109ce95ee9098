/* How many processors a quota pays for. */
#include "base/processors.h"
#include "suite.h"

START_TEST(quotas_are_rounded_up) {
  static const struct {
    const char *text;
    int32_t count;
  } quotas[] = {{"max 100000\n", 0},
                {"100000 100000\n", 1},
                {"150000 100000\n", 2},
                {"1000 100000", 1},
                {"400000 100000", 4},
                {"-1 100000\n", 0},
                {"", 0},
                {"x", 0},
                {"200000", 0},
                {"200000 0", 0},
                {"9223372036854775807 1", 0}};
  for (size_t i = 0; i < sizeof quotas / sizeof *quotas; ++i) {
    ck_assert_msg(lati_quota_processors(quotas[i].text) == quotas[i].count, "%s", quotas[i].text);
  }
}
END_TEST

START_TEST(there_is_always_a_processor) {
  ck_assert_int_ge(lati_available_processors(), 1);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {quotas_are_rounded_up, there_is_always_a_processor, NULL};
  return run_suite("processors", tests);
}
