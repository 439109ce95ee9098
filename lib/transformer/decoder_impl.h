/* The decoder behind its handle. */
#ifndef LATI_DECODER_IMPL_H
#define LATI_DECODER_IMPL_H

#include "transformer/decode_step.h"
#include "transformer/key_value_cache.h"
#include "transformer/query_batch.h"

#include <string.h>

/* Symbol or its three factors, position, row and column. */
enum { LATI_STEP_LOOKUPS = 6 };

struct lati_decoder {
  lat_context *ctx;
  const lat_model *model;
  const lati_device *device;
  lati_workspace *workspace;
  int32_t max_length, position;
  int64_t count; /* rows of the last step */

  /* Keys and values are kept as the products' precision is: in bf16, or as they are; states of
   * recurrent stacks are kept as they are. */
  int32_t narrow, heads, head_width;
  int32_t kv_width; /* floats or words that a key takes, and a value */
  lati_key_value_cache cache;
  int32_t *history, *next_history; /* (rows, max_length): row that held the token at a position */

  lati_query_batch queries; /* an encoder alone: the answers' places in the batch */
  lati_hidden encoded;      /* of lati_encode() */
  const int64_t *source_offsets;
  float *cross;     /* (layers, 2, source tokens, kv_width): keys, then values */
  float *projected; /* (source tokens, 2 width): those of one layer as they are computed */
  float *problem;   /* (passes, pages, 2, LATI_CACHE_PAGE, kv_width): of problems in front of their
                       answers, as the cache has its own */
  float *first;     /* (layers, 2, sources, width): states before the first token */
  size_t cross_capacity, projected_capacity, problem_capacity, first_capacity;
  int64_t source_tokens, sources;
  int32_t *last; /* (sources): place of the problem's last token, of recurrent stacks */
  size_t last_capacity;

  int64_t row_capacity;
  int32_t *ids; /* (LATI_STEP_LOOKUPS, rows): rows of the tables that a token is the sum of */
  lati_hidden x, y, h;   /* (rows, width) */
  float *attended, *qkv; /* (rows, width); (rows, 3 width), of recurrent stacks (rows, 8 width) */
  lati_rows inner;       /* (rows, the ffn's) */
  lati_rows halves;      /* (rows, twice that), of a gated ffn */
  void *operands;        /* memory of inner, of halves, and of narrow rows of x, y and h */
  float *mean, *rstd;
  float *logits;
  float *head_scores; /* (rows, scores) of a factored head; or NULL */
  const float **keys; /* (workers, scratch_keys): where those of a row lie */
  float *scores;      /* (workers, heads, scratch_keys) */
  int64_t scratch_keys;
};

/* One block of a step, over its `count` rows. */
typedef struct lati_decode_call {
  lati_decoder *decoder;
  const lati_decode_row *rows;
  const lati_block *block;
  int32_t pass;
} lati_decode_call;

/* One attention over all rows of a step: queries are the first columns of decoder->qkv, the result
 * goes to decoder->attended. */
typedef struct lati_attend lati_attend;
struct lati_attend {
  const lati_decode_call *call;
  /* Fills in where the keys of a row lie; returns how many there are (compute/decoding.h). */
  int64_t (*find_keys)(const float **keys, const void *attend, int64_t row);
  const float *keys; /* the kind's own */
  int64_t to_value;  /* floats from a key to its value */
  int64_t query_ld;
};

void lati_decoder_attend(const lati_attend *attend);
/* Keys and values of `rows` rows, of the columns from `key` and `value` on; `to` says where they
 * are kept. */
void lati_decoder_keep(const lati_decoder *decoder, lati_rows from, int64_t key, int64_t value,
                       int64_t rows, const lati_keeping *to);
/* y = activation(x W^T + b) + residual over the rows of a step. */
void lati_decoder_linear(lati_decoder *decoder, lati_rows y, const lati_linear *linear, lati_rows x,
                         lati_activation activation, const float *residual);
/* Memory of at least `count` floats, whose contents are lost when it grows. */
lat_status lati_decoder_reserve(float **block, size_t *capacity, const lati_decoder *decoder,
                                int64_t count);

#endif
