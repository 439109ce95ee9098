/* Options to JSON and back (jansson), by their tables. */
#ifndef LATI_JSON_H
#define LATI_JSON_H

#include "base/options.h"

#include <jansson.h>

/* A new object with a member per field (pointers left out); *out NULL on failure (MEMORY). Doubles
 * keep 17 digits. */
lat_status lati_json_from_options(json_t **out, const void *options, const lati_field *fields);

/* Reads members over the defaults. Strings are borrowed from `object`. A member of wrong type or
 * out of range, or one we do not know, is a FORMAT error that names it; a missing member keeps its
 * default. */
lat_status lati_json_to_options(void *options, size_t own_size, const lati_field *fields,
                                const json_t *object, const char *what);

#endif
