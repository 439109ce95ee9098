#include "base/random.h"

#include <Random123/philox.h>
#include <math.h>

enum { WORDS = 4 };

void lati_random_start(lat_random *random, uint64_t seed, uint32_t stream, uint64_t index) {
  *random = (lat_random){
      .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
      .counter = {0, stream, (uint32_t)index, (uint32_t)(index >> 32)},
      .used = WORDS,
  };
}

static void next_block(lat_random *random) {
  philox4x32_ctr_t counter = {{0}};
  philox4x32_key_t key = {{random->key[0], random->key[1]}};
  for (int i = 0; i < WORDS; ++i) {
    counter.v[i] = random->counter[i];
  }
  const philox4x32_ctr_t block = philox4x32_R(10, counter, key);
  for (int i = 0; i < WORDS; ++i) {
    random->words[i] = block.v[i];
  }
  ++random->counter[0];
  random->used = 0;
}

void lati_random_skip(lat_random *random, uint32_t blocks) {
  random->counter[0] += blocks;
}

uint32_t lati_random_u32(lat_random *random) {
  if (random->used == WORDS) {
    next_block(random);
  }
  return random->words[random->used++];
}

uint64_t lati_random_u64(lat_random *random) {
  const uint64_t low = lati_random_u32(random);
  return low | (uint64_t)lati_random_u32(random) << 32;
}

double lat_random_uniform(lat_random *random) {
  return random == NULL ? 0 : (double)(lati_random_u64(random) >> 11) * 0x1p-53;
}

/* Box-Muller: sqrt(-2 ln u) (cos 2 pi v, sin 2 pi v), with u on (0, 1]. */
double lat_random_normal(lat_random *random) {
  if (random == NULL) {
    return 0;
  }
  if (random->has_spare) {
    random->has_spare = 0;
    return random->spare;
  }
  const double radius = sqrt(-2.0 * log(1.0 - lat_random_uniform(random)));
  const double angle = 6.283185307179586476925 * lat_random_uniform(random);
  random->spare = radius * sin(angle);
  random->has_spare = 1;
  return radius * cos(angle);
}

/* Lemire's multiply-and-shift: the high word of u * range is uniform once the products whose low
 * word lies below 2^32 mod range are drawn again. */
int32_t lat_random_integer(lat_random *random, int32_t low, int32_t high) {
  if (random == NULL) {
    return 0;
  }
  if (high <= low) {
    return low;
  }
  const uint64_t range = (uint64_t)((int64_t)high - low) + 1;
  const uint32_t excess = (uint32_t)((UINT64_C(1) << 32) % range);
  uint64_t product = 0;
  do {
    product = lati_random_u32(random) * range;
  } while ((uint32_t)product < excess);
  return (int32_t)((int64_t)low + (int64_t)(product >> 32));
}
