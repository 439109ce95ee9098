/* Checks outside the test's own thread, which Check's are not made for: the process ends. */
#ifndef LAT_TESTS_THREAD_CHECK_H
#define LAT_TESTS_THREAD_CHECK_H

#include <lat/status.h>
#include <stdio.h>
#include <stdlib.h>

static inline void thread_check(int condition, const char *file, int line, const char *text) {
  if (!condition) {
    fprintf(stderr, "%s:%d: %s (last error: %s)\n", file, line, text, lat_last_error());
    exit(EXIT_FAILURE);
  }
}

#define THREAD_CHECK(condition) thread_check((condition), __FILE__, __LINE__, #condition)
#define THREAD_OK(call) THREAD_CHECK((call) == LAT_OK)

#endif
