/* Scoring a batch without gradients: the encoder's output, the loss, the logits. */
#include "base/floating.h"
#include "transformer/head.h"
#include "transformer/passes.h"

lat_status lati_encode(lati_hidden *encoded, const int64_t **offsets, lati_workspace *workspace,
                       const lat_model *model, const lat_batch *batch) {
  *encoded = (lati_hidden){0};
  *offsets = NULL;
  if (workspace->model != model) {
    return LATI_BUG("the workspace is another model's");
  }
  lat_status status = lati_workspace_plan(workspace, batch, LATI_ENCODE);
  if (status != LAT_OK) {
    return status;
  }
  lati_forward(workspace, batch);
  const int queries = model->stack[0].behind == LATI_QUERIES;
  *encoded = queries ? workspace->answers.output : workspace->stack[0].output;
  *offsets = queries ? workspace->answers.offsets : workspace->stack[0].offsets;
  return LAT_OK;
}

/* A workspace planned for the batch. */
static lat_status plan_score(lati_workspace **out, const lat_model *model, const lat_batch *batch) {
  lat_status status = lati_workspace_create(out, model);
  return status != LAT_OK ? status : lati_workspace_plan(*out, batch, LATI_SCORE);
}

lat_status lat_model_loss(lat_loss_sum *sum, const lat_model *model, const lat_batch *batch) {
  lat_status status = lati_model_usable(model);
  lati_workspace *work = NULL;
  lati_floating saved;
  if (status == LAT_OK) {
    status = lati_loss_sum_check(sum);
  }
  if (status != LAT_OK) {
    return status;
  }
  lati_floating_enter_pass(&saved);
  LATI_TRY(plan_score(&work, model, batch));
  lati_forward(work, batch);
  LATI_TRY(lati_head(work, sum, batch));
done:
  lati_workspace_free(work);
  lati_floating_leave(&saved);
  return status;
}

lat_status lat_model_logits(float *logits, size_t capacity, const lat_model *model,
                            const lat_batch *batch) {
  lat_status status = lati_model_usable(model);
  lati_workspace *work = NULL;
  lati_floating saved;
  if (status == LAT_OK && logits == NULL) {
    status = lati_fail(LAT_ERROR_ARGUMENT, "logits is NULL");
  }
  if (status != LAT_OK) {
    return status;
  }
  lati_floating_enter_pass(&saved);
  LATI_TRY(plan_score(&work, model, batch));
  const size_t needed =
      (size_t)work->answers.tokens * (size_t)model->dimensions.vocabulary[LAT_OUTPUT];
  if (capacity < needed) {
    status = lati_fail(LAT_ERROR_LIMIT, "capacity of %zu floats is below the %zu of the logits",
                       capacity, needed);
    goto done;
  }
  lati_forward(work, batch);
  status = lati_head_logits(work, logits);
done:
  lati_workspace_free(work);
  lati_floating_leave(&saved);
  return status;
}
