/* Ragged batches of the caller's own examples. */
#include "task/batch_impl.h"
#include "task_fixture.h"

static lat_context *ctx;
static lat_tokenizer *tokenizer;
static lat_batch *batch;

static void setup(const char *input, const char *output) {
  ctx = new_context(1);
  tokenizer = new_tokenizer(ctx, input, output);
  OK(lat_batch_create(&batch, tokenizer));
}

static void teardown(void) {
  lat_batch_free(batch);
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
}

/* Tokens of sequence `index` as one line of symbols. */
static const char *text_of(int32_t side, int64_t index) {
  static char line[4096];
  lat_sequences sequences;
  size_t length = 0;
  OK(lat_batch_sequences(&sequences, batch, side));
  line[0] = '\0';
  for (int64_t i = sequences.offsets[index]; i < sequences.offsets[index + 1]; ++i) {
    length += length > 0 ? (size_t)snprintf(line + length, 2, " ") : 0;
    OK(lat_tokenizer_symbol(line + length, sizeof line - length, tokenizer, side,
                            sequences.tokens[i]));
    length += strlen(line + length);
  }
  return line;
}

START_TEST(sequences_lie_end_to_end) {
  setup("p1000", "fp15");
  double a_data[2] = {3.14, -0.00271}, b_data[4] = {1, 0, 2, 3};
  const lat_matrix a = by_rows(a_data, 1, 2), b = {b_data, 2, 2, 2, LAT_COLUMN_MAJOR};
  lat_sequences s;
  OK(lat_batch_append(batch, 0, &a, &b));
  OK(lat_batch_append(batch, 'T', &b, &a));
  ck_assert_int_eq(lat_batch_size(batch), 2);
  ck_assert_str_eq(text_of(LAT_INPUT, 0), "V1 V2 + 314 E-2 - 271 E-5");
  ck_assert_str_eq(text_of(LAT_OUTPUT, 0), "V2 V2 N100e7 N200e7 N0e0 N300e7");
  ck_assert_str_eq(text_of(LAT_INPUT, 1), "T V2 V2 + 100 E-2 + 200 E-2 + 0 E0 + 300 E-2");
  ck_assert_str_eq(text_of(LAT_OUTPUT, 1), "T V1 V2 N314e7 N-271e4");
  OK(lat_batch_sequences(&s, batch, LAT_INPUT));
  ck_assert_int_eq(s.count, 2);
  ck_assert_int_eq(s.offsets[0], 0);
  ck_assert_int_eq(s.offsets[1], 8);
  ck_assert_int_eq(s.offsets[2], 23);
  teardown();
}
END_TEST

/* Places run over tokens and closing EOS: sequence i begins at offsets[i] + i. */
START_TEST(places_follow_the_tokens) {
  setup("p10", "b1999");
  double data[2] = {12.5, 0};
  const lat_matrix a = by_rows(data, 1, 2), b = by_rows(data, 2, 1);
  OK(lat_batch_append(batch, 'A', &a, &b));
  OK(lat_batch_append(batch, 0, &b, &a));
  static const uint8_t rows[] = {0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0,
                                 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 0};
  static const uint8_t cols[] = {0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 0,
                                 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0};
  const lati_batch_side *side = &batch->side[LAT_INPUT];
  ck_assert_int_eq(side->offsets[2] + 2, sizeof rows);
  ck_assert_mem_eq(side->rows, rows, sizeof rows);
  ck_assert_mem_eq(side->cols, cols, sizeof cols);
  static const uint8_t out_rows[] = {0, 0, 0, 1, 1, 2, 2, 0, 0, 0, 1, 1, 1, 1, 0};
  ck_assert_mem_eq(batch->side[LAT_OUTPUT].rows, out_rows, sizeof out_rows);
  teardown();
}
END_TEST

START_TEST(keeps_the_doubles) {
  setup("p1000", "p1000");
  double a_data[6] = {1.23456789, 4, 2, 5, 3, 6}, b_data[1] = {-7};
  const lat_matrix a = {a_data, 2, 3, 2, LAT_COLUMN_MAJOR}, b = by_rows(b_data, 1, 1);
  lat_matrix found;
  OK(lat_batch_append(batch, 0, &b, &a));
  OK(lat_batch_append(batch, 0, &a, NULL));
  OK(lat_batch_matrix(&found, batch, LAT_INPUT, 1));
  ck_assert(found.rows == 2 && found.cols == 3 && found.ld == 3 && found.order == LAT_ROW_MAJOR);
  static const double expected[6] = {1.23456789, 2, 3, 4, 5, 6};
  ck_assert_mem_eq(found.data, expected, sizeof expected);
  OK(lat_batch_matrix(&found, batch, LAT_OUTPUT, 0));
  ck_assert_mem_eq(found.data, expected, sizeof expected);
  FAILS(lat_batch_matrix(&found, batch, LAT_OUTPUT, 1), LAT_ERROR_STATE, "without an output");
  FAILS(lat_batch_matrix(&found, batch, LAT_INPUT, 2), LAT_ERROR_ARGUMENT,
        "example 2 is outside the batch of 2");
  FAILS(lat_batch_matrix(&found, batch, LAT_INPUT, -1), LAT_ERROR_ARGUMENT, "example -1");
  FAILS(lat_batch_matrix(&found, batch, 2, 0), LAT_ERROR_ARGUMENT, "side 2");
  lat_sequences s;
  OK(lat_batch_sequences(&s, batch, LAT_OUTPUT));
  ck_assert_int_eq(s.offsets[2], s.offsets[1]); /* an empty target */
  ck_assert_int_eq(lat_batch_component(batch, 0), 0);
  ck_assert_ptr_null(lati_batch_distribution(batch, 0));
  teardown();
}
END_TEST

START_TEST(unchanged_on_failure) {
  setup("p1000", "p1000");
  double good[4] = {1, 2, 3, 4}, bad[4] = {1, 2, (double)NAN, 4};
  const lat_matrix a = by_rows(good, 2, 2), nan = by_rows(bad, 2, 2);
  lat_matrix wrong = a;
  OK(lat_batch_append(batch, 0, &a, &a));
  char before[256];
  snprintf(before, sizeof before, "%s", text_of(LAT_INPUT, 0));
  FAILS(lat_batch_append(batch, 0, &nan, &a), LAT_ERROR_NUMERIC, "row 2, column 1");
  FAILS(lat_batch_append(batch, 0, &a, &nan), LAT_ERROR_NUMERIC, "row 2, column 1");
  FAILS(lat_batch_append(batch, '1', &a, &a), LAT_ERROR_ARGUMENT, "letter");
  FAILS(lat_batch_append(batch, 0, NULL, &a), LAT_ERROR_ARGUMENT, "input");
  FAILS(lat_batch_append(NULL, 0, &a, &a), LAT_ERROR_ARGUMENT, "batch is NULL");
  wrong.rows = 101;
  FAILS(lat_batch_append(batch, 0, &wrong, &a), LAT_ERROR_SHAPE, "rows 101 is outside 1..100");
  FAILS(lat_batch_append(batch, 0, &a, &wrong), LAT_ERROR_SHAPE, "output: rows 101");
  ck_assert_int_eq(lat_batch_size(batch), 1);
  ck_assert_str_eq(text_of(LAT_INPUT, 0), before);
  OK(lat_batch_append(batch, 0, &a, &a));
  ck_assert_str_eq(text_of(LAT_OUTPUT, 1), before);
  teardown();
}
END_TEST

START_TEST(empty_cleared_and_absent) {
  setup("p1000", "p1000");
  double data[1] = {1};
  const lat_matrix a = by_rows(data, 1, 1);
  lat_sequences s;
  OK(lat_batch_sequences(&s, batch, LAT_OUTPUT));
  ck_assert_int_eq(s.count, 0);
  ck_assert_int_eq(s.offsets[0], 0);
  OK(lat_batch_append(batch, 0, &a, &a));
  lat_batch_clear(batch);
  ck_assert_int_eq(lat_batch_size(batch), 0);
  OK(lat_batch_append(batch, 0, &a, NULL));
  ck_assert_str_eq(text_of(LAT_INPUT, 0), "V1 V1 + 100 E-2");
  FAILS(lat_batch_sequences(NULL, batch, 0), LAT_ERROR_ARGUMENT, "NULL");
  FAILS(lat_batch_sequences(&s, batch, -1), LAT_ERROR_ARGUMENT, "side -1");
  lat_batch *none = batch;
  FAILS(lat_batch_create(&none, NULL), LAT_ERROR_ARGUMENT, "tokenizer is NULL");
  lat_batch_clear(NULL);
  lat_batch_free(NULL);
  ck_assert_int_eq(lat_batch_size(NULL), 0);
  teardown();
}
END_TEST

START_TEST(concatenation_is_appending) {
  setup("p1000", "p1000");
  lat_batch *parts[2], *whole = NULL;
  double data[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  OK(lat_batch_create(&whole, tokenizer));
  for (int p = 0; p < 2; ++p) {
    OK(lat_batch_create(&parts[p], tokenizer));
    for (int32_t i = 1; i <= 20; ++i) {
      const lat_matrix a = by_rows(data, 1 + i % 3, 1 + i % 2), b = by_rows(data, 1, 1 + i % 4);
      OK(lat_batch_append(parts[p], p == 0 ? 'A' : 0, &a, i % 5 == 0 ? NULL : &b));
      OK(lat_batch_append(whole, p == 0 ? 'A' : 0, &a, i % 5 == 0 ? NULL : &b));
    }
    OK(lati_batch_concatenate(batch, parts[p]));
  }
  ck_assert_int_eq(batch->size, whole->size);
  for (int side = 0; side < 2; ++side) {
    const lati_batch_side *a = &batch->side[side], *b = &whole->side[side];
    const size_t size = (size_t)batch->size, tokens = (size_t)b->offsets[size];
    ck_assert_mem_eq(a->offsets, b->offsets, (size + 1) * sizeof *a->offsets);
    ck_assert_mem_eq(a->tokens, b->tokens, tokens * sizeof *a->tokens);
    ck_assert_mem_eq(a->rows, b->rows, tokens + size);
    ck_assert_mem_eq(a->cols, b->cols, tokens + size);
    ck_assert_mem_eq(a->forms, b->forms, size * sizeof *a->forms);
    ck_assert_mem_eq(a->value_offsets, b->value_offsets, (size + 1) * sizeof *a->value_offsets);
    ck_assert_mem_eq(a->values, b->values, (size_t)b->value_offsets[size] * sizeof *a->values);
  }
  lat_batch_free(whole);
  lat_batch_free(parts[0]);
  lat_batch_free(parts[1]);
  teardown();
}
END_TEST

int main(void) {
  const TTest *const tests[] = {sequences_lie_end_to_end,
                                places_follow_the_tokens,
                                keeps_the_doubles,
                                unchanged_on_failure,
                                empty_cleared_and_absent,
                                concatenation_is_appending,
                                NULL};
  return run_suite("task_batch", tests);
}
