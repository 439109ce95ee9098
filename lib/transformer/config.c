#include "transformer/config.h"

#include "transformer/factors.h"

#define SIZE(member, initial, high)                                                                \
  LATI_NUMBER(lat_model_options, member, LATI_FIELD_INT32, initial, 1, high)
#define CHOICE(member, initial)                                                                    \
  LATI_NUMBER(lat_model_options, member, LATI_FIELD_INT32, initial, 0, 1)

/* Positions are counted in these: the longest sequence that any task and encoding can have is
 * 110,005 tokens. */
#define MAX_POSITIONS 131072

const lati_field lati_model_fields[] = {
    SIZE(encoder_layers, 1, 64),
    SIZE(encoder_width, 256, 4096),
    SIZE(encoder_heads, 8, 4096),
    SIZE(encoder_loops, 1, 64),
    SIZE(decoder_layers, 1, 64),
    SIZE(decoder_width, 256, 4096),
    SIZE(decoder_heads, 8, 4096),
    SIZE(decoder_loops, 1, 64),
    SIZE(ffn_factor, 4, 16),
    CHOICE(norm, LAT_NORM_POST),
    CHOICE(activation, LAT_RELU),
    CHOICE(positions, LAT_POSITIONS_LEARNED),
    CHOICE(tied, 1),
    CHOICE(matrix_positions, 0),
    CHOICE(factored, 0),
    CHOICE(cross_query_from_input, 0),
    LATI_NUMBER(lat_model_options, max_positions, LATI_FIELD_INT32, 0, 0, MAX_POSITIONS),
    CHOICE(init, LAT_INIT_RANDOM),
    LATI_NUMBER(lat_model_options, dropout, LATI_FIELD_DOUBLE, 0, 0, 0.9),
    LATI_NUMBER(lat_model_options, seed, LATI_FIELD_UINT64, 0, 0, 18446744073709551615.0),
    LATI_ADDED_NUMBER(lat_model_options, architecture, LATI_FIELD_INT32,
                      LAT_ARCHITECTURE_ENCODER_DECODER, LAT_ARCHITECTURE_ENCODER_DECODER,
                      LAT_ARCHITECTURE_GRU),
    LATI_ADDED_NUMBER(lat_model_options, norm_kind, LATI_FIELD_INT32, LAT_NORM_KIND_LAYER,
                      LAT_NORM_KIND_LAYER, LAT_NORM_KIND_RMS),
    LATI_ADDED_NUMBER(lat_model_options, attention_dropout, LATI_FIELD_DOUBLE, 0, 0, 0.9),
    LATI_ADDED_NUMBER(lat_model_options, copy_gate, LATI_FIELD_INT32, 0, 0, 1),
    LATI_ADDED_NUMBER(lat_model_options, encoder_loop_layer, LATI_FIELD_INT32, 0, 0, 64),
    LATI_ADDED_NUMBER(lat_model_options, decoder_loop_layer, LATI_FIELD_INT32, 0, 0, 64),
    LATI_ADDED_NUMBER(lat_model_options, encoder_attention, LATI_FIELD_INT32, 0, 0, 1),
    LATI_ADDED_NUMBER(lat_model_options, query_per_number, LATI_FIELD_INT32, 0, 0, 1),
    LATI_ADDED_NUMBER(lat_model_options, ffn, LATI_FIELD_INT32, LAT_FFN_PLAIN, LAT_FFN_PLAIN,
                      LAT_FFN_HASHED),
    LATI_ADDED_NUMBER(lat_model_options, ffn_hash_bits, LATI_FIELD_INT32, 4, 1, LATI_MAX_HASH_BITS),
    LATI_ADDED_NUMBER(lat_model_options, factored_head, LATI_FIELD_INT32, 0, 0, 1),
    LATI_FIELDS_END,
};

void lat_model_options_init_sized(lat_model_options *options, size_t size) {
  lati_options_init(options, size, lati_model_fields, sizeof *options);
}

int lati_config_factored(const lat_model_options *options, const lat_tokenizer *tokenizer,
                         int32_t side) {
  const int used = side == LAT_INPUT || options->architecture != LAT_ARCHITECTURE_ENCODER;
  return used && options->factored && tokenizer->side[side].encoding->factors != NULL;
}

static lat_status check_heads(int32_t heads, int32_t width, const char *stack) {
  if (width % heads != 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "heads %d does not divide width %d (%s)", (int)heads,
                     (int)width, stack);
  }
  return LAT_OK;
}

static lat_status check_hash(const lat_model_options *options, int32_t width, const char *stack) {
  if (options->ffn == LAT_FFN_HASHED && width % options->ffn_hash_bits != 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "ffn_hash_bits %d does not divide width %d (%s)",
                     (int)options->ffn_hash_bits, (int)width, stack);
  }
  return LAT_OK;
}

static lat_status check_loop_layer(int32_t layer, int32_t layers, const char *stack) {
  if (layer > layers) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s_loop_layer %d is above %s_layers %d", stack,
                     (int)layer, stack, (int)layers);
  }
  return LAT_OK;
}

/* Both read the layer's input, and a gate has it only where something is applied again. */
static lat_status check_copy_gate(const lat_model_options *options) {
  const int encoder = options->architecture != LAT_ARCHITECTURE_DECODER;
  const int decoder = options->architecture != LAT_ARCHITECTURE_ENCODER;
  if (options->copy_gate && (!encoder || options->encoder_loops == 1) &&
      (!decoder || options->decoder_loops == 1)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "copy_gate is 1, but no layer is applied more than once");
  }
  if (options->copy_gate && options->cross_query_from_input) {
    return lati_fail(LAT_ERROR_ARGUMENT, "copy_gate and cross_query_from_input are both 1");
  }
  return LAT_OK;
}

int32_t lati_config_number_tokens(const lat_tokenizer *tokenizer) {
  int32_t symbols[LATI_MAX_NUMBER_TOKENS];
  const lati_vocabulary *output = &tokenizer->side[LAT_OUTPUT];
  return output->encoding->encode(symbols, output->digits, 1.0);
}

/* An encoder alone knows how long an answer is before it has any of it. */
static lat_status check_encoder_alone(const lat_model_options *options,
                                      const lat_tokenizer *tokenizer) {
  int32_t symbols[LATI_MAX_NUMBER_TOKENS];
  const lati_vocabulary *output = &tokenizer->side[LAT_OUTPUT];
  if (output->encoding->encode(symbols, output->digits, 0.0) !=
      lati_config_number_tokens(tokenizer)) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "an encoder alone needs an output encoding whose numbers all have the same "
                     "length, which %s does not have",
                     output->encoding->name);
  }
  if (options->query_per_number && lati_config_number_tokens(tokenizer) == 1) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "query_per_number is 1, but every number of %s is one token already",
                     output->encoding->name);
  }
  if (options->cross_query_from_input) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "cross_query_from_input is 1, but an encoder alone has no cross-attention");
  }
  return LAT_OK;
}

/* Attention over the encoder's states is an option of recurrent decoders alone. */
static lat_status check_recurrent(const lat_model_options *options) {
  const int recurrent = options->architecture == LAT_ARCHITECTURE_LSTM ||
                        options->architecture == LAT_ARCHITECTURE_GRU;
  if (!recurrent && options->encoder_attention) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "encoder_attention is 1, but architecture %d is not recurrent",
                     (int)options->architecture);
  }
  if (recurrent && options->cross_query_from_input && !options->encoder_attention) {
    return lati_fail(LAT_ERROR_ARGUMENT, "cross_query_from_input is 1, but encoder_attention is 0");
  }
  return LAT_OK;
}

/* Tied, its weight is the tables of the embeddings' factors. */
static lat_status check_factored_head(const lat_model_options *options,
                                      const lat_tokenizer *tokenizer) {
  if (options->factored_head && tokenizer->side[LAT_OUTPUT].encoding->factors == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "factored_head is 1, which needs the fp15 encoding; output is %s",
                     lat_tokenizer_encoding(tokenizer, LAT_OUTPUT));
  }
  if (options->factored_head && options->tied && !options->factored &&
      options->architecture != LAT_ARCHITECTURE_ENCODER) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "factored_head is 1, but the embeddings that it is tied to are not factored: "
                     "factored must be 1 or tied 0");
  }
  return LAT_OK;
}

static lat_status check_options(const lat_model_options *options, const lat_tokenizer *tokenizer) {
  lat_status status = LAT_OK;
  if (options->architecture != LAT_ARCHITECTURE_DECODER) {
    LATI_TRY(check_heads(options->encoder_heads, options->encoder_width, "encoder"));
    LATI_TRY(check_hash(options, options->encoder_width, "encoder"));
    LATI_TRY(check_loop_layer(options->encoder_loop_layer, options->encoder_layers, "encoder"));
  }
  if (options->architecture != LAT_ARCHITECTURE_ENCODER) {
    LATI_TRY(check_heads(options->decoder_heads, options->decoder_width, "decoder"));
    LATI_TRY(check_hash(options, options->decoder_width, "decoder"));
    LATI_TRY(check_loop_layer(options->decoder_loop_layer, options->decoder_layers, "decoder"));
  } else {
    LATI_TRY(check_encoder_alone(options, tokenizer));
  }
  LATI_TRY(check_copy_gate(options));
  LATI_TRY(check_recurrent(options));
  if (options->architecture != LAT_ARCHITECTURE_ENCODER && options->query_per_number) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "query_per_number is 1, but only an encoder alone has query positions");
  }
  if (options->architecture == LAT_ARCHITECTURE_DECODER && options->cross_query_from_input) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "cross_query_from_input is 1, but a decoder alone has no cross-attention");
  }
  if (options->factored && !lati_config_factored(options, tokenizer, LAT_INPUT) &&
      !lati_config_factored(options, tokenizer, LAT_OUTPUT)) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "factored embeddings need the fp15 encoding; input is %s, output %s",
                     lat_tokenizer_encoding(tokenizer, LAT_INPUT),
                     lat_tokenizer_encoding(tokenizer, LAT_OUTPUT));
  }
  status = check_factored_head(options, tokenizer);
done:
  return status;
}

/* Queries need the answer's places ahead, which the header of one matrix tells. */
static lat_status check_task(const lat_model_options *options, const lat_task *task) {
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    const lat_task *one = lat_task_component(task, i);
    if (options->architecture == LAT_ARCHITECTURE_ENCODER &&
        (lati_task_sequence_matrices(one, LAT_INPUT) > 1 ||
         lati_task_sequence_matrices(one, LAT_OUTPUT) > 1)) {
      return lati_fail(
          LAT_ERROR_ARGUMENT,
          "an encoder alone reads one matrix, and the operands or results of task '%s' "
          "are written one after the other",
          lat_task_name(one));
    }
  }
  return LAT_OK;
}

lat_status lati_config_positions(int32_t *positions, const lat_task *task,
                                 const lat_tokenizer *tokenizer) {
  size_t tokens[2];
  lat_status status = lati_task_max_tokens(tokens, task, tokenizer);
  if (status != LAT_OK) {
    return status;
  }
  const size_t encoder = tokens[LAT_INPUT] + 2, decoder = tokens[LAT_OUTPUT] + 1;
  *positions = (int32_t)(encoder > decoder ? encoder : decoder);
  return LAT_OK;
}

/* A factored head tells them apart by the half of the decade. */
static int32_t count_exponents(const lati_vocabulary *vocabulary, const lat_model_options *options,
                               int32_t side) {
  const int halves = side == LAT_OUTPUT && options->factored_head;
  return (halves ? 2 : 1) * vocabulary->encoding->exponent_count;
}

static void count_symbols(lati_dimensions *dimensions, const lat_model_options *options,
                          const lat_tokenizer *tokenizer, int32_t side) {
  const lati_vocabulary *vocabulary = &tokenizer->side[side];
  const int factored = lati_config_factored(options, tokenizer, side);
  dimensions->vocabulary[side] = vocabulary->size;
  dimensions->symbols[side] = factored ? lati_factors_count_special(vocabulary) : vocabulary->size;
  dimensions->mantissas[side] = factored ? vocabulary->encoding->mantissa_count : 0;
  dimensions->exponents[side] = factored ? count_exponents(vocabulary, options, side) : 0;
}

static int32_t count_scores(const lat_model_options *options, const lat_tokenizer *tokenizer) {
  const lati_vocabulary *vocabulary = &tokenizer->side[LAT_OUTPUT];
  return options->factored_head
             ? lati_factors_count_special(vocabulary) + vocabulary->encoding->mantissa_count +
                   count_exponents(vocabulary, options, LAT_OUTPUT)
             : vocabulary->size;
}

lat_status lati_config_resolve(lat_model_options *options, lati_dimensions *dimensions,
                               const lat_task *task, const lat_tokenizer *tokenizer,
                               const lat_model_options *from) {
  lat_status status = LAT_OK;
  LATI_TRY(lati_options_read(options, sizeof *options, lati_model_fields, from, "model options"));
  LATI_TRY(check_options(options, tokenizer));
  LATI_TRY(check_task(options, task));
  if (options->architecture == LAT_ARCHITECTURE_ENCODER) {
    options->tied = 0; /* there are no embeddings of output symbols */
  }
  if (options->max_positions == 0) {
    LATI_TRY(lati_config_positions(&options->max_positions, task, tokenizer));
  }
  dimensions->max_positions = options->max_positions;
  count_symbols(dimensions, options, tokenizer, LAT_INPUT);
  count_symbols(dimensions, options, tokenizer, LAT_OUTPUT);
  dimensions->scores = count_scores(options, tokenizer);
done:
  return status;
}
