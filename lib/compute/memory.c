/* The memory of the processor: blocks of the context's allocator, which every operation and the
 * host alike can reach. */
#include "compute/memory.h"

#include <math.h>
#include <string.h>

static void release(const lati_device *device, void *block) {
  (void)device;
  lati_free(block);
}

static void copy_bytes(const lati_device *device, void *to, const void *from, size_t bytes) {
  (void)device;
  memcpy(to, from, bytes);
}

static lat_status map_itself(void **host, const lat_context *ctx, void *x, size_t bytes) {
  (void)ctx;
  (void)bytes;
  *host = x;
  return LAT_OK;
}

static void unmap_itself(const lati_device *device, void *x, void *host, size_t bytes) {
  (void)device;
  (void)x;
  (void)host;
  (void)bytes;
}

static void fill(const lati_device *device, float *x, float value, size_t count) {
  (void)device;
  if (value == 0 && !signbit(value)) {
    memset(x, 0, count * sizeof *x);
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    x[i] = value;
  }
}

static void swap_floats(const lati_device *device, float *restrict a, float *restrict b,
                        size_t count) {
  (void)device;
  for (size_t i = 0; i < count; ++i) {
    const float kept = a[i];
    a[i] = b[i];
    b[i] = kept;
  }
}

static void copy_rows(const lati_device *device, float *to, int64_t to_ld, const float *from,
                      int64_t from_ld, const int32_t *rows, int64_t count, int64_t width) {
  (void)device;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = rows == NULL ? i : rows[i];
    if (row >= 0) {
      memcpy(to + i * to_ld, from + row * from_ld, (size_t)width * sizeof *to);
    }
  }
}

static size_t find_nonfinite(const lati_device *device, const float *x, size_t count) {
  (void)device;
  size_t i = 0;
  while (i < count && isfinite(x[i])) {
    ++i;
  }
  return i;
}

const lati_memory lati_host_memory = {.allocate = lati_alloc,
                                      .release = release,
                                      .read = copy_bytes,
                                      .write = copy_bytes,
                                      .map = map_itself,
                                      .unmap = unmap_itself,
                                      .copy = copy_bytes,
                                      .fill = fill,
                                      .swap = swap_floats,
                                      .copy_rows = copy_rows,
                                      .find_nonfinite = find_nonfinite};
