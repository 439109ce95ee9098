/* Dropout goes by example and position: the mask of a batch is that of its examples, one by one. */
#include "compute_fixture.h"

#include "compute/dropout.h"

#include <string.h>

enum { WIDTH = 7, SEQUENCES = 4 };

/* More than a task's elements, an empty sequence, and tasks that begin in mid-block. */
static const int64_t offsets[SEQUENCES + 1] = {0, 3, 3, 800, 1400};
static const lati_dropout whole = {
    .rate = 0.3, .seed = 5, .step = 7, .first = 11, .site = 3, .offsets = offsets, .sequences = 4};
enum { ELEMENTS = 1400 * WIDTH };

/* Sequence s alone, as example number first + s. */
static void drop_sequence(fixture *f, float *y, const float *x, int64_t s) {
  const int64_t own[2] = {0, offsets[s + 1] - offsets[s]};
  lati_dropout dropout = whole;
  dropout.first += (uint64_t)s;
  dropout.offsets = own;
  dropout.sequences = 1;
  lati_dropout_forward(&f->device, y + offsets[s] * WIDTH, x + offsets[s] * WIDTH, NULL, WIDTH,
                       &dropout);
}

static void compare_batch(int32_t threads) {
  fixture f;
  fixture_open(&f, threads);
  float *x = fixture_random(&f, ELEMENTS), *y = NEW(&f, float, ELEMENTS);
  float *alone = NEW(&f, float, ELEMENTS);
  double kept = 0;
  lati_dropout_forward(&f.device, y, x, NULL, WIDTH, &whole);
  for (int64_t s = 0; s < SEQUENCES; ++s) {
    drop_sequence(&f, alone, x, s);
  }
  assert_same_bits(y, alone, ELEMENTS * sizeof *y, "masks");
  for (int64_t i = 0; i < ELEMENTS; ++i) {
    kept += y[i] != 0.0F;
    ck_assert(y[i] == 0.0F || y[i] == x[i] * (float)(1 / 0.7));
  }
  ck_assert_double_eq_tol(kept / ELEMENTS, 0.7, 0.02);
  lati_free(alone);
  lati_free(y);
  lati_free(x);
  fixture_close(&f);
}

START_TEST(a_batch_is_its_examples) {
  compare_batch(1);
  compare_batch(3);
}
END_TEST

/* Examples, steps and places in the model have masks of their own. */
START_TEST(masks_differ) {
  fixture f;
  fixture_open(&f, 1);
  const int64_t rows[2] = {0, 10};
  float x[10 * WIDTH], y[4][10 * WIDTH];
  for (int i = 0; i < 10 * WIDTH; ++i) {
    x[i] = 1;
  }
  for (int which = 0; which < 4; ++which) {
    lati_dropout dropout = whole;
    dropout.offsets = rows;
    dropout.sequences = 1;
    dropout.step += which == 1;
    dropout.first += which == 2;
    dropout.site += which == 3;
    lati_dropout_forward(&f.device, y[which], x, NULL, WIDTH, &dropout);
    for (int before = 0; before < which; ++before) {
      ck_assert(memcmp(y[before], y[which], sizeof y[0]) != 0);
    }
  }
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {a_batch_is_its_examples, masks_differ};
  return run_suite("dropout", tests, 2);
}
