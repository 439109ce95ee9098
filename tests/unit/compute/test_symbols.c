/* What touches symbols: embeddings and cross-entropy, against the slow twin. */
#include "compute_fixture.h"

#include <math.h>

static const int32_t widths[] = {1, 3, 16, 43, 130};

enum { SYMBOLS = 11 };

static void check_embedding_forward(fixture *f, int64_t tokens, int32_t width, int accumulate) {
  int32_t *ids = fixture_integers(f, tokens, -1, SYMBOLS);
  float *table = fixture_random(f, SYMBOLS * width);
  float *x[2] = {fixture_random(f, tokens * width), NULL};
  x[1] = fixture_copy(f, x[0], tokens * width);
  lati_backend_f32.embedding_forward(f->pool, x[0], table, ids, tokens, width, accumulate);
  lati_backend_naive.embedding_forward(f->pool, x[1], table, ids, tokens, width, accumulate);
  assert_close(x[0], x[1], tokens * width, 0.0, "x");
  lati_free(ids), lati_free(table), lati_free(x[0]), lati_free(x[1]);
}

static void check_embedding_backward(fixture *f, int64_t tokens, int32_t width) {
  int32_t *ids = fixture_integers(f, tokens, -1, SYMBOLS);
  float *d_x = fixture_random(f, tokens * width);
  float *d_table[2] = {fixture_random(f, SYMBOLS * width), NULL};
  d_table[1] = fixture_copy(f, d_table[0], SYMBOLS * width);
  lati_backend_f32.embedding_backward(f->pool, d_table[0], d_x, ids, tokens, width);
  lati_backend_naive.embedding_backward(f->pool, d_table[1], d_x, ids, tokens, width);
  assert_close(d_table[0], d_table[1], SYMBOLS * width, 0.0, "d_table");
  lati_free(ids), lati_free(d_x), lati_free(d_table[0]), lati_free(d_table[1]);
}

START_TEST(embedding_agrees_with_the_twin) {
  fixture f;
  fixture_open(&f, 2);
  for (size_t i = 0; i < sizeof widths / sizeof *widths; ++i) {
    for (int64_t tokens = 1; tokens < 200; tokens += 66) {
      check_embedding_forward(&f, tokens, widths[i], 0);
      check_embedding_forward(&f, tokens, widths[i], 1);
      check_embedding_backward(&f, tokens, widths[i]);
    }
  }
  fixture_close(&f);
}
END_TEST

START_TEST(cross_entropy_agrees_with_the_twin) {
  static const struct {
    int64_t tokens;
    int32_t vocabulary;
  } shapes[] = {{1, 1}, {1, 2}, {9, 17}, {63, 1203}, {3, 29001}};
  fixture f;
  fixture_open(&f, 2);
  for (int i = 0; i < 5; ++i) {
    for (int backward = 0; backward < 2; ++backward) {
      int64_t tokens = shapes[i].tokens, count = tokens * shapes[i].vocabulary;
      float *logits[2] = {fixture_random(&f, count), NULL};
      for (int64_t j = 0; j < count; ++j) {
        logits[0][j] *= 40.0F;
      }
      logits[1] = fixture_copy(&f, logits[0], count);
      int32_t *targets = fixture_integers(&f, tokens, 0, shapes[i].vocabulary);
      double loss[2][64];
      uint8_t correct[2][64];
      const lati_backend *tables[2] = {&lati_backend_f32, &lati_backend_naive};
      for (int side = 0; side < 2; ++side) {
        tables[side]->cross_entropy(f.pool, loss[side], correct[side], logits[side], targets,
                                    tokens, shapes[i].vocabulary, backward);
      }
      for (int64_t t = 0; t < tokens; ++t) {
        ck_assert_double_eq_tol(loss[0][t], loss[1][t], 2e-6 * fmax(1.0, loss[1][t]));
        ck_assert_int_eq(correct[0][t], correct[1][t]);
      }
      assert_close(logits[0], logits[1], count, 1e-6, "logits");
      lati_free(logits[0]), lati_free(logits[1]), lati_free(targets);
    }
  }
  fixture_close(&f);
}
END_TEST

START_TEST(a_certain_answer_costs_nothing) {
  fixture f;
  fixture_open(&f, 1);
  float logits[6] = {1000.0F, 0.0F, -1000.0F, 0.0F, 1000.0F, 0.0F};
  const int32_t targets[2] = {0, 0};
  double loss[2];
  uint8_t correct[2];
  lati_backend_f32.cross_entropy(f.pool, loss, correct, logits, targets, 2, 3, 1);
  ck_assert_double_eq_tol(loss[0], 0.0, 1e-12);
  ck_assert_double_eq_tol(loss[1], 1000.0, 1e-9);
  ck_assert(correct[0] == 1 && correct[1] == 0);
  const float expected[6] = {0.0F, 0.0F, 0.0F, -1.0F, 1.0F, 0.0F};
  assert_close(logits, expected, 6, 1e-7, "softmax - onehot");
  fixture_close(&f);
}
END_TEST

START_TEST(a_nan_shows_in_the_loss) {
  fixture f;
  fixture_open(&f, 1);
  float logits[3] = {0.0F, NAN, 1.0F};
  const int32_t target = 2;
  double loss;
  uint8_t correct;
  lati_backend_f32.cross_entropy(f.pool, &loss, &correct, logits, &target, 1, 3, 1);
  ck_assert(isnan(loss));
  fixture_close(&f);
}
END_TEST

static void whole_loss(fixture *f, void *out, const void *argument) {
  (void)argument;
  enum { TOKENS = 37, VOCABULARY = 1203, WIDTH = 150 };
  float *logits = out;
  double *loss = fixture_new(f, TOKENS, sizeof *loss);
  uint8_t *correct = fixture_new(f, TOKENS, 1);
  int32_t *ids = fixture_integers(f, TOKENS, 0, 7);
  float *values = fixture_random(f, TOKENS * VOCABULARY);
  for (int i = 0; i < TOKENS * VOCABULARY; ++i) {
    logits[i] = values[i];
  }
  lati_backend_f32.cross_entropy(f->pool, loss, correct, logits, ids, TOKENS, VOCABULARY, 1);
  lati_backend_f32.embedding_backward(f->pool, logits + TOKENS * VOCABULARY, values, ids, TOKENS,
                                      WIDTH);
  lati_free(loss), lati_free(correct), lati_free(ids), lati_free(values);
}

START_TEST(threads_do_not_change_the_bits) {
  assert_same_at_any_threads(whole_loss, NULL, (37 * 1203 + 7 * 150) * sizeof(float));
}
END_TEST

int main(void) {
  const TTest *tests[] = {embedding_agrees_with_the_twin, cross_entropy_agrees_with_the_twin,
                          a_certain_answer_costs_nothing, a_nan_shows_in_the_loss,
                          threads_do_not_change_the_bits};
  return run_suite("symbols", tests, sizeof tests / sizeof *tests);
}
