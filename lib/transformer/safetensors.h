/* The safetensors container, read and written. Hostile files are refused before memory is taken for
 * them. */
#ifndef LATI_SAFETENSORS_H
#define LATI_SAFETENSORS_H

#include "base/alloc.h"
#include "base/json.h"
#include "transformer/storage.h"

typedef struct lati_tensor_view {
  const char *name;
  int32_t rank;
  int64_t shape[2];
  const float *data;    /* of the memory of ctx's numbers */
  lati_storage storage; /* type in the file: F32, BF16 or F16 */
} lati_tensor_view;

/* Writes tensors and metadata (an object of strings) atomically: temporary file beside path, fsync,
 * rename, fsync of the folder. On failure an older file at path is untouched and the temporary file
 * is gone. The same content gives the same bytes. NUMERIC, naming the element, for one that the
 * type does not hold. */
lat_status lati_safetensors_write(const lat_context *ctx, const char *path,
                                  const lati_tensor_view *tensors, int32_t count,
                                  const json_t *metadata);

/* The same bytes into memory: *size of them, also where `data` is NULL, which asks for the size
 * alone, or `capacity` is smaller (LIMIT). */
lat_status lati_safetensors_write_memory(size_t *size, const lat_context *ctx, void *data,
                                         size_t capacity, const lati_tensor_view *tensors,
                                         int32_t count, const json_t *metadata);

typedef struct lati_safetensors lati_safetensors;

/* Opens and validates: header length, JSON, duplicate keys, dtypes (F32, BF16, F16, F64), shapes
 * against offsets, offsets without holes or overlaps and within the file. Messages name path and
 * place. */
lat_status lati_safetensors_open(lati_safetensors **out, const lat_context *ctx, const char *path);
/* The same of a file's bytes in memory, which stay until it is closed; `name` is for messages. */
lat_status lati_safetensors_open_memory(lati_safetensors **out, const lat_context *ctx,
                                        const char *name, const void *data, int64_t size);
void lati_safetensors_close(lati_safetensors *file);
/* Metadata value, NULL when absent; borrowed. */
const char *lati_safetensors_metadata(const lati_safetensors *file, const char *key);
int32_t lati_safetensors_count(const lati_safetensors *file);
/* Whether there is a tensor of that name. */
int lati_safetensors_has(const lati_safetensors *file, const char *name);
/* Reads the tensor of that name and exactly that shape into data, memory of ctx's numbers, as
 * floats; NULL data: only checks that it is there. FORMAT when absent or of another shape, or when
 * an element of F64 is beyond all floats. */
lat_status lati_safetensors_read(float *data, lati_safetensors *file, const char *name,
                                 int32_t rank, const int64_t shape[2]);

#endif
