/* Linear attention by least squares: a teacher recovered from as many examples as features, what
 * the certificate says of fewer and of poorer data, and what too few heads lose. */
#include "base/random.h"
#include "suite.h"

#include <float.h>
#include <lat/linear_attention.h>
#include <math.h>
#include <string.h>

#define MUST(call) ck_assert_msg((call) == LAT_OK, "%s: %s", #call, lat_last_error())

enum { D = 4, TOKENS = 5, VALUES = D * TOKENS, FEATURES = 40, MAX_EXAMPLES = 5000 };

static lat_context *ctx;
static lat_linear *teacher;
static double z[MAX_EXAMPLES * VALUES], y[MAX_EXAMPLES * D];

static void fill(double *values, size_t count, uint64_t index) {
  lat_random random;
  lati_random_start(&random, 12, 0, index);
  for (size_t i = 0; i < count; ++i) {
    values[i] = lat_random_normal(&random);
  }
}

static void open_teacher(void) {
  MUST(lat_context_create(&ctx, NULL));
  MUST(lat_linear_create(&teacher, ctx, 1, 2, D));
  fill(lat_linear_parameters(teacher), (size_t)4 * D * D, 0); /* S stays 0 */
}

static void close_teacher(void) {
  lat_linear_free(teacher);
  lat_context_free(ctx);
}

/* What a stack adds to the query's last `outputs` values. */
static void answer(double *out, const lat_linear *stack, const double *tokens, int64_t context,
                   int32_t outputs) {
  double copy[VALUES];
  memcpy(copy, tokens, sizeof copy);
  MUST(lat_linear_apply(copy, stack, TOKENS, context));
  for (int32_t i = 0; i < outputs; ++i) {
    out[i] = copy[VALUES - outputs + i] - tokens[VALUES - outputs + i];
  }
}

/* Tokens whose values repeat after `period`, and the teacher's answers. */
static void draw_examples(int64_t examples, uint64_t index, int period, int64_t context,
                          int32_t outputs) {
  fill(z, (size_t)examples * VALUES, index);
  for (int64_t i = 0; i < examples * VALUES; ++i) {
    z[i] = z[i / D * D + i % period];
  }
  for (int64_t e = 0; e < examples; ++e) {
    answer(y + e * outputs, teacher, z + e * VALUES, context, outputs);
  }
}

static double relative_error(const lat_linear *student, int period, int64_t context,
                             int32_t outputs) {
  double wrong = 0, all = 0;
  draw_examples(100, 99, period, context, outputs);
  for (int e = 0; e < 100; ++e) {
    double learned[D];
    answer(learned, student, z + e * VALUES, context, outputs);
    for (int32_t i = 0; i < outputs; ++i) {
      wrong += pow(learned[i] - y[e * outputs + i], 2);
      all += pow(y[e * outputs + i], 2);
    }
  }
  return sqrt(wrong / all);
}

static lat_linear *fit(lat_linear_certificate *c, int64_t examples, int32_t heads, int64_t context,
                       int32_t outputs) {
  lat_linear *student = NULL;
  lat_linear_certificate_init(c);
  MUST(lat_linear_create(&student, ctx, 1, heads, D));
  MUST(lat_linear_fit(student, c, z, y, examples, TOKENS, context, outputs));
  return student;
}

START_TEST(as_many_examples_as_features_recover_the_teacher) {
  lat_linear_certificate c;
  draw_examples(FEATURES, 1, D, TOKENS, D);
  lat_linear *student = fit(&c, FEATURES, D * D, TOKENS, D);
  ck_assert_int_eq(c.features, FEATURES);
  ck_assert_int_eq(c.rank, FEATURES);
  ck_assert_int_eq(c.unique, 1);
  ck_assert(c.lambda_min > 0 && c.lambda_min < c.lambda_max);
  ck_assert_double_le(c.residual, 1e-11);
  ck_assert_double_eq(c.lost, 0);
  ck_assert_double_le(relative_error(student, D, TOKENS, D), 1e-11);
  lat_linear_free(student);
}
END_TEST

START_TEST(one_example_less_leaves_it_open) {
  lat_linear_certificate c;
  draw_examples(FEATURES - 1, 1, D, TOKENS, D);
  lat_linear *student = fit(&c, FEATURES - 1, D * D, TOKENS, D);
  ck_assert_int_eq(c.rank, FEATURES - 1);
  ck_assert_int_eq(c.unique, 0);
  ck_assert_double_eq(c.lambda_min, 0);
  ck_assert_double_le(c.residual, 1e-11);
  ck_assert_double_gt(relative_error(student, D, TOKENS, D), 0.01);
  lat_linear_free(student);
}
END_TEST

START_TEST(repeating_tokens_are_told_by_the_rank) {
  lat_linear_certificate c;
  draw_examples(200, 1, D / 2, TOKENS, D);
  lat_linear *student = fit(&c, 200, D * D, TOKENS, D);
  ck_assert_int_eq(c.rank, 6); /* features of width 2 */
  ck_assert_int_eq(c.unique, 0);
  ck_assert_double_le(relative_error(student, D / 2, TOKENS, D), 1e-12);
  ck_assert_double_gt(relative_error(student, D, TOKENS, D), 0.3);
  lat_linear_free(student);
}
END_TEST

/* More than one block of examples, keys without the query, one output. */
START_TEST(blocks_of_examples_are_one_fit) {
  lat_linear_certificate c;
  draw_examples(MAX_EXAMPLES, 2, D, TOKENS - 1, 1);
  lat_linear *student = fit(&c, MAX_EXAMPLES, D, TOKENS - 1, 1);
  ck_assert_int_eq(c.rank, FEATURES);
  ck_assert_int_le(c.heads, D);
  ck_assert_double_le(relative_error(student, D, TOKENS - 1, 1), 1e-11);
  lat_linear_free(student);
}
END_TEST

/* Noise is what least squares leave; lambda is the mean of squares where there is one feature. */
START_TEST(residual_and_eigenvalue_are_means) {
  const double one[] = {1, 2, -1, 3}, target[] = {1 + 1, 8 - 1, -1 - 1, 27 - 1};
  const double squares = 1 + 64 + 1 + 729, product = 2 + 56 + 2 + 702, w = product / squares;
  double residual = 0;
  lat_linear *student = NULL;
  lat_linear_certificate c;
  lat_linear_certificate_init(&c);
  MUST(lat_linear_create(&student, ctx, 1, 1, 1));
  MUST(lat_linear_fit(student, &c, one, target, 4, 1, 1, 1)); /* the feature: z^3 */
  for (int i = 0; i < 4; ++i) {
    residual += pow(target[i] - w * pow(one[i], 3), 2) / 4;
  }
  ck_assert_double_eq_tol(c.residual, sqrt(residual), 1e-12);
  ck_assert_double_eq_tol(c.lambda_min, squares / 4, 1e-10);
  lat_linear_free(student);
}
END_TEST

typedef struct range {
  double keys, query, targets;
} range;

/* Powers of two, so that the fit of tokens and targets times them is the same but for its size. */
static const range ranges[] = {{0, 0, 660},    {0, 0, -660}, {330, 330, 0}, {-330, -330, 0},
                               {500, 500, 40}, {500, 0, 0},  {-500, 990, 0}};

/* One feature, the key's square times the query: the mean of its squares is 10 / 4, what is left is
 * orthogonal to it. */
START_TEST(fits_of_any_scale_are_one_fit) {
  const range r = ranges[_i];
  const double q[] = {1, 2, 1, 2}, rest[] = {0.25, 0, -0.25, 0};
  double tokens[8], targets[4];
  lat_linear *student = NULL;
  lat_linear_certificate c;
  lat_linear_certificate_init(&c);
  for (int i = 0; i < 4; ++i) {
    tokens[2 * i] = ldexp(i < 2 ? 1 : -1, (int)r.keys);
    tokens[2 * i + 1] = ldexp(q[i], (int)r.query);
    targets[i] = ldexp(3 * q[i] + rest[i], (int)r.targets);
  }
  MUST(lat_linear_create(&student, ctx, 1, 1, 1));
  MUST(lat_linear_fit(student, &c, tokens, targets, 4, 2, 1, 1));
  const double power = 2 * (2 * r.keys + r.query);
  ck_assert(c.unique == 1 && c.rank == 1 && c.heads == 1);
  ck_assert_double_eq(c.lambda_min, c.lambda_max);
  if (power > 1030) {
    ck_assert(isinf(c.lambda_max));
  } else if (power < -1080) {
    ck_assert_double_eq(c.lambda_max, DBL_TRUE_MIN);
  } else {
    ck_assert_double_eq_tol(ldexp(c.lambda_max, (int)-power), 2.5, 1e-14);
  }
  ck_assert_double_eq_tol(ldexp(c.residual, (int)-r.targets), sqrt(2) / 8, 1e-15);
  const double *parameters = lat_linear_parameters(student);
  const double w = parameters[0] * ldexp(parameters[1], (int)(power / 2 - r.targets));
  ck_assert_double_eq_tol(w, 3, 1e-14);
  lat_linear_free(student);
}
END_TEST

/* Heads hold roots of the coefficients, which here are 1e700 and 1e-700; what no token uses is of
 * no account. */
START_TEST(weights_that_no_double_holds_are_refused) {
  const double small[] = {1e-200, 1e-200}, large[] = {1e200, 1e200}, unused[] = {1, 1e300, 2};
  const double tiny = 1e-100, huge = 1e100, eight = 8;
  lat_linear *student = NULL;
  lat_linear_certificate c;
  lat_linear_certificate_init(&c);
  MUST(lat_linear_create(&student, ctx, 1, 1, 1));
  lat_linear_parameters(student)[0] = 7;
  ck_assert_int_eq(lat_linear_fit(student, &c, small, &huge, 1, 2, 1, 1), LAT_ERROR_NUMERIC);
  ck_assert_str_eq(lat_last_error(), "weights of the size of inf are outside the range of doubles");
  ck_assert_int_eq(lat_linear_fit(student, &c, large, &tiny, 1, 2, 1, 1), LAT_ERROR_NUMERIC);
  ck_assert_str_eq(lat_last_error(), "weights of the size of 0 are outside the range of doubles");
  ck_assert_double_eq(lat_linear_parameters(student)[0], 7);
  MUST(lat_linear_fit(student, &c, unused, &eight, 1, 3, 1, 1));
  ck_assert_double_eq_tol(lat_linear_parameters(student)[0], 2, 1e-14);
  ck_assert_double_eq_tol(c.lambda_max, 4, 1e-14);
  lat_linear_free(student);
}
END_TEST

START_TEST(fewer_heads_than_needed_are_told) {
  lat_linear_certificate c;
  draw_examples(FEATURES, 1, D, TOKENS, D);
  lat_linear *student = fit(&c, FEATURES, 1, TOKENS, D);
  ck_assert_int_gt(c.heads, 1);
  ck_assert(c.lost > 0.1 && c.lost < 1);
  ck_assert_double_gt(relative_error(student, D, TOKENS, D), 0.01);
  lat_linear_free(student);
}
END_TEST

static void refuse(lat_status status, lat_status expected, const char *message) {
  ck_assert_int_eq(status, expected);
  ck_assert_str_eq(lat_last_error(), message);
}

START_TEST(bad_input_is_refused) {
  lat_linear *deep = NULL, *wide = NULL;
  lat_linear_certificate c = {.struct_size = 0};
  const double kept = lat_linear_parameters(teacher)[0];
  MUST(lat_linear_create(&deep, ctx, 2, 1, D));
  MUST(lat_linear_create(&wide, ctx, 1, 1, 20));
  draw_examples(2, 1, D, TOKENS, D);
  refuse(lat_linear_fit(deep, NULL, z, y, 2, TOKENS, 1, D), LAT_ERROR_ARGUMENT,
         "layers 2 of the stack are not 1");
  refuse(lat_linear_fit(wide, NULL, z, y, 1, 1, 1, 1), LAT_ERROR_LIMIT,
         "width 20 exceeds 19: too many features");
  refuse(lat_linear_fit(teacher, NULL, z, y, 2, TOKENS, 1, 5), LAT_ERROR_ARGUMENT,
         "outputs 5 are outside 1..4");
  refuse(lat_linear_fit(teacher, NULL, z, y, 0, TOKENS, 1, D), LAT_ERROR_ARGUMENT,
         "examples 0 are outside 1..2147483647");
  refuse(lat_linear_fit(teacher, NULL, z, y, 2, TOKENS, 6, D), LAT_ERROR_ARGUMENT,
         "context 6 is outside 0..5");
  ck_assert_int_eq(lat_linear_fit(teacher, &c, z, y, 2, TOKENS, 1, D), LAT_ERROR_ARGUMENT);
  y[1] = INFINITY;
  refuse(lat_linear_fit(teacher, NULL, z, y, 2, TOKENS, 1, D), LAT_ERROR_NUMERIC,
         "y: a value is not finite");
  z[VALUES] = NAN;
  refuse(lat_linear_fit(teacher, NULL, z, y, 2, TOKENS, 1, D), LAT_ERROR_NUMERIC,
         "z: a value is not finite");
  ck_assert_double_eq(lat_linear_parameters(teacher)[0], kept);
  lat_linear_free(wide);
  lat_linear_free(deep);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("linear fit");
  tcase_add_checked_fixture(tests, open_teacher, close_teacher);
  tcase_add_test(tests, as_many_examples_as_features_recover_the_teacher);
  tcase_add_test(tests, one_example_less_leaves_it_open);
  tcase_add_test(tests, repeating_tokens_are_told_by_the_rank);
  tcase_add_test(tests, blocks_of_examples_are_one_fit);
  tcase_add_test(tests, residual_and_eigenvalue_are_means);
  tcase_add_loop_test(tests, fits_of_any_scale_are_one_fit, 0, sizeof ranges / sizeof *ranges);
  tcase_add_test(tests, weights_that_no_double_holds_are_refused);
  tcase_add_test(tests, fewer_heads_than_needed_are_told);
  tcase_add_test(tests, bad_input_is_refused);
  return run_case("linear fit", tests);
}
