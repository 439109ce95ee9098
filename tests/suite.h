/* The main function of a Check binary: runs the listed tests, says what failed. */
#ifndef LAT_TESTS_SUITE_H
#define LAT_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* tests ends with NULL. */
static inline int run_suite(const char *name, const TTest *const *tests) {
  Suite *suite = suite_create(name);
  TCase *tests_of_suite = tcase_create(name);
  tcase_set_timeout(tests_of_suite, 300);
  for (; *tests != NULL; ++tests) {
    tcase_add_test(tests_of_suite, *tests);
  }
  suite_add_tcase(suite, tests_of_suite);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
