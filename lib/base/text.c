#include "base/text.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* For the thread only; the C locale is a constant of the C library, so nothing is allocated. */
static locale_t enter_c_locale(void) {
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  return c == (locale_t)0 ? (locale_t)0 : uselocale(c);
}

static void leave_c_locale(locale_t before) {
  if (before != (locale_t)0) {
    uselocale(before);
  }
}

int lati_format_list(char *text, size_t size, const char *format, va_list arguments) {
  int error = errno;
  locale_t before = enter_c_locale();
  int length = vsnprintf(text, size, format, arguments);
  leave_c_locale(before);
  errno = error;
  return length;
}

int lati_format(char *text, size_t size, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = lati_format_list(text, size, format, arguments);
  va_end(arguments);
  return length;
}

double lati_parse_double(const char *text, char **end) {
  locale_t before = enter_c_locale();
  double value = strtod(text, end);
  leave_c_locale(before);
  return value;
}
