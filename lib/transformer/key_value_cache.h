/* Keys and values of the tokens decoded so far. A page holds LATI_CACHE_PAGE positions of every row
 * for one pass of the decoder; pages come as sequences grow longer and stay, so a steady session
 * allocates nothing. Rows never move: which row holds a hypothesis's token at a position is told by
 * its history (decode_step.h). */
#ifndef LATI_KEY_VALUE_CACHE_H
#define LATI_KEY_VALUE_CACHE_H

#include "base/alloc.h"

#define LATI_CACHE_PAGE 16

typedef struct lati_key_value_cache {
  const lat_context *ctx;
  float **pages; /* (page count, passes): (rows, 2, LATI_CACHE_PAGE, width), NULL until needed */
  int32_t passes, width, page_count;
  int64_t rows; /* of every page */
} lati_key_value_cache;

lat_status lati_cache_init(lati_key_value_cache *cache, const lat_context *ctx, int32_t passes,
                           int32_t width, int32_t max_length);
void lati_cache_clear(lati_key_value_cache *cache);
/* Room for `rows` rows; forgets what the cache holds when it has to grow. */
void lati_cache_reserve_rows(lati_key_value_cache *cache, int64_t rows);
/* Room for `position` in every pass. */
lat_status lati_cache_reserve_position(lati_key_value_cache *cache, int32_t position);

/* Floats from a key to its value. */
static inline int64_t lati_cache_to_value(const lati_key_value_cache *cache) {
  return (int64_t)LATI_CACHE_PAGE * cache->width;
}

/* Key (width) of one token. A row's keys of a page lie together, and then its values. */
static inline float *lati_cache_key(const lati_key_value_cache *cache, int32_t pass,
                                    int32_t position, int64_t row) {
  float *page =
      cache->pages[(size_t)(position / LATI_CACHE_PAGE) * (size_t)cache->passes + (size_t)pass];
  return page + row * 2 * lati_cache_to_value(cache) +
         (int64_t)(position % LATI_CACHE_PAGE) * cache->width;
}

#endif
