/* Attention of one query over cached keys and values. Included by vector_kernels.h, in whose terms
 * it is, and by nothing else. */

enum { KEYS = 4 };

/* scores[i] = q k_i for up to KEYS keys, whose n columns begin at `at`. */
INLINE void score_keys(float *scores, const float *q, const float *const *kv, int64_t at, int64_t n,
                       const int keys) {
  vec sum[KEYS] = {v_set(0.0F), v_set(0.0F), v_set(0.0F), v_set(0.0F)};
  FOR_LANES(i, mask, n) {
    vec query = v_load_part(q + at + i, mask);
    for (int k = 0; k < keys; ++k) {
      sum[k] = v_fma(query, v_load_part(kv[k] + at + i, mask), sum[k]);
    }
  }
  for (int k = 0; k < keys; ++k) {
    scores[k] = v_sum(sum[k]);
  }
}

/* o += sum of p_i v_i over up to KEYS values, whose n columns begin at `at`. */
INLINE void mix_values(float *o, const float *p, const float *const *kv, int64_t at, int64_t n,
                       const int keys) {
  FOR_LANES(i, mask, n) {
    vec sum = v_load_part(o + i, mask);
    for (int k = 0; k < keys; ++k) {
      sum = v_fma(v_set(p[k]), v_load_part(kv[k] + at + i, mask), sum);
    }
    v_store_part(o + i, mask, sum);
  }
}

/* A few keys after another and all heads of each together, so that the cache is read once and in
 * order. */
static void attend(float *o, const float *q, const float *const *kv, int64_t count, int32_t heads,
                   int32_t head_width, float *scores) {
  const int64_t width = (int64_t)heads * head_width, even = count - count % KEYS;
  const float factor = 1.0F / sqrtf((float)head_width);
  for (int64_t i = 0; i < count; i += i < even ? KEYS : 1) {
    for (int32_t h = 0; h < heads; ++h) {
      if (i < even) {
        score_keys(scores + h * count + i, q, kv + i, h * head_width, head_width, KEYS);
      } else {
        score_keys(scores + h * count + i, q, kv + i, h * head_width, head_width, 1);
      }
    }
  }
  for (int32_t h = 0; h < heads; ++h) {
    float *p = scores + h * count;
    float sum = exponential(p, p, factor, factor * maximum(p, count), count);
    FOR_LANES(i, mask, count) {
      v_store_part(p + i, mask, v_load_part(p + i, mask) / v_set(sum));
    }
  }
  memset(o, 0, (size_t)width * sizeof *o);
  for (int64_t i = 0; i < count; i += i < even ? KEYS : 1) {
    for (int32_t h = 0; h < heads; ++h) {
      int64_t at = (int64_t)h * head_width;
      if (i < even) {
        mix_values(o + at, scores + h * count + i, kv + i, width + at, head_width, KEYS);
      } else {
        mix_values(o + at, scores + h * count + i, kv + i, width + at, head_width, 1);
      }
    }
  }
}
