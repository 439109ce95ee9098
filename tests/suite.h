/* The main function of a Check binary: runs the listed tests, says what failed. */
#ifndef LAT_TESTS_SUITE_H
#define LAT_TESTS_SUITE_H

#include "check_quietly.h"
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* In the child of a test: ends it after so many seconds, that a child that hangs does not hang the
 * tests. Check's handler of SIGALRM, which a child inherits, kills a whole process group: with
 * CK_FORK=no that of whoever runs the tests. */
static inline void end_child_after(unsigned seconds) {
  signal(SIGALRM, SIG_DFL);
  alarm(seconds);
}

/* Runs one case, which may hold loops over `_i`. */
static inline int run_case(const char *name, TCase *tests) {
  Suite *suite = suite_create(name);
  tcase_set_timeout(tests, 300);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* tests ends with NULL. */
static inline int run_suite(const char *name, const TTest *const *tests) {
  TCase *tests_of_suite = tcase_create(name);
  for (; *tests != NULL; ++tests) {
    tcase_add_test(tests_of_suite, *tests);
  }
  return run_case(name, tests_of_suite);
}

#endif
