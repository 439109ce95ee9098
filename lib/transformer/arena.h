/* One block of memory handed out in aligned pieces. Planning runs twice over the same calls:
 * without a base the arena only counts the bytes, with one it hands them out. */
#ifndef LATI_ARENA_H
#define LATI_ARENA_H

#include "compute/backend.h"

/* Values (tokens, width), and the same rows as products take them: the values themselves in f32, or
 * bf16 rows beside them. */
typedef struct lati_hidden {
  float *values;
  lati_rows operand;
} lati_hidden;

typedef struct lati_arena {
  const lati_backend *backend; /* whose operands it holds */
  unsigned char *base;         /* NULL: only count */
  size_t used;
} lati_arena;

static inline void *lati_take(lati_arena *from, int64_t count, size_t size) {
  void *block = from->base == NULL ? NULL : from->base + from->used;
  const size_t bytes = (size_t)count * size;
  from->used += (bytes + LATI_ALIGNMENT - 1) / LATI_ALIGNMENT * LATI_ALIGNMENT;
  return block;
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
