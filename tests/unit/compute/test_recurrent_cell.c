/* Steps of LSTM and GRU cells against their equations in double, and their gradients against
 * central differences of those. */
#include "compute_fixture.h"

#include "compute/recurrent_cell.h"

#include <math.h>
#include <string.h>

enum { COUNT = 3, WIDTH = 5, TOKENS = 11, MOST_GATES = 4, STATES = COUNT * WIDTH };
/* Sequences of the step at hand begin at these rows. */
static const int32_t first[COUNT] = {6, 0, 9};
enum { STEP = 1 };

typedef struct cell_case {
  lati_cell_kind kind;
  double a[COUNT][MOST_GATES * WIDTH], u[COUNT][MOST_GATES * WIDTH]; /* W x + b, U h + b */
  double h[COUNT][WIDTH], c[COUNT][WIDTH];
} cell_case;

static double sigmoid(double x) {
  return 1 / (1 + exp(-x));
}

/* The state h after the step, and c. */
static void plain_step(double *h, double *c, const cell_case *at, int i, int w) {
  const double *a = at->a[i] + w, *u = at->u[i] + w;
  if (at->kind == LATI_LSTM) {
    const double in = sigmoid(a[0] + u[0]), forget = sigmoid(a[WIDTH] + u[WIDTH]);
    const double candidate = tanh(a[2 * WIDTH] + u[2 * WIDTH]);
    *c = forget * at->c[i][w] + in * candidate;
    *h = sigmoid(a[3 * WIDTH] + u[3 * WIDTH]) * tanh(*c);
  } else {
    const double reset = sigmoid(a[0] + u[0]), keep = sigmoid(a[WIDTH] + u[WIDTH]);
    const double candidate = tanh(a[2 * WIDTH] + reset * u[2 * WIDTH]);
    *c = 0;
    *h = (1 - keep) * candidate + keep * at->h[i][w];
  }
}

/* Sum of the states after the step, weighted as the gradients that come back are. */
static double weighted(const cell_case *at, const float *d_y, const float *d_h, const float *d_c) {
  double sum = 0;
  for (int i = 0; i < COUNT; ++i) {
    for (int w = 0; w < WIDTH; ++w) {
      double h, c;
      plain_step(&h, &c, at, i, w);
      sum += h * ((double)d_y[(first[i] + STEP) * WIDTH + w] + (double)d_h[i * WIDTH + w]);
      sum += at->kind == LATI_LSTM ? c * (double)d_c[i * WIDTH + w] : 0;
    }
  }
  return sum;
}

static double slope(cell_case *at, double *x, const float *d_y, const float *d_h,
                    const float *d_c) {
  const double before = *x, step = 1e-5;
  *x = before + step;
  const double above = weighted(at, d_y, d_h, d_c);
  *x = before - step;
  const double below = weighted(at, d_y, d_h, d_c);
  *x = before;
  return (above - below) / (2 * step);
}

typedef struct cell_world {
  fixture f;
  cell_case at;
  lati_cell cell;
  float *h, *c, *from_h, *y, *residual;
} cell_world;

static void open_world(cell_world *world, lati_cell_kind kind) {
  fixture *f = &world->f;
  fixture_open(f, 2);
  const int32_t gates = lati_cell_gates(kind) * WIDTH;
  world->at.kind = kind;
  world->h = fixture_random(f, STATES);
  world->c = fixture_random(f, STATES);
  world->from_h = fixture_random(f, (int64_t)COUNT * gates);
  world->residual = fixture_random(f, TOKENS * WIDTH);
  world->y = NEW(f, float, TOKENS *WIDTH);
  world->cell = (lati_cell){.kind = kind,
                            .width = WIDTH,
                            .step = STEP,
                            .count = COUNT,
                            .first = first,
                            .gates = fixture_random(f, (int64_t)TOKENS * gates),
                            .previous = NEW(f, float, TOKENS *WIDTH),
                            .inner = NEW(f, float, TOKENS *WIDTH)};
  for (int i = 0; i < COUNT; ++i) {
    for (int g = 0; g < gates; ++g) {
      world->at.a[i][g] = (double)world->cell.gates[(first[i] + STEP) * gates + g];
      world->at.u[i][g] = (double)world->from_h[i * gates + g];
    }
    for (int w = 0; w < WIDTH; ++w) {
      world->at.h[i][w] = (double)world->h[i * WIDTH + w];
      world->at.c[i][w] = (double)world->c[i * WIDTH + w];
    }
  }
  lati_cell_forward(&f->device, &world->cell, world->y, world->residual, world->h, world->c,
                    world->from_h);
}

static void close_world(cell_world *world) {
  float *const blocks[] = {
      world->h,        world->c,          world->from_h,        world->y,
      world->residual, world->cell.gates, world->cell.previous, world->cell.inner};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
  fixture_close(&world->f);
}

static void check_forward(lati_cell_kind kind) {
  cell_world world;
  open_world(&world, kind);
  for (int i = 0; i < COUNT; ++i) {
    for (int w = 0; w < WIDTH; ++w) {
      const int row = (first[i] + STEP) * WIDTH + w, state = i * WIDTH + w;
      double h, c;
      plain_step(&h, &c, &world.at, i, w);
      ck_assert_double_eq_tol((double)world.h[state], h, 1e-6);
      ck_assert_double_eq_tol((double)world.y[row], h + (double)world.residual[row], 1e-6);
      if (kind == LATI_LSTM) {
        ck_assert_double_eq_tol((double)world.c[state], c, 1e-6);
      }
      ck_assert_double_eq((double)world.cell.previous[row], world.at.h[i][w]);
    }
  }
  ck_assert_float_eq(world.y[0], 0); /* no step of this row */
  close_world(&world);
}

static void check_backward(lati_cell_kind kind) {
  cell_world world;
  open_world(&world, kind);
  fixture *f = &world.f;
  const int gates = lati_cell_gates(world.at.kind) * WIDTH;
  float *d_y = fixture_random(f, TOKENS * WIDTH);
  float *after_h = fixture_random(f, STATES), *after_c = fixture_random(f, STATES);
  float *d_h = fixture_copy(f, after_h, STATES), *d_c = fixture_copy(f, after_c, STATES);
  float *d_gates = NEW(f, float, TOKENS *gates), *d_from = NEW(f, float, TOKENS *gates);
  float *d_step = NEW(f, float, COUNT *gates);
  lati_cell_backward(&f->device, &world.cell, d_gates, d_from, d_step, d_h, d_c,
                     lati_floats(d_y, WIDTH));
  for (int i = 0; i < COUNT; ++i) {
    const int row = (first[i] + STEP) * gates;
    for (int g = 0; g < gates; ++g) {
      const double of_a = slope(&world.at, &world.at.a[i][g], d_y, after_h, after_c);
      const double of_u = slope(&world.at, &world.at.u[i][g], d_y, after_h, after_c);
      ck_assert_double_eq_tol((double)d_gates[row + g], of_a, 1e-5);
      ck_assert_double_eq_tol((double)d_from[row + g], of_u, 1e-5);
      ck_assert_float_eq(d_step[i * gates + g], d_from[row + g]);
    }
    for (int w = 0; w < WIDTH; ++w) {
      const double of_h = slope(&world.at, &world.at.h[i][w], d_y, after_h, after_c);
      const double of_c = slope(&world.at, &world.at.c[i][w], d_y, after_h, after_c);
      ck_assert_double_eq_tol((double)d_h[i * WIDTH + w], of_h, 1e-5);
      if (kind == LATI_LSTM) {
        ck_assert_double_eq_tol((double)d_c[i * WIDTH + w], of_c, 1e-5);
      }
    }
  }
  float *const blocks[] = {d_y, after_h, after_c, d_h, d_c, d_gates, d_from, d_step};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
  close_world(&world);
}

START_TEST(forward_is_the_equations) {
  check_forward(LATI_LSTM);
  check_forward(LATI_GRU);
}
END_TEST

START_TEST(backward_is_the_derivative) {
  check_backward(LATI_LSTM);
  check_backward(LATI_GRU);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {forward_is_the_equations, backward_is_the_derivative};
  return run_suite("recurrent cells", tests, 2);
}
