/* A layer of linear attention learns linear regression from examples in its context (von Oswald and
 * others, "Transformers learn in-context by gradient descent", 2023): weights that are a step of
 * gradient descent, the best rate from theory, and what training from a random start finds.
 *
 *   in_context [UPDATES [TESTS]]   3000 updates, 40000 regressions to test with unless said
 */
#include "example.h"
#include "regression.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Inputs and examples. */
enum { D = 10, N = 10, WIDTH = D + 1, BATCH = 256, PARAMETERS = 3 * WIDTH * WIDTH };

/* One regression: N examples and a query in rows (x, y), the query's y 0, and the query's answer.
 */
typedef struct regression {
  double z[N + 1][WIDTH];
  double answer;
} regression;

static void draw(regression *r) {
  r->answer = draw_regression(&r->z[0][0], D, N);
}

/* The layer leaves minus its prediction in the query's y. */
static lat_status predict(double *prediction, const lat_linear *stack, const regression *r) {
  regression copy = *r;
  const lat_status status = lat_linear_apply(&copy.z[0][0], stack, N + 1, N);
  *prediction = -copy.z[N][D];
  return status;
}

/* One step of gradient descent from 0, written out: w = (rate / N) sum y x. */
static double descent_step(const regression *r, double rate) {
  double prediction = 0;
  for (int e = 0; e < N; ++e) {
    double product = 0;
    for (int i = 0; i < D; ++i) {
      product += r->z[e][i] * r->z[N][i];
    }
    prediction += rate / N * r->z[e][D] * product;
  }
  return prediction;
}

/* Mean squared error on fresh regressions, the largest distance from the step written out, and the
 * mean cosine between the derivatives of both stacks' predictions by the query. */
static lat_status compare(const lat_linear *stack, const lat_linear *other, double rate, int tests,
                          const char *title) {
  lat_status status = LAT_OK;
  double sum = 0, squares = 0, distance = 0, cosine = 0;
  const double d_out[N + 1][WIDTH] = {[N][D] = 1};
  for (int t = 0; t < tests; ++t) {
    regression r;
    double prediction = 0, d[2][N + 1][WIDTH], dot[3] = {0};
    draw(&r);
    TRY(predict(&prediction, stack, &r));
    const double error = (prediction - r.answer) * (prediction - r.answer);
    sum += error;
    squares += error * error;
    distance = fmax(distance, fabs(prediction - descent_step(&r, rate)));
    if (t % 100 == 0) {
      TRY(lat_linear_gradient(NULL, &d[0][0][0], stack, &r.z[0][0], &d_out[0][0], N + 1, N));
      TRY(lat_linear_gradient(NULL, &d[1][0][0], other, &r.z[0][0], &d_out[0][0], N + 1, N));
      for (int i = 0; i < D; ++i) {
        dot[0] += d[0][N][i] * d[1][N][i];
        dot[1] += d[0][N][i] * d[0][N][i];
        dot[2] += d[1][N][i] * d[1][N][i];
      }
      cosine += dot[0] / sqrt(dot[1] * dot[2]) * 100 / tests;
    }
  }
  const double mean = sum / tests;
  printf("%s: mean squared error %.5f +- %.5f, cosine to the construction %.5f\n", title, mean,
         sqrt((squares / tests - mean * mean) / tests), cosine);
  if (stack == other) {
    printf("construction against one step of gradient descent: %.1e at most\n", distance);
  }
done:
  return status;
}

/* Gradient of the mean squared error over a batch. */
static lat_status batch_gradient(double *d, const lat_linear *stack) {
  lat_status status = LAT_OK;
  memset(d, 0, PARAMETERS * sizeof *d);
  for (int b = 0; b < BATCH; ++b) {
    regression r;
    double prediction = 0, d_out[N + 1][WIDTH] = {{0}};
    draw(&r);
    TRY(predict(&prediction, stack, &r));
    d_out[N][D] = -2 * (prediction - r.answer) / BATCH;
    TRY(lat_linear_gradient(d, NULL, stack, &r.z[0][0], &d_out[0][0], N + 1, N));
  }
done:
  return status;
}

/* Adam on A and P from a random start, the rate falling along half a cosine.
 */
static lat_status train(lat_linear *stack, int updates) {
  lat_status status = LAT_OK;
  static double d[PARAMETERS], moments[2 * PARAMETERS];
  double *x = lat_linear_parameters(stack);
  const int trained = PARAMETERS * 2 / 3; /* S stays 0 */
  for (int i = 0; i < trained; ++i) {
    x[i] = 0.3 * random_normal();
  }
  for (int u = 1; u <= updates; ++u) {
    const double rate = 0.01 * (1 + cos(acos(-1.0) * u / updates));
    TRY(batch_gradient(d, stack));
    update_by_adam(x, d, moments, trained, u, rate);
  }
done:
  return status;
}

int main(int argc, char **argv) {
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_linear *constructed = NULL, *trained = NULL;
  double zeros[D] = {0}, rate = 0, error = 0;
  const lat_matrix w0 = {zeros, 1, D, D, LAT_ROW_MAJOR};
  const int tests = argc > 2 ? atoi(argv[2]) : 40000; /* hundreds */
  regression_theory(&rate, &error, D, N);
  printf("theory: best rate %.4f, mean squared error %.5f\n", rate, error);
  TRY(lat_context_create(&ctx, NULL));
  TRY(lat_linear_create(&constructed, ctx, 1, 1, WIDTH));
  TRY(lat_linear_create(&trained, ctx, 1, 1, WIDTH));
  TRY(lat_linear_set_descent(constructed, &w0, rate, N));
  TRY(compare(constructed, constructed, rate, tests, "constructed"));
  TRY(train(trained, argc > 1 ? atoi(argv[1]) : 3000));
  TRY(compare(trained, constructed, rate, tests, "trained"));
done:
  lat_linear_free(trained);
  lat_linear_free(constructed);
  lat_context_free(ctx);
  return show_outcome(status);
}
