/* Gradients of a batch: forward, the head, backward, into one flat vector. */
#include "base/floating.h"
#include "transformer/batch_parts.h"
#include "transformer/head.h"
#include "transformer/passes.h"
#include "transformer/spread.h"

struct lat_gradients {
  lat_model *model; /* a reference */
  lati_batch_parts parts;
  float *data;
  float *mapped;          /* what the host sees of data; NULL: it is not lent */
  int32_t *neighbours;    /* (2, output symbols): the spread's; NULL before a first */
  lati_accumulation next; /* call of lat_gradients_accumulate() */
};

lat_status lat_gradients_create(lat_gradients **out, const lat_model *model) {
  lat_status status = LAT_OK;
  lat_gradients *gradients = NULL;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "model is NULL");
  }
  LATI_TRY(LATI_NEW(gradients, model->ctx, 1));
  /* Counting references changes a model that is const to its user. */
  gradients->model = lati_model_ref((lat_model *)(uintptr_t)model);
  LATI_TRY(LATI_NEW_ON_DEVICE(gradients->data, model->ctx, model->table.total));
  LATI_TRY(lati_head_prepare(&gradients->next.d_tied, model));
  LATI_TRY(lati_batch_parts_create(&gradients->parts, model));
  gradients->next.gradient = gradients->data;
  *out = gradients;
  gradients = NULL;
done:
  lat_gradients_free(gradients);
  return status;
}

static size_t vector_bytes(const lat_gradients *gradients) {
  return gradients->model->table.total * sizeof *gradients->data;
}

static void give_back(lat_gradients *gradients) {
  if (gradients->mapped != NULL) {
    lati_memory_of(&gradients->model->ctx->device)
        ->unmap(&gradients->model->ctx->device, gradients->data, gradients->mapped,
                vector_bytes(gradients));
    gradients->mapped = NULL;
  }
}

void lat_gradients_free(lat_gradients *gradients) {
  if (gradients != NULL) {
    lati_batch_parts_clear(&gradients->parts);
    lati_free(gradients->neighbours);
    give_back(gradients);
    lati_device_free(gradients->model->ctx, gradients->next.d_tied);
    lati_device_free(gradients->model->ctx, gradients->data);
    lat_model_free(gradients->model);
    lati_free(gradients);
  }
}

void lat_gradients_zero(lat_gradients *gradients) {
  if (gradients == NULL) {
    return;
  }
  const size_t count = gradients->model->table.total;
  if (gradients->mapped != NULL) {
    lati_host_memory.fill(NULL, gradients->mapped, 0, count);
  } else {
    lati_device_fill(&gradients->model->ctx->device, gradients->data, 0, count);
  }
}

lat_status lati_gradients_usable(const lat_gradients *gradients) {
  if (gradients == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "gradients is NULL");
  }
  return gradients->mapped == NULL
             ? LAT_OK
             : lati_fail(LAT_ERROR_STATE, "the gradients are mapped: commit them first");
}

lat_status lat_gradients_map(float **values, lat_gradients *gradients) {
  if (values == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "values is NULL");
  }
  *values = NULL;
  lat_status status = lati_gradients_usable(gradients);
  if (status == LAT_OK) {
    const lat_context *ctx = gradients->model->ctx;
    status = lati_memory_of(lati_device_of(ctx))
                 ->map((void **)&gradients->mapped, ctx, gradients->data, vector_bytes(gradients));
    *values = gradients->mapped;
  }
  return status;
}

lat_status lat_gradients_commit(lat_gradients *gradients) {
  if (gradients == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "gradients is NULL");
  }
  if (gradients->mapped == NULL) {
    return lati_fail(LAT_ERROR_STATE, "the gradients are not mapped");
  }
  give_back(gradients);
  return LAT_OK;
}

float *lati_gradients_vector(const lat_gradients *gradients) {
  return gradients->data;
}

size_t lat_gradients_size(const lat_gradients *gradients) {
  return gradients == NULL ? 0 : gradients->model->table.total;
}

void lat_gradients_seek(lat_gradients *gradients, uint64_t pass) {
  if (gradients != NULL) {
    lati_gradients_place(gradients, pass, 0);
  }
}

void lati_gradients_place(lat_gradients *gradients, uint64_t step, uint64_t first) {
  gradients->next.step = step;
  gradients->next.first = first;
}

void lati_gradients_redirect(lat_gradients *gradients, float *to) {
  gradients->next.gradient = to != NULL ? to : gradients->data;
}

void lati_gradients_follow(lat_gradients *gradients, lati_final_function *hears, void *user) {
  gradients->next.hears = hears;
  gradients->next.hearer = user;
}

void lati_gradients_tell(const lat_gradients *gradients) {
  const lat_model *model = gradients->model;
  for (int32_t s = model->stacks - 1; s >= 0; --s) {
    for (int32_t pass = lati_stack_passes(&model->stack[s]) - 1; pass >= 0; --pass) {
      lati_stack_tell_final(&gradients->next, &model->stack[s], pass);
    }
  }
}

lat_status lat_gradients_set_target_spread(lat_gradients *gradients, double width) {
  lat_status status = LAT_OK;
  if (gradients == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "gradients is NULL");
  }
  lati_floating saved;
  lati_floating_enter(&saved);
  if (!(width >= 0 && width <= LATI_MAX_SPREAD)) {
    LATI_TRY(
        lati_fail(LAT_ERROR_ARGUMENT, "target spread %g is outside 0..%g", width, LATI_MAX_SPREAD));
  }
  const lati_vocabulary *vocabulary = &gradients->model->tokenizer->side[LAT_OUTPUT];
  if (width > 0 && gradients->neighbours == NULL) {
    LATI_TRY(lati_spread_neighbours(&gradients->neighbours, gradients->model->ctx, vocabulary));
  }
  gradients->next.spread = (lati_spread){
      gradients->neighbours, width > 0 ? gradients->neighbours + vocabulary->size : NULL, width};
done:
  lati_floating_leave(&saved);
  return status;
}

static lat_status check_arguments(const lat_gradients *gradients, const lat_loss_sum *sum,
                                  const lat_model *model) {
  lat_status status = lati_gradients_usable(gradients);
  if (status == LAT_OK) {
    status = lati_loss_sum_check(sum);
  }
  if (status == LAT_OK) {
    status = lati_model_usable(model);
  }
  if (status == LAT_OK && gradients->model != model) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the gradients were created for another model");
  }
  return status;
}

static void clear_tied(const lat_gradients *gradients) {
  const lati_linear *projection = &gradients->model->projection;
  if (gradients->next.d_tied != NULL) {
    lati_device_fill(&gradients->model->ctx->device, gradients->next.d_tied, 0,
                     (size_t)projection->out * (size_t)projection->in);
  }
}

lat_status lat_gradients_accumulate(lat_gradients *gradients, lat_loss_sum *sum,
                                    const lat_model *model, const lat_batch *batch) {
  lat_status status = check_arguments(gradients, sum, model);
  lati_floating saved;
  if (status != LAT_OK) {
    return status;
  }
  lati_floating_enter_pass(&saved);
  LATI_TRY(lati_workspace_check(gradients->parts.worker[0].workspace, batch, LATI_TRAIN));
  clear_tied(gradients);
  LATI_TRY(lati_batch_parts_pass(&gradients->parts, sum, batch, &gradients->next));
  lati_gradients_place(gradients, gradients->next.step + 1, 0);
done:
  lati_floating_leave(&saved);
  return status;
}
