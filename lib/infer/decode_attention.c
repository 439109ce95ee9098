#include "infer/decode_attention.h"

#include <math.h>

enum { LANES = 16 };

/* Sums in LANES partial sums, an order that vector registers of any width keep. */
static float dot(const float *a, const float *b, int32_t n) {
  float lane[LANES] = {0};
  int32_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    for (int32_t j = 0; j < LANES; ++j) {
      lane[j] += a[i + j] * b[i + j];
    }
  }
  for (int32_t j = 0; i < n; ++i, ++j) {
    lane[j] += a[i] * b[i];
  }
  for (int32_t half = LANES / 2; half > 0; half /= 2) {
    for (int32_t j = 0; j < half; ++j) {
      lane[j] += lane[j + half];
    }
  }
  return lane[0];
}

static void softmax(float *scores, int64_t count) {
  float largest = scores[0];
  for (int64_t i = 1; i < count; ++i) {
    largest = scores[i] > largest ? scores[i] : largest;
  }
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    scores[i] = expf(scores[i] - largest);
    sum += scores[i];
  }
  for (int64_t i = 0; i < count; ++i) {
    scores[i] /= sum;
  }
}

static void add_scaled(float *o, const float *v, float factor, int32_t n) {
  for (int32_t i = 0; i < n; ++i) {
    o[i] += factor * v[i];
  }
}

/* Keys outermost: each cached row is read once, all heads of it together. */
void lati_attend(float *o, const float *q, const float *const *kv, int64_t count, int32_t heads,
                 int32_t head_width, float *scores) {
  int32_t width = heads * head_width;
  float scale = 1.0F / sqrtf((float)head_width);
  for (int64_t i = 0; i < count; ++i) {
    for (int32_t h = 0; h < heads; ++h) {
      int32_t at = h * head_width;
      scores[h * count + i] = scale * dot(q + at, kv[i] + at, head_width);
    }
  }
  for (int32_t h = 0; h < heads; ++h) {
    softmax(scores + h * count, count);
  }
  for (int32_t i = 0; i < width; ++i) {
    o[i] = 0;
  }
  for (int64_t i = 0; i < count; ++i) {
    for (int32_t h = 0; h < heads; ++h) {
      int32_t at = h * head_width;
      add_scaled(o + at, kv[i] + width + at, scores[h * count + i], head_width);
    }
  }
}
