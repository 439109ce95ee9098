/* Memory from the context's allocator. Everything the library keeps comes from here. */
#ifndef LATI_ALLOC_H
#define LATI_ALLOC_H

#include "base/error.h"

#include <lat/context.h>

/* Alignment of every block: a cache line, and the widest vector. */
#define LATI_ALIGNMENT 64

/* Readable bytes behind every block: BLIS's small-matrix kernels read past the end of their
 * operands. */
#define LATI_TAIL 4096

/* A zeroed block of count * size bytes (plus tail), overflow checked. count 0 gives a valid empty
 * block. *out is NULL on failure (MEMORY). The block remembers its size and its context's
 * allocator. */
lat_status lati_alloc(void **out, const lat_context *ctx, size_t count, size_t size);

/* Releases a block of lati_alloc(); NULL is a no-op. */
void lati_free(void *block);

/* Grows a block to at least count elements, keeping its contents; grows geometrically. *capacity is
 * in elements. On failure the old block stays valid. */
lat_status lati_grow(void **block, size_t *capacity, const lat_context *ctx, size_t count,
                     size_t size);

#define LATI_NEW(pointer, ctx, count)                                                              \
  lati_alloc((void **)&(pointer), (ctx), (size_t)(count), sizeof *(pointer))

#endif
