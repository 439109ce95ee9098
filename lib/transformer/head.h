/* The head: logits of the last stack's output over the answers' vocabulary, and their losses. */
#ifndef LATI_HEAD_H
#define LATI_HEAD_H

#include "transformer/workspace.h"

void lati_head_declare(lati_declaration *to, const lat_model *model);
/* Fills model->projection. */
void lati_head_view(lat_model *model);
void lati_head_plan(lati_workspace *work, lati_arena *from);
/* What training needs beside the plan. */
lat_status lati_head_prepare(lati_workspace *work);

/* Projection and cross-entropy over work->answers: adds the batch's losses to `sum`. With
 * LATI_TRAIN also their gradients, down to work->answers.d_output. NUMERIC when the loss is not
 * finite; `sum` is then unchanged. */
lat_status lati_head(lati_workspace *work, lat_loss_sum *sum, const lat_batch *batch);
/* Around the parts of a batch, with LATI_TRAIN: what they add to the gradient of a table that is
 * put together from factors is the factors'. */
void lati_head_start(const lati_workspace *work);
void lati_head_collect(const lati_workspace *work);
/* Logits of all target tokens, to the caller's memory. */
void lati_head_logits(lati_workspace *work, float *logits);

#endif
