/* Attention of one query, in every instruction set of this machine, against doubles. */
#include "compute/vector.h"
#include "suite.h"

#include <math.h>

static double pseudo(int64_t i) {
  return (double)((i * 7919 + 13) % 2003) / 1001.5 - 1.0;
}

/* Scores of head h, turned into probabilities. */
static void probabilities(double *p, const float *q, const float *const *kv, int64_t count,
                          int32_t h, int32_t head_width) {
  double largest = -INFINITY, sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    p[i] = 0;
    for (int32_t j = h * head_width; j < (h + 1) * head_width; ++j) {
      p[i] += (double)q[j] * (double)kv[i][j] / sqrt(head_width);
    }
    largest = fmax(largest, p[i]);
  }
  for (int64_t i = 0; i < count; ++i) {
    p[i] = exp(p[i] - largest);
    sum += p[i];
  }
  for (int64_t i = 0; i < count; ++i) {
    p[i] /= sum;
  }
}

enum { MOST_KEYS = 77, MOST_WIDTH = 512, GUARD = 16 };

typedef struct scene {
  float q[MOST_WIDTH], memory[MOST_KEYS][2 * MOST_WIDTH], o[MOST_WIDTH + GUARD];
  float scores[8 * MOST_KEYS + GUARD];
  const float *kv[MOST_KEYS];
} scene;

/* Keys lie apart and not in order. */
static void build(scene *s, int64_t count, int32_t width, double spread) {
  for (int32_t j = 0; j < width; ++j) {
    s->q[j] = (float)(spread * pseudo(j));
  }
  for (int64_t i = 0; i < count; ++i) {
    s->kv[i] = s->memory[(i * 31) % MOST_KEYS];
    for (int32_t j = 0; j < 2 * width; ++j) {
      s->memory[(i * 31) % MOST_KEYS][j] = (float)pseudo(1000 * i + 3 * j);
    }
  }
  for (int i = 0; i < GUARD; ++i) {
    s->o[width + i] = s->scores[8 * count + i] = 7;
  }
}

static void check_shape(const lati_vector *vector, int64_t count, int32_t heads, int32_t head_width,
                        double spread) {
  static scene s;
  double p[MOST_KEYS];
  int32_t width = heads * head_width;
  build(&s, count, width, spread);
  vector->attend(s.o, s.q, s.kv, count, heads, head_width, s.scores);
  for (int32_t h = 0; h < heads; ++h) {
    probabilities(p, s.q, s.kv, count, h, head_width);
    for (int32_t j = h * head_width; j < (h + 1) * head_width; ++j) {
      double exact = 0;
      for (int64_t i = 0; i < count; ++i) {
        exact += p[i] * (double)s.kv[i][width + j];
      }
      ck_assert_msg(fabs((double)s.o[j] - exact) <= 1e-5 * spread,
                    "%s: %d keys, %d x %d: %g, not %g", vector->name, (int)count, heads, head_width,
                    (double)s.o[j], exact);
    }
  }
  for (int i = 0; i < GUARD; ++i) {
    ck_assert_float_eq(s.o[width + i], 7);
    ck_assert_float_eq(s.scores[8 * count + i], 7);
  }
}

static void check_table(const lati_vector *vector) {
  const int64_t counts[] = {1, 2, 3, 4, 5, 8, 31, 77};
  const int32_t widths[] = {1, 7, 13, 16, 32, 43, 64};
  for (size_t c = 0; c < sizeof counts / sizeof *counts; ++c) {
    for (size_t w = 0; w < sizeof widths / sizeof *widths; ++w) {
      check_shape(vector, counts[c], 1, widths[w], 1);
      check_shape(vector, counts[c], 3, widths[w], 1);
      check_shape(vector, counts[c], 8, widths[w], 30); /* one key takes nearly all */
    }
  }
}

START_TEST(every_table_agrees_with_doubles) {
  check_table(&lati_vector_portable);
#if defined(__x86_64__)
  if (lati_vector_best() != &lati_vector_portable) {
    check_table(&lati_vector_avx2);
  }
  if (lati_vector_best() == &lati_vector_avx512) {
    check_table(&lati_vector_avx512);
  }
#endif
}
END_TEST

int main(void) {
  const TTest *const tests[] = {every_table_agrees_with_doubles, NULL};
  return run_suite("attend", tests);
}
