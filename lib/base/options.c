#include "base/options.h"
#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* 2^53: doubles are all the whole numbers up to it. */
#define LARGEST_WHOLE 9007199254740992.0

/* No structure of ours comes near; a struct_size beyond is one that was never set. */
enum { LARGEST_STRUCTURE = 1 << 16, NUMBER_TEXT = 40 };

typedef union field_value {
  int32_t i32;
  int64_t i64;
  uint32_t u32;
  uint64_t u64;
  double real;
  const char *text;
  void *pointer;
} field_value;

static size_t field_size(lati_field_type type) {
  switch (type) {
  case LATI_FIELD_INT32:
  case LATI_FIELD_UINT32:
    return 4;
  case LATI_FIELD_STRING:
  case LATI_FIELD_POINTER:
    return sizeof(void *);
  case LATI_FIELD_INT64:
  case LATI_FIELD_UINT64:
  case LATI_FIELD_DOUBLE:
  default:
    return 8;
  }
}

static field_value initial_value(const lati_field *field) {
  field_value value = {.u64 = 0};
  switch (field->type) {
  case LATI_FIELD_INT32:
    value.i32 = (int32_t)field->initial;
    break;
  case LATI_FIELD_INT64:
    value.i64 = (int64_t)field->initial;
    break;
  case LATI_FIELD_UINT32:
    value.u32 = (uint32_t)field->initial;
    break;
  case LATI_FIELD_UINT64:
    value.u64 = (uint64_t)field->initial;
    break;
  case LATI_FIELD_DOUBLE:
    value.real = field->initial;
    break;
  case LATI_FIELD_STRING:
    value.text = field->text;
    break;
  case LATI_FIELD_POINTER:
  default:
    value.pointer = NULL;
    break;
  }
  return value;
}

void lati_options_init(void *options, size_t size, const lati_field *fields, size_t own_size) {
  if (options == NULL || size < sizeof(size_t)) {
    return;
  }
  const size_t known = size < own_size ? size : own_size;
  memset(options, 0, size);
  memcpy(options, &size, sizeof size);
  for (const lati_field *field = fields; field->name != NULL; ++field) {
    const size_t length = field_size(field->type);
    if (field->offset + length <= known) {
      const field_value value = initial_value(field);
      memcpy((char *)options + field->offset, &value, length);
    }
  }
}

/* The field's number, exactly as text and as close as a double comes for comparing. */
static double read_number(const void *options, const lati_field *field, char text[NUMBER_TEXT]) {
  field_value value = {.u64 = 0};
  memcpy(&value, (const char *)options + field->offset, field_size(field->type));
  switch (field->type) {
  case LATI_FIELD_INT32:
    lati_format(text, NUMBER_TEXT, "%ld", (long)value.i32);
    return value.i32;
  case LATI_FIELD_INT64:
    lati_format(text, NUMBER_TEXT, "%lld", (long long)value.i64);
    return (double)value.i64;
  case LATI_FIELD_UINT32:
    lati_format(text, NUMBER_TEXT, "%lu", (unsigned long)value.u32);
    return value.u32;
  case LATI_FIELD_UINT64:
    lati_format(text, NUMBER_TEXT, "%llu", (unsigned long long)value.u64);
    return (double)value.u64;
  case LATI_FIELD_DOUBLE:
  default:
    lati_format(text, NUMBER_TEXT, "%.15g", value.real);
    return value.real;
  }
}

int lati_options_is_default(const void *options, const lati_field *field) {
  const field_value initial = initial_value(field);
  return memcmp((const char *)options + field->offset, &initial, field_size(field->type)) == 0;
}

/* A bound of a field's values: of a whole number all digits that a double has. */
static void limit_text(char text[NUMBER_TEXT], const lati_field *field, double limit) {
  if (field->type == LATI_FIELD_DOUBLE || fabs(limit) > LARGEST_WHOLE) {
    lati_format(text, NUMBER_TEXT, "%.15g", limit);
  } else {
    lati_format(text, NUMBER_TEXT, "%.0f", limit);
  }
}

static lat_status outside(const lati_field *field, const char *text, const char *what) {
  char low[NUMBER_TEXT], high[NUMBER_TEXT];
  limit_text(low, field, field->low);
  limit_text(high, field, field->high);
  return lati_fail(LAT_ERROR_ARGUMENT, "%s: %s %s is outside %s..%s", what, field->name, text, low,
                   high);
}

lat_status lati_options_check(const void *options, const lati_field *fields, const char *what) {
  for (const lati_field *field = fields; field->name != NULL; ++field) {
    if (field->type == LATI_FIELD_STRING || field->type == LATI_FIELD_POINTER) {
      continue;
    }
    char text[NUMBER_TEXT];
    const double value = read_number(options, field, text);
    if (!isfinite(value)) {
      return lati_fail(LAT_ERROR_ARGUMENT, "%s: %s %s is not finite", what, field->name, text);
    }
    if (value < field->low || value > field->high) {
      return outside(field, text, what);
    }
  }
  return LAT_OK;
}

static lat_status check_size(const void *from, size_t size, size_t own_size, const char *what) {
  if (size <= sizeof(size_t) || size > LARGEST_STRUCTURE) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s: struct_size %zu is outside %zu..%d: not initialised",
                     what, size, sizeof(size_t) + 1, LARGEST_STRUCTURE);
  }
  for (size_t i = own_size; i < size; ++i) {
    if (((const char *)from)[i] != 0) {
      return lati_fail(LAT_ERROR_ARGUMENT,
                       "%s: byte %zu of a later version's field is set; this one knows %zu bytes",
                       what, i, own_size);
    }
  }
  return LAT_OK;
}

/* A string left NULL is one the caller does not mind. */
static void default_strings(void *options, const lati_field *fields) {
  for (const lati_field *field = fields; field->name != NULL; ++field) {
    char **member = (char **)(void *)((char *)options + field->offset);
    if (field->type == LATI_FIELD_STRING && *member == NULL) {
      memcpy(member, &field->text, sizeof *member);
    }
  }
}

lat_status lati_options_read(void *to, size_t own_size, const lati_field *fields, const void *from,
                             const char *what) {
  lati_options_init(to, own_size, fields, own_size);
  if (from == NULL) {
    return LAT_OK;
  }
  size_t size = 0;
  memcpy(&size, from, sizeof size);
  lat_status status = check_size(from, size, own_size, what);
  if (status != LAT_OK) {
    return status;
  }
  memcpy(to, from, size < own_size ? size : own_size);
  memcpy(to, &own_size, sizeof own_size);
  default_strings(to, fields);
  return lati_options_check(to, fields, what);
}

lat_status lati_options_check_output(const void *to, const char *what) {
  size_t size = 0;
  if (to == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", what);
  }
  memcpy(&size, to, sizeof size);
  if (size <= sizeof size || size > LARGEST_STRUCTURE) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s: struct_size %zu is outside %zu..%d: not initialised",
                     what, size, sizeof size + 1, LARGEST_STRUCTURE);
  }
  return LAT_OK;
}

void lati_options_store(void *to, const void *from, size_t own_size) {
  size_t size = 0;
  memcpy(&size, to, sizeof size);
  memcpy(to, from, size < own_size ? size : own_size);
  memcpy(to, &size, sizeof size);
}
