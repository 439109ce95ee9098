/* A layer of linear attention learned by least squares, with a certificate that the data determine
 * it (Yau and others, "Learning Linear Attention in Polynomial Time", 2024): a teacher recovered,
 * data that leave it open, and regression in context, to compare with in_context.c.
 *
 *   linear_fit [EXAMPLES [INPUTS]]   of the regressions: 60000 of 10 inputs unless said */
#include "example.h"
#include "regression.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The teacher's width, heads, tokens (all of them keys, the last one the query), and features. */
enum { D = 4, HEADS = 2, TOKENS = 6, VALUES = D * TOKENS, FEATURES = D * D * (D + 1) / 2 };
enum { TESTS = 40000, MAX_INPUTS = 18 };

static void fill(double *values, int count) {
  for (int i = 0; i < count; ++i) {
    values[i] = random_normal();
  }
}

/* Random A and P; S stays 0. */
static lat_status create_teacher(lat_linear **teacher, lat_context *ctx) {
  const lat_status status = lat_linear_create(teacher, ctx, 1, HEADS, D);
  if (status == LAT_OK) {
    fill(lat_linear_parameters(*teacher), 2 * HEADS * D * D);
  }
  return status;
}

/* What a stack adds to the last token. */
static lat_status answer(double *y, const lat_linear *stack, const double *z) {
  double copy[VALUES];
  memcpy(copy, z, sizeof copy);
  const lat_status status = lat_linear_apply(copy, stack, TOKENS, TOKENS);
  for (int i = 0; i < D; ++i) {
    y[i] = copy[VALUES - D + i] - z[VALUES - D + i];
  }
  return status;
}

/* Normal tokens; `repeated` ones have a lower half that is the upper half again. */
static void draw(double *z, int repeated) {
  fill(z, VALUES);
  for (int i = 0; repeated && i < VALUES; ++i) {
    z[i] = z[i / D * D + i % (D / 2)];
  }
}

/* |student - teacher| / |teacher| over fresh tokens. */
static lat_status relative_error(double *error, const lat_linear *student,
                                 const lat_linear *teacher, int repeated) {
  lat_status status = LAT_OK;
  double wrong = 0, all = 0;
  for (int t = 0; t < 1000; ++t) {
    double z[VALUES], exact[D], learned[D];
    draw(z, repeated);
    TRY(answer(exact, teacher, z));
    TRY(answer(learned, student, z));
    for (int i = 0; i < D; ++i) {
      wrong += (learned[i] - exact[i]) * (learned[i] - exact[i]);
      all += exact[i] * exact[i];
    }
  }
  *error = sqrt(wrong / all);
done:
  return status;
}

/* Fits a student with as many heads as ever needed to examples of the teacher. */
static lat_status recover(lat_context *ctx, const lat_linear *teacher, int examples, int repeated) {
  static double z[FEATURES * VALUES], y[FEATURES * D];
  lat_status status = LAT_OK;
  lat_linear *student = NULL;
  lat_linear_certificate c;
  double error = 0, same = 0;
  lat_linear_certificate_init(&c);
  for (int e = 0; e < examples; ++e) {
    draw(z + e * VALUES, repeated);
    TRY(answer(y + e * D, teacher, z + e * VALUES));
  }
  TRY(lat_linear_create(&student, ctx, 1, D * D, D));
  TRY(lat_linear_fit(student, &c, z, y, examples, TOKENS, TOKENS, D));
  TRY(relative_error(&same, student, teacher, repeated));
  TRY(relative_error(&error, student, teacher, 0));
  printf("%d %sexamples: rank %lld of %lld, lambda_min %.1e, %s; %d heads; error %.1e as drawn, "
         "%.1e off the data\n",
         examples, repeated ? "repeating " : "", (long long)c.rank, (long long)c.features,
         c.lambda_min, c.unique ? "unique" : "open", c.heads, same, error);
done:
  lat_linear_free(student);
  return status;
}

/* Mean squared error of the stack on fresh regressions. */
static lat_status test_regression(const lat_linear *stack, int d) {
  lat_status status = LAT_OK;
  static double z[(MAX_INPUTS + 1) * (MAX_INPUTS + 1)];
  double sum = 0, squares = 0;
  for (int t = 0; t < TESTS; ++t) {
    const double exact = draw_regression(z, d, d);
    TRY(lat_linear_apply(z, stack, d + 1, d));
    const double error = pow(z[(d + 1) * (d + 1) - 1] - exact, 2);
    sum += error;
    squares += error * error;
  }
  const double mean = sum / TESTS;
  printf("mean squared error %.4f +- %.4f", mean, sqrt((squares / TESTS - mean * mean) / TESTS));
done:
  return status;
}

/* d examples of d inputs and a query, whose answer is learned by all layers at once. */
static lat_status learn_regression(lat_context *ctx, int d, int examples) {
  lat_status status = LAT_OK;
  lat_linear *stack = NULL;
  lat_linear_certificate c;
  double rate = 0, best = 0;
  const size_t values = (size_t)(d + 1) * (size_t)(d + 1);
  double *z = calloc((size_t)examples * values, sizeof *z);
  double *y = calloc((size_t)examples, sizeof *y);
  lat_linear_certificate_init(&c);
  regression_theory(&rate, &best, d, d);
  for (int e = 0; e < examples; ++e) {
    y[e] = draw_regression(z + (size_t)e * values, d, d);
  }
  TRY(lat_linear_create(&stack, ctx, 1, d + 1, d + 1));
  TRY(lat_linear_fit(stack, &c, z, y, examples, d + 1, d, 1));
  printf("%d regressions of %d inputs: rank %lld of %lld; ", examples, d, (long long)c.rank,
         (long long)c.features);
  TRY(test_regression(stack, d));
  printf(", theory %.4f\n", best * (1 + (double)c.rank / examples));
done:
  lat_linear_free(stack);
  free(y);
  free(z);
  return status;
}

int main(int argc, char **argv) {
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_linear *teacher = NULL;
  const int examples = argc > 1 ? atoi(argv[1]) : 60000, d = argc > 2 ? atoi(argv[2]) : 10;
  if (examples < 1 || d < 1 || d > MAX_INPUTS) {
    fprintf(stderr, "usage: linear_fit [EXAMPLES [INPUTS]], inputs 1..%d\n", MAX_INPUTS);
    return EXIT_FAILURE;
  }
  TRY(lat_context_create(&ctx, NULL));
  TRY(create_teacher(&teacher, ctx));
  TRY(recover(ctx, teacher, FEATURES - 1, 0));
  TRY(recover(ctx, teacher, FEATURES, 0));
  TRY(recover(ctx, teacher, FEATURES, 1));
  TRY(learn_regression(ctx, d, examples));
done:
  lat_linear_free(teacher);
  lat_context_free(ctx);
  return show_outcome(status);
}
