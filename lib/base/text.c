/* Text: formatted and parsed with a decimal point whatever the locale, and cleaned of what may not
 * stand in a message. */
#include "base/text.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The length that a character's first byte announces; 0 for a byte that begins none. */
static size_t announced_length(unsigned char first) {
  return first < 0x80   ? 1
         : first < 0xc2 ? 0
         : first < 0xe0 ? 2
         : first < 0xf0 ? 3
         : first < 0xf5 ? 4
                        : 0;
}

size_t lati_utf8_length(const char *text, size_t size) {
  static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *at = (const unsigned char *)text;
  const size_t length = announced_length(at[0]);
  unsigned code = length > 1 ? at[0] & (0x7fU >> length) : at[0];
  if (length > size) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((at[i] & 0xc0) != 0x80) {
      return 0;
    }
    code = code << 6 | (at[i] & 0x3f);
  }
  const int surrogate = code >= 0xd800 && code <= 0xdfff;
  return length == 0 || surrogate || code > 0x10ffff || code < least[length] ? 0 : length;
}

static int is_control(const char *character, size_t length) {
  const unsigned char first = (unsigned char)character[0];
  return length == 1 ? first < ' ' || first == 0x7f
                     : first == 0xc2 && (unsigned char)character[1] < 0xa0;
}

/* Whether the text ends within the character that begins at `text`. */
static int is_cut(const char *text, size_t size) {
  size_t follow = 1;
  while (follow < size && ((unsigned char)text[follow] & 0xc0) == 0x80) {
    ++follow;
  }
  return follow == size && announced_length((unsigned char)text[0]) > size;
}

void lati_clean_text(char *text) {
  char *const end = text + strlen(text);
  while (text < end) {
    const size_t size = (size_t)(end - text), length = lati_utf8_length(text, size);
    if (length == 0 && is_cut(text, size)) {
      *text = '\0';
      return;
    }
    const size_t taken = length > 0 ? length : 1;
    if (length == 0 || is_control(text, length)) {
      memset(text, strchr("\t\n\v\f\r", *text) != NULL ? ' ' : '?', taken);
    }
    text += taken;
  }
}
