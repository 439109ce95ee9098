/* Text that does not depend on the host's locale, and text that is fit for a message. */
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

/* Bytes of the UTF-8 character at `text`, of which `size` >= 1 bytes are there; 0 when they are not
 * UTF-8: an overlong form, a surrogate, a number beyond Unicode's, a character that is cut. */
size_t lati_utf8_length(const char *text, size_t size);

/* Makes one line of printable UTF-8 of text that may hold anything, in place. Tabs and line ends
 * become blanks; other control characters (C0, DEL, C1) and bytes that are not UTF-8 become '?'; a
 * character that the text's end cuts is left out. */
void lati_clean_text(char *text);

#endif
