#include "sample_options.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static lat_status read_sample(sample_options *to, const void *from) {
  return lati_options_read(to, sizeof *to, sample_fields, from, "sample");
}

static void check_defaults(const sample_options *options) {
  ck_assert_uint_eq(options->struct_size, sizeof *options);
  ck_assert_int_eq(options->width, 256);
  ck_assert_uint_eq(options->stream, 3);
  ck_assert_int_eq(options->count, -5);
  ck_assert_uint_eq(options->seed, 0);
  ck_assert_double_eq(options->rate, 0.1);
  ck_assert_str_eq(options->name, "p1000");
  ck_assert_ptr_null(options->path);
  ck_assert_ptr_null(options->user);
  ck_assert_int_eq(options->late, 7);
}

START_TEST(defaults) {
  sample_options options, read;
  memset(&options, 0xA5, sizeof options);
  memset(&read, 0xA5, sizeof read);
  sample_init(&options);
  check_defaults(&options);
  ck_assert_int_eq(read_sample(&read, NULL), LAT_OK);
  check_defaults(&read);
  lati_options_init(NULL, sizeof options, sample_fields, sizeof options);
}
END_TEST

START_TEST(values_are_taken_over) {
  sample_options options, read;
  sample_init(&options);
  options.width = 128;
  options.seed = UINT64_MAX;
  options.rate = 1;
  options.name = "fp15";
  options.path = "run";
  options.user = &read;
  ck_assert_int_eq(read_sample(&read, &options), LAT_OK);
  ck_assert(memcmp(&options, &read, sizeof read) == 0);
}
END_TEST

START_TEST(a_string_left_null_is_the_default) {
  sample_options options, read;
  sample_init(&options);
  options.name = NULL;
  ck_assert_int_eq(read_sample(&read, &options), LAT_OK);
  ck_assert_str_eq(read.name, "p1000");
}
END_TEST

/* A program built before `late` existed. */
START_TEST(an_older_caller) {
  enum { OLD = offsetof(sample_options, late) };
  sample_options memory, read;
  memset(&memory, 0xA5, sizeof memory);
  lati_options_init(&memory, OLD, sample_fields, sizeof memory);
  ck_assert_uint_eq(memory.struct_size, OLD);
  ck_assert_int_eq(memory.width, 256);
  ck_assert_uint_eq((uint32_t)memory.late, 0xA5A5A5A5U); /* beyond the caller's structure */
  memory.width = 64;
  ck_assert_int_eq(read_sample(&read, &memory), LAT_OK);
  ck_assert_int_eq(read.width, 64);
  ck_assert_int_eq(read.late, 7);
  ck_assert_uint_eq(read.struct_size, sizeof read);
}
END_TEST

/* A program built after a member that this version does not know. */
START_TEST(a_newer_caller) {
  struct newer {
    sample_options known;
    int64_t unknown;
  } newer;
  sample_options read;
  memset(&newer, 0xA5, sizeof newer);
  lati_options_init(&newer, sizeof newer, sample_fields, sizeof newer.known);
  ck_assert_int_eq(newer.unknown, 0);
  newer.known.width = 32;
  ck_assert_int_eq(read_sample(&read, &newer), LAT_OK);
  ck_assert_int_eq(read.width, 32);
  ck_assert_uint_eq(read.struct_size, sizeof read);

  newer.unknown = 1;
  ck_assert_int_eq(read_sample(&read, &newer), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "sample: byte 72 of a later version's field is set; this one "
                                     "knows 72 bytes");
}
END_TEST

START_TEST(senseless_sizes) {
  const size_t sizes[] = {0, 1, sizeof(size_t), 65537, SIZE_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    sample_options options, read;
    sample_init(&options);
    options.struct_size = sizes[i];
    ck_assert_int_eq(read_sample(&read, &options), LAT_ERROR_ARGUMENT);
  }
  ck_assert_str_eq(lat_last_error(), "sample: struct_size 18446744073709551615 is outside "
                                     "9..65536: not initialised");
}
END_TEST

static void refuse(const sample_options *options, const char *message) {
  sample_options read;
  ck_assert_int_eq(read_sample(&read, options), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), message);
}

START_TEST(ranges) {
  sample_options options;
  sample_init(&options);
  options.width = 0;
  refuse(&options, "sample: width 0 is outside 1..4096");
  options.width = 4097;
  refuse(&options, "sample: width 4097 is outside 1..4096");
  sample_init(&options);
  options.count = -11;
  refuse(&options, "sample: count -11 is outside -10..1000000000000000");
  options.count = INT64_MAX;
  refuse(&options, "sample: count 9223372036854775807 is outside -10..1000000000000000");
  sample_init(&options);
  options.reserved = 1;
  refuse(&options, "sample: reserved 1 is outside 0..0");
  sample_init(&options);
  options.rate = -0.5;
  refuse(&options, "sample: rate -0.5 is outside 0..1");
  options.rate = 1.0000001;
  refuse(&options, "sample: rate 1.0000001 is outside 0..1");
}
END_TEST

START_TEST(both_ends_are_inside) {
  sample_options options, read;
  sample_init(&options);
  options.width = 1;
  options.rate = 0;
  ck_assert_int_eq(read_sample(&read, &options), LAT_OK);
  options.width = 4096;
  options.rate = 1;
  ck_assert_int_eq(read_sample(&read, &options), LAT_OK);
}
END_TEST

START_TEST(nan_and_infinity) {
  sample_options options;
  sample_init(&options);
  options.rate = (double)NAN;
  refuse(&options, "sample: rate nan is not finite");
  options.rate = (double)INFINITY;
  refuse(&options, "sample: rate inf is not finite");
  options.rate = -(double)INFINITY;
  refuse(&options, "sample: rate -inf is not finite");
}
END_TEST

int main(void) {
  const TTest *const tests[] = {defaults,
                                values_are_taken_over,
                                a_string_left_null_is_the_default,
                                an_older_caller,
                                a_newer_caller,
                                senseless_sizes,
                                ranges,
                                both_ends_are_inside,
                                nan_and_infinity,
                                NULL};
  return run_suite("options", tests);
}
