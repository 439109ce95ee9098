/* The head: logits = h W^T + b and their cross-entropy with the targets, a chunk of tokens at a
 * time so that memory stays bounded. The gradient of the SUM of losses takes the logits' place. */
#include "transformer/head.h"

#include "transformer/factors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Logits of at most this many floats exist at once, so that memory stays bounded when a large
 * vocabulary meets a large batch. */
#define LOGIT_FLOATS (1 << 23)

void lati_head_declare(lati_declaration *to, const lat_model *model) {
  const int32_t scores = model->dimensions.scores;
  if (!model->options.tied) {
    lati_declare(to, "proj.weight", scores, to->width, LATI_INIT_LINEAR, to->width);
  }
  lati_declare(to, "proj.bias", scores, 0, LATI_INIT_LINEAR, to->width);
}

/* Of a factored head the tables of factors, which follow each other. */
static const float *tied_weight(const lat_model *model) {
  const lati_side_embedding *answers = &lati_last_stack(model)->embedding.side[LAT_OUTPUT];
  return model->options.factored_head ? answers->factors.special_table : answers->table;
}

/* Whether the tables of factors follow each other, so that they are one matrix. */
static int is_one_matrix(const lati_factors *factors, const lati_factored_symbols *symbols,
                         int32_t width) {
  const int64_t mantissas = factors->mantissa_table - factors->special_table;
  const int64_t exponents = factors->exponent_table - factors->special_table;
  return mantissas == (int64_t)symbols->block[0].end * width &&
         exponents == (int64_t)(symbols->scores - symbols->second_count) * width;
}

static lat_status view_factored_head(lat_model *model) {
  lat_status status = lati_factored_symbols_create(&model->head_symbols, model);
  const lati_stack *last = lati_last_stack(model);
  if (status == LAT_OK && model->options.tied &&
      !is_one_matrix(&last->embedding.side[LAT_OUTPUT].factors, &model->head_symbols,
                     last->width)) {
    status = LATI_BUG("tables of factors do not follow each other");
  }
  return status;
}

lat_status lati_head_view(lat_model *model) {
  const lati_stack *last = lati_last_stack(model);
  lati_scope in = {.model = model};
  snprintf(in.prefix, sizeof in.prefix, "%s.", last->name);
  model->projection = lati_view_linear(&in, NULL, "proj", model->dimensions.scores, last->width);
  if (model->options.tied) {
    model->projection.weight = tied_weight(model);
  }
  return model->options.factored_head ? view_factored_head(model) : LAT_OK;
}

void lati_head_free(lat_model *model) {
  lati_factored_symbols_free(&model->head_symbols);
}

void lati_head_plan(lati_workspace *work, lati_arena *from) {
  const int32_t scores = work->model->projection.out;
  const int64_t tokens = work->answers.tokens;
  const int64_t most = LOGIT_FLOATS > scores ? LOGIT_FLOATS / scores : 1;
  lati_scratch *scratch = &work->scratch;
  scratch->chunk = tokens < most ? tokens : most;
  scratch->logits = lati_take_floats(from, scratch->chunk + LATI_TILE, scores);
  scratch->targets = lati_take_on_host(from, tokens, sizeof(int32_t));
  scratch->losses = lati_take(from, scratch->chunk, sizeof(double));
  scratch->correct = lati_take(from, scratch->chunk, sizeof(uint8_t));
  scratch->losses_read = lati_take_on_host(from, tokens, sizeof(double));
  scratch->correct_read = lati_take_on_host(from, tokens, sizeof(uint8_t));
}

/* A run of the answers' tokens whose logits exist at once. */
typedef struct chunk {
  int64_t first, count;
} chunk;

static chunk chunk_at(const lati_workspace *work, int64_t first) {
  const int64_t left = work->answers.tokens - first;
  return (chunk){first, left < work->scratch.chunk ? left : work->scratch.chunk};
}

static lati_rows hidden_rows(const lati_workspace *work, chunk at) {
  return lati_rows_at(work->answers.output.operand, at.first, 0);
}

/* The logits' gradient, which takes their place. Narrow rows begin where theirs do. */
static lati_rows gradient_rows(const lati_workspace *work) {
  const int64_t scores = work->model->projection.out;
  return lati_operand(work->device->operations, work->scratch.logits,
                      work->device->operations->narrow ? 2 * scores : scores);
}

static void project(const lati_workspace *work, chunk at) {
  const lati_linear *projection = &work->model->projection;
  work->device->operations->linear_forward(
      work->device, lati_floats(work->scratch.logits, projection->out), projection,
      hidden_rows(work, at), at.count, LATI_IDENTITY, (lati_rows){0}, NULL);
}

/* The target of sequence i is its tokens and a closing EOS. */
static void fill_targets(int32_t *targets, const lati_answer_rows *answers,
                         const lat_batch *batch) {
  const lati_batch_side *from = &batch->side[LAT_OUTPUT];
  for (int64_t i = 0; i < answers->sequences; ++i) {
    const int64_t count = from->offsets[i + 1] - from->offsets[i];
    memcpy(targets + answers->offsets[i], from->tokens + from->offsets[i],
           (size_t)count * sizeof *targets);
    targets[answers->offsets[i] + count] = LAT_TOKEN_EOS;
  }
}

/* Losses of the chunk; NUMERIC when they are not finite. With backward the logits become their
 * gradient. */
static lat_status chunk_losses(const lati_workspace *work, chunk at, int backward) {
  const lati_scratch *scratch = &work->scratch;
  const lati_device *device = work->device;
  double *losses = scratch->losses_read + at.first;
  const lati_rows d_logits = backward ? gradient_rows(work) : (lati_rows){0};
  const int32_t *targets = scratch->targets + at.first;
  const lati_spread *spread = backward && work->to.spread.width > 0 ? &work->to.spread : NULL;
  const lati_factored_symbols *factored = &work->model->head_symbols;
  if (factored->first != NULL) {
    device->operations->factored_cross_entropy(device, scratch->losses, scratch->correct, d_logits,
                                               scratch->logits, targets, at.count, factored,
                                               spread);
  } else {
    device->operations->cross_entropy(device, scratch->losses, scratch->correct, d_logits,
                                      scratch->logits, targets, at.count,
                                      work->model->projection.out, spread);
  }
  lati_device_read(device, losses, scratch->losses, (size_t)at.count * sizeof *losses);
  lati_device_read(device, scratch->correct_read + at.first, scratch->correct, (size_t)at.count);
  for (int64_t t = 0; t < at.count; ++t) {
    if (!isfinite(losses[t])) {
      return lati_fail(LAT_ERROR_NUMERIC, "the loss of target token %lld is not finite",
                       (long long)(work->to.targets_before + at.first + t));
    }
  }
  return LAT_OK;
}

static void chunk_backward(const lati_workspace *work, chunk at) {
  const lati_linear *projection = &work->model->projection;
  const int32_t width = projection->in;
  const lati_rows d_logits = gradient_rows(work);
  float *d_weight = work->to.d_tied;
  if (d_weight == NULL) {
    d_weight = lati_gradient_of(work, projection->weight);
  }
  if (at.first == 0) {
    lati_turn_take(&work->to.turn);
  }
  work->device->operations->linear_backward_weight(
      work->device, d_weight, lati_gradient_of(work, projection->bias), d_logits,
      hidden_rows(work, at), at.count, projection->out, width, work->scratch.packed);
  if (at.first + at.count == work->answers.tokens) { /* all chunks are one addition */
    lati_turn_give(&work->to.turn);
  }
  work->device->operations->linear_backward_input(
      work->device, lati_floats(work->answers.d_output + at.first * width, width), projection,
      d_logits, at.count, 0, NULL);
}

lat_status lati_head_prepare(float **d_tied, const lat_model *model) {
  const lati_linear *projection = &model->projection;
  return model->options.tied ? LATI_NEW_ON_DEVICE(*d_tied, model->ctx,
                                                  (size_t)projection->out * (size_t)projection->in)
                             : LAT_OK;
}

static void add_losses(lat_loss_sum *sum, const lati_workspace *work) {
  const lati_answer_rows *answers = &work->answers;
  const lati_scratch *scratch = &work->scratch;
  double loss = 0;
  for (int64_t i = 0; i < answers->sequences; ++i) {
    int64_t correct = 0;
    for (int64_t t = answers->offsets[i]; t < answers->offsets[i + 1]; ++t) {
      loss += scratch->losses_read[t];
      correct += scratch->correct_read[t];
    }
    sum->correct_tokens += correct;
    sum->correct_examples += correct == answers->offsets[i + 1] - answers->offsets[i];
  }
  sum->loss += loss;
  sum->tokens += answers->tokens;
  sum->examples += answers->sequences;
}

lat_status lati_head(lati_workspace *work, lat_loss_sum *sum, const lat_batch *batch) {
  const int backward = work->purpose == LATI_TRAIN;
  lati_scratch *scratch = &work->scratch;
  fill_targets(scratch->targets, &work->answers, batch);
  for (int64_t first = 0; first < work->answers.tokens; first += scratch->chunk) {
    const chunk at = chunk_at(work, first);
    project(work, at);
    lat_status status = chunk_losses(work, at, backward);
    if (status != LAT_OK) {
      return status;
    }
    if (backward) {
      chunk_backward(work, at);
    }
  }
  add_losses(sum, work);
  return LAT_OK;
}

/* Of the chunk's tokens; `row` is room for one on the device, of a factored head. */
static void read_logits(float *logits, const lati_workspace *work, chunk at, float *row) {
  const lat_model *model = work->model;
  const size_t symbols = (size_t)model->dimensions.vocabulary[LAT_OUTPUT];
  const float *scores = work->scratch.logits;
  if (row == NULL) {
    lati_device_read(work->device, logits, scores, (size_t)at.count * symbols * sizeof *logits);
    return;
  }
  for (int64_t t = 0; t < at.count; ++t) {
    work->device->operations->factored_logits(work->device, row, scores + t * model->projection.out,
                                              1, &model->head_symbols, 0, (int32_t)symbols);
    lati_device_read(work->device, logits + (size_t)t * symbols, row, symbols * sizeof *logits);
  }
}

lat_status lati_head_logits(lati_workspace *work, float *logits) {
  lat_status status = LAT_OK;
  const lat_model *model = work->model;
  const int32_t symbols = model->dimensions.vocabulary[LAT_OUTPUT];
  float *row = NULL;
  if (model->head_symbols.first != NULL) {
    LATI_TRY(LATI_NEW_ON_DEVICE(row, model->ctx, symbols));
  }
  for (int64_t first = 0; first < work->answers.tokens; first += work->scratch.chunk) {
    const chunk at = chunk_at(work, first);
    project(work, at);
    read_logits(logits + first * symbols, work, at, row);
  }
done:
  lati_device_free(model->ctx, row);
  return status;
}
