/* The public tokenizer: matrices to tokens and back, and every documented refusal. */
#include "tokenizer_fixture.h"

#include "comma_locale.h"

#include <fenv.h>
#include <stdio.h>

static void expect_failure(lat_status status, lat_status expected, const char *message) {
  ck_assert_str_eq(lat_status_name(status), lat_status_name(expected));
  ck_assert_msg(strstr(lat_last_error(), message) != NULL, "\"%s\" is not in \"%s\"", message,
                lat_last_error());
}

/* The sequence's texts with blanks between. */
static const char *spell(const lat_tokenizer *tokenizer, const int32_t *tokens, size_t count) {
  static char text[4096];
  size_t length = 0;
  text[0] = '\0';
  for (size_t i = 0; i < count; ++i) {
    char symbol[16];
    ck_assert_int_eq(lat_tokenizer_symbol(symbol, sizeof symbol, tokenizer, LAT_INPUT, tokens[i]),
                     LAT_OK);
    length +=
        (size_t)snprintf(text + length, sizeof text - length, "%s%s", i > 0 ? " " : "", symbol);
  }
  return text;
}

START_TEST(writes_a_matrix) {
  lat_tokenizer *tokenizer = make_tokenizer("p1000", 0);
  double data[] = {3.14, -0.00271, 0, 1, 2, 3};
  int32_t tokens[64];
  size_t count = 0;
  lat_matrix rows = {data, 2, 3, 3, LAT_ROW_MAJOR};
  ck_assert_int_eq(lat_tokenizer_encode(tokens, 64, &count, tokenizer, LAT_INPUT, 0, &rows),
                   LAT_OK);
  ck_assert_str_eq(spell(tokenizer, tokens, count), "V2 V3 + 314 E-2 - 271 E-5 + 0 E0 + 100 E-2 "
                                                    "+ 200 E-2 + 300 E-2");
  lat_matrix columns = {data, 2, 2, 3, LAT_COLUMN_MAJOR};
  ck_assert_int_eq(lat_tokenizer_encode(tokens, 64, &count, tokenizer, LAT_INPUT, 'T', &columns),
                   LAT_OK);
  ck_assert_str_eq(spell(tokenizer, tokens, count),
                   "T V2 V2 + 314 E-2 + 100 E-2 - 271 E-5 + 200 E-2");
  lat_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(shared_token_numbers) {
  for (int e = 0; e < ENCODINGS; ++e) {
    lat_tokenizer *tokenizer = make_tokenizer(encoding_names[e], 0);
    const int32_t tokens[] = {LAT_TOKEN_EOS,         LAT_TOKEN_PAD,       LAT_TOKEN_LETTER,
                              LAT_TOKEN_LETTER + 25, LAT_TOKEN_DIMENSION, LAT_TOKEN_DIMENSION + 99};
    ck_assert_str_eq(spell(tokenizer, tokens, 6), "EOS PAD A Z V1 V100");
    ck_assert_str_eq(lat_tokenizer_encoding(tokenizer, LAT_OUTPUT), encoding_names[e]);
    lat_tokenizer_free(tokenizer);
  }
}
END_TEST

START_TEST(finds_every_symbol) {
  for (int e = 0; e < ENCODINGS; ++e) {
    lat_tokenizer *tokenizer = make_tokenizer(encoding_names[e], 0);
    int32_t size = lat_tokenizer_vocabulary_size(tokenizer, LAT_INPUT);
    for (int32_t token = 0; token < size; token += token < 1000 ? 1 : 701) {
      char text[16];
      int32_t found = -1;
      ck_assert_int_eq(lat_tokenizer_symbol(text, 16, tokenizer, LAT_INPUT, token), LAT_OK);
      ck_assert_int_eq(lat_tokenizer_find(&found, tokenizer, LAT_INPUT, text), LAT_OK);
      ck_assert_int_eq(found, token);
    }
    lat_tokenizer_free(tokenizer);
  }
}
END_TEST

/* A random matrix of a random shape, written and read back, is the rounded matrix. */
static void expect_matrix_round_trip(const lat_tokenizer *tokenizer, int32_t order) {
  enum { SIDE = 12 };
  double data[SIDE * SIDE], back[SIDE * SIDE];
  int32_t tokens[4 + SIDE * SIDE * LATI_MAX_NUMBER_TOKENS];
  int32_t again[4 + SIDE * SIDE * LATI_MAX_NUMBER_TOKENS];
  size_t count = 0, used = 0, count_again = 0;
  int32_t letter = random_bits() & 1 ? 'E' : 0, found = -1;
  lat_matrix matrix = {data, 1 + (int32_t)(random_bits() % SIDE),
                       1 + (int32_t)(random_bits() % SIDE), SIDE, order};
  for (int i = 0; i < SIDE * SIDE; ++i) {
    data[i] = random_bits() % 8 == 0 ? 0 : random_magnitude(-8, 8);
  }
  ck_assert_int_eq(lat_tokenizer_encode(tokens, 4 + SIDE * SIDE * LATI_MAX_NUMBER_TOKENS, &count,
                                        tokenizer, LAT_OUTPUT, letter, &matrix),
                   LAT_OK);
  ck_assert_uint_le(count,
                    lat_tokenizer_max_tokens(tokenizer, LAT_OUTPUT, matrix.rows, matrix.cols));
  lat_matrix result = {back, 0, 0, 0, LAT_COLUMN_MAJOR};
  ck_assert_int_eq(lat_tokenizer_decode(&result, SIDE * SIDE, &found, &used, tokenizer, LAT_OUTPUT,
                                        tokens, count),
                   LAT_OK);
  ck_assert_int_eq(found, letter);
  ck_assert_uint_eq(used, count);
  ck_assert_int_eq(result.rows, matrix.rows);
  ck_assert_int_eq(result.cols, matrix.cols);
  ck_assert_int_eq(result.ld, matrix.rows);
  ck_assert_int_eq(
      lat_tokenizer_encode(again, count, &count_again, tokenizer, LAT_OUTPUT, letter, &result),
      LAT_OK);
  ck_assert_uint_eq(count_again, count);
  ck_assert_mem_eq(again, tokens, count * sizeof *tokens);
}

START_TEST(matrices_come_back) {
  for (int variant = 0; variant < VARIANTS; ++variant) {
    lat_tokenizer *tokenizer = make_variant(variant);
    for (int i = 0; i < 100; ++i) {
      expect_matrix_round_trip(tokenizer, i % 2 ? LAT_ROW_MAJOR : LAT_COLUMN_MAJOR);
    }
    lat_tokenizer_free(tokenizer);
  }
}
END_TEST

START_TEST(max_tokens) {
  lat_tokenizer *tokenizer = make_tokenizer("p10", 9);
  ck_assert_uint_eq(lat_tokenizer_max_tokens(tokenizer, LAT_INPUT, 2, 3), 3 + 6 * 11);
  ck_assert_uint_eq(lat_tokenizer_max_tokens(tokenizer, LAT_INPUT, 0, 3), 0);
  ck_assert_uint_eq(lat_tokenizer_max_tokens(tokenizer, LAT_INPUT, 2, 101), 0);
  ck_assert_uint_eq(lat_tokenizer_max_tokens(tokenizer, 2, 2, 3), 0);
  ck_assert_uint_eq(lat_tokenizer_max_tokens(NULL, LAT_INPUT, 2, 3), 0);
  lat_tokenizer_free(tokenizer);
  tokenizer = make_tokenizer("fp15", 0);
  ck_assert_uint_eq(lat_tokenizer_max_tokens(tokenizer, LAT_OUTPUT, 100, 100), 10003);
  lat_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(refuses_bad_options) {
  lat_context *ctx = NULL;
  lat_tokenizer *tokenizer = (lat_tokenizer *)&ctx;
  lat_tokenizer_options options;
  ck_assert_int_eq(lat_context_create(&ctx, NULL), LAT_OK);
  lat_tokenizer_options_init(&options);
  options.input_encoding = "p11";
  expect_failure(lat_tokenizer_create(&tokenizer, ctx, &options), LAT_ERROR_NOT_FOUND, "\"p11\"");
  ck_assert_ptr_null(tokenizer);
  lat_tokenizer_options_init(&options);
  options.output_encoding = "fp15";
  options.output_digits = 4;
  expect_failure(lat_tokenizer_create(&tokenizer, ctx, &options), LAT_ERROR_ARGUMENT,
                 "4 digits is outside 3..3 of encoding fp15");
  lat_tokenizer_options_init(&options);
  options.input_digits = 5;
  expect_failure(lat_tokenizer_create(&tokenizer, ctx, &options), LAT_ERROR_ARGUMENT,
                 "5 digits is outside 1..4 of encoding p1000");
  expect_failure(lat_tokenizer_create(NULL, ctx, NULL), LAT_ERROR_ARGUMENT, "out");
  expect_failure(lat_tokenizer_create(&tokenizer, NULL, NULL), LAT_ERROR_ARGUMENT, "ctx");
  lat_tokenizer_free(NULL);
  lat_context_free(ctx);
}
END_TEST

START_TEST(defaults_are_p1000) {
  lat_context *ctx = NULL;
  lat_tokenizer *tokenizer = NULL;
  ck_assert_int_eq(lat_context_create(&ctx, NULL), LAT_OK);
  ck_assert_int_eq(lat_tokenizer_create(&tokenizer, ctx, NULL), LAT_OK);
  lat_context_free(ctx); /* the tokenizer keeps it */
  ck_assert_str_eq(lat_tokenizer_encoding(tokenizer, LAT_INPUT), "p1000");
  ck_assert_int_eq(lat_tokenizer_vocabulary_size(tokenizer, LAT_OUTPUT), 128 + 1203);
  ck_assert_int_eq(tokenizer->options.input_digits, 3);
  lat_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(refuses_bad_symbols) {
  lat_tokenizer *tokenizer = make_tokenizer("p10", 0);
  char text[16];
  int32_t token = 0;
  expect_failure(lat_tokenizer_symbol(text, 16, tokenizer, 0, 341), LAT_ERROR_ARGUMENT,
                 "token 341 is outside 0..340");
  expect_failure(lat_tokenizer_symbol(text, 16, tokenizer, 0, -1), LAT_ERROR_ARGUMENT, "token -1");
  expect_failure(lat_tokenizer_symbol(NULL, 16, tokenizer, 0, 1), LAT_ERROR_ARGUMENT, "text");
  expect_failure(lat_tokenizer_symbol(text, 16, tokenizer, -1, 1), LAT_ERROR_ARGUMENT, "side -1");
  expect_failure(lat_tokenizer_symbol(text, 16, NULL, 0, 1), LAT_ERROR_ARGUMENT, "tokenizer");
  expect_failure(lat_tokenizer_symbol(text, 3, tokenizer, 0, 1), LAT_ERROR_LIMIT,
                 "\"PAD\" needs 4 bytes, there are 3");
  ck_assert_int_eq(lat_tokenizer_symbol(text, 4, tokenizer, 0, 1), LAT_OK);
  expect_failure(lat_tokenizer_find(&token, tokenizer, 0, "N314"), LAT_ERROR_NOT_FOUND, "\"N314\"");
  expect_failure(lat_tokenizer_find(&token, tokenizer, 0, ""), LAT_ERROR_NOT_FOUND, "\"\"");
  expect_failure(lat_tokenizer_find(&token, tokenizer, 0, NULL), LAT_ERROR_ARGUMENT, "symbol");
  expect_failure(lat_tokenizer_find(NULL, tokenizer, 0, "+"), LAT_ERROR_ARGUMENT, "token");
  ck_assert_ptr_null(lat_tokenizer_encoding(tokenizer, 7));
  ck_assert_int_eq(lat_tokenizer_vocabulary_size(NULL, 0), 0);
  lat_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(refuses_to_write) {
  lat_tokenizer *tokenizer = make_tokenizer("p1000", 0);
  double data[4] = {1, 2, 3, NAN};
  int32_t tokens[16];
  size_t count = 9;
  lat_matrix matrix = {data, 2, 2, 2, LAT_ROW_MAJOR};
#define ENCODE(capacity, letter)                                                                   \
  lat_tokenizer_encode(tokens, capacity, &count, tokenizer, 0, letter, &matrix)
  expect_failure(ENCODE(16, 0), LAT_ERROR_NUMERIC, "row 2, column 2");
  ck_assert_uint_eq(count, 0);
  data[3] = INFINITY;
  expect_failure(ENCODE(16, 0), LAT_ERROR_NUMERIC, "no token in p1000");
  data[3] = 4;
  ck_assert_int_eq(ENCODE(14, 0), LAT_OK);
  expect_failure(ENCODE(13, 0), LAT_ERROR_LIMIT, "more than 13 tokens");
  expect_failure(ENCODE(14, 'A'), LAT_ERROR_LIMIT, "more than 14 tokens");
  expect_failure(ENCODE(0, 0), LAT_ERROR_LIMIT, "more than 0 tokens");
  expect_failure(ENCODE(16, 'a'), LAT_ERROR_ARGUMENT, "letter 97");
  matrix.ld = 1;
  expect_failure(ENCODE(16, 0), LAT_ERROR_SHAPE, "leading dimension 1 is less than 2");
  matrix.ld = 2;
  matrix.rows = 101;
  expect_failure(ENCODE(16, 0), LAT_ERROR_SHAPE, "101 x 2");
  matrix.rows = 0;
  expect_failure(ENCODE(16, 0), LAT_ERROR_SHAPE, "0 x 2");
  matrix.rows = 2;
  matrix.order = 2;
  expect_failure(ENCODE(16, 0), LAT_ERROR_ARGUMENT, "order 2");
  matrix.order = LAT_ROW_MAJOR;
  matrix.data = NULL;
  expect_failure(ENCODE(16, 0), LAT_ERROR_ARGUMENT, "matrix->data");
  expect_failure(lat_tokenizer_encode(tokens, 16, &count, tokenizer, 0, 0, NULL),
                 LAT_ERROR_ARGUMENT, "matrix");
  expect_failure(lat_tokenizer_encode(NULL, 16, &count, tokenizer, 0, 0, &matrix),
                 LAT_ERROR_ARGUMENT, "tokens");
  expect_failure(lat_tokenizer_encode(tokens, 16, NULL, tokenizer, 0, 0, &matrix),
                 LAT_ERROR_ARGUMENT, "count");
  expect_failure(lat_tokenizer_encode(tokens, 16, &count, NULL, 0, 0, &matrix), LAT_ERROR_ARGUMENT,
                 "tokenizer");
  expect_failure(lat_tokenizer_encode(tokens, 16, &count, tokenizer, 2, 0, &matrix),
                 LAT_ERROR_ARGUMENT, "side 2");
  lat_tokenizer_free(tokenizer);
}
END_TEST

/* The tokens of a text with single blanks between. */
static size_t parse(int32_t *tokens, const lat_tokenizer *tokenizer, const char *text) {
  char copy[512], *rest = NULL;
  size_t count = 0;
  snprintf(copy, sizeof copy, "%s", text);
  for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
    ck_assert_int_eq(lat_tokenizer_find(&tokens[count++], tokenizer, LAT_INPUT, word), LAT_OK);
  }
  return count;
}

START_TEST(refuses_to_read) {
  const struct {
    const char *text, *message;
  } rows[] = {{"", "ends after 0 tokens, expected a dimension"},
              {"T", "ends after 1 tokens, expected a dimension"},
              {"V1", "ends after 1 tokens, expected a dimension"},
              {"EOS", "position 0: token 0, expected a dimension"},
              {"T A V1 V1 + 1 E0", "position 1: token 2, expected a dimension"},
              {"V1 + 1 E0", "position 1: token 128, expected a dimension"},
              {"V1 V2 + 1 E0", "ends after 5 tokens, expected a number"},
              {"V1 V2 + 1 E0 + 1", "position 5: token 128, expected a number"},
              {"V1 V2 + 1 E0 V1 + 1 E0", "position 5: token 28, expected a number"},
              {"V1 V1 + 1 PAD", "position 2: token 128, expected a number"},
              {"V1 V1 1 E0 +", "position 2: token 131, expected a number"}};
  lat_tokenizer *tokenizer = make_tokenizer("p1000", 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
    int32_t tokens[64];
    double data[4];
    lat_matrix matrix = {data, 0, 0, 0, LAT_ROW_MAJOR};
    size_t count = parse(tokens, tokenizer, rows[i].text);
    expect_failure(lat_tokenizer_decode(&matrix, 4, NULL, NULL, tokenizer, 0, tokens, count),
                   LAT_ERROR_FORMAT, rows[i].message);
  }
  lat_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(refuses_to_read_for_other_reasons) {
  lat_tokenizer *tokenizer = make_tokenizer("p1000", 0);
  int32_t tokens[64];
  double data[4];
  lat_matrix matrix = {data, 0, 0, 0, LAT_ROW_MAJOR};
  size_t count = parse(tokens, tokenizer, "V1 V2 + 1 E0 + 2 E0");
#define DECODE(capacity)                                                                           \
  lat_tokenizer_decode(&matrix, capacity, NULL, NULL, tokenizer, 0, tokens, count)
  expect_failure(DECODE(1), LAT_ERROR_LIMIT, "a 1 x 2 matrix does not fit into 1 doubles");
  ck_assert_int_eq(DECODE(2), LAT_OK);
  ck_assert_double_eq(data[1], 2);
  matrix.order = -1;
  expect_failure(DECODE(2), LAT_ERROR_ARGUMENT, "order -1");
  matrix.order = 0;
  matrix.data = NULL;
  expect_failure(DECODE(2), LAT_ERROR_ARGUMENT, "matrix->data");
  matrix.data = data;
  expect_failure(lat_tokenizer_decode(&matrix, 4, NULL, NULL, tokenizer, 0, NULL, 3),
                 LAT_ERROR_ARGUMENT, "tokens");
  expect_failure(lat_tokenizer_decode(NULL, 4, NULL, NULL, tokenizer, 0, tokens, count),
                 LAT_ERROR_ARGUMENT, "matrix");
  expect_failure(lat_tokenizer_decode(&matrix, 4, NULL, NULL, tokenizer, 9, tokens, count),
                 LAT_ERROR_ARGUMENT, "side 9");
  tokens[2] = INT32_MIN;
  expect_failure(DECODE(2), LAT_ERROR_FORMAT, "position 2: token -2147483648");
  tokens[2] = INT32_MAX;
  expect_failure(DECODE(2), LAT_ERROR_FORMAT, "position 2: token 2147483647");
  lat_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(tells_what_follows_a_matrix) {
  lat_tokenizer *tokenizer = make_tokenizer("p1000", 0);
  int32_t tokens[64], letter = -1;
  double data[4];
  size_t used = 0;
  lat_matrix matrix = {data, 0, 0, 0, LAT_ROW_MAJOR};
  size_t count = parse(tokens, tokenizer, "E V1 V1 + 1 E0 + 2 E0");
  ck_assert_int_eq(
      lat_tokenizer_decode(&matrix, 4, &letter, &used, tokenizer, LAT_INPUT, tokens, count),
      LAT_OK);
  ck_assert_int_eq(letter, 'E');
  ck_assert_uint_eq(used, 6);
  lat_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(host_state_does_not_matter) {
  lat_tokenizer *tokenizer = make_tokenizer("p1000", 0);
  double data[2] = {2.125, 3.14e-60}, back[2];
  int32_t tokens[16];
  size_t count = 0;
  lat_matrix matrix = {data, 1, 2, 2, LAT_ROW_MAJOR}, result = {back, 0, 0, 0, LAT_ROW_MAJOR};
  int comma = comma_locale_enter();
  ck_assert_int_eq(fesetround(FE_UPWARD), 0);
  lat_status wrote = lat_tokenizer_encode(tokens, 16, &count, tokenizer, 0, 0, &matrix);
  lat_status read = lat_tokenizer_decode(&result, 2, NULL, NULL, tokenizer, 0, tokens, count);
  int rounding = fegetround();
  fesetround(FE_TONEAREST);
  if (comma) {
    comma_locale_leave();
  }
  ck_assert_int_eq(wrote, LAT_OK);
  ck_assert_int_eq(read, LAT_OK);
  ck_assert_int_eq(rounding, FE_UPWARD);
  ck_assert_str_eq(spell(tokenizer, tokens, count), "V1 V2 + 212 E-2 + 314 E-62");
  ck_assert_double_eq(back[0], 2.12);
  ck_assert_double_eq(back[1], 3.14e-60);
  lat_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(triangles_are_symmetric_matrices) {
  lat_context *ctx = NULL;
  lat_tokenizer *tokenizer = NULL;
  lat_tokenizer_options options;
  double data[9] = {1, 2, 3, 2, 5, 6, 3, 6, 9}, back[9];
  int32_t tokens[32], letter = 0;
  size_t count = 0, used = 0;
  lat_matrix matrix = {data, 3, 3, 3, LAT_ROW_MAJOR}, result = {back, 0, 0, 0, LAT_COLUMN_MAJOR};
  lat_tokenizer_options_init(&options);
  options.input_triangle = 1;
  options.input_encoding = "fp15";
  ck_assert_int_eq(lat_context_create(&ctx, NULL), LAT_OK);
  ck_assert_int_eq(lat_tokenizer_create(&tokenizer, ctx, &options), LAT_OK);
  ck_assert_uint_eq(lat_tokenizer_max_tokens(tokenizer, LAT_INPUT, 3, 3), 3 + 6);
  ck_assert_uint_eq(lat_tokenizer_max_tokens(tokenizer, LAT_INPUT, 3, 2), 0);
  ck_assert_uint_eq(lat_tokenizer_max_tokens(tokenizer, LAT_OUTPUT, 3, 2), 3 + 18);
  ck_assert_int_eq(lat_tokenizer_encode(tokens, 32, &count, tokenizer, LAT_INPUT, 'E', &matrix),
                   LAT_OK);
  ck_assert_str_eq(spell(tokenizer, tokens, count),
                   "E V3 V3 N100e7 N200e7 N300e7 N500e7 N600e7 N900e7");
  ck_assert_int_eq(
      lat_tokenizer_decode(&result, 9, &letter, &used, tokenizer, LAT_INPUT, tokens, count),
      LAT_OK);
  ck_assert_int_eq(letter, 'E');
  ck_assert_uint_eq(used, count);
  for (int i = 0; i < 9; ++i) {
    ck_assert_double_eq(back[i], data[i]);
  }
  data[5] = 6.0000001;
  ck_assert_int_eq(lat_tokenizer_encode(tokens, 32, &count, tokenizer, LAT_INPUT, 0, &matrix),
                   LAT_ERROR_SHAPE);
  matrix.cols = 2;
  ck_assert_int_eq(lat_tokenizer_encode(tokens, 32, &count, tokenizer, LAT_INPUT, 0, &matrix),
                   LAT_ERROR_SHAPE);
  tokens[1] = LAT_TOKEN_DIMENSION + 1;
  ck_assert_int_eq(lat_tokenizer_decode(&result, 9, NULL, NULL, tokenizer, LAT_INPUT, tokens, 9),
                   LAT_ERROR_FORMAT);
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
}
END_TEST

/* Row and column embeddings are those of the whole matrix. */
START_TEST(the_cursor_follows_a_triangle) {
  static const int32_t places[][2] = {{1, 1}, {1, 2}, {1, 3}, {2, 2}, {2, 3}, {3, 3}};
  lat_tokenizer *tokenizer = make_tokenizer("fp15", 0);
  lati_vocabulary vocabulary = tokenizer->side[LAT_INPUT];
  lati_cursor cursor;
  lati_allowed allowed;
  int32_t row = 0, col = 0;
  vocabulary.triangle = 1;
  lati_cursor_start(&cursor, &vocabulary, 0, 1);
  ck_assert_int_eq(lati_cursor_push(&cursor, LAT_TOKEN_DIMENSION + 2), 1);
  lati_cursor_allowed(&allowed, &cursor);
  ck_assert_int_eq(allowed.count, 1);
  ck_assert_int_eq(allowed.range[0].first, LAT_TOKEN_DIMENSION + 2);
  ck_assert_int_eq(allowed.range[0].end, LAT_TOKEN_DIMENSION + 3);
  ck_assert_int_eq(lati_cursor_push(&cursor, LAT_TOKEN_DIMENSION + 2), 1);
  for (int i = 0; i < 6; ++i) {
    lati_cursor_place(&row, &col, &cursor);
    ck_assert_int_eq(row, places[i][0]);
    ck_assert_int_eq(col, places[i][1]);
    ck_assert_int_eq(lati_cursor_done(&cursor), 0);
    ck_assert_int_eq(lati_cursor_push(&cursor, LAT_TOKEN_NUMBER + 999), 1);
  }
  ck_assert_int_eq(lati_cursor_done(&cursor), 1);
  lat_tokenizer_free(tokenizer);
}
END_TEST

int main(void) {
  const TTest *const cases[] = {writes_a_matrix,
                                shared_token_numbers,
                                finds_every_symbol,
                                matrices_come_back,
                                max_tokens,
                                refuses_bad_options,
                                defaults_are_p1000,
                                refuses_bad_symbols,
                                refuses_to_write,
                                refuses_to_read,
                                refuses_to_read_for_other_reasons,
                                tells_what_follows_a_matrix,
                                triangles_are_symmetric_matrices,
                                the_cursor_follows_a_triangle,
                                host_state_does_not_matter};
  return RUN_CASES("tokenizer", cases);
}
