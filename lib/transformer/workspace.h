/* What a pass of a batch through the model computes: activations that backward needs, and scratch
 * memory. All of it lies in one arena that is planned from the batch's token counts. */
#ifndef LATI_WORKSPACE_H
#define LATI_WORKSPACE_H

#include "transformer/transformer.h"

/* What a pass is for. */
typedef enum lati_purpose {
  LATI_ENCODE, /* the encoder's output */
  LATI_SCORE,  /* logits */
  LATI_TRAIN   /* logits and gradients: every layer's activations are kept */
} lati_purpose;

/* A block's residual sum and its LayerNorm (which of them comes first depends on its placement).
 * (tokens, width) each; mean and rstd (tokens). */
typedef struct lati_residual_state {
  float *sum, *mean, *rstd;
  lati_hidden normed;
} lati_residual_state;

/* Rows are operands of products, and narrow where the backend is. */
typedef struct lati_layer_state {
  lati_residual_state self, cross, ffn;
  lati_rows qkv, self_out;     /* (T, 3 width), (T, width) */
  lati_rows q, kv, cross_out;  /* (T, width), (S, 2 width), (T, width) */
  float *self_lse, *cross_lse; /* (T, heads) */
  lati_rows inner, pre;        /* (T, inner); pre: GELU in training alone, else none */
} lati_layer_state;

/* One term of the tokens' embeddings: rows ids[t] of a table. */
typedef struct lati_lookup {
  const float *table;
  int32_t *ids;
  int32_t trained; /* 0: the table is no parameter */
} lati_lookup;

enum { LATI_MAX_LOOKUPS = 6 }; /* three factors, position, row, column */

/* One stack's pass over the batch. */
typedef struct lati_stack_state {
  const lati_stack *stack;
  int64_t tokens, sequences; /* framing included */
  int64_t longest;           /* tokens of a sequence */
  int64_t *offsets;          /* (sequences + 1) */
  lati_lookup lookup[LATI_MAX_LOOKUPS];
  int32_t lookups;
  lati_residual_state embedded; /* the embeddings' sum, and after its LayerNorm */
  lati_layer_state *pass;       /* one per pass of a layer in training, else one for all */
  int32_t passes;               /* of them in use */
  lati_residual_state last;     /* pre-LN: layer_norm_out; it has no sum */
  lati_hidden output;           /* (tokens, width) */
} lati_stack_state;

/* Scratch memory of backward and of the projection; sizes are the larger of both stacks'. */
typedef struct lati_scratch {
  float *d_hidden;   /* (T, width) decoder: gradient as it runs down the stack */
  float *d_encoded;  /* (S, encoder width) encoder: likewise, begun by cross-attention */
  float *d_source;   /* (T, width) gradient of the layer's input through cross-attention's query */
  float *d_block;    /* (T, width) behind a block's dropout */
  float *d_normed;   /* (T, width) pre-LN: gradient of a block's input */
  void *d_narrow;    /* (T, width) gradient of a block's output as products take it, if narrow */
  void *d_mixed;     /* (T, width) attention: gradient before the output product */
  void *d_wide;      /* (T, max(3 width, inner)) gradient of q, k, v or of the inner activations */
  void *d_kv;        /* (S, 2 width) cross-attention */
  float *d_expanded; /* (symbols, width) gradient of a factored tied projection's weight */
  float *norm_sums;  /* (2 LATI_NORM_GROUPS, width) */
  void *packed;      /* a layer's inputs as the backend wants them for its weights' gradient */
  void *tiles;       /* of attention, for each worker */
  float *logits;     /* (chunk, symbols) */
  int64_t chunk;     /* tokens whose logits exist at once */
  int32_t *targets;  /* (T) */
  double *losses;    /* (T) */
  uint8_t *correct;  /* (T) */
} lati_scratch;

struct lati_workspace {
  const lat_model *model; /* borrowed */
  const lati_backend *backend;
  lati_pool *pool;
  unsigned char *arena;
  size_t capacity;
  lati_purpose purpose;
  uint64_t step;      /* of dropout */
  float *gradient;    /* the flat vector that backward adds to */
  lati_spread spread; /* of targets while training; width 0: none */
  lati_stack_state encoder, decoder;
  lati_scratch scratch;
};

/* Checks the batch against the model and lays out memory for it: ARGUMENT, LIMIT, MEMORY. */
lat_status lati_workspace_plan(lati_workspace *work, const lat_batch *batch, lati_purpose purpose);

/* Memory as rows of `width` operands. */
static inline lati_rows lati_operand_rows(const lati_workspace *work, void *memory, int64_t width) {
  return lati_operand(work->backend, memory, lati_operand_ld(work->backend, width));
}

/* Where the gradient of a parameter is accumulated. */
static inline float *lati_gradient_of(const lati_workspace *work, const float *parameter) {
  return work->gradient + (parameter - work->model->parameters);
}

#endif
