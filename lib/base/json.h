/* JSON, whose values are jansson's: options by their tables, and texts. */
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

/* The values of a JSON text, which refuses a key that is there twice and tells the byte of what is
 * wrong: FORMAT, or MEMORY, with *out NULL. jansson's own reader does not look whether there was
 * memory for the text that it collects, and then drops bytes, aborts, or reads on behind it. */
lat_status lati_json_read(json_t **out, const lat_context *ctx, const char *text, size_t length);

#endif
