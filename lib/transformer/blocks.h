/* The three kinds of block that a layer is made of, each x_forward and x_backward once for encoder
 * and decoder, and the residual sum with LayerNorm around every block:
 *
 *   post-LN   h' = LN(h + dropout(block(h)))
 *   pre-LN    h' = h + dropout(block(LN(h)))
 */
#ifndef LATI_BLOCKS_H
#define LATI_BLOCKS_H

#include "transformer/workspace.h"

typedef struct lati_block lati_block;

typedef struct lati_block_kind {
  /* y (T, width) = block(x) + residual; residual NULL: none */
  void (*forward)(const lati_block *block, float *y, lati_rows x, const float *residual);
  /* d_x (T, width) = the gradient of x (+= when accumulate, and d_x may then alias d_y);
   * parameters' gradients += */
  void (*backward)(const lati_block *block, float *d_x, int accumulate, lati_rows d_y, lati_rows x);
} lati_block_kind;

extern const lati_block_kind lati_self_attention, lati_cross_attention, lati_feed_forward;

/* A block at its place in a pass. */
struct lati_block {
  lati_workspace *work;
  const lati_block_kind *kind;
  const lati_stack_state *state;
  const lati_layer *layer;
  lati_layer_state *saved;
  const lati_norm *norm;
  lati_residual_state *residual;
  uint32_t site; /* of its dropout */
};

/* Returns h'. x is h; `source` is what the block reads, x itself but for cross-attention's query
 * from the layer's input. */
lati_hidden lati_residual_forward(const lati_block *block, const float *x,
                                  const lati_hidden *source);
/* What lati_residual_forward() returned. A pre-LN sum is no operand. */
lati_hidden lati_residual_result(const lati_block *block);
/* d_h: the gradient of h' in, of h out. The block's own part goes to d_source, which is d_h itself
 * (then added) or another vector (then overwritten). */
void lati_residual_backward(const lati_block *block, float *d_h, float *d_source,
                            const lati_hidden *source);

/* Dropout of a place in the model; 1 when this pass drops anything. */
int lati_dropout_at(lati_dropout *out, const lati_workspace *work, uint32_t site);

/* LayerNorm's backward, of rows x as `state` has their means: parameters' gradients +=, d_x = (+=
 * when accumulate), and `shortened`, where it is narrow. */
void lati_norm_backward(const lati_workspace *work, const lati_stack_state *stack,
                        const lati_norm *norm, const lati_residual_state *state, float *d_x,
                        lati_rows shortened, const float *d_y, const float *x, int accumulate);

/* A linear layer's backward: parameters' gradients +=, d_x = (+= when accumulate), with a slope or
 * NULL. */
void lati_linear_backward(const lati_workspace *work, const lati_linear *linear, lati_rows d_x,
                          int accumulate, lati_rows d_y, lati_rows x, int64_t tokens,
                          const lati_slope *slope);

#endif
