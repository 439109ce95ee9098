#include "golden/golden_files.h"

#include "check_quietly.h"
#include <stdio.h>
#include <string.h>

const char *golden_path(const char *name) {
  static char path[1024];
  snprintf(path, sizeof path, "%s/tests/golden/data/%s", LAT_SOURCE_DIR, name);
  return path;
}

json_t *golden_load(const char *name) {
  json_error_t error;
  json_t *document = json_load_file(golden_path(name), 0, &error);
  ck_assert_msg(document != NULL, "%s:%d: %s", name, error.line, error.text);
  return document;
}

json_t *golden_member(const json_t *object, const char *key) {
  json_t *member = json_object_get(object, key);
  ck_assert_msg(member != NULL, "member %s is missing", key);
  return member;
}

double golden_number(const json_t *object, const char *key) {
  return json_number_value(golden_member(object, key));
}

int32_t golden_integer(const json_t *object, const char *key) {
  return (int32_t)json_integer_value(golden_member(object, key));
}

const char *golden_text(const json_t *object, const char *key) {
  const char *text = json_string_value(golden_member(object, key));
  ck_assert_msg(text != NULL, "member %s is no string", key);
  return text;
}

lat_matrix golden_matrix(double *data, size_t capacity, const json_t *rows) {
  size_t row_count = json_array_size(rows);
  size_t col_count = json_array_size(json_array_get(rows, 0));
  ck_assert(row_count > 0 && col_count > 0 && row_count * col_count <= capacity);
  for (size_t i = 0; i < row_count; ++i) {
    const json_t *row = json_array_get(rows, i);
    ck_assert_uint_eq(json_array_size(row), col_count);
    for (size_t j = 0; j < col_count; ++j) {
      data[i * col_count + j] = json_number_value(json_array_get(row, j));
    }
  }
  return (lat_matrix){data, (int32_t)row_count, (int32_t)col_count, (int32_t)col_count,
                      LAT_ROW_MAJOR};
}

static uint32_t hash_on(uint32_t state, const char *text) {
  for (; *text != '\0'; ++text) {
    state = (state ^ (unsigned char)*text) * 16777619u;
  }
  return state;
}

uint32_t golden_hash(const char *prefix, const char *text) {
  return hash_on(hash_on(2166136261u, prefix), text);
}

double golden_noise(uint32_t hash, size_t index) {
  uint32_t x = hash + (uint32_t)index * 0x9E3779B9u;
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  return (x ^ (x >> 16)) / 2147483648.0 - 1.0;
}
