/* What touches symbols: embeddings and cross-entropy, against the slow twin. */
#include "compute_fixture.h"
#include "naive/naive.h"

#include <math.h>
#include <string.h>

static const int32_t widths[] = {1, 3, 16, 43, 130};

enum { SYMBOLS = 11 };

static void check_embedding_forward(fixture *f, int64_t tokens, int32_t width, int accumulate) {
  int32_t *ids = fixture_integers(f, tokens, -1, SYMBOLS);
  float *table = fixture_random(f, SYMBOLS * width);
  float *x[2] = {fixture_random(f, tokens * width), NULL};
  x[1] = fixture_copy(f, x[0], tokens * width);
  lati_backend_f32.embedding_forward(&f->device, x[0], table, ids, tokens, width, accumulate);
  lati_backend_naive.embedding_forward(&f->device, x[1], table, ids, tokens, width, accumulate);
  assert_close(x[0], x[1], tokens * width, 0.0, "x");
  lati_free(ids), lati_free(table), lati_free(x[0]), lati_free(x[1]);
}

static void check_embedding_backward(fixture *f, int64_t tokens, int32_t width) {
  int32_t *ids = fixture_integers(f, tokens, -1, SYMBOLS);
  float *d_x = fixture_random(f, tokens * width);
  float *d_table[2] = {fixture_random(f, SYMBOLS * width), NULL};
  d_table[1] = fixture_copy(f, d_table[0], SYMBOLS * width);
  lati_backend_f32.embedding_backward(&f->device, d_table[0], d_x, ids, tokens, width);
  lati_backend_naive.embedding_backward(&f->device, d_table[1], d_x, ids, tokens, width);
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

static const struct {
  int64_t tokens;
  int32_t vocabulary;
} loss_shapes[] = {{1, 1}, {1, 2}, {9, 17}, {63, 1203}, {3, 29001}};
enum { LOSS_SHAPES = sizeof loss_shapes / sizeof *loss_shapes, MOST_TOKENS = 64 };

/* Where the gradient goes: nowhere; to the logits' own place, in floats and narrow; elsewhere. */
enum { NOWHERE, IN_PLACE, SHORTENED, APART, PLACES };

typedef struct losses {
  double loss[MOST_TOKENS];
  uint8_t correct[MOST_TOKENS];
} losses;

static lati_rows gradient_rows(float *logits, float *apart, int32_t vocabulary, int place) {
  switch (place) {
  case NOWHERE:
    return (lati_rows){0};
  case IN_PLACE:
    return lati_floats(logits, vocabulary);
  case SHORTENED:
    return (lati_rows){.narrow = (uint16_t *)(void *)logits, .ld = 2 * (int64_t)vocabulary};
  default:
    return lati_floats(apart, vocabulary + 3);
  }
}

static void assert_losses_agree(const losses *fast, const losses *slow, int64_t tokens) {
  for (int64_t t = 0; t < tokens; ++t) {
    ck_assert_double_eq_tol(fast->loss[t], slow->loss[t], 2e-6 * fmax(1.0, slow->loss[t]));
    ck_assert_int_eq(fast->correct[t], slow->correct[t]);
  }
}

/* Of rows that are wanted somewhere. */
static void assert_gradient_agrees(lati_rows gradient, const float *expected, int64_t tokens,
                                   int64_t width, double tolerance) {
  for (int64_t t = 0; t < tokens && !lati_rows_none(gradient); ++t) {
    assert_values_close(lati_rows_at(gradient, t, 0), expected + t * width, width, tolerance,
                        "gradient");
  }
}

static void check_cross_entropy(fixture *f, int64_t tokens, int32_t vocabulary, int place,
                                const lati_spread *spread) {
  const int64_t count = tokens * vocabulary;
  float *logits = fixture_random(f, count), *apart = NEW(f, float, count + 3 * tokens);
  for (int64_t j = 0; j < count; ++j) {
    logits[j] *= 40.0F;
  }
  float *slow_logits = fixture_copy(f, logits, count), *expected = NEW(f, float, count);
  float *before = fixture_copy(f, logits, count);
  int32_t *targets = fixture_integers(f, tokens, 0, vocabulary);
  losses fast, slow;
  const lati_rows d_logits = gradient_rows(logits, apart, vocabulary, place);
  lati_backend_f32.cross_entropy(&f->device, fast.loss, fast.correct, d_logits, logits, targets,
                                 tokens, vocabulary, spread);
  lati_backend_naive.cross_entropy(&f->device, slow.loss, slow.correct,
                                   lati_floats(expected, vocabulary), slow_logits, targets, tokens,
                                   vocabulary, spread);
  assert_losses_agree(&fast, &slow, tokens);
  assert_gradient_agrees(d_logits, expected, tokens, vocabulary, 1e-6);
  if (place == NOWHERE) {
    assert_same_bits(logits, before, (size_t)count * sizeof *logits, "logits");
  }
  void *blocks[] = {logits, apart, slow_logits, expected, before, targets};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

START_TEST(cross_entropy_agrees_with_the_twin) {
  fixture f;
  fixture_open(&f, 2);
  for (int i = 0; i < LOSS_SHAPES; ++i) {
    for (int place = 0; place < PLACES; ++place) {
      check_cross_entropy(&f, loss_shapes[i].tokens, loss_shapes[i].vocabulary, place, NULL);
    }
  }
  fixture_close(&f);
}
END_TEST

/* Even symbols have all others of 0..16 around them, odd ones stand alone. */
START_TEST(spread_targets_agree_with_the_twin) {
  fixture f;
  int32_t first[17], end[17];
  fixture_open(&f, 2);
  for (int32_t i = 0; i < 17; ++i) {
    first[i] = i % 2 == 0 ? 0 : i;
    end[i] = i % 2 == 0 ? 17 : i + 1;
  }
  static const double spreads[] = {0.01, 0.5, 1.3, 2.0, 50.0};
  for (int i = 0; i < 5; ++i) {
    const lati_spread spread = {first, end, spreads[i]};
    for (int place = 0; place < PLACES; ++place) {
      check_cross_entropy(&f, 9, 17, place, &spread);
    }
  }
  fixture_close(&f);
}
END_TEST

/* Special symbols 0 .. 2, then three kinds of numbers: mantissas 0 .. 2 and 5 .. 7 with exponents 0
 * .. 3, 3 and 4 with exponent 1 alone, and 8 .. 1507 with exponents 4 and 5. Scores are 3 special
 * ones, 1508 of mantissas, 6 of exponents. */
enum { SPECIAL = 3, MANTISSAS = 1508, EXPONENTS = 6, SCORES = SPECIAL + MANTISSAS + EXPONENTS };

static lati_factor_block exponents_of(int32_t mantissa) {
  const int32_t base = SPECIAL + MANTISSAS;
  lati_factor_block block = {mantissa, mantissa + 1, base, base + 4};
  if (mantissa == 3 || mantissa == 4) {
    block.second = base + 1;
    block.second_end = base + 2;
  } else if (mantissa >= 8) {
    block.second = base + 4;
    block.second_end = base + 6;
  }
  return block;
}

static void make_factored(lati_factored_symbols *symbols, fixture *f) {
  static const lati_factor_block blocks[] = {
      {0, 3, 0, 0}, {3, 6, 0, 0}, {6, 8, 0, 0}, {8, 11, 0, 0}, {11, SPECIAL + MANTISSAS, 0, 0}};
  memset(symbols, 0, sizeof *symbols);
  symbols->first = NEW(f, int32_t, SPECIAL + 4 * MANTISSAS);
  symbols->second = NEW(f, int32_t, SPECIAL + 4 * MANTISSAS);
  symbols->scores = SCORES;
  symbols->second_count = EXPONENTS;
  for (; symbols->symbols < SPECIAL; ++symbols->symbols) {
    symbols->first[symbols->symbols] = symbols->symbols;
    symbols->second[symbols->symbols] = -1;
  }
  for (int32_t m = 0; m < MANTISSAS; ++m) {
    const lati_factor_block own = exponents_of(m);
    for (int32_t e = own.second; e < own.second_end; ++e) {
      symbols->first[symbols->symbols] = SPECIAL + m;
      symbols->second[symbols->symbols++] = e;
    }
  }
  symbols->run = NEW(f, lati_factor_run, symbols->symbols);
  for (int32_t s = 0; s < symbols->symbols; s = symbols->run[symbols->runs++].symbol + 1) {
    symbols->run[symbols->runs] = (lati_factor_run){s, 1, symbols->first[s], symbols->second[s]};
  }
  symbols->blocks = sizeof blocks / sizeof *blocks;
  for (int32_t b = 0; b < symbols->blocks; ++b) {
    symbols->block[b] = blocks[b];
    if (b > 0) {
      const lati_factor_block own = exponents_of(blocks[b].first - SPECIAL);
      symbols->block[b].second = own.second;
      symbols->block[b].second_end = own.second_end;
    }
  }
}

static void free_factored(lati_factored_symbols *symbols) {
  lati_free(symbols->first), lati_free(symbols->second), lati_free(symbols->run);
}

static void check_factored(fixture *f, const lati_factored_symbols *symbols, float scale, int place,
                           const lati_spread *spread) {
  enum { TOKENS = 9, COUNT = TOKENS * SCORES };
  float *scores = fixture_random(f, COUNT), *apart = NEW(f, float, COUNT + 3 * TOKENS);
  for (int64_t j = 0; j < COUNT; ++j) {
    scores[j] *= scale;
  }
  float *slow_scores = fixture_copy(f, scores, COUNT), *expected = NEW(f, float, COUNT);
  int32_t *targets = fixture_integers(f, TOKENS, 0, symbols->symbols);
  losses fast, slow;
  targets[0] = SPECIAL - 1;
  const lati_rows d_scores = gradient_rows(scores, apart, SCORES, place);
  lati_backend_f32.factored_cross_entropy(&f->device, fast.loss, fast.correct, d_scores, scores,
                                          targets, TOKENS, symbols, spread);
  lati_backend_naive.factored_cross_entropy(&f->device, slow.loss, slow.correct,
                                            lati_floats(expected, SCORES), slow_scores, targets,
                                            TOKENS, symbols, spread);
  assert_losses_agree(&fast, &slow, TOKENS);
  assert_gradient_agrees(d_scores, expected, TOKENS, SCORES, 2e-6);
  if (place == NOWHERE) {
    assert_same_bits(scores, slow_scores, COUNT * sizeof *scores, "scores");
  }
  void *blocks[] = {scores, apart, slow_scores, expected, targets};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

/* Scores of 1, and so large that most exponentials are 0. */
START_TEST(factored_symbols_agree_with_the_twin) {
  fixture f;
  lati_factored_symbols symbols;
  fixture_open(&f, 2);
  make_factored(&symbols, &f);
  int32_t *first = NEW(&f, int32_t, symbols.symbols), *end = NEW(&f, int32_t, symbols.symbols);
  for (int32_t s = 0; s < symbols.symbols; ++s) {
    first[s] = s < SPECIAL ? s : SPECIAL;
    end[s] = s < SPECIAL ? s + 1 : symbols.symbols;
  }
  const lati_spread spread = {first, end, 1.3};
  for (int place = 0; place < PLACES; ++place) {
    check_factored(&f, &symbols, 1.0F, place, NULL);
    check_factored(&f, &symbols, 400.0F, place, NULL);
    check_factored(&f, &symbols, 1.0F, place, &spread);
  }
  free_factored(&symbols), lati_free(first), lati_free(end);
  fixture_close(&f);
}
END_TEST

START_TEST(factored_logits_agree_with_the_twin) {
  enum { TOKENS = 5, FIRST = 2, END = 100 };
  fixture f;
  lati_factored_symbols symbols;
  fixture_open(&f, 2);
  make_factored(&symbols, &f);
  float *scores = fixture_random(&f, TOKENS * SCORES);
  float fast[TOKENS * (END - FIRST)], slow[TOKENS * (END - FIRST)];
  lati_backend_f32.factored_logits(&f.device, fast, scores, TOKENS, &symbols, FIRST, END);
  lati_backend_naive.factored_logits(&f.device, slow, scores, TOKENS, &symbols, FIRST, END);
  assert_close(fast, slow, TOKENS * (END - FIRST), 1e-6, "logits");
  free_factored(&symbols), lati_free(scores);
  fixture_close(&f);
}
END_TEST

/* The choice and its loss among the symbols of ranges, as from masked logits. */
START_TEST(choices_of_factored_symbols_are_those_of_their_logits) {
  enum { TOKENS = 6 };
  fixture f;
  lati_factored_symbols symbols;
  fixture_open(&f, 2);
  make_factored(&symbols, &f);
  const int32_t all = symbols.symbols;
  const lati_allowed allowed[TOKENS] = {
      {1, {{0, all}}}, {1, {{SPECIAL, all}}},     {3, {{1, 2}, {9, 15}, {15, 700}}},
      {1, {{1, 2}}},   {2, {{800, all}, {0, 2}}}, {2, {{5, 6}, {6, 7}}}};
  const lati_symbol_range span = {0, all};
  float *scores = fixture_random(&f, TOKENS * SCORES), *logits = NEW(&f, float, TOKENS *all);
  for (int i = 0; i < SCORES; ++i) {
    scores[4 * SCORES + i] = roundf(2.0F * scores[4 * SCORES + i]); /* many equals */
  }
  int32_t chosen[TOKENS], expected[TOKENS];
  double loss[TOKENS], expected_loss[TOKENS];
  uint8_t correct[TOKENS];
  const lati_decoding *decoding = lati_backend_f32.decoding;
  decoding->choose_factored(&f.device, chosen, loss, scores, &symbols, allowed, TOKENS);
  lati_backend_f32.factored_logits(&f.device, logits, scores, TOKENS, &symbols, 0, all);
  decoding->mask(logits, span, allowed, TOKENS);
  decoding->choose_largest(&f.device, expected, logits, span, allowed, TOKENS);
  lati_backend_f32.cross_entropy(&f.device, expected_loss, correct, (lati_rows){0}, logits,
                                 expected, TOKENS, all, NULL);
  for (int t = 0; t < TOKENS; ++t) {
    ck_assert_int_eq(chosen[t], expected[t]);
    ck_assert_double_eq_tol(loss[t], expected_loss[t], 2e-6);
  }
  free_factored(&symbols);
  lati_free(scores), lati_free(logits);
  fixture_close(&f);
}
END_TEST

START_TEST(scores_that_are_not_numbers_choose_what_is_allowed) {
  fixture f;
  lati_factored_symbols symbols;
  fixture_open(&f, 1);
  make_factored(&symbols, &f);
  const lati_allowed allowed = {1, {{7, 9}}};
  float scores[SCORES];
  double loss = 0.0;
  for (int i = 0; i < SCORES; ++i) {
    scores[i] = NAN;
  }
  const int32_t chosen = lati_choose_factored(&loss, scores, &symbols, &allowed);
  ck_assert(chosen == 7 && isnan(loss));
  free_factored(&symbols);
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
  lati_backend_f32.cross_entropy(&f.device, loss, correct, lati_floats(logits, 3), logits, targets,
                                 2, 3, NULL);
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
  lati_backend_f32.cross_entropy(&f.device, &loss, &correct, lati_floats(logits, 3), logits,
                                 &target, 1, 3, NULL);
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
  lati_backend_f32.cross_entropy(&f->device, loss, correct, lati_floats(logits, VOCABULARY), logits,
                                 ids, TOKENS, VOCABULARY, NULL);
  lati_backend_f32.embedding_backward(&f->device, logits + TOKENS * VOCABULARY, values, ids, TOKENS,
                                      WIDTH);
  lati_free(loss), lati_free(correct), lati_free(ids), lati_free(values);
}

START_TEST(threads_do_not_change_the_bits) {
  assert_same_at_any_threads(whole_loss, NULL, (37 * 1203 + 7 * 150) * sizeof(float));
}
END_TEST

int main(void) {
  const TTest *tests[] = {embedding_agrees_with_the_twin,
                          cross_entropy_agrees_with_the_twin,
                          spread_targets_agree_with_the_twin,
                          factored_symbols_agree_with_the_twin,
                          factored_logits_agree_with_the_twin,
                          choices_of_factored_symbols_are_those_of_their_logits,
                          scores_that_are_not_numbers_choose_what_is_allowed,
                          a_certain_answer_costs_nothing,
                          a_nan_shows_in_the_loss,
                          threads_do_not_change_the_bits};
  return run_suite("symbols", tests, sizeof tests / sizeof *tests);
}
