/* Dropout of attention's probabilities: each is kept and scaled by 1 / (1 - rate), or becomes zero.
 * The numbers of a query and head are a stream of their own, a number a key, so that blocks of any
 * shape and both directions see the same mask. */
#include "compute/attention_mask.h"

#include "base/random.h"

enum { NUMBERS_A_BLOCK = 4 };

void lati_attention_mask(float *p, int64_t stride, const lati_attention *shape, int64_t row,
                         int64_t first, int64_t count) {
  const lati_dropout *dropout = shape->dropout;
  const double threshold = dropout->rate * 4294967296.0;
  const float scale = (float)(1.0 / (1.0 - dropout->rate));
  lat_random random;
  lati_random_start(&random, dropout->seed, LATI_STREAM_ATTENTION + (uint32_t)row,
                    dropout->step << 36 | (uint64_t)dropout->site << 21);
  lati_random_skip(&random, (uint32_t)(first / NUMBERS_A_BLOCK));
  for (int64_t i = 0; i < count; ++i) {
    const int keep = (double)lati_random_u32(&random) >= threshold;
    p[i * stride] = keep ? scale * p[i * stride] : 0.0F;
  }
}
