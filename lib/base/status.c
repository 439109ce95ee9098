#include "base/error.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = 512 };

static _Thread_local char message[MESSAGE_SIZE];

/* Every code's name behind its common part: LAT_OK is "OK", LAT_ERROR_SHAPE is "SHAPE". */
static const char *short_name(const char *name) {
  static const char error[] = "LAT_ERROR_";
  size_t skip = strncmp(name, error, sizeof error - 1) == 0 ? sizeof error - 1 : sizeof "LAT_" - 1;
  return name + skip;
}

const char *lat_status_name(lat_status status) {
  switch (status) {
#define STATUS_NAME(name, value, text)                                                             \
  case name:                                                                                       \
    return short_name(#name);
    LAT_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
  default:
    return "UNKNOWN";
  }
}

const char *lat_status_text(lat_status status) {
  switch (status) {
#define STATUS_TEXT(name, value, text)                                                             \
  case name:                                                                                       \
    return text;
    LAT_STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
  default:
    return "unknown status code";
  }
}

const char *lat_last_error(void) {
  return message;
}

lat_status lati_fail(lat_status status, const char *format, ...) {
  char text[MESSAGE_SIZE]; /* the arguments may point into the old message */
  va_list arguments;
  va_start(arguments, format);
  lati_format_list(text, sizeof text, format, arguments);
  va_end(arguments);
  lati_clean_text(text); /* names from files and callers may hold anything */
  memcpy(message, text, sizeof message);
  return status;
}

lat_status lati_fail_prefix(lat_status status, const char *format, ...) {
  char place[MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  lati_format_list(place, sizeof place, format, arguments);
  va_end(arguments);
  return lati_fail(status, "%s: %s", place, message);
}
