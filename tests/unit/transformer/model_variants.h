/* Small models, such that every option takes part in one of them. */
#ifndef LAT_TESTS_MODEL_VARIANTS_H
#define LAT_TESTS_MODEL_VARIANTS_H

#include "model_fixture.h"

enum { MODEL_VARIANTS = 14 };

/* Variant 0 .. MODEL_VARIANTS - 1. */
void model_variant_open(model_fixture *f, int which, int32_t threads, const lati_backend *backend);

#endif
