/* One table of all parameters: name, shape, initial values, place in the flat vector. Stacks, their
 * blocks and the head declare theirs in the order of model files, and find them again by name. */
#ifndef LATI_PARAMETERS_H
#define LATI_PARAMETERS_H

#include "base/alloc.h"

#include <lat/model.h>

typedef enum lati_init {
  LATI_INIT_LINEAR,    /* U(+-1/sqrt fan_in), weights and biases */
  LATI_INIT_EMBEDDING, /* N(0, 1/width) */
  LATI_INIT_SYMBOLS,   /* number symbols: as above, or Fourier features */
  LATI_INIT_ONE,
  LATI_INIT_ZERO
} lati_init;

typedef struct lati_parameter {
  char name[64];
  size_t offset, size;
  int32_t rank, shape[2];
  lati_init init;
  int32_t fan_in;
  int32_t side;   /* LAT_INPUT or LAT_OUTPUT for embedding tables */
  int32_t hidden; /* 1: a matrix inside a layer, which Muon orthogonalises */
} lati_parameter;

typedef struct lati_parameter_table {
  lati_parameter *entries;
  int32_t count;
  size_t total; /* floats */
} lati_parameter_table;

/* Sizes that options, tokenizer and task settle together; arrays by side. */
typedef struct lati_dimensions {
  int32_t vocabulary[2];
  int32_t symbols[2]; /* rows of embeddings.weight: the vocabulary, without symbols that have
                         factors */
  int32_t mantissas[2], exponents[2]; /* 0 unless factored */
  int32_t scores; /* rows of the head: the output vocabulary, or the factors of its symbols */
  int32_t max_positions;
} lati_dimensions;

/* The table as it grows: where the next parameter belongs. The first failure stays, so that
 * declaring needs no check each time. */
typedef struct lati_declaration {
  lati_parameter_table *table;
  const lat_context *ctx;
  size_t capacity;
  lat_status status;
  int32_t side, width, rms; /* rms 1: norms are RMSNorm */
  const char *stack;        /* "encoder" */
  int32_t layer;            /* -1 outside layers */
} lati_declaration;

/* A tensor of `cols` columns, or a vector when cols is 0. */
void lati_declare(lati_declaration *to, const char *name, int32_t rows, int32_t cols,
                  lati_init init, int32_t fan_in);
/* gamma and beta of a LayerNorm of the stack's width; gamma alone of RMSNorm. */
void lati_declare_norm(lati_declaration *to, const char *name);
/* block.name.weight and block.name.bias, or one of them. */
void lati_declare_linear(lati_declaration *to, const char *block, const char *name, int32_t out,
                         int32_t in);
void lati_declare_linear_part(lati_declaration *to, const char *block, const char *name,
                              const char *part, int32_t out, int32_t in);

void lati_parameter_table_free(lati_parameter_table *table);
const lati_parameter *lati_parameter_find(const lati_parameter_table *table, const char *name);

#endif
