/* Which symbols are neighbours of which, by encoding. */
#include "suite.h"
#include "transformer/spread.h"

#include <lat/lat.h>
#include <string.h>

typedef struct neighbours {
  lat_context *ctx;
  lati_vocabulary vocabulary;
  int32_t *table;
} neighbours;

static lat_status open_table(neighbours *n, const char *encoding) {
  ck_assert_int_eq(lat_context_create(&n->ctx, NULL), LAT_OK);
  ck_assert_int_eq(lati_vocabulary_init(&n->vocabulary, encoding, 0), LAT_OK);
  return lati_spread_neighbours(&n->table, n->ctx, &n->vocabulary);
}

static void close_table(neighbours *n) {
  lati_free(n->table);
  lat_context_free(n->ctx);
}

/* The texts of the first and the last neighbour of a symbol. */
static void expect_range(const neighbours *n, const char *symbol, const char *first,
                         const char *last) {
  const int32_t token = lati_vocabulary_find(&n->vocabulary, symbol);
  ck_assert_int_ge(token, 0);
  ck_assert_int_eq(n->table[token], lati_vocabulary_find(&n->vocabulary, first));
  ck_assert_int_eq(n->table[n->vocabulary.size + token] - 1,
                   lati_vocabulary_find(&n->vocabulary, last));
}

START_TEST(mantissas_are_neighbours) {
  neighbours n;
  ck_assert_int_eq(open_table(&n, "p1000"), LAT_OK);
  expect_range(&n, "314", "100", "999");
  expect_range(&n, "100", "100", "999");
  expect_range(&n, "999", "100", "999");
  expect_range(&n, "0", "0", "0");
  expect_range(&n, "E2", "E2", "E2");
  expect_range(&n, "+", "+", "+");
  expect_range(&n, "V3", "V3", "V3");
  close_table(&n);
  ck_assert_int_eq(open_table(&n, "b1999"), LAT_OK);
  expect_range(&n, "N-271", "N-999", "N-100");
  expect_range(&n, "N271", "N100", "N999");
  expect_range(&n, "N0", "N0", "N0");
  close_table(&n);
  ck_assert_int_eq(open_table(&n, "fp15"), LAT_OK);
  expect_range(&n, "N314e7", "N100e7", "N999e7");
  expect_range(&n, "N-100e3", "N-999e3", "N-100e3");
  expect_range(&n, "N0e0", "N0e0", "N0e0");
  close_table(&n);
}
END_TEST

START_TEST(digits_are_not) {
  neighbours n;
  ck_assert_int_eq(open_table(&n, "p10"), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_null(n.table);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "encoding p10 has several"));
  close_table(&n);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {mantissas_are_neighbours, digits_are_not, NULL};
  return run_suite("spread", tests);
}
