/* Linear layers on panels: in f32 on each set of vectors that the processor has, in bf16 on its dot
 * products where it has them and on emulated tiles everywhere. Operands that are bf16 numbers
 * already lose nothing when they are rounded, so that the slow twin tells every digit. */
#include "bf16_emulated.h"
#include "compute_fixture.h"
#include "naive/naive.h"

#include "compute/ops.h"
#include "compute/processor.h"
#include "compute/vector.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* Rows are `pad` columns longer than they need be. Narrow ones lie as products take them where
 * their width is a number of whole steps and rows are whole words apart; else they are copied. Long
 * contractions, of either kind and in either direction, come in pieces. */
typedef struct shape {
  int32_t tokens, out, in, pad;
} shape;

static const shape shapes[] = {
    {1, 1, 1, 5},       {1, 7, 3, 3},       {2, 1, 65, 4},     {33, 17, 31, 3},
    {49, 67, 43, 5},    {97, 129, 65, 3},   {20, 300, 70, 4},  {3, 300, 64, 2},
    {18, 40, 1101, 3},  {18, 1100, 40, 4},  {400, 64, 96, 4},  {400, 64, 96, 3},
    {100, 40, 1600, 4}, {390, 10, 1100, 3}, {50, 20, 2112, 4}, {20, 2112, 34, 4}};
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

/* A matrix twice: as the kernel is given it, and in floats for the slow twin. */
typedef struct twins {
  lati_rows fast, slow;
  int64_t rows;
} twins;

/* Of x, which becomes what bf16 holds, and the twins' own. */
static twins twins_of(fixture *f, float *x, int64_t rows, int64_t ld, int narrow) {
  fixture_round(x, rows * ld);
  return (twins){fixture_rows(f, x, rows, ld, narrow), lati_floats(x, ld), rows};
}

static twins random_twins(fixture *f, int64_t rows, int64_t ld, int narrow) {
  return twins_of(f, fixture_random(f, rows * ld), rows, ld, narrow);
}

static void compare_and_free(twins t, double how_close, const lati_panel_kernel *kernel) {
  assert_rows_close(t.fast, t.slow.data, t.rows, how_close, kernel->name);
  fixture_free_rows(t.fast);
  fixture_free_rows(t.slow);
}

/* Takes the weight and the bias, which may be NULL. */
static lati_linear open_layer(fixture *f, const lati_panel_kernel *kernel, const shape *s,
                              float *weight, float *bias) {
  void *packed = fixture_scratch(f, lati_panel_packed_size(kernel, s->out, s->in));
  lati_panel_pack(kernel, &f->device, packed, weight, s->out, s->in);
  return (lati_linear){
      .weight = weight, .bias = bias, .packed = packed, .in = s->in, .out = s->out};
}

/* Of weights that bf16 holds. */
static lati_linear open_short_layer(fixture *f, const lati_panel_kernel *kernel, const shape *s,
                                    int with_bias) {
  float *weight = fixture_random(f, (int64_t)s->out * s->in);
  fixture_round(weight, (int64_t)s->out * s->in);
  return open_layer(f, kernel, s, weight, with_bias ? fixture_random(f, s->out) : NULL);
}

static void close_layer(const lati_linear *linear) {
  lati_free((void *)linear->weight);
  lati_free((void *)linear->bias);
  lati_free((void *)linear->packed);
}

/* ADD: a residual, or onto what is there. x and y stand for their gradients too. */
enum { BIAS = 1, ADD = 2, NARROW_X = 4, NARROW_Y = 8, FLAGS = 16 };

typedef void layer_check(fixture *f, const lati_panel_kernel *kernel, const shape *s, int flags,
                         lati_activation activation);

/* All flags that the kernel takes at every shape, activations in turn. */
static void for_each_layer(fixture *f, const lati_panel_kernel *kernel, layer_check *check) {
  const int end = kernel->values == 1 ? NARROW_X : FLAGS;
  for (int i = 0; i < SHAPES; ++i) {
    for (int flags = 0; flags < end; ++flags) {
      check(f, kernel, &shapes[i], flags, (lati_activation)((i + flags) % 3));
    }
  }
}

/* What is kept for the way back is narrow where x is. */
static void check_forward(fixture *f, const lati_panel_kernel *kernel, const shape *s, int flags,
                          lati_activation activation) {
  const lati_linear linear = open_short_layer(f, kernel, s, flags & BIAS);
  const twins x = random_twins(f, s->tokens, s->in + s->pad, flags & NARROW_X);
  const twins y = random_twins(f, s->tokens, s->out + s->pad, flags & NARROW_Y);
  const twins pre = random_twins(f, s->tokens, s->out + 1, flags & NARROW_X);
  const lati_rows none = {0};
  const int keep = activation == LATI_GELU;
  float *residual = flags & ADD ? fixture_random(f, s->tokens * s->out) : NULL;
  lati_panel_forward(kernel, &f->device, y.fast, &linear, x.fast, s->tokens, activation,
                     keep ? pre.fast : none, residual);
  lati_backend_naive.linear_forward(&f->device, y.slow, &linear, x.slow, s->tokens, activation,
                                    keep ? pre.slow : none, residual);
  compare_and_free(y, tolerance(s->in), kernel);
  compare_and_free(pre, tolerance(s->in), kernel);
  compare_and_free(x, 0.0, kernel);
  lati_free(residual);
  close_layer(&linear);
}

static void forward_check(fixture *f, const lati_panel_kernel *kernel) {
  for_each_layer(f, kernel, check_forward);
}

START_TEST(forward_agrees_with_the_twin) {
  for_each_kernel(forward_check);
}
END_TEST

/* Only floats are added to, and then not multiplied by a slope. */
static void check_backward_input(fixture *f, const lati_panel_kernel *kernel, const shape *s,
                                 int flags, lati_activation activation) {
  if (flags & ADD && flags & NARROW_X) {
    return;
  }
  const lati_linear linear = open_short_layer(f, kernel, s, 0);
  const int64_t ld = s->in + s->pad;
  const twins d_y = random_twins(f, s->tokens, s->out + s->pad, flags & NARROW_Y);
  const twins d_x = random_twins(f, s->tokens, ld, flags & NARROW_X);
  const twins of =
      twins_of(f, fixture_slopes(f, s->tokens * (ld + 1)), s->tokens, ld + 1, flags & NARROW_Y);
  const lati_slope fast = {activation, of.fast}, slow = {activation, of.slow};
  const int sloping = activation != LATI_IDENTITY && !(flags & ADD);
  lati_panel_backward_input(kernel, &f->device, d_x.fast, &linear, d_y.fast, s->tokens, flags & ADD,
                            sloping ? &fast : NULL);
  lati_backend_naive.linear_backward_input(&f->device, d_x.slow, &linear, d_y.slow, s->tokens,
                                           flags & ADD, sloping ? &slow : NULL);
  compare_and_free(d_x, tolerance(s->out), kernel);
  compare_and_free(d_y, 0.0, kernel);
  compare_and_free(of, 0.0, kernel);
  close_layer(&linear);
}

static void check_backward_weight(fixture *f, const lati_panel_kernel *kernel, const shape *s,
                                  int flags, lati_activation activation) {
  (void)activation;
  const twins d_y = random_twins(f, s->tokens, s->out + s->pad, flags & NARROW_Y);
  const twins x = random_twins(f, s->tokens, s->in + s->pad, flags & NARROW_X);
  const twins d_weight = random_twins(f, s->out, s->in, 0), d_bias = random_twins(f, 1, s->out, 0);
  const int biased = flags & BIAS;
  void *scratch = fixture_scratch(f, lati_panel_weight_scratch(kernel, s->tokens, s->in));
  lati_panel_backward_weight(kernel, &f->device, d_weight.fast.data,
                             biased ? d_bias.fast.data : NULL, d_y.fast, x.fast, s->tokens, s->out,
                             s->in, scratch);
  lati_backend_naive.linear_backward_weight(&f->device, d_weight.slow.data,
                                            biased ? d_bias.slow.data : NULL, d_y.slow, x.slow,
                                            s->tokens, s->out, s->in, NULL);
  compare_and_free(d_weight, tolerance(s->tokens), kernel);
  compare_and_free(d_bias, tolerance(s->tokens), kernel);
  compare_and_free(d_y, 0.0, kernel);
  compare_and_free(x, 0.0, kernel);
  lati_free(scratch);
}

static void backward_check(fixture *f, const lati_panel_kernel *kernel) {
  for_each_layer(f, kernel, check_backward_input);
  for_each_layer(f, kernel, check_backward_weight);
  const shape many_tokens = {500, 33, 290, 7};
  check_backward_weight(f, kernel, &many_tokens, BIAS, LATI_IDENTITY);
}

START_TEST(backward_agrees_with_the_twin) {
  for_each_kernel(backward_check);
}
END_TEST

/* Nothing is added twice, be the contraction in one piece or many. */
static void onto_check(fixture *f, const lati_panel_kernel *kernel) {
  static const shape cases[] = {{130, 70, 50, 0}, {20, 30, 2112, 0}, {20, 30, 1101, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    const shape *s = &cases[i];
    const lati_linear linear = open_short_layer(f, kernel, s, BIAS);
    const twins x = random_twins(f, s->tokens, s->in, kernel->values > 1);
    const twins y = random_twins(f, s->tokens, s->out, 0);
    const lati_rows none = {0};
    lati_panel_forward(kernel, &f->device, y.fast, &linear, x.fast, s->tokens, LATI_IDENTITY, none,
                       y.fast.data);
    lati_backend_naive.linear_forward(&f->device, y.slow, &linear, x.slow, s->tokens, LATI_IDENTITY,
                                      none, y.slow.data);
    compare_and_free(y, tolerance(s->in), kernel);
    compare_and_free(x, 0.0, kernel);
    close_layer(&linear);
  }
}

START_TEST(residual_may_be_the_result) {
  for_each_kernel(onto_check);
}
END_TEST

/* Operands at large are off by 2^-9 each at most, relative to their size. */
static void rounding_check(fixture *f, const lati_panel_kernel *kernel) {
  if (kernel->values == 1) {
    return;
  }
  const shape s = {40, 70, 200, 0};
  float *x = fixture_random(f, s.tokens * s.in);
  float *y[2] = {NEW(f, float, s.tokens *s.out), NEW(f, float, s.tokens *s.out)};
  const lati_linear linear = open_layer(f, kernel, &s, fixture_random(f, s.out * s.in), NULL);
  const lati_rows rows = lati_floats(x, s.in), none = {0};
  lati_panel_forward(kernel, &f->device, lati_floats(y[0], s.out), &linear, rows, s.tokens,
                     LATI_IDENTITY, none, NULL);
  lati_backend_naive.linear_forward(&f->device, lati_floats(y[1], s.out), &linear, rows, s.tokens,
                                    LATI_IDENTITY, none, NULL);
  double squares = 0.0, bound = sqrt((double)s.in) / 3.0 / 256.0;
  for (int i = 0; i < s.tokens * s.out; ++i) {
    squares += pow((double)y[0][i] - (double)y[1][i], 2.0);
  }
  const double deviation = sqrt(squares / (s.tokens * s.out));
  ck_assert_msg(deviation < bound && deviation > bound / 20.0, "%s: deviation %.3g, bound %.3g",
                kernel->name, deviation, bound);
  lati_free(x), lati_free(y[0]), lati_free(y[1]);
  close_layer(&linear);
}

START_TEST(rounding_is_that_of_bf16) {
  for_each_kernel(rounding_check);
}
END_TEST

/* A slice's outputs are those of the whole layer, to the bit. */
static void slice_check(fixture *f, const lati_panel_kernel *kernel) {
  const shape s = {5, 3 * LATI_SLICE + 11, 37, 0};
  float *x = fixture_random(f, s.tokens * s.in), *weight = fixture_random(f, s.out * s.in);
  float *y = NEW(f, float, s.tokens *s.out), *part = NEW(f, float, s.tokens *s.out);
  const lati_linear linear = open_layer(f, kernel, &s, weight, fixture_random(f, s.out));
  const lati_rows rows = lati_floats(x, s.in), none = {0};
  lati_panel_forward(kernel, &f->device, lati_floats(y, s.out), &linear, rows, s.tokens,
                     LATI_IDENTITY, none, NULL);
  for (int32_t first = 0; first < s.out; first += LATI_SLICE) {
    lati_linear slice;
    const int32_t end = first + 2 * LATI_SLICE < s.out ? first + 2 * LATI_SLICE : s.out;
    lati_panel_slice(kernel, &slice, &linear, first, end);
    lati_panel_forward(kernel, &f->device, lati_floats(part, slice.out), &slice, rows, s.tokens,
                       LATI_IDENTITY, none, NULL);
    for (int t = 0; t < s.tokens; ++t) {
      assert_same_bits(part + t * slice.out, y + t * s.out + first,
                       (size_t)slice.out * sizeof(float), kernel->name);
    }
  }
  lati_free(x), lati_free(y), lati_free(part);
  close_layer(&linear);
}

START_TEST(slices_share_the_packed_layer) {
  for_each_kernel(slice_check);
}
END_TEST

/* Narrow rows lie as a product takes them in whole steps of it, from whole words on. */
static void place_check(fixture *f, const lati_panel_kernel *kernel) {
  enum { ROWS = 5, LD = 101, WORDS = LATI_TILE * 64 };
  float *x = fixture_random(f, ROWS * LD);
  uint32_t *copy = NEW(f, uint32_t, WORDS);
  for (int64_t ld = LD - 1; ld <= LD; ++ld) {
    const lati_rows rows = fixture_rows(f, x, ROWS, ld, kernel->values > 1);
    for (int64_t cols = 31; cols <= 64; ++cols) {
      for (int64_t first = 0; first < 2; ++first) {
        const lati_rows part = lati_rows_at(rows, 0, first);
        const lati_strip strip = kernel->strip_of_rows(copy, 32, part, ROWS, cols);
        const int whole =
            kernel->values == 1 || (first == 0 && ld % 2 == 0 && cols % (2 * kernel->grain) == 0);
        const void *place = part.narrow != NULL ? (const void *)part.narrow : part.data;
        ck_assert_msg((strip.data == place) == whole, "%s: %d columns from %d on, %d apart",
                      kernel->name, (int)cols, (int)first, (int)ld);
        ck_assert_int_eq(strip.row, whole ? ld / kernel->values : 32);
      }
    }
    fixture_free_rows(rows);
  }
  lati_free(x), lati_free(copy);
}

START_TEST(rows_are_taken_as_they_lie) {
  for_each_kernel(place_check);
}
END_TEST

/* What is behind a row or below its columns counts for nothing. */
static void check_sums(fixture *f, const lati_panel_kernel *kernel, int64_t n, int narrow) {
  enum { ROWS = 3 };
  float *values = fixture_random(f, ROWS * (n + 1)), *y = fixture_random(f, n + 1);
  fixture_round(values, ROWS * (n + 1));
  const lati_rows x = fixture_rows(f, values, ROWS, n + 1, narrow);
  float *sums = fixture_copy(f, y, n + 1);
  double dot = 0.0;
  for (int64_t j = 0; j < n; ++j) {
    dot += (double)values[j] * (double)values[n + 1 + j];
    for (int64_t i = 0; i < ROWS; ++i) {
      y[j] += values[i * (n + 1) + j];
    }
  }
  kernel->column_sums(sums, x, ROWS, n);
  assert_same_bits(sums, y, (size_t)(n + 1) * sizeof *y, kernel->name);
  ck_assert_double_eq_tol((double)kernel->dot(x, lati_rows_at(x, 1, 0), n), dot, 1e-5);
  fixture_free_rows(x);
  lati_free(values), lati_free(y), lati_free(sums);
}

static void check_glu(fixture *f, const lati_panel_kernel *kernel, int64_t n, int narrow) {
  const lati_activation activation = (lati_activation)(n % 3);
  const twins x = random_twins(f, 1, 2 * n, narrow), d_y = random_twins(f, 1, n, narrow);
  const twins y = random_twins(f, 1, n, narrow), d_x = random_twins(f, 1, 2 * n, narrow);
  kernel->glu(y.fast, x.fast, n, activation);
  lati_backend_naive.glu_forward(NULL, y.slow, x.slow, 1, (int32_t)n, activation);
  kernel->glu_backward(d_x.fast, d_y.fast, x.fast, n, activation);
  lati_backend_naive.glu_backward(NULL, d_x.slow, d_y.slow, x.slow, 1, (int32_t)n, activation);
  compare_and_free(y, 2e-6, kernel);
  compare_and_free(d_x, 2e-6, kernel);
  compare_and_free(x, 0, kernel);
  compare_and_free(d_y, 0, kernel);
}

static void glu_check(fixture *f, const lati_panel_kernel *kernel) {
  for (int64_t n = 1; n <= 70; ++n) {
    for (int narrow = 0; narrow < kernel->values; ++narrow) {
      check_glu(f, kernel, n, narrow);
    }
  }
}

START_TEST(gated_units_of_any_width) {
  for_each_kernel(glu_check);
}
END_TEST

static void sums_check(fixture *f, const lati_panel_kernel *kernel) {
  for (int64_t n = 1; n <= 70; ++n) {
    for (int narrow = 0; narrow < kernel->values; ++narrow) {
      check_sums(f, kernel, n, narrow);
    }
  }
}

START_TEST(sums_of_any_length) {
  for_each_kernel(sums_check);
}
END_TEST

enum { PACKED_ROWS = 50, PACKED_COLS = 77, PACKED = 64 * 64 };

/* The first `cols` columns of a panel: behind them may lie anything. */
static void assert_same_panel(const uint32_t *fast, const uint32_t *plain, int64_t words,
                              int64_t cols, const char *what) {
  for (int64_t p = 0; p < words; ++p) {
    assert_same_bits(fast + p * LATI_PANEL, plain + p * LATI_PANEL, (size_t)cols * sizeof *fast,
                     what);
  }
}

/* Of 32 words a row, wherever they lie. */
static void assert_same_strip(const lati_strip strips[2], int64_t rows, const char *what) {
  int64_t wrong = 0;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t p = 0; p < 32; ++p) {
      const lati_strip a = strips[0], b = strips[1];
      wrong += a.data[i * a.row + p * a.col] != b.data[i * b.row + p * b.col];
    }
  }
  ck_assert_msg(wrong == 0, "%s: %lld words differ", what, (long long)wrong);
}

/* `cols` columns of src, however many steps of a packer they begin. */
static void compare_packing(const lati_panel_kernel *kernel, const lati_rows src, int64_t cols,
                            uint32_t *fast, uint32_t *plain) {
  const lati_panel_kernel *kernels[2] = {kernel, &bf16_emulated};
  uint32_t *words[2] = {fast, plain};
  lati_strip strips[2];
  const int64_t along = lati_words(&bf16_emulated, cols), few = lati_least(cols, LATI_PANEL);
  for (int i = 0; i < 2; ++i) {
    kernels[i]->strip_of_rows(words[i], along, src, PACKED_ROWS, cols);
  }
  assert_same_bits(fast, plain, (size_t)(PACKED_ROWS * along) * sizeof *fast, "strip_of_rows");
  for (int i = 0; i < 2; ++i) {
    kernels[i]->panel_of_rows(words[i], lati_words(&bf16_emulated, PACKED_ROWS), src, PACKED_ROWS,
                              few);
  }
  assert_same_panel(fast, plain, 32, few, "panel_of_rows");
  for (int i = 0; i < 2; ++i) {
    strips[i] = kernels[i]->strip_of_panel(words[i] + PACKED / 2, 32, words[i], few);
  }
  assert_same_strip(strips, few, "strip_of_panel");
  for (int i = 0; i < 2; ++i) {
    kernels[i]->panel_of_columns(words[i], along, src, 37, cols);
  }
  assert_same_panel(fast, plain, along, 37, "panel_of_columns");
  for (int i = 0; i < 2; ++i) {
    strips[i] = kernels[i]->strip_of_columns(words[i], 32, src, 49, few);
  }
  assert_same_strip(strips, few, "strip_of_columns");
}

/* The processor's rounding and arrangement against plain loops: ties, signs, infinities, NaN. */
START_TEST(packing_is_the_same_to_the_bit) {
  const lati_panel_kernel *kernels[MAX_KERNELS];
  const int count = panel_kernels_here(kernels);
  fixture f;
  fixture_open(&f, 1);
  float *src = fixture_random(&f, PACKED_ROWS * PACKED_COLS);
  const float special[] = {0.0F, -0.0F, INFINITY, -INFINITY, 1.00390625F, 1.01171875F, 3.4e38F};
  memcpy(src, special, sizeof special);
  src[100] = NAN;
  uint32_t *fast = NEW(&f, uint32_t, PACKED), *plain = NEW(&f, uint32_t, PACKED);
  for (int narrow = 0; narrow < 2; ++narrow) {
    const lati_rows rows = fixture_rows(&f, src, PACKED_ROWS, PACKED_COLS, narrow);
    for (int k = 0; k < count; ++k) {
      for (int64_t cols = 1; kernels[k]->values == 2 && cols <= PACKED_COLS; ++cols) {
        compare_packing(kernels[k], rows, cols, fast, plain);
      }
    }
    fixture_free_rows(rows);
  }
  lati_free(src), lati_free(fast), lati_free(plain);
  fixture_close(&f);
}
END_TEST

/* Operands and results are as narrow as the kernel takes them. */
static void whole_layer(fixture *f, void *out, const void *argument) {
  const lati_panel_kernel *kernel = argument;
  const shape s = {430, 140, 260, 0};
  const int narrow = kernel->values > 1;
  const lati_linear linear = open_short_layer(f, kernel, &s, 0);
  const twins x = random_twins(f, s.tokens, s.in, narrow);
  const twins d_y = random_twins(f, s.tokens, s.out, narrow);
  float *y = out, *d_x = y + s.tokens * s.out, *d_weight = d_x + s.tokens * s.in;
  const lati_backend type = {.narrow = narrow};
  const lati_slope slope = {LATI_GELU, x.fast};
  lati_panel_forward(kernel, &f->device, lati_operand(&type, y, s.out), &linear, x.fast, s.tokens,
                     LATI_RELU, (lati_rows){0}, NULL);
  lati_panel_backward_input(kernel, &f->device, lati_operand(&type, d_x, s.in), &linear, d_y.fast,
                            s.tokens, 0, &slope);
  void *scratch = fixture_scratch(f, lati_panel_weight_scratch(kernel, s.tokens, s.in));
  lati_panel_backward_weight(kernel, &f->device, d_weight, d_weight + s.out * s.in, d_y.fast,
                             x.fast, s.tokens, s.out, s.in, scratch);
  lati_free(scratch);
  compare_and_free(x, 0.0, kernel);
  compare_and_free(d_y, 0.0, kernel);
  close_layer(&linear);
}

START_TEST(threads_do_not_change_the_bits) {
  const lati_panel_kernel *kernels[MAX_KERNELS];
  const int count = panel_kernels_here(kernels);
  for (int i = 0; i < count; ++i) {
    assert_same_at_any_threads(whole_layer, kernels[i],
                               (430 * (140 + 260) + 140 * 260 + 140) * sizeof(float));
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
  const int pays =
      processor->bf16_tiles || (processor->bf16_dot && (processor->is_amd || LATI_HAS_ARM_BF16));
  ck_assert_int_eq(precision, pays ? LAT_PRECISION_BF16 : LAT_PRECISION_F32);
  fixture_close(&f);
}
END_TEST

/* A table is a name, a type and functions: none of them may be missing. */
static inline void assert_whole(const char *name, const void *table, size_t size) {
  for (size_t i = 0; i < size / sizeof(void *); ++i) {
    void *member;
    memcpy(&member, (const char *)table + i * sizeof member, sizeof member);
    ck_assert_msg(member != NULL, "%s: member %zu is NULL", name, i);
  }
}

START_TEST(every_table_is_whole) {
  static const lati_backend *const tables[] = {
    &lati_backend_f32,
#if defined(__x86_64__)
    &lati_backend_f32_avx512,
#elif defined(__aarch64__)
    &lati_backend_f32_neon,
#endif
#if LATI_HAS_ARM_BF16
    &lati_backend_bf16_neon,
#endif
#if LATI_HAS_AVX512_BF16
    &lati_backend_bf16_avx512,
#endif
#if LATI_HAS_AMX
    &lati_backend_bf16_amx,
#endif
  };
  enum { FIRST = offsetof(lati_backend, memory) };
  for (size_t i = 0; i < sizeof tables / sizeof *tables; ++i) {
    assert_whole(tables[i]->name, (const char *)tables[i] + FIRST, sizeof(lati_backend) - FIRST);
    assert_whole("memory", tables[i]->memory, sizeof *tables[i]->memory);
    assert_whole("update", tables[i]->update, sizeof *tables[i]->update);
    assert_whole("decoding", tables[i]->decoding, sizeof *tables[i]->decoding);
    ck_assert_int_eq(tables[i]->narrow, strncmp(tables[i]->name, "bf16", 4) == 0);
  }
}
END_TEST

int main(void) {
  const TTest *tests[] = {forward_agrees_with_the_twin,
                          backward_agrees_with_the_twin,
                          residual_may_be_the_result,
                          rounding_is_that_of_bf16,
                          slices_share_the_packed_layer,
                          rows_are_taken_as_they_lie,
                          sums_of_any_length,
                          gated_units_of_any_width,
                          packing_is_the_same_to_the_bit,
                          threads_do_not_change_the_bits,
                          bf16_is_had_where_the_processor_has_it,
                          every_table_is_whole};
  return run_suite("panels", tests, sizeof tests / sizeof *tests);
}
