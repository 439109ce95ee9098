#include "transformer/stack.h"

#include "transformer/config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where names are looked up: "encoder." or "decoder.layers.3." in front. */
typedef struct scope {
  const lat_model *model;
  char prefix[32];
} scope;

/* The tensor's place in the flat vector, NULL when the model has none of that name. */
static const float *view(const scope *in, const char *block, const char *part) {
  char name[96];
  snprintf(name, sizeof name, "%s%s%s", in->prefix, block, part);
  const lati_parameter *parameter = lati_parameter_find(&in->model->table, name);
  return parameter == NULL ? NULL : in->model->parameters + parameter->offset;
}

static lati_norm view_norm(const scope *in, const char *name) {
  return (lati_norm){view(in, name, ".weight"), view(in, name, ".bias")};
}

static lati_linear view_linear(const scope *in, const char *block, const char *name, int32_t out,
                               int32_t width) {
  char part[24];
  lati_linear linear = {.in = width, .out = out};
  snprintf(part, sizeof part, "%s.weight", name);
  linear.weight = view(in, block, part);
  snprintf(part, sizeof part, "%s.bias", name);
  linear.bias = view(in, block, part);
  return linear;
}

static void view_layer(lati_layer *layer, const scope *in, const lati_stack *stack,
                       int32_t memory_width) {
  const int32_t width = stack->width;
  layer->self.qkv = view_linear(in, "self_attention.", "q_lin", 3 * width, width);
  layer->self.out = view_linear(in, "self_attention.", "out_lin", width, width);
  layer->norm1 = view_norm(in, "layer_norm1");
  if (stack->side == LAT_OUTPUT) {
    layer->cross.q = view_linear(in, "cross_attention.", "q_lin", width, width);
    layer->cross.kv = view_linear(in, "cross_attention.", "k_lin", 2 * width, memory_width);
    layer->cross.out = view_linear(in, "cross_attention.", "out_lin", width, width);
    layer->norm15 = view_norm(in, "layer_norm15");
  }
  layer->lin1 = view_linear(in, "ffn.", "lin1", stack->inner, width);
  layer->lin2 = view_linear(in, "ffn.", "lin2", width, stack->inner);
  layer->norm2 = view_norm(in, "layer_norm2");
}

/* Which rows of the three tables every symbol is the sum of. */
static lat_status build_factors(lati_factors *factors, const scope *in, int32_t side) {
  lat_status status = LAT_OK;
  const lat_model *model = in->model;
  const lati_encoding *encoding = model->tokenizer->side[side].encoding;
  const int32_t symbols = model->dimensions.vocabulary[side];
  int32_t special = 0;
  LATI_TRY(LATI_NEW(factors->special, model->ctx, symbols));
  LATI_TRY(LATI_NEW(factors->mantissa, model->ctx, symbols));
  LATI_TRY(LATI_NEW(factors->exponent, model->ctx, symbols));
  for (int32_t token = 0; token < symbols; ++token) {
    factors->mantissa[token] = factors->exponent[token] = factors->special[token] = -1;
    if (token < LAT_TOKEN_NUMBER ||
        !encoding->factors(&factors->mantissa[token], &factors->exponent[token],
                           token - LAT_TOKEN_NUMBER)) {
      factors->special[token] = special++;
    }
  }
  factors->special_table = view(in, "embeddings", ".weight");
  factors->mantissa_table = view(in, "embeddings.mantissa", ".weight");
  factors->exponent_table = view(in, "embeddings.exponent", ".weight");
done:
  return status;
}

/* PE[p, 2i] = sin(p / 10000^(2i / width)), PE[p, 2i + 1] = cos of the same. */
static lat_status build_sinusoids(float **out, const lat_model *model, int32_t width) {
  const int32_t positions = model->options.max_positions;
  lat_status status = LATI_NEW(*out, model->ctx, (size_t)positions * (size_t)width);
  if (status != LAT_OK) {
    return status;
  }
  for (int32_t i = 0; i < width; ++i) {
    const double rate = pow(10000.0, -(double)(i / 2 * 2) / width);
    for (int32_t p = 0; p < positions; ++p) {
      const double angle = p * rate;
      (*out)[(size_t)p * (size_t)width + (size_t)i] = (float)(i % 2 == 0 ? sin(angle) : cos(angle));
    }
  }
  return LAT_OK;
}

static lat_status build_embeddings(lati_stack *stack, const scope *in, lat_model *model) {
  lat_status status = LAT_OK;
  const int32_t side = stack->side;
  stack->embeddings = view(in, "embeddings", ".weight");
  if (lati_config_factored(&model->options, model->tokenizer, side)) {
    LATI_TRY(build_factors(&stack->factors, in, side));
    if (side == LAT_OUTPUT) {
      LATI_TRY(
          LATI_NEW(model->expanded, model->ctx, (size_t)stack->symbols * (size_t)stack->width));
    }
    stack->embeddings = side == LAT_OUTPUT ? model->expanded : NULL;
  }
  stack->positions = view(in, "position_embeddings", ".weight");
  if (stack->positions == NULL) {
    LATI_TRY(build_sinusoids(&model->sinusoids[side], model, stack->width));
    stack->positions = model->sinusoids[side];
  }
  stack->rows = view(in, "row_embeddings", ".weight");
  stack->cols = view(in, "col_embeddings", ".weight");
  stack->norm_emb = view_norm(in, "layer_norm_emb");
  stack->norm_out = view_norm(in, "layer_norm_out");
done:
  return status;
}

static void set_sizes(lati_stack *stack, const lat_model *model, int32_t side) {
  const lat_model_options *options = &model->options;
  const int input = side == LAT_INPUT;
  stack->side = side;
  stack->layers = input ? options->encoder_layers : options->decoder_layers;
  stack->loops = input ? options->encoder_loops : options->decoder_loops;
  stack->width = input ? options->encoder_width : options->decoder_width;
  stack->heads = input ? options->encoder_heads : options->decoder_heads;
  stack->inner = stack->width * options->ffn_factor;
  stack->activation = options->activation == LAT_GELU ? LATI_GELU : LATI_RELU;
  stack->pre_norm = options->norm == LAT_NORM_PRE;
  stack->symbols = model->dimensions.vocabulary[side];
}

static lat_status build_stack(lati_stack *stack, lat_model *model, int32_t side) {
  lat_status status = LAT_OK;
  const char *name = side == LAT_INPUT ? "encoder" : "decoder";
  scope in = {.model = model};
  set_sizes(stack, model, side);
  snprintf(in.prefix, sizeof in.prefix, "%s.", name);
  LATI_TRY(build_embeddings(stack, &in, model));
  LATI_TRY(LATI_NEW(stack->layer, model->ctx, stack->layers));
  for (int32_t i = 0; i < stack->layers; ++i) {
    snprintf(in.prefix, sizeof in.prefix, "%s.layers.%d.", name, (int)i);
    view_layer(&stack->layer[i], &in, stack, model->options.encoder_width);
  }
done:
  return status;
}

static void build_projection(lat_model *model) {
  const scope in = {.model = model, .prefix = "decoder."};
  const lati_stack *decoder = &model->decoder;
  model->projection = view_linear(&in, "", "proj", decoder->symbols, decoder->width);
  if (model->options.tied) {
    model->projection.weight = decoder->embeddings;
  }
}

/* Walks over the products' weights, each of which may have a packed form. */
typedef struct packing {
  lat_model *model;
  size_t used;
  int place; /* 1: give every product its part of model->packed; 0: only count */
} packing;

static void pack_linear(packing *pack, lati_linear *linear) {
  const lati_backend *backend = pack->model->ctx->backend;
  const size_t size = backend->packed_size(linear->out, linear->in);
  if (size > 0 && pack->place) {
    unsigned char *packed = pack->model->packed + pack->used;
    backend->pack(pack->model->ctx->pool, packed, linear->weight, linear->out, linear->in);
    linear->packed = packed;
  }
  pack->used += (size + LATI_ALIGNMENT - 1) / LATI_ALIGNMENT * LATI_ALIGNMENT;
}

static void pack_stack(packing *pack, lati_stack *stack) {
  for (int32_t i = 0; i < stack->layers; ++i) {
    lati_layer *layer = &stack->layer[i];
    pack_linear(pack, &layer->self.qkv);
    pack_linear(pack, &layer->self.out);
    if (stack->side == LAT_OUTPUT) {
      pack_linear(pack, &layer->cross.q);
      pack_linear(pack, &layer->cross.kv);
      pack_linear(pack, &layer->cross.out);
    }
    pack_linear(pack, &layer->lin1);
    pack_linear(pack, &layer->lin2);
  }
}

/* Returns the bytes that the packed forms take. */
static size_t pack_all(lat_model *model, int place) {
  packing pack = {.model = model, .place = place};
  pack_stack(&pack, &model->encoder);
  pack_stack(&pack, &model->decoder);
  pack_linear(&pack, &model->projection);
  return pack.used;
}

lat_status lati_stacks_build(lat_model *model) {
  lat_status status = LAT_OK;
  LATI_TRY(build_stack(&model->encoder, model, LAT_INPUT));
  LATI_TRY(build_stack(&model->decoder, model, LAT_OUTPUT));
  build_projection(model);
  const size_t packed = pack_all(model, 0);
  if (packed > 0) {
    LATI_TRY(LATI_NEW(model->packed, model->ctx, packed));
  }
done:
  return status;
}

static void free_stack(lati_stack *stack) {
  lati_free(stack->layer);
  lati_free(stack->factors.special);
  lati_free(stack->factors.mantissa);
  lati_free(stack->factors.exponent);
  memset(stack, 0, sizeof *stack);
}

void lati_stacks_free(lat_model *model) {
  free_stack(&model->encoder);
  free_stack(&model->decoder);
  lati_free(model->sinusoids[LAT_INPUT]);
  lati_free(model->sinusoids[LAT_OUTPUT]);
  lati_free(model->expanded);
  lati_free(model->packed);
}

void lati_model_repack(lat_model *model) {
  const lati_backend *backend = model->ctx->backend;
  lati_pool *pool = model->ctx->pool;
  const lati_stack *decoder = &model->decoder;
  const lati_factors *factors = &decoder->factors;
  if (model->expanded != NULL) {
    backend->embedding_forward(pool, model->expanded, factors->special_table, factors->special,
                               decoder->symbols, decoder->width, 0);
    backend->embedding_forward(pool, model->expanded, factors->mantissa_table, factors->mantissa,
                               decoder->symbols, decoder->width, 1);
    backend->embedding_forward(pool, model->expanded, factors->exponent_table, factors->exponent,
                               decoder->symbols, decoder->width, 1);
  }
  if (model->packed != NULL) {
    pack_all(model, 1);
  }
}
