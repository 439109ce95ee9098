#include "transformer/batch_parts.h"

#include "transformer/head.h"
#include "transformer/passes.h"

#include <lat/parallel.h>

#include <limits.h>
#include <string.h>

/* Hidden rows of all stacks, in floats: so few that the activations stay in the caches, so many
 * that products are still large enough. Neither the number of threads nor that of ranks may change
 * it, nor with it the order of sums. */
enum { PART_FLOATS = 131072 };

struct lati_part {
  atomic_int added; /* additions to the gradients so far, see transformer/turn.h */
  lat_loss_sum sum;
  lat_status status;
  char message[2 * LAT_MESSAGE_SIZE]; /* as long as messages are */
};

lat_status lati_batch_parts_create(lati_batch_parts *parts, const lat_model *model) {
  lat_status status = LAT_OK;
  parts->model = model;
  LATI_TRY(LATI_NEW(parts->worker, model->ctx, lati_pool_size(model->ctx->device.pool)));
  LATI_TRY(lati_workspace_create(&parts->worker[0].workspace, model));
  parts->workers = 1;
done:
  return status;
}

void lati_batch_parts_clear(lati_batch_parts *parts) {
  for (int32_t w = 0; w < parts->workers; ++w) {
    lati_workspace_free(parts->worker[w].workspace);
    lati_free(parts->worker[w].offsets[LAT_INPUT]);
    lati_free(parts->worker[w].offsets[LAT_OUTPUT]);
  }
  lati_free(parts->worker);
  lati_free(parts->part);
}

/* Equal numbers of parts for each of 2, 4 or 8 threads; a small batch is one. */
static int64_t round_up(int64_t parts) {
  if (parts > 4) {
    return (parts + 7) / 8 * 8;
  }
  return parts > 2 ? 4 : parts > 0 ? 2 : 1;
}

/* Parts of at most about PART_FLOATS, of as many examples each as the others. */
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
  const int64_t parts = round_up((floats + PART_FLOATS / 2) / PART_FLOATS);
  return parts < batch->size ? parts : batch->size;
}

/* A batch on its way. */
typedef struct passage {
  lati_batch_parts *parts;
  const lat_batch *batch;
  const lati_accumulation *to;
  int64_t count;
  int64_t beside; /* the first of them, under way at the same time, which take turns */
} passage;

/* Examples first .. end - 1 as a batch, whose tokens and places are the whole one's. */
static lat_status view_part(lat_batch *part, lati_part_worker *worker, const lat_batch *batch,
                            int64_t first, int64_t end) {
  lat_status status = LAT_OK;
  *part = (lat_batch){.ctx = batch->ctx, .tokenizer = batch->tokenizer, .size = end - first};
  for (int32_t side = LAT_INPUT; side <= LAT_OUTPUT; ++side) {
    const lati_batch_side *from = &batch->side[side];
    const int64_t begin = from->offsets[first];
    LATI_TRY(lati_grow((void **)&worker->offsets[side], &worker->offset_capacity[side],
                       worker->workspace->model->ctx, (size_t)(end - first) + 1, sizeof(int64_t)));
    for (int64_t i = first; i <= end; ++i) {
      worker->offsets[side][i - first] = from->offsets[i] - begin;
    }
    part->side[side] = (lati_batch_side){.tokens = from->tokens + begin,
                                         .offsets = worker->offsets[side],
                                         .rows = from->rows + begin + first,
                                         .cols = from->cols + begin + first};
  }
done:
  return status;
}

/* The whole batch's, as it is for part `index`, whose examples begin at `first`. */
static lati_accumulation accumulation_of(const passage *way, int64_t index, int64_t first) {
  lati_part *part = way->parts->part;
  lati_accumulation to = *way->to;
  to.first += (uint64_t)first;
  to.targets_before = way->batch->side[LAT_OUTPUT].offsets[first] + first;
  to.last = index == way->count - 1;
  to.hears = to.last ? to.hears : NULL;
  if (index < way->beside) {
    to.turn = (lati_turn){index > 0 ? &part[index - 1].added : NULL, &part[index].added};
  }
  return to;
}

static lat_status pass_part(const passage *way, int64_t index, lati_part_worker *worker) {
  lat_status status = LAT_OK;
  lat_batch batch;
  lati_workspace *work = worker->workspace;
  const int64_t first = way->batch->size * index / way->count;
  const int64_t end = way->batch->size * (index + 1) / way->count;
  LATI_TRY(view_part(&batch, worker, way->batch, first, end));
  LATI_TRY(lati_workspace_plan(work, &batch, LATI_TRAIN));
  work->to = accumulation_of(way, index, first);
  lati_forward(work, &batch);
  LATI_TRY(lati_head(work, &way->parts->part[index].sum, &batch));
  lati_backward(work);
done:
  return status;
}

/* A task of a loop over parts. One that failed lets the next go on, behind the one before. */
static void run_part(void *argument, int64_t index, int32_t thread) {
  const passage *way = argument;
  lati_part *part = &way->parts->part[index];
  part->status = pass_part(way, index, &way->parts->worker[thread]);
  if (part->status != LAT_OK) {
    strncpy(part->message, lat_last_error(), sizeof part->message - 1);
    if (index > 0 && index < way->beside) {
      lati_await(&part[-1].added, INT_MAX);
    }
  }
  atomic_store(&part->added, INT_MAX);
}

static lat_status start_parts(lati_batch_parts *parts, int64_t count) {
  lat_status status = LAT_OK;
  LATI_TRY(lati_grow((void **)&parts->part, &parts->capacity, parts->model->ctx, (size_t)count,
                     sizeof *parts->part));
  for (int64_t i = 0; i < count; ++i) {
    parts->part[i] = (lati_part){.status = LAT_OK};
    lat_loss_sum_init(&parts->part[i].sum);
  }
done:
  return status;
}

/* Whether a pass adds to each parameter's gradient once, which turns ask for. */
static int adds_once(const lat_model *model) {
  int once = 1;
  for (int32_t s = 0; s < model->stacks; ++s) {
    once &= lati_stack_passes(&model->stack[s]) == model->stack[s].layers;
  }
  return once;
}

/* Workspaces for all threads, each of which works alone in its own. */
static lat_status create_workers(lati_batch_parts *parts) {
  lat_status status = LAT_OK;
  const int32_t threads = lati_pool_size(parts->model->ctx->device.pool);
  for (; parts->workers < threads; ++parts->workers) {
    lati_workspace **work = &parts->worker[parts->workers].workspace;
    LATI_TRY(lati_workspace_create(work, parts->model));
    (*work)->threads = 1;
  }
done:
  return status;
}

/* How many parts threads take through the model side by side: they meet less often than in the
 * operations of one part. Whoever hears of the last part's gradients hears it on the calling
 * thread. Without memory for more workspaces the first does. */
static int64_t count_beside(lati_batch_parts *parts, const lati_accumulation *to, int64_t count) {
  const int32_t threads = lati_pool_size(parts->model->ctx->device.pool);
  const int64_t beside = to->hears == NULL ? count : count - 1;
  const int worth = threads > 1 && beside >= threads && adds_once(parts->model);
  return worth && create_workers(parts) == LAT_OK ? beside : 0;
}

static lat_status add_sum(lat_loss_sum *sum, const lati_part *part) {
  return part->status == LAT_OK ? lat_loss_sum_add(sum, &part->sum)
                                : lati_fail(part->status, "%s", part->message);
}

lat_status lati_batch_parts_pass(lati_batch_parts *parts, lat_loss_sum *sum, const lat_batch *batch,
                                 const lati_accumulation *to) {
  lat_status status = LAT_OK;
  lat_loss_sum all = *sum;
  passage way = {.parts = parts, .batch = batch, .to = to};
  way.count = count_parts(parts->model, batch);
  way.beside = count_beside(parts, to, way.count);
  LATI_TRY(start_parts(parts, way.count));
  if (way.beside > 0) {
    lati_pool_run(parts->model->ctx->device.pool, run_part, &way, way.beside);
  }
  for (int64_t i = 0; i < way.count; ++i) {
    if (i >= way.beside) {
      run_part(&way, i, 0);
    }
    LATI_TRY(add_sum(&all, &parts->part[i]));
  }
  *sum = all;
done:
  return status;
}
