/* Attention, head by head, over tiles in scratch memory. */
#ifndef LATI_ATTENTION_H
#define LATI_ATTENTION_H

#include "compute/dropout.h"
#include "compute/ops.h"
#include "compute/panel.h"
#include "compute/vector.h"

#include <math.h>

/* The most of queries and keys that meet at once, and of a head's width that is summed at once.
 * What is causal is cut finer, since half of it is not seen. */
enum {
  LATI_QUERIES = 96,
  LATI_CAUSAL_QUERIES = 48,
  LATI_KEYS = 96,
  LATI_DEPTH = 64,
  LATI_KEY_PANELS = (LATI_KEYS + LATI_PANEL - 1) / LATI_PANEL
};

/* One head's piece of the ragged batch: `queries` rows against `keys` rows of one head. */
typedef struct lati_head {
  const lati_vector *vector;
  int64_t first_query, first_key, queries, keys, column; /* rows and column of views */
  int64_t sequence;
  int64_t width; /* of the head */
  float scale;   /* 1 / sqrt(width) */
  int64_t query_block, key_block;
  int causal;
} lati_head;

/* Block size that cuts `extent` as evenly as vectors allow into pieces of at most `most`. */
static inline int64_t lati_even_block(int64_t extent, int64_t most) {
  int64_t pieces = lati_blocks(extent, most);
  return pieces <= 1 ? most : lati_least(most, lati_blocks(lati_blocks(extent, pieces), 16) * 16);
}

static inline lati_head lati_head_of(const lati_attention *shape, int64_t sequence, int64_t head) {
  int64_t query = shape->q_offsets[sequence], key = shape->k_offsets[sequence];
  const int64_t queries = shape->q_offsets[sequence + 1] - query;
  const int64_t keys = shape->k_offsets[sequence + 1] - key;
  const int64_t most = shape->causal ? LATI_CAUSAL_QUERIES : LATI_QUERIES;
  return (lati_head){.vector = lati_vector_best(),
                     .first_query = query,
                     .first_key = key,
                     .queries = queries,
                     .keys = keys,
                     .query_block = lati_even_block(queries, most),
                     .key_block = lati_even_block(keys, LATI_KEYS),
                     .sequence = sequence,
                     .column = head * shape->head_width,
                     .width = shape->head_width,
                     .scale = 1.0F / sqrtf((float)shape->head_width),
                     .causal = shape->causal};
}

static inline lati_rows lati_head_query(const lati_head *head, lati_rows rows, int64_t query) {
  return lati_rows_at(rows, head->first_query + query, head->column);
}

static inline lati_rows lati_head_key(const lati_head *head, lati_rows rows, int64_t key) {
  return lati_rows_at(rows, head->first_key + key, head->column);
}

/* How many of the keys j .. j + count - 1 query i sees: they are the first ones. */
static inline int64_t lati_head_visible(const lati_head *head, int64_t i, int64_t j,
                                        int64_t count) {
  int64_t seen = head->causal ? i + 1 - j : count;
  return seen < 0 ? 0 : lati_least(seen, count);
}

/* What one task takes: all heads of a sequence, so that rows are fetched whole, or one of them
 * where there are few sequences. */
typedef struct lati_heads {
  int64_t sequence, first, count;
} lati_heads;

static inline int64_t lati_heads_together(const lati_attention *shape) {
  enum { ENOUGH = 16 };
  return shape->sequences < ENOUGH ? 1 : shape->heads;
}

static inline int64_t lati_attention_tasks(const lati_attention *shape) {
  return shape->sequences * shape->heads / lati_heads_together(shape);
}

static inline lati_heads lati_heads_of(const lati_attention *shape, int64_t task) {
  const int64_t together = lati_heads_together(shape), head = task * together;
  return (lati_heads){head / shape->heads, head % shape->heads, together};
}

/* Asks for the rows of a sequence (offsets: of queries or of keys): head by head they lie apart. */
static inline __attribute__((always_inline)) void lati_fetch_sequence(lati_rows x,
                                                                      const int64_t *offsets,
                                                                      const lati_attention *shape,
                                                                      const lati_heads *heads) {
  enum { MOST = 128 };
  const int64_t first = offsets[heads->sequence], end = offsets[heads->sequence + 1];
  lati_fetch_rows(lati_rows_at(x, first, heads->first * shape->head_width),
                  lati_least(end - first, MOST), heads->count * shape->head_width);
}

/* What both directions work on. The gradients are none in the forward one. */
typedef struct lati_attention_pass {
  const lati_panel_kernel *kernel;
  lati_rows q, k, v, o, d_q, d_k, d_v, d_o;
  float *lse; /* written by the forward direction, read by the backward one */
  const lati_attention *shape;
  unsigned char *tiles; /* tile_bytes for each worker */
  size_t tile_bytes;
} lati_attention_pass;

static inline void *lati_attention_tile(const lati_attention_pass *pass, int32_t worker) {
  return pass->tiles + (size_t)worker * pass->tile_bytes;
}

/* A query's place among the log-sum-exps. */
static inline float *lati_head_lse(const lati_attention_pass *pass, const lati_head *head,
                                   int64_t query) {
  return pass->lse + (head->first_query + query) * pass->shape->heads + head->column / head->width;
}

/* Dropout of a query's probabilities, or of their gradients, for keys from j on. */
static inline void lati_head_mask(const lati_attention_pass *pass, const lati_head *head, float *p,
                                  int64_t stride, int64_t query, int64_t j, int64_t count) {
  if (pass->shape->dropout != NULL) {
    const lati_masked_query masked = {head->sequence, query, head->keys,
                                      head->column / head->width};
    lati_attention_mask(p, stride, pass->shape->dropout, &masked, j, count);
  }
}

static inline int64_t lati_attention_longest(const lati_attention *shape) {
  int64_t longest = 0;
  for (int64_t s = 0; s < shape->sequences; ++s) {
    const int64_t queries = shape->q_offsets[s + 1] - shape->q_offsets[s];
    longest = queries > longest ? queries : longest;
  }
  return longest;
}

/* One head whose keys fit into one block (attention_short.c), which is most of them. */
static inline int lati_head_is_short(const lati_head *head) {
  return head->keys <= LATI_KEYS;
}
void lati_attention_short_forward(void *tile, const lati_attention_pass *pass,
                                  const lati_head *head);
void lati_attention_short_backward(void *tile, const lati_attention_pass *pass,
                                   const lati_head *head);

/* Bytes that each takes for each worker. */
size_t lati_attention_short_scratch(int32_t head_width);
size_t lati_attention_forward_scratch(int32_t head_width);
size_t lati_attention_backward_scratch(int64_t longest, int32_t head_width);

/* Bytes of a tile and `floats` of sums behind it. */
static inline size_t lati_tile_bytes(size_t tile, int64_t floats) {
  const size_t bytes = tile + (size_t)floats * sizeof(float);
  return (bytes + LATI_ALIGNMENT - 1) / LATI_ALIGNMENT * LATI_ALIGNMENT;
}

/* Sums (m, width) to rows of either type. */
static inline void lati_store_sums(const lati_panel_kernel *kernel, lati_rows y, const float *sums,
                                   int64_t m, int64_t width) {
  const lati_finish finish = {.y = y};
  kernel->finish(&finish, sums, width, m, width);
}

/* Panels of keys^T: keys (n, depth) of a head. */
static inline void lati_pack_keys(const lati_panel_kernel *kernel, uint32_t *dst, lati_rows keys,
                                  int64_t n, int64_t depth) {
  const int64_t words = lati_words(kernel, depth);
  for (int64_t j = 0; j < n; j += LATI_PANEL) {
    kernel->panel_of_columns(dst + j * words, words, lati_rows_at(keys, j, 0),
                             lati_least(LATI_PANEL, n - j), depth);
  }
}

#endif
