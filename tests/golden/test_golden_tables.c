/* Tokens against exact arithmetic, answers against other routes, residuals against numpy:
 * tests/golden/make_tables.py. */
#include "golden/golden_files.h"
#include "joined.h"

#include "check_quietly.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 30, MAX_ENTRIES = 400, MAX_TOKENS = 2000, TEXT_SIZE = 16 * MAX_TOKENS };

/* Both sides of a comparison are double arithmetic on matrices of at most 8 x 8 and norm 100; the
 * worst of them, an inverse, has condition number 400. */
static const double ANSWER_TOLERANCE = 1e-9;
static const double SCORE_TOLERANCE = 1e-9;

static json_t *tables;
static lat_context *ctx;

static void set_up(void) {
  tables = golden_load("tables.json");
  ck_assert_uint_eq(json_array_size(golden_member(tables, "cases")), CASES);
  ck_assert_int_eq(lat_context_create(&ctx, NULL), LAT_OK);
}

static void tear_down(void) {
  lat_context_free(ctx);
  json_decref(tables);
}

static lat_tokenizer *make_tokenizer(const char *encoding, int32_t digits) {
  lat_tokenizer *tokenizer = NULL;
  lat_tokenizer_options options;
  lat_tokenizer_options_init(&options);
  options.input_encoding = options.output_encoding = encoding;
  options.input_digits = options.output_digits = digits;
  ck_assert_msg(lat_tokenizer_create(&tokenizer, ctx, &options) == LAT_OK, "%s", lat_last_error());
  return tokenizer;
}

/* Symbols of `count` tokens, separated by spaces. */
static void write_symbols(char *text, const lat_tokenizer *tokenizer, const int32_t *tokens,
                          size_t count) {
  char *end = text;
  *end = '\0';
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) {
      *end++ = ' ';
    }
    ck_assert_int_eq(lat_tokenizer_symbol(end, 16, tokenizer, LAT_OUTPUT, tokens[i]), LAT_OK);
    end += strlen(end);
  }
}

static void check_names(const lat_tokenizer *tokenizer, const json_t *names) {
  for (size_t i = 0; i < json_array_size(names); ++i) {
    const json_t *pair = json_array_get(names, i);
    int32_t token = (int32_t)json_integer_value(json_array_get(pair, 0)), found = -1;
    const char *expected = json_string_value(json_array_get(pair, 1));
    char text[16];
    ck_assert_int_eq(lat_tokenizer_symbol(text, sizeof text, tokenizer, LAT_INPUT, token), LAT_OK);
    ck_assert_str_eq(text, expected);
    ck_assert_int_eq(lat_tokenizer_find(&found, tokenizer, LAT_INPUT, expected), LAT_OK);
    ck_assert_int_eq(found, token);
  }
}

/* The value as a 1 x 1 matrix: its symbols, and the double they are read as. */
static void check_value(const lat_tokenizer *tokenizer, const char *encoding, const json_t *row) {
  double value = golden_number(row, "value"), read = 0;
  const json_t *symbols = golden_member(row, "symbols");
  lat_matrix in = {&value, 1, 1, 1, LAT_ROW_MAJOR}, out = {&read, 0, 0, 0, LAT_ROW_MAJOR};
  int32_t tokens[32];
  size_t count = 0, used = 0;
  lat_status status = lat_tokenizer_encode(tokens, 32, &count, tokenizer, LAT_OUTPUT, 0, &in);
  if (json_is_null(symbols)) {
    ck_assert_msg(status == LAT_ERROR_NUMERIC, "%s takes %.17g", encoding, value);
    return;
  }
  char text[32 * 16], expected[32 * 16];
  ck_assert_msg(status == LAT_OK, "%s %.17g: %s", encoding, value, lat_last_error());
  write_symbols(text, tokenizer, tokens, count);
  snprintf(expected, sizeof expected, "V1 V1 %s", json_string_value(symbols));
  ck_assert_msg(strcmp(text, expected) == 0, "%s %.17g: %s, not %s", encoding, value, text,
                expected);
  ck_assert_int_eq(lat_tokenizer_decode(&out, 1, NULL, &used, tokenizer, LAT_OUTPUT, tokens, count),
                   LAT_OK);
  ck_assert_uint_eq(used, count);
  ck_assert_msg(read == golden_number(row, "read"), "%s reads %.17g", text, read);
}

START_TEST(encodings_agree_with_exact_arithmetic) {
  const json_t *encodings = golden_member(tables, "encodings");
  ck_assert_uint_gt(json_array_size(encodings), 4);
  for (size_t i = 0; i < json_array_size(encodings); ++i) {
    const json_t *table = json_array_get(encodings, i);
    const char *encoding = golden_text(table, "encoding");
    const json_t *values = golden_member(table, "values");
    lat_tokenizer *tokenizer = make_tokenizer(encoding, golden_integer(table, "digits"));
    ck_assert_int_eq(lat_tokenizer_vocabulary_size(tokenizer, LAT_INPUT),
                     golden_integer(table, "size"));
    check_names(tokenizer, golden_member(table, "names"));
    for (size_t k = 0; k < json_array_size(values); ++k) {
      check_value(tokenizer, encoding, json_array_get(values, k));
    }
    lat_tokenizer_free(tokenizer);
  }
}
END_TEST

static lat_task *make_task(const json_t *golden) {
  lat_task *task = NULL;
  lat_task_options options;
  lat_task_options_init(&options);
  options.name = golden_text(golden, "task");
  options.rows = golden_integer(golden, "rows");
  options.cols = golden_integer(golden, "cols");
  ck_assert_msg(lat_task_create(&task, ctx, &options) == LAT_OK, "%s", lat_last_error());
  return task;
}

static void check_side(const lat_tokenizer *tokenizer, const lat_task *task,
                       const lat_matrix *matrix, const char *expected) {
  static int32_t tokens[MAX_TOKENS];
  static char text[TEXT_SIZE];
  size_t count = 0;
  ck_assert_msg(lat_tokenizer_encode(tokens, MAX_TOKENS, &count, tokenizer, LAT_OUTPUT,
                                     lat_task_letter(task), matrix) == LAT_OK,
                "%s", lat_last_error());
  write_symbols(text, tokenizer, tokens, count);
  ck_assert_str_eq(text, expected);
}

static void check_tokens(const lat_task *task, const lat_matrix *input, const lat_matrix *answer,
                         json_t *golden) {
  const char *encoding;
  json_t *tokens;
  json_object_foreach(golden, encoding, tokens) {
    lat_tokenizer *tokenizer = make_tokenizer(encoding, 0);
    check_side(tokenizer, task, input, golden_text(tokens, "input"));
    check_side(tokenizer, task, answer, golden_text(tokens, "output"));
    lat_tokenizer_free(tokenizer);
  }
}

/* Vectors, written below a row of values, are determined up to their signs, and each release of
 * LAPACK has its own: those of the answer become the table's. Of an SVD u and v change theirs
 * together. */
static void take_signs(const lat_matrix *answer, const lat_matrix *expected) {
  const int32_t cols = answer->cols;
  for (int32_t j = 0; j < cols; ++j) {
    double dot = 0;
    for (int32_t i = 1; i < answer->rows; ++i) {
      dot += answer->data[i * cols + j] * expected->data[i * cols + j];
    }
    for (int32_t i = 1; i < answer->rows && dot < 0; ++i) {
      answer->data[i * cols + j] *= -1;
    }
  }
}

static int has_vectors(const lat_task *task) {
  const char *name = lat_task_name(task);
  return strcmp(name, "eigenvectors") == 0 || strcmp(name, "svd") == 0;
}

START_TEST(answers_and_their_tokens) {
  const json_t *golden = json_array_get(golden_member(tables, "cases"), (size_t)_i);
  double input_data[MAX_ENTRIES], answer_data[MAX_ENTRIES], expected_data[MAX_ENTRIES];
  lat_matrix input = golden_matrix(input_data, MAX_ENTRIES, golden_member(golden, "input"));
  lat_matrix expected = golden_matrix(expected_data, MAX_ENTRIES, golden_member(golden, "answer"));
  lat_matrix answer = {answer_data, expected.rows, expected.cols, expected.cols, LAT_ROW_MAJOR};
  lat_task *task = make_task(golden);
  int32_t rows = 0, cols = 0;
  ck_assert_int_eq(joined_output_shape(&rows, &cols, task, input.rows, input.cols), LAT_OK);
  ck_assert_int_eq(rows, expected.rows);
  ck_assert_int_eq(cols, expected.cols);
  ck_assert_msg(joined_answer(&answer, task, &input) == LAT_OK, "%s", lat_last_error());
  if (has_vectors(task)) {
    take_signs(&answer, &expected);
  }
  for (int32_t i = 0; i < rows * cols; ++i) {
    double bound = ANSWER_TOLERANCE * fmax(1, fabs(expected_data[i]));
    ck_assert_msg(fabs(answer_data[i] - expected_data[i]) <= bound,
                  "%s, entry %d: %.17g, not %.17g", lat_task_name(task), i, answer_data[i],
                  expected_data[i]);
  }
  check_tokens(task, &input, &answer, golden_member(golden, "tokens"));
  lat_task_free(task);
}
END_TEST

/* Equal, or both absent (null in the file, NaN in the score). */
static void check_close(const char *what, double found, const json_t *expected) {
  if (json_is_null(expected)) {
    ck_assert_msg(isnan(found), "%s is %g, not NaN", what, found);
    return;
  }
  double value = json_number_value(expected);
  ck_assert_msg(fabs(found - value) <= SCORE_TOLERANCE * fmax(1, fabs(value)),
                "%s is %.17g, not %.17g", what, found, value);
}

static lat_score score_of(const lat_task *task, const lat_matrix *input, const lat_matrix *target,
                          const lat_matrix *prediction, int32_t norm, int32_t classic) {
  lat_score_options options;
  lat_score score;
  lat_score_init(&score);
  lat_score_options_init(&options);
  options.norm = norm;
  options.classic_inverse = classic;
  ck_assert_msg(joined_score(&score, task, input, target, prediction, &options) == LAT_OK, "%s",
                lat_last_error());
  return score;
}

static void check_score(const lat_task *task, const lat_matrix *input, const lat_matrix *target,
                        const json_t *golden) {
  double data[MAX_ENTRIES];
  lat_matrix prediction = golden_matrix(data, MAX_ENTRIES, golden_member(golden, "prediction"));
  const json_t *residuals = golden_member(golden, "residuals");
  const int32_t norms[] = {LAT_NORM_L1, LAT_NORM_MAX, LAT_NORM_FROBENIUS2};
  for (size_t i = 0; i < 3; ++i) {
    lat_score score = score_of(task, input, target, &prediction, norms[i], 0);
    check_close("residual", score.residual, json_array_get(residuals, i));
    check_close("within_1pct", score.within_1pct, golden_member(golden, "within_1pct"));
    check_close("orthogonality", score.orthogonality, golden_member(golden, "orthogonality"));
    check_close("condition", score.condition, golden_member(golden, "condition"));
    ck_assert_int_eq(score.exact, golden_integer(golden, "exact"));
  }
  if (strstr(lat_task_name(task), "inverse") != NULL) {
    lat_score score = score_of(task, input, target, &prediction, LAT_NORM_L1, 1);
    check_close("classic residual", score.residual, golden_member(golden, "classic"));
  }
}

START_TEST(scores_agree_with_numpy) {
  const json_t *golden = json_array_get(golden_member(tables, "cases"), (size_t)_i);
  const json_t *scores = golden_member(golden, "scores");
  double seen_data[MAX_ENTRIES], target_data[MAX_ENTRIES];
  lat_matrix seen = golden_matrix(seen_data, MAX_ENTRIES, golden_member(golden, "seen"));
  lat_matrix target = golden_matrix(target_data, MAX_ENTRIES, golden_member(golden, "target"));
  lat_task *task = make_task(golden);
  ck_assert_uint_eq(json_array_size(scores), 3);
  for (size_t i = 0; i < json_array_size(scores); ++i) {
    check_score(task, &seen, &target, json_array_get(scores, i));
  }
  lat_task_free(task);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("golden tables");
  TCase *tests = tcase_create("tables");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_test(tests, encodings_agree_with_exact_arithmetic);
  tcase_add_loop_test(tests, answers_and_their_tokens, 0, CASES);
  tcase_add_loop_test(tests, scores_agree_with_numpy, 0, CASES);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
