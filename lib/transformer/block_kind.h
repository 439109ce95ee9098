/* Kinds of block, of which the layers of a stack are lists. A kind is one file with its whole life:
 * its parameters, what a pass keeps, forward, backward, and one position of incremental decoding.
 * The loops over blocks (parameters.c, stack.c, workspace.c, stack_pass.c, decode_step.c) know
 * nothing of any kind. docs/maintaining.md tells how to add one.
 *
 * Around every block stands a residual sum with LayerNorm (residual.c):
 *
 *   post-norm   h' = LN(h + dropout(block(h)))
 *   pre-norm    h' = h + dropout(block(LN(h)))
 */
#ifndef LATI_BLOCK_KIND_H
#define LATI_BLOCK_KIND_H

#include "transformer/decode_step.h"
#include "transformer/workspace.h"

struct lati_decode_call;

/* What the memory of a block's state is planned for. */
typedef struct lati_extent {
  int64_t tokens;        /* T, of the block's own stack */
  int64_t memory_tokens; /* S, of the stack that the block reads besides; 0 without one */
  int64_t sequences;     /* B */
  int training;          /* 1: backward follows */
} lati_extent;

struct lati_block_kind {
  const char *name;    /* in front of its tensors, "self_attention" */
  const char *norm;    /* the tensors of its LayerNorm, "layer_norm1" */
  int32_t linears;     /* products with weights, in block->linear */
  int32_t inners;      /* rows of a step beside decoder->inner, in widths of it: decoder->halves */
  int32_t keeps_state; /* 1: decoding keeps two states a position, f32, instead of key and value */

  /* Adds the parameters, without the norm's, in the order of model files. */
  void (*declare)(lati_declaration *to, const lati_block *block);
  /* Finds them again: sizes and places of block->linear. */
  void (*view)(lati_block *block, const lati_scope *in);

  /* Memory of what forward leaves for backward. */
  void (*plan)(lati_block_state *state, lati_arena *from, const lati_block *block,
               const lati_extent *extent);
  /* Scratch memory, as backward takes it from lati_block_scratch(). */
  void (*plan_backward)(lati_arena *from, const lati_block *block, const lati_extent *extent);
  /* y (T, width) = block(x) + residual; residual NULL: none */
  void (*forward)(const lati_block_pass *pass, float *y, lati_rows x, const float *residual);
  /* d_x (T, width) = the gradient of x (+= when accumulate, and d_x may then alias d_y);
   * parameters' gradients += */
  void (*backward)(const lati_block_pass *pass, float *d_x, int accumulate, lati_rows d_y,
                   lati_rows x);

  /* Only a block that mixes the layer's input with what the blocks before it made, instead of
   * adding to that sum; it has no `backward`. h (T, width) is that sum, x the same, normalised.
   * d_h: the gradient of the result in, of h out; d_input = of the layer's input; d_x = (+= when it
   * is d_h) of x. */
  void (*mix_backward)(const lati_block_pass *pass, float *d_h, float *d_input, float *d_x,
                       const lati_hidden *h, lati_rows x);

  /* Incremental decoding. start: what is computed once for the whole of the memory (NULL:
   * nothing). step: y = block(x) + residual for the rows of one position; y may be residual. */
  lat_status (*start)(lati_decoder *decoder, const lati_block *block, int32_t layer,
                      lati_rows memory);
  void (*step)(const struct lati_decode_call *call, float *y, lati_rows x, const float *residual);
};

/* A block at its place in a pass over a batch. */
struct lati_block_pass {
  lati_workspace *work;
  const lati_block *block;
  const lati_stack_state *state;
  lati_block_state *saved;
  uint32_t site;            /* of its dropout */
  const lati_hidden *input; /* the layer's */
};

extern const lati_block_kind lati_self_attention, lati_cross_attention, lati_feed_forward,
    lati_gated_feed_forward, lati_hashed_feed_forward, lati_copy_gate, lati_lstm, lati_gru;

/* residual.c. Returns h'. x is h; `source` is what the block reads, x itself but for
 * cross-attention's query from the layer's input. */
lati_hidden lati_residual_forward(const lati_block_pass *pass, const float *x,
                                  const lati_hidden *source);
/* What lati_residual_forward() returned. A pre-norm sum is no operand. */
lati_hidden lati_residual_result(const lati_block_pass *pass);
/* d_h: the gradient of h' in, of h out. The block's own part goes to d_source, which is d_h itself
 * (then added) or another vector (then overwritten). */
void lati_residual_backward(const lati_block_pass *pass, float *d_h, float *d_source,
                            const lati_hidden *source);

/* The same of a block that mixes; d_input: the gradient of the layer's input (overwritten). */
void lati_residual_mix_backward(const lati_block_pass *pass, float *d_h, float *d_input,
                                const lati_hidden *source);

/* Dropout of a stack's rows at a place in the model; 1 when this pass drops anything. */
int lati_dropout_at(lati_dropout *out, const lati_workspace *work, const lati_stack_state *state,
                    uint32_t site, double rate);

/* LayerNorm's backward, of rows x as `state` has their means: parameters' gradients +=, d_x = (+=
 * when accumulate), and `shortened`, where it is bf16. */
void lati_norm_backward(const lati_workspace *work, const lati_stack_state *stack,
                        const lati_norm *norm, const lati_residual_state *state, float *d_x,
                        lati_rows shortened, const float *d_y, const float *x, int accumulate);

/* y = x W^T + b + residual (NULL: none) over the rows of a pass. */
void lati_block_product(const lati_block_pass *pass, lati_rows y, int32_t linear, lati_rows x,
                        int64_t tokens, const float *residual);

/* The part of a linear layer's backward that concerns its parameters: their gradients +=. */
void lati_weight_backward(const lati_workspace *work, const lati_linear *linear, lati_rows d_y,
                          lati_rows x, int64_t tokens);
/* A linear layer's backward: parameters' gradients +=, d_x = (+= when accumulate), with a slope or
 * NULL. */
void lati_linear_backward(const lati_workspace *work, const lati_linear *linear, lati_rows d_x,
                          int accumulate, lati_rows d_y, lati_rows x, int64_t tokens,
                          const lati_slope *slope);

#endif
