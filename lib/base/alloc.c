#include "base/alloc.h"
#include "base/context_impl.h"
#include "base/floating.h"
#include "base/system.h"

#include <stdlib.h>
#include <string.h>

/* Stands in front of every block. The allocator is kept by value, so that a block outlives nothing
 * it needs, in whatever order handles are freed. */
typedef struct block_header {
  _Alignas(LATI_ALIGNMENT) lat_release_function *release;
  void *user;
  void *memory; /* what the allocator gave */
  size_t total; /* bytes asked of a host's allocator: header, contents, tail */
} block_header;

/* calloc() has large blocks from the kernel as pages that are zero already, and none of them
 * touched yet. With pages of 2 MiB the processor translates fewer addresses (docs/profile.md). */
static void *library_allocate(size_t size) {
  const size_t large = (size_t)1 << 21, total = size + LATI_ALIGNMENT;
  void *memory = calloc(1, total);
  if (memory != NULL && total >= large) {
    lati_prefer_large_pages(memory, total);
  }
  return memory;
}

static block_header *align(void *memory) {
  const uintptr_t beyond = (uintptr_t)memory % LATI_ALIGNMENT;
  return (block_header *)((char *)memory + (beyond == 0 ? 0 : LATI_ALIGNMENT - beyond));
}

static void library_release(void *memory, size_t size, size_t alignment, void *user) {
  (void)size;
  (void)alignment;
  (void)user;
  free(memory);
}

/* The host's allocator is called in the host's floating-point state. */
static void *host_allocate(size_t size, const lat_context_options *options) {
  lati_floating *host = lati_floating_lend();
  void *memory = options->allocate(size, LATI_ALIGNMENT, options->allocate_user);
  lati_floating_take_back(host);
  return memory;
}

static void release_block(lat_release_function *release, void *memory, size_t size, void *user) {
  lati_floating *host = release == library_release ? NULL : lati_floating_lend();
  release(memory, size, LATI_ALIGNMENT, user);
  lati_floating_take_back(host);
}

static lat_status total_size(size_t *total, size_t count, size_t size) {
  const size_t extra = sizeof(block_header) + LATI_TAIL;
  if (size != 0 && count > (PTRDIFF_MAX - extra) / size) {
    return lati_fail(LAT_ERROR_MEMORY, "%zu elements of %zu bytes exceed the address space", count,
                     size);
  }
  *total = count * size + extra;
  return LAT_OK;
}

lat_status lati_alloc(void **out, const lat_context *ctx, size_t count, size_t size) {
  *out = NULL;
  size_t total = 0;
  lat_status status = total_size(&total, count, size);
  if (status != LAT_OK) {
    return status;
  }
  const int own = ctx == NULL || ctx->options.allocate == NULL;
  lat_release_function *release = own ? library_release : ctx->options.release;
  void *user = own ? NULL : ctx->options.allocate_user;

  void *memory = own ? library_allocate(total) : host_allocate(total, &ctx->options);
  if (memory == NULL) {
    return lati_fail(LAT_ERROR_MEMORY, "cannot allocate %zu bytes", total);
  }
  block_header *header = align(memory);
  if (!own && header != memory) {
    release_block(release, memory, total, user);
    return lati_fail(LAT_ERROR_MEMORY, "the allocator's memory is not aligned to %d bytes",
                     LATI_ALIGNMENT);
  }
  if (!own) {
    memset(header, 0, total);
  }
  *header = (block_header){.release = release, .user = user, .memory = memory, .total = total};
  *out = header + 1;
  return LAT_OK;
}

void lati_free(void *block) {
  if (block == NULL) {
    return;
  }
  block_header *header = (block_header *)block - 1;
  release_block(header->release, header->memory, header->total, header->user);
}

static size_t grown(size_t capacity, size_t count) {
  enum { SMALLEST = 16 };
  size_t doubled = capacity <= SIZE_MAX / 2 ? 2 * capacity : SIZE_MAX;
  size_t wanted = count > SMALLEST ? count : SMALLEST;
  return wanted > doubled ? wanted : doubled;
}

lat_status lati_grow(void **block, size_t *capacity, const lat_context *ctx, size_t count,
                     size_t size) {
  if (*block != NULL && count <= *capacity) {
    return LAT_OK;
  }
  const size_t wanted = grown(*capacity, count);
  void *larger = NULL;
  lat_status status = lati_alloc(&larger, ctx, wanted, size);
  if (status != LAT_OK) {
    return status;
  }
  if (*block != NULL) {
    memcpy(larger, *block, *capacity * size);
    lati_free(*block);
  }
  *block = larger;
  *capacity = wanted;
  return LAT_OK;
}
