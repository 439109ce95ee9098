/* An allocator whose blocks end where memory begins that nobody may touch: a read or a write behind
 * a block, alignment's slack of less than 64 bytes aside, ends the process. */
#ifndef LAT_TESTS_GUARD_ALLOCATOR_H
#define LAT_TESTS_GUARD_ALLOCATOR_H

#include <lat/context.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Forbidden bytes behind a block: wide, since what reads too far may stride over a page. */
#define GUARD_SIZE ((size_t)1 << 20)

static inline size_t guard_round_up(size_t size, size_t to) {
  return (size + to - 1) / to * to;
}

/* Whole pages for a block, the forbidden ones not counted. */
static inline size_t guard_room(size_t size) {
  return guard_round_up(size, (size_t)sysconf(_SC_PAGESIZE));
}

static inline void *guard_allocate(size_t size, size_t alignment, void *user) {
  (void)user;
  const size_t aligned = guard_round_up(size, alignment), room = guard_room(aligned);
  char *region = (char *)mmap(NULL, room + GUARD_SIZE, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (region == MAP_FAILED) {
    return NULL;
  }
  if (mprotect(region, room, PROT_READ | PROT_WRITE) != 0) {
    munmap(region, room + GUARD_SIZE);
    return NULL;
  }
  return region + room - aligned;
}

static inline void guard_release(void *memory, size_t size, size_t alignment, void *user) {
  (void)user;
  const size_t aligned = guard_round_up(size, alignment), room = guard_room(aligned);
  munmap((char *)memory + aligned - room, room + GUARD_SIZE);
}

/* Context options with this allocator. */
static inline lat_context_options guard_options(void) {
  lat_context_options options;
  lat_context_options_init(&options);
  options.threads = 2;
  options.allocate = guard_allocate;
  options.release = guard_release;
  return options;
}

#endif
