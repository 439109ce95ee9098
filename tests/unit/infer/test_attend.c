/* Attention of one query, in every instruction set of this machine, against doubles. */
#include "compute/vector.h"
#include "suite.h"

#include <math.h>
#include <string.h>

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
  float narrow[MOST_KEYS][2 * MOST_WIDTH + GUARD];
  float scores[8 * MOST_KEYS + GUARD];
  const float *kv[MOST_KEYS], *narrow_kv[MOST_KEYS];
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

static void check_result(const scene *s, const lati_vector *vector, int64_t count, int32_t heads,
                         int32_t head_width, double spread) {
  double p[MOST_KEYS];
  int32_t width = heads * head_width;
  for (int32_t h = 0; h < heads; ++h) {
    probabilities(p, s->q, s->kv, count, h, head_width);
    for (int32_t j = h * head_width; j < (h + 1) * head_width; ++j) {
      double exact = 0;
      for (int64_t i = 0; i < count; ++i) {
        exact += p[i] * (double)s->kv[i][width + j];
      }
      ck_assert_msg(fabs((double)s->o[j] - exact) <= 1e-5 * spread,
                    "%s: %d keys, %d x %d: %g, not %g", vector->name, (int)count, heads, head_width,
                    (double)s->o[j], exact);
    }
  }
  for (int i = 0; i < GUARD; ++i) {
    ck_assert_float_eq(s->o[width + i], 7);
    ck_assert_float_eq(s->scores[8 * count + i], 7);
  }
}

/* Rounds keys and values to bf16, in words for the kernel and in place for the comparison. */
static void make_narrow(scene *s, const lati_vector *vector, int64_t count, int32_t heads,
                        int32_t head_width) {
  const int64_t half = lati_narrow_head(head_width);
  for (int64_t i = 0; i < count; ++i) {
    float *kv = s->memory[(i * 31) % MOST_KEYS], *words = s->narrow[(i * 17) % MOST_KEYS];
    words[2 * heads * half] = 7;
    vector->narrow(words, kv, 2 * heads, head_width);
    s->narrow_kv[i] = words;
    ck_assert_float_eq(words[2 * heads * half], 7);
    for (int64_t j = 0; j < (int64_t)2 * heads * head_width; ++j) {
      int exponent;
      double mantissa = frexp((double)kv[j], &exponent); /* eight bits of it are kept */
      kv[j] = (float)ldexp(nearbyint(ldexp(mantissa, 8)), exponent - 8);
    }
  }
}

static void check_shape(const lati_vector *vector, int64_t count, int32_t heads, int32_t head_width,
                        double spread) {
  static scene s;
  build(&s, count, heads * head_width, spread);
  vector->attend(s.o, s.q, s.kv, heads * head_width, count, heads, head_width, s.scores);
  check_result(&s, vector, count, heads, head_width, spread);
  make_narrow(&s, vector, count, heads, head_width);
  vector->attend_narrow(s.o, s.q, s.narrow_kv, heads * lati_narrow_head(head_width), count, heads,
                        head_width, s.scores);
  check_result(&s, vector, count, heads, head_width, spread);
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

static uint32_t narrow_word(const lati_vector *vector, float high, float low) {
  uint32_t word;
  float words, pair[2] = {high, low};
  vector->narrow(&words, pair, 1, 2);
  memcpy(&word, &words, sizeof word);
  return word;
}

static void check_rounding(const lati_vector *vector) {
  ck_assert_uint_eq(narrow_word(vector, 1.0F, -2.0F), 0x3F80C000U);
  ck_assert_uint_eq(narrow_word(vector, 0x1.01p0F, 0x1.03p0F), 0x3F803F82U); /* ties to even */
  ck_assert_uint_eq(narrow_word(vector, 0x1.010002p0F, 0x1.02fffep0F), 0x3F813F81U);
  ck_assert_uint_eq(narrow_word(vector, INFINITY, 0x1.fffffep127F), 0x7F807F80U);
  ck_assert_uint_eq(narrow_word(vector, NAN, -0.0F) & 0x7FC0FFFFU, 0x7FC08000U);
}

START_TEST(narrow_values_are_the_nearest) {
  check_rounding(&lati_vector_portable);
  check_rounding(lati_vector_best());
}
END_TEST

START_TEST(every_table_agrees_with_doubles) {
  check_table(&lati_vector_portable);
#if defined(__x86_64__)
  if (lati_vector_best() != &lati_vector_portable) {
    check_table(&lati_vector_avx2);
  }
  if (lati_vector_best() == &lati_vector_avx512) {
    check_table(&lati_vector_avx512);
  }
#elif defined(__aarch64__)
  check_table(&lati_vector_neon);
#endif
}
END_TEST

int main(void) {
  const TTest *const tests[] = {narrow_values_are_the_nearest, every_table_agrees_with_doubles,
                                NULL};
  return run_suite("attend", tests);
}
