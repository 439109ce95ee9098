#include "failing_malloc.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

static _Thread_local long armed, calls; /* counts while armed is not 0 */
static _Thread_local int recording;

static long live; /* blocks asked for while armed */

/* A hash of the return addresses of each allocation recorded. */
enum { MOST_RECORDED = 1 << 15 };
static uint64_t stacks[MOST_RECORDED];
static long recorded;

void failing_malloc_arm(long call) {
  calls = live = 0;
  recording = call == 0;
  if (recording) {
    recorded = 0;
  }
  armed = call > 0 ? call : -1;
}

long failing_malloc_disarm(void) {
  armed = 0;
  return calls;
}

long failing_malloc_live(void) {
  return live;
}

int failing_malloc_repeated(long call) {
  if (call > recorded) {
    return 0;
  }
  int earlier = 0, later = 0;
  for (long i = 1; i <= recorded; ++i) {
    if (stacks[i - 1] == stacks[call - 1]) {
      earlier += i < call;
      later += i > call;
    }
  }
  return earlier >= 2 && later >= 1;
}

#if FAILING_MALLOC

#include <execinfo.h>

/* They; the last ones are mostly the first to go. */
enum { MOST_BLOCKS = 1 << 14 };
static void *blocks[MOST_BLOCKS];

/* What glibc's own functions are called behind the names that a program may define itself. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

/* For shared libraries too. */
#pragma GCC visibility push(default)
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);
void *memalign(size_t alignment, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **memory, size_t alignment, size_t size);
#pragma GCC visibility pop

/* backtrace() itself may allocate: what it asks for is not counted. */
static void record(void) {
  enum { DEEPEST = 64 };
  void *addresses[DEEPEST];
  uint64_t hash = 14695981039346656037U; /* FNV-1a over whole addresses */
  armed = 0;
  const int depth = backtrace(addresses, DEEPEST);
  armed = -1;
  for (int i = 0; i < depth; ++i) {
    hash = (hash ^ (uintptr_t)addresses[i]) * 1099511628211U;
  }
  if (recorded < MOST_RECORDED) {
    stacks[recorded++] = hash;
  }
}

static int fails(void) {
  if (armed == 0) {
    return 0;
  }
  ++calls;
  if (recording) {
    record();
  }
  if (calls != armed) {
    return 0;
  }
  errno = ENOMEM;
  return 1;
}

static void *counted(void *memory) {
  if (armed != 0 && memory != NULL && live < MOST_BLOCKS) {
    blocks[live++] = memory;
  }
  return memory;
}

static void forget(const void *memory) {
  for (long i = live; i-- > 0;) {
    if (blocks[i] == memory) {
      blocks[i] = blocks[--live];
      return;
    }
  }
}

void *malloc(size_t size) {
  return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
  return fails() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size) {
  if (memory == NULL) {
    return malloc(size);
  }
  if (fails()) {
    return NULL;
  }
  forget(memory);
  return counted(__libc_realloc(memory, size));
}

void free(void *memory) {
  forget(memory);
  __libc_free(memory);
}

void *memalign(size_t alignment, size_t size) {
  return fails() ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  void *block = memalign(alignment, size);
  if (block == NULL) {
    return ENOMEM;
  }
  *memory = block;
  return 0;
}

#endif
