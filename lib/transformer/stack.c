/* Stacks as data: which blocks make up a layer of an encoder and of a decoder, and the loops over
 * them that declare parameters, find them in the flat vector, and pack the weights of products. */
#include "transformer/stack.h"

#include "base/floating.h"
#include "transformer/block_kind.h"
#include "transformer/embed.h"
#include "transformer/head.h"

#include <stdio.h>
#include <string.h>

/* Of stacks that read nothing but themselves; of a decoder that reads an encoder's output. In the
 * place of lati_feed_forward stands the kind that the options choose. */
static const lati_block_kind *const encoder_layer[] = {&lati_self_attention, &lati_feed_forward,
                                                       NULL};
static const lati_block_kind *const decoder_layer[] = {&lati_self_attention, &lati_cross_attention,
                                                       &lati_feed_forward, NULL};
/* Of recurrent stacks, and of a recurrent decoder that attends to the encoder. */
static const lati_block_kind *const lstm_layer[] = {&lati_lstm, NULL};
static const lati_block_kind *const lstm_attention_layer[] = {&lati_lstm, &lati_cross_attention,
                                                              NULL};
static const lati_block_kind *const gru_layer[] = {&lati_gru, NULL};
static const lati_block_kind *const gru_attention_layer[] = {&lati_gru, &lati_cross_attention,
                                                             NULL};

/* `input`: an encoder's sizes, else a decoder's. */
static void set_sizes(lati_stack *stack, const lat_model *model, int input) {
  const lat_model_options *options = &model->options;
  stack->name = input ? "encoder" : "decoder";
  stack->index = (int32_t)(stack - model->stack);
  stack->side = input ? LAT_INPUT : LAT_OUTPUT;
  stack->causal = !input;
  stack->layers = input ? options->encoder_layers : options->decoder_layers;
  stack->loops = input ? options->encoder_loops : options->decoder_loops;
  stack->looped = input ? options->encoder_loop_layer : options->decoder_loop_layer;
  stack->width = input ? options->encoder_width : options->decoder_width;
  stack->heads = input ? options->encoder_heads : options->decoder_heads;
  stack->inner = stack->width * options->ffn_factor;
  stack->hash_bits = options->ffn_hash_bits;
  stack->activation = options->ffn == LAT_FFN_BILINEAR  ? LATI_IDENTITY
                      : options->activation == LAT_GELU ? LATI_GELU
                                                        : LATI_RELU;
  stack->pre_norm = options->norm == LAT_NORM_PRE;
}

/* lat_model_options.ffn */
static const lati_block_kind *const feed_forwards[] = {
    [LAT_FFN_PLAIN] = &lati_feed_forward,
    [LAT_FFN_GATED] = &lati_gated_feed_forward,
    [LAT_FFN_BILINEAR] = &lati_gated_feed_forward,
    [LAT_FFN_HASHED] = &lati_hashed_feed_forward,
};

static void set_block(lati_block *block, const lat_model *model, const lati_stack *stack,
                      const lati_block_kind *kind) {
  const int across = kind == &lati_cross_attention;
  block->kind = kind == &lati_feed_forward ? feed_forwards[model->options.ffn] : kind;
  block->stack = stack;
  block->memory = across || (kind->keeps_state && stack->index > 0) ? stack - 1 : NULL;
  block->reads_input = across && model->options.cross_query_from_input;
}

/* Adds a stack whose layers are lists of the given kinds, and of a copy gate where they are applied
 * several times and the options ask for it. */
static lat_status add_stack(lat_model *model, int input, const lati_block_kind *const *kinds) {
  lati_stack *stack = &model->stack[model->stacks++];
  set_sizes(stack, model, input);
  int32_t listed = 0;
  while (kinds[listed] != NULL) {
    ++listed;
  }
  stack->blocks = listed + (model->options.copy_gate && stack->loops > 1);
  lat_status status = LATI_NEW(stack->block, model->ctx, (size_t)(stack->layers * stack->blocks));
  for (int32_t i = 0; status == LAT_OK && i < stack->layers * stack->blocks; ++i) {
    const int32_t place = i % stack->blocks;
    set_block(&stack->block[i], model, stack, place < listed ? kinds[place] : &lati_copy_gate);
  }
  return status;
}

lat_status lati_stacks_list(lat_model *model) {
  lat_status status = LAT_OK;
  const int attends = model->options.encoder_attention;
  switch (model->options.architecture) {
  case LAT_ARCHITECTURE_ENCODER:
    LATI_TRY(add_stack(model, 1, encoder_layer));
    model->stack[0].behind = LATI_QUERIES;
    model->stack[0].by_number = model->options.query_per_number;
    break;
  case LAT_ARCHITECTURE_DECODER: /* its layers are an encoder's: there is nothing to attend across
                                  */
    LATI_TRY(add_stack(model, 0, encoder_layer));
    model->stack[0].side = LAT_INPUT;
    model->stack[0].behind = LATI_ANSWER;
    break;
  case LAT_ARCHITECTURE_LSTM:
    LATI_TRY(add_stack(model, 1, lstm_layer));
    LATI_TRY(add_stack(model, 0, attends ? lstm_attention_layer : lstm_layer));
    break;
  case LAT_ARCHITECTURE_GRU:
    LATI_TRY(add_stack(model, 1, gru_layer));
    LATI_TRY(add_stack(model, 0, attends ? gru_attention_layer : gru_layer));
    break;
  default:
    LATI_TRY(add_stack(model, 1, encoder_layer));
    LATI_TRY(add_stack(model, 0, decoder_layer));
    break;
  }
done:
  return status;
}

static void declare_stack(lati_declaration *to, const lat_model *model, const lati_stack *stack) {
  to->stack = stack->name;
  to->side = stack->side;
  to->width = stack->width;
  to->layer = -1;
  lati_embed_declare(to, model, stack);
  for (to->layer = 0; to->layer < stack->layers; ++to->layer) {
    for (int32_t i = 0; i < stack->blocks; ++i) {
      lati_block *block = &stack->block[to->layer * stack->blocks + i];
      block->first = to->table->total;
      block->kind->declare(to, block);
      lati_declare_norm(to, block->kind->norm);
    }
  }
  to->layer = -1;
  if (stack->pre_norm) {
    lati_declare_norm(to, "layer_norm_out");
  }
}

lat_status lati_stacks_declare(lat_model *model) {
  lati_declaration to = {.table = &model->table,
                         .ctx = model->ctx,
                         .status = LAT_OK,
                         .rms = model->options.norm_kind == LAT_NORM_KIND_RMS};
  for (int32_t s = 0; s < model->stacks; ++s) {
    declare_stack(&to, model, &model->stack[s]);
  }
  lati_head_declare(&to, model);
  if (to.status != LAT_OK) {
    lati_parameter_table_free(&model->table);
  }
  return to.status;
}

const float *lati_view(const lati_scope *in, const char *block, const char *part) {
  char name[96];
  snprintf(name, sizeof name, "%s%s%s", in->prefix, block, part);
  const lati_parameter *parameter = lati_parameter_find(&in->model->table, name);
  return parameter == NULL ? NULL : in->model->parameters + parameter->offset;
}

lati_norm lati_view_norm(const lati_scope *in, const char *name) {
  return (lati_norm){lati_view(in, name, ".weight"), lati_view(in, name, ".bias")};
}

lati_linear lati_view_linear(const lati_scope *in, const char *block, const char *name, int32_t out,
                             int32_t width) {
  char full[48];
  lati_linear linear = {.in = width, .out = out};
  snprintf(full, sizeof full, "%s%s%s", block != NULL ? block : "", block != NULL ? "." : "", name);
  linear.weight = lati_view(in, full, ".weight");
  linear.bias = lati_view(in, full, ".bias");
  return linear;
}

static lat_status view_stack(lati_stack *stack, lat_model *model) {
  lati_scope in = {.model = model};
  snprintf(in.prefix, sizeof in.prefix, "%s.", stack->name);
  const lat_status status = lati_embed_view(stack, &in, model);
  stack->norm_out = lati_view_norm(&in, "layer_norm_out");
  for (int32_t i = 0; i < stack->layers * stack->blocks; ++i) {
    lati_block *block = &stack->block[i];
    snprintf(in.prefix, sizeof in.prefix, "%s.layers.%d.", stack->name, (int)(i / stack->blocks));
    block->kind->view(block, &in);
    block->norm = lati_view_norm(&in, block->kind->norm);
  }
  return status;
}

/* Walks over the products' weights, each of which may have a packed form. */
typedef struct packing {
  lat_model *model;
  size_t used;
  int place; /* 1: give every product its part of model->packed; 0: only count */
} packing;

static void pack_linear(packing *pack, lati_linear *linear) {
  const lati_backend *backend = pack->model->ctx->device.operations;
  const size_t size = backend->packed_size(linear->out, linear->in);
  if (size > 0 && pack->place) {
    unsigned char *packed = pack->model->packed + pack->used;
    backend->pack(&pack->model->ctx->device, packed, linear->weight, linear->out, linear->in);
    linear->packed = packed;
  }
  pack->used += (size + LATI_ALIGNMENT - 1) / LATI_ALIGNMENT * LATI_ALIGNMENT;
}

static void pack_stack(packing *pack, const lati_stack *stack) {
  for (int32_t i = 0; i < stack->layers * stack->blocks; ++i) {
    lati_block *block = &stack->block[i];
    for (int32_t l = 0; l < block->kind->linears && block->linear[l].weight != NULL; ++l) {
      pack_linear(pack, &block->linear[l]);
    }
  }
}

/* Returns the bytes that the packed forms take. */
static size_t pack_all(lat_model *model, int place) {
  packing pack = {.model = model, .place = place};
  for (int32_t s = 0; s < model->stacks; ++s) {
    pack_stack(&pack, &model->stack[s]);
  }
  pack_linear(&pack, &model->projection);
  return pack.used;
}

lat_status lati_stacks_build(lat_model *model) {
  lat_status status = LAT_OK;
  for (int32_t s = 0; s < model->stacks; ++s) {
    LATI_TRY(view_stack(&model->stack[s], model));
  }
  LATI_TRY(lati_head_view(model));
  const size_t packed = pack_all(model, 0);
  if (packed > 0) {
    LATI_TRY(LATI_NEW_ON_DEVICE(model->packed, model->ctx, packed));
  }
done:
  return status;
}

void lati_stacks_free(lat_model *model) {
  for (int32_t s = 0; s < model->stacks; ++s) {
    lati_free(model->stack[s].block);
    lati_embed_free(&model->stack[s].embedding, model->ctx);
  }
  lati_head_free(model);
  memset(model->stack, 0, sizeof model->stack);
  lati_device_free(model->ctx, model->packed);
}

void lati_model_repack(lat_model *model) {
  lati_floating saved;
  lati_floating_enter_pass(&saved);
  for (int32_t s = 0; s < model->stacks; ++s) {
    lati_embed_expand(&model->stack[s], model);
  }
  if (model->packed != NULL) {
    pack_all(model, 1);
  }
  lati_floating_leave(&saved);
}
