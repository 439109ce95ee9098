/* The memory of a device, in which numbers are kept: parameters and their packed forms, gradients,
 * activations, the optimizer's vectors, keys and values, logits. Outside an operation nothing reads
 * or writes it: pointers into it are computed, passed on, and not followed. What an operation takes
 * besides (token ids, targets, offsets, places, rows of a table) is the host's memory,
 * lati_alloc().
 *
 * The processor's own table, lati_host_memory, is the context's allocator and memcpy(). */
#ifndef LATI_MEMORY_H
#define LATI_MEMORY_H

#include "base/context_impl.h"

#include <stdint.h>

typedef struct lati_memory {
  /* A block of count * size zero bytes, aligned to LATI_ALIGNMENT, with LATI_TAIL bytes behind it
   * that operations may read. *out is NULL on failure (MEMORY). */
  lat_status (*allocate)(void **out, const lat_context *ctx, size_t count, size_t size);
  void (*release)(const lati_device *device, void *block); /* NULL is a no-op */

  /* Between the host's memory and the device's. */
  void (*read)(const lati_device *device, void *host, const void *from, size_t bytes);
  void (*write)(const lati_device *device, void *to, const void *host, size_t bytes);

  /* Memory of the host with the same bytes, to be changed there and given back by unmap, which
   * brings them to x: on the processor x itself. *host is NULL on failure (MEMORY). */
  lat_status (*map)(void **host, const lat_context *ctx, void *x, size_t bytes);
  void (*unmap)(const lati_device *device, void *x, void *host, size_t bytes);

  void (*copy)(const lati_device *device, void *to, const void *from,
               size_t bytes); /* no overlap */
  void (*fill)(const lati_device *device, float *x, float value, size_t count);
  void (*swap)(const lati_device *device, float *a, float *b, size_t count);
  /* Row i of `to` becomes row rows[i] of `from`, or row i where rows is NULL; for rows[i] < 0 it is
   * left alone. Rows have `width` floats, and begin to_ld and from_ld floats apart. */
  void (*copy_rows)(const lati_device *device, float *to, int64_t to_ld, const float *from,
                    int64_t from_ld, const int32_t *rows, int64_t count, int64_t width);
  /* Place of the first number that is infinite or NaN; count where all are finite. */
  size_t (*find_nonfinite)(const lati_device *device, const float *x, size_t count);
} lati_memory;

extern const lati_memory lati_host_memory;

#endif
