/* The memory of the processor, and the parts of its tables that touch it. */
#include "compute_fixture.h"

#include "compute/backend.h"

#include <math.h>
#include <string.h>

START_TEST(fills_are_of_any_bits) {
  float x[7], zero = 0, minus = -0.0F;
  lati_host_memory.fill(NULL, x, minus, 7);
  assert_same_bits(&x[6], &minus, sizeof minus, "-0");
  lati_host_memory.fill(NULL, x, zero, 6);
  assert_same_bits(&x[5], &zero, sizeof zero, "0");
  assert_same_bits(&x[6], &minus, sizeof minus, "behind");
  lati_host_memory.fill(NULL, x, 2.5F, 7);
  ck_assert(x[0] == 2.5F && x[6] == 2.5F);
}
END_TEST

START_TEST(rows_are_copied_by_place) {
  const float from[] = {0, 1, 2, 10, 11, 12, 20, 21, 22};
  const int32_t rows[] = {2, -1, 0};
  float to[] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  const float by_place[] = {20, 21, -1, -1, -1, -1, -1, -1, 0, 1, -1};
  const float in_turn[] = {1, 2, -1, -1, 11, 12, -1, -1, 0, 1, -1};
  lati_host_memory.copy_rows(NULL, to, 4, from, 3, rows, 3, 2);
  assert_same_bits(to, by_place, sizeof to, "by place");
  lati_host_memory.copy_rows(NULL, to, 4, from + 1, 3, NULL, 2, 2);
  assert_same_bits(to, in_turn, sizeof to, "in turn");
}
END_TEST

START_TEST(numbers_that_are_not_finite_are_found) {
  float x[] = {1, -2, 3e38F, -INFINITY, NAN};
  ck_assert_uint_eq(lati_host_memory.find_nonfinite(NULL, x, 5), 3);
  ck_assert_uint_eq(lati_host_memory.find_nonfinite(NULL, x + 4, 1), 0);
  ck_assert_uint_eq(lati_host_memory.find_nonfinite(NULL, x, 3), 3);
  ck_assert_uint_eq(lati_host_memory.find_nonfinite(NULL, x, 0), 0);
}
END_TEST

START_TEST(vectors_change_places) {
  float a[] = {1, 2, 3}, b[] = {4, 5, 6};
  lati_host_memory.swap(NULL, a, b, 2);
  ck_assert(a[0] == 4 && a[1] == 5 && a[2] == 3 && b[0] == 1 && b[1] == 2 && b[2] == 6);
}
END_TEST

/* Pages of three rows, from operands of either type. */
START_TEST(keys_are_kept_in_pages) {
  enum { ROWS = 40, WIDTH = 6, PAGE = 3, TO_VALUE = PAGE * WIDTH, PAGE_LD = 2 * TO_VALUE };
  fixture f;
  fixture_open(&f, 2);
  float *numbers = fixture_random(&f, ROWS * 3 * WIDTH),
        *floats = fixture_copy(&f, numbers, ROWS * 3 * WIDTH);
  float *kept = NEW(&f, float, (ROWS / PAGE + 1) * PAGE_LD), *scratch = NEW(&f, float, ROWS *WIDTH);
  uint16_t *halves = NEW(&f, uint16_t, ROWS * 3 * WIDTH);
  for (int is_bf16 = 0; is_bf16 <= 1; ++is_bf16) {
    for (int64_t i = 0; is_bf16 && i < ROWS * 3 * WIDTH; ++i) {
      uint32_t bits;
      memcpy(&bits, &numbers[i], sizeof bits);
      halves[i] = (uint16_t)(bits >> 16);
      bits &= 0xFFFF0000U;
      memcpy(&floats[i], &bits, sizeof bits);
    }
    const lati_rows from = {
        .data = is_bf16 ? NULL : numbers, .narrow = is_bf16 ? halves : NULL, .ld = 3 * WIDTH};
    const lati_keeping keeping = {.from = &from,
                                  .key = WIDTH,
                                  .value = 2 * WIDTH,
                                  .rows = ROWS,
                                  .heads = 2,
                                  .head_width = WIDTH / 2,
                                  .keys = kept,
                                  .to_value = TO_VALUE,
                                  .page_rows = PAGE,
                                  .page_ld = PAGE_LD,
                                  .row_ld = WIDTH,
                                  .scratch = scratch};
    lati_host_decoding.keep(&f.device, &keeping);
    for (int64_t i = 0; i < ROWS; ++i) {
      const float *key = kept + i / PAGE * PAGE_LD + i % PAGE * WIDTH;
      const float *row = floats + i * 3 * WIDTH;
      assert_same_bits(key, row + WIDTH, WIDTH * sizeof *key, "key");
      assert_same_bits(key + TO_VALUE, row + 2 * WIDTH, WIDTH * sizeof *key, "value");
    }
  }
  lati_free(numbers), lati_free(floats), lati_free(kept), lati_free(scratch), lati_free(halves);
  fixture_close(&f);
}
END_TEST

START_TEST(candidates_are_in_falling_order) {
  const float logits[] = {1, LATI_MASKED, 3, 3, NAN, -2};
  const lati_symbol_range span = {20, 26};
  lati_candidate best[5];
  lati_choose_candidates(best, 3, logits, span);
  ck_assert(best[0].token == 22 && best[1].token == 23 && best[2].token == 20);
  ck_assert(best[1].logit == 3 && best[2].logit == 1);
  lati_choose_candidates(best, 5, logits, span);
  ck_assert(best[3].token == 25 && best[4].token == LAT_TOKEN_PAD && isinf(best[4].logit));
}
END_TEST

int main(void) {
  const TTest *tests[] = {
      fills_are_of_any_bits, rows_are_copied_by_place, numbers_that_are_not_finite_are_found,
      vectors_change_places, keys_are_kept_in_pages,   candidates_are_in_falling_order};
  return run_suite("memory", tests, sizeof tests / sizeof *tests);
}
