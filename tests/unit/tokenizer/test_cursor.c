/* The grammar: every matrix written is accepted, and every walk it allows ends in a matrix. */
#include "tokenizer_fixture.h"

enum { CAPACITY = 4 + 36 * LATI_MAX_NUMBER_TOKENS };

static int allows(const lati_cursor *cursor, int32_t token) {
  lati_allowed allowed;
  int found = 0;
  lati_cursor_allowed(&allowed, cursor);
  EXPECT(allowed.count <= 3, "%d ranges", (int)allowed.count);
  for (int32_t i = 0; i < allowed.count; ++i) {
    EXPECT(allowed.range[i].first < allowed.range[i].end, "range %d is empty", (int)i);
    found |= token >= allowed.range[i].first && token < allowed.range[i].end;
  }
  return found;
}

static void expect_only_eos(const lati_cursor *cursor) {
  lati_allowed allowed;
  lati_cursor_allowed(&allowed, cursor);
  ck_assert(lati_cursor_done(cursor));
  ck_assert_int_eq(allowed.count, 1);
  ck_assert_int_eq(allowed.range[0].first, LAT_TOKEN_EOS);
  ck_assert_int_eq(allowed.range[0].end, LAT_TOKEN_EOS + 1);
}

static void expect_place(const lati_cursor *cursor, int32_t row, int32_t col) {
  int32_t r = -1, c = -1;
  lati_cursor_place(&r, &c, cursor);
  ck_assert_int_eq(r, row);
  ck_assert_int_eq(c, col);
}

static void expect_accepted(const lat_tokenizer *tokenizer) {
  double data[36];
  int32_t tokens[CAPACITY];
  size_t count = 0;
  int letter = random_bits() & 1 ? 'T' : 0;
  lati_cursor cursor;
  lat_matrix matrix = {data, 1 + (int32_t)(random_bits() % 6), 1 + (int32_t)(random_bits() % 6), 6,
                       LAT_ROW_MAJOR};
  for (int i = 0; i < 36; ++i) {
    data[i] = random_bits() % 4 == 0 ? 0 : random_magnitude(-12, 12);
  }
  ck_assert_int_eq(lat_tokenizer_encode(tokens, CAPACITY, &count, tokenizer, 1, letter, &matrix),
                   LAT_OK);
  lati_cursor_start(&cursor, &tokenizer->side[1], letter != 0, 1);
  for (size_t i = 0; i < count; ++i) {
    EXPECT(!lati_cursor_done(&cursor) && !allows(&cursor, LAT_TOKEN_EOS), "done at %zu", i);
    EXPECT(allows(&cursor, tokens[i]) && lati_cursor_push(&cursor, tokens[i]), "refused at %zu", i);
  }
  expect_only_eos(&cursor);
  ck_assert_int_eq(cursor.rows, matrix.rows);
  ck_assert_int_eq(cursor.cols, matrix.cols);
}

START_TEST(accepts_what_is_written) {
  for (int variant = 0; variant < VARIANTS; ++variant) {
    lat_tokenizer *tokenizer = make_variant(variant);
    for (int i = 0; i < 400; ++i) {
      expect_accepted(tokenizer);
    }
    lat_tokenizer_free(tokenizer);
  }
}
END_TEST

static int32_t draw_allowed(const lati_cursor *cursor) {
  lati_allowed allowed;
  int32_t total = 0;
  lati_cursor_allowed(&allowed, cursor);
  for (int32_t i = 0; i < allowed.count; ++i) {
    total += allowed.range[i].end - allowed.range[i].first;
  }
  EXPECT(total > 0, "dead end");
  int32_t choice = (int32_t)(random_bits() % (uint64_t)total);
  for (int32_t i = 0;; ++i) {
    int32_t width = allowed.range[i].end - allowed.range[i].first;
    if (choice < width) {
      return allowed.range[i].first + choice;
    }
    choice -= width;
  }
}

/* Dimensions small, zeros often: the walk's rare ways matter most. */
static int32_t draw_token(const lati_cursor *cursor, size_t position) {
  int32_t zero = LAT_TOKEN_NUMBER + 2;
  if (position < 2) {
    return LAT_TOKEN_DIMENSION + (int32_t)(random_bits() % 3);
  }
  return random_bits() % 3 == 0 && allows(cursor, zero) ? zero : draw_allowed(cursor);
}

static void expect_walk_to_end(const lat_tokenizer *tokenizer) {
  int32_t tokens[CAPACITY];
  double data[9];
  size_t count = 0, used = 0;
  lati_cursor cursor;
  lati_cursor_start(&cursor, &tokenizer->side[1], 0, 1);
  while (!lati_cursor_done(&cursor)) {
    EXPECT(count < CAPACITY, "no end");
    tokens[count] = draw_token(&cursor, count);
    EXPECT(lati_cursor_push(&cursor, tokens[count++]), "refused at %zu", count);
  }
  lat_matrix matrix = {data, 0, 0, 0, LAT_ROW_MAJOR};
  lat_status status = lat_tokenizer_decode(&matrix, 9, NULL, &used, tokenizer, 1, tokens, count);
  EXPECT(status == LAT_OK && used == count, "%zu of %zu tokens: %s", used, count, lat_last_error());
}

START_TEST(walks_end_in_a_matrix) {
  for (int variant = 0; variant < VARIANTS; ++variant) {
    lat_tokenizer *tokenizer = make_variant(variant);
    for (int i = 0; i < 4000; ++i) {
      expect_walk_to_end(tokenizer);
    }
    lat_tokenizer_free(tokenizer);
  }
}
END_TEST

/* A walk with one token drawn from the whole vocabulary. */
static void expect_same_language(const lat_tokenizer *tokenizer) {
  static double data[LAT_MAX_DIMENSION * LAT_MAX_DIMENSION];
  int32_t tokens[CAPACITY];
  size_t count = 0, wrong = random_bits() % 16;
  lati_cursor cursor;
  int fits = 1;
  lati_cursor_start(&cursor, &tokenizer->side[1], 0, 1);
  while (fits && !lati_cursor_done(&cursor) && count < 20) {
    tokens[count] = count == wrong ? (int32_t)(random_bits() % (uint64_t)tokenizer->side[1].size)
                                   : draw_token(&cursor, count);
    fits = lati_cursor_push(&cursor, tokens[count++]);
  }
  lat_matrix matrix = {data, 0, 0, 0, LAT_ROW_MAJOR};
  lat_status status = lat_tokenizer_decode(&matrix, LAT_MAX_DIMENSION * LAT_MAX_DIMENSION, NULL,
                                           NULL, tokenizer, 1, tokens, count);
  /* A letter in front is for the reader to accept, for the cursor to be told of. */
  EXPECT(tokens[0] < LAT_TOKEN_DIMENSION || (status == LAT_OK) == lati_cursor_done(&cursor),
         "after %zu tokens: reader %s, cursor %s", count, lat_status_name(status),
         lati_cursor_done(&cursor) ? "done" : "not done");
}

START_TEST(broken_is_unreadable) {
  for (int variant = 0; variant < VARIANTS; ++variant) {
    lat_tokenizer *tokenizer = make_variant(variant);
    for (int i = 0; i < 3000; ++i) {
      expect_same_language(tokenizer);
    }
    lat_tokenizer_free(tokenizer);
  }
}
END_TEST

START_TEST(places) {
  lat_tokenizer *tokenizer = make_tokenizer("b1999", 0);
  lati_cursor cursor;
  lati_cursor_start(&cursor, &tokenizer->side[0], 1, 1);
  expect_place(&cursor, 0, 0);
  ck_assert(lati_cursor_push(&cursor, LAT_TOKEN_LETTER + 3));
  ck_assert(lati_cursor_push(&cursor, LAT_TOKEN_DIMENSION + 1));
  expect_place(&cursor, 0, 0);
  ck_assert(lati_cursor_push(&cursor, LAT_TOKEN_DIMENSION + 2));
  for (int32_t entry = 0; entry < 6; ++entry) {
    expect_place(&cursor, 1 + entry / 3, 1 + entry % 3);
    ck_assert(lati_cursor_push(&cursor, LAT_TOKEN_NUMBER + 1000));
    expect_place(&cursor, 1 + entry / 3, 1 + entry % 3);
    ck_assert(lati_cursor_push(&cursor, LAT_TOKEN_NUMBER + 2001));
  }
  expect_place(&cursor, 0, 0);
  ck_assert(lati_cursor_push(&cursor, LAT_TOKEN_EOS));
  expect_only_eos(&cursor);
  lat_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(broken_stays_broken) {
  lat_tokenizer *tokenizer = make_tokenizer("p10", 0);
  lati_cursor cursor;
  lati_allowed allowed;
  lati_cursor_start(&cursor, &tokenizer->side[0], 0, 1);
  ck_assert(!lati_cursor_push(&cursor, LAT_TOKEN_EOS));
  ck_assert(!lati_cursor_push(&cursor, LAT_TOKEN_DIMENSION));
  ck_assert(!lati_cursor_done(&cursor));
  expect_place(&cursor, 0, 0);
  lati_cursor_allowed(&allowed, &cursor);
  ck_assert_int_eq(allowed.count, 0);
  lati_cursor_start(&cursor, &tokenizer->side[0], 1, 1);
  ck_assert(!lati_cursor_push(&cursor, LAT_TOKEN_DIMENSION));
  lati_cursor_start(&cursor, &tokenizer->side[0], 0, 1);
  ck_assert(!lati_cursor_push(&cursor, -5));
  lati_cursor_start(&cursor, &tokenizer->side[0], 0, 1);
  ck_assert(!lati_cursor_push(&cursor, INT32_MAX));
  lat_tokenizer_free(tokenizer);
}
END_TEST

int main(void) {
  const TTest *const cases[] = {accepts_what_is_written, walks_end_in_a_matrix,
                                broken_is_unreadable, places, broken_stays_broken};
  return RUN_CASES("cursor", cases);
}
