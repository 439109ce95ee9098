/* An exponential moving average of the parameters, which evaluates better than the parameters of
 * any single update while the learning rate is high: with n updates done before, average = keep
 * average + (1 - keep) parameters,  keep = min(ema_decay, n / (n + 9)), so that a young average is
 * that of about the last tenth of the updates, not the initial parameters. */
#include "train/optimizer_impl.h"
#include "transformer/transformer.h"

#include <math.h>

/* keep reaches 1/2 at this number of updates. */
#define HALF_KEPT 9.0

lat_status lati_average_create(lat_optimizer *optimizer, const lat_model *model) {
  if (optimizer->options.ema_decay == 0) {
    return LAT_OK;
  }
  lat_status status = LATI_NEW_ON_DEVICE(optimizer->average, optimizer->ctx, optimizer->count);
  if (status == LAT_OK) {
    lati_device_copy(&optimizer->ctx->device, optimizer->average, model->parameters,
                     optimizer->count * sizeof *model->parameters);
  }
  return status;
}

void lati_average_follow(lat_optimizer *optimizer, const lat_model *model) {
  if (optimizer->average == NULL) {
    return;
  }
  const double before = (double)optimizer->updates;
  const double keep = fmin(optimizer->options.ema_decay, before / (before + HALF_KEPT));
  optimizer->ctx->device.operations->update->average(&optimizer->ctx->device, optimizer->average,
                                                     model->parameters, (int64_t)optimizer->count,
                                                     keep);
}

int lati_average_show(lat_optimizer *optimizer, lat_model *model, int averaged) {
  const int before = optimizer->averaged;
  if (optimizer->average == NULL || averaged == before) {
    return before;
  }
  lati_memory_of(&optimizer->ctx->device)
      ->swap(&optimizer->ctx->device, model->parameters, optimizer->average, optimizer->count);
  lati_model_repack(model);
  optimizer->averaged = averaged;
  return before;
}

lat_status lat_optimizer_swap_average(lat_optimizer *optimizer, lat_model *model) {
  if (optimizer == NULL || model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "optimizer or model is NULL");
  }
  if (optimizer->average == NULL) {
    return lati_fail(LAT_ERROR_STATE, "the optimizer keeps no average: its ema_decay is 0");
  }
  lat_status status = lati_optimizer_check_model(optimizer, model);
  if (status == LAT_OK) {
    lati_average_show(optimizer, model, !optimizer->averaged);
  }
  return status;
}
