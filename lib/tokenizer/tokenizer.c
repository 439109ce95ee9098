#include "tokenizer/tokenizer_impl.h"

#include <string.h>

const lati_field lati_tokenizer_fields[] = {
    LATI_TEXT(lat_tokenizer_options, input_encoding, "p1000"),
    LATI_TEXT(lat_tokenizer_options, output_encoding, "p1000"),
    LATI_NUMBER(lat_tokenizer_options, input_digits, LATI_FIELD_INT32, 0, 0, 9),
    LATI_NUMBER(lat_tokenizer_options, output_digits, LATI_FIELD_INT32, 0, 0, 9),
    LATI_ADDED_NUMBER(lat_tokenizer_options, input_triangle, LATI_FIELD_INT32, 0, 0, 1),
    LATI_ADDED_NUMBER(lat_tokenizer_options, reserved, LATI_FIELD_INT32, 0, 0, 0),
    LATI_FIELDS_END};

void lat_tokenizer_options_init_sized(lat_tokenizer_options *options, size_t size) {
  lati_options_init(options, size, lati_tokenizer_fields, sizeof *options);
}

/* Reads the caller's options and makes them definite: static names, digits. */
static lat_status resolve(lat_tokenizer *tokenizer, const lat_tokenizer_options *from) {
  lat_status status = LAT_OK;
  lat_tokenizer_options *options = &tokenizer->options;
  lati_vocabulary *side = tokenizer->side;
  LATI_TRY(lati_options_read(options, sizeof *options, lati_tokenizer_fields, from,
                             "lat_tokenizer_options"));
  LATI_TRY(lati_vocabulary_init(&side[LAT_INPUT], options->input_encoding, options->input_digits));
  LATI_TRY(
      lati_vocabulary_init(&side[LAT_OUTPUT], options->output_encoding, options->output_digits));
  side[LAT_INPUT].triangle = options->input_triangle;
  options->input_encoding = side[LAT_INPUT].encoding->name;
  options->output_encoding = side[LAT_OUTPUT].encoding->name;
  options->input_digits = side[LAT_INPUT].digits;
  options->output_digits = side[LAT_OUTPUT].digits;
done:
  return status;
}

lat_status lat_tokenizer_create(lat_tokenizer **out, lat_context *ctx,
                                const lat_tokenizer_options *options) {
  lat_status status = LAT_OK;
  lat_tokenizer *tokenizer = NULL;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (ctx == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "ctx is NULL");
  }
  LATI_TRY(LATI_NEW(tokenizer, ctx, 1));
  LATI_TRY(resolve(tokenizer, options));
  lati_refs_init(&tokenizer->refs);
  tokenizer->ctx = lati_context_ref(ctx);
  *out = tokenizer;
  tokenizer = NULL;
done:
  lati_free(tokenizer);
  return status;
}

lat_tokenizer *lati_tokenizer_ref(lat_tokenizer *tokenizer) {
  lati_refs_add(&tokenizer->refs);
  return tokenizer;
}

void lat_tokenizer_free(lat_tokenizer *tokenizer) {
  if (tokenizer != NULL && lati_refs_drop(&tokenizer->refs)) {
    lat_context *ctx = tokenizer->ctx;
    lati_free(tokenizer);
    lat_context_free(ctx);
  }
}

lat_status lati_tokenizer_side(const lati_vocabulary **out, const lat_tokenizer *tokenizer,
                               int32_t side) {
  if (tokenizer == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "tokenizer is NULL");
  }
  if (side != LAT_INPUT && side != LAT_OUTPUT) {
    return lati_fail(LAT_ERROR_ARGUMENT, "side %d is neither LAT_INPUT nor LAT_OUTPUT", (int)side);
  }
  *out = &tokenizer->side[side];
  return LAT_OK;
}

lat_status lat_tokenizer_get_options(lat_tokenizer_options *options,
                                     const lat_tokenizer *tokenizer) {
  lat_status status = lati_options_check_output(options, "options");
  if (status == LAT_OK && tokenizer == NULL) {
    status = lati_fail(LAT_ERROR_ARGUMENT, "tokenizer is NULL");
  }
  if (status == LAT_OK) {
    lati_options_store(options, &tokenizer->options, sizeof tokenizer->options);
  }
  return status;
}

const char *lat_tokenizer_encoding(const lat_tokenizer *tokenizer, int32_t side) {
  const lati_vocabulary *vocabulary = NULL;
  return lati_tokenizer_side(&vocabulary, tokenizer, side) == LAT_OK ? vocabulary->encoding->name
                                                                     : NULL;
}

int32_t lat_tokenizer_vocabulary_size(const lat_tokenizer *tokenizer, int32_t side) {
  const lati_vocabulary *vocabulary = NULL;
  return lati_tokenizer_side(&vocabulary, tokenizer, side) == LAT_OK ? vocabulary->size : 0;
}

lat_status lat_tokenizer_symbol(char *text, size_t size, const lat_tokenizer *tokenizer,
                                int32_t side, int32_t token) {
  lat_status status = LAT_OK;
  const lati_vocabulary *vocabulary = NULL;
  char symbol[16];
  LATI_TRY(lati_tokenizer_side(&vocabulary, tokenizer, side));
  if (text == NULL || token < 0 || token >= vocabulary->size) {
    return text == NULL ? lati_fail(LAT_ERROR_ARGUMENT, "text is NULL")
                        : lati_fail(LAT_ERROR_ARGUMENT, "token %d is outside 0..%d", (int)token,
                                    (int)vocabulary->size - 1);
  }
  lati_vocabulary_text(symbol, vocabulary, token);
  if (strlen(symbol) >= size) {
    return lati_fail(LAT_ERROR_LIMIT, "symbol \"%s\" needs %zu bytes, there are %zu", symbol,
                     strlen(symbol) + 1, size);
  }
  strcpy(text, symbol);
done:
  return status;
}

lat_status lat_tokenizer_find(int32_t *token, const lat_tokenizer *tokenizer, int32_t side,
                              const char *symbol) {
  lat_status status = LAT_OK;
  const lati_vocabulary *vocabulary = NULL;
  LATI_TRY(lati_tokenizer_side(&vocabulary, tokenizer, side));
  if (token == NULL || symbol == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", token == NULL ? "token" : "symbol");
  }
  *token = lati_vocabulary_find(vocabulary, symbol);
  if (*token < 0) {
    return lati_fail(LAT_ERROR_NOT_FOUND, "encoding %s has no symbol \"%.32s\"",
                     vocabulary->encoding->name, symbol);
  }
done:
  return status;
}
