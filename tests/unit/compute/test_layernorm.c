/* Layer normalisation against the slow twin. */
#include "compute_fixture.h"
#include "naive/naive.h"

#include <math.h>
#include <string.h>

typedef struct shape {
  int64_t tokens;
  int32_t width;
} shape;

static const shape shapes[] = {{1, 1}, {1, 2}, {3, 7}, {33, 16}, {70, 43}, {129, 516}, {5, 1031}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef struct tensors {
  int64_t count;
  float *x, *y, *d_y, *d_x, *mean, *rstd, *gamma, *beta, *d_gamma, *d_beta, *sums;
  lati_rows short_y, short_d_x; /* may be none */
} tensors;

/* The same values whenever the fixture's random state is the same. */
static void open_tensors(tensors *t, fixture *f, const shape *s) {
  *t = (tensors){.count = s->tokens * s->width};
  t->x = fixture_random(f, t->count);
  t->d_y = fixture_random(f, t->count);
  t->d_x = fixture_random(f, t->count);
  t->gamma = fixture_random(f, s->width);
  t->beta = fixture_random(f, s->width);
  t->d_gamma = fixture_random(f, s->width);
  t->d_beta = fixture_random(f, s->width);
  t->y = NEW(f, float, t->count);
  t->mean = NEW(f, float, s->tokens);
  t->rstd = NEW(f, float, s->tokens);
  t->sums = fixture_scratch(f, 2 * LATI_NORM_GROUPS * (size_t)s->width * sizeof(float));
  for (int64_t i = 0; i < t->count; ++i) {
    t->x[i] += 2.0F; /* a mean to take away */
  }
}

static void close_tensors(tensors *t) {
  float *blocks[] = {t->x,     t->y,    t->d_y,     t->d_x,    t->mean, t->rstd,
                     t->gamma, t->beta, t->d_gamma, t->d_beta, t->sums};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

static void drop_beta(tensors *t) {
  lati_free(t->beta);
  lati_free(t->d_beta);
  t->beta = t->d_beta = NULL;
}

static void run_both_ways(tensors *t, const shape *s, const lati_device *device,
                          const lati_backend *backend, int accumulate, float *d_x) {
  backend->layernorm_forward(device, t->y, t->short_y, t->mean, t->rstd, t->x, t->gamma, t->beta,
                             s->tokens, s->width);
  backend->layernorm_backward(device, d_x, t->short_d_x, t->d_gamma, t->d_beta, t->d_y, t->x,
                              t->mean, t->rstd, t->gamma, s->tokens, s->width, accumulate, t->sums);
}

/* One column is all mean: what is left of it is rounding, times rstd = 1e6. */
static double tolerance(const shape *s) {
  return s->width == 1 ? 1e-3 : 2e-5;
}

/* rms: RMSNorm, which has no beta. */
static void check_shape(const shape *s, int accumulate, int rms) {
  fixture f;
  fixture_open(&f, 2);
  uint64_t state = f.state;
  tensors fast, slow;
  open_tensors(&fast, &f, s);
  f.state = state;
  open_tensors(&slow, &f, s);
  if (rms) {
    drop_beta(&fast);
    drop_beta(&slow);
  }
  run_both_ways(&fast, s, &f.device, &lati_backend_f32, accumulate, fast.d_x);
  run_both_ways(&slow, s, &f.device, &lati_backend_naive, accumulate, slow.d_x);
  assert_close(fast.y, slow.y, fast.count, tolerance(s), "y");
  assert_close(fast.mean, slow.mean, s->tokens, tolerance(s), "mean");
  assert_close(fast.rstd, slow.rstd, s->tokens, tolerance(s), "rstd");
  assert_close(fast.d_x, slow.d_x, fast.count, tolerance(s), "d_x");
  assert_close(fast.d_gamma, slow.d_gamma, s->width, tolerance(s), "d_gamma");
  if (!rms) {
    assert_close(fast.d_beta, slow.d_beta, s->width, tolerance(s), "d_beta");
  }
  close_tensors(&fast);
  close_tensors(&slow);
  fixture_close(&f);
}

START_TEST(agrees_with_the_twin) {
  for (int i = 0; i < SHAPES; ++i) {
    check_shape(&shapes[i], 0, 0);
    check_shape(&shapes[i], 1, 0);
    check_shape(&shapes[i], i % 2, 1);
  }
}
END_TEST

START_TEST(a_constant_row_gives_beta) {
  fixture f;
  fixture_open(&f, 1);
  const shape s = {1, 40};
  tensors t;
  open_tensors(&t, &f, &s);
  for (int i = 0; i < s.width; ++i) {
    t.x[i] = 0.5F;
  }
  run_both_ways(&t, &s, &f.device, &lati_backend_f32, 0, t.d_x);
  assert_close(t.y, t.beta, s.width, 1e-6, "beta");
  ck_assert_double_eq_tol((double)t.rstd[0], 1e6, 1.0);
  close_tensors(&t);
  fixture_close(&f);
}
END_TEST

START_TEST(without_beta_a_row_is_divided_by_its_root_mean_square) {
  fixture f;
  fixture_open(&f, 1);
  const shape s = {1, 40};
  tensors t;
  open_tensors(&t, &f, &s);
  drop_beta(&t);
  for (int i = 0; i < s.width; ++i) {
    t.x[i] = i % 2 == 0 ? 3.0F : 4.0F;
  }
  run_both_ways(&t, &s, &f.device, &lati_backend_f32, 0, t.d_x);
  for (int i = 0; i < s.width; ++i) {
    ck_assert_double_eq_tol((double)t.y[i], (double)(t.gamma[i] * t.x[i]) / sqrt(12.5), 1e-6);
  }
  close_tensors(&t);
  fixture_close(&f);
}
END_TEST

START_TEST(gradient_may_be_replaced_in_place) {
  fixture f;
  fixture_open(&f, 2);
  const shape s = {50, 130};
  tensors apart, together;
  uint64_t state = f.state;
  open_tensors(&apart, &f, &s);
  f.state = state;
  open_tensors(&together, &f, &s);
  run_both_ways(&apart, &s, &f.device, &lati_backend_f32, 0, apart.d_x);
  run_both_ways(&together, &s, &f.device, &lati_backend_f32, 0, together.d_y);
  assert_same_bits(apart.d_x, together.d_y, (size_t)apart.count * sizeof(float), "d_x");
  assert_same_bits(apart.d_gamma, together.d_gamma, (size_t)s.width * sizeof(float), "d_gamma");
  close_tensors(&apart);
  close_tensors(&together);
  fixture_close(&f);
}
END_TEST

/* Narrow rows of zeros, or of x rounded, that are longer than those of x by two zeros. */
static lati_rows short_rows(fixture *f, const float *x, const shape *s) {
  const int64_t ld = s->width + 2;
  float *all = NEW(f, float, s->tokens *ld);
  for (int64_t t = 0; t < s->tokens && x != NULL; ++t) {
    memcpy(all + t * ld, x + t * s->width, (size_t)s->width * sizeof *x);
  }
  const lati_rows rows = fixture_rows(f, all, s->tokens, ld, 1);
  lati_free(all);
  return rows;
}

/* Frees the rows, which must be x to the bit, and nothing written besides. */
static void compare_and_free(fixture *f, lati_rows rows, const float *x, const shape *s) {
  const lati_rows expected = short_rows(f, x, s);
  const size_t bytes = (size_t)((s->tokens + LATI_TILE) * rows.ld) * sizeof *rows.narrow;
  assert_same_bits(rows.narrow, expected.narrow, bytes, "shortened");
  fixture_free_rows(rows);
  fixture_free_rows(expected);
}

static void check_shortened(const shape *s, int accumulate) {
  fixture f;
  fixture_open(&f, 2);
  tensors t;
  open_tensors(&t, &f, s);
  t.short_y = short_rows(&f, NULL, s);
  t.short_d_x = short_rows(&f, NULL, s);
  run_both_ways(&t, s, &f.device, &lati_backend_f32, accumulate, t.d_x);
  compare_and_free(&f, t.short_y, t.y, s);
  compare_and_free(&f, t.short_d_x, t.d_x, s);
  const lati_rows alone = short_rows(&f, NULL, s);
  lati_backend_f32.shorten(&f.device, alone, t.x, s->tokens, s->width);
  compare_and_free(&f, alone, t.x, s);
  close_tensors(&t);
  fixture_close(&f);
}

START_TEST(rows_are_shortened_too) {
  for (int i = 0; i < SHAPES; ++i) {
    check_shortened(&shapes[i], i % 2);
  }
}
END_TEST

static void whole_norm(fixture *f, void *out, const void *argument) {
  const shape *s = argument;
  tensors t;
  open_tensors(&t, f, s);
  run_both_ways(&t, s, &f->device, &lati_backend_f32, 1, t.d_x);
  float *place = out;
  for (int64_t i = 0; i < t.count; ++i) {
    *place++ = t.y[i];
    *place++ = t.d_x[i];
  }
  for (int32_t i = 0; i < s->width; ++i) {
    *place++ = t.d_gamma[i];
    *place++ = t.d_beta[i];
  }
  close_tensors(&t);
}

START_TEST(threads_do_not_change_the_bits) {
  const shape s = {500, 300};
  assert_same_at_any_threads(whole_norm, &s,
                             (size_t)(2 * s.tokens * s.width + 2 * s.width) * sizeof(float));
}
END_TEST

int main(void) {
  const TTest *tests[] = {agrees_with_the_twin,
                          a_constant_row_gives_beta,
                          without_beta_a_row_is_divided_by_its_root_mean_square,
                          gradient_may_be_replaced_in_place,
                          rows_are_shortened_too,
                          threads_do_not_change_the_bits};
  return run_suite("layernorm", tests, sizeof tests / sizeof *tests);
}
