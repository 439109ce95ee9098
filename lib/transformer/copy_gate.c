/* Copy gate, the last block of a layer that is applied several times: with x the layer's input and
 * h what the blocks before made of it, y = x + g (h - x), where g = sigmoid(W h + b) decides for
 * every value whether it is changed or copied. */
#include "transformer/block_kind.h"
#include "transformer/decoder_impl.h"

enum { GATE };       /* block->linear: (width, width) */
enum { SAVED_GATE }; /* state->rows: g (T, width), f32 */

static void declare(lati_declaration *to, const lati_block *block) {
  lati_declare_linear(to, block->kind->name, "lin", block->stack->width, block->stack->width);
}

static void view(lati_block *block, const lati_scope *in) {
  const int32_t width = block->stack->width;
  block->linear[GATE] = lati_view_linear(in, block->kind->name, "lin", width, width);
}

static void plan(lati_block_state *state, lati_arena *from, const lati_block *block,
                 const lati_extent *extent) {
  const int32_t width = block->stack->width;
  state->rows[SAVED_GATE] = lati_floats(lati_take_floats(from, extent->tokens, width), width);
}

typedef struct gradients {
  float *of_gate;         /* (T, width), before the sigmoid */
  lati_rows of_gate_rows; /* the same as products take them */
} gradients;

static gradients take_gradients(lati_arena *from, const lati_block *block, int64_t tokens) {
  const lati_hidden taken = lati_take_hidden(from, tokens, block->stack->width);
  return (gradients){taken.values, taken.operand};
}

static void plan_backward(lati_arena *from, const lati_block *block, const lati_extent *extent) {
  (void)take_gradients(from, block, extent->tokens);
}

/* residual is h; x the same, normalised and as products take it. */
static void forward(const lati_block_pass *pass, float *y, lati_rows x, const float *residual) {
  const lati_workspace *work = pass->work;
  const lati_rows gate = pass->saved->rows[SAVED_GATE];
  const int64_t tokens = pass->state->tokens;
  lati_block_product(pass, gate, GATE, x, tokens, NULL);
  work->device->operations->gate_forward(work->device, y, gate.data, residual, pass->input->values,
                                         tokens * pass->block->stack->width);
}

/* d_h in: the gradient of y; out: of h but for what comes through the gate, which is d_x's. */
static void mix_backward(const lati_block_pass *pass, float *d_h, float *d_input, float *d_x,
                         const lati_hidden *h, lati_rows x) {
  const lati_workspace *work = pass->work;
  const int32_t width = pass->block->stack->width;
  const int64_t tokens = pass->state->tokens;
  lati_arena scratch = lati_block_scratch(work);
  const gradients d = take_gradients(&scratch, pass->block, tokens);
  work->device->operations->gate_backward(work->device, d_h, d_input, d.of_gate,
                                          pass->saved->rows[SAVED_GATE].data, h->values,
                                          pass->input->values, tokens * width);
  if (work->device->operations->narrow) {
    work->device->operations->shorten(work->device, d.of_gate_rows, d.of_gate, tokens, width);
  }
  lati_linear_backward(work, &pass->block->linear[GATE], lati_floats(d_x, width), d_x == d_h,
                       d.of_gate_rows, x, tokens, NULL);
}

/* The layer's input stays in decoder->x until its last block, which this is. */
static void step(const lati_decode_call *call, float *y, lati_rows x, const float *residual) {
  lati_decoder *decoder = call->decoder;
  const int32_t width = call->block->stack->width;
  lati_decoder_linear(decoder, lati_floats(decoder->attended, width), &call->block->linear[GATE], x,
                      LATI_IDENTITY, NULL);
  decoder->device->operations->gate_forward(decoder->device, y, decoder->attended, residual,
                                            decoder->x.values, decoder->count * width);
}

const lati_block_kind lati_copy_gate = {.name = "copy_gate",
                                        .norm = "layer_norm3",
                                        .linears = 1,
                                        .declare = declare,
                                        .view = view,
                                        .plan = plan,
                                        .plan_backward = plan_backward,
                                        .forward = forward,
                                        .mix_backward = mix_backward,
                                        .step = step};
