#include "base/json.h"
#include "counting_allocator.h"
#include "suite.h"

#include <locale.h>
#include <stdint.h>

static lat_status read_text(json_t **out, const char *text) {
  *out = (json_t *)(uintptr_t)1;
  return lati_json_read(out, NULL, text, strlen(text));
}

/* jansson's own reader is another opinion of what a text means. */
START_TEST(values_are_janssons) {
  static const char *const texts[] = {
      "{}",
      "[]",
      " \t\r\n[ ] ",
      "0",
      "-0",
      "9223372036854775807",
      "-9223372036854775808",
      "0.1",
      "-1.5e-3",
      "1E+2",
      "1e-400",
      "123456789012345678901234567890.25",
      "true",
      "[null,true,false]",
      "\"\"",
      "\"text\"",
      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
      "\"\\u0041\\u00e9\\u07ff\\u0800\\uFFFD\\ud83d\\ude00\\uDBFF\\uDFFF\"",
      "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
      "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\x7f\"",
      "{\"a\":{\"a\":[1,{\"b\":2.5}]}, \"\\u0062\":[\"c\"] , \"\":null}",
      "[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    json_t *value = NULL, *theirs = json_loads(texts[i], JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(theirs);
    ck_assert_msg(read_text(&value, texts[i]) == LAT_OK, "%s: %s", texts[i], lat_last_error());
    ck_assert_msg(json_equal(value, theirs), "%s", texts[i]);
    json_decref(theirs);
    json_decref(value);
  }
}
END_TEST

typedef struct refusal {
  const char *text, *message;
} refusal;

static const refusal refusals[] = {
    {"", "byte 0: expected a value"},
    {"  ", "byte 2: expected a value"},
    {"nul", "byte 0: expected a value"},
    {"{} {}", "byte 3: expected the end of the text"},
    {"1]", "byte 1: expected the end of the text"},
    {"[1", "byte 2: expected ',' or ']'"},
    {"[1 2]", "byte 3: expected ',' or ']'"},
    {"[1,]", "byte 3: expected a value"},
    {"[,1]", "byte 1: expected a value"},
    {"{\"a\":1", "byte 6: expected ',' or '}'"},
    {"{\"a\":1,}", "byte 7: expected a string"},
    {"{\"a\" 1}", "byte 5: expected ':'"},
    {"{1:1}", "byte 1: expected a string"},
    {"{\"a\":1,\"\\u0061\":2}", "byte 15: a duplicate key"},
    {"01", "byte 1: expected the end of the text"},
    {"-", "byte 1: expected a value"},
    {"+1", "byte 0: expected a value"},
    {".5", "byte 2: expected a value"},
    {"1.", "byte 2: expected a value"},
    {"1.e3", "byte 4: expected a value"},
    {"1e", "byte 2: expected a value"},
    {"1e+", "byte 3: expected a value"},
    {"NaN", "byte 0: expected a value"},
    {"0x10", "byte 1: expected the end of the text"},
    {"9223372036854775808", "byte 19: the number is too large"},
    {"1e400", "byte 5: the number is too large"},
    {"\"a", "byte 2: the text ends in a string"},
    {"\"a\\", "byte 3: no escape begins like this"},
    {"\"\n\"", "byte 1: a control character in a string"},
    {"\"\\x41\"", "byte 2: no escape begins like this"},
    {"\"\\u00g0\"", "byte 5: \\u is not followed by four digits of a character"},
    {"\"\\u0000\"", "byte 7: \\u is not followed by four digits of a character"},
    {"\"\\udc00\"", "byte 7: \\u is not followed by four digits of a character"},
    {"\"\\ud800\"", "byte 7: half a surrogate pair"},
    {"\"\\ud800\\u0041\"", "byte 13: half a surrogate pair"},
    {"\"\x80\"", "byte 1: not UTF-8"},
    {"\"\xc1\xbf\"", "byte 1: not UTF-8"},
    {"\"\xe0\x9f\xbf\"", "byte 1: not UTF-8"},
    {"\"\xed\xa0\x80\"", "byte 1: not UTF-8"},
    {"\"\xf0\x8f\xbf\xbf\"", "byte 1: not UTF-8"},
    {"\"\xf4\x90\x80\x80\"", "byte 1: not UTF-8"},
    {"\"\xf5\x80\x80\x80\"", "byte 1: not UTF-8"},
    {"\"\xe2\x82", "byte 1: not UTF-8"},
    {"[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]", "byte 16: more than 16 levels of nesting"},
};

START_TEST(what_is_wrong_is_told_with_its_place) {
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; ++i) {
    json_t *value = NULL;
    ck_assert_msg(read_text(&value, refusals[i].text) == LAT_ERROR_FORMAT, "%s", refusals[i].text);
    ck_assert_ptr_null(value);
    ck_assert_str_eq(lat_last_error(), refusals[i].message);
  }
}
END_TEST

START_TEST(bytes_behind_the_length_are_not_read) {
  json_t *value = NULL;
  ck_assert_int_eq(lati_json_read(&value, NULL, "123", 2), LAT_OK);
  ck_assert_int_eq(json_integer_value(value), 12);
  json_decref(value);
  ck_assert_int_eq(lati_json_read(&value, NULL, "true", 3), LAT_ERROR_FORMAT);
  ck_assert_int_eq(lati_json_read(&value, NULL, "\"\0\"", 3), LAT_ERROR_FORMAT);
}
END_TEST

START_TEST(a_decimal_comma_changes_nothing) {
  json_t *value = NULL;
  ck_assert_ptr_nonnull(setlocale(LC_NUMERIC, "comma"));
  ck_assert_int_eq(read_text(&value, "[1.5,2]"), LAT_OK);
  setlocale(LC_NUMERIC, "C");
  ck_assert_double_eq(json_real_value(json_array_get(value, 0)), 1.5);
  json_decref(value);
}
END_TEST

START_TEST(values_are_counted) {
  enum { MOST = 1000000 };
  char *text = malloc(2 * MOST + 2);
  json_t *value = NULL;
  ck_assert_ptr_nonnull(text);
  for (size_t i = 0; i < MOST; ++i) {
    memcpy(text + 2 * i, i == 0 ? "[0" : ",0", 2);
  }
  memcpy(text + 2 * MOST - 2, "]", 2); /* MOST - 1 numbers and their array */
  ck_assert_int_eq(read_text(&value, text), LAT_OK);
  ck_assert_uint_eq(json_array_size(value), MOST - 1);
  json_decref(value);
  memcpy(text + 2 * MOST - 2, ",0]", 4);
  ck_assert_int_eq(read_text(&value, text), LAT_ERROR_FORMAT);
  ck_assert_str_eq(lat_last_error(), "byte 1999999: more than 1000000 values");
  free(text);
}
END_TEST

START_TEST(memory_is_the_contexts_and_may_fail) {
  counting_allocator allocator = {0};
  const lat_context_options options = counting_options(&allocator);
  lat_context *ctx = NULL;
  json_t *value = NULL;
  ck_assert_int_eq(lat_context_create(&ctx, &options), LAT_OK);
  const long live = allocator.live;
  allocator.fail_at = allocator.calls + 1;
  ck_assert_int_eq(lati_json_read(&value, ctx, "[]", 2), LAT_ERROR_MEMORY);
  ck_assert_ptr_null(value);
  allocator.fail_at = 0;
  ck_assert_int_eq(lati_json_read(&value, ctx, "[]", 2), LAT_OK);
  ck_assert_int_eq(allocator.live, live);
  json_decref(value);
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {values_are_janssons,
                                what_is_wrong_is_told_with_its_place,
                                bytes_behind_the_length_are_not_read,
                                a_decimal_comma_changes_nothing,
                                values_are_counted,
                                memory_is_the_contexts_and_may_fail,
                                NULL};
  return run_suite("json_read", tests);
}
