/* The safetensors container, written: the header, then the tensors one after the other. */
#include "base/atomic_file.h"
#include "compute/backend.h"
#include "transformer/safetensors.h"

#include <string.h>

/* The header ends where tensors may begin: at a multiple of this from the file's start. */
#define HEADER_ALIGNMENT 8

static lat_status tensor_bytes(int64_t *bytes, const lati_tensor_view *tensor) {
  int64_t size = (int64_t)lati_storage_size(tensor->storage);
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
  json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", lati_storage_dtype(tensor->storage),
                            "shape", shape, "data_offsets", (json_int_t)begin, (json_int_t)*end);
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

/* Where the bytes go: into a file, into memory, or nowhere, to count them. */
typedef struct sink {
  const lati_device *device; /* in whose memory the tensors are */
  lati_atomic_file *file;
  char *memory;
  size_t size;
} sink;

static lat_status put(sink *to, const void *data, size_t size) {
  if (to->file != NULL) {
    return lati_atomic_write(to->file, data, size);
  }
  if (to->memory != NULL) {
    memcpy(to->memory + to->size, data, size);
  }
  to->size += size;
  return LAT_OK;
}

static lat_status write_header(sink *to, const char *header) {
  static const char spaces[] = "        ";
  const size_t length = strlen(header);
  const size_t padding = (HEADER_ALIGNMENT - length % HEADER_ALIGNMENT) % HEADER_ALIGNMENT;
  uint64_t total = length + padding;
  lati_file_order(&total, 1, sizeof total);
  lat_status status = put(to, &total, sizeof total);
  if (status == LAT_OK) {
    status = put(to, header, length);
  }
  return status == LAT_OK ? put(to, spaces, padding) : status;
}

/* Numbers that are read at once. */
enum { BLOCK = 2048 };

/* Numbers first .. first + count - 1 of a tensor, which is rounded unless it is written as f32.
 * What `block` holds afterwards is unspecified. */
static lat_status put_numbers(sink *to, const lati_tensor_view *tensor, float *block, size_t first,
                              size_t count) {
  uint16_t rounded[BLOCK];
  if (tensor->storage == LATI_STORAGE_F32) {
    lati_file_order(block, count, sizeof *block);
    return put(to, block, count * sizeof *block);
  }
  const size_t held = lati_storage_encode(rounded, block, count, tensor->storage);
  if (held < count) {
    return lati_fail(LAT_ERROR_NUMERIC, "%s: element %zu is %g, which %s does not hold",
                     tensor->name, first + held, (double)block[held],
                     lati_storage_name(tensor->storage));
  }
  lati_file_order(rounded, count, sizeof *rounded);
  return put(to, rounded, count * sizeof *rounded);
}

static lat_status write_tensor(sink *to, const lati_tensor_view *tensor) {
  float block[BLOCK];
  const size_t count =
      (size_t)tensor->shape[0] * (tensor->rank == 2 ? (size_t)tensor->shape[1] : 1);
  lat_status status = LAT_OK;
  for (size_t i = 0; i < count && status == LAT_OK; i += BLOCK) {
    const size_t n = count - i < BLOCK ? count - i : BLOCK;
    lati_device_read(to->device, block, tensor->data + i, n * sizeof *block);
    status = put_numbers(to, tensor, block, i, n);
  }
  return status;
}

static lat_status write_all(sink *to, const char *header, const lati_tensor_view *tensors,
                            int32_t count) {
  lat_status status = write_header(to, header);
  for (int32_t i = 0; i < count && status == LAT_OK; ++i) {
    status = write_tensor(to, &tensors[i]);
  }
  return status;
}

lat_status lati_safetensors_write(const lat_context *ctx, const char *path,
                                  const lati_tensor_view *tensors, int32_t count,
                                  const json_t *metadata) {
  lat_status status = LAT_OK;
  sink to = {.device = lati_device_of(ctx)};
  char *header = NULL;
  LATI_TRY(build_header(&header, ctx, tensors, count, metadata));
  LATI_TRY(lati_atomic_open(&to.file, ctx, path));
  LATI_TRY(write_all(&to, header, tensors, count));
  LATI_TRY(lati_atomic_commit(to.file));
done:
  lati_atomic_close(to.file);
  lati_free(header);
  return status;
}

lat_status lati_safetensors_write_memory(size_t *size, const lat_context *ctx, void *data,
                                         size_t capacity, const lati_tensor_view *tensors,
                                         int32_t count, const json_t *metadata) {
  lat_status status = LAT_OK;
  sink count_only = {.device = lati_device_of(ctx)}, to = count_only;
  to.memory = data;
  char *header = NULL;
  *size = 0;
  LATI_TRY(build_header(&header, ctx, tensors, count, metadata));
  LATI_TRY(write_all(&count_only, header, tensors, count));
  *size = count_only.size;
  if (data != NULL && *size > capacity) {
    LATI_TRY(lati_fail(LAT_ERROR_LIMIT, "capacity of %zu bytes is below the %zu of the model",
                       capacity, *size));
  }
  if (data != NULL) {
    LATI_TRY(write_all(&to, header, tensors, count));
  }
done:
  lati_free(header);
  return status;
}
