/* Recurrent blocks, LSTM and GRU: h_t = cell(W x_t + b, U h_(t-1) + b) along each sequence; y = h.
 * The encoder's begin with zeros, and the decoder's with linear maps of the encoder's output behind
 * the problem's last token.
 *
 * W x of all tokens is one product. Then step t is one product of the states of the sequences that
 * have a token t: states lie in the order of falling length, so that those are always the first. */
#include "transformer/block_kind.h"
#include "transformer/decoder_impl.h"

/* block->linear, with G gates: (G width, width) twice; of a decoder (width, memory width) each. */
enum { OF_INPUT, OF_STATE, FIRST_H, FIRST_C };

/* state->rows, all f32 but the operands; B sequences. PREVIOUS and INNER: for backward alone. */
enum {
  SAVED_GATES,    /* (T, G width) */
  SAVED_PREVIOUS, /* (T, width) h before */
  SAVED_INNER,    /* (T, width) as lati_cell has it */
  STATE_H,        /* (B, width), and the same as products take it */
  STATE_H_OPERAND,
  STATE_C,      /* (B, width) */
  STATE_FROM_H, /* (B, G width) */
  SOURCE,       /* (B, memory width) of a decoder: what its first states are made of; likewise */
  SOURCE_OPERAND
};

/* state->ids: (B) each. */
enum { IDS_FIRST, IDS_LENGTH, IDS_SOURCE };

static lati_cell_kind cell_of(const lati_block *block) {
  return block->kind == &lati_lstm ? LATI_LSTM : LATI_GRU;
}

static int32_t gates_width(const lati_block *block) {
  return lati_cell_gates(cell_of(block)) * block->stack->width;
}

static void declare(lati_declaration *to, const lati_block *block) {
  const int32_t width = block->stack->width, gates = gates_width(block);
  lati_declare_linear(to, block->kind->name, "input_lin", gates, width);
  lati_declare_linear(to, block->kind->name, "state_lin", gates, width);
  if (block->memory != NULL) {
    lati_declare_linear(to, block->kind->name, "first_h_lin", width, block->memory->width);
    if (cell_of(block) == LATI_LSTM) {
      lati_declare_linear(to, block->kind->name, "first_c_lin", width, block->memory->width);
    }
  }
}

static void view(lati_block *block, const lati_scope *in) {
  const char *name = block->kind->name;
  const int32_t width = block->stack->width, gates = gates_width(block);
  block->linear[OF_INPUT] = lati_view_linear(in, name, "input_lin", gates, width);
  block->linear[OF_STATE] = lati_view_linear(in, name, "state_lin", gates, width);
  if (block->memory != NULL) {
    const int32_t memory = block->memory->width;
    block->linear[FIRST_H] = lati_view_linear(in, name, "first_h_lin", width, memory);
    block->linear[FIRST_C] = lati_view_linear(in, name, "first_c_lin", width, memory);
  }
}

static lati_rows take_rows(lati_arena *from, int64_t rows, int64_t width) {
  return lati_floats(lati_take_floats(from, rows, width), width);
}

/* Values and operand, at `rows` and behind it. */
static void take_hidden(lati_rows *rows, lati_arena *from, int64_t count, int64_t width) {
  const lati_hidden taken = lati_take_hidden(from, count, width);
  rows[0] = lati_floats(taken.values, width);
  rows[1] = taken.operand;
}

static lati_hidden hidden_at(const lati_block_pass *pass, int32_t rows) {
  return (lati_hidden){pass->saved->rows[rows].data, pass->saved->rows[rows + 1]};
}

static void plan(lati_block_state *state, lati_arena *from, const lati_block *block,
                 const lati_extent *extent) {
  const int64_t width = block->stack->width, gates = gates_width(block);
  const int64_t tokens = extent->tokens, sequences = extent->sequences;
  state->rows[SAVED_GATES] = take_rows(from, tokens, gates);
  state->rows[SAVED_PREVIOUS] = state->rows[SAVED_INNER] = (lati_rows){0};
  if (extent->training) {
    state->rows[SAVED_PREVIOUS] = take_rows(from, tokens, width);
    state->rows[SAVED_INNER] = take_rows(from, tokens, width);
  }
  take_hidden(&state->rows[STATE_H], from, sequences, width);
  state->rows[STATE_C] = take_rows(from, sequences, width);
  state->rows[STATE_FROM_H] = take_rows(from, sequences, gates);
  if (block->memory != NULL) {
    take_hidden(&state->rows[SOURCE], from, sequences, block->memory->width);
  }
  state->ids = lati_take_on_host(from, 3 * sequences, sizeof *state->ids);
}

/* Lists the sequences in the order of falling length: their first tokens and their lengths, and
 * the last tokens of what they read from another stack. */
static void list_sequences(const lati_block_pass *pass) {
  const lati_block *block = pass->block;
  const int64_t *offsets = pass->state->offsets, count = pass->state->sequences;
  const int64_t *memory =
      block->memory != NULL ? lati_memory_state(pass->work, block)->offsets + 1 : offsets + 1;
  int32_t *ids = pass->saved->ids;
  int64_t listed = 0, below = INT64_MAX;
  while (listed < count) {
    int64_t longest = 0;
    for (int64_t s = 0; s < count; ++s) {
      const int64_t length = offsets[s + 1] - offsets[s];
      longest = length < below && length > longest ? length : longest;
    }
    for (int64_t s = 0; s < count; ++s) {
      if (offsets[s + 1] - offsets[s] == longest) {
        ids[IDS_FIRST * count + listed] = (int32_t)offsets[s];
        ids[IDS_LENGTH * count + listed] = (int32_t)longest;
        ids[IDS_SOURCE * count + listed++] = (int32_t)(memory[s] - 1);
      }
    }
    below = longest;
  }
}

/* The sequences that have a token `step`, of `count` that may. */
static int64_t active(const lati_block_pass *pass, int64_t count, int32_t step) {
  const int32_t *lengths = pass->saved->ids + IDS_LENGTH * pass->state->sequences;
  while (count > 0 && lengths[count - 1] <= step) {
    --count;
  }
  return count;
}

static lati_cell cell_at(const lati_block_pass *pass, int64_t count, int32_t step) {
  const lati_block_state *saved = pass->saved;
  return (lati_cell){.kind = cell_of(pass->block),
                     .width = pass->block->stack->width,
                     .step = step,
                     .count = count,
                     .first = saved->ids,
                     .gates = saved->rows[SAVED_GATES].data,
                     .previous = saved->rows[SAVED_PREVIOUS].data,
                     .inner = saved->rows[SAVED_INNER].data};
}

/* Values as products take them. */
static void make_operand(const lati_workspace *work, lati_hidden x, int64_t rows, int32_t width) {
  if (work->device->operations->narrow) {
    work->device->operations->shorten(work->device, x.operand, x.values, rows, width);
  }
}

/* The states before the first tokens. */
static void first_states(const lati_block_pass *pass) {
  const lati_workspace *work = pass->work;
  const lati_block *block = pass->block;
  const int64_t count = pass->state->sequences;
  const int32_t width = block->stack->width;
  const lati_rows *rows = pass->saved->rows;
  if (block->memory == NULL) {
    lati_zero_rows(work, rows[STATE_H].data, count, width);
    lati_zero_rows(work, rows[STATE_C].data, count, width);
    return;
  }
  const lati_hidden source = hidden_at(pass, SOURCE);
  work->device->operations->embedding_forward(
      work->device, source.values, lati_memory_state(work, block)->output.values,
      pass->saved->ids + IDS_SOURCE * count, count, block->memory->width, 0);
  make_operand(work, source, count, block->memory->width);
  lati_block_product(pass, rows[STATE_H], FIRST_H, source.operand, count, NULL);
  if (cell_of(block) == LATI_LSTM) {
    lati_block_product(pass, rows[STATE_C], FIRST_C, source.operand, count, NULL);
  }
}

static void forward(const lati_block_pass *pass, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = pass->work;
  const lati_rows *rows = pass->saved->rows;
  const lati_hidden h = hidden_at(pass, STATE_H);
  list_sequences(pass);
  lati_block_product(pass, rows[SAVED_GATES], OF_INPUT, x, pass->state->tokens, NULL);
  first_states(pass);
  int64_t count = pass->state->sequences;
  for (int32_t step = 0; (count = active(pass, count, step)) > 0; ++step) {
    const lati_cell cell = cell_at(pass, count, step);
    make_operand(work, h, count, pass->block->stack->width);
    lati_block_product(pass, rows[STATE_FROM_H], OF_STATE, h.operand, count, NULL);
    work->device->operations->cell_forward(work->device, &cell, y, residual, h.values,
                                           rows[STATE_C].data, rows[STATE_FROM_H].data);
  }
}

/* d_from is the gradient of U h + b, which is d_gates, of W x + b, in LSTM. */
typedef struct gradients {
  lati_hidden d_gates, d_from;  /* (T, G width) */
  lati_hidden d_step, d_h, d_c; /* (B, G width), (B, width), (B, width) */
  lati_rows previous;           /* (T, width), as products take it */
  float *d_source;              /* (B, memory width) */
} gradients;

static gradients take_gradients(lati_arena *from, const lati_block *block, int64_t tokens,
                                int64_t sequences) {
  gradients d = {0};
  const int64_t width = block->stack->width, gates = gates_width(block);
  d.d_gates = lati_take_hidden(from, tokens, gates);
  d.d_from = cell_of(block) == LATI_LSTM ? d.d_gates : lati_take_hidden(from, tokens, gates);
  d.d_step = lati_take_hidden(from, sequences, gates);
  d.d_h = lati_take_hidden(from, sequences, width);
  d.d_c = lati_take_hidden(from, sequences, width);
  if (from->backend->narrow) {
    d.previous = lati_take_operand(from, tokens, width);
  }
  if (block->memory != NULL) {
    d.d_source = lati_take_floats(from, sequences, block->memory->width);
  }
  return d;
}

static void plan_backward(lati_arena *from, const lati_block *block, const lati_extent *extent) {
  (void)take_gradients(from, block, extent->tokens, extent->sequences);
}

/* From the last step to the first; what the states before the first had, is in d_h and d_c. */
static void backward_steps(const lati_block_pass *pass, const gradients *d, lati_rows d_y) {
  const lati_workspace *work = pass->work;
  const lati_linear *of_state = &pass->block->linear[OF_STATE];
  const int64_t sequences = pass->state->sequences;
  const int32_t width = pass->block->stack->width;
  lati_zero_rows(work, d->d_h.values, sequences, width);
  lati_zero_rows(work, d->d_c.values, sequences, width);
  for (int32_t step = pass->saved->ids[IDS_LENGTH * sequences] - 1; step >= 0; --step) {
    const int64_t count = active(pass, sequences, step);
    const lati_cell cell = cell_at(pass, count, step);
    work->device->operations->cell_backward(work->device, &cell, d->d_gates.values,
                                            d->d_from.values, d->d_step.values, d->d_h.values,
                                            d->d_c.values, d_y);
    make_operand(work, d->d_step, count, of_state->out);
    work->device->operations->linear_backward_input(work->device, lati_floats(d->d_h.values, width),
                                                    of_state, d->d_step.operand, count, 1, NULL);
  }
}

/* Of the parameters that the first states are made with, and of the memory. */
static void backward_first(const lati_block_pass *pass, const gradients *d) {
  const lati_workspace *work = pass->work;
  const lati_block *block = pass->block;
  const int64_t count = pass->state->sequences;
  const int32_t width = block->stack->width, memory = block->memory->width;
  const lati_rows source = pass->saved->rows[SOURCE_OPERAND];
  const lati_rows d_source = lati_floats(d->d_source, memory);
  make_operand(work, d->d_h, count, width);
  lati_linear_backward(work, &block->linear[FIRST_H], d_source, 0, d->d_h.operand, source, count,
                       NULL);
  if (cell_of(block) == LATI_LSTM) {
    make_operand(work, d->d_c, count, width);
    lati_linear_backward(work, &block->linear[FIRST_C], d_source, 1, d->d_c.operand, source, count,
                         NULL);
  }
  work->device->operations->embedding_backward(
      work->device, lati_memory_state(work, block)->d_hidden, d->d_source,
      pass->saved->ids + IDS_SOURCE * count, count, memory);
}

static void backward(const lati_block_pass *pass, float *d_x, int accumulate, lati_rows d_y,
                     lati_rows x) {
  const lati_workspace *work = pass->work;
  const lati_block *block = pass->block;
  const lati_linear *of_state = &block->linear[OF_STATE];
  const int64_t tokens = pass->state->tokens;
  const int32_t width = block->stack->width;
  lati_arena scratch = lati_block_scratch(work);
  const gradients d = take_gradients(&scratch, block, tokens, pass->state->sequences);
  lati_hidden previous = {pass->saved->rows[SAVED_PREVIOUS].data, d.previous};
  previous.operand =
      work->device->operations->narrow ? d.previous : pass->saved->rows[SAVED_PREVIOUS];
  backward_steps(pass, &d, d_y);
  if (block->memory != NULL) {
    backward_first(pass, &d);
  }
  make_operand(work, previous, tokens, width);
  make_operand(work, d.d_gates, tokens, of_state->out);
  if (cell_of(block) == LATI_GRU) {
    make_operand(work, d.d_from, tokens, of_state->out);
  }
  lati_weight_backward(work, of_state, d.d_from.operand, previous.operand, tokens);
  lati_linear_backward(work, &block->linear[OF_INPUT], lati_floats(d_x, width), accumulate,
                       d.d_gates.operand, x, tokens, NULL);
}

/* First states of all answers to be decoded, of one layer: decoder->first (layers, 2, B, width). */
static float *first_of(const lati_decoder *decoder, const lati_stack *stack, int32_t layer) {
  return decoder->first + (int64_t)layer * 2 * decoder->sources * stack->width;
}

static lat_status start(lati_decoder *decoder, const lati_block *block, int32_t layer,
                        lati_rows memory) {
  lat_status status = LAT_OK;
  const lati_backend *backend = decoder->device->operations;
  const lati_stack *stack = block->stack;
  const int64_t count = decoder->sources, width = block->memory->width;
  lati_arena needed = {.backend = backend};
  (void)memory;
  (void)lati_take_hidden(&needed, count, width);
  LATI_TRY(lati_decoder_reserve(&decoder->first, &decoder->first_capacity, decoder,
                                stack->layers * 2 * count * stack->width));
  LATI_TRY(lati_decoder_reserve(&decoder->projected, &decoder->projected_capacity, decoder,
                                (int64_t)(needed.device.used / sizeof(float))));
  LATI_TRY(lati_grow((void **)&decoder->last, &decoder->last_capacity, decoder->ctx, (size_t)count,
                     sizeof *decoder->last));
  lati_arena from = {.backend = backend, .device.base = (unsigned char *)decoder->projected};
  const lati_hidden source = lati_take_hidden(&from, count, width);
  for (int64_t s = 0; s < count; ++s) {
    decoder->last[s] = (int32_t)(decoder->source_offsets[s + 1] - 1);
  }
  backend->embedding_forward(decoder->device, source.values, decoder->encoded.values, decoder->last,
                             count, (int32_t)width, 0);
  if (backend->narrow) {
    backend->shorten(decoder->device, source.operand, source.values, count, (int32_t)width);
  }
  const int32_t states = cell_of(block) == LATI_LSTM ? 2 : 1;
  for (int32_t i = 0; i < states; ++i) {
    float *to = first_of(decoder, stack, layer) + i * count * stack->width;
    backend->linear_forward(decoder->device, lati_floats(to, stack->width),
                            &block->linear[FIRST_H + i], source.operand, count, LATI_IDENTITY,
                            (lati_rows){0}, NULL);
  }
done:
  return status;
}

/* Copies the states before this position to decoder->h and ->attended: the first ones, or those
 * that the row of the position before left in the cache, where a key is h and its value c. */
static void read_states(const lati_decode_call *call) {
  const lati_decoder *decoder = call->decoder;
  const lati_device *device = decoder->device;
  const lati_stack *stack = call->block->stack;
  const int64_t width = stack->width, to_value = lati_cache_to_value(&decoder->cache);
  const int32_t before = decoder->position - 1;
  const int is_first = before < 0;
  const float *h = is_first ? first_of(decoder, stack, lati_stack_layer(stack, call->pass))
                            : lati_cache_key(&decoder->cache, call->pass, before, 0);
  const float *c = h + (is_first ? decoder->sources * width : to_value);
  const int64_t ld = is_first ? width : 2 * to_value;
  for (int64_t i = 0; i < decoder->count; ++i) {
    const lati_decode_row *row = &call->rows[i];
    const int32_t *history = decoder->history + row->history * decoder->max_length;
    decoder->ids[i] = is_first ? (int32_t)row->source : history[before];
  }
  device->operations->memory->copy_rows(device, decoder->h.values, width, h, ld, decoder->ids,
                                        decoder->count, width);
  if (cell_of(call->block) == LATI_LSTM) {
    device->operations->memory->copy_rows(device, decoder->attended, width, c, ld, decoder->ids,
                                          decoder->count, width);
  }
}

static void keep_states(const lati_decode_call *call) {
  const lati_decoder *decoder = call->decoder;
  const lati_device *device = decoder->device;
  const int64_t width = call->block->stack->width, to_value = lati_cache_to_value(&decoder->cache);
  float *h = lati_cache_key(&decoder->cache, call->pass, decoder->position, 0);
  device->operations->memory->copy_rows(device, h, 2 * to_value, decoder->h.values, width, NULL,
                                        decoder->count, width);
  if (cell_of(call->block) == LATI_LSTM) {
    device->operations->memory->copy_rows(device, h + to_value, 2 * to_value, decoder->attended,
                                          width, NULL, decoder->count, width);
  }
}

/* x may be decoder->h, which the first product is the last to read. */
static void step(const lati_decode_call *call, float *y, lati_rows x, const float *residual) {
  lati_decoder *decoder = call->decoder;
  const lati_block *block = call->block;
  const int32_t width = block->stack->width;
  const int64_t gates = gates_width(block);
  float *from_h = decoder->qkv + decoder->count * gates;
  const lati_cell cell = {
      .kind = cell_of(block), .width = width, .count = decoder->count, .gates = decoder->qkv};
  lati_decoder_linear(decoder, lati_floats(decoder->qkv, gates), &block->linear[OF_INPUT], x,
                      LATI_IDENTITY, NULL);
  read_states(call);
  if (decoder->device->operations->narrow) {
    decoder->device->operations->shorten(decoder->device, decoder->h.operand, decoder->h.values,
                                         decoder->count, width);
  }
  lati_decoder_linear(decoder, lati_floats(from_h, gates), &block->linear[OF_STATE],
                      decoder->h.operand, LATI_IDENTITY, NULL);
  decoder->device->operations->cell_forward(decoder->device, &cell, y, residual, decoder->h.values,
                                            decoder->attended, from_h);
  keep_states(call);
}

#define RECURRENT(cell, count)                                                                     \
  {                                                                                                \
    .name = (cell), .norm = "layer_norm1", .linears = (count), .keeps_state = 1,                   \
    .declare = declare, .view = view, .plan = plan, .plan_backward = plan_backward,                \
    .forward = forward, .backward = backward, .start = start, .step = step                         \
  }

const lati_block_kind lati_lstm = RECURRENT("lstm", 4);
const lati_block_kind lati_gru = RECURRENT("gru", 3);
