#include "transformer/key_value_cache.h"

#include "compute/backend.h"

lat_status lati_cache_init(lati_key_value_cache *cache, const lat_context *ctx, int32_t passes,
                           int32_t width, int32_t max_length) {
  *cache = (lati_key_value_cache){.ctx = ctx, .passes = passes, .width = width};
  cache->page_count = (max_length + LATI_CACHE_PAGE - 1) / LATI_CACHE_PAGE;
  return LATI_NEW(cache->pages, ctx, (size_t)cache->page_count * (size_t)passes);
}

static void drop_pages(lati_key_value_cache *cache) {
  size_t count = (size_t)cache->page_count * (size_t)cache->passes;
  for (size_t i = 0; cache->pages != NULL && i < count; ++i) {
    lati_device_free(cache->ctx, cache->pages[i]);
    cache->pages[i] = NULL;
  }
}

void lati_cache_clear(lati_key_value_cache *cache) {
  drop_pages(cache);
  lati_free(cache->pages);
  cache->pages = NULL;
}

void lati_cache_reserve_rows(lati_key_value_cache *cache, int64_t rows) {
  if (rows > cache->rows) {
    drop_pages(cache);
    cache->rows = rows;
  }
}

lat_status lati_cache_reserve_position(lati_key_value_cache *cache, int32_t position) {
  size_t first = (size_t)(position / LATI_CACHE_PAGE) * (size_t)cache->passes;
  size_t floats = (size_t)LATI_CACHE_PAGE * (size_t)cache->rows * 2 * (size_t)cache->width;
  lat_status status = LAT_OK;
  for (size_t pass = 0; status == LAT_OK && pass < (size_t)cache->passes; ++pass) {
    if (cache->pages[first + pass] == NULL) {
      status = LATI_NEW_ON_DEVICE(cache->pages[first + pass], cache->ctx, floats);
    }
  }
  return status;
}
