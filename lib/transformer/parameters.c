#include "transformer/parameters.h"

#include <stdio.h>
#include <string.h>

/* The table as it grows. The first failure stays, so that adding needs no check each time. */
typedef struct table_builder {
  lati_parameter_table *table;
  const lat_context *ctx;
  size_t capacity;
  lat_status status;
  int32_t side, width;
  const char *stack; /* "encoder" */
  int32_t layer;     /* -1 outside layers */
} table_builder;

static void name_entry(lati_parameter *entry, const table_builder *b, const char *name) {
  if (b->layer < 0) {
    snprintf(entry->name, sizeof entry->name, "%s.%s", b->stack, name);
  } else {
    snprintf(entry->name, sizeof entry->name, "%s.layers.%d.%s", b->stack, (int)b->layer, name);
  }
}

/* A tensor of `cols` columns, or a vector when cols is 0. */
static void add(table_builder *b, const char *name, int32_t rows, int32_t cols, lati_init init,
                int32_t fan_in) {
  lati_parameter_table *table = b->table;
  if (b->status == LAT_OK) {
    b->status = lati_grow((void **)&table->entries, &b->capacity, b->ctx, (size_t)table->count + 1,
                          sizeof *table->entries);
  }
  if (b->status != LAT_OK) {
    return;
  }
  lati_parameter *entry = &table->entries[table->count++];
  memset(entry, 0, sizeof *entry);
  name_entry(entry, b, name);
  entry->rank = cols > 0 ? 2 : 1;
  entry->shape[0] = rows;
  entry->shape[1] = cols > 0 ? cols : 1;
  entry->offset = table->total;
  entry->size = (size_t)rows * (size_t)entry->shape[1];
  entry->init = init;
  entry->fan_in = fan_in;
  entry->side = b->side;
  entry->hidden = b->layer >= 0 && cols > 0;
  table->total += entry->size;
}

static void add_norm(table_builder *b, const char *name) {
  char part[32];
  snprintf(part, sizeof part, "%s.weight", name);
  add(b, part, b->width, 0, LATI_INIT_ONE, 0);
  snprintf(part, sizeof part, "%s.bias", name);
  add(b, part, b->width, 0, LATI_INIT_ZERO, 0);
}

static void add_linear_part(table_builder *b, const char *block, const char *name, const char *part,
                            int32_t out, int32_t in) {
  char text[48];
  const int is_weight = strcmp(part, "weight") == 0;
  snprintf(text, sizeof text, "%s.%s.%s", block, name, part);
  add(b, text, out, is_weight ? in : 0, LATI_INIT_LINEAR, in);
}

static void add_linear(table_builder *b, const char *block, const char *name, int32_t out,
                       int32_t in) {
  add_linear_part(b, block, name, "weight", out, in);
  add_linear_part(b, block, name, "bias", out, in);
}

/* Weights of q, k, v end to end, then their biases: products over several of them are one. */
static void add_attention(table_builder *b, const char *block, int32_t memory_width) {
  static const char *const parts[2] = {"weight", "bias"};
  for (int i = 0; i < 2; ++i) {
    add_linear_part(b, block, "q_lin", parts[i], b->width, b->width);
    add_linear_part(b, block, "k_lin", parts[i], b->width, memory_width);
    add_linear_part(b, block, "v_lin", parts[i], b->width, memory_width);
  }
  add_linear(b, block, "out_lin", b->width, b->width);
}

static void add_layer(table_builder *b, const lat_model_options *options) {
  const int32_t inner = b->width * options->ffn_factor;
  add_attention(b, "self_attention", b->width);
  add_norm(b, "layer_norm1");
  if (b->side == LAT_OUTPUT) {
    add_attention(b, "cross_attention", options->encoder_width);
    add_norm(b, "layer_norm15");
  }
  add_linear(b, "ffn", "lin1", inner, b->width);
  add_linear(b, "ffn", "lin2", b->width, inner);
  add_norm(b, "layer_norm2");
}

static void add_embeddings(table_builder *b, const lat_model_options *options,
                           const lati_dimensions *dimensions) {
  const int32_t mantissas = dimensions->mantissas[b->side];
  add(b, "embeddings.weight", dimensions->symbols[b->side], b->width,
      mantissas > 0 ? LATI_INIT_EMBEDDING : LATI_INIT_SYMBOLS, 0);
  if (mantissas > 0) {
    add(b, "embeddings.mantissa.weight", mantissas, b->width, LATI_INIT_SYMBOLS, 0);
    add(b, "embeddings.exponent.weight", dimensions->exponents[b->side], b->width,
        LATI_INIT_EMBEDDING, 0);
  }
  if (options->positions == LAT_POSITIONS_LEARNED) {
    add(b, "position_embeddings.weight", dimensions->max_positions, b->width, LATI_INIT_EMBEDDING,
        0);
  }
  if (options->matrix_positions) {
    add(b, "row_embeddings.weight", LAT_MAX_DIMENSION + 1, b->width, LATI_INIT_EMBEDDING, 0);
    add(b, "col_embeddings.weight", LAT_MAX_DIMENSION + 1, b->width, LATI_INIT_EMBEDDING, 0);
  }
  add_norm(b, "layer_norm_emb");
}

static void add_stack(table_builder *b, const lat_model_options *options,
                      const lati_dimensions *dimensions, int32_t layers) {
  b->layer = -1;
  add_embeddings(b, options, dimensions);
  for (b->layer = 0; b->layer < layers; ++b->layer) {
    add_layer(b, options);
  }
  b->layer = -1;
  if (options->norm == LAT_NORM_PRE) {
    add_norm(b, "layer_norm_out");
  }
}

lat_status lati_parameter_table_build(lati_parameter_table *out, const lat_context *ctx,
                                      const lat_model_options *options,
                                      const lati_dimensions *dimensions) {
  table_builder b = {.table = out, .ctx = ctx, .status = LAT_OK};
  memset(out, 0, sizeof *out);
  b.stack = "encoder";
  b.side = LAT_INPUT;
  b.width = options->encoder_width;
  add_stack(&b, options, dimensions, options->encoder_layers);
  b.stack = "decoder";
  b.side = LAT_OUTPUT;
  b.width = options->decoder_width;
  add_stack(&b, options, dimensions, options->decoder_layers);
  if (!options->tied) {
    add(&b, "proj.weight", dimensions->vocabulary[LAT_OUTPUT], b.width, LATI_INIT_LINEAR, b.width);
  }
  add(&b, "proj.bias", dimensions->vocabulary[LAT_OUTPUT], 0, LATI_INIT_LINEAR, b.width);
  if (b.status != LAT_OK) {
    lati_parameter_table_free(out);
  }
  return b.status;
}

void lati_parameter_table_free(lati_parameter_table *table) {
  lati_free(table->entries);
  memset(table, 0, sizeof *table);
}

const lati_parameter *lati_parameter_find(const lati_parameter_table *table, const char *name) {
  for (int32_t i = 0; i < table->count; ++i) {
    if (strcmp(table->entries[i].name, name) == 0) {
      return &table->entries[i];
    }
  }
  return NULL;
}
