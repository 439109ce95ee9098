/* Forward and backward passes over a planned workspace. */
#ifndef LATI_PASSES_H
#define LATI_PASSES_H

#include "transformer/workspace.h"

/* All layers of a stack; sets state->output. */
void lati_stack_forward(lati_workspace *work, lati_stack_state *state);
/* state->d_hidden (tokens, width): the gradient of state->output in, of the embeddings out. */
void lati_stack_backward(lati_workspace *work, const lati_stack_state *state);

/* The stacks that the workspace was planned for, one after the other, embeddings included. */
void lati_forward(lati_workspace *work, const lat_batch *batch);
/* The same backwards, from work->answers.d_output down to the parameters' gradients. */
void lati_backward(lati_workspace *work);

/* Tells to->hears, if there is one, which gradients are final when a stack's backward pass number
 * `pass` is done; lati_backward() does after each. */
void lati_stack_tell_final(const lati_accumulation *to, const lati_stack *stack, int32_t pass);

#endif
