/* Attention against the slow twin, on ragged batches. */
#include "bf16_emulated.h"
#include "compute_fixture.h"
#include "naive/naive.h"

#include <math.h>

enum { MOST_SEQUENCES = 16 };

typedef struct batch_case {
  int32_t heads, head_width, causal, sequences;
  int64_t queries[MOST_SEQUENCES], keys[MOST_SEQUENCES]; /* lengths */
  const lati_dropout *dropout;
} batch_case;

/* So many sequences are taken with all their heads at a time. */
#define LENGTHS                                                                                    \
  { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 }

static const lati_dropout dropout = {.rate = 0.3, .seed = 5, .step = 7, .site = 3};

static const batch_case cases[] = {
    {1, 1, 0, 1, {1}, {1}, NULL},
    {2, 8, 0, 3, {1, 5, 2}, {3, 1, 7}, NULL},
    {3, 43, 0, 2, {31, 17}, {37, 130}, NULL},
    {12, 43, 1, 2, {29, 33}, {29, 33}, NULL},
    {8, 64, 0, 2, {80, 52}, {80, 52}, NULL},
    {2, 64, 1, 4, {1, 97, 130, 16}, {1, 97, 130, 16}, NULL},
    {1, 100, 1, 1, {70}, {70}, NULL},
    {2, 150, 0, 2, {33, 3}, {260, 129}, NULL},
    {4, 16, 1, 1, {300}, {300}, NULL},
    {2, 64, 0, 2, {130, 101}, {101, 130}, NULL},
    {1, 32, 1, 3, {97, 49, 200}, {97, 49, 200}, NULL},
    {2, 96, 0, 1, {20}, {97}, NULL},
    {3, 6, 0, 16, LENGTHS, LENGTHS, NULL},
    {3, 6, 1, 16, LENGTHS, LENGTHS, NULL},
    {3, 43, 0, 2, {31, 17}, {37, 130}, &dropout},
    {2, 64, 1, 4, {1, 97, 130, 16}, {1, 97, 130, 16}, &dropout},
    {12, 43, 1, 2, {29, 33}, {29, 33}, &dropout},
};
enum { CASES = sizeof cases / sizeof *cases };

static void offsets_of(int64_t offsets[MOST_SEQUENCES + 1], const int64_t *lengths, int count) {
  offsets[0] = 0;
  for (int i = 0; i < count; ++i) {
    offsets[i + 1] = offsets[i] + lengths[i];
  }
}

/* q and o have leading dimensions of their own, so that rows of narrow heads lie as products take
 * them or do not; k and v are two thirds of a fused matrix. */
typedef struct tensors {
  int64_t width, query_count, key_count;
  int64_t q_offsets[MOST_SEQUENCES + 1], k_offsets[MOST_SEQUENCES + 1];
  lati_rows q, kv, o, d_o, d_q, d_kv;
  float *lse;
  lati_attention shape;
} tensors;

static void open_tensors(tensors *t, fixture *f, const batch_case *c, double size) {
  offsets_of(t->q_offsets, c->queries, c->sequences);
  offsets_of(t->k_offsets, c->keys, c->sequences);
  t->width = (int64_t)c->heads * c->head_width;
  t->query_count = t->q_offsets[c->sequences];
  t->key_count = t->k_offsets[c->sequences];
  const int64_t ld_q = t->width + 4, ld_o = t->width + c->heads, ld_kv = 2 * t->width + 1;
  t->q = lati_floats(fixture_random(f, t->query_count * ld_q), ld_q);
  t->kv = lati_floats(fixture_random(f, t->key_count * ld_kv), ld_kv);
  t->d_o = lati_floats(fixture_random(f, t->query_count * ld_o), ld_o);
  t->o = lati_floats(NEW(f, float, t->query_count *ld_o), ld_o);
  t->d_q = lati_floats(NEW(f, float, t->query_count *ld_q), ld_q);
  t->d_kv = lati_floats(NEW(f, float, t->key_count *ld_kv), ld_kv);
  t->lse = NEW(f, float, t->query_count * c->heads);
  t->shape = (lati_attention){t->q_offsets,  t->k_offsets, c->sequences, c->heads,
                              c->head_width, c->causal,    c->dropout};
  for (int64_t i = 0; i < t->query_count * ld_q; ++i) {
    t->q.data[i] *= (float)size;
    t->d_q.data[i] = 7.0F; /* to be overwritten */
  }
}

/* The same numbers, in rows of either type. */
static void copy_tensors(tensors *copy, fixture *f, const tensors *t, int narrow) {
  *copy = *t;
  copy->shape.q_offsets = copy->q_offsets;
  copy->shape.k_offsets = copy->k_offsets;
  copy->q = fixture_rows(f, t->q.data, t->query_count, t->q.ld, narrow);
  copy->kv = fixture_rows(f, t->kv.data, t->key_count, t->kv.ld, narrow);
  copy->d_o = fixture_rows(f, t->d_o.data, t->query_count, t->d_o.ld, narrow);
  copy->o = fixture_rows(f, t->o.data, t->query_count, t->o.ld, narrow);
  copy->d_q = fixture_rows(f, t->d_q.data, t->query_count, t->d_q.ld, narrow);
  copy->d_kv = fixture_rows(f, t->d_kv.data, t->key_count, t->d_kv.ld, narrow);
  copy->lse = fixture_copy(f, t->lse, t->query_count * t->shape.heads);
}

static void close_tensors(tensors *t) {
  const lati_rows rows[] = {t->q, t->kv, t->o, t->d_o, t->d_q, t->d_kv};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
    fixture_free_rows(rows[i]);
  }
  lati_free(t->lse);
}

static int64_t longest_of(const tensors *t) {
  int64_t longest = 0;
  for (int64_t s = 0; s < t->shape.sequences; ++s) {
    const int64_t queries = t->q_offsets[s + 1] - t->q_offsets[s];
    longest = queries > longest ? queries : longest;
  }
  return longest;
}

static void run_both_ways(tensors *t, fixture *f, const lati_backend *backend) {
  const size_t bytes = backend->attention_scratch(longest_of(t), t->shape.head_width);
  void *scratch = fixture_scratch(f, (size_t)lati_pool_size(f->device.pool) * bytes);
  const lati_rows k = t->kv, v = lati_rows_at(k, 0, t->width);
  const lati_rows d_k = t->d_kv, d_v = lati_rows_at(d_k, 0, t->width);
  backend->attention_forward(&f->device, t->o, t->lse, t->q, k, v, &t->shape, scratch);
  backend->attention_backward(&f->device, t->d_q, d_k, d_v, t->d_o, t->o, t->lse, t->q, k, v,
                              &t->shape, scratch);
  lati_free(scratch);
}

static void run_on_kernel(tensors *t, fixture *f, const lati_panel_kernel *kernel) {
  const size_t bytes = lati_panel_attention_scratch(longest_of(t), t->shape.head_width);
  void *scratch = fixture_scratch(f, (size_t)lati_pool_size(f->device.pool) * bytes);
  const lati_rows k = t->kv, v = lati_rows_at(k, 0, t->width);
  const lati_rows d_k = t->d_kv, d_v = lati_rows_at(d_k, 0, t->width);
  lati_panel_attention_forward(kernel, &f->device, t->o, t->lse, t->q, k, v, &t->shape, scratch);
  lati_panel_attention_backward(kernel, &f->device, t->d_q, d_k, d_v, t->d_o, t->o, t->lse, t->q, k,
                                v, &t->shape, scratch);
  lati_free(scratch);
}

static void compare(const tensors *fast, const tensors *slow, double tolerance, const char *what) {
  assert_rows_close(fast->o, slow->o.data, fast->query_count, tolerance, what);
  assert_close(fast->lse, slow->lse, fast->query_count * fast->shape.heads, tolerance, what);
  assert_rows_close(fast->d_q, slow->d_q.data, fast->query_count, tolerance, what);
  assert_rows_close(fast->d_kv, slow->d_kv.data, fast->key_count, tolerance, what);
}

/* On a kernel or, when that is NULL, on the table for any processor. */
static void check_kernel(fixture *f, const tensors *given, const tensors *slow,
                         const lati_panel_kernel *kernel, int narrow, double tolerance) {
  tensors fast;
  copy_tensors(&fast, f, given, narrow);
  if (kernel != NULL) {
    run_on_kernel(&fast, f, kernel);
  } else {
    run_both_ways(&fast, f, &lati_backend_f32);
  }
  compare(&fast, slow, tolerance, kernel != NULL ? kernel->name : lati_backend_f32.name);
  close_tensors(&fast);
}

/* Opens what both sides are given, and the slow side, which has run. */
static void open_sides(tensors *given, tensors *slow, fixture *f, const batch_case *c, int narrow,
                       double size) {
  open_tensors(given, f, c, size);
  if (narrow) {
    fixture_round(given->q.data, given->query_count * given->q.ld);
    fixture_round(given->kv.data, given->key_count * given->kv.ld);
    fixture_round(given->d_o.data, given->query_count * given->d_o.ld);
  }
  copy_tensors(slow, f, given, 0);
  run_both_ways(slow, f, &lati_backend_naive);
}

static void check_table(const batch_case *c, double size, double tolerance) {
  fixture f;
  fixture_open(&f, 2);
  tensors given, slow;
  open_sides(&given, &slow, &f, c, 0, size);
  check_kernel(&f, &given, &slow, NULL, 0, tolerance);
  close_tensors(&given);
  close_tensors(&slow);
  fixture_close(&f);
}

/* On every kernel that takes such rows. */
static void check_kernels(const batch_case *c, int narrow) {
  const lati_panel_kernel *kernels[MAX_KERNELS];
  const int count = panel_kernels_here(kernels);
  fixture f;
  fixture_open(&f, 2);
  tensors given, slow;
  open_sides(&given, &slow, &f, c, narrow, 1.0);
  for (int k = 0; k < count; ++k) {
    if (narrow < kernels[k]->values) {
      check_kernel(&f, &given, &slow, kernels[k], narrow, kernels[k]->values == 1 ? 1e-5 : 2e-2);
    }
  }
  close_tensors(&given);
  close_tensors(&slow);
  fixture_close(&f);
}

START_TEST(agrees_with_the_twin) {
  for (int i = 0; i < CASES; ++i) {
    check_table(&cases[i], 1.0, 1e-5);
  }
}
END_TEST

/* Scores of some hundreds: without the running maximum their exponentials overflow. */
START_TEST(large_scores_do_not_overflow) {
  const batch_case c = {2, 64, 0, 2, {9, 5}, {300, 40}, NULL};
  check_table(&c, 100.0, 2e-3);
}
END_TEST

/* What bf16 rounds: queries, keys and values, probabilities and the slopes of scores, each by up to
 * 2^-9 of its size. */
START_TEST(every_kernel_agrees_with_the_twin) {
  for (int i = 0; i < CASES; ++i) {
    check_kernels(&cases[i], 0);
  }
}
END_TEST

START_TEST(narrow_rows_agree_with_the_twin) {
  for (int i = 0; i < CASES; ++i) {
    check_kernels(&cases[i], 1);
  }
}
END_TEST

START_TEST(later_keys_are_not_seen) {
  fixture f;
  fixture_open(&f, 1);
  const batch_case c = {2, 24, 1, 1, {140}, {140}, NULL};
  tensors t;
  open_tensors(&t, &f, &c, 1.0);
  run_both_ways(&t, &f, &lati_backend_f32);
  float *before = fixture_copy(&f, t.o.data, 100 * t.o.ld);
  for (int64_t i = 100 * t.kv.ld; i < t.key_count * t.kv.ld; ++i) {
    t.kv.data[i] = 3.0F;
  }
  run_both_ways(&t, &f, &lati_backend_f32);
  assert_close(before, t.o.data, 100 * t.o.ld, 0.0, "queries before the change");
  lati_free(before);
  close_tensors(&t);
  fixture_close(&f);
}
END_TEST

START_TEST(a_nan_stays_in_its_sequence_and_head) {
  fixture f;
  fixture_open(&f, 1);
  const batch_case c = {2, 8, 0, 2, {4, 4}, {4, 4}, NULL};
  tensors t;
  open_tensors(&t, &f, &c, 1.0);
  t.q.data[0] = NAN;
  run_both_ways(&t, &f, &lati_backend_f32);
  ck_assert(isnan(t.o.data[0]) && isnan(t.lse[0]));
  ck_assert(isfinite(t.o.data[8]) && isfinite(t.lse[1]) && isfinite(t.o.data[4 * t.o.ld]));
  close_tensors(&t);
  fixture_close(&f);
}
END_TEST

static void whole_attention(fixture *f, void *out, const void *argument) {
  tensors t;
  open_tensors(&t, f, argument, 1.0);
  run_both_ways(&t, f, &lati_backend_f32);
  float *place = out;
  for (int64_t i = 0; i < t.query_count * t.o.ld; ++i) {
    *place++ = t.o.data[i];
  }
  for (int64_t i = 0; i < t.query_count * t.q.ld; ++i) {
    *place++ = t.d_q.data[i];
  }
  for (int64_t i = 0; i < t.key_count * t.kv.ld; ++i) {
    *place++ = t.d_kv.data[i];
  }
  close_tensors(&t);
}

static void compare_threads(const batch_case *c) {
  int64_t width = (int64_t)c->heads * c->head_width, tokens = c->queries[0] + c->queries[1];
  size_t floats = (size_t)(tokens * (2 * width + 4 + c->heads + 2 * width + 1));
  assert_same_at_any_threads(whole_attention, c, floats * sizeof(float));
}

START_TEST(threads_do_not_change_the_bits) {
  compare_threads(&cases[3]);
  compare_threads(&cases[CASES - 1]);
}
END_TEST

/* Values of 1 make an output the sum of the weights that are left: 1 on average. */
START_TEST(dropout_leaves_the_mean) {
  fixture f;
  fixture_open(&f, 1);
  const batch_case c = {4, 1, 0, 1, {300}, {64}, &dropout};
  tensors t;
  double sum = 0, squares = 0;
  open_tensors(&t, &f, &c, 0.0);
  for (int64_t i = 0; i < t.key_count * t.kv.ld; ++i) {
    t.kv.data[i] = 1.0F;
  }
  run_both_ways(&t, &f, &lati_backend_f32);
  for (int64_t i = 0; i < t.query_count; ++i) {
    for (int64_t j = 0; j < t.width; ++j) {
      sum += (double)t.o.data[i * t.o.ld + j] / 1200.0;
      squares += pow((double)t.o.data[i * t.o.ld + j] - 1.0, 2.0) / 1200.0;
    }
  }
  ck_assert_double_eq_tol(sum, 1.0, 0.01);
  ck_assert_double_eq_tol(squares, 0.3 / 0.7 / 64.0, 0.001); /* of 64 numbers, independent */
  close_tensors(&t);
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *tests[] = {agrees_with_the_twin,
                          large_scores_do_not_overflow,
                          every_kernel_agrees_with_the_twin,
                          narrow_rows_agree_with_the_twin,
                          dropout_leaves_the_mean,
                          later_keys_are_not_seen,
                          a_nan_stays_in_its_sequence_and_head,
                          threads_do_not_change_the_bits};
  return run_suite("attention", tests, sizeof tests / sizeof *tests);
}
