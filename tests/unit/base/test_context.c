#include "base/context_impl.h"
#include "base/log.h"
#include "counting_allocator.h"
#include "suite.h"

#include <fenv.h>
#include <stdio.h>
#include <string.h>

START_TEST(defaults) {
  lat_context *ctx = NULL;
  ck_assert_int_eq(lat_context_create(&ctx, NULL), LAT_OK);
  ck_assert_ptr_nonnull(ctx);
  ck_assert_int_ge(lat_context_threads(ctx), 1);
  ck_assert_int_le(lat_context_threads(ctx), 256);
  ck_assert(lat_context_precision(ctx) == LAT_PRECISION_F32 ||
            lat_context_precision(ctx) == LAT_PRECISION_BF16);
  ck_assert_uint_gt(strlen(lat_context_kernels(ctx)), 0);
  lat_context_free(ctx);
  lat_context_free(NULL);
}
END_TEST

START_TEST(options_count) {
  lat_context_options options;
  lat_context_options_init(&options);
  ck_assert_uint_eq(options.struct_size, sizeof options);
  options.threads = 3;
  options.precision = LAT_PRECISION_F32;
  lat_context *ctx = NULL;
  ck_assert_int_eq(lat_context_create(&ctx, &options), LAT_OK);
  ck_assert_int_eq(lat_context_threads(ctx), 3);
  ck_assert_int_eq(lat_context_precision(ctx), LAT_PRECISION_F32);
  lat_context_free(ctx);
}
END_TEST

static void refuse(const lat_context_options *options, const char *message) {
  lat_context *ctx = (lat_context *)&ctx;
  ck_assert_int_eq(lat_context_create(&ctx, options), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_null(ctx);
  ck_assert_str_eq(lat_last_error(), message);
}

START_TEST(bad_options_are_refused) {
  counting_allocator allocator = {0};
  lat_context_options options;
  lat_context_options_init(&options);
  options.threads = 257;
  refuse(&options, "context: threads 257 is outside 0..256");
  options.threads = -1;
  refuse(&options, "context: threads -1 is outside 0..256");
  lat_context_options_init(&options);
  options.precision = 3;
  refuse(&options, "context: precision 3 is outside 0..2");
  lat_context_options_init(&options);
  options.log_level = 5;
  refuse(&options, "context: log_level 5 is outside 0..4");
  options = counting_options(&allocator);
  options.release = NULL;
  refuse(&options, "context: allocate and release go together, release is NULL");
  options = counting_options(&allocator);
  options.allocate = NULL;
  refuse(&options, "context: allocate and release go together, allocate is NULL");
  ck_assert_int_eq(lat_context_create(NULL, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "out is NULL");
}
END_TEST

START_TEST(memory_runs_out) {
  for (long fail_at = 1;; ++fail_at) {
    ck_assert_int_lt(fail_at, 1000);
    counting_allocator allocator = {.fail_at = fail_at};
    const lat_context_options options = counting_options(&allocator);
    lat_context *ctx = (lat_context *)&allocator;
    const lat_status status = lat_context_create(&ctx, &options);
    if (status == LAT_OK) {
      ck_assert_int_gt(fail_at, 2); /* the context and its team at least */
      lat_context_free(ctx);
      ck_assert_int_eq(allocator.live, 0);
      return;
    }
    ck_assert_int_eq(status, LAT_ERROR_MEMORY);
    ck_assert_ptr_null(ctx);
    ck_assert_int_eq(allocator.live, 0);
  }
}
END_TEST

START_TEST(references_keep_it_alive) {
  counting_allocator allocator = {0};
  const lat_context_options options = counting_options(&allocator);
  lat_context *ctx = NULL;
  ck_assert_int_eq(lat_context_create(&ctx, &options), LAT_OK);
  ck_assert_ptr_eq(lati_context_ref(ctx), ctx);
  lat_context_free(ctx);
  ck_assert_int_gt(allocator.live, 0);
  ck_assert_int_ge(lat_context_threads(ctx), 1);
  lat_context_free(ctx);
  ck_assert_int_eq(allocator.live, 0);
}
END_TEST

typedef struct log_record {
  int lines;
  int32_t level;
  char line[2000];
} log_record;

static void record_line(int32_t level, const char *line, void *user) {
  log_record *record = (log_record *)user;
  ++record->lines;
  record->level = level;
  snprintf(record->line, sizeof record->line, "%s", line);
}

START_TEST(log_lines_by_level) {
  log_record record = {0};
  lat_context_options options;
  lat_context_options_init(&options);
  options.log = record_line;
  options.log_user = &record;
  lat_context *ctx = NULL;
  ck_assert_int_eq(lat_context_create(&ctx, &options), LAT_OK);
  record.lines = 0;
  lati_log(ctx, LAT_LOG_DEBUG, "too verbose");
  ck_assert_int_eq(record.lines, 0);
  lati_log(ctx, LAT_LOG_INFO, "step %d: loss %.2f", 3, 0.5);
  ck_assert_int_eq(record.lines, 1);
  ck_assert_int_eq(record.level, LAT_LOG_INFO);
  ck_assert_str_eq(record.line, "step 3: loss 0.50");
  lat_context_free(ctx);

  options.log = NULL;
  ck_assert_int_eq(lat_context_create(&ctx, &options), LAT_OK);
  lati_log(ctx, LAT_LOG_ERROR, "nobody listens");
  lat_context_free(ctx);
}
END_TEST

START_TEST(the_callers_rounding_stays) {
  lat_context *ctx = NULL;
  fesetround(FE_UPWARD);
  const lat_status status = lat_context_create(&ctx, NULL);
  const int after = fegetround();
  fesetround(FE_TONEAREST);
  ck_assert_int_eq(status, LAT_OK);
  ck_assert_int_eq(after, FE_UPWARD);
  lat_context_free(ctx);
}
END_TEST

START_TEST(version_and_build) {
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", LAT_VERSION_MAJOR, LAT_VERSION_MINOR, LAT_VERSION_PATCH);
  ck_assert_str_eq(lat_version_string(), text);
  ck_assert_int_eq(lat_version_number(), LAT_VERSION_NUMBER);
  const char *info = lat_build_info();
  ck_assert_ptr_nonnull(strstr(info, text));
  ck_assert(strstr(info, ", BLIS ") || strstr(info, ", CBLAS ("));
  ck_assert_ptr_null(strchr(info, '\n'));
  ck_assert_ptr_eq(info, lat_build_info());
}
END_TEST

int main(void) {
  const TTest *const tests[] = {defaults,
                                options_count,
                                bad_options_are_refused,
                                memory_runs_out,
                                references_keep_it_alive,
                                log_lines_by_level,
                                the_callers_rounding_stays,
                                version_and_build,
                                NULL};
  return run_suite("context", tests);
}
