/* The safetensors container, read: eight bytes with the header's length, the header as JSON, and
 * the tensors it describes, which must cover the rest of the file end to end. */
#include "transformer/safetensors.h"

#include "base/atomic_file.h"
#include "compute/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The format's own limit. */
#define MAX_HEADER 100000000

/* Bytes of a metadata value, which is read as JSON later. */
#define MAX_METADATA 1000000

typedef struct tensor_entry {
  const char *name; /* borrowed from the header */
  int64_t begin, end;
  int64_t shape[2];
  int32_t rank;
  lati_storage storage;
} tensor_entry;

struct lati_safetensors {
  const lati_device *device; /* in whose memory tensors are read to */
  char *path;
  int descriptor;
  const char *memory; /* the file's bytes where they lie in memory; NULL: they are read */
  int64_t memory_size;
  int64_t data_start, data_size;
  json_t *header;
  const json_t *metadata;
  tensor_entry *entries; /* by begin */
  int32_t count;
};

/* Reads exactly `size` bytes at `position`. */
static lat_status read_at(const lati_safetensors *file, void *to, size_t size, int64_t position) {
  char *next = to;
  if (file->memory != NULL) {
    if (position > file->memory_size || (int64_t)size > file->memory_size - position) {
      return lati_fail(LAT_ERROR_FORMAT, "%s: ends %zu bytes early", file->path, size);
    }
    memcpy(to, file->memory + position, size);
    return LAT_OK;
  }
  while (size > 0) {
    const ssize_t got = pread(file->descriptor, next, size, (off_t)position);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return lati_fail_errno(file->path, "read");
    }
    if (got == 0) {
      return lati_fail(LAT_ERROR_IO, "%s: the file ends at byte %lld, %zu bytes early", file->path,
                       (long long)position, size);
    }
    next += got;
    size -= (size_t)got;
    position += got;
  }
  return LAT_OK;
}

static lat_status open_file(lati_safetensors *file, int64_t *size) {
  struct stat info;
  do {
    file->descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (file->descriptor < 0 && errno == EINTR);
  if (file->descriptor < 0) {
    return lati_fail_errno(file->path, "open");
  }
  if (fstat(file->descriptor, &info) != 0) {
    return lati_fail_errno(file->path, "look at the file");
  }
  if (!S_ISREG(info.st_mode)) {
    return lati_fail(LAT_ERROR_IO, "%s: not a regular file", file->path);
  }
  *size = (int64_t)info.st_size;
  return LAT_OK;
}

/* What is often found in a model's place. */
static int is_lfs_pointer(const char *start, size_t size) {
  static const char pointer[] = "version https://git-lfs.github.com/";
  return size >= sizeof pointer - 1 && memcmp(start, pointer, sizeof pointer - 1) == 0;
}

static lat_status fail_kind(const lati_safetensors *file, const char *why) {
  return lati_fail(LAT_ERROR_FORMAT, "%s: not a safetensors file: %s", file->path, why);
}

/* The first eight bytes are the header's length, little-endian; the header's JSON follows. */
static lat_status read_header_length(int64_t *length, const lati_safetensors *file, int64_t size) {
  char start[64];
  const size_t known = size < (int64_t)sizeof start ? (size_t)size : sizeof start;
  uint64_t value = 0;
  const lat_status status = read_at(file, start, known, 0);
  if (status != LAT_OK) {
    return status;
  }
  if (is_lfs_pointer(start, known)) {
    return fail_kind(file, "it is a pointer of git-lfs to one, which 'git lfs pull' fetches");
  }
  if (size < 8) {
    return lati_fail(LAT_ERROR_FORMAT, "%s: not a safetensors file: %lld bytes are too few",
                     file->path, (long long)size);
  }
  for (int i = 7; i >= 0; --i) {
    value = value << 8 | (unsigned char)start[i];
  }
  if (known > 8 && start[8] != '{') {
    return fail_kind(file, "the header does not begin with '{'");
  }
  if (value > MAX_HEADER || value > (uint64_t)(size - 8)) {
    return lati_fail(LAT_ERROR_FORMAT,
                     "%s: not a safetensors file, or one cut short: header length %llu exceeds the "
                     "limit of %d or the file's %lld bytes",
                     file->path, (unsigned long long)value, MAX_HEADER, (long long)size);
  }
  *length = (int64_t)value;
  return LAT_OK;
}

static lat_status parse_header(lati_safetensors *file, const lat_context *ctx, const char *text,
                               size_t length) {
  if (length == 0) {
    return fail_kind(file, "the header does not begin with '{'");
  }
  const lat_status status = lati_json_read(&file->header, ctx, text, length);
  return status == LAT_OK ? LAT_OK : lati_fail_prefix(status, "%s: header", file->path);
}

static lat_status read_header(lati_safetensors *file, const lat_context *ctx, int64_t size) {
  lat_status status = LAT_OK;
  int64_t length = 0;
  char *text = NULL;
  LATI_TRY(read_header_length(&length, file, size));
  LATI_TRY(LATI_NEW(text, ctx, length));
  LATI_TRY(read_at(file, text, (size_t)length, 8));
  LATI_TRY(parse_header(file, ctx, text, (size_t)length));
  file->data_start = 8 + length;
  file->data_size = size - file->data_start;
done:
  lati_free(text);
  return status;
}

static lat_status check_metadata(lati_safetensors *file) {
  const json_t *metadata = json_object_get(file->header, "__metadata__");
  const char *key;
  json_t *value;
  if (metadata != NULL && !json_is_object(metadata)) {
    return lati_fail(LAT_ERROR_FORMAT, "%s: __metadata__ is not an object", file->path);
  }
  json_object_foreach((json_t *)(uintptr_t)metadata, key, value) {
    if (!json_is_string(value)) {
      return lati_fail(LAT_ERROR_FORMAT, "%s: __metadata__: %s is not a string", file->path, key);
    }
    if (json_string_length(value) > MAX_METADATA) {
      return lati_fail(LAT_ERROR_FORMAT, "%s: __metadata__: %s has %zu bytes, the limit is %d",
                       file->path, key, json_string_length(value), MAX_METADATA);
    }
  }
  file->metadata = metadata;
  return LAT_OK;
}

/* An array of `low`..`high` integers >= `least`; returns how many, -1 when it is not that. */
static int read_integers(int64_t *out, const json_t *array, int low, int high, int64_t least) {
  const size_t count = json_array_size(array);
  if (!json_is_array(array) || count < (size_t)low || count > (size_t)high) {
    return -1;
  }
  for (size_t i = 0; i < count; ++i) {
    const json_t *item = json_array_get(array, i);
    if (!json_is_integer(item) || json_integer_value(item) < least) {
      return -1;
    }
    out[i] = (int64_t)json_integer_value(item);
  }
  return (int)count;
}

/* Bytes of the shape, -1 on overflow. */
static int64_t shape_bytes(const tensor_entry *entry) {
  int64_t bytes = (int64_t)lati_storage_size(entry->storage);
  for (int32_t i = 0; i < entry->rank; ++i) {
    if (__builtin_mul_overflow(bytes, entry->shape[i], &bytes)) {
      return -1;
    }
  }
  return bytes;
}

static lat_status fail_tensor(const lati_safetensors *file, const char *name, const char *what) {
  return lati_fail(LAT_ERROR_FORMAT, "%s: tensor %s: %s", file->path, name, what);
}

/* Names go into messages of one line. */
static int is_plain(const char *name) {
  size_t i = 0;
  while ((unsigned char)name[i] >= 0x20 && name[i] != 0x7f) {
    ++i;
  }
  return i > 0 && name[i] == '\0';
}

static lat_status read_entry(tensor_entry *entry, const lati_safetensors *file, const char *name,
                             const json_t *value) {
  int64_t offsets[2] = {0, 0};
  if (!is_plain(name)) {
    return lati_fail(LAT_ERROR_FORMAT, "%s: a tensor's name is empty or has control characters",
                     file->path);
  }
  const char *dtype = json_string_value(json_object_get(value, "dtype"));
  if (!json_is_object(value) || json_object_size(value) != 3 || dtype == NULL) {
    return fail_tensor(file, name, "not an object of dtype, shape and data_offsets");
  }
  entry->storage = lati_storage_of_dtype(dtype);
  if (entry->storage == LATI_STORAGES) {
    return fail_tensor(file, name, "dtype is none of F32, BF16, F16 and F64");
  }
  entry->name = name;
  entry->rank = read_integers(entry->shape, json_object_get(value, "shape"), 1, 2, 1);
  if (entry->rank < 0) {
    return fail_tensor(file, name, "shape is not 1 or 2 positive integers");
  }
  if (read_integers(offsets, json_object_get(value, "data_offsets"), 2, 2, 0) < 0) {
    return fail_tensor(file, name, "data_offsets are not 2 integers >= 0");
  }
  entry->begin = offsets[0];
  entry->end = offsets[1];
  if (entry->end < entry->begin || entry->end > file->data_size) {
    return fail_tensor(file, name, "data_offsets are not ascending and within the file");
  }
  if (entry->end - entry->begin != shape_bytes(entry)) {
    return fail_tensor(file, name, "data_offsets do not fit the shape");
  }
  return LAT_OK;
}

static int compare_begin(const void *left, const void *right) {
  const tensor_entry *a = left, *b = right;
  return (a->begin > b->begin) - (a->begin < b->begin);
}

/* Tensors must cover the data end to end. */
static lat_status check_cover(lati_safetensors *file) {
  int64_t end = 0;
  qsort(file->entries, (size_t)file->count, sizeof *file->entries, compare_begin);
  for (int32_t i = 0; i < file->count; ++i) {
    const tensor_entry *entry = &file->entries[i];
    if (entry->begin != end) {
      return fail_tensor(file, entry->name,
                         entry->begin < end ? "its data overlap another tensor's"
                                            : "there is a hole before its data");
    }
    end = entry->end;
  }
  if (end != file->data_size) {
    return lati_fail(LAT_ERROR_FORMAT, "%s: %lld bytes follow the last tensor", file->path,
                     (long long)(file->data_size - end));
  }
  return LAT_OK;
}

static lat_status read_entries(lati_safetensors *file, const lat_context *ctx) {
  lat_status status = LATI_NEW(file->entries, ctx, json_object_size(file->header));
  const char *key;
  json_t *value;
  if (status != LAT_OK) {
    return status;
  }
  json_object_foreach(file->header, key, value) {
    if (strcmp(key, "__metadata__") == 0) {
      continue;
    }
    status = read_entry(&file->entries[file->count], file, key, value);
    if (status != LAT_OK) {
      return status;
    }
    ++file->count;
  }
  return check_cover(file);
}

/* The file's bytes are `size` ones at `memory`, or, where that is NULL, those of the file at
 * `path`. */
static lat_status open_source(lati_safetensors **out, const lat_context *ctx, const char *path,
                              const void *memory, int64_t size) {
  lat_status status = LAT_OK;
  lati_safetensors *file = NULL;
  *out = NULL;
  LATI_TRY(LATI_NEW(file, ctx, 1));
  file->device = lati_device_of(ctx);
  file->descriptor = -1;
  file->memory = memory;
  file->memory_size = size;
  LATI_TRY(LATI_NEW(file->path, ctx, strlen(path) + 1));
  memcpy(file->path, path, strlen(path) + 1);
  if (memory == NULL) {
    LATI_TRY(open_file(file, &size));
  }
  LATI_TRY(read_header(file, ctx, size));
  LATI_TRY(check_metadata(file));
  LATI_TRY(read_entries(file, ctx));
  *out = file;
  file = NULL;
done:
  lati_safetensors_close(file);
  return status;
}

lat_status lati_safetensors_open(lati_safetensors **out, const lat_context *ctx, const char *path) {
  return open_source(out, ctx, path, NULL, 0);
}

lat_status lati_safetensors_open_memory(lati_safetensors **out, const lat_context *ctx,
                                        const char *name, const void *data, int64_t size) {
  return open_source(out, ctx, name, data, size);
}

void lati_safetensors_close(lati_safetensors *file) {
  if (file == NULL) {
    return;
  }
  if (file->descriptor >= 0) {
    close(file->descriptor);
  }
  json_decref(file->header);
  lati_free(file->entries);
  lati_free(file->path);
  lati_free(file);
}

const char *lati_safetensors_metadata(const lati_safetensors *file, const char *key) {
  return json_string_value(json_object_get(file->metadata, key));
}

int32_t lati_safetensors_count(const lati_safetensors *file) {
  return file->count;
}

static const tensor_entry *find_entry(const lati_safetensors *file, const char *name) {
  for (int32_t i = 0; i < file->count; ++i) {
    if (strcmp(file->entries[i].name, name) == 0) {
      return &file->entries[i];
    }
  }
  return NULL;
}

int lati_safetensors_has(const lati_safetensors *file, const char *name) {
  return find_entry(file, name) != NULL;
}

/* The numbers of one tensor, a block at a time. */
static lat_status read_numbers(float *data, const lati_safetensors *file,
                               const tensor_entry *entry) {
  enum { BLOCK = 2048 };
  double raw[BLOCK]; /* of the largest type there is */
  float block[BLOCK];
  const int is_float = entry->storage == LATI_STORAGE_F32;
  const size_t size = lati_storage_size(entry->storage);
  const size_t count = (size_t)(entry->end - entry->begin) / size;
  for (size_t i = 0; i < count; i += BLOCK) {
    const size_t n = count - i < BLOCK ? count - i : BLOCK;
    void *numbers = is_float ? (void *)block : raw;
    const lat_status status =
        read_at(file, numbers, n * size, file->data_start + entry->begin + (int64_t)(i * size));
    if (status != LAT_OK) {
      return status;
    }
    lati_file_order(numbers, n, size);
    const size_t held = is_float ? n : lati_storage_decode(block, raw, n, entry->storage);
    if (held < n) {
      return lati_fail(LAT_ERROR_FORMAT,
                       "%s: tensor %s: element %zu is %g, which f32 does not hold", file->path,
                       entry->name, i + held, raw[held]);
    }
    lati_device_write(file->device, data + i, block, n * sizeof *block);
  }
  return LAT_OK;
}

lat_status lati_safetensors_read(float *data, lati_safetensors *file, const char *name,
                                 int32_t rank, const int64_t shape[2]) {
  const tensor_entry *entry = find_entry(file, name);
  if (entry == NULL) {
    return lati_fail(LAT_ERROR_FORMAT, "%s: there is no tensor %s", file->path, name);
  }
  const int64_t cols = entry->rank == 2 ? entry->shape[1] : 1, wanted = rank == 2 ? shape[1] : 1;
  if (entry->rank != rank || entry->shape[0] != shape[0] || cols != wanted) {
    return lati_fail(LAT_ERROR_FORMAT,
                     "%s: tensor %s: shape %lld x %lld of rank %d, expected %lld x %lld of rank %d",
                     file->path, name, (long long)entry->shape[0], (long long)cols,
                     (int)entry->rank, (long long)shape[0], (long long)wanted, (int)rank);
  }
  return data == NULL ? LAT_OK : read_numbers(data, file, entry);
}
