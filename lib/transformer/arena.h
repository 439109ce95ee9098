/* Two blocks of memory handed out in aligned pieces: the device's for numbers, the host's for ids
 * and offsets. Planning runs twice over the same calls: without a base the arena only counts the
 * bytes, with one it hands them out. */
#ifndef LATI_ARENA_H
#define LATI_ARENA_H

#include "compute/backend.h"

/* Values (tokens, width), and the same rows as products take them: the values themselves in f32, or
 * bf16 rows beside them. */
typedef struct lati_hidden {
  float *values;
  lati_rows operand;
} lati_hidden;

typedef struct lati_region {
  unsigned char *base; /* NULL: only count */
  size_t used;
} lati_region;

typedef struct lati_arena {
  const lati_backend *backend; /* whose operands it holds */
  lati_region device, host;
} lati_arena;

static inline void *lati_take_from(lati_region *region, int64_t count, size_t size) {
  void *block = region->base == NULL ? NULL : region->base + region->used;
  const size_t bytes = (size_t)count * size;
  region->used += (bytes + LATI_ALIGNMENT - 1) / LATI_ALIGNMENT * LATI_ALIGNMENT;
  return block;
}

/* Memory of the device, for numbers. */
static inline void *lati_take(lati_arena *from, int64_t count, size_t size) {
  return lati_take_from(&from->device, count, size);
}

/* Memory of the host. */
static inline void *lati_take_on_host(lati_arena *from, int64_t count, size_t size) {
  return lati_take_from(&from->host, count, size);
}

static inline float *lati_take_floats(lati_arena *from, int64_t rows, int64_t cols) {
  return lati_take(from, rows * cols, sizeof(float));
}

/* Rows of operands, of the type that the backend's products read. */
static inline lati_rows lati_take_operand(lati_arena *from, int64_t rows, int64_t width) {
  const int64_t bytes = lati_operand_bytes(from->backend, rows, width);
  return lati_operand(from->backend, lati_take(from, bytes, 1),
                      lati_operand_ld(from->backend, width));
}

static inline lati_hidden lati_take_hidden(lati_arena *from, int64_t rows, int64_t width) {
  lati_hidden hidden = {.values = lati_take_floats(from, rows, width)};
  hidden.operand = from->backend->narrow ? lati_take_operand(from, rows, width)
                                         : lati_floats(hidden.values, width);
  return hidden;
}

#endif
