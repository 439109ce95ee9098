/* One table describes an options structure: it serves defaults, growth, checks, and JSON. */
#ifndef LATI_OPTIONS_H
#define LATI_OPTIONS_H

#include "base/error.h"

#include <stddef.h>

typedef enum lati_field_type {
  LATI_FIELD_INT32,
  LATI_FIELD_INT64,
  LATI_FIELD_UINT32,
  LATI_FIELD_UINT64,
  LATI_FIELD_DOUBLE,
  LATI_FIELD_STRING, /* const char *, borrowed */
  LATI_FIELD_POINTER /* callbacks and user pointers: copied, never written to JSON */
} lati_field_type;

typedef struct lati_field {
  const char *name; /* NULL ends the table */
  lati_field_type type;
  size_t offset;
  double initial;   /* default of a number */
  const char *text; /* default of a string */
  double low,
      high; /* allowed range of a number, both ends included; NaN and infinity are always refused */
  int32_t added; /* 1: younger than files in use: a number not written to JSON while it has its
                    default, so that files which do not use it stay the same bytes */
} lati_field;

#define LATI_NUMBER(structure, member, type, initial, low, high)                                   \
  { #member, (type), offsetof(structure, member), (initial), NULL, (low), (high), 0 }
#define LATI_ADDED_NUMBER(structure, member, type, initial, low, high)                             \
  { #member, (type), offsetof(structure, member), (initial), NULL, (low), (high), 1 }
#define LATI_TEXT(structure, member, text)                                                         \
  { #member, LATI_FIELD_STRING, offsetof(structure, member), 0, (text), 0, 0, 0 }
#define LATI_POINTER(structure, member)                                                            \
  { #member, LATI_FIELD_POINTER, offsetof(structure, member), 0, NULL, 0, 0, 0 }
#define LATI_FIELDS_END                                                                            \
  { NULL, LATI_FIELD_INT32, 0, 0, NULL, 0, 0, 0 }

/* Writes the defaults into the first `size` bytes (the caller's sizeof) and struct_size in front.
 */
void lati_options_init(void *options, size_t size, const lati_field *fields, size_t own_size);

/* Copies the caller's options over the defaults: the smaller of both sizes; a non-zero tail we do
 * not know, or a struct_size too small to hold anything, is an ARGUMENT error; then checks every
 * number against its range: "width 0 is outside 1..4096". `from` NULL gives the defaults. `what`
 * names the structure in messages. */
lat_status lati_options_read(void *to, size_t own_size, const lati_field *fields, const void *from,
                             const char *what);

/* Fills a caller's structure from ours: the smaller of both sizes, struct_size stays the caller's.
 * `to` was checked by lati_options_check_output(): ARGUMENT for NULL or a structure that was never
 * initialised; `what` names it in messages. */
lat_status lati_options_check_output(const void *to, const char *what);
void lati_options_store(void *to, const void *from, size_t own_size);

/* True when the member has its default value; the field must be a number. */
int lati_options_is_default(const void *options, const lati_field *field);

/* Checks every number against its range, as lati_options_read() does. */
lat_status lati_options_check(const void *options, const lati_field *fields, const char *what);

#endif
