/* Forward and backward passes of the parts of the model over a planned workspace. */
#ifndef LATI_PASSES_H
#define LATI_PASSES_H

#include "transformer/workspace.h"

/* Embeddings of one side's framed tokens, normalised: embedded->normed. */
void lati_embed_forward(lati_workspace *work, lati_stack_state *state, const lat_batch *batch);
/* d_h: the gradient of what lati_embed_forward() made; destroyed. */
void lati_embed_backward(lati_workspace *work, const lati_stack_state *state, float *d_h);

/* All layers of a stack; sets state->output. */
void lati_stack_forward(lati_workspace *work, lati_stack_state *state);
/* d_h (tokens, width): the gradient of state->output in, of the embeddings out. */
void lati_stack_backward(lati_workspace *work, const lati_stack_state *state, float *d_h);

/* Encoder and decoder, embeddings included. */
void lati_encoder_forward(lati_workspace *work, const lat_batch *batch);
void lati_decoder_forward(lati_workspace *work, const lat_batch *batch);

/* Projection and cross-entropy over the decoder's output: adds the batch's losses to `sum`. With
 * LATI_TRAIN also their gradients, down to the decoder's output (scratch.d_hidden). NUMERIC when
 * the loss is not finite; `sum` is then unchanged. */
lat_status lati_head(lati_workspace *work, lat_loss_sum *sum, const lat_batch *batch);
/* Logits of all target tokens, to the caller's memory. */
void lati_head_logits(lati_workspace *work, float *logits);

#endif
