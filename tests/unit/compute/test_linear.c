/* Linear layers, with activations and on the way back their slopes, against the slow twin. */
#include "compute_fixture.h"
#include "naive/naive.h"

#include <string.h>

typedef struct shape {
  int32_t tokens, out, in;
} shape;

static const shape shapes[] = {{1, 1, 1},      {1, 7, 3},      {2, 1, 5},
                               {3, 5, 1},      {13, 17, 11},   {131, 67, 43},
                               {257, 129, 65}, {40, 1203, 32}, {200, 16, 300}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Products of `depth` terms of size up to one, each rounded. */
static double tolerance(int64_t depth) {
  return 1e-6 * (4.0 + (double)depth / 16.0);
}

static void *packed_weight(fixture *f, const float *weight, const shape *s) {
  size_t bytes = lati_backend_f32.packed_size(s->out, s->in);
  void *packed = fixture_new(f, (int64_t)bytes, 1);
  lati_backend_f32.pack(&f->device, packed, weight, s->out, s->in);
  return packed;
}

static void check_forward(fixture *f, const shape *s, lati_activation activation, int packed,
                          int with_bias, int with_residual) {
  int64_t ld_y = s->out + 3, ld_x = s->in + 5;
  float *x = fixture_random(f, s->tokens * ld_x), *weight = fixture_random(f, s->out * s->in);
  float *bias = fixture_random(f, s->out), *residual = fixture_random(f, s->tokens * s->out);
  float *y[2] = {fixture_random(f, s->tokens * ld_y), NULL};
  y[1] = fixture_copy(f, y[0], s->tokens * ld_y);
  float *pre[2] = {NEW(f, float, s->tokens * s->out), NEW(f, float, s->tokens * s->out)};
  void *layout = packed ? packed_weight(f, weight, s) : NULL;
  lati_linear linear = {.weight = weight,
                        .bias = with_bias ? bias : NULL,
                        .packed = layout,
                        .in = s->in,
                        .out = s->out};
  const lati_backend *tables[2] = {&lati_backend_f32, &lati_backend_naive};
  for (int i = 0; i < 2; ++i) {
    tables[i]->linear_forward(
        &f->device, lati_floats(y[i], ld_y), &linear, lati_floats(x, ld_x), s->tokens, activation,
        activation == LATI_GELU ? lati_floats(pre[i], s->out) : (lati_rows){0},
        with_residual ? residual : NULL);
  }
  assert_close(y[0], y[1], s->tokens * ld_y, tolerance(s->in), "y");
  assert_close(pre[0], pre[1], s->tokens * s->out, tolerance(s->in), "pre");
  void *blocks[] = {x, weight, bias, residual, y[0], y[1], pre[0], pre[1], layout};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

START_TEST(forward_agrees_with_the_twin) {
  fixture f;
  fixture_open(&f, 2);
  for (int i = 0; i < SHAPES; ++i) {
    for (int flags = 0; flags < 8; ++flags) {
      check_forward(&f, &shapes[i], LATI_IDENTITY, flags & 1, flags & 2, flags & 4);
      check_forward(&f, &shapes[i], LATI_RELU, flags & 1, flags & 2, flags & 4);
      check_forward(&f, &shapes[i], LATI_GELU, flags & 1, flags & 2, flags & 4);
    }
  }
  fixture_close(&f);
}
END_TEST

START_TEST(residual_may_be_the_result) {
  fixture f;
  fixture_open(&f, 2);
  const shape s = {70, 30, 20};
  float *x = fixture_random(&f, s.tokens * s.in), *weight = fixture_random(&f, s.out * s.in);
  float *apart = fixture_random(&f, s.tokens * s.out);
  float *together = fixture_copy(&f, apart, s.tokens * s.out), *y = NEW(&f, float, s.tokens *s.out);
  lati_linear linear = {.weight = weight, .in = s.in, .out = s.out};
  const lati_rows rows = lati_floats(x, s.in), none = {0};
  lati_backend_f32.linear_forward(&f.device, lati_floats(y, s.out), &linear, rows, s.tokens,
                                  LATI_IDENTITY, none, apart);
  lati_backend_f32.linear_forward(&f.device, lati_floats(together, s.out), &linear, rows, s.tokens,
                                  LATI_IDENTITY, none, together);
  assert_close(y, together, s.tokens * s.out, tolerance(s.in), "aliased residual");
  lati_free(x), lati_free(weight), lati_free(apart), lati_free(together), lati_free(y);
  fixture_close(&f);
}
END_TEST

START_TEST(packing_is_refused_for_large_tables) {
  ck_assert_uint_eq(lati_backend_f32.packed_size(512, 512), 512 * 512 * sizeof(float));
  ck_assert_uint_eq(lati_backend_f32.packed_size(29001, 512), 0);
  ck_assert_uint_eq(lati_backend_naive.packed_size(512, 512), 0);
}
END_TEST

/* LATI_IDENTITY: no slope. */
static void check_backward_input(fixture *f, const shape *s, int accumulate,
                                 lati_activation activation) {
  int64_t ld_y = s->out + 2, ld_x = s->in + 7;
  float *d_y = fixture_random(f, s->tokens * ld_y), *weight = fixture_random(f, s->out * s->in);
  float *of = fixture_slopes(f, s->tokens * s->in);
  float *d_x[2] = {fixture_random(f, s->tokens * ld_x), NULL};
  d_x[1] = fixture_copy(f, d_x[0], s->tokens * ld_x);
  lati_linear linear = {.weight = weight, .in = s->in, .out = s->out};
  const lati_slope slope = {activation, lati_floats(of, s->in)};
  const lati_backend *tables[2] = {&lati_backend_f32, &lati_backend_naive};
  for (int i = 0; i < 2; ++i) {
    tables[i]->linear_backward_input(&f->device, lati_floats(d_x[i], ld_x), &linear,
                                     lati_floats(d_y, ld_y), s->tokens, accumulate,
                                     activation != LATI_IDENTITY ? &slope : NULL);
  }
  assert_close(d_x[0], d_x[1], s->tokens * ld_x, tolerance(s->out), "d_x");
  lati_free(d_y), lati_free(weight), lati_free(of), lati_free(d_x[0]), lati_free(d_x[1]);
}

static void check_backward_weight(fixture *f, const shape *s, int with_bias) {
  int64_t ld_y = s->out + 2, ld_x = s->in + 7;
  float *d_y = fixture_random(f, s->tokens * ld_y), *x = fixture_random(f, s->tokens * ld_x);
  float *d_weight[2] = {fixture_random(f, s->out * s->in), NULL};
  float *d_bias[2] = {fixture_random(f, s->out), NULL};
  d_weight[1] = fixture_copy(f, d_weight[0], s->out * s->in);
  d_bias[1] = fixture_copy(f, d_bias[0], s->out);
  const lati_backend *tables[2] = {&lati_backend_f32, &lati_backend_naive};
  for (int i = 0; i < 2; ++i) {
    tables[i]->linear_backward_weight(&f->device, d_weight[i], with_bias ? d_bias[i] : NULL,
                                      lati_floats(d_y, ld_y), lati_floats(x, ld_x), s->tokens,
                                      s->out, s->in, NULL);
  }
  assert_close(d_weight[0], d_weight[1], s->out * s->in, tolerance(s->tokens), "d_weight");
  assert_close(d_bias[0], d_bias[1], s->out, tolerance(s->tokens), "d_bias");
  void *blocks[] = {d_y, x, d_weight[0], d_weight[1], d_bias[0], d_bias[1]};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

START_TEST(backward_agrees_with_the_twin) {
  fixture f;
  fixture_open(&f, 2);
  for (int i = 0; i < SHAPES; ++i) {
    for (int flag = 0; flag < 2; ++flag) {
      check_backward_input(&f, &shapes[i], flag, LATI_IDENTITY);
      check_backward_weight(&f, &shapes[i], flag);
    }
  }
  fixture_close(&f);
}
END_TEST

START_TEST(slopes_agree_with_the_twin) {
  fixture f;
  fixture_open(&f, 2);
  for (int i = 0; i < SHAPES; ++i) {
    check_backward_input(&f, &shapes[i], 0, LATI_RELU);
    check_backward_input(&f, &shapes[i], 0, LATI_GELU);
  }
  fixture_close(&f);
}
END_TEST

/* y, d_x, d_weight and d_bias end to end. */
static void whole_layer(fixture *f, void *out, const void *argument) {
  const shape *s = argument;
  float *x = fixture_random(f, s->tokens * s->in), *weight = fixture_random(f, s->out * s->in);
  float *d_y = fixture_random(f, s->tokens * s->out), *y = out;
  float *d_x = y + s->tokens * s->out, *d_weight = d_x + s->tokens * s->in;
  lati_linear linear = {.weight = weight, .bias = weight, .in = s->in, .out = s->out};
  const lati_backend *b = &lati_backend_f32;
  const lati_rows inputs = lati_floats(x, s->in), slopes = lati_floats(d_y, s->out);
  const lati_slope slope = {LATI_GELU, inputs};
  b->linear_forward(&f->device, lati_floats(y, s->out), &linear, inputs, s->tokens, LATI_GELU,
                    (lati_rows){0}, NULL);
  b->linear_backward_input(&f->device, lati_floats(d_x, s->in), &linear, slopes, s->tokens, 0,
                           &slope);
  b->linear_backward_weight(&f->device, d_weight, d_weight + s->out * s->in, slopes, inputs,
                            s->tokens, s->out, s->in, NULL);
  lati_free(x), lati_free(weight), lati_free(d_y);
}

START_TEST(threads_do_not_change_the_bits) {
  const shape s = {700, 300, 520};
  size_t floats = (size_t)(s.tokens * (s.out + s.in) + s.out * s.in + s.out);
  assert_same_at_any_threads(whole_layer, &s, floats * sizeof(float));
}
END_TEST

int main(void) {
  const TTest *tests[] = {forward_agrees_with_the_twin,        residual_may_be_the_result,
                          packing_is_refused_for_large_tables, backward_agrees_with_the_twin,
                          slopes_agree_with_the_twin,          threads_do_not_change_the_bits};
  return run_suite("linear", tests, sizeof tests / sizeof *tests);
}
