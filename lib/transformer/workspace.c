/* Planning a pass: the arena's layout follows from the batch's token counts and the model's lists
 * of blocks, each of which plans its own part. */
#include "transformer/workspace.h"

#include "transformer/answer_rows.h"
#include "transformer/block_kind.h"
#include "transformer/embed.h"
#include "transformer/head.h"

static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

void lati_residual_plan(lati_residual_state *state, lati_arena *from, int64_t tokens,
                        int32_t width) {
  state->sum = lati_take_floats(from, tokens, width);
  state->normed = lati_take_hidden(from, tokens, width);
  state->mean = lati_take_floats(from, tokens, 1);
  state->rstd = lati_take_floats(from, tokens, 1);
}

static lati_extent extent_of(lati_workspace *work, const lati_stack_state *state,
                             const lati_block *block) {
  return (lati_extent){.tokens = state->tokens,
                       .memory_tokens =
                           block->memory != NULL ? lati_memory_state(work, block)->tokens : 0,
                       .sequences = state->sequences,
                       .training = work->purpose == LATI_TRAIN};
}

static void plan_stack(lati_workspace *work, lati_stack_state *state, lati_arena *from) {
  const lati_stack *stack = state->stack;
  /* Backward and the tokens that are decoded behind a problem need what every pass computed. */
  const int keep = work->purpose == LATI_TRAIN || stack->behind == LATI_ANSWER;
  state->passes = keep ? lati_stack_passes(stack) : 1;
  state->offsets = lati_take_on_host(from, state->sequences + 1, sizeof(int64_t));
  lati_embed_plan(state, from);
  for (int32_t i = 0; i < state->passes * stack->blocks; ++i) {
    const int32_t layer = lati_stack_layer(stack, i / stack->blocks);
    const lati_block *block = &stack->block[layer * stack->blocks + i % stack->blocks];
    const lati_extent extent = extent_of(work, state, block);
    lati_residual_plan(&state->block[i].residual, from, state->tokens, stack->width);
    block->kind->plan(&state->block[i], from, block, &extent);
  }
  if (stack->pre_norm) {
    state->last.normed = lati_take_hidden(from, state->tokens, stack->width);
    state->last.mean = lati_take_floats(from, state->tokens, 1);
    state->last.rstd = lati_take_floats(from, state->tokens, 1);
  }
}

/* What backward needs of each kind of scratch memory, in floats or bytes: the most of any block. */
typedef struct backward_needs {
  int64_t hidden, operand, block, packed, width;
} backward_needs;

static void need_block(backward_needs *needs, lati_workspace *work, const lati_stack_state *state,
                       const lati_block *block) {
  const lati_extent extent = extent_of(work, state, block);
  const int64_t tokens = larger(extent.tokens, extent.memory_tokens);
  lati_arena count = {.backend = work->device->operations};
  block->kind->plan_backward(&count, block, &extent);
  needs->block = larger(needs->block, (int64_t)count.device.used);
  for (int32_t l = 0; l < block->kind->linears && block->linear[l].weight != NULL; ++l) {
    const size_t packed = work->device->operations->weight_scratch(tokens, block->linear[l].in);
    needs->packed = larger(needs->packed, (int64_t)packed);
  }
}

static void need_stack(backward_needs *needs, lati_workspace *work, const lati_stack_state *state) {
  const lati_stack *stack = state->stack;
  const int64_t bytes = lati_operand_bytes(work->device->operations, state->tokens, stack->width);
  needs->hidden = larger(needs->hidden, state->tokens * stack->width);
  needs->operand = larger(needs->operand, bytes);
  needs->width = larger(needs->width, stack->width);
  for (int32_t i = 0; i < stack->blocks; ++i) {
    need_block(needs, work, state, &stack->block[i]);
  }
}

/* Gradients of the stacks' outputs. */
static void plan_gradients(lati_workspace *work, lati_arena *from) {
  for (int32_t s = 0; s < work->stacks; ++s) {
    lati_stack_state *state = &work->stack[s];
    state->d_hidden = lati_take_floats(from, state->tokens, state->stack->width);
  }
}

static void plan_backward(lati_workspace *work, lati_arena *from) {
  const lat_model *model = work->model;
  lati_scratch *scratch = &work->scratch;
  backward_needs needs = {0};
  for (int32_t s = 0; s < work->stacks; ++s) {
    need_stack(&needs, work, &work->stack[s]);
  }
  scratch->d_source = lati_take_floats(from, needs.hidden, 1);
  scratch->d_block = lati_take_floats(from, needs.hidden, 1);
  scratch->d_normed = lati_take_floats(from, needs.hidden, 1);
  scratch->d_narrow = work->device->operations->narrow ? lati_take(from, needs.operand, 1) : NULL;
  scratch->block = lati_take(from, needs.block, 1);
  scratch->norm_sums = lati_take_floats(from, 2 * LATI_NORM_GROUPS, needs.width);
  const size_t head =
      work->device->operations->weight_scratch(work->answers.tokens, model->projection.in);
  scratch->packed = lati_take(from, larger(needs.packed, (int64_t)head), 1);
}

static int64_t tile_bytes(const lati_workspace *work) {
  int64_t most = 0;
  for (int32_t s = 0; s < work->stacks; ++s) {
    const lati_stack *stack = work->stack[s].stack;
    const size_t bytes = work->device->operations->attention_scratch(work->stack[s].longest,
                                                                     stack->width / stack->heads);
    most = larger(most, (int64_t)bytes);
  }
  return most;
}

/* What the pass takes of both memories, from the bases on, which are NULL to count it. */
static lati_arena plan(lati_workspace *work, const lat_batch *batch, unsigned char *device,
                       unsigned char *host) {
  lati_arena from = {work->device->operations, {device, 0}, {host, 0}};
  for (int32_t s = 0; s < work->stacks; ++s) {
    plan_stack(work, &work->stack[s], &from);
  }
  work->scratch.tiles = lati_take(&from, work->threads * tile_bytes(work), 1);
  if (work->purpose == LATI_TRAIN) {
    plan_gradients(work, &from);
  }
  if (lati_answers_follow(work)) {
    lati_answer_rows_plan(work, &from, batch);
  }
  if (work->purpose != LATI_ENCODE) {
    lati_head_plan(work, &from);
  }
  if (work->purpose == LATI_TRAIN) {
    plan_backward(work, &from);
  }
  return from;
}

/* Grows a block of the device's memory (NULL: the host's) with some room to spare, because the
 * token counts of ragged batches vary. */
static lat_status reserve(unsigned char **block, size_t *capacity, const lati_device *device,
                          const lat_context *ctx, size_t bytes) {
  const lati_memory *memory = lati_memory_of(device);
  if (bytes <= *capacity) {
    return LAT_OK;
  }
  memory->release(device, *block);
  *capacity = 0;
  const size_t wanted = bytes + bytes / 4;
  lat_status status = memory->allocate((void **)block, ctx, wanted, 1);
  *capacity = status == LAT_OK ? wanted : 0;
  return status;
}

static lat_status reserve_arena(lati_workspace *work, const lati_arena *needed) {
  const lat_context *ctx = work->model->ctx;
  lat_status status = LAT_OK;
  LATI_TRY(reserve(&work->arena, &work->capacity, work->device, ctx, needed->device.used));
  LATI_TRY(reserve(&work->host_arena, &work->host_capacity, NULL, ctx, needed->host.used));
done:
  return status;
}

static int same_vocabulary(const lati_vocabulary *a, const lati_vocabulary *b) {
  return a->encoding == b->encoding && a->digits == b->digits;
}

static lat_status check_sequences(const lat_model *model, const lat_batch *batch, int32_t side) {
  const int64_t *offsets = batch->side[side].offsets;
  const int64_t framing = side == LAT_INPUT ? 2 : 1;
  for (int64_t i = 0; i < batch->size; ++i) {
    const int64_t length = offsets[i + 1] - offsets[i];
    if (length == 0) {
      return lati_fail(LAT_ERROR_ARGUMENT, "example %lld has no %s", (long long)i,
                       side == LAT_INPUT ? "input" : "target");
    }
    if (length + framing > model->options.max_positions) {
      return lati_fail(LAT_ERROR_LIMIT, "example %lld: %s of %lld tokens exceeds max_positions %d",
                       (long long)i, side == LAT_INPUT ? "input" : "target",
                       (long long)(length + framing), (int)model->options.max_positions);
    }
  }
  return LAT_OK;
}

lat_status lati_workspace_check(const lati_workspace *work, const lat_batch *batch,
                                lati_purpose purpose) {
  const lat_model *model = work->model;
  lat_status status = lati_model_usable(model);
  if (status != LAT_OK) {
    return status;
  }
  if (batch == NULL || batch->size == 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the batch is %s", batch == NULL ? "NULL" : "empty");
  }
  for (int32_t side = LAT_INPUT; side <= LAT_OUTPUT; ++side) {
    if (!same_vocabulary(&batch->tokenizer->side[side], &model->tokenizer->side[side])) {
      return lati_fail(LAT_ERROR_ARGUMENT, "the batch's %s is in %s, the model's in %s",
                       side == LAT_INPUT ? "input" : "output",
                       lat_tokenizer_encoding(batch->tokenizer, side),
                       lat_tokenizer_encoding(model->tokenizer, side));
    }
  }
  status = check_sequences(model, batch, LAT_INPUT);
  const int answers = purpose != LATI_ENCODE || model->stack[0].behind == LATI_QUERIES;
  return status != LAT_OK || !answers ? status : check_sequences(model, batch, LAT_OUTPUT);
}

static void measure_stack(lati_stack_state *state, const lat_batch *batch) {
  state->sequences = batch->size;
  state->tokens = state->longest = 0;
  for (int64_t i = 0; i < batch->size; ++i) {
    const int64_t tokens = lati_embed_tokens(state, batch, i);
    state->tokens += tokens;
    state->longest = larger(state->longest, tokens);
  }
}

lat_status lati_workspace_plan(lati_workspace *work, const lat_batch *batch, lati_purpose purpose) {
  lat_status status = LAT_OK;
  LATI_TRY(lati_workspace_check(work, batch, purpose));
  work->purpose = purpose;
  work->stacks = purpose == LATI_ENCODE ? 1 : work->model->stacks;
  for (int32_t s = 0; s < work->stacks; ++s) {
    const lati_behind behind = work->model->stack[s].behind;
    const int later = purpose == LATI_ENCODE && behind == LATI_ANSWER;
    work->stack[s].behind = later ? LATI_NOTHING : behind;
    measure_stack(&work->stack[s], batch);
  }
  const lati_arena needed = plan(work, batch, NULL, NULL);
  LATI_TRY(reserve_arena(work, &needed));
  (void)plan(work, batch, work->arena, work->host_arena);
done:
  return status;
}

static lat_status prepare_stack(lati_stack_state *state, const lat_context *ctx,
                                const lati_stack *stack) {
  state->stack = stack;
  return LATI_NEW(state->block, ctx, (size_t)(lati_stack_passes(stack) * stack->blocks));
}

lat_status lati_workspace_create(lati_workspace **out, const lat_model *model) {
  lat_status status = LAT_OK;
  lati_workspace *work = NULL;
  *out = NULL;
  LATI_TRY(LATI_NEW(work, model->ctx, 1));
  work->model = model;
  work->device = &model->ctx->device;
  work->threads = lati_pool_size(work->device->pool);
  for (int32_t s = 0; s < model->stacks; ++s) {
    LATI_TRY(prepare_stack(&work->stack[s], model->ctx, &model->stack[s]));
  }
  *out = work;
  work = NULL;
done:
  lati_workspace_free(work);
  return status;
}

void lati_workspace_free(lati_workspace *work) {
  if (work != NULL) {
    for (int32_t s = 0; s < LATI_STACKS; ++s) {
      lati_free(work->stack[s].block);
    }
    work->device->operations->memory->release(work->device, work->arena);
    lati_free(work->host_arena);
    lati_free(work);
  }
}
