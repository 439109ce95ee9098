#include "base/error.h"
#include "base/text.h"
#include "suite.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct expected_code {
  lat_status status;
  int value;
  const char *name;
} expected_code;

/* Pinned for ever: written out, not taken from the list. */
static const expected_code codes[] = {
    {LAT_OK, 0, "OK"},
    {LAT_ERROR_ARGUMENT, -1, "ARGUMENT"},
    {LAT_ERROR_SHAPE, -2, "SHAPE"},
    {LAT_ERROR_STATE, -3, "STATE"},
    {LAT_ERROR_MEMORY, -4, "MEMORY"},
    {LAT_ERROR_IO, -5, "IO"},
    {LAT_ERROR_FORMAT, -6, "FORMAT"},
    {LAT_ERROR_UNSUPPORTED, -7, "UNSUPPORTED"},
    {LAT_ERROR_NUMERIC, -8, "NUMERIC"},
    {LAT_ERROR_CANCELLED, -9, "CANCELLED"},
    {LAT_ERROR_CALLBACK, -10, "CALLBACK"},
    {LAT_ERROR_LIMIT, -11, "LIMIT"},
    {LAT_ERROR_NOT_FOUND, -12, "NOT_FOUND"},
    {LAT_ERROR_INTERNAL, -13, "INTERNAL"},
};
enum { CODES = sizeof codes / sizeof codes[0] };

START_TEST(codes_names_and_texts) {
  int listed = 0;
#define COUNT_CODE(name, value, text) ++listed;
  LAT_STATUS_LIST(COUNT_CODE)
#undef COUNT_CODE
  ck_assert_int_eq(listed, CODES);
  for (int i = 0; i < CODES; ++i) {
    ck_assert_int_eq(codes[i].status, codes[i].value);
    ck_assert_str_eq(lat_status_name(codes[i].status), codes[i].name);
    ck_assert_uint_gt(strlen(lat_status_text(codes[i].status)), 0);
    ck_assert_ptr_null(strchr(lat_status_text(codes[i].status), '\n'));
  }
  ck_assert_str_eq(lat_status_text(LAT_ERROR_MEMORY), "memory could not be allocated");
}
END_TEST

START_TEST(unknown_codes) {
  const lat_status unknown[] = {1, -14, INT32_MIN, INT32_MAX};
  for (size_t i = 0; i < 4; ++i) {
    ck_assert_str_eq(lat_status_name(unknown[i]), "UNKNOWN");
    ck_assert_str_eq(lat_status_text(unknown[i]), "unknown status code");
  }
}
END_TEST

START_TEST(failing_records_the_message) {
  const lat_status status = lati_fail(LAT_ERROR_SHAPE, "heads %d does not divide width %d", 7, 512);
  ck_assert_int_eq(status, LAT_ERROR_SHAPE);
  ck_assert_str_eq(lat_last_error(), "heads 7 does not divide width 512");
  ck_assert_int_eq(lati_fail_prefix(LAT_ERROR_IO, "%s", "run/model.safetensors"), LAT_ERROR_IO);
  ck_assert_str_eq(lat_last_error(), "run/model.safetensors: heads 7 does not divide width 512");
}
END_TEST

START_TEST(a_message_may_quote_the_last_one) {
  (void)lati_fail(LAT_ERROR_IO, "first");
  (void)lati_fail(LAT_ERROR_IO, "second after %s", lat_last_error());
  ck_assert_str_eq(lat_last_error(), "second after first");
}
END_TEST

START_TEST(long_messages_are_cut) {
  char text[2000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  (void)lati_fail(LAT_ERROR_IO, "%s", text);
  ck_assert_uint_eq(strlen(lat_last_error()), 511);
  (void)lati_fail_prefix(LAT_ERROR_IO, "%s", text);
  ck_assert_uint_eq(strlen(lat_last_error()), 511);
  (void)lati_fail_prefix(LAT_ERROR_IO, "short");
  ck_assert_uint_eq(strlen(lat_last_error()), 511);
  ck_assert(strncmp(lat_last_error(), "short: xxx", 10) == 0);
}
END_TEST

START_TEST(messages_are_one_line) {
  (void)lati_fail(LAT_ERROR_NOT_FOUND, "task \"%s\"", "a\nb\r\tc\033");
  ck_assert_str_eq(lat_last_error(), "task \"a b  c?\"");
  char text[600];
  memset(text, 'x', sizeof text);
  memcpy(text + 510, "\xc3\x84", 3); /* cut between its bytes */
  (void)lati_fail(LAT_ERROR_IO, "%s", text);
  ck_assert_uint_eq(strlen(lat_last_error()), 510);
}
END_TEST

static void *fail_elsewhere(void *first) {
  strcpy((char *)first, lat_last_error());
  (void)lati_fail(LAT_ERROR_STATE, "elsewhere");
  return NULL;
}

START_TEST(messages_belong_to_their_thread) {
  char first[512] = "unset";
  pthread_t thread;
  (void)lati_fail(LAT_ERROR_STATE, "here");
  ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, first), 0);
  pthread_join(thread, NULL);
  ck_assert_str_eq(first, "");
  ck_assert_str_eq(lat_last_error(), "here");
}
END_TEST

START_TEST(numbers_have_a_point_in_every_locale) {
  ck_assert_ptr_nonnull(setlocale(LC_NUMERIC, "comma"));
  char text[32], half[32];
  char *end = NULL;
  snprintf(text, sizeof text, "%g", 0.5);
  snprintf(half, sizeof half, "0%s5", localeconv()->decimal_point); /* musl has points alone */
  ck_assert_str_eq(text, half);
  errno = 5;
  ck_assert_int_eq(lati_format(text, sizeof text, "%.2f", 1.5), 4);
  ck_assert_int_eq(errno, 5);
  ck_assert_str_eq(text, "1.50");
  (void)lati_fail(LAT_ERROR_NUMERIC, "%g", 0.25);
  ck_assert_str_eq(lat_last_error(), "0.25");
  ck_assert_double_eq(lati_parse_double("2.75,", &end), 2.75);
  ck_assert_str_eq(end, ",");
  setlocale(LC_NUMERIC, "C");
}
END_TEST

int main(void) {
  const TTest *const tests[] = {codes_names_and_texts,
                                unknown_codes,
                                failing_records_the_message,
                                a_message_may_quote_the_last_one,
                                long_messages_are_cut,
                                messages_are_one_line,
                                messages_belong_to_their_thread,
                                numbers_have_a_point_in_every_locale,
                                NULL};
  return run_suite("status", tests);
}
