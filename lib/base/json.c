#include "base/json.h"

#include "base/alloc.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* JSON's integers are signed 64 bits here; larger ones are written as a string of digits. */
static json_t *from_uint64(uint64_t value) {
  if (value <= INT64_MAX) {
    return json_integer((json_int_t)value);
  }
  char text[24];
  lati_format(text, sizeof text, "%llu", (unsigned long long)value);
  return json_string(text);
}

static json_t *from_member(const void *member, lati_field_type type) {
  switch (type) {
  case LATI_FIELD_INT32:
    return json_integer(*(const int32_t *)member);
  case LATI_FIELD_INT64:
    return json_integer(*(const int64_t *)member);
  case LATI_FIELD_UINT32:
    return json_integer(*(const uint32_t *)member);
  case LATI_FIELD_UINT64:
    return from_uint64(*(const uint64_t *)member);
  case LATI_FIELD_DOUBLE:
    return json_real(*(const double *)member);
  case LATI_FIELD_STRING:
  case LATI_FIELD_POINTER:
  default:
    return json_string(*(const char *const *)member);
  }
}

static int is_written(const void *options, const lati_field *field) {
  if (field->type == LATI_FIELD_STRING) {
    return *(const char *const *)(const void *)((const char *)options + field->offset) != NULL;
  }
  return field->type != LATI_FIELD_POINTER &&
         !(field->added && lati_options_is_default(options, field));
}

lat_status lati_json_from_options(json_t **out, const void *options, const lati_field *fields) {
  *out = NULL;
  lat_status status = LAT_OK;
  json_t *object = json_object();
  if (object == NULL) {
    return lati_fail(LAT_ERROR_MEMORY, "cannot allocate a JSON object");
  }
  for (const lati_field *field = fields; field->name != NULL; ++field) {
    const void *member = (const char *)options + field->offset;
    if (field->type == LATI_FIELD_DOUBLE && !isfinite(*(const double *)member)) {
      status = lati_fail(LAT_ERROR_NUMERIC, "%s is not finite", field->name);
      goto done;
    }
    /* json_object_set_new() takes a NULL value for the failure it is */
    if (is_written(options, field) &&
        json_object_set_new(object, field->name, from_member(member, field->type)) != 0) {
      status = lati_fail(LAT_ERROR_MEMORY, "cannot allocate the JSON of %s", field->name);
      goto done;
    }
  }
  *out = json_incref(object);
done:
  json_decref(object);
  return status;
}

static const lati_field *find_field(const lati_field *fields, const char *name) {
  for (const lati_field *field = fields; field->name != NULL; ++field) {
    if (field->type != LATI_FIELD_POINTER && strcmp(field->name, name) == 0) {
      return field;
    }
  }
  return NULL;
}

static int to_uint64(uint64_t *value, const json_t *json) {
  if (json_is_string(json)) {
    const char *text = json_string_value(json);
    char *end = NULL;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
  }
  *value = (uint64_t)json_integer_value(json);
  return json_is_integer(json) && json_integer_value(json) >= 0;
}

/* False when the JSON's type, or its size, does not fit the member. */
static int to_member(void *member, lati_field_type type, const json_t *json) {
  const int64_t integer = json_integer_value(json);
  switch (type) {
  case LATI_FIELD_INT32:
    *(int32_t *)member = (int32_t)integer;
    return json_is_integer(json) && integer >= INT32_MIN && integer <= INT32_MAX;
  case LATI_FIELD_INT64:
    *(int64_t *)member = integer;
    return json_is_integer(json);
  case LATI_FIELD_UINT32:
    *(uint32_t *)member = (uint32_t)integer;
    return json_is_integer(json) && integer >= 0 && integer <= UINT32_MAX;
  case LATI_FIELD_UINT64:
    return to_uint64((uint64_t *)member, json);
  case LATI_FIELD_DOUBLE:
    *(double *)member = json_number_value(json);
    return json_is_number(json);
  case LATI_FIELD_STRING:
  case LATI_FIELD_POINTER:
  default:
    *(const char **)member = json_string_value(json);
    return json_is_string(json);
  }
}

static const char *type_name(lati_field_type type) {
  static const char *const names[] = {
      [LATI_FIELD_INT32] = "a 32-bit integer",
      [LATI_FIELD_INT64] = "an integer",
      [LATI_FIELD_UINT32] = "an integer in 0..4294967295",
      [LATI_FIELD_UINT64] = "an integer in 0..18446744073709551615",
      [LATI_FIELD_DOUBLE] = "a number",
      [LATI_FIELD_STRING] = "a string",
  };
  return names[type];
}

lat_status lati_json_to_options(void *options, size_t own_size, const lati_field *fields,
                                const json_t *object, const char *what) {
  lati_options_init(options, own_size, fields, own_size);
  if (!json_is_object(object)) {
    return lati_fail(LAT_ERROR_FORMAT, "%s: not an object", what);
  }
  for (void *at = json_object_iter((json_t *)object); at != NULL;
       at = json_object_iter_next((json_t *)object, at)) {
    const char *name = json_object_iter_key(at);
    const lati_field *field = find_field(fields, name);
    if (field == NULL) {
      return lati_fail(LAT_ERROR_FORMAT, "%s: unknown member \"%s\"", what, name);
    }
    if (!to_member((char *)options + field->offset, field->type, json_object_iter_value(at))) {
      return lati_fail(LAT_ERROR_FORMAT, "%s: %s is not %s", what, name, type_name(field->type));
    }
  }
  return lati_options_check(options, fields, what) == LAT_OK ? LAT_OK : LAT_ERROR_FORMAT;
}

lat_status lati_json_text(char **out, const lat_context *ctx, const json_t *json, size_t flags,
                          const char *what) {
  *out = NULL;
  const size_t length = json != NULL ? json_dumpb(json, NULL, 0, flags) : 0;
  if (length == 0) {
    return lati_fail(LAT_ERROR_MEMORY, "%s: cannot allocate its JSON", what);
  }
  lat_status status = lati_alloc((void **)out, ctx, length + 1, 1);
  if (status == LAT_OK && json_dumpb(json, *out, length, flags) != length) {
    lati_free(*out);
    *out = NULL;
    status = lati_fail(LAT_ERROR_MEMORY, "%s: cannot allocate its text", what);
  }
  return status;
}
