#include "transformer/factors.h"

static int has_factors(int32_t *mantissa, int32_t *exponent, const lati_vocabulary *vocabulary,
                       int32_t token) {
  return token >= LAT_TOKEN_NUMBER &&
         vocabulary->encoding->factors(mantissa, exponent, token - LAT_TOKEN_NUMBER);
}

int32_t lati_factors_count_special(const lati_vocabulary *vocabulary) {
  int32_t mantissa, exponent, count = 0;
  for (int32_t token = 0; token < vocabulary->size; ++token) {
    count += !has_factors(&mantissa, &exponent, vocabulary, token);
  }
  return count;
}

/* Rows of mantissas are -M .. M: |m| > M / sqrt 10. */
static int is_in_upper_half(const lati_encoding *encoding, int32_t mantissa) {
  const int64_t largest = encoding->mantissa_count / 2, distance = mantissa - largest;
  return 10 * distance * distance > largest * largest;
}

lat_status lati_factors_create(lati_factors *factors, const lat_context *ctx,
                               const lati_vocabulary *vocabulary, int halves) {
  lat_status status = LAT_OK;
  const lati_encoding *encoding = vocabulary->encoding;
  int32_t special = 0;
  LATI_TRY(LATI_NEW(factors->special, ctx, vocabulary->size));
  LATI_TRY(LATI_NEW(factors->mantissa, ctx, vocabulary->size));
  LATI_TRY(LATI_NEW(factors->exponent, ctx, vocabulary->size));
  for (int32_t token = 0; token < vocabulary->size; ++token) {
    int32_t *mantissa = &factors->mantissa[token], *exponent = &factors->exponent[token];
    *mantissa = *exponent = factors->special[token] = -1;
    if (!has_factors(mantissa, exponent, vocabulary, token)) {
      factors->special[token] = special++;
    } else if (halves && is_in_upper_half(encoding, *mantissa)) {
      *exponent += encoding->exponent_count;
    }
  }
done:
  return status;
}

void lati_factors_free(lati_factors *factors) {
  lati_free(factors->special);
  lati_free(factors->mantissa);
  lati_free(factors->exponent);
}

/* The exponents of each mantissa, which follow each other, as an empty block of that mantissa. */
static lat_status find_exponents(lati_factor_block *found, const lati_factored_symbols *symbols,
                                 int32_t special) {
  for (int32_t s = 0; s < symbols->symbols; ++s) {
    const int32_t second = symbols->second[s];
    if (second >= 0) {
      lati_factor_block *block = &found[symbols->first[s] - special];
      const int first = block->second_end == 0;
      block->second = first || second < block->second ? second : block->second;
      block->second_end = first || second >= block->second_end ? second + 1 : block->second_end;
      ++block->end; /* counts them */
    }
  }
  for (int32_t m = 0; m < symbols->scores - special - symbols->second_count; ++m) {
    if (found[m].end == 0 || found[m].end != found[m].second_end - found[m].second) {
      return LATI_BUG("a mantissa has no exponents, or such as do not follow each other");
    }
  }
  return LAT_OK;
}

static lat_status add_block(lati_factored_symbols *symbols, lati_factor_block block) {
  lati_factor_block *last = symbols->blocks > 0 ? &symbols->block[symbols->blocks - 1] : NULL;
  if (last != NULL && last->second == block.second && last->second_end == block.second_end) {
    last->end = block.end;
    return LAT_OK;
  }
  if (symbols->blocks == LATI_MAX_FACTOR_BLOCKS) {
    return LATI_BUG("more blocks of symbols than there is room for");
  }
  symbols->block[symbols->blocks++] = block;
  return LAT_OK;
}

/* Special symbols, which stand alone, and mantissas that have the same exponents. */
static lat_status find_blocks(lati_factored_symbols *symbols, const lat_context *ctx,
                              int32_t special) {
  lat_status status = LAT_OK;
  lati_factor_block *found = NULL;
  const int32_t mantissas = symbols->scores - special - symbols->second_count;
  LATI_TRY(LATI_NEW(found, ctx, mantissas));
  LATI_TRY(find_exponents(found, symbols, special));
  LATI_TRY(add_block(symbols, (lati_factor_block){0, special, 0, 0}));
  for (int32_t m = 0; m < mantissas; ++m) {
    found[m].first = special + m;
    found[m].end = special + m + 1;
    LATI_TRY(add_block(symbols, found[m]));
  }
done:
  lati_free(found);
  return status;
}

static int goes_on(const lati_factored_symbols *symbols, int32_t s) {
  return s > 0 && symbols->first[s] == symbols->first[s - 1] + 1 &&
         symbols->second[s] == symbols->second[s - 1];
}

static lat_status find_runs(lati_factored_symbols *symbols, const lat_context *ctx) {
  lat_status status = LAT_OK;
  int32_t count = 0;
  for (int32_t s = 0; s < symbols->symbols; ++s) {
    count += !goes_on(symbols, s);
  }
  LATI_TRY(LATI_NEW(symbols->run, ctx, count));
  for (int32_t s = 0; s < symbols->symbols; ++s) {
    if (!goes_on(symbols, s)) {
      symbols->run[symbols->runs++] =
          (lati_factor_run){s, 0, symbols->first[s], symbols->second[s]};
    }
    ++symbols->run[symbols->runs - 1].count;
  }
done:
  return status;
}

lat_status lati_factored_symbols_create(lati_factored_symbols *symbols, const lat_model *model) {
  lat_status status = LAT_OK;
  lati_factors factors = {0};
  const lati_vocabulary *vocabulary = &model->tokenizer->side[LAT_OUTPUT];
  const lati_encoding *encoding = vocabulary->encoding;
  const int32_t special = lati_factors_count_special(vocabulary);
  const int32_t before = special + encoding->mantissa_count;
  symbols->symbols = vocabulary->size;
  symbols->scores = model->dimensions.scores;
  symbols->second_count = symbols->scores - before;
  LATI_TRY(lati_factors_create(&factors, model->ctx, vocabulary, 1));
  LATI_TRY(LATI_NEW(symbols->first, model->ctx, symbols->symbols));
  LATI_TRY(LATI_NEW(symbols->second, model->ctx, symbols->symbols));
  for (int32_t s = 0; s < symbols->symbols; ++s) {
    const int alone = factors.special[s] >= 0;
    symbols->first[s] = alone ? factors.special[s] : special + factors.mantissa[s];
    symbols->second[s] = alone ? -1 : before + factors.exponent[s];
  }
  LATI_TRY(find_runs(symbols, model->ctx));
  status = symbols->second_count <= LATI_MAX_SECOND_FACTORS
               ? find_blocks(symbols, model->ctx, special)
               : LATI_BUG("more exponents than there is room for");
done:
  lati_factors_free(&factors);
  return status;
}

void lati_factored_symbols_free(lati_factored_symbols *symbols) {
  lati_free(symbols->first);
  lati_free(symbols->second);
  lati_free(symbols->run);
}
