/* Stacks of linear attention against the sums of their definition, gradients against differences,
 * and constructed weights against a step of gradient descent written out. */
#include "base/random.h"
#include "suite.h"

#include <lat/linear_attention.h>
#include <math.h>
#include <string.h>

#define MUST(call) ck_assert_msg((call) == LAT_OK, "%s: %s", #call, lat_last_error())

enum { MAX_TOKENS = 7, MAX_WIDTH = 5, MAX_VALUES = MAX_TOKENS * MAX_WIDTH };

typedef struct shape {
  int32_t layers, heads, width;
  int64_t tokens, context;
} shape;

/* One of everything, no keys, all keys, several layers. */
static const shape shapes[] = {
    {1, 1, 1, 1, 1}, {1, 1, 3, 5, 0}, {2, 1, 2, 3, 3}, {3, 2, 5, 7, 4}, {2, 3, 4, 2, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static lat_context *ctx;

static void open_context(void) {
  MUST(lat_context_create(&ctx, NULL));
}

static void close_context(void) {
  lat_context_free(ctx);
}

static void fill(double *values, size_t count, uint64_t index, double scale) {
  lat_random random;
  lati_random_start(&random, 11, 0, index);
  for (size_t i = 0; i < count; ++i) {
    values[i] = scale * lat_random_normal(&random);
  }
}

static lat_linear *random_stack(const shape *s) {
  lat_linear *stack = NULL;
  MUST(lat_linear_create(&stack, ctx, s->layers, s->heads, s->width));
  ck_assert_uint_eq(lat_linear_size(stack),
                    (size_t)s->layers * (size_t)(2 * s->heads + 1) * (size_t)(s->width * s->width));
  fill(lat_linear_parameters(stack), lat_linear_size(stack), 0, 0.3);
  return stack;
}

static double entry(lat_linear *stack, int32_t layer, int32_t head, int32_t which, int32_t i,
                    int32_t j) {
  lat_matrix matrix;
  MUST(lat_linear_matrix(&matrix, stack, layer, head, which));
  return matrix.data[i * matrix.ld + j];
}

/* What token t gets from a head: sum over keys k of (z_t A z_k) z_k P. */
static void attend(double *out, lat_linear *stack, int32_t l, int32_t h, const double *z,
                   const double *key, int32_t d) {
  double score = 0;
  for (int32_t i = 0; i < d; ++i) {
    for (int32_t j = 0; j < d; ++j) {
      score += z[i] * entry(stack, l, h, LAT_LINEAR_A, i, j) * key[j];
    }
  }
  for (int32_t i = 0; i < d; ++i) {
    for (int32_t j = 0; j < d; ++j) {
      out[j] += score * key[i] * entry(stack, l, h, LAT_LINEAR_P, i, j);
    }
  }
}

/* The stack by its definition. */
static void slow_apply(double *z, lat_linear *stack, const shape *s) {
  double out[MAX_VALUES];
  const int32_t d = s->width;
  for (int32_t l = 0; l < s->layers; ++l) {
    memcpy(out, z, sizeof out);
    for (int64_t t = 0; t < s->tokens; ++t) {
      for (int32_t h = 0; h < s->heads; ++h) {
        for (int64_t k = 0; k < s->context; ++k) {
          attend(out + t * d, stack, l, h, z + t * d, z + k * d, d);
        }
      }
      for (int32_t i = 0; i < d * d; ++i) {
        out[t * d + i % d] += z[t * d + i / d] * entry(stack, l, 0, LAT_LINEAR_S, i / d, i % d);
      }
    }
    memcpy(z, out, sizeof out);
  }
}

static double largest_difference(const double *x, const double *y, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    largest = fmax(largest, fabs(x[i] - y[i]) / fmax(1, fabs(y[i])));
  }
  return largest;
}

START_TEST(agrees_with_its_definition) {
  const shape *s = &shapes[_i];
  lat_linear *stack = random_stack(s);
  double fast[MAX_VALUES] = {0}, slow[MAX_VALUES] = {0};
  fill(fast, (size_t)(s->tokens * s->width), 1, 1);
  memcpy(slow, fast, sizeof slow);
  MUST(lat_linear_apply(fast, stack, s->tokens, s->context));
  slow_apply(slow, stack, s);
  ck_assert_double_le(largest_difference(fast, slow, MAX_VALUES), 1e-12);
  lat_linear_free(stack);
}
END_TEST

/* The loss is sum of weights times outputs. */
static double loss(const lat_linear *stack, const double *z, const double *weights,
                   const shape *s) {
  double out[MAX_VALUES], sum = 0;
  memcpy(out, z, sizeof out);
  MUST(lat_linear_apply(out, stack, s->tokens, s->context));
  for (int64_t i = 0; i < s->tokens * s->width; ++i) {
    sum += weights[i] * out[i];
  }
  return sum;
}

/* The largest difference between a gradient and central ones, of the numbers at `values`. */
static double central_error(double *values, const double *gradient, size_t count,
                            const lat_linear *stack, const double *z, const double *weights,
                            const shape *s) {
  const double step = 1e-5;
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    const double kept = values[i];
    values[i] = kept + step;
    const double above = loss(stack, z, weights, s);
    values[i] = kept - step;
    const double numeric = (above - loss(stack, z, weights, s)) / (2 * step);
    values[i] = kept;
    largest = fmax(largest, fabs(numeric - gradient[i]) / fmax(1, fabs(numeric)));
  }
  return largest;
}

START_TEST(gradients_are_those_of_differences) {
  const shape *s = &shapes[_i];
  lat_linear *stack = random_stack(s);
  const size_t size = lat_linear_size(stack), values = (size_t)(s->tokens * s->width);
  double z[MAX_VALUES] = {0}, weights[MAX_VALUES] = {0}, d_z[MAX_VALUES];
  double *d = calloc(size, sizeof *d);
  fill(z, values, 1, 0.7);
  fill(weights, values, 2, 1);
  MUST(lat_linear_gradient(d, d_z, stack, z, weights, s->tokens, s->context));
  double *parameters = lat_linear_parameters(stack);
  ck_assert_double_le(central_error(parameters, d, size, stack, z, weights, s), 1e-5);
  ck_assert_double_le(central_error(z, d_z, values, stack, z, weights, s), 1e-5);
  d_z[0] = -d_z[0]; /* the check would notice one wrong sign */
  ck_assert_double_gt(central_error(z, d_z, values, stack, z, weights, s), 1e-3);
  /* A second call adds. */
  double *twice = calloc(size, sizeof *twice);
  MUST(lat_linear_gradient(twice, NULL, stack, z, weights, s->tokens, s->context));
  MUST(lat_linear_gradient(twice, NULL, stack, z, weights, s->tokens, s->context));
  for (size_t i = 0; i < size; ++i) {
    twice[i] /= 2;
  }
  ck_assert_double_le(largest_difference(twice, d, size), 1e-14);
  free(twice);
  free(d);
  lat_linear_free(stack);
}
END_TEST

enum { INPUTS = 3, OUTPUTS = 2, EXAMPLES = 6, WIDTH = INPUTS + OUTPUTS };

/* w becomes w - rate grad of sum |w x - y|^2 / (2 EXAMPLES). */
static void descend(double w[OUTPUTS][INPUTS], double x[EXAMPLES][INPUTS],
                    double y[EXAMPLES][OUTPUTS], double rate) {
  double gradient[OUTPUTS][INPUTS] = {{0}};
  for (int e = 0; e < EXAMPLES; ++e) {
    for (int o = 0; o < OUTPUTS; ++o) {
      double error = -y[e][o];
      for (int i = 0; i < INPUTS; ++i) {
        error += w[o][i] * x[e][i];
      }
      for (int i = 0; i < INPUTS; ++i) {
        gradient[o][i] += error * x[e][i] / EXAMPLES;
      }
    }
  }
  for (int i = 0; i < OUTPUTS * INPUTS; ++i) {
    w[i / INPUTS][i % INPUTS] -= rate * gradient[i / INPUTS][i % INPUTS];
  }
}

START_TEST(a_layer_is_a_step_of_descent) {
  double x[EXAMPLES][INPUTS], y[EXAMPLES][OUTPUTS], query[INPUTS], w[OUTPUTS][INPUTS];
  double z[EXAMPLES + 1][WIDTH];
  const int32_t layers = _i + 1;
  const double rate = 0.4;
  lat_linear *stack = NULL;
  fill(&x[0][0], EXAMPLES * INPUTS, 3, 1);
  fill(&y[0][0], EXAMPLES * OUTPUTS, 4, 1);
  fill(query, INPUTS, 5, 1);
  fill(&w[0][0], OUTPUTS * INPUTS, 6, 1);
  const lat_matrix w0 = {&w[0][0], OUTPUTS, INPUTS, INPUTS, LAT_ROW_MAJOR};
  MUST(lat_linear_create(&stack, ctx, layers, 2, WIDTH));
  MUST(lat_linear_set_descent(stack, &w0, rate, EXAMPLES));
  for (int e = 0; e <= EXAMPLES; ++e) {
    memcpy(z[e], e < EXAMPLES ? x[e] : query, sizeof query);
    for (int o = 0; o < OUTPUTS; ++o) {
      z[e][INPUTS + o] = e < EXAMPLES ? y[e][o] : 0;
      for (int i = 0; e == EXAMPLES && i < INPUTS; ++i) {
        z[e][INPUTS + o] -= w[o][i] * query[i];
      }
    }
  }
  MUST(lat_linear_apply(&z[0][0], stack, EXAMPLES + 1, EXAMPLES));
  for (int32_t l = 0; l < layers; ++l) {
    descend(w, x, y, rate);
  }
  for (int o = 0; o < OUTPUTS; ++o) {
    double prediction = 0;
    for (int i = 0; i < INPUTS; ++i) {
      prediction += w[o][i] * query[i];
    }
    ck_assert_double_le(fabs(z[EXAMPLES][INPUTS + o] + prediction), 1e-13);
  }
  lat_linear_free(stack);
}
END_TEST

static void refuse(lat_status status, lat_status expected, const char *message) {
  ck_assert_int_eq(status, expected);
  ck_assert_str_eq(lat_last_error(), message);
}

START_TEST(bad_input_is_refused) {
  double z[4] = {1, 2, 3, 4}, d[12] = {0}, w[2] = {1, 2};
  lat_linear *stack = NULL;
  lat_matrix matrix, w0 = {w, 1, 1, 1, LAT_ROW_MAJOR}, wide = {w, 1, 2, 2, LAT_ROW_MAJOR};
  refuse(lat_linear_create(&stack, ctx, 0, 1, 2), LAT_ERROR_ARGUMENT,
         "layers 0 is outside 1..4096");
  refuse(lat_linear_create(&stack, ctx, 1, 1, 4097), LAT_ERROR_ARGUMENT,
         "width 4097 is outside 1..4096");
  MUST(lat_linear_create(&stack, ctx, 1, 1, 2));
  refuse(lat_linear_matrix(&matrix, stack, 1, 0, LAT_LINEAR_A), LAT_ERROR_ARGUMENT,
         "layer 1 is outside 0..0");
  refuse(lat_linear_matrix(&matrix, stack, 0, -1, LAT_LINEAR_P), LAT_ERROR_ARGUMENT,
         "head -1 is outside 0..0");
  refuse(lat_linear_matrix(&matrix, stack, 0, 0, 3), LAT_ERROR_ARGUMENT, "which 3 is outside 0..2");
  refuse(lat_linear_apply(z, stack, 0, 0), LAT_ERROR_ARGUMENT, "tokens 0 is outside 1..2147483647");
  refuse(lat_linear_apply(z, stack, 2, 3), LAT_ERROR_ARGUMENT, "context 3 is outside 0..2");
  refuse(lat_linear_set_descent(stack, &wide, 1, 1), LAT_ERROR_SHAPE,
         "w0: 2 inputs and 1 outputs do not make the width 2");
  refuse(lat_linear_set_descent(stack, &w0, INFINITY, 1), LAT_ERROR_NUMERIC,
         "rate inf is not finite");
  refuse(lat_linear_set_descent(stack, &w0, 1, 0), LAT_ERROR_ARGUMENT, "examples 0 is below 1");
  w[0] = 1e200;
  refuse(lat_linear_set_descent(stack, &w0, 1e200, 1), LAT_ERROR_NUMERIC,
         "rate 1e+200: a weight overflows");
  w[0] = 1;
  MUST(lat_linear_set_descent(stack, &w0, 1e300, 1));
  z[0] = 1e10;
  refuse(lat_linear_apply(z, stack, 2, 2), LAT_ERROR_NUMERIC, "the stack's output is not finite");
  ck_assert_double_eq(z[1], 2); /* as it was */
  refuse(lat_linear_gradient(d, NULL, stack, z, z, 2, 2), LAT_ERROR_NUMERIC,
         "the stack's gradient is not finite");
  ck_assert_double_eq(d[0], 0);
  z[0] = NAN;
  refuse(lat_linear_apply(z, stack, 2, 2), LAT_ERROR_NUMERIC, "z: a value is not finite");
  lat_linear_free(stack);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("linear attention");
  tcase_add_checked_fixture(tests, open_context, close_context);
  tcase_add_loop_test(tests, agrees_with_its_definition, 0, SHAPES);
  tcase_add_loop_test(tests, gradients_are_those_of_differences, 0, SHAPES);
  tcase_add_loop_test(tests, a_layer_is_a_step_of_descent, 0, 3);
  tcase_add_test(tests, bad_input_is_refused);
  return run_case("linear attention", tests);
}
