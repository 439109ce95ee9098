/* Text that does not depend on the host's locale. */
#ifndef LATI_TEXT_H
#define LATI_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/* snprintf() with a decimal point, whatever LC_NUMERIC says; keeps errno. Returns the length the
 * whole text has (it is cut to size - 1), negative when the format is bad. */
int lati_format(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int lati_format_list(char *text, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* strtod() with a decimal point, whatever LC_NUMERIC says. */
double lati_parse_double(const char *text, char **end);

#endif
