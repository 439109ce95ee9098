/* Which symbols are allowed, masks, and choosing among logits. */
#include "compute/choose.h"
#include "infer/grammar.h"
#include "infer_fixture.h"

#include <math.h>

static lat_tokenizer *open_tokenizer(lat_context **ctx, const char *encoding) {
  lat_tokenizer *tokenizer = NULL;
  lat_tokenizer_options options;
  lat_tokenizer_options_init(&options);
  options.output_encoding = encoding;
  must(lat_context_create(ctx, NULL));
  must(lat_tokenizer_create(&tokenizer, *ctx, &options));
  return tokenizer;
}

static void check_range(const lati_allowed *allowed, int32_t index, int32_t first, int32_t end) {
  ck_assert_int_lt(index, allowed->count);
  ck_assert_int_eq(allowed->range[index].first, first);
  ck_assert_int_eq(allowed->range[index].end, end);
}

START_TEST(dimensions_are_cut_to_the_room_there_is) {
  lat_context *ctx;
  lat_tokenizer *tokenizer = open_tokenizer(&ctx, "p10"); /* up to 5 tokens a number */
  lati_grammar grammar;
  lati_cursor cursor;
  lati_allowed allowed;
  const int32_t v1 = LAT_TOKEN_DIMENSION;
  lati_grammar_init(&grammar, tokenizer, 1, 3 + 5 * 7);
  lati_cursor_start(&cursor, grammar.vocabulary, 1, 1);
  lati_grammar_allowed(&allowed, &grammar, &cursor);
  check_range(&allowed, 0, LAT_TOKEN_LETTER, LAT_TOKEN_DIMENSION);
  ck_assert(lati_cursor_push(&cursor, LAT_TOKEN_LETTER));
  lati_grammar_allowed(&allowed, &grammar, &cursor); /* 7 entries */
  check_range(&allowed, 0, v1, v1 + 7);
  ck_assert(lati_cursor_push(&cursor, v1 + 1));
  lati_grammar_allowed(&allowed, &grammar, &cursor); /* 2 x 3 */
  check_range(&allowed, 0, v1, v1 + 3);
  ck_assert(lati_cursor_push(&cursor, v1));
  lati_grammar_allowed(&allowed, &grammar, &cursor);
  check_range(&allowed, 0, LAT_TOKEN_NUMBER, LAT_TOKEN_NUMBER + 2);
  lati_grammar_init(&grammar, tokenizer, 1, 4); /* no room for any entry: one is left */
  lati_cursor_start(&cursor, grammar.vocabulary, 0, 1);
  lati_grammar_allowed(&allowed, &grammar, &cursor);
  check_range(&allowed, 0, v1, v1 + 1);
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
}
END_TEST

START_TEST(without_grammar_everything_but_padding_is_allowed) {
  lat_context *ctx;
  lat_tokenizer *tokenizer = open_tokenizer(&ctx, "fp15");
  lati_grammar grammar;
  lati_cursor cursor;
  lati_allowed allowed;
  lati_grammar_init(&grammar, tokenizer, 0, 100);
  lati_cursor_start(&cursor, grammar.vocabulary, 0, 1);
  lati_grammar_allowed(&allowed, &grammar, &cursor);
  ck_assert_int_eq(allowed.count, 2);
  check_range(&allowed, 0, LAT_TOKEN_EOS, LAT_TOKEN_PAD);
  check_range(&allowed, 1, LAT_TOKEN_PAD + 1, lat_tokenizer_vocabulary_size(tokenizer, LAT_OUTPUT));
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
}
END_TEST

static const lati_allowed some = {.count = 2, .range = {{12, 14}, {16, 17}}};
static const lati_symbol_range span = {10, 20};

START_TEST(spans_hold_all_rows) {
  const lati_allowed rows[] = {some, {.count = 1, .range = {{5, 6}}}, {.count = 0}};
  lati_symbol_range all = lati_allowed_span(rows, 1, 1, 100);
  ck_assert_int_eq(all.first, 12);
  ck_assert_int_eq(all.end, 17);
  all = lati_allowed_span(rows, 3, 1, 100);
  ck_assert_int_eq(all.first, 5);
  ck_assert_int_eq(all.end, 17);
  all = lati_allowed_span(rows, 1, 8, 100);
  ck_assert_int_eq(all.first, 8);
  ck_assert_int_eq(all.end, 24);
  all = lati_allowed_span(rows, 1, 8, 19);
  ck_assert_int_eq(all.end, 19);
}
END_TEST

START_TEST(masks_leave_the_allowed) {
  float logits[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  lati_allowed_mask(logits, span, &some);
  for (int i = 0; i < 10; ++i) {
    int kept = i == 2 || i == 3 || i == 6;
    ck_assert_float_eq(logits[i], kept ? (float)i : LATI_MASKED);
  }
  ck_assert_int_eq(lati_choose_largest(logits, span, &some), 16);
}
END_TEST

START_TEST(the_first_of_equals_is_chosen_and_never_what_is_masked) {
  float logits[10];
  for (int i = 0; i < 10; ++i) {
    logits[i] = -3;
  }
  lati_allowed_mask(logits, span, &some);
  ck_assert_int_eq(lati_choose_largest(logits, span, &some), 12);
  for (int i = 0; i < 10; ++i) {
    logits[i] = NAN;
  }
  lati_allowed_mask(logits, span, &some);
  ck_assert_int_eq(lati_choose_sample(logits, span, &some, 1, 0.5), 12);
}
END_TEST

START_TEST(samples_follow_the_softmax) {
  enum { DRAWS = 10000 };
  float logits[10] = {9, 9, 0, (float)M_LN2, 9, 9, 0, 9, 9, 9};
  int counts[20] = {0};
  lati_allowed_mask(logits, span, &some);
  for (int i = 0; i < DRAWS; ++i) {
    ++counts[lati_choose_sample(logits, span, &some, 1, (i + 0.5) / DRAWS)];
  }
  ck_assert_int_eq(counts[12] + counts[13] + counts[16], DRAWS);
  ck_assert_int_le(abs(counts[12] - DRAWS / 4), 1);
  ck_assert_int_le(abs(counts[13] - DRAWS / 2), 1);
  ck_assert_int_eq(lati_choose_sample(logits, span, &some, 1, 0.74), 13);
  ck_assert_int_eq(lati_choose_sample(logits, span, &some, 0.5, 0.74), 13); /* 1/6 2/3 1/6 */
  ck_assert_int_eq(lati_choose_sample(logits, span, &some, 0.5, 0.18), 13);
  ck_assert_int_eq(lati_choose_sample(logits, span, &some, 1e6, 0.30), 12);
  ck_assert_int_eq(lati_choose_sample(logits, span, &some, 1, 1), 13); /* rounding has passed */
}
END_TEST

int main(void) {
  const TTest *const tests[] = {dimensions_are_cut_to_the_room_there_is,
                                without_grammar_everything_but_padding_is_allowed,
                                spans_hold_all_rows,
                                masks_leave_the_allowed,
                                the_first_of_equals_is_chosen_and_never_what_is_masked,
                                samples_follow_the_softmax,
                                NULL};
  return run_suite("grammar", tests);
}
