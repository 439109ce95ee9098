/* Linear layers on panels: in f32 on each set of vectors that the processor has, in bf16 on its dot
 * products where it has them and on emulated tiles everywhere. Operands that are bf16 numbers
 * already lose nothing when they are rounded, so that the slow twin tells every digit. */
#include "bf16_emulated.h"
#include "compute_fixture.h"

#include "compute/ops.h"
#include "compute/processor.h"
#include "compute/vector.h"

#include <math.h>
#include <string.h>

typedef struct shape {
  int32_t tokens, out, in;
} shape;

static const shape shapes[] = {{1, 1, 1},    {1, 7, 3},     {2, 1, 65},    {33, 17, 31},
                               {49, 67, 43}, {97, 129, 65}, {20, 300, 70}, {18, 40, 1100}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef void kernel_check(fixture *f, const lati_panel_kernel *kernel);

static void for_each_kernel(kernel_check *check) {
  const lati_panel_kernel *kernels[MAX_KERNELS];
  int count = panel_kernels_here(kernels);
  for (int i = 0; i < count; ++i) {
    fixture f;
    fixture_open(&f, 2);
    check(&f, kernels[i]);
    fixture_close(&f);
  }
}

static double tolerance(int64_t depth) {
  return 1e-6 * (4.0 + (double)depth / 16.0);
}

/* Random numbers that bf16 holds. */
static float *short_random(fixture *f, int64_t count) {
  float *x = fixture_random(f, count);
  for (int64_t i = 0; i < count; ++i) {
    x[i] = bf16_nearest(x[i]);
  }
  return x;
}

static void *packed_weight(fixture *f, const lati_panel_kernel *kernel, const float *weight,
                           int32_t out, int32_t in) {
  void *packed = fixture_new(f, (int64_t)lati_panel_packed_size(kernel, out, in), 1);
  lati_panel_pack(kernel, f->pool, packed, weight, out, in);
  return packed;
}

static void check_forward(fixture *f, const lati_panel_kernel *kernel, const shape *s, int flags) {
  const int64_t ld_y = s->out + 3, ld_x = s->in + 5;
  const lati_activation activation = flags & 1 ? LATI_GELU : LATI_RELU;
  float *x = short_random(f, s->tokens * ld_x), *weight = short_random(f, s->out * s->in);
  float *bias = fixture_random(f, s->out), *residual = fixture_random(f, s->tokens * s->out);
  float *y[2] = {fixture_random(f, s->tokens * ld_y), NULL};
  float *pre[2] = {NEW(f, float, s->tokens * s->out), NEW(f, float, s->tokens * s->out)};
  y[1] = fixture_copy(f, y[0], s->tokens * ld_y);
  const lati_linear linear = {.weight = weight,
                              .bias = flags & 2 ? bias : NULL,
                              .packed = packed_weight(f, kernel, weight, s->out, s->in),
                              .in = s->in,
                              .out = s->out};
  const lati_rows rows = {x, ld_x};
  const float *added = flags & 4 ? residual : NULL;
  lati_panel_forward(kernel, f->pool, (lati_rows){y[0], ld_y}, &linear, rows, s->tokens, activation,
                     pre[0], added);
  lati_backend_naive.linear_forward(f->pool, (lati_rows){y[1], ld_y}, &linear, rows, s->tokens,
                                    activation, pre[1], added);
  assert_close(y[0], y[1], s->tokens * ld_y, tolerance(s->in), kernel->name);
  assert_close(pre[0], pre[1], s->tokens * s->out, tolerance(s->in), kernel->name);
  void *blocks[] = {x, weight, bias, residual, y[0], y[1], pre[0], pre[1], (void *)linear.packed};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

static void forward_check(fixture *f, const lati_panel_kernel *kernel) {
  for (int i = 0; i < SHAPES; ++i) {
    for (int flags = 0; flags < 8; ++flags) {
      check_forward(f, kernel, &shapes[i], flags);
    }
  }
}

START_TEST(forward_agrees_with_the_twin) {
  for_each_kernel(forward_check);
}
END_TEST

static void check_backward(fixture *f, const lati_panel_kernel *kernel, const shape *s,
                           int accumulate) {
  const int64_t ld_y = s->out + 2, ld_x = s->in + 7;
  float *d_y = short_random(f, s->tokens * ld_y), *x = short_random(f, s->tokens * ld_x);
  float *weight = short_random(f, s->out * s->in);
  float *d_x[2] = {fixture_random(f, s->tokens * ld_x), NULL};
  float *d_weight[2] = {fixture_random(f, s->out * s->in), NULL};
  float *d_bias[2] = {fixture_random(f, s->out), NULL};
  d_x[1] = fixture_copy(f, d_x[0], s->tokens * ld_x);
  d_weight[1] = fixture_copy(f, d_weight[0], s->out * s->in);
  d_bias[1] = fixture_copy(f, d_bias[0], s->out);
  const lati_linear linear = {.weight = weight,
                              .packed = packed_weight(f, kernel, weight, s->out, s->in),
                              .in = s->in,
                              .out = s->out};
  const lati_rows slopes = {d_y, ld_y}, inputs = {x, ld_x};
  lati_panel_backward_input(kernel, f->pool, (lati_rows){d_x[0], ld_x}, &linear, slopes, s->tokens,
                            accumulate);
  lati_backend_naive.linear_backward_input(f->pool, (lati_rows){d_x[1], ld_x}, &linear, slopes,
                                           s->tokens, accumulate);
  void *scratch = fixture_new(f, (int64_t)lati_panel_weight_scratch(kernel, s->tokens, s->in), 1);
  lati_panel_backward_weight(kernel, f->pool, d_weight[0], d_bias[0], slopes, inputs, s->tokens,
                             s->out, s->in, scratch);
  lati_backend_naive.linear_backward_weight(f->pool, d_weight[1], d_bias[1], slopes, inputs,
                                            s->tokens, s->out, s->in, NULL);
  assert_close(d_x[0], d_x[1], s->tokens * ld_x, tolerance(s->out), kernel->name);
  assert_close(d_weight[0], d_weight[1], s->out * s->in, tolerance(s->tokens), kernel->name);
  assert_close(d_bias[0], d_bias[1], s->out, tolerance(s->tokens), kernel->name);
  void *blocks[] = {d_y,         x,           weight,    d_x[0],    d_x[1],
                    d_weight[0], d_weight[1], d_bias[0], d_bias[1], (void *)linear.packed,
                    scratch};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

static void backward_check(fixture *f, const lati_panel_kernel *kernel) {
  for (int i = 0; i < SHAPES; ++i) {
    check_backward(f, kernel, &shapes[i], i % 2);
  }
  const shape many_tokens = {500, 33, 290};
  check_backward(f, kernel, &many_tokens, 0);
}

START_TEST(backward_agrees_with_the_twin) {
  for_each_kernel(backward_check);
}
END_TEST

/* Operands at large are off by 2^-9 each at most, relative to their size. */
static void rounding_check(fixture *f, const lati_panel_kernel *kernel) {
  if (kernel->values == 1) {
    return;
  }
  const shape s = {40, 70, 200};
  float *x = fixture_random(f, s.tokens * s.in), *weight = fixture_random(f, s.out * s.in);
  float *y[2] = {NEW(f, float, s.tokens *s.out), NEW(f, float, s.tokens *s.out)};
  const lati_linear linear = {.weight = weight,
                              .packed = packed_weight(f, kernel, weight, s.out, s.in),
                              .in = s.in,
                              .out = s.out};
  const lati_rows rows = {x, s.in};
  lati_panel_forward(kernel, f->pool, (lati_rows){y[0], s.out}, &linear, rows, s.tokens,
                     LATI_IDENTITY, NULL, NULL);
  lati_backend_naive.linear_forward(f->pool, (lati_rows){y[1], s.out}, &linear, rows, s.tokens,
                                    LATI_IDENTITY, NULL, NULL);
  double squares = 0.0, bound = sqrt((double)s.in) / 3.0 / 256.0;
  for (int i = 0; i < s.tokens * s.out; ++i) {
    squares += pow((double)y[0][i] - (double)y[1][i], 2.0);
  }
  const double deviation = sqrt(squares / (s.tokens * s.out));
  ck_assert_msg(deviation < bound && deviation > bound / 20.0, "%s: deviation %.3g, bound %.3g",
                kernel->name, deviation, bound);
  lati_free(x), lati_free(weight), lati_free(y[0]), lati_free(y[1]);
  lati_free((void *)linear.packed);
}

START_TEST(rounding_is_that_of_bf16) {
  for_each_kernel(rounding_check);
}
END_TEST

/* A slice's outputs are those of the whole layer, to the bit. */
static void slice_check(fixture *f, const lati_panel_kernel *kernel) {
  const shape s = {5, 3 * LATI_SLICE + 11, 37};
  float *x = fixture_random(f, s.tokens * s.in), *weight = fixture_random(f, s.out * s.in);
  float *bias = fixture_random(f, s.out), *y = NEW(f, float, s.tokens *s.out);
  float *part = NEW(f, float, s.tokens *s.out);
  const lati_linear linear = {.weight = weight,
                              .bias = bias,
                              .packed = packed_weight(f, kernel, weight, s.out, s.in),
                              .in = s.in,
                              .out = s.out};
  lati_panel_forward(kernel, f->pool, (lati_rows){y, s.out}, &linear, (lati_rows){x, s.in},
                     s.tokens, LATI_IDENTITY, NULL, NULL);
  for (int32_t first = 0; first < s.out; first += LATI_SLICE) {
    lati_linear slice;
    const int32_t end = first + 2 * LATI_SLICE < s.out ? first + 2 * LATI_SLICE : s.out;
    lati_panel_slice(kernel, &slice, &linear, first, end);
    lati_panel_forward(kernel, f->pool, (lati_rows){part, slice.out}, &slice, (lati_rows){x, s.in},
                       s.tokens, LATI_IDENTITY, NULL, NULL);
    for (int t = 0; t < s.tokens; ++t) {
      assert_same_bits(part + t * slice.out, y + t * s.out + first,
                       (size_t)slice.out * sizeof(float), kernel->name);
    }
  }
  lati_free(x), lati_free(weight), lati_free(bias), lati_free(y), lati_free(part);
  lati_free((void *)linear.packed);
}

START_TEST(slices_share_the_packed_layer) {
  for_each_kernel(slice_check);
}
END_TEST

/* Without a packed form the layer is multiplied in f32. */
START_TEST(unpacked_layers_are_left_to_f32) {
  fixture f;
  fixture_open(&f, 1);
  const shape s = {9, 20, 30};
  float *x = fixture_random(&f, s.tokens * s.in), *weight = fixture_random(&f, s.out * s.in);
  float *y[2] = {NEW(&f, float, s.tokens *s.out), NEW(&f, float, s.tokens *s.out)};
  float *d_x[2] = {NEW(&f, float, s.tokens *s.in), NEW(&f, float, s.tokens *s.in)};
  const lati_linear linear = {.weight = weight, .in = s.in, .out = s.out};
  lati_panel_forward(&bf16_emulated, f.pool, (lati_rows){y[0], s.out}, &linear,
                     (lati_rows){x, s.in}, s.tokens, LATI_RELU, NULL, NULL);
  lati_backend_f32.linear_forward(f.pool, (lati_rows){y[1], s.out}, &linear, (lati_rows){x, s.in},
                                  s.tokens, LATI_RELU, NULL, NULL);
  assert_same_bits(y[0], y[1], (size_t)(s.tokens * s.out) * sizeof(float), "y");
  for (int i = 0; i < 2; ++i) {
    if (i == 0) {
      lati_panel_backward_input(&bf16_emulated, f.pool, (lati_rows){d_x[i], s.in}, &linear,
                                (lati_rows){y[i], s.out}, s.tokens, 0);
    } else {
      lati_backend_f32.linear_backward_input(f.pool, (lati_rows){d_x[i], s.in}, &linear,
                                             (lati_rows){y[i], s.out}, s.tokens, 0);
    }
  }
  assert_same_bits(d_x[0], d_x[1], (size_t)(s.tokens * s.in) * sizeof(float), "d_x");
  lati_free(x), lati_free(weight), lati_free(y[0]), lati_free(y[1]);
  lati_free(d_x[0]), lati_free(d_x[1]);
  fixture_close(&f);
}
END_TEST

/* The processor's rounding and arrangement against plain loops: ties, signs, infinities, NaN. */
START_TEST(packing_is_the_same_to_the_bit) {
#if defined(__x86_64__)
  enum { ROWS = 50, COLS = 77, WORDS = 64 * 64 };
  if (!lati_processor_here()->bf16_dot) {
    return;
  }
  fixture f;
  fixture_open(&f, 1);
  float *src = fixture_random(&f, ROWS * COLS);
  const float special[] = {0.0F, -0.0F, INFINITY, -INFINITY, 1.00390625F, 1.01171875F, 3.4e38F};
  memcpy(src, special, sizeof special);
  src[100] = NAN;
  uint32_t *fast = NEW(&f, uint32_t, WORDS), *plain = NEW(&f, uint32_t, WORDS);
  const lati_panel_kernel *kernels[2] = {&lati_panel_bf16_avx512, &bf16_emulated};
  uint32_t *words[2] = {fast, plain};
  for (int i = 0; i < 2; ++i) {
    kernels[i]->strip_of_rows(words[i], lati_words(&bf16_emulated, COLS), src, COLS, ROWS, COLS);
  }
  assert_same_bits(fast, plain, ROWS * 48 * sizeof *fast, "strip_of_rows");
  for (int i = 0; i < 2; ++i) {
    kernels[i]->panel_of_rows(words[i], lati_words(&bf16_emulated, ROWS), src, COLS, ROWS, 45);
  }
  assert_same_bits(fast, plain, 32 * LATI_PANEL * sizeof *fast, "panel_of_rows");
  for (int i = 0; i < 2; ++i) {
    kernels[i]->panel_of_columns(words[i], lati_words(&bf16_emulated, COLS), src, COLS, 37, COLS);
  }
  assert_same_bits(fast, plain, 48 * LATI_PANEL * sizeof *fast, "panel_of_columns");
  const lati_strip a = lati_panel_bf16_avx512.strip_of_columns(fast, 32, src, COLS, 49, 33);
  const lati_strip b = bf16_emulated.strip_of_columns(plain, 32, src, COLS, 49, 33);
  const lati_strip c =
      lati_panel_bf16_amx.strip_of_columns(fast + WORDS / 2, 32, src, COLS, 49, 33);
  for (int i = 0; i < 33; ++i) {
    for (int p = 0; p < 32; ++p) {
      ck_assert_uint_eq(a.data[i * a.row + p * a.col], b.data[i * b.row + p * b.col]);
      ck_assert_uint_eq(c.data[i * c.row + p * c.col], b.data[i * b.row + p * b.col]);
    }
  }
  lati_free(src), lati_free(fast), lati_free(plain);
  fixture_close(&f);
#endif
}
END_TEST

static void whole_layer(fixture *f, void *out, const void *argument) {
  const lati_panel_kernel *kernel = argument;
  const shape s = {230, 140, 260};
  float *x = fixture_random(f, s.tokens * s.in), *weight = fixture_random(f, s.out * s.in);
  float *d_y = fixture_random(f, s.tokens * s.out), *y = out;
  float *d_x = y + s.tokens * s.out, *d_weight = d_x + s.tokens * s.in;
  const lati_linear linear = {.weight = weight,
                              .packed = packed_weight(f, kernel, weight, s.out, s.in),
                              .in = s.in,
                              .out = s.out};
  const lati_rows inputs = {x, s.in}, slopes = {d_y, s.out};
  lati_panel_forward(kernel, f->pool, (lati_rows){y, s.out}, &linear, inputs, s.tokens, LATI_RELU,
                     NULL, NULL);
  lati_panel_backward_input(kernel, f->pool, (lati_rows){d_x, s.in}, &linear, slopes, s.tokens, 0);
  void *scratch = fixture_new(f, (int64_t)lati_panel_weight_scratch(kernel, s.tokens, s.in), 1);
  lati_panel_backward_weight(kernel, f->pool, d_weight, d_weight + s.out * s.in, slopes, inputs,
                             s.tokens, s.out, s.in, scratch);
  lati_free(scratch);
  lati_free(x), lati_free(weight), lati_free(d_y), lati_free((void *)linear.packed);
}

START_TEST(threads_do_not_change_the_bits) {
  const lati_panel_kernel *kernels[MAX_KERNELS];
  const int count = panel_kernels_here(kernels);
  for (int i = 0; i < count; ++i) {
    assert_same_at_any_threads(whole_layer, kernels[i],
                               (230 * (140 + 260) + 140 * 260 + 140) * sizeof(float));
  }
}
END_TEST

START_TEST(bf16_is_had_where_the_processor_has_it) {
  fixture f;
  fixture_open(&f, 1);
  const lati_processor *processor = lati_processor_here();
  const lati_backend *backend = &lati_backend_f32;
  int32_t precision = LAT_PRECISION_BF16;
  const lat_status status = lati_backend_select(&backend, &precision, f.ctx);
  if (processor->bf16_dot) {
    ck_assert_int_eq(status, LAT_OK);
    ck_assert_ptr_nonnull(strstr(lati_backend_name(backend), "bf16-"));
  } else {
    ck_assert_int_eq(status, LAT_ERROR_UNSUPPORTED);
    ck_assert_ptr_null(backend);
    ck_assert_ptr_nonnull(strstr(lat_last_error(), "AVX512_BF16"));
  }
  precision = LAT_PRECISION_AUTO;
  ck_assert_int_eq(lati_backend_select(&backend, &precision, f.ctx), LAT_OK);
  const int pays = processor->bf16_tiles || (processor->bf16_dot && processor->is_amd);
  ck_assert_int_eq(precision, pays ? LAT_PRECISION_BF16 : LAT_PRECISION_F32);
  fixture_close(&f);
}
END_TEST

/* A table is its name and functions: none of them may be missing. */
START_TEST(every_table_is_whole) {
#if defined(__x86_64__)
  static const lati_backend *const tables[] = {&lati_backend_f32, &lati_backend_f32_avx512,
                                               &lati_backend_bf16_avx512, &lati_backend_bf16_amx};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; ++i) {
    void *members[sizeof(lati_backend) / sizeof(void *)];
    memcpy(members, tables[i], sizeof members);
    for (size_t j = 0; j < sizeof members / sizeof *members; ++j) {
      ck_assert_msg(members[j] != NULL, "%s: member %zu is NULL", tables[i]->name, j);
    }
  }
#endif
}
END_TEST

int main(void) {
  const TTest *tests[] = {forward_agrees_with_the_twin,
                          backward_agrees_with_the_twin,
                          rounding_is_that_of_bf16,
                          slices_share_the_packed_layer,
                          unpacked_layers_are_left_to_f32,
                          packing_is_the_same_to_the_bit,
                          threads_do_not_change_the_bits,
                          bf16_is_had_where_the_processor_has_it,
                          every_table_is_whole};
  return run_suite("panels", tests, sizeof tests / sizeof *tests);
}
