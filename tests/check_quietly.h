/* Check's assertions without a write to the runner for each that holds. Check tells the runner of
 * every assertion, so that a crash can be told by the last one that was passed: most of the time of
 * a test that compares numbers one by one. */
#ifndef LAT_TESTS_CHECK_QUIETLY_H
#define LAT_TESTS_CHECK_QUIETLY_H

#include <check.h>

#undef ck_assert_msg
#define ck_assert_msg(expr, ...)                                                                   \
  ((expr) ? (void)0                                                                                \
          : _ck_assert_failed(__FILE__, __LINE__, "Assertion '" #expr "' failed", __VA_ARGS__))

#endif
