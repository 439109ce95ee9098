/* The types a tensor's elements may have in a file, beside the float they are in memory. */
#ifndef LATI_STORAGE_H
#define LATI_STORAGE_H

#include "base/error.h"

#include <stddef.h>

typedef enum lati_storage {
  LATI_STORAGE_F32, /* 0: what a file has unless it is told otherwise */
  LATI_STORAGE_BF16,
  LATI_STORAGE_F16, /* read only */
  LATI_STORAGES
} lati_storage;

/* Bytes of an element: 4 or 2. */
size_t lati_storage_size(lati_storage storage);
/* The name in a safetensors header, "F32". */
const char *lati_storage_dtype(lati_storage storage);
/* The type of that header name; LATI_STORAGES when there is none. */
lati_storage lati_storage_of_dtype(const char *dtype);
/* The type that the caller calls "f32" or "bf16"; ARGUMENT for any other text. */
lat_status lati_storage_of_name(lati_storage *out, const char *name);

/* Numbers of two bytes, widened: exact for every bit pattern. `storage` is BF16 or F16. */
void lati_storage_widen(float *dst, const uint16_t *src, size_t count, lati_storage storage);
/* Floats rounded to the nearest bf16, ties to even. Returns how many were converted: fewer than
 * `count` when src[returned] is NaN, infinite, or rounds to infinity. */
size_t lati_storage_round_bf16(uint16_t *dst, const float *src, size_t count);

#endif
