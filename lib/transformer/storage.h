/* The types a tensor's elements may have in a file, beside the float they are in memory. */
#ifndef LATI_STORAGE_H
#define LATI_STORAGE_H

#include "base/error.h"

#include <stddef.h>

typedef enum lati_storage {
  LATI_STORAGE_F32, /* 0: what a file has unless it is told otherwise */
  LATI_STORAGE_BF16,
  LATI_STORAGE_F16,
  LATI_STORAGE_F64, /* read only, and therefore last */
  LATI_STORAGES
} lati_storage;

/* Bytes of an element: 2, 4 or 8. */
size_t lati_storage_size(lati_storage storage);
/* What the caller calls it, "f32". */
const char *lati_storage_name(lati_storage storage);
/* The name in a safetensors header, "F32". */
const char *lati_storage_dtype(lati_storage storage);
/* The type of that header name; LATI_STORAGES when there is none. */
lati_storage lati_storage_of_dtype(const char *dtype);
/* The type to write that the caller calls "f32", "bf16" or "f16"; NULL is f32; ARGUMENT for any
 * other text. */
lat_status lati_storage_of_name(lati_storage *out, const char *name);

/* Reverses the bytes of each of `count` numbers of `size` bytes, at most 8. */
void lati_reverse_bytes(void *numbers, size_t count, size_t size);
/* Numbers between the machine's order of bytes and that of files, which are little-endian, either
 * way: reversed on a big-endian machine, left alone elsewhere. */
void lati_file_order(void *numbers, size_t count, size_t size);

/* Numbers of a file, in the machine's order, as floats; `storage` is BF16 or F16, which are exact
 * for every bit pattern, or F64, which is rounded. Returns how many were converted: fewer than
 * `count` when the finite double src[returned] is beyond all floats. */
size_t lati_storage_decode(float *dst, const void *src, size_t count, lati_storage storage);
/* Floats rounded to the nearest BF16 or F16, ties to even. Returns how many were converted: fewer
 * than `count` when src[returned] is NaN, infinite, or rounds to infinity. */
size_t lati_storage_encode(uint16_t *dst, const float *src, size_t count, lati_storage storage);

#endif
