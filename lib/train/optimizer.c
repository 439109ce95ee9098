#include "train/optimizer_impl.h"

#include "base/floating.h"
#include "train/schedule.h"
#include "transformer/transformer.h"

#include <math.h>
#include <string.h>

/* Largest integer that a double, which JSON and ranges go through, holds exactly. */
#define MAX_UPDATES 9007199254740992.0

const lati_field lati_optimizer_fields[] = {
    LATI_TEXT(lat_optimizer_options, rule, "adam"),
    LATI_TEXT(lat_optimizer_options, schedule, "constant"),
    LATI_NUMBER(lat_optimizer_options, learning_rate, LATI_FIELD_DOUBLE, 1e-4, 1e-12, 1e3),
    LATI_NUMBER(lat_optimizer_options, beta1, LATI_FIELD_DOUBLE, 0.9, 0, 0.9999999),
    LATI_NUMBER(lat_optimizer_options, beta2, LATI_FIELD_DOUBLE, 0.999, 0, 0.9999999),
    LATI_NUMBER(lat_optimizer_options, epsilon, LATI_FIELD_DOUBLE, 1e-8, 1e-16, 1),
    LATI_NUMBER(lat_optimizer_options, weight_decay, LATI_FIELD_DOUBLE, 0, 0, 1e3),
    LATI_NUMBER(lat_optimizer_options, muon_learning_rate, LATI_FIELD_DOUBLE, 0.02, 1e-12, 1e3),
    LATI_NUMBER(lat_optimizer_options, muon_momentum, LATI_FIELD_DOUBLE, 0.95, 0, 0.9999999),
    LATI_NUMBER(lat_optimizer_options, clip_norm, LATI_FIELD_DOUBLE, 5, 0, 1e30),
    LATI_NUMBER(lat_optimizer_options, warmup, LATI_FIELD_INT64, 0, 0, MAX_UPDATES),
    LATI_NUMBER(lat_optimizer_options, period, LATI_FIELD_INT64, 0, 0, MAX_UPDATES),
    LATI_NUMBER(lat_optimizer_options, period_multiplier, LATI_FIELD_DOUBLE, 1, 1, 1e6),
    LATI_NUMBER(lat_optimizer_options, shrink, LATI_FIELD_DOUBLE, 1, 1e-6, 1),
    LATI_NUMBER(lat_optimizer_options, floor, LATI_FIELD_DOUBLE, 0, 0, 1),
    LATI_ADDED_NUMBER(lat_optimizer_options, ema_decay, LATI_FIELD_DOUBLE, 0, 0, 0.9999999),
    LATI_FIELDS_END};

typedef struct rule {
  const char *name;
  int decays, orthogonalises;
} rule;

static const rule rules[] = {{"adam", 0, 0}, {"adamw", 1, 0}, {"muon", 1, 1}};

void lat_optimizer_options_init_sized(lat_optimizer_options *options, size_t size) {
  lati_options_init(options, size, lati_optimizer_fields, sizeof *options);
}

static const rule *find_rule(const char *name) {
  for (size_t i = 0; i < sizeof rules / sizeof *rules; ++i) {
    if (strcmp(rules[i].name, name) == 0) {
      return &rules[i];
    }
  }
  return NULL;
}

static lat_status resolve(lat_optimizer_options *to, const rule **chosen,
                          const lat_optimizer_options *from) {
  lat_status status =
      lati_options_read(to, sizeof *to, lati_optimizer_fields, from, "optimizer options");
  if (status != LAT_OK) {
    return status;
  }
  *chosen = find_rule(to->rule);
  if (*chosen == NULL) {
    return lati_fail(LAT_ERROR_NOT_FOUND, "no rule \"%s\": there are adam, adamw and muon",
                     to->rule);
  }
  to->rule = (*chosen)->name;
  if (to->weight_decay > 0 && !(*chosen)->decays) {
    return lati_fail(LAT_ERROR_ARGUMENT, "weight_decay %g: rule %s has none (adamw, muon)",
                     to->weight_decay, to->rule);
  }
  return lati_schedule_find(&to->schedule, to);
}

static lat_status check_trainable(const lat_model *model) {
  if (model->state == LATI_FROZEN) {
    return lati_fail(LAT_ERROR_STATE, "the model is frozen");
  }
  return lati_model_usable(model);
}

static lat_status allocate_state(lat_optimizer *optimizer) {
  lat_status status = LAT_OK;
  const size_t own = optimizer->end - optimizer->first + 1; /* a part may be empty */
  const lati_update *operations = optimizer->ctx->device.operations->update;
  LATI_TRY(LATI_NEW_ON_DEVICE(optimizer->m, optimizer->ctx, own));
  LATI_TRY(LATI_NEW_ON_DEVICE(optimizer->v, optimizer->ctx, own));
  LATI_TRY(LATI_NEW_ON_DEVICE(optimizer->partials, optimizer->ctx,
                              operations->sum_of_squares_partials((int64_t)optimizer->count)));
done:
  return status;
}

lat_status lat_optimizer_create(lat_optimizer **out, lat_model *model,
                                const lat_optimizer_options *options) {
  return lati_optimizer_create(out, model, options, NULL);
}

lat_status lati_optimizer_create(lat_optimizer **out, lat_model *model,
                                 const lat_optimizer_options *options,
                                 const lati_update_share *share) {
  lat_status status = LAT_OK;
  lat_optimizer *optimizer = NULL;
  lat_optimizer_options resolved;
  const rule *chosen = NULL;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "model is NULL");
  }
  LATI_TRY(check_trainable(model));
  LATI_TRY(resolve(&resolved, &chosen, options));
  LATI_TRY(LATI_NEW(optimizer, model->ctx, 1));
  optimizer->ctx = lati_context_ref(model->ctx);
  optimizer->options = resolved;
  optimizer->count = model->table.total;
  optimizer->share = share != NULL ? *share : (lati_update_share){.ranks = 1};
  LATI_TRY(lati_optimizer_plan_parts(optimizer, &model->table, chosen->orthogonalises));
  LATI_TRY(allocate_state(optimizer));
  LATI_TRY(lati_average_create(optimizer, model));
  if (chosen->orthogonalises) {
    LATI_TRY(lati_muon_create(&optimizer->muon, model->ctx, &model->table, optimizer->first,
                              optimizer->end));
  }
  if (optimizer->muon != NULL && optimizer->share.ranks > 1 && !optimizer->share.split) {
    LATI_TRY(lati_muon_share(optimizer->muon, model->ctx, &optimizer->share));
  }
  LATI_TRY(lati_optimizer_plan_stretches(optimizer, &model->table));
  *out = optimizer;
  optimizer = NULL;
done:
  lat_optimizer_free(optimizer);
  return status;
}

void lat_optimizer_free(lat_optimizer *optimizer) {
  if (optimizer == NULL) {
    return;
  }
  lat_context *ctx = optimizer->ctx;
  lati_muon_free(optimizer->muon);
  lati_moments_close(optimizer);
  lati_free(optimizer->offsets);
  lati_free(optimizer->parts);
  lati_free(optimizer->stretches);
  lati_device_free(ctx, optimizer->partials);
  lati_device_free(ctx, optimizer->average);
  lati_device_free(ctx, optimizer->v);
  lati_device_free(ctx, optimizer->m);
  lati_free(optimizer);
  lat_context_free(ctx);
}

lat_status lati_optimizer_check_model(const lat_optimizer *optimizer, const lat_model *model) {
  if (model->table.total != optimizer->count) {
    return lati_fail(LAT_ERROR_ARGUMENT, "model has %zu parameters, the optimizer was made for %zu",
                     model->table.total, optimizer->count);
  }
  return check_trainable(model);
}

lat_status lati_optimizer_check_whole(const lat_optimizer *optimizer) {
  return optimizer->torn
             ? lati_fail(LAT_ERROR_STATE,
                         "ranks failed to meet in the middle of an update: the run goes "
                         "on from a checkpoint")
             : LAT_OK;
}

static lat_status check_step(const lat_optimizer *optimizer, const lat_model *model,
                             const lat_gradients *gradients, const lat_loss_sum *sum) {
  lat_status status = LAT_OK;
  if (optimizer == NULL || model == NULL || gradients == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "optimizer, model or gradients is NULL");
  }
  LATI_TRY(lati_gradients_usable(gradients));
  LATI_TRY(lati_loss_sum_check(sum));
  if (lat_gradients_size(gradients) != optimizer->count) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "gradients have %zu parameters, the optimizer was made for %zu",
                     lat_gradients_size(gradients), optimizer->count);
  }
  if (sum->tokens < 1) {
    return lati_fail(LAT_ERROR_ARGUMENT, "sum->tokens %lld is below 1: nothing was accumulated",
                     (long long)sum->tokens);
  }
  if (optimizer->averaged) {
    return lati_fail(LAT_ERROR_STATE, "the model holds the average of its parameters; "
                                      "lat_optimizer_swap_average() brings those of training back");
  }
  LATI_TRY(lati_optimizer_check_whole(optimizer));
  status = lati_optimizer_check_model(optimizer, model);
done:
  return status;
}

static void update_by_adam(lat_optimizer *optimizer, float *parameters, float *gradients,
                           double rate, double scale) {
  const lat_optimizer_options *options = &optimizer->options;
  const double t = (double)(optimizer->updates + 1);
  const lati_adam adam = {.rate = rate,
                          .beta1 = options->beta1,
                          .beta2 = options->beta2,
                          .epsilon = options->epsilon,
                          .decay = options->weight_decay,
                          .correction1 = 1 - pow(options->beta1, t),
                          .correction2 = 1 - pow(options->beta2, t),
                          .scale = scale};
  optimizer->ctx->device.operations->update->adam(&optimizer->ctx->device, parameters, gradients,
                                                  optimizer->m, optimizer->v, optimizer->stretches,
                                                  optimizer->stretch_count, &adam);
}

static lat_status update_by_muon(lat_optimizer *optimizer, float *parameters, float *gradients,
                                 double rate, double scale) {
  const lat_optimizer_options *options = &optimizer->options;
  const lati_muon_step step = {.rate = rate / options->learning_rate * options->muon_learning_rate,
                               .momentum = options->muon_momentum,
                               .decay = options->weight_decay,
                               .scale = scale};
  return lati_muon_update(optimizer->muon, &optimizer->ctx->device, parameters, gradients,
                          optimizer->m, optimizer->v, &step);
}

double lati_optimizer_sum_of_squares(const lat_optimizer *optimizer, const float *vector) {
  return optimizer->ctx->device.operations->update->sum_of_squares(
      &optimizer->ctx->device, vector, (int64_t)optimizer->count, optimizer->partials);
}

lat_status lati_optimizer_gather(const lat_optimizer *optimizer, float *vector) {
  for (int32_t rank = 0; rank <= optimizer->share.ranks; ++rank) {
    optimizer->offsets[rank] = optimizer->parts[rank] * sizeof *vector;
  }
  return optimizer->share.gather(optimizer->share.user, vector, optimizer->offsets);
}

const size_t *lati_optimizer_owned(const lat_optimizer *optimizer) {
  return optimizer->muon == NULL ? optimizer->parts : NULL;
}

/* Of gradients of which each rank has the sum of its part alone: blocks are added in the order of a
 * vector's, so that the bits are those of one process. */
static lat_status sum_squares_of_parts(double *sum, const lat_optimizer *optimizer,
                                       const float *gradients) {
  lat_status status = LAT_OK;
  const lati_device *device = &optimizer->ctx->device;
  const lati_update *operations = device->operations->update;
  double *partials = optimizer->partials;
  const int64_t before = operations->sum_of_squares_partials((int64_t)optimizer->first);
  (void)operations->sum_of_squares(device, gradients + optimizer->first,
                                   (int64_t)(optimizer->end - optimizer->first), partials + before);
  for (int32_t rank = 0; rank <= optimizer->share.ranks; ++rank) {
    const int64_t blocks = operations->sum_of_squares_partials((int64_t)optimizer->parts[rank]);
    optimizer->offsets[rank] = (size_t)blocks * sizeof *partials;
  }
  LATI_TRY(optimizer->share.gather(optimizer->share.user, partials, optimizer->offsets));
  *sum = operations->sum_of_partials(
      device, partials, operations->sum_of_squares_partials((int64_t)optimizer->count));
done:
  return status;
}

/* Factor that makes the summed gradient a mean, clipped. NUMERIC when it is not finite. */
static lat_status choose_scale(double *scale, double *norm, const lat_optimizer *optimizer,
                               const float *gradients, const lat_loss_sum *sum) {
  lat_status status = LAT_OK;
  const double tokens = (double)sum->tokens, clip = optimizer->options.clip_norm;
  double squares = 0;
  if (lati_optimizer_owned(optimizer) == NULL) {
    squares = lati_optimizer_sum_of_squares(optimizer, gradients);
  } else {
    LATI_TRY(sum_squares_of_parts(&squares, optimizer, gradients));
  }
  *norm = sqrt(squares) / tokens;
  if (!isfinite(*norm) || !isfinite(sum->loss)) {
    return lati_fail(LAT_ERROR_NUMERIC, "update %lld: %s is not finite",
                     (long long)optimizer->updates + 1,
                     isfinite(sum->loss) ? "the gradient's norm" : "the loss");
  }
  *scale = (clip > 0 && *norm > clip ? clip / *norm : 1) / tokens;
done:
  return status;
}

/* Of the parameters whose moments are kept here; then those of the other ranks come from them. Muon
 * comes first, because ranks that share it may fail to meet before anything has changed. */
static lat_status update_part(lat_optimizer *optimizer, float *parameters, float *gradients,
                              double rate, double scale) {
  lat_status status = LAT_OK;
  float *p = parameters + optimizer->first, *g = gradients + optimizer->first;
  if (optimizer->muon != NULL) {
    LATI_TRY(update_by_muon(optimizer, p, g, rate, scale));
  }
  update_by_adam(optimizer, p, g, rate, scale);
  if (optimizer->parts != NULL) { /* its own are zero already */
    const lati_device *device = &optimizer->ctx->device;
    lati_device_fill(device, gradients, 0, optimizer->first);
    lati_device_fill(device, gradients + optimizer->end, 0, optimizer->count - optimizer->end);
    status = lati_optimizer_gather(optimizer, parameters);
    optimizer->torn = status != LAT_OK;
  }
done:
  return status;
}

static lat_status step(lat_optimizer *optimizer, lat_model *model, lat_gradients *gradients,
                       lat_loss_sum *sum) {
  float *g = lati_gradients_vector(gradients);
  double scale = 0, norm = 0;
  lat_status status = choose_scale(&scale, &norm, optimizer, g, sum);
  if (status != LAT_OK) {
    return status;
  }
  const double rate = lati_schedule_rate(&optimizer->options, optimizer->updates);
  status = update_part(optimizer, model->parameters, g, rate, scale);
  if (status != LAT_OK) {
    if (optimizer->torn) {
      lati_model_repack(model); /* its parameters are no longer those that were packed */
    }
    return status;
  }
  lati_average_follow(optimizer, model);
  lati_model_repack(model);
  lat_loss_sum_init_sized(sum, sum->struct_size);
  optimizer->gradient_norm = norm;
  ++optimizer->updates;
  return LAT_OK;
}

lat_status lat_optimizer_step(lat_optimizer *optimizer, lat_model *model, lat_gradients *gradients,
                              lat_loss_sum *sum) {
  lati_floating floating;
  lat_status status = check_step(optimizer, model, gradients, sum);
  if (status == LAT_OK) {
    lati_floating_enter_pass(&floating);
    status = step(optimizer, model, gradients, sum);
    lati_floating_leave(&floating);
  }
  return status;
}

int64_t lat_optimizer_updates(const lat_optimizer *optimizer) {
  return optimizer == NULL ? 0 : optimizer->updates;
}

double lat_optimizer_learning_rate(const lat_optimizer *optimizer) {
  lati_floating floating;
  if (optimizer == NULL) {
    return 0;
  }
  lati_floating_enter(&floating);
  const double rate = lati_schedule_rate(&optimizer->options, optimizer->updates);
  lati_floating_leave(&floating);
  return rate;
}

double lat_optimizer_gradient_norm(const lat_optimizer *optimizer) {
  return optimizer == NULL ? 0 : optimizer->gradient_norm;
}
