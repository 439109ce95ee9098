/* jansson writes numbers with a fixed count of digits, so that 0.1 becomes 0.10000000000000001;
 * here arrays and objects are walked, and all but real numbers is left to it. */
#include "json_text.h"

#include <stdlib.h>
#include <string.h>

const char *number_text(char text[NUMBER_SIZE], double value) {
  for (int digits = 15; digits <= 17; ++digits) {
    snprintf(text, NUMBER_SIZE, "%.*g", digits, value);
    if (strtod(text, NULL) == value) {
      break;
    }
  }
  return text;
}

/* A real number has a point or an exponent, so that it is read back as one. */
static int write_real(FILE *file, double value) {
  char text[NUMBER_SIZE];
  number_text(text, value);
  return fputs(text, file) >= 0 && (strpbrk(text, ".e") != NULL || fputs(".0", file) >= 0);
}

static int write_array(FILE *file, const json_t *array) {
  int written = fputc('[', file) != EOF;
  for (size_t i = 0; i < json_array_size(array) && written; ++i) {
    written = (i == 0 || fputc(',', file) != EOF) && json_write(file, json_array_get(array, i));
  }
  return written && fputc(']', file) != EOF;
}

static int write_text(FILE *file, const char *text) {
  json_t *string = json_string(text);
  const int written = string != NULL && json_dumpf(string, file, JSON_ENCODE_ANY) == 0;
  json_decref(string);
  return written;
}

static int write_object(FILE *file, const json_t *object) {
  const char *key = NULL;
  json_t *value = NULL;
  int written = fputc('{', file) != EOF, first = 1;
  json_object_foreach((json_t *)object, key, value) {
    written = written && (first || fputc(',', file) != EOF) && write_text(file, key) &&
              fputc(':', file) != EOF && json_write(file, value);
    first = 0;
  }
  return written && fputc('}', file) != EOF;
}

int json_write(FILE *file, const json_t *value) {
  switch (json_typeof(value)) {
  case JSON_ARRAY:
    return write_array(file, value);
  case JSON_OBJECT:
    return write_object(file, value);
  case JSON_REAL:
    return write_real(file, json_real_value(value));
  default:
    return json_dumpf(value, file, JSON_ENCODE_ANY) == 0;
  }
}
