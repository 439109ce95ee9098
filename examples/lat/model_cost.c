#include "model_cost.h"

#include <string.h>

/* Tokens of one example: of the source with both EOS, of the target with one. */
typedef struct example_length {
  double source, target;
} example_length;

/* Products that a feed-forward block takes of its input. */
static int32_t products_of(const lat_model_options *o) {
  return o->ffn == LAT_FFN_GATED || o->ffn == LAT_FFN_BILINEAR ? 2 : 1;
}

/* Multiply-adds of a feed-forward block and token, over the square of the width. */
static double feed_forward_cost(const lat_model_options *o) {
  return o->ffn == LAT_FFN_HASHED ? 1.0 / o->ffn_hash_bits : (1 + products_of(o)) * o->ffn_factor;
}

/* Self-attention block and feed-forward of one layer, for n tokens of width d, where each token
 * attends to `seen` others: q, k, v, out; scores and sums; d -> fd -> d. */
static double layer_cost(const lat_model_options *o, double n, double seen, double d) {
  return n * ((4 + feed_forward_cost(o)) * d * d + 2 * seen * d);
}

/* Passes through layers, of which all are repeated or one. */
static int32_t passes_of(int32_t layers, int32_t loops, int32_t looped) {
  return looped == 0 ? layers * loops : layers + loops - 1;
}

/* Gates of a recurrent layer; 0 for others. */
static int32_t gates_of(const lat_model_options *o) {
  return o->architecture == LAT_ARCHITECTURE_LSTM  ? 4
         : o->architecture == LAT_ARCHITECTURE_GRU ? 3
                                                   : 0;
}

/* The layers of one stack: a recurrent one has a product of inputs and one of states. */
static double own_cost(const lat_model_options *o, double n, double seen, double d) {
  const int32_t gates = gates_of(o);
  return gates > 0 ? n * 2 * gates * d * d : layer_cost(o, n, seen, d);
}

static int attends_across(const lat_model_options *o) {
  return gates_of(o) > 0 ? o->encoder_attention : o->architecture != LAT_ARCHITECTURE_DECODER;
}

/* A copy gate is one product a token. */
static double gate_cost(const lat_model_options *o, int32_t loops, double n, double d) {
  return o->copy_gate && loops > 1 ? n * d * d : 0;
}

static int encoder_alone(const lat_model_options *o) {
  return o->architecture == LAT_ARCHITECTURE_ENCODER;
}

static int decoder_alone(const lat_model_options *o) {
  return o->architecture == LAT_ARCHITECTURE_DECODER;
}

/* Tokens of the decoder: one alone has the problem's tokens too. */
static double decoder_tokens(const lat_model_options *o, example_length length) {
  return length.target + (decoder_alone(o) ? length.source : 0);
}

/* Tokens of the encoder: an encoder alone has the answer's query positions too. */
static double encoder_tokens(const lat_model_options *o, example_length length) {
  return length.source + (encoder_alone(o) ? length.target : 0);
}

static double encoder_cost(const lat_model_options *o, example_length length) {
  const double n = encoder_tokens(o, length);
  if (decoder_alone(o)) {
    return 0;
  }
  const double d = o->encoder_width;
  return passes_of(o->encoder_layers, o->encoder_loops, o->encoder_loop_layer) *
         (own_cost(o, n, n, d) + gate_cost(o, o->encoder_loops, n, d));
}

/* Cross-attention: q and out from the target, k and v from the source. */
static double cross_cost(const lat_model_options *o, example_length length) {
  double d = o->decoder_width, e = o->encoder_width;
  return length.target * 2 * d * d + length.source * 2 * d * e +
         length.target * length.source * 2 * d;
}

/* A target token attends to those up to itself, (n + 1) / 2 of them on average. */
static double decoder_cost(const lat_model_options *o, example_length length, double symbols) {
  double n = decoder_tokens(o, length), d = o->decoder_width;
  if (encoder_alone(o)) {
    return length.target * symbols * o->encoder_width;
  }
  double layers = passes_of(o->decoder_layers, o->decoder_loops, o->decoder_loop_layer);
  double across = attends_across(o) ? cross_cost(o, length) : 0;
  return layers * (own_cost(o, n, (n + 1) / 2, d) + across + gate_cost(o, o->decoder_loops, n, d)) +
         length.target * symbols * d;
}

double model_multiply_adds(const lat_model_options *options, const lat_batch *batch,
                           int32_t head_rows) {
  lat_sequences source, target;
  double sum = 0;
  if (lat_batch_sequences(&source, batch, LAT_INPUT) != LAT_OK ||
      lat_batch_sequences(&target, batch, LAT_OUTPUT) != LAT_OK) {
    return 0;
  }
  for (int64_t i = 0; i < source.count; ++i) {
    example_length length = {(double)(source.offsets[i + 1] - source.offsets[i]) + 2,
                             (double)(target.offsets[i + 1] - target.offsets[i]) + 1};
    sum += encoder_cost(options, length) + decoder_cost(options, length, head_rows);
  }
  return sum;
}

/* All sequences' tokens, framing included. */
static example_length batch_length(const lat_batch *batch) {
  lat_sequences source, target;
  if (lat_batch_sequences(&source, batch, LAT_INPUT) != LAT_OK ||
      lat_batch_sequences(&target, batch, LAT_OUTPUT) != LAT_OK) {
    return (example_length){0, 0};
  }
  return (example_length){(double)(source.offsets[source.count] + 2 * source.count),
                          (double)(target.offsets[target.count] + target.count)};
}

void model_layers(model_layer layers[MODEL_LAYERS], const lat_model_options *options,
                  const lat_batch *batch, int32_t head_rows) {
  const lat_model_options *o = options;
  const example_length length = batch_length(batch);
  const int64_t source = (int64_t)encoder_tokens(o, length), target = (int64_t)length.target;
  const int32_t e = o->encoder_width, d = encoder_alone(o) ? e : o->decoder_width;
  const int64_t decoded = (int64_t)decoder_tokens(o, length);
  const int32_t above =
      decoder_alone(o) ? 0 : passes_of(o->encoder_layers, o->encoder_loops, o->encoder_loop_layer);
  const int32_t below =
      encoder_alone(o) ? 0 : passes_of(o->decoder_layers, o->decoder_loops, o->decoder_loop_layer);
  const int32_t across = attends_across(o) ? below : 0;
  const int32_t inner = o->ffn_factor * products_of(o);             /* over the width */
  const int32_t gates = gates_of(o), fused = gates > 0 ? gates : 3; /* or q, k, v */
  const int32_t rest = gates > 0 ? 0 : 1, dense = o->ffn == LAT_FFN_HASHED ? 0 : rest,
                twice = gates > 0 ? 2 : 1;
  const model_layer found[MODEL_LAYERS] = {{source, fused * e, e, twice * above},
                                           {source, e, e, rest * above},
                                           {source, inner * e, e, dense * above},
                                           {source, e, o->ffn_factor * e, dense * above},
                                           {decoded, fused * d, d, twice * below},
                                           {decoded, d, d, rest * below}, /* out */
                                           {target, d, d, 2 * across},    /* q, out across */
                                           {source, 2 * d, e, across},    /* k, v across */
                                           {decoded, inner * d, d, dense * below},
                                           {decoded, d, o->ffn_factor * d, dense * below},
                                           {target, head_rows, d, 1}};
  memcpy(layers, found, sizeof found);
}

/* With s the shorter side and l the longer: 9 symmetric products (s, s, s) of which half is
 * computed, half of one (s, s, l), and a whole one. */
double muon_multiply_adds(const lat_model *model) {
  double sum = 0;
  lat_tensor tensor;
  lat_tensor_init(&tensor);
  for (int32_t i = 0; i < lat_model_tensor_count(model); ++i) {
    if (lat_model_tensor(&tensor, model, i) == LAT_OK && tensor.rank == 2 &&
        strstr(tensor.name, ".layers.") != NULL) {
      const double rows = tensor.shape[0], cols = tensor.shape[1];
      const double side = rows < cols ? rows : cols;
      sum += side * (4.5 * side * side + 1.5 * rows * cols);
    }
  }
  return sum;
}
