/* Gradients of a batch: forward, the head, backward, into one flat vector. */
#include "base/floating.h"
#include "transformer/head.h"
#include "transformer/passes.h"
#include "transformer/spread.h"

/* A batch goes through the model in parts, whose activations stay in a processor's caches and whose
 * products are still large enough: hidden rows of all stacks, in floats. Neither the number of
 * threads nor that of ranks may change it, nor with it the order of sums. */
enum { PART_FLOATS = 131072 };

struct lat_gradients {
  lat_model *model; /* a reference */
  lati_workspace *workspace;
  float *data;
  float *mapped;       /* what the host sees of data; NULL: it is not lent */
  int32_t *neighbours; /* (2, output symbols): the spread's; NULL before a first */
  uint64_t step;       /* calls of lat_gradients_accumulate() so far */
  uint64_t first;      /* number of the next call's first example */
  int64_t *offsets[2]; /* of the part of a batch that is passed through, by side */
  size_t offset_capacity[2];
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
  LATI_TRY(lati_workspace_create(&gradients->workspace, model));
  gradients->workspace->gradient = gradients->data;
  LATI_TRY(lati_head_prepare(gradients->workspace));
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
    lati_workspace_free(gradients->workspace);
    lati_free(gradients->neighbours);
    lati_free(gradients->offsets[LAT_INPUT]);
    lati_free(gradients->offsets[LAT_OUTPUT]);
    give_back(gradients);
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
  gradients->step = step;
  gradients->first = first;
}

void lati_gradients_redirect(lat_gradients *gradients, float *to) {
  gradients->workspace->gradient = to != NULL ? to : gradients->data;
}

void lati_gradients_follow(lat_gradients *gradients, lati_final_function *hears, void *user) {
  gradients->workspace->hears = hears;
  gradients->workspace->hearer = user;
}

void lati_gradients_tell(const lat_gradients *gradients) {
  const lat_model *model = gradients->model;
  for (int32_t s = model->stacks - 1; s >= 0; --s) {
    for (int32_t pass = lati_stack_passes(&model->stack[s]) - 1; pass >= 0; --pass) {
      lati_stack_tell_final(gradients->workspace, &model->stack[s], pass);
    }
  }
}

lat_status lat_gradients_set_target_spread(lat_gradients *gradients, double width) {
  lat_status status = LAT_OK;
  if (gradients == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "gradients is NULL");
  }
  if (!(width >= 0 && width <= LATI_MAX_SPREAD)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "target spread %g is outside 0..%g", width,
                     LATI_MAX_SPREAD);
  }
  const lati_vocabulary *vocabulary = &gradients->model->tokenizer->side[LAT_OUTPUT];
  if (width > 0 && gradients->neighbours == NULL) {
    LATI_TRY(lati_spread_neighbours(&gradients->neighbours, gradients->model->ctx, vocabulary));
  }
  gradients->workspace->spread = (lati_spread){
      gradients->neighbours, width > 0 ? gradients->neighbours + vocabulary->size : NULL, width};
done:
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

/* Parts of about PART_FLOATS, of as many examples each as the others. */
static int64_t count_parts(const lat_model *model, const lat_batch *batch) {
  int64_t floats = 0;
  for (int32_t s = 0; s < model->stacks; ++s) {
    const lati_stack *stack = &model->stack[s];
    int64_t tokens = batch->side[stack->side].offsets[batch->size] + 2 * batch->size;
    if (stack->behind != LATI_NOTHING) { /* answers, or positions that ask for them */
      tokens += batch->side[LAT_OUTPUT].offsets[batch->size] + batch->size;
    }
    floats += tokens * stack->width;
  }
  const int64_t parts = (floats + PART_FLOATS / 2) / PART_FLOATS;
  return parts < 1 ? 1 : parts > batch->size ? batch->size : parts;
}

/* Examples first .. end - 1 as a batch, whose tokens and places are the whole one's. */
static lat_status view_part(lat_batch *part, lat_gradients *gradients, const lat_batch *batch,
                            int64_t first, int64_t end) {
  lat_status status = LAT_OK;
  *part = (lat_batch){.ctx = batch->ctx, .tokenizer = batch->tokenizer, .size = end - first};
  for (int32_t side = LAT_INPUT; side <= LAT_OUTPUT; ++side) {
    const lati_batch_side *from = &batch->side[side];
    const int64_t begin = from->offsets[first];
    LATI_TRY(lati_grow((void **)&gradients->offsets[side], &gradients->offset_capacity[side],
                       gradients->model->ctx, (size_t)(end - first) + 1, sizeof(int64_t)));
    for (int64_t i = first; i <= end; ++i) {
      gradients->offsets[side][i - first] = from->offsets[i] - begin;
    }
    part->side[side] = (lati_batch_side){.tokens = from->tokens + begin,
                                         .offsets = gradients->offsets[side],
                                         .rows = from->rows + begin + first,
                                         .cols = from->cols + begin + first};
  }
done:
  return status;
}

/* Examples first .. end - 1. */
static lat_status accumulate_part(lat_gradients *gradients, lat_loss_sum *sum,
                                  const lat_batch *batch, int64_t first, int64_t end) {
  lat_status status = LAT_OK;
  lat_batch part;
  lati_workspace *work = gradients->workspace;
  LATI_TRY(view_part(&part, gradients, batch, first, end));
  LATI_TRY(lati_workspace_plan(work, &part, LATI_TRAIN));
  work->step = gradients->step;
  work->first = gradients->first + (uint64_t)first;
  work->targets_before = batch->side[LAT_OUTPUT].offsets[first] + first;
  lati_forward(work, &part);
  LATI_TRY(lati_head(work, sum, &part));
  if (end == batch->size) {
    lati_head_collect(work);
  }
  lati_backward(work);
done:
  return status;
}

lat_status lat_gradients_accumulate(lat_gradients *gradients, lat_loss_sum *sum,
                                    const lat_model *model, const lat_batch *batch) {
  lat_status status = check_arguments(gradients, sum, model);
  lati_floating saved;
  if (status != LAT_OK) {
    return status;
  }
  lati_workspace *work = gradients->workspace;
  lati_final_function *hears = work->hears;
  lat_loss_sum all = *sum;
  lati_floating_enter(&saved);
  LATI_TRY(lati_workspace_check(work, batch, LATI_TRAIN));
  const int64_t parts = count_parts(model, batch);
  lati_head_start(work);
  for (int64_t i = 0; i < parts; ++i) {
    work->hears = i == parts - 1 ? hears : NULL;
    LATI_TRY(accumulate_part(gradients, &all, batch, batch->size * i / parts,
                             batch->size * (i + 1) / parts));
  }
  *sum = all;
  lati_gradients_place(gradients, gradients->step + 1, 0);
done:
  work->hears = hears;
  lati_floating_leave(&saved);
  return status;
}
