/* Tasks by name, their options, shapes and refusals, and JSON. */
#include "task/registry.h"
#include "task_fixture.h"

static lat_context *ctx;

static void create_context(void) {
  ctx = new_context(1);
}

static void refused(const lat_task_options *options, lat_status status, const char *message) {
  lat_task *task = (lat_task *)(void *)ctx;
  FAILS(lat_task_create(&task, ctx, options), status, message);
  ck_assert_ptr_null(task);
}

static const struct {
  const char *name;
  int32_t letter;
  int32_t input[2], output[2]; /* of operands 3 x 4, or 3 x 3 */
} shapes[] = {
    {"transpose", 'T', {3, 4}, {4, 3}},       {"add", 'A', {3, 8}, {3, 4}},
    {"matvec", 'D', {3, 5}, {4, 1}},          {"product", 'M', {3, 8}, {4, 4}},
    {"eigenvalues", 'E', {3, 3}, {3, 1}},     {"eigenvectors", 'F', {3, 3}, {4, 3}},
    {"inverse", 'I', {3, 3}, {3, 3}},         {"syminverse", 'Y', {3, 3}, {3, 3}},
    {"singular-values", 'G', {3, 4}, {3, 1}}, {"svd", 'S', {3, 4}, {8, 3}},
    {"linear-system", 'L', {3, 3}, {3, 3}},   {"least-squares", 'O', {3, 3}, {3, 1}},
    {"sylvester", 'X', {3, 3}, {3, 3}},       {"determinant", 'N', {3, 3}, {1, 1}},
    {"tproduct", 'P', {12, 3}, {12, 3}},
};
enum { TASKS = sizeof shapes / sizeof shapes[0] };

START_TEST(every_task_has_its_name_letter_and_shapes) {
  create_context();
  ck_assert_int_eq(lat_task_builtin_count(), TASKS);
  for (int32_t i = 0; i < TASKS; ++i) {
    ck_assert_str_eq(lat_task_builtin_name(i), shapes[i].name);
    lat_task *task =
        new_task(ctx, shapes[i].name, 3, shapes[i].input[0] == shapes[i].input[1] ? 3 : 4);
    ck_assert_str_eq(lat_task_name(task), shapes[i].name);
    ck_assert_int_eq(lat_task_letter(task), shapes[i].letter);
    ck_assert_int_eq(lat_task_component_count(task), 1);
    ck_assert_ptr_eq(lat_task_component(task, 0), task);
    ck_assert_ptr_null(lat_task_component(task, 1));
    lati_form operands, results;
    lati_shape input[LATI_MAX_OPERANDS], output[LATI_MAX_OPERANDS];
    OK(lati_task_max_forms(&operands, &results, task));
    lati_form_written(input, &operands);
    lati_form_written(output, &results);
    ck_assert_int_eq(input[0].rows, shapes[i].input[0]);
    ck_assert_int_eq(input[0].cols, shapes[i].input[1]);
    ck_assert_int_eq(output[0].rows, shapes[i].output[0]);
    ck_assert_int_eq(output[0].cols, shapes[i].output[1]);
    lat_task_free(task);
  }
  ck_assert_ptr_null(lat_task_builtin_name(-1));
  ck_assert_ptr_null(lat_task_builtin_name(TASKS));
  lat_context_free(ctx);
}
END_TEST

START_TEST(scaling_and_other_properties) {
  create_context();
  static const struct {
    const char *name;
    int degree;
    lati_scaling scaling;
    int symmetric, self_scoring, vectors;
  } expected[] = {
      {"transpose", 1, LATI_SCALE_ALL, 0, 1, 0},
      {"add", 1, LATI_SCALE_ALL, 0, 0, 0},
      {"matvec", 2, LATI_SCALE_ALL, 0, 0, 0},
      {"product", 2, LATI_SCALE_ALL, 0, 0, 0},
      {"eigenvalues", 1, LATI_SCALE_ALL, 1, 0, 0},
      {"eigenvectors", 1, LATI_SCALE_FIRST_ROW, 1, 1, 1},
      {"inverse", -1, LATI_SCALE_ALL, 0, 1, 0},
      {"syminverse", -1, LATI_SCALE_ALL, 1, 1, 0},
      {"singular-values", 1, LATI_SCALE_ALL, 0, 0, 0},
      {"svd", 1, LATI_SCALE_FIRST_ROW, 0, 1, 1},
      {"linear-system", 0, LATI_SCALE_ALL, 0, 1, 0},
      {"least-squares", 0, LATI_SCALE_ALL, 0, 1, 0},
      {"sylvester", 0, LATI_SCALE_ALL, 0, 1, 0},
      {"determinant", 0, LATI_SCALE_NONE, 0, 0, 0},
      {"tproduct", 2, LATI_SCALE_ALL, 0, 0, 0},
  };
  _Static_assert(sizeof expected / sizeof expected[0] == TASKS, "a row for each task");
  for (int i = 0; i < TASKS; ++i) {
    lat_task *task = new_task(ctx, expected[i].name, 3, 0);
    int32_t degree = 0;
    ck_assert_int_eq(lati_task_scaling(&degree, task), expected[i].scaling);
    ck_assert_int_eq(degree, expected[i].degree);
    ck_assert_int_eq(lati_task_symmetric(task) != 0, expected[i].symmetric);
    ck_assert_int_eq(lati_task_self_scoring(task) != 0, expected[i].self_scoring);
    ck_assert_int_eq(lati_task_has_vectors(task) != 0, expected[i].vectors);
    ck_assert_double_eq(lati_task_range(task), 10);
    lat_task_free(task);
  }
  lat_context_free(ctx);
}
END_TEST

START_TEST(refuses_bad_options) {
  create_context();
  lat_task *task = NULL;
  lat_task_options o = task_options("transpos", 5, 0);
  refused(&o, LAT_ERROR_NOT_FOUND, "no task 'transpos'");
  o = task_options("transpose", 0, 0);
  refused(&o, LAT_ERROR_ARGUMENT, "rows 0 is outside 1..100");
  o = task_options("tproduct", 2, 2);
  o.structure = "diagonal";
  refused(&o, LAT_ERROR_ARGUMENT, "task 'tproduct': structure is of matrices, and it has none");
  o = task_options("transpose", 5, 101);
  refused(&o, LAT_ERROR_ARGUMENT, "cols 101 is outside 0..100");
  o = task_options("inverse", 5, 4);
  refused(&o, LAT_ERROR_ARGUMENT, "task 'inverse' takes square matrices, not 5 x 4");
  o = task_options("eigenvalues", 5, 0);
  o.min_size = 2;
  o.max_size = 5;
  o.rectangular = 1;
  refused(&o, LAT_ERROR_ARGUMENT, "square matrices, not rectangular");
  o = task_options("transpose", 5, 0);
  o.min_size = 6;
  o.max_size = 5;
  refused(&o, LAT_ERROR_ARGUMENT, "min_size 6 is outside 1..max_size 5");
  o.min_size = 0;
  refused(&o, LAT_ERROR_ARGUMENT, "min_size 0 is outside 1..max_size 5");
  o = task_options("transpose", 5, 0);
  o.rectangular = 1;
  refused(&o, LAT_ERROR_ARGUMENT, "rectangular needs min_size and max_size");
  o = task_options("add", 5, 51);
  refused(&o, LAT_ERROR_ARGUMENT, "102");
  o = task_options("eigenvectors", 100, 0);
  refused(&o, LAT_ERROR_ARGUMENT, "the answer to 100 x 100 is 101 x 100, more than 100");
  o = task_options("svd", 50, 50);
  refused(&o, LAT_ERROR_ARGUMENT, "is 101 x 50, more than 100");
  o = task_options("transpose", 5, 0);
  o.coefficients = "cauchy";
  refused(&o, LAT_ERROR_NOT_FOUND, "no coefficients 'cauchy'");
  o = task_options("eigenvalues", 5, 0);
  o.distribution = "semicirle";
  refused(&o, LAT_ERROR_NOT_FOUND, "no distribution 'semicirle'");
  o = task_options("transpose", 5, 0);
  o.range = 0;
  refused(&o, LAT_ERROR_ARGUMENT, "range 0 is outside");
  o.range = (double)NAN;
  refused(&o, LAT_ERROR_ARGUMENT, "range");
  o = task_options("transpose", 5, 0);
  o.noise = -0.1;
  refused(&o, LAT_ERROR_ARGUMENT, "noise -0.1 is outside");
  o = task_options("transpose", 5, 0);
  o.struct_size = 0;
  refused(&o, LAT_ERROR_ARGUMENT, "struct_size 0");
  FAILS(lat_task_create(&task, NULL, NULL), LAT_ERROR_ARGUMENT, "context is NULL");
  FAILS(lat_task_create(NULL, ctx, NULL), LAT_ERROR_ARGUMENT, "out is NULL");
  lat_task_free(NULL);
  lat_context_free(ctx);
}
END_TEST

START_TEST(the_defaults_and_the_limits) {
  create_context();
  lat_task *task = NULL;
  OK(lat_task_create(&task, ctx, NULL));
  ck_assert_str_eq(lat_task_name(task), "transpose");
  int32_t rows = 0, cols = 0;
  OK(lat_task_output_shape(&rows, &cols, task, 2, 100));
  ck_assert_int_eq(rows, 100);
  ck_assert_int_eq(cols, 2);
  lat_task_free(task);
  task = new_task(ctx, "eigenvectors", 99, 0);
  lat_task_free(task);
  task = new_task(ctx, "svd", 49, 50);
  lat_task_free(task);
  task = new_task(ctx, "add", 100, 50);
  lat_task_free(task);
  lat_context_free(ctx);
}
END_TEST

START_TEST(output_shape_says_what_the_task_takes) {
  create_context();
  int32_t rows = 0, cols = 0;
  lat_task *add = new_task(ctx, "add", 3, 0), *matvec = new_task(ctx, "matvec", 3, 0);
  lat_task *inverse = new_task(ctx, "inverse", 3, 0), *svd = new_task(ctx, "svd", 3, 0);
  double none = 0;
  lat_matrix results[3], operands[2] = {{&none, 3, 3, 3, 0}, {&none, 3, 2, 2, 0}};
  FAILS(lat_task_output_shape(&rows, &cols, add, 3, 5), LAT_ERROR_ARGUMENT,
        "count 1: task 'add' has 2 operands and 1 result");
  FAILS(lat_task_output_shape(&rows, &cols, svd, 3, 5), LAT_ERROR_ARGUMENT,
        "count 1: task 'svd' has 1 operand and 3 results");
  FAILS(lat_task_result_shapes(results, 1, add, operands, 2), LAT_ERROR_SHAPE,
        "task 'add' takes two matrices of one shape, not 3 x 3 and 3 x 2");
  FAILS(lat_task_result_shapes(results, 1, matvec, operands, 2), LAT_ERROR_SHAPE,
        "takes a matrix and a column of as many rows");
  FAILS(lat_task_output_shape(&rows, &cols, inverse, 3, 2), LAT_ERROR_SHAPE,
        "takes a square matrix, not 3 x 2");
  operands[0].rows = 80;
  operands[0].cols = 20;
  FAILS(lat_task_result_shapes(results, 3, svd, operands, 1), LAT_ERROR_SHAPE,
        "the answer to 80 x 20 is 101 x 20, more than 100");
  operands[0].rows = 0;
  FAILS(lat_task_result_shapes(results, 3, svd, operands, 1), LAT_ERROR_SHAPE,
        "the input is 0 x 20, outside 1..100");
  operands[0] = operands[1] = (lat_matrix){&none, 3, INT32_MAX, INT32_MAX, 0};
  FAILS(lat_task_result_shapes(results, 1, add, operands, 2), LAT_ERROR_SHAPE,
        "the input is 3 x 2147483647, outside 1..100");
  operands[0] = operands[1] = (lat_matrix){&none, 2, 51, 51, 0};
  FAILS(lat_task_result_shapes(results, 1, add, operands, 2), LAT_ERROR_SHAPE, "outside 1..100");
  operands[0].cols = operands[1].cols = 50;
  OK(lat_task_result_shapes(results, 1, add, operands, 2));
  ck_assert_int_eq(results[0].rows, 2);
  ck_assert_int_eq(results[0].cols, 50);
  ck_assert_int_eq(results[0].ld, 50);
  OK(lat_task_max_operands(operands, 1, results, 3, svd));
  ck_assert_int_eq(operands[0].rows, 3);
  ck_assert_int_eq(results[0].rows, 1);
  ck_assert_int_eq(results[2].cols, 3);
  FAILS(lat_task_output_shape(NULL, &cols, add, 2, 2), LAT_ERROR_ARGUMENT, "NULL");
  FAILS(lat_task_output_shape(&rows, &cols, NULL, 2, 2), LAT_ERROR_ARGUMENT, "task is NULL");
  FAILS(lat_task_max_shapes(NULL, &cols, &rows, &cols, add), LAT_ERROR_ARGUMENT, "NULL");
  lat_task_free(add);
  lat_task_free(matvec);
  lat_task_free(inverse);
  lat_task_free(svd);
  lat_context_free(ctx);
}
END_TEST

START_TEST(json_both_ways) {
  create_context();
  char distribution[] = "laplace:2,marcenko";
  lat_task_options o = task_options("eigenvalues", 7, 0);
  o.min_size = 2;
  o.max_size = 9;
  o.coefficients = "gaussian";
  o.distribution = distribution;
  o.range = 0.1;
  o.noise = 0.05;
  lat_task *task = NULL, *again = NULL;
  json_t *object = NULL, *object2 = NULL;
  OK(lat_task_create(&task, ctx, &o));
  memset(distribution, 'x', sizeof distribution - 1); /* the task has a copy */
  OK(lati_task_to_json(&object, task));
  OK(lati_task_from_json(&again, ctx, object, NULL));
  OK(lati_task_to_json(&object2, again));
  ck_assert(json_equal(object, object2));
  ck_assert_str_eq(json_string_value(json_object_get(object, "distribution")),
                   "laplace:2,marcenko");
  ck_assert_str_eq(json_string_value(json_object_get(object2, "coefficients")), "gaussian");
  ck_assert_double_eq(json_number_value(json_object_get(object2, "range")), 0.1);
  ck_assert_int_eq(json_integer_value(json_object_get(object2, "max_size")), 9);
  ck_assert_double_eq(lati_task_range(again), 0.1);
  json_decref(object);
  json_decref(object2);
  lat_task_free(task);
  lat_task_free(again);
  lat_context_free(ctx);
}
END_TEST

START_TEST(refuses_bad_json) {
  create_context();
  static const struct {
    const char *text;
    lat_status status;
    const char *message;
  } cases[] = {
      {"{}", LAT_ERROR_FORMAT, "has no name"},
      {"[]", LAT_ERROR_FORMAT, "has no name"},
      {"{\"name\": 3}", LAT_ERROR_FORMAT, "has no name"},
      {"{\"name\": \"sort\"}", LAT_ERROR_NOT_FOUND, "no task 'sort'"},
      {"{\"name\": \"add\", \"rows\": 0}", LAT_ERROR_FORMAT, "rows 0"},
      {"{\"name\": \"add\", \"size\": 5}", LAT_ERROR_FORMAT, "\"size\""},
      {"{\"name\": \"sort\", \"custom\": true}", LAT_ERROR_NOT_FOUND, "'sort' was not given"},
      {"{\"name\": \"mixture\", \"tasks\": [], \"weights\": []}", LAT_ERROR_FORMAT, "1..16"},
      {"{\"name\": \"mixture\", \"tasks\": [{\"name\": \"add\"}], \"weights\": []}",
       LAT_ERROR_FORMAT, "there are 0 and 1"},
      {"{\"name\": \"mixture\", \"tasks\": [{\"name\": \"add\"}], \"weights\": [0]}",
       LAT_ERROR_ARGUMENT, "weight 1 is 0"},
      {"{\"name\": \"mixture\", \"tasks\": [{\"name\": \"mixture\", \"tasks\": []}], "
       "\"weights\": [1]}",
       LAT_ERROR_FORMAT, "task 1 of the mixture is a mixture"},
      {"{\"name\": \"mixture\", \"tasks\": [{\"name\": \"add\"}, {\"name\": \"ad\"}], "
       "\"weights\": [1, 1]}",
       LAT_ERROR_NOT_FOUND, "no task 'ad'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    json_t *object = json_loads(cases[i].text, 0, NULL);
    lat_task *task = NULL;
    ck_assert_ptr_nonnull(object);
    FAILS(lati_task_from_json(&task, ctx, object, NULL), cases[i].status, cases[i].message);
    ck_assert_ptr_null(task);
    json_decref(object);
  }
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {every_task_has_its_name_letter_and_shapes,
                                scaling_and_other_properties,
                                refuses_bad_options,
                                the_defaults_and_the_limits,
                                output_shape_says_what_the_task_takes,
                                json_both_ways,
                                refuses_bad_json,
                                NULL};
  return run_suite("task_options", tests);
}
