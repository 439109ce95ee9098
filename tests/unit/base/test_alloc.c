#include "base/alloc.h"
#include "base/context_impl.h"
#include "counting_allocator.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A context that lends its allocator only: no kernels, no threads. */
static lat_context lender(counting_allocator *allocator) {
  return (lat_context){.options = {.allocate = counting_allocate,
                                   .release = counting_release,
                                   .allocate_user = allocator}};
}

static void check_block(const void *block, size_t bytes) {
  ck_assert_ptr_nonnull(block);
  ck_assert_uint_eq((uintptr_t)block % LATI_ALIGNMENT, 0);
  for (size_t i = 0; i < bytes + LATI_TAIL; ++i) {
    ck_assert_int_eq(((const char *)block)[i], 0);
  }
}

START_TEST(blocks_are_aligned_zeroed_and_have_a_tail) {
  const size_t counts[] = {0, 1, 7, 63, 64, 65, 5000};
  counting_allocator allocator = {0};
  const lat_context ctx = lender(&allocator);
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; ++i) {
    void *own = NULL, *c = NULL;
    ck_assert_int_eq(lati_alloc(&own, &ctx, counts[i], 3), LAT_OK);
    ck_assert_int_eq(lati_alloc(&c, NULL, counts[i], 3), LAT_OK);
    check_block(own, 3 * counts[i]);
    check_block(c, 3 * counts[i]);
    lati_free(own);
    lati_free(c);
  }
  ck_assert_int_eq(allocator.calls, 7);
  ck_assert_int_eq(allocator.live, 0);
}
END_TEST

/* VmFlags of the mapping that holds `place`, from /proc/self/smaps; 0: there is no such file. */
static int mapping_flags(char *flags, int size, const void *place) {
  FILE *file = fopen("/proc/self/smaps", "r");
  char line[512];
  int inside = 0, found = 0;
  while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
    unsigned long long first, end;
    if (sscanf(line, "%llx-%llx ", &first, &end) == 2) {
      inside = (uintptr_t)place >= first && (uintptr_t)place < end;
    } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
      snprintf(flags, (size_t)size, "%s", line);
      found = 1;
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  return found;
}

/* "hg": the system is asked for huge pages. */
START_TEST(large_blocks_prefer_large_pages) {
  enum { SIZE = 8 << 20 };
  char flags[512];
  char *block = NULL;
  ck_assert_int_eq(lati_alloc((void **)&block, NULL, SIZE, 1), LAT_OK);
  if (access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0 &&
      mapping_flags(flags, sizeof flags, block + SIZE / 2)) {
    ck_assert_msg(strstr(flags, " hg") != NULL, "%s", flags);
  }
  lati_free(block);
}
END_TEST

START_TEST(a_block_outlives_its_context) {
  counting_allocator allocator = {0};
  void *block = NULL;
  lat_context *ctx = malloc(sizeof *ctx);
  *ctx = lender(&allocator);
  ck_assert_int_eq(lati_alloc(&block, ctx, 10, 8), LAT_OK);
  free(ctx);
  lati_free(block);
  ck_assert_int_eq(allocator.live, 0);
}
END_TEST

START_TEST(overflow_is_refused) {
  counting_allocator allocator = {0};
  const lat_context ctx = lender(&allocator);
  const size_t sizes[][2] = {{SIZE_MAX, 2},
                             {SIZE_MAX / 2, 2},
                             {1, SIZE_MAX},
                             {PTRDIFF_MAX, 1},
                             {(size_t)1 << 33, (size_t)1 << 33}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    void *block = &allocator;
    ck_assert_int_eq(lati_alloc(&block, &ctx, sizes[i][0], sizes[i][1]), LAT_ERROR_MEMORY);
    ck_assert_ptr_null(block);
  }
  ck_assert_int_eq(allocator.calls, 0);
  void *block = NULL;
  (void)lati_alloc(&block, &ctx, (size_t)1 << 62, 8);
  ck_assert_str_eq(lat_last_error(),
                   "4611686018427387904 elements of 8 bytes exceed the address space");
}
END_TEST

START_TEST(failure_is_reported) {
  counting_allocator allocator = {.fail_at = 1};
  const lat_context ctx = lender(&allocator);
  void *block = &allocator;
  ck_assert_int_eq(lati_alloc(&block, &ctx, 10, 8), LAT_ERROR_MEMORY);
  ck_assert_ptr_null(block);
  ck_assert_str_eq(lat_last_error(), "cannot allocate 4240 bytes");
  lati_free(NULL);
}
END_TEST

static void *misaligned_allocate(size_t size, size_t alignment, void *user) {
  return (char *)counting_allocate(size + 8, alignment, user) + 8;
}

static void misaligned_release(void *memory, size_t size, size_t alignment, void *user) {
  counting_release((char *)memory - 8, size + 8, alignment, user);
}

START_TEST(misaligned_memory_is_given_back) {
  counting_allocator allocator = {0};
  lat_context ctx = lender(&allocator);
  ctx.options.allocate = misaligned_allocate;
  ctx.options.release = misaligned_release;
  void *block = NULL;
  ck_assert_int_eq(lati_alloc(&block, &ctx, 10, 8), LAT_ERROR_MEMORY);
  ck_assert_ptr_null(block);
  ck_assert_str_eq(lat_last_error(), "the allocator's memory is not aligned to 64 bytes");
  ck_assert_int_eq(allocator.live, 0);
}
END_TEST

START_TEST(growing_keeps_the_contents) {
  counting_allocator allocator = {0};
  const lat_context ctx = lender(&allocator);
  int32_t *block = NULL;
  size_t capacity = 0;
  for (size_t count = 1; count <= 10000; ++count) {
    ck_assert_int_eq(lati_grow((void **)&block, &capacity, &ctx, count, sizeof *block), LAT_OK);
    ck_assert_uint_ge(capacity, count);
    block[count - 1] = (int32_t)count;
  }
  for (size_t i = 0; i < 10000; ++i) {
    ck_assert_int_eq(block[i], (int32_t)i + 1);
  }
  ck_assert_int_lt(allocator.calls, 20);
  ck_assert_int_eq(allocator.live, 1);
  lati_free(block);
  ck_assert_int_eq(allocator.live, 0);
}
END_TEST

START_TEST(failed_growth_leaves_the_block) {
  counting_allocator allocator = {0};
  const lat_context ctx = lender(&allocator);
  int64_t *block = NULL;
  size_t capacity = 0;
  ck_assert_int_eq(lati_grow((void **)&block, &capacity, &ctx, 20, sizeof *block), LAT_OK);
  block[19] = 42;
  const size_t before = capacity;
  allocator.fail_at = 1;
  ck_assert_int_eq(lati_grow((void **)&block, &capacity, &ctx, 5000, sizeof *block),
                   LAT_ERROR_MEMORY);
  ck_assert_int_eq(
      lati_grow((void **)&block, &capacity, &ctx, SIZE_MAX / sizeof *block, sizeof *block),
      LAT_ERROR_MEMORY);
  ck_assert_uint_eq(capacity, before);
  ck_assert_int_eq(block[19], 42);
  lati_free(block);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {blocks_are_aligned_zeroed_and_have_a_tail,
                                large_blocks_prefer_large_pages,
                                a_block_outlives_its_context,
                                overflow_is_refused,
                                failure_is_reported,
                                misaligned_memory_is_given_back,
                                growing_keeps_the_contents,
                                failed_growth_leaves_the_block,
                                NULL};
  return run_suite("alloc", tests);
}
