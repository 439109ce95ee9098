/* The model behind the handle; encoder and decoder, forward and backward. */
#ifndef LATI_TRANSFORMER_H
#define LATI_TRANSFORMER_H

#include "compute/backend.h"
#include "task/task_impl.h"
#include "transformer/parameters.h"

typedef struct lati_norm {
  const float *gamma, *beta;
} lati_norm;

/* q_lin, k_lin and v_lin lie end to end in the flat vector (weights, then biases), so that several
 * are one product. */
typedef struct lati_attention_block {
  lati_linear qkv;   /* self-attention: (3 width, width); zero in cross-attention */
  lati_linear q, kv; /* cross-attention: (width, width) and (2 width, encoder width); zero in
                        self-attention */
  lati_linear out;
} lati_attention_block;

typedef struct lati_layer {
  lati_attention_block self, cross; /* cross: decoder only */
  lati_norm norm1, norm15,
      norm2; /* after (post) or before (pre) self-attention, cross-attention, feed-forward */
  lati_linear lin1, lin2;
} lati_layer;

/* Factored embeddings: symbol s is the sum of those of special[s], mantissa[s] and exponent[s] that
 * are not -1. */
typedef struct lati_factors {
  int32_t *special, *mantissa, *exponent; /* (vocabulary); NULL when the side is not factored */
  const float *special_table, *mantissa_table, *exponent_table;
} lati_factors;

/* Encoder or decoder. Pass l of layers * loops uses layer l % layers. */
typedef struct lati_stack {
  int32_t side; /* LAT_INPUT: encoder; LAT_OUTPUT: decoder */
  int32_t layers, loops, width, heads, inner;
  lati_activation activation;
  int32_t pre_norm;
  lati_layer *layer;
  int32_t symbols;         /* of the side's vocabulary */
  const float *embeddings; /* (symbols, width): the parameters themselves, or the decoder's expanded
                              from factors; NULL for a factored encoder */
  lati_factors factors;
  const float *positions; /* (max_positions, width) */
  const float *rows,
      *cols; /* (LAT_MAX_DIMENSION + 1, width), row 0 outside entries; NULL when off */
  lati_norm norm_emb, norm_out; /* norm_out: pre-LN only */
} lati_stack;

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
  lati_stack encoder, decoder;
  lati_linear projection; /* (output vocabulary, decoder width): tied embeddings or proj.weight,
                             bias proj.bias */
  float *expanded;        /* the decoder's factored embeddings, put together; or NULL */
  float *sinusoids[2];    /* position tables of encoder and decoder; NULL when learned */
  unsigned char *packed;  /* packed forms of all weights; NULL when the backend keeps none */
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

/* Values (tokens, width), and the same rows as products take them: the values themselves in f32, or
 * narrow ones beside them. */
typedef struct lati_hidden {
  float *values;
  lati_rows operand;
} lati_hidden;

/* Activations and scratch memory of forward and backward passes; grows to the largest batch it has
 * seen, after which a pass allocates nothing. */
typedef struct lati_workspace lati_workspace;
lat_status lati_workspace_create(lati_workspace **out, const lat_model *model);
void lati_workspace_free(lati_workspace *workspace);

/* The encoder's output for the batch's inputs, framed by EOS: *encoded (tokens, encoder width),
 * *offsets (size + 1); borrowed from the workspace until its next use. No dropout. */
lat_status lati_encode(lati_rows *encoded, const int64_t **offsets, lati_workspace *workspace,
                       const lat_model *model, const lat_batch *batch);

/* Number of the next call of lat_gradients_accumulate(), which its dropout depends on. Counts up
 * from 0 by itself; a resumed run sets it. */
void lati_gradients_set_step(lat_gradients *gradients, uint64_t step);

#endif
