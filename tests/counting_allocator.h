/* An allocator that counts, checks what it is told on release, and fails on demand: with fail_at N
 * the N-th allocation fails, and so do all that follow. */
#ifndef LAT_TESTS_COUNTING_ALLOCATOR_H
#define LAT_TESTS_COUNTING_ALLOCATOR_H

#include "check_quietly.h"
#include <lat/context.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct counting_allocator {
  atomic_long calls;   /* allocations asked for */
  atomic_long live;    /* blocks not yet released */
  atomic_long bytes;   /* of live blocks */
  atomic_long refused; /* allocations that failed */
  long fail_at;        /* 0: never */
} counting_allocator;

/* Kept in front of each block, in 4096 bytes so that every alignment holds. */
typedef struct counted_block {
  size_t size, alignment;
} counted_block;

enum { COUNTED_FRONT = 4096 };

static inline void *counting_allocate(size_t size, size_t alignment, void *user) {
  counting_allocator *self = (counting_allocator *)user;
  const long call = atomic_fetch_add(&self->calls, 1) + 1;
  ck_assert_uint_gt(size, 0);
  if (self->fail_at != 0 && call >= self->fail_at) {
    atomic_fetch_add(&self->refused, 1);
    return NULL;
  }
  void *memory = NULL;
  if (posix_memalign(&memory, COUNTED_FRONT, COUNTED_FRONT + size) != 0) {
    return NULL;
  }
  memset(memory, 0xA5, COUNTED_FRONT + size);
  *(counted_block *)memory = (counted_block){size, alignment};
  atomic_fetch_add(&self->live, 1);
  atomic_fetch_add(&self->bytes, (long)size);
  return (char *)memory + COUNTED_FRONT;
}

static inline void counting_release(void *memory, size_t size, size_t alignment, void *user) {
  counting_allocator *self = (counting_allocator *)user;
  counted_block *block = (counted_block *)(void *)((char *)memory - COUNTED_FRONT);
  ck_assert_uint_eq(size, block->size);
  ck_assert_uint_eq(alignment, block->alignment);
  atomic_fetch_sub(&self->live, 1);
  atomic_fetch_sub(&self->bytes, (long)size);
  free(block);
}

/* Context options with the defaults and this allocator. */
static inline lat_context_options counting_options(counting_allocator *allocator) {
  lat_context_options options;
  lat_context_options_init(&options);
  options.allocate = counting_allocate;
  options.release = counting_release;
  options.allocate_user = allocator;
  return options;
}

#endif
