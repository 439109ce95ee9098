/* The factors of symbols, mantissa and exponent: as rows of embedding tables, and as scores of the
 * head. */
#ifndef LATI_FACTORS_H
#define LATI_FACTORS_H

#include "transformer/transformer.h"

/* Tokens of the vocabulary that have no factors. */
int32_t lati_factors_count_special(const lati_vocabulary *vocabulary);

/* Which rows of the three tables each symbol is the sum of; `factors` zeroed before. With `halves`
 * an exponent has two rows: the first for mantissas in the lower half of its decade, by their
 * logarithms, and behind those of all exponents one for mantissas in the upper half. So where a
 * number lies near a power of ten, what is probable are the largest mantissas with one exponent and
 * the smallest with the next, and not either with both. */
lat_status lati_factors_create(lati_factors *factors, const lat_context *ctx,
                               const lati_vocabulary *vocabulary, int halves);
void lati_factors_free(lati_factors *factors);

/* The output vocabulary as symbols of two factors, whose scores are the rows of the three tables,
 * one table behind the other; `symbols` zeroed before. */
lat_status lati_factored_symbols_create(lati_factored_symbols *symbols, const lat_model *model);
void lati_factored_symbols_free(lati_factored_symbols *symbols);

#endif
