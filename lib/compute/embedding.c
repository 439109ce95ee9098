#include "compute/ops.h"
#include "compute/vector.h"

#include <string.h>

typedef struct lookup {
  const lati_vector *vector;
  float *x;
  const float *table;
  const int32_t *ids;
  int64_t tokens, width;
  int accumulate;
} lookup;

static void forward_block(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const lookup *l = argument;
  int64_t first = task * LATI_TOKEN_BLOCK;
  int64_t end = lati_least(l->tokens, first + LATI_TOKEN_BLOCK);
  for (int64_t t = first; t < end; ++t) {
    float *x = l->x + t * l->width;
    const float *row = l->table + l->ids[t] * l->width;
    if (l->accumulate && l->ids[t] >= 0) {
      l->vector->add(x, row, l->width);
    } else if (!l->accumulate && l->ids[t] >= 0) {
      memcpy(x, row, (size_t)l->width * sizeof *x);
    } else if (!l->accumulate) {
      memset(x, 0, (size_t)l->width * sizeof *x);
    }
  }
}

void lati_embedding_forward(const lati_device *device, float *x, const float *table,
                            const int32_t *ids, int64_t tokens, int32_t width, int accumulate) {
  lookup l = {lati_vector_best(), x, table, ids, tokens, width, accumulate};
  lati_pool_run(device->pool, forward_block, &l, lati_blocks(tokens, LATI_TOKEN_BLOCK));
}

typedef struct scatter {
  const lati_vector *vector;
  float *d_table;
  const float *d_x;
  const int32_t *ids;
  int64_t tokens, width;
} scatter;

/* Columns that a task owns: fewer where the width makes few tasks of whole blocks. */
static int64_t columns_of(int64_t width) {
  enum { LEAST = 32 };
  return width > LATI_COLUMN_BLOCK ? LATI_COLUMN_BLOCK : LEAST;
}

/* Equal ids add up in the order of the tokens: a task owns columns, not tokens. */
static void backward_columns(void *argument, int64_t task, int32_t worker) {
  (void)worker;
  const scatter *s = argument;
  const int64_t size = columns_of(s->width);
  const int64_t first = task * size, n = lati_least(size, s->width - first);
  for (int64_t t = 0; t < s->tokens; ++t) {
    if (s->ids[t] >= 0) {
      s->vector->add(s->d_table + s->ids[t] * s->width + first, s->d_x + t * s->width + first, n);
    }
  }
}

void lati_embedding_backward(const lati_device *device, float *d_table, const float *d_x,
                             const int32_t *ids, int64_t tokens, int32_t width) {
  scatter s = {lati_vector_best(), d_table, d_x, ids, tokens, width};
  lati_pool_run(device->pool, backward_columns, &s, lati_blocks(width, columns_of(width)));
}
