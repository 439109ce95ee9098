/* Attention of one query over cached keys and values, which are floats or narrow: two bf16 to a
 * word, element j of a head in the high half and element j + half in the low one, where half is
 * half a head's width, rounded up. Included by vector_kernels.h, in whose terms it is, and by
 * nothing else. */

enum { TOGETHER = 4 }; /* that are worked on together */

typedef int32_t vec_bits __attribute__((vector_size(sizeof(vec))));

INLINE vec high_half(vec words) {
  return (vec)((vec_bits)words & (int32_t)0xFFFF0000);
}

INLINE vec low_half(vec words) {
  return (vec)((vec_bits)words << 16);
}

static void narrow(float *dst, const float *src, int32_t heads, int32_t head_width) {
  const int64_t half = lati_narrow_head(head_width);
  for (int32_t h = 0; h < heads; ++h) {
    for (int64_t j = 0; j < half; ++j) {
      float low = half + j < head_width ? src[half + j] : 0.0F;
      uint32_t word = (rounded_bits(src[j]) & 0xFFFF0000U) | rounded_bits(low) >> 16;
      memcpy(&dst[j], &word, sizeof word);
    }
    src += head_width;
    dst += half;
  }
}

/* One head of one attention: its query, its columns of the result, its scores. */
typedef struct head_view {
  const float *q;
  float *o, *scores;
  int64_t at; /* where its columns begin, from the start of a key */
  int64_t width;
} head_view;

INLINE void score_keys(const head_view *head, int64_t first, const float *const *keys,
                       const int count) {
  vec sum[TOGETHER] = {v_set(0.0F), v_set(0.0F), v_set(0.0F), v_set(0.0F)};
  FOR_LANES(i, mask, head->width) {
    vec q = v_load_part(head->q + i, mask);
    for (int k = 0; k < count; ++k) {
      sum[k] = v_fma(q, v_load_part(keys[first + k] + head->at + i, mask), sum[k]);
    }
  }
  for (int k = 0; k < count; ++k) {
    head->scores[first + k] = v_sum(sum[k]);
  }
}

/* o += sum of p_i v_i. */
INLINE void mix_values(const head_view *head, int64_t first, const float *const *keys,
                       const int count) {
  FOR_LANES(i, mask, head->width) {
    vec sum = v_load_part(head->o + i, mask);
    for (int k = 0; k < count; ++k) {
      vec value = v_load_part(keys[first + k] + head->at + i, mask);
      sum = v_fma(v_set(head->scores[first + k]), value, sum);
    }
    v_store_part(head->o + i, mask, sum);
  }
}

/* Lanes of the low half at word i, which has one element less when the width is odd. */
INLINE vec_mask low_mask(const head_view *head, int64_t i) {
  int64_t left = head->width - lati_narrow_head(head->width) - i;
  return v_mask(left > 0 ? left : 0);
}

INLINE void score_narrow(const head_view *head, int64_t first, const float *const *keys,
                         const int count) {
  const int64_t half = lati_narrow_head(head->width);
  vec sum[TOGETHER] = {v_set(0.0F), v_set(0.0F), v_set(0.0F), v_set(0.0F)};
  FOR_LANES(i, mask, half) {
    vec high = v_load_part(head->q + i, mask);
    vec low = v_load_part(head->q + half + i, low_mask(head, i));
    for (int k = 0; k < count; ++k) {
      vec words = v_load_part(keys[first + k] + head->at + i, mask);
      sum[k] = v_fma(low, low_half(words), v_fma(high, high_half(words), sum[k]));
    }
  }
  for (int k = 0; k < count; ++k) {
    head->scores[first + k] = v_sum(sum[k]);
  }
}

INLINE void mix_narrow(const head_view *head, int64_t first, const float *const *keys,
                       const int count) {
  const int64_t half = lati_narrow_head(head->width);
  FOR_LANES(i, mask, half) {
    vec_mask mask_low = low_mask(head, i);
    vec high = v_load_part(head->o + i, mask), low = v_load_part(head->o + half + i, mask_low);
    for (int k = 0; k < count; ++k) {
      vec words = v_load_part(keys[first + k] + head->at + i, mask);
      vec p = v_set(head->scores[first + k]);
      high = v_fma(p, high_half(words), high);
      low = v_fma(p, low_half(words), low);
    }
    v_store_part(head->o + i, mask, high);
    v_store_part(head->o + half + i, mask_low, low);
  }
}

INLINE void softmax_row(float *p, float factor, int64_t count) {
  float sum = exponential(p, p, factor, factor * maximum(p, count), count);
  FOR_LANES(i, mask, count) {
    v_store_part(p + i, mask, v_load_part(p + i, mask) / v_set(sum));
  }
}

typedef void head_step(const head_view *head, int64_t first, const float *const *keys,
                       const int count);

/* The same columns of the keys that come next: they are read once, from far away. */
INLINE void fetch_columns(const float *const *keys, int64_t at, int64_t columns) {
  enum { LINE = 16 };
  for (int64_t j = 0; j < columns; j += LINE) {
    for (int k = 0; k < TOGETHER; ++k) {
      __builtin_prefetch(keys[k] + at + j);
    }
  }
}

/* A few keys after another and all heads of each together, so that the cache is read in order. */
INLINE void each_head(head_step *step, head_view head, const float *const *keys, int64_t count,
                      int32_t heads, int64_t columns) {
  const head_view start = head;
  const int64_t even = count - count % TOGETHER;
  for (int64_t i = 0; i < count; i += i < even ? TOGETHER : 1) {
    head = start;
    for (int32_t h = 0; h < heads; ++h) {
      if (i + TOGETHER < even) {
        fetch_columns(keys + i + TOGETHER, head.at, columns);
      }
      if (i < even) {
        step(&head, i, keys, TOGETHER);
      } else {
        step(&head, i, keys, 1);
      }
      head.q += head.width;
      head.o += head.width;
      head.scores += count;
      head.at += columns;
    }
  }
}

INLINE void attend_with(head_step *score, head_step *mix, float *o, const float *q,
                        const float *const *keys, int64_t to_value, int64_t count, int32_t heads,
                        int32_t head_width, int64_t columns, float *scores) {
  const float factor = 1.0F / sqrtf((float)head_width);
  head_view head = {q, o, scores, 0, head_width};
  each_head(score, head, keys, count, heads, columns);
  for (int32_t h = 0; h < heads; ++h) {
    softmax_row(scores + h * count, factor, count);
  }
  memset(o, 0, (size_t)heads * (size_t)head_width * sizeof *o);
  head.at = to_value;
  each_head(mix, head, keys, count, heads, columns);
}

static void attend(float *o, const float *q, const float *const *keys, int64_t to_value,
                   int64_t count, int32_t heads, int32_t head_width, float *scores) {
  attend_with(score_keys, mix_values, o, q, keys, to_value, count, heads, head_width, head_width,
              scores);
}

static void attend_narrow(float *o, const float *q, const float *const *keys, int64_t to_value,
                          int64_t count, int32_t heads, int32_t head_width, float *scores) {
  attend_with(score_narrow, mix_narrow, o, q, keys, to_value, count, heads, head_width,
              lati_narrow_head(head_width), scores);
}
