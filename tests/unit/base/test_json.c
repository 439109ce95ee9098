#include "base/json.h"
#include "sample_options.h"
#include "suite.h"

#include <locale.h>
#include <math.h>
#include <string.h>

static json_t *to_json(const sample_options *options) {
  json_t *object = NULL;
  ck_assert_int_eq(lati_json_from_options(&object, options, sample_fields), LAT_OK);
  ck_assert_ptr_nonnull(object);
  return object;
}

static lat_status from_json(sample_options *options, const json_t *object) {
  return lati_json_to_options(options, sizeof *options, sample_fields, object, "config");
}

START_TEST(members_as_text) {
  sample_options options;
  sample_init(&options);
  options.rate = 0.25; /* whose digits are the same by any version of jansson */
  json_t *object = to_json(&options);
  char *text = json_dumps(object, JSON_COMPACT);
  ck_assert_str_eq(text, "{\"width\":256,\"stream\":3,\"count\":-5,\"seed\":0,"
                         "\"rate\":0.25,\"name\":\"p1000\",\"late\":7,"
                         "\"reserved\":0}");
  free(text);
  json_decref(object);
}
END_TEST

/* Through text, as a file would hold it. */
static void check_round_trip(const sample_options *options) {
  json_t *object = to_json(options);
  char *text = json_dumps(object, 0);
  json_t *parsed = json_loads(text, 0, NULL);
  sample_options read;
  ck_assert_int_eq(from_json(&read, parsed), LAT_OK);
  ck_assert_int_eq(read.width, options->width);
  ck_assert_uint_eq(read.stream, options->stream);
  ck_assert_int_eq(read.count, options->count);
  ck_assert_uint_eq(read.seed, options->seed);
  ck_assert(memcmp(&read.rate, &options->rate, sizeof read.rate) == 0);
  ck_assert_str_eq(read.name, options->name);
  ck_assert_ptr_null(read.user);
  json_decref(parsed);
  json_decref(object);
  free(text);
}

START_TEST(round_trip) {
  const double rates[] = {0, 1, 0.1, 1.0 / 3, 0x1.fffffffffffffp-1, 5e-324, 1e-300};
  const uint64_t seeds[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
  sample_options options;
  for (size_t i = 0; i < 7; ++i) {
    sample_init(&options);
    options.rate = rates[i];
    options.seed = seeds[i % 5];
    options.stream = UINT32_MAX;
    options.count = 1000000000000000;
    options.name = "\"quoted\" \xc3\xa9";
    options.user = &options;
    check_round_trip(&options);
  }
}
END_TEST

START_TEST(round_trip_with_a_decimal_comma) {
  sample_options options;
  sample_init(&options);
  ck_assert_ptr_nonnull(setlocale(LC_NUMERIC, "comma"));
  json_t *object = to_json(&options);
  char *text = json_dumps(object, 0);
  ck_assert_ptr_nonnull(strstr(text, "0.1"));
  check_round_trip(&options);
  setlocale(LC_NUMERIC, "C");
  free(text);
  json_decref(object);
}
END_TEST

START_TEST(missing_members_keep_their_defaults) {
  sample_options options;
  memset(&options, 0xA5, sizeof options);
  json_t *object = json_pack("{si}", "width", 12);
  ck_assert_int_eq(from_json(&options, object), LAT_OK);
  ck_assert_int_eq(options.width, 12);
  ck_assert_double_eq(options.rate, 0.1);
  ck_assert_str_eq(options.name, "p1000");
  ck_assert_uint_eq(options.struct_size, sizeof options);
  json_decref(object);
}
END_TEST

START_TEST(a_whole_number_may_be_real) {
  sample_options options;
  json_t *object = json_loads("{\"rate\": 1}", 0, NULL);
  ck_assert_int_eq(from_json(&options, object), LAT_OK);
  ck_assert_double_eq(options.rate, 1);
  json_decref(object);
}
END_TEST

typedef struct refusal {
  const char *text, *message;
} refusal;

START_TEST(what_does_not_fit_is_named) {
  static const refusal refusals[] = {
      {"[]", "config: not an object"},
      {"{\"wide\": 1}", "config: unknown member \"wide\""},
      {"{\"user\": 1}", "config: unknown member \"user\""},
      {"{\"width\": \"256\"}", "config: width is not a 32-bit integer"},
      {"{\"width\": 256.0}", "config: width is not a 32-bit integer"},
      {"{\"width\": 4294967552}", "config: width is not a 32-bit integer"},
      {"{\"width\": null}", "config: width is not a 32-bit integer"},
      {"{\"width\": 0}", "config: width 0 is outside 1..4096"},
      {"{\"stream\": -1}", "config: stream is not an integer in 0..4294967295"},
      {"{\"stream\": 4294967296}", "config: stream is not an integer in 0..4294967295"},
      {"{\"count\": true}", "config: count is not an integer"},
      {"{\"seed\": -1}", "config: seed is not an integer in 0..18446744073709551615"},
      {"{\"seed\": \"\"}", "config: seed is not an integer in 0..18446744073709551615"},
      {"{\"seed\": \"-1\"}", "config: seed is not an integer in 0..18446744073709551615"},
      {"{\"seed\": \"1x\"}", "config: seed is not an integer in 0..18446744073709551615"},
      {"{\"seed\": \"18446744073709551616\"}",
       "config: seed is not an integer in 0..18446744073709551615"},
      {"{\"rate\": \"0.1\"}", "config: rate is not a number"},
      {"{\"rate\": 1.5}", "config: rate 1.5 is outside 0..1"},
      {"{\"name\": 1}", "config: name is not a string"},
  };
  for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; ++i) {
    sample_options options;
    json_t *json = json_loads(refusals[i].text, 0, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert_int_eq(from_json(&options, json), LAT_ERROR_FORMAT);
    ck_assert_str_eq(lat_last_error(), refusals[i].message);
    json_decref(json);
  }
  sample_options options;
  ck_assert_int_eq(from_json(&options, NULL), LAT_ERROR_FORMAT);
}
END_TEST

START_TEST(what_json_cannot_hold_is_refused) {
  sample_options options;
  json_t *object = (json_t *)&options;
  sample_init(&options);
  options.rate = (double)NAN;
  ck_assert_int_eq(lati_json_from_options(&object, &options, sample_fields), LAT_ERROR_NUMERIC);
  ck_assert_ptr_null(object);
  ck_assert_str_eq(lat_last_error(), "rate is not finite");
}
END_TEST

int main(void) {
  const TTest *const tests[] = {members_as_text,
                                round_trip,
                                round_trip_with_a_decimal_comma,
                                missing_members_keep_their_defaults,
                                a_whole_number_may_be_real,
                                what_does_not_fit_is_named,
                                what_json_cannot_hold_is_refused,
                                NULL};
  return run_suite("json", tests);
}
