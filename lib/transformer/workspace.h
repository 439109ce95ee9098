/* What a pass of a batch through the model computes: activations that backward needs, and scratch
 * memory. All of it lies in one arena that is planned from the batch's token counts. */
#ifndef LATI_WORKSPACE_H
#define LATI_WORKSPACE_H

#include "transformer/transformer.h"
#include "transformer/turn.h"

typedef struct lati_block_pass lati_block_pass; /* transformer/block_kind.h */

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

enum { LATI_BLOCK_ROWS = 9 };

/* What forward of a block leaves for backward; a kind names the places of its rows. Rows are
 * operands of products, and bf16 where the backend is. */
typedef struct lati_block_state {
  lati_residual_state residual;
  lati_rows rows[LATI_BLOCK_ROWS];
  float *lse;   /* attention: (T, heads) */
  int32_t *ids; /* recurrent: places of sequences */
} lati_block_state;

/* One term of the tokens' embeddings: rows ids[t] of a table. */
typedef struct lati_lookup {
  const float *table;
  int32_t *ids;
  int32_t trained; /* 0: the table is no parameter */
} lati_lookup;

/* Three factors and position of either side, row, column. */
enum { LATI_MAX_LOOKUPS = 10 };

/* One stack's pass over the batch. */
typedef struct lati_stack_state {
  const lati_stack *stack;
  lati_behind behind;        /* the stack's; nothing while answers are decoded one by one */
  int64_t tokens, sequences; /* framing included */
  int64_t longest;           /* tokens of a sequence */
  int64_t *offsets;          /* (sequences + 1) */
  lati_lookup lookup[LATI_MAX_LOOKUPS];
  int32_t lookups;
  lati_residual_state embedded; /* the embeddings' sum, and after its LayerNorm */
  lati_block_state *block;      /* (passes, stack->blocks) */
  int32_t passes;               /* in use: all of the stack's in training, else one for all */
  lati_residual_state last;     /* pre-norm: layer_norm_out; it has no sum */
  lati_hidden output;           /* (tokens, width) */
  float *d_hidden;              /* (tokens, width) gradient as it runs down the stack */
} lati_stack_state;

/* Scratch memory of backward and of the projection; sizes are the largest of all stacks'. */
typedef struct lati_scratch {
  float *d_source;       /* gradient of the layer's input through a block that reads it */
  float *d_block;        /* behind a block's dropout */
  float *d_normed;       /* pre-norm: gradient of a block's input */
  void *d_narrow;        /* gradient of a block's output as products take it, if bf16 */
  void *block;           /* what the kind's backward takes */
  float *norm_sums;      /* (2 LATI_NORM_GROUPS, width) */
  void *packed;          /* a layer's inputs as the backend wants them for its weights' gradient */
  void *tiles;           /* of attention, for each worker */
  float *logits;         /* (chunk, scores) */
  int64_t chunk;         /* tokens whose logits exist at once */
  int32_t *targets;      /* (T) */
  double *losses;        /* (chunk) */
  uint8_t *correct;      /* (chunk) */
  double *losses_read;   /* (T): the same of all tokens, on the host */
  uint8_t *correct_read; /* (T) */
} lati_scratch;

/* The rows of the last stack's output that stand for answers: what the head reads. */
typedef struct lati_answer_rows {
  int64_t tokens, sequences; /* each answer's closing EOS included */
  int64_t *offsets;          /* (sequences + 1) */
  int32_t *ids;              /* (tokens) their places in the stack; NULL: all rows, as they lie */
  int32_t *heads;     /* (tokens) place in a number, -1 outside; NULL: a row for each token */
  lati_hidden output; /* (tokens, width) */
  float *d_output;    /* (tokens, width) its gradient */
} lati_answer_rows;

/* Where the gradients of a batch, or of a part of it, go, and what else training decides. */
typedef struct lati_accumulation {
  float *gradient;    /* the flat vector that backward adds to */
  float *d_tied;      /* (scores, width) gradient of a tied projection's weight, which the last part
                         adds to that of the embeddings; NULL where nothing is tied */
  lati_spread spread; /* of targets; width 0: none */
  lati_final_function *hears; /* how far backward has come; NULL: nobody does */
  void *hearer;               /* passed to hears */
  uint64_t step;              /* of dropout: the update, */
  uint64_t first;             /* and the first example in it */
  int64_t targets_before;     /* target tokens of the batch in front of this part of it */
  int last;                   /* 1: no part comes after it */
  lati_turn turn;
} lati_accumulation;

struct lati_workspace {
  const lat_model *model; /* borrowed */
  const lati_device *device;
  int32_t threads; /* that may work in it at a time */
  unsigned char *arena, *host_arena;
  size_t capacity, host_capacity;
  lati_purpose purpose;
  lati_accumulation to; /* LATI_TRAIN; what it points to is borrowed */
  lati_stack_state stack[LATI_STACKS];
  int32_t stacks; /* in use: all of the model's, or the first alone for LATI_ENCODE */
  lati_answer_rows answers;
  lati_scratch scratch;
};

/* The state of the stack that a block attends to. */
static inline const lati_stack_state *lati_memory_state(const lati_workspace *work,
                                                        const lati_block *block) {
  return &work->stack[block->memory->index];
}

void lati_residual_plan(lati_residual_state *state, lati_arena *from, int64_t tokens,
                        int32_t width);

/* OK where a pass can take the batch: ARGUMENT, LIMIT. */
lat_status lati_workspace_check(const lati_workspace *work, const lat_batch *batch,
                                lati_purpose purpose);
/* Checks the batch against the model and lays out memory for it: ARGUMENT, LIMIT, MEMORY. */
lat_status lati_workspace_plan(lati_workspace *work, const lat_batch *batch, lati_purpose purpose);

/* Memory as rows of `width` operands. */
static inline lati_rows lati_operand_rows(const lati_workspace *work, void *memory, int64_t width) {
  return lati_operand(work->device->operations, memory,
                      lati_operand_ld(work->device->operations, width));
}

/* The scratch memory of one block's backward, from its beginning. */
static inline lati_arena lati_block_scratch(const lati_workspace *work) {
  return (lati_arena){.backend = work->device->operations, .device.base = work->scratch.block};
}

/* x (rows, width) = 0. */
static inline void lati_zero_rows(const lati_workspace *work, float *x, int64_t rows,
                                  int64_t width) {
  lati_device_fill(work->device, x, 0, (size_t)(rows * width));
}

/* Where the gradient of a parameter is accumulated; NULL for none. */
static inline float *lati_gradient_of(const lati_workspace *work, const float *parameter) {
  return parameter == NULL ? NULL : work->to.gradient + (parameter - work->model->parameters);
}

#endif
