#include "linalg/matrix.h"
#include "suite.h"

#include <math.h>
#include <string.h>

/* 1 2 3 / 4 5 6 in both orders, with a leading dimension larger than need be. */
static double by_rows[8] = {1, 2, 3, -1, 4, 5, 6, -1};
static double by_cols[9] = {1, 4, -1, 2, 5, -1, 3, 6, -1};
static const lat_matrix rows_view = {by_rows, 2, 3, 4, LAT_ROW_MAJOR};
static const lat_matrix cols_view = {by_cols, 2, 3, 3, LAT_COLUMN_MAJOR};

START_TEST(both_orders_read_the_same) {
  const lat_matrix *views[2] = {&rows_view, &cols_view};
  for (int v = 0; v < 2; ++v) {
    double packed[6];
    lati_matrix_pack(packed, views[v]);
    for (int i = 0; i < 6; ++i) {
      ck_assert_double_eq(packed[i], i + 1);
      ck_assert_double_eq(lati_matrix_get(views[v], i / 3, i % 3), i + 1);
    }
    ck_assert_uint_eq(lati_matrix_count(views[v]), 6);
  }
}
END_TEST

START_TEST(unpacking_leaves_the_gaps_alone) {
  const double values[6] = {10, 20, 30, 40, 50, 60};
  double data[9];
  for (int order = 0; order < 2; ++order) {
    lat_matrix view = {data, 2, 3, order == LAT_ROW_MAJOR ? 4 : 3, order};
    for (int i = 0; i < 9; ++i) {
      data[i] = -7;
    }
    double back[6];
    lati_matrix_unpack(&view, values);
    lati_matrix_pack(back, &view);
    ck_assert_mem_eq(back, values, sizeof values);
    ck_assert_double_eq(order == LAT_ROW_MAJOR ? data[3] : data[2], -7);
  }
}
END_TEST

START_TEST(transposes) {
  const double src[6] = {1, 2, 3, 4, 5, 6};
  const double expected[6] = {1, 4, 2, 5, 3, 6};
  double dst[6];
  lati_transpose(dst, src, 2, 3);
  ck_assert_mem_eq(dst, expected, sizeof expected);
}
END_TEST

static void refused(const lat_matrix *matrix, lat_status status, const char *message) {
  ck_assert_int_eq(lati_matrix_check(matrix, 100, "input"), status);
  ck_assert_msg(strstr(lat_last_error(), message) != NULL, "'%s' lacks '%s'", lat_last_error(),
                message);
}

START_TEST(refusals_state_value_and_limit) {
  double data[1] = {0};
  ck_assert_int_eq(lati_matrix_check(&rows_view, 100, "input"), LAT_OK);
  ck_assert_int_eq(lati_matrix_check(&cols_view, 100, "input"), LAT_OK);
  refused(NULL, LAT_ERROR_ARGUMENT, "input: the matrix is NULL");
  refused(&(lat_matrix){NULL, 1, 1, 1, 0}, LAT_ERROR_ARGUMENT, "data is NULL");
  refused(&(lat_matrix){data, 1, 1, 1, 2}, LAT_ERROR_ARGUMENT, "order 2");
  refused(&(lat_matrix){data, 0, 1, 1, 0}, LAT_ERROR_SHAPE, "rows 0 is outside 1..100");
  refused(&(lat_matrix){data, 1, 101, 101, 0}, LAT_ERROR_SHAPE, "cols 101 is outside 1..100");
  refused(&(lat_matrix){data, 1, 3, 2, 0}, LAT_ERROR_SHAPE, "leading dimension 2 is below 3");
  refused(&(lat_matrix){data, 3, 1, 2, 1}, LAT_ERROR_SHAPE, "leading dimension 2 is below 3");
  ck_assert_int_eq(lati_matrix_check_shape(&rows_view, 2, 3, "x"), LAT_OK);
  ck_assert_int_eq(lati_matrix_check_shape(&rows_view, 3, 2, "x"), LAT_ERROR_SHAPE);
  ck_assert_str_eq(lat_last_error(), "x: the matrix is 2 x 3, not 3 x 2");
}
END_TEST

START_TEST(names_what_is_not_finite) {
  double data[6] = {1, 2, 3, 4, 5, 6};
  lat_matrix view = {data, 3, 2, 3, LAT_COLUMN_MAJOR};
  ck_assert_int_eq(lati_matrix_check_finite(&view, "input"), LAT_OK);
  data[4] = NAN;
  ck_assert_int_eq(lati_matrix_check_finite(&view, "input"), LAT_ERROR_NUMERIC);
  ck_assert_str_eq(lat_last_error(), "input: row 2, column 2 is NaN");
  data[0] = -INFINITY;
  ck_assert_int_eq(lati_matrix_check_finite(&view, "input"), LAT_ERROR_NUMERIC);
  ck_assert_str_eq(lat_last_error(), "input: row 1, column 1 is infinite");
}
END_TEST

START_TEST(symmetry) {
  double data[4] = {1, 2, 2.02, 5};
  const lat_matrix view = lati_matrix_view(data, 2, 2);
  ck_assert_int_eq(lati_matrix_check_symmetric(&view, 0, "input"), LAT_ERROR_SHAPE);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "row 2, column 1"));
  ck_assert_int_eq(lati_matrix_check_symmetric(&view, 0.005, "input"), LAT_OK);
  ck_assert_int_eq(lati_matrix_check_symmetric(&view, 0.003, "input"), LAT_ERROR_SHAPE);
  data[2] = NAN;
  ck_assert_int_eq(lati_matrix_check_symmetric(&view, 1, "input"), LAT_ERROR_SHAPE);
  ck_assert_int_eq(lati_matrix_check_symmetric(&rows_view, 1, "input"), LAT_ERROR_SHAPE);
}
END_TEST

START_TEST(norms) {
  const double values[4] = {1, -2, 3, -4};
  ck_assert_double_eq(lati_norm_l1(values, 4), 10);
  ck_assert_double_eq(lati_norm_max(values, 4), 4);
  ck_assert_double_eq(lati_norm_frobenius2(values, 4), 30);
  ck_assert_double_eq(lati_norm_l1(values, 0), 0);
  ck_assert(lati_all_finite(values, 4));
  const double bad[2] = {0, INFINITY};
  ck_assert(!lati_all_finite(bad, 2));
  ck_assert(lati_all_finite(bad, 1));
}
END_TEST

int main(void) {
  const TTest *const tests[] = {both_orders_read_the_same,
                                unpacking_leaves_the_gaps_alone,
                                transposes,
                                refusals_state_value_and_limit,
                                names_what_is_not_finite,
                                symmetry,
                                norms,
                                NULL};
  return run_suite("matrix", tests);
}
