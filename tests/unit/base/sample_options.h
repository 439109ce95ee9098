/* A structure with one member of every type, and its table. */
#ifndef LAT_TESTS_SAMPLE_OPTIONS_H
#define LAT_TESTS_SAMPLE_OPTIONS_H

#include "base/options.h"

typedef struct sample_options {
  size_t struct_size;
  int32_t width;
  uint32_t stream;
  int64_t count;
  uint64_t seed;
  double rate;
  const char *name;
  const char *path;
  void *user;
  int32_t late; /* a later version's field */
  int32_t reserved;
} sample_options;

static const lati_field sample_fields[] = {
    LATI_NUMBER(sample_options, width, LATI_FIELD_INT32, 256, 1, 4096),
    LATI_NUMBER(sample_options, stream, LATI_FIELD_UINT32, 3, 0, UINT32_MAX),
    LATI_NUMBER(sample_options, count, LATI_FIELD_INT64, -5, -10, 1e15),
    LATI_NUMBER(sample_options, seed, LATI_FIELD_UINT64, 0, 0, 0x1p64),
    LATI_NUMBER(sample_options, rate, LATI_FIELD_DOUBLE, 0.1, 0, 1),
    LATI_TEXT(sample_options, name, "p1000"),
    LATI_TEXT(sample_options, path, NULL),
    LATI_POINTER(sample_options, user),
    LATI_NUMBER(sample_options, late, LATI_FIELD_INT32, 7, 0, 9),
    LATI_NUMBER(sample_options, reserved, LATI_FIELD_INT32, 0, 0, 0),
    LATI_FIELDS_END,
};

static inline void sample_init(sample_options *options) {
  lati_options_init(options, sizeof *options, sample_fields, sizeof *options);
}

#endif
