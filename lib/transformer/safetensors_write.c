#include "base/atomic_file.h"
#include "transformer/safetensors.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors data are little-endian: tensors need swapping on this machine"
#endif

/* The header ends where tensors may begin: at a multiple of this from the file's start. */
#define HEADER_ALIGNMENT 8

static lat_status tensor_bytes(int64_t *bytes, const lati_tensor_view *tensor) {
  int64_t size = (int64_t)sizeof(float);
  if (tensor->rank < 1 || tensor->rank > 2) {
    return lati_fail(LAT_ERROR_ARGUMENT, "tensor %s: rank %d is outside 1..2", tensor->name,
                     (int)tensor->rank);
  }
  for (int32_t i = 0; i < tensor->rank; ++i) {
    if (tensor->shape[i] < 1 || __builtin_mul_overflow(size, tensor->shape[i], &size)) {
      return lati_fail(LAT_ERROR_ARGUMENT, "tensor %s: dimension %lld is out of range",
                       tensor->name, (long long)tensor->shape[i]);
    }
  }
  *bytes = size;
  return LAT_OK;
}

static lat_status add_tensor(json_t *header, const lati_tensor_view *tensor, int64_t *end) {
  const int64_t begin = *end;
  int64_t bytes = 0;
  lat_status status = tensor_bytes(&bytes, tensor);
  if (status != LAT_OK) {
    return status;
  }
  if (json_object_get(header, tensor->name) != NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "tensor %s: the name is taken", tensor->name);
  }
  *end += bytes;
  json_t *shape = tensor->rank == 1 ? json_pack("[I]", (json_int_t)tensor->shape[0])
                                    : json_pack("[I, I]", (json_int_t)tensor->shape[0],
                                                (json_int_t)tensor->shape[1]);
  json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets",
                            (json_int_t)begin, (json_int_t)*end);
  if (json_object_set_new(header, tensor->name, entry) != 0) {
    return lati_fail(LAT_ERROR_MEMORY, "no memory for the header's entry %s", tensor->name);
  }
  return LAT_OK;
}

/* The header's text; *out NULL on failure. */
static lat_status build_header(char **out, const lat_context *ctx, const lati_tensor_view *tensors,
                               int32_t count, const json_t *metadata) {
  lat_status status = LAT_OK;
  int64_t end = 0;
  json_t *header = json_object();
  *out = NULL;
  if (header == NULL || (metadata != NULL && json_object_set_new(header, "__metadata__",
                                                                 json_deep_copy(metadata)) != 0)) {
    LATI_TRY(lati_fail(LAT_ERROR_MEMORY, "no memory for the header"));
  }
  for (int32_t i = 0; i < count; ++i) {
    LATI_TRY(add_tensor(header, &tensors[i], &end));
  }
  LATI_TRY(lati_json_text(out, ctx, header, JSON_COMPACT, "the header"));
done:
  json_decref(header);
  return status;
}

static lat_status write_header(lati_atomic_file *file, const char *header) {
  static const char spaces[] = "        ";
  const size_t length = strlen(header);
  const size_t padding = (HEADER_ALIGNMENT - length % HEADER_ALIGNMENT) % HEADER_ALIGNMENT;
  const uint64_t total = length + padding;
  lat_status status = lati_atomic_write(file, &total, sizeof total);
  if (status == LAT_OK) {
    status = lati_atomic_write(file, header, length);
  }
  return status == LAT_OK ? lati_atomic_write(file, spaces, padding) : status;
}

lat_status lati_safetensors_write(const lat_context *ctx, const char *path,
                                  const lati_tensor_view *tensors, int32_t count,
                                  const json_t *metadata) {
  lat_status status = LAT_OK;
  lati_atomic_file *file = NULL;
  char *header = NULL;
  LATI_TRY(build_header(&header, ctx, tensors, count, metadata));
  LATI_TRY(lati_atomic_open(&file, ctx, path));
  LATI_TRY(write_header(file, header));
  for (int32_t i = 0; i < count; ++i) {
    int64_t bytes = 0;
    LATI_TRY(tensor_bytes(&bytes, &tensors[i]));
    LATI_TRY(lati_atomic_write(file, tensors[i].data, (size_t)bytes));
  }
  LATI_TRY(lati_atomic_commit(file));
done:
  lati_atomic_close(file);
  lati_free(header);
  return status;
}
