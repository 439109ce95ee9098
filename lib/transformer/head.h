/* The head: logits of the last stack's output over the answers' vocabulary, and their losses. */
#ifndef LATI_HEAD_H
#define LATI_HEAD_H

#include "transformer/workspace.h"

void lati_head_declare(lati_declaration *to, const lat_model *model);
/* Fills model->projection and model->head_symbols. */
lat_status lati_head_view(lat_model *model);
void lati_head_free(lat_model *model);
void lati_head_plan(lati_workspace *work, lati_arena *from);
/* Room for the gradient of a tied projection's weight, apart from that of the embeddings, so that a
 * pass adds to each parameter's gradient once; NULL where nothing is tied. */
lat_status lati_head_prepare(float **d_tied, const lat_model *model);

/* Projection and cross-entropy over work->answers: adds the batch's losses to `sum`. With
 * LATI_TRAIN also their gradients, down to work->answers.d_output. NUMERIC when the loss is not
 * finite; `sum` is then unchanged. */
lat_status lati_head(lati_workspace *work, lat_loss_sum *sum, const lat_batch *batch);
/* Logits of all target tokens, to the caller's memory: MEMORY. */
lat_status lati_head_logits(lati_workspace *work, float *logits);

#endif
