/* The model behind the handle: stacks of layers, which are lists of blocks, and a head. */
#ifndef LATI_TRANSFORMER_H
#define LATI_TRANSFORMER_H

#include "compute/backend.h"
#include "task/task_impl.h"
#include "transformer/arena.h"
#include "transformer/parameters.h"

typedef struct lati_stack lati_stack;
typedef struct lati_block_kind lati_block_kind; /* transformer/block_kind.h */

enum { LATI_STACKS = 2, LATI_BLOCK_LINEARS = 4, LATI_LAYER_BLOCKS = 3 };
/* LATI_LAYER_BLOCKS: of a layer that have dropout, which is numbered by them. */

typedef struct lati_norm {
  const float *gamma, *beta; /* beta NULL: RMSNorm */
} lati_norm;

/* A block of one layer: its kind, and views of its parameters. */
typedef struct lati_block {
  const lati_block_kind *kind;
  const lati_stack *stack;
  const lati_stack *memory; /* the stack whose output it reads; NULL: none */
  int32_t reads_input;      /* 1: it reads the layer's input instead of the block before it */
  size_t first;             /* its first parameter's place in the flat vector */
  lati_norm norm;           /* after (post) or before (pre) the block */
  lati_linear linear[LATI_BLOCK_LINEARS]; /* kind->linears of them, in the kind's order; one that
                                             this block does not have is empty */
} lati_block;

/* Factored embeddings: symbol s is the sum of those of special[s], mantissa[s] and exponent[s] that
 * are not -1. */
typedef struct lati_factors {
  int32_t *special, *mantissa, *exponent; /* (vocabulary); NULL when the side is not factored */
  const float *special_table, *mantissa_table, *exponent_table;
} lati_factors;

/* What tells the tokens of one side apart: their symbols and positions. */
typedef struct lati_side_embedding {
  int32_t symbols;    /* of the side's vocabulary; 0: the stack does not read it */
  const float *table; /* (symbols, width): the parameters themselves, or the answers' expanded from
                         factors; NULL for factored problems and with a factored head */
  lati_factors factors;
  float *expanded;        /* factored embeddings of answers put together, owned; or NULL */
  const float *positions; /* (max_positions, width) */
} lati_side_embedding;

/* What the tokens of a stack are the sum of, and the LayerNorm behind it. */
typedef struct lati_embedding {
  lati_side_embedding side[2];
  const float *queries; /* (max_positions, width): of query positions; NULL without */
  const float *heads;   /* (tokens of a number, width): what a query's vector is moved by for each
                           token of its number; NULL: a query for each token */
  const float *rows,
      *cols;        /* (LAT_MAX_DIMENSION + 1, width), row 0 outside entries; NULL when off */
  float *sinusoids; /* the position table, owned; NULL when learned */
  lati_norm norm;
} lati_embedding;

/* What stands behind each problem in the sequences of a stack that reads problems. */
typedef enum lati_behind {
  LATI_NOTHING,
  LATI_QUERIES, /* a query position for each token of the answer, or for each number and for each
                   other token, and one for the closing EOS */
  LATI_ANSWER   /* EOS and the answer's tokens */
} lati_behind;

/* All layers are applied `loops` times in turn, or layer `looped` alone that often in its place. */
struct lati_stack {
  const char *name; /* in front of its tensors, "encoder" */
  int32_t index;    /* in model->stack */
  int32_t side;     /* LAT_INPUT or LAT_OUTPUT: which sequences it reads, or reads first */
  int32_t causal;   /* 1: a token attends to those up to itself */
  lati_behind behind;
  int32_t by_number;             /* 1: the tokens of a number share a query position */
  int32_t layers, loops, looped; /* looped: 1 .. layers; 0: all of them */
  int32_t width, heads, inner;
  int32_t hash_bits; /* of a chunk of a hashed feed-forward */
  lati_activation activation;
  int32_t pre_norm;
  int32_t blocks;    /* of a layer */
  lati_block *block; /* (layers, blocks) */
  lati_embedding embedding;
  lati_norm norm_out; /* pre-norm only */
};

/* Where tensors are looked up by name: "encoder." or "decoder.layers.3." in front. */
typedef struct lati_scope {
  const lat_model *model;
  char prefix[32];
} lati_scope;

typedef enum lati_model_state { LATI_TRAINABLE, LATI_MAPPED, LATI_FROZEN } lati_model_state;

struct lat_model {
  lati_refs refs;
  lat_context *ctx;
  lat_task *task;
  lat_tokenizer *tokenizer;
  lat_model_options options; /* resolved */
  lati_dimensions dimensions;
  lati_parameter_table table;
  float *parameters;
  float *mapped;                 /* the same as the host has them while they are mapped; or NULL */
  lati_stack stack[LATI_STACKS]; /* in the order of their passes; the last one's output is read by
                                    the head */
  int32_t stacks;
  lati_linear projection; /* (scores, width): tied embeddings or proj.weight, bias proj.bias */
  lati_factored_symbols head_symbols; /* of a factored head; `first` NULL: a score for each symbol,
                                         its logit */
  unsigned char *packed; /* packed forms of all weights; NULL when the backend keeps none */
  lati_model_state state;
  json_t *training; /* provenance, NULL before training */
  char *config;     /* metadata text */
};

extern const lati_field lati_model_fields[];
lat_model *lati_model_ref(lat_model *model);

/* ARGUMENT for NULL or a sum that was not initialised. */
lat_status lati_loss_sum_check(const lat_loss_sum *sum);

/* STATE when the model is mapped. Every use of the parameters asks first. */
lat_status lati_model_usable(const lat_model *model);
/* NUMERIC, naming the tensor, when a parameter is not finite. */
lat_status lati_model_check_finite(const lat_model *model);
/* Rebuilds what is derived from the parameters (packed weights, expanded embeddings); after every
 * change of them. */
void lati_model_repack(lat_model *model);
/* Replaces the provenance (a new reference is taken) and rebuilds the metadata text. */
lat_status lati_model_set_training(lat_model *model, json_t *training);
/* Metadata text to objects: the model's skeleton, its parameters not allocated yet, so that a file
 * can be held against it first. */
lat_status lati_model_from_config(lat_model **out, lat_context *ctx, const char *config,
                                  lat_task *custom);
/* Gives a skeleton its parameters, all zero, and the views onto them. */
lat_status lati_model_materialise(lat_model *model);

/* The stack whose output the head reads. */
static inline const lati_stack *lati_last_stack(const lat_model *model) {
  return &model->stack[model->stacks - 1];
}

/* Passes of a stack through its layers, loops counted. */
static inline int32_t lati_stack_passes(const lati_stack *stack) {
  return stack->looped == 0 ? stack->layers * stack->loops : stack->layers + stack->loops - 1;
}

/* The layer that a pass goes through. */
static inline int32_t lati_stack_layer(const lati_stack *stack, int32_t pass) {
  if (stack->looped == 0) {
    return pass % stack->layers;
  }
  const int32_t behind = pass - (stack->loops - 1), before = stack->looped - 1;
  return pass <= before ? pass : (behind > before ? behind : before);
}

/* A tensor's place in the flat vector, `block` and `part` end to end behind the scope's prefix;
 * NULL when the model has none of that name. */
const float *lati_view(const lati_scope *in, const char *block, const char *part);
lati_norm lati_view_norm(const lati_scope *in, const char *name);
/* block.name; block NULL: name alone. */
lati_linear lati_view_linear(const lati_scope *in, const char *block, const char *name, int32_t out,
                             int32_t width);

/* Activations and scratch memory of forward and backward passes; grows to the largest batch it has
 * seen, after which a pass allocates nothing. */
typedef struct lati_workspace lati_workspace;
lat_status lati_workspace_create(lati_workspace **out, const lat_model *model);
void lati_workspace_free(lati_workspace *workspace);

/* What decoding starts from, borrowed from the workspace until its next use: the first stack's
 * output for the batch's inputs, framed by EOS, or of an encoder alone its rows for the batch's
 * answers; (rows, width), *offsets (size + 1). No dropout. */
lat_status lati_encode(lati_hidden *encoded, const int64_t **offsets, lati_workspace *workspace,
                       const lat_model *model, const lat_batch *batch);

/* The gradient vector, in the device's memory. */
float *lati_gradients_vector(const lat_gradients *gradients);

/* OK, ARGUMENT (NULL), STATE (mapped). */
lat_status lati_gradients_usable(const lat_gradients *gradients);

/* Makes lat_gradients_accumulate() add to another vector of the same size; NULL: to its own. */
void lati_gradients_redirect(lat_gradients *gradients, float *to);

/* Hears, as a backward pass goes on, that it adds nothing more to the gradients of the parameters
 * from number `first` on. */
typedef void lati_final_function(void *user, size_t first);

/* Who hears it while the next batches are accumulated; NULL: nobody. Of a batch that goes through
 * the model in parts it is told for the last one. */
void lati_gradients_follow(lat_gradients *gradients, lati_final_function *hears, void *user);

/* Makes the calls that a backward pass would make, and computes nothing. */
void lati_gradients_tell(const lat_gradients *gradients);

/* Dropout of the next call draws as that of pass `step` for its examples from number `first` on. */
void lati_gradients_place(lat_gradients *gradients, uint64_t step, uint64_t first);

#endif
