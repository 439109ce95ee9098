/* Attention against the slow twin, on ragged batches. */
#include "bf16_emulated.h"
#include "compute_fixture.h"

#include <math.h>

enum { MOST_SEQUENCES = 5 };

typedef struct batch_case {
  int32_t heads, head_width, causal, sequences;
  int64_t queries[MOST_SEQUENCES], keys[MOST_SEQUENCES]; /* lengths */
} batch_case;

static const batch_case cases[] = {
    {1, 1, 0, 1, {1}, {1}},
    {2, 8, 0, 3, {1, 5, 2}, {3, 1, 7}},
    {3, 43, 0, 2, {31, 17}, {37, 130}},
    {12, 43, 1, 2, {29, 33}, {29, 33}},
    {8, 64, 0, 2, {80, 52}, {80, 52}},
    {2, 64, 1, 4, {1, 97, 130, 16}, {1, 97, 130, 16}},
    {1, 100, 1, 1, {70}, {70}},
    {2, 150, 0, 2, {33, 3}, {260, 129}},
    {4, 16, 1, 1, {300}, {300}},
};
enum { CASES = sizeof cases / sizeof *cases };

static void offsets_of(int64_t offsets[MOST_SEQUENCES + 1], const int64_t *lengths, int count) {
  offsets[0] = 0;
  for (int i = 0; i < count; ++i) {
    offsets[i + 1] = offsets[i] + lengths[i];
  }
}

/* q and o have their own leading dimension; k and v are two thirds of a fused matrix. */
typedef struct tensors {
  int64_t width, ld_q, ld_kv, query_count, key_count;
  int64_t q_offsets[MOST_SEQUENCES + 1], k_offsets[MOST_SEQUENCES + 1];
  float *q, *kv, *o, *d_o, *d_q, *d_kv, *lse;
  lati_attention shape;
} tensors;

static void open_tensors(tensors *t, fixture *f, const batch_case *c, double size) {
  offsets_of(t->q_offsets, c->queries, c->sequences);
  offsets_of(t->k_offsets, c->keys, c->sequences);
  t->width = (int64_t)c->heads * c->head_width;
  t->ld_q = t->width + 3;
  t->ld_kv = 2 * t->width + 1;
  t->query_count = t->q_offsets[c->sequences];
  t->key_count = t->k_offsets[c->sequences];
  t->q = fixture_random(f, t->query_count * t->ld_q);
  t->kv = fixture_random(f, t->key_count * t->ld_kv);
  t->d_o = fixture_random(f, t->query_count * t->ld_q);
  t->o = NEW(f, float, t->query_count * t->ld_q);
  t->d_q = NEW(f, float, t->query_count * t->ld_q);
  t->d_kv = NEW(f, float, t->key_count * t->ld_kv);
  t->lse = NEW(f, float, t->query_count * c->heads);
  t->shape = (lati_attention){t->q_offsets, t->k_offsets,  c->sequences,
                              c->heads,     c->head_width, c->causal};
  for (int64_t i = 0; i < t->query_count * t->ld_q; ++i) {
    t->q[i] *= (float)size;
    t->d_q[i] = 7.0F; /* to be overwritten */
  }
}

static void close_tensors(tensors *t) {
  float *blocks[] = {t->q, t->kv, t->o, t->d_o, t->d_q, t->d_kv, t->lse};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

static void run_both_ways(tensors *t, fixture *f, const lati_backend *backend) {
  const int64_t workers = lati_pool_size(f->pool);
  void *scratch = fixture_new(f, workers, backend->attention_scratch() + 1);
  lati_rows q = {t->q, t->ld_q}, k = {t->kv, t->ld_kv}, v = {t->kv + t->width, t->ld_kv};
  lati_rows o = {t->o, t->ld_q}, d_o = {t->d_o, t->ld_q}, d_q = {t->d_q, t->ld_q};
  lati_rows d_k = {t->d_kv, t->ld_kv}, d_v = {t->d_kv + t->width, t->ld_kv};
  backend->attention_forward(f->pool, o, t->lse, q, k, v, &t->shape, scratch);
  backend->attention_backward(f->pool, d_q, d_k, d_v, d_o, o, t->lse, q, k, v, &t->shape, scratch);
  lati_free(scratch);
}

static void run_on_kernel(tensors *t, fixture *f, const lati_panel_kernel *kernel) {
  void *scratch = fixture_new(f, lati_pool_size(f->pool), lati_panel_attention_scratch());
  lati_rows q = {t->q, t->ld_q}, k = {t->kv, t->ld_kv}, v = {t->kv + t->width, t->ld_kv};
  lati_rows o = {t->o, t->ld_q}, d_o = {t->d_o, t->ld_q}, d_q = {t->d_q, t->ld_q};
  lati_rows d_k = {t->d_kv, t->ld_kv}, d_v = {t->d_kv + t->width, t->ld_kv};
  lati_panel_attention_forward(kernel, f->pool, o, t->lse, q, k, v, &t->shape, scratch);
  lati_panel_attention_backward(kernel, f->pool, d_q, d_k, d_v, d_o, o, t->lse, q, k, v, &t->shape,
                                scratch);
  lati_free(scratch);
}

/* The fast side runs on a kernel or, when that is NULL, on the table for any processor. */
static void check_case(const batch_case *c, const lati_panel_kernel *kernel, double size,
                       double tolerance) {
  fixture f;
  fixture_open(&f, 2);
  uint64_t state = f.state;
  tensors fast, slow;
  open_tensors(&fast, &f, c, size);
  f.state = state;
  open_tensors(&slow, &f, c, size);
  if (kernel != NULL) {
    run_on_kernel(&fast, &f, kernel);
  } else {
    run_both_ways(&fast, &f, &lati_backend_f32);
  }
  run_both_ways(&slow, &f, &lati_backend_naive);
  assert_close(fast.o, slow.o, fast.query_count * fast.ld_q, tolerance, "o");
  assert_close(fast.lse, slow.lse, fast.query_count * c->heads, tolerance, "lse");
  assert_close(fast.d_q, slow.d_q, fast.query_count * fast.ld_q, tolerance, "d_q");
  assert_close(fast.d_kv, slow.d_kv, fast.key_count * fast.ld_kv, tolerance, "d_k, d_v");
  close_tensors(&fast);
  close_tensors(&slow);
  fixture_close(&f);
}

START_TEST(agrees_with_the_twin) {
  for (int i = 0; i < CASES; ++i) {
    check_case(&cases[i], NULL, 1.0, 1e-5);
  }
}
END_TEST

/* Scores of some hundreds: without the running maximum their exponentials overflow. */
START_TEST(large_scores_do_not_overflow) {
  const batch_case c = {2, 64, 0, 2, {9, 5}, {300, 40}};
  check_case(&c, NULL, 100.0, 2e-3);
}
END_TEST

/* What bf16 rounds: queries, keys and values, probabilities and the slopes of scores, each by up to
 * 2^-9 of its size. */
START_TEST(every_kernel_agrees_with_the_twin) {
  const lati_panel_kernel *kernels[MAX_KERNELS];
  const int count = panel_kernels_here(kernels);
  for (int k = 0; k < count; ++k) {
    for (int i = 0; i < CASES; ++i) {
      check_case(&cases[i], kernels[k], 1.0, kernels[k]->values == 1 ? 1e-5 : 2e-2);
    }
  }
}
END_TEST

START_TEST(later_keys_are_not_seen) {
  fixture f;
  fixture_open(&f, 1);
  const batch_case c = {2, 24, 1, 1, {140}, {140}};
  tensors t;
  open_tensors(&t, &f, &c, 1.0);
  run_both_ways(&t, &f, &lati_backend_f32);
  float *before = fixture_copy(&f, t.o, 100 * t.ld_q);
  for (int64_t i = 100 * t.ld_kv; i < t.key_count * t.ld_kv; ++i) {
    t.kv[i] = 3.0F;
  }
  run_both_ways(&t, &f, &lati_backend_f32);
  assert_close(before, t.o, 100 * t.ld_q, 0.0, "queries before the change");
  lati_free(before);
  close_tensors(&t);
  fixture_close(&f);
}
END_TEST

START_TEST(a_nan_stays_in_its_sequence_and_head) {
  fixture f;
  fixture_open(&f, 1);
  const batch_case c = {2, 8, 0, 2, {4, 4}, {4, 4}};
  tensors t;
  open_tensors(&t, &f, &c, 1.0);
  t.q[0] = NAN;
  run_both_ways(&t, &f, &lati_backend_f32);
  ck_assert(isnan(t.o[0]) && isnan(t.lse[0]));
  ck_assert(isfinite(t.o[8]) && isfinite(t.lse[1]) && isfinite(t.o[4 * t.ld_q]));
  close_tensors(&t);
  fixture_close(&f);
}
END_TEST

static void whole_attention(fixture *f, void *out, const void *argument) {
  tensors t;
  open_tensors(&t, f, argument, 1.0);
  run_both_ways(&t, f, &lati_backend_f32);
  float *place = out;
  for (int64_t i = 0; i < t.query_count * t.ld_q; ++i) {
    *place++ = t.o[i];
    *place++ = t.d_q[i];
  }
  for (int64_t i = 0; i < t.key_count * t.ld_kv; ++i) {
    *place++ = t.d_kv[i];
  }
  close_tensors(&t);
}

START_TEST(threads_do_not_change_the_bits) {
  const batch_case *c = &cases[3];
  int64_t width = (int64_t)c->heads * c->head_width, tokens = c->queries[0] + c->queries[1];
  size_t floats = (size_t)(2 * tokens * (width + 3) + tokens * (2 * width + 1));
  assert_same_at_any_threads(whole_attention, c, floats * sizeof(float));
}
END_TEST

int main(void) {
  const TTest *tests[] = {agrees_with_the_twin,
                          large_scores_do_not_overflow,
                          every_kernel_agrees_with_the_twin,
                          later_keys_are_not_seen,
                          a_nan_stays_in_its_sequence_and_head,
                          threads_do_not_change_the_bits};
  return run_suite("attention", tests, sizeof tests / sizeof *tests);
}
