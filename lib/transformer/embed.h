/* The embeddings at the bottom of a stack, with their whole life: parameters, tables derived from
 * them, forward and backward over a batch, and the rows of one decoding step. */
#ifndef LATI_EMBED_H
#define LATI_EMBED_H

#include "transformer/decode_step.h"
#include "transformer/workspace.h"

void lati_embed_declare(lati_declaration *to, const lat_model *model, const lati_stack *stack);
lat_status lati_embed_view(lati_stack *stack, const lati_scope *in, const lat_model *model);
void lati_embed_free(lati_embedding *embedding, const lat_context *ctx);
/* Puts an expanded table together from its factors; after every change of the parameters. */
void lati_embed_expand(lati_stack *stack, const lat_model *model);

/* Whether the stack's sequences hold problems (LAT_INPUT) or answers (LAT_OUTPUT). */
int lati_stack_reads(const lati_stack *stack, int32_t side);
/* Tokens of sequence i in a stack, framing and what stands behind a problem included. */
int64_t lati_embed_tokens(const lati_stack_state *state, const lat_batch *batch, int64_t i);

void lati_embed_plan(lati_stack_state *state, lati_arena *from);
/* Embeddings of one side's framed tokens, normalised: embedded->normed. */
void lati_embed_forward(lati_workspace *work, lati_stack_state *state, const lat_batch *batch);
/* d_h: the gradient of what lati_embed_forward() made; destroyed. */
void lati_embed_backward(lati_workspace *work, const lati_stack_state *state, float *d_h);
/* Of the last stack's tokens at the decoder's position, before their LayerNorm. */
void lati_embed_step(lati_decoder *decoder, const lati_decode_row *rows);

#endif
