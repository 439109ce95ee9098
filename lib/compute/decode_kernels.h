/* Loops for decoding one token at a time, where nothing is shared between rows and speed is that of
 * memory. Included by vector_kernels.h, whose vec and v_* they are in terms of, and by nothing
 * else. */

/* w x for one row w of a matrix. Four running sums: the row is read as one stream. */
INLINE float stream_dot(const float *w, const float *x, int64_t n) {
  vec sum[4] = {v_set(0.0F), v_set(0.0F), v_set(0.0F), v_set(0.0F)};
  int64_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    sum[0] = v_fma(v_load(w + i), v_load(x + i), sum[0]);
    sum[1] = v_fma(v_load(w + i + LANES), v_load(x + i + LANES), sum[1]);
    sum[2] = v_fma(v_load(w + i + 2 * LANES), v_load(x + i + 2 * LANES), sum[2]);
    sum[3] = v_fma(v_load(w + i + 3 * LANES), v_load(x + i + 3 * LANES), sum[3]);
  }
  for (; i < n; i += LANES) {
    vec_mask mask = v_mask(n - i);
    sum[0] = v_fma(v_load_part(w + i, mask), v_load_part(x + i, mask), sum[0]);
  }
  return v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

static void matvec(float *y, const float *w, int64_t ldw, const float *x, int64_t m, int64_t n) {
  for (int64_t i = 0; i < m; ++i) {
    y[i] = stream_dot(w + i * ldw, x, n);
  }
}

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
