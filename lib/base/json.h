/* Options to JSON and back (jansson), by their tables. */
#ifndef LATI_JSON_H
#define LATI_JSON_H

#include "base/options.h"

#include <jansson.h>
#include <lat/context.h>

/* A new object with a member per field (pointers left out); *out NULL on failure (MEMORY). Doubles
 * keep 17 digits. */
lat_status lati_json_from_options(json_t **out, const void *options, const lati_field *fields);

/* Reads members over the defaults. Strings are borrowed from `object`. A member of wrong type or
 * out of range, or one we do not know, is a FORMAT error that names it; a missing member keeps its
 * default. */
lat_status lati_json_to_options(void *options, size_t own_size, const lati_field *fields,
                                const json_t *object, const char *what);

/* The JSON's text in a block of the context's, closed by a NUL, with 17 digits unless flags say
 * otherwise; lati_free() it. jansson's own text would have to go back to whatever allocator the
 * host may have given jansson. `what` is for the message. */
lat_status lati_json_text(char **out, const lat_context *ctx, const json_t *json, size_t flags,
                          const char *what);

/* True when jansson failed for want of memory. Before its first token it fails without a word. */
int lati_json_out_of_memory(const json_error_t *error);

#endif
