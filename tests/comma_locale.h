/* A locale whose decimal point is a comma: the system's, or one compiled into a temporary folder.
 */
#ifndef LAT_COMMA_LOCALE_H
#define LAT_COMMA_LOCALE_H

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int comma_locale_found(const char *name) {
  return setlocale(LC_NUMERIC, name) != NULL && strcmp(localeconv()->decimal_point, ",") == 0;
}

/* Switches LC_NUMERIC of the process; returns 0, with a note, where no such locale can be had. */
static inline int comma_locale_enter(void) {
  char folder[] = "/tmp/lat-locale-XXXXXX", command[256];
  int found = comma_locale_found("de_DE.UTF-8") || comma_locale_found("fr_FR.UTF-8");
  if (!found && mkdtemp(folder) != NULL) {
    snprintf(command, sizeof command,
             "localedef --no-archive -i de_DE -f UTF-8 %s/comma.UTF-8 >/dev/null 2>&1", folder);
    if (system(command) >= 0) {
      setenv("LOCPATH", folder, 1);
      found = comma_locale_found("comma.UTF-8");
      unsetenv("LOCPATH");
    }
    snprintf(command, sizeof command, "rm -rf %s", folder);
    found = system(command) == 0 && found;
  }
  if (!found) {
    fprintf(stderr, "skipped: no locale with a decimal comma (package locales)\n");
  }
  return found;
}

static inline void comma_locale_leave(void) {
  setlocale(LC_NUMERIC, "C");
}

#endif
