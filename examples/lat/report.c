/* Messages, JSON lines and matrices, cleaned of what a terminal must not be sent. */
#include "report.h"

#include "command_line.h"
#include "json_text.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

/* Has room for the longest path and what is said of it. */
enum { MESSAGE_SIZE = 8192 };

/* The bytes at `text` of one character that may be printed; 0 when it may not, -1 when the text
 * ends within it. */
static int printable_length(const char *text, size_t size) {
  mbstate_t state = {0};
  wchar_t character = 0;
  const size_t length = mbrtowc(&character, text, size, &state);
  if (length == (size_t)-2) {
    return -1;
  }
  return length == (size_t)-1 || iswcntrl((wint_t)character) ? 0 : (int)length;
}

/* The locale whose text is UTF-8, loaded once; NULL where there is none, and all but ASCII is '?'.
 */
static locale_t utf8_locale(void) {
  static locale_t utf8;
  if (utf8 == (locale_t)0) {
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  }
  return utf8;
}

void report_clean(char *text) {
  const locale_t before = uselocale(utf8_locale());
  for (char *const end = text + strlen(text); text < end;) {
    const int length = printable_length(text, (size_t)(end - text));
    if (length < 0) {
      break;
    }
    if (length == 0) {
      *text = strchr("\t\n\v\f\r", *text) != NULL ? ' ' : '?';
    }
    text += length > 0 ? length : 1;
  }
  *text = '\0';
  uselocale(before);
}

int report_failure(lat_status status) {
  const char *message = lat_last_error();
  fprintf(stderr, "lat: %s\n", message[0] != '\0' ? message : lat_status_text(status));
  return EXIT_FAILED;
}

int report_setup(lat_status status) {
  report_failure(status);
  switch (status) {
  case LAT_ERROR_ARGUMENT:
  case LAT_ERROR_NOT_FOUND:
  case LAT_ERROR_SHAPE:
  case LAT_ERROR_STATE:
    return EXIT_USAGE;
  default:
    return EXIT_FAILED;
  }
}

/* "lat: TEXT" or "lat COMMAND: TEXT". */
static void print_message(const char *command, const char *format, va_list arguments) {
  char text[MESSAGE_SIZE];
  vsnprintf(text, sizeof text, format, arguments);
  report_clean(text);
  fprintf(stderr, "lat%s%s: %s\n", command != NULL ? " " : "", command != NULL ? command : "",
          text);
}

int report_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_message(NULL, format, arguments);
  va_end(arguments);
  return EXIT_FAILED;
}

int report_usage(const char *command, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_message(command, format, arguments);
  va_end(arguments);
  fprintf(stderr, "Try 'lat %s --help'.\n", command);
  return EXIT_USAGE;
}

int report_json(json_t *object) {
  int outcome = object != NULL ? EXIT_DONE : report_error("no memory for the JSON output");
  if (object != NULL && !json_write(stdout, object)) {
    outcome = report_error("the JSON output could not be written");
  }
  putchar('\n');
  json_decref(object);
  return outcome;
}

/* A name without control characters and bytes that are not UTF-8. */
static void clean_name(char text[MESSAGE_SIZE], const char *name) {
  snprintf(text, MESSAGE_SIZE, "%s", name);
  report_clean(text);
}

json_t *json_name(const char *name) {
  json_t *exact = json_string(name);
  if (exact != NULL) {
    return exact;
  }
  char text[MESSAGE_SIZE];
  clean_name(text, name);
  return json_string(text);
}

json_t *json_number(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

static double *entry(const lat_matrix *matrix, int32_t row, int32_t col) {
  size_t r = (size_t)row, c = (size_t)col, ld = (size_t)matrix->ld;
  return matrix->data + (matrix->order == LAT_ROW_MAJOR ? r * ld + c : r + c * ld);
}

json_t *json_matrix(const lat_matrix *matrix) {
  json_t *rows = json_array();
  for (int32_t i = 0; i < matrix->rows; ++i) {
    json_t *row = json_array();
    for (int32_t j = 0; j < matrix->cols; ++j) {
      json_array_append_new(row, json_number(*entry(matrix, i, j)));
    }
    json_array_append_new(rows, row);
  }
  return rows;
}

static void print_number(double value) {
  char text[NUMBER_SIZE];
  fputs(number_text(text, value), stdout);
}

void print_matrix(const lat_matrix *matrix) {
  for (int32_t i = 0; i < matrix->rows; ++i) {
    for (int32_t j = 0; j < matrix->cols; ++j) {
      fputs(j > 0 ? " " : "", stdout);
      print_number(*entry(matrix, i, j));
    }
    putchar('\n');
  }
}

void print_name(const char *name) {
  char text[MESSAGE_SIZE];
  clean_name(text, name);
  fputs(text, stdout);
}

const char *verdict_name(int32_t verdict) {
  switch (verdict) {
  case LAT_VERDICT_WITHIN:
    return "within";
  case LAT_VERDICT_OUTSIDE:
    return "outside";
  case LAT_VERDICT_UNDECODABLE:
    return "undecodable";
  case LAT_VERDICT_CERTIFIED:
    return "certified";
  case LAT_VERDICT_NO_ANSWER:
    return "no answer";
  default:
    return "unknown";
  }
}

double seconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}
