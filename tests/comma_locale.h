/* A locale whose decimal point is a comma: the one that CMake compiles for the tests. */
#ifndef LAT_COMMA_LOCALE_H
#define LAT_COMMA_LOCALE_H

#include <locale.h>
#include <stdio.h>

/* Switches LC_NUMERIC of the process; returns 0, with a note, where the locale is missing. */
static inline int comma_locale_enter(void) {
  const int found = setlocale(LC_NUMERIC, "comma") != NULL;
  if (!found) {
    fprintf(stderr, "skipped: no locale with a decimal comma (LOCPATH is ctest's)\n");
  }
  return found;
}

static inline void comma_locale_leave(void) {
  setlocale(LC_NUMERIC, "C");
}

#endif
