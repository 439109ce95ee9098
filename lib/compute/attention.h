/* Attention of short sequences: one task per (sequence, head), over tiles on the stack. */
#ifndef LATI_ATTENTION_H
#define LATI_ATTENTION_H

#include "compute/ops.h"
#include "compute/vector.h"

#include <math.h>

/* One task's piece of the ragged batch: `queries` rows against `keys` rows of one head. */
typedef struct lati_head {
  const lati_vector *vector;
  int64_t first_query, first_key, queries, keys, column; /* rows and column of views */
  int64_t width;                                         /* of the head */
  float scale;                                           /* 1 / sqrt(width) */
  int causal;
} lati_head;

static inline lati_head lati_head_of(const lati_attention *shape, int64_t task) {
  int64_t sequence = task / shape->heads, head = task % shape->heads;
  int64_t query = shape->q_offsets[sequence], key = shape->k_offsets[sequence];
  return (lati_head){.vector = lati_vector_best(),
                     .first_query = query,
                     .first_key = key,
                     .queries = shape->q_offsets[sequence + 1] - query,
                     .keys = shape->k_offsets[sequence + 1] - key,
                     .column = head * shape->head_width,
                     .width = shape->head_width,
                     .scale = 1.0F / sqrtf((float)shape->head_width),
                     .causal = shape->causal};
}

static inline float *lati_head_query(const lati_head *head, lati_rows rows, int64_t query) {
  return rows.data + (head->first_query + query) * rows.ld + head->column;
}

static inline float *lati_head_key(const lati_head *head, lati_rows rows, int64_t key) {
  return rows.data + (head->first_key + key) * rows.ld + head->column;
}

/* How many of the keys j .. j + count - 1 query i sees: they are the first ones. */
static inline int64_t lati_head_visible(const lati_head *head, int64_t i, int64_t j,
                                        int64_t count) {
  int64_t seen = head->causal ? i + 1 - j : count;
  return seen < 0 ? 0 : lati_least(seen, count);
}

/* Block size that cuts `extent` as evenly as vectors allow into pieces of at most `most`. */
static inline int64_t lati_even_block(int64_t extent, int64_t most) {
  int64_t pieces = lati_blocks(extent, most);
  return pieces <= 1 ? most : lati_least(most, lati_blocks(lati_blocks(extent, pieces), 16) * 16);
}

#endif
