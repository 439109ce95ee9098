/* One table of all parameters: name, shape, initial values, place in the flat vector
 * (design 3.2, 3.9). */
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
  int32_t max_positions;
} lati_dimensions;

lat_status lati_parameter_table_build(lati_parameter_table *out, const lat_context *ctx,
                                      const lat_model_options *options,
                                      const lati_dimensions *dimensions);
void lati_parameter_table_free(lati_parameter_table *table);
const lati_parameter *lati_parameter_find(const lati_parameter_table *table, const char *name);

#endif
