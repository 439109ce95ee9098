/* glibc, musl and the BSDs differ here; nothing else in the library asks for more than POSIX.1-2008
 * and dladdr(). Other systems than Linux are untried. */
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/mman.h>
#include <sys/statfs.h>
#endif

#ifdef __GLIBC__
/* GNU's strerror_r() returns the text, which need not be in the buffer. */
const char *lati_error_text(char *buffer, size_t size, int error) {
  return strerror_r(error, buffer, size);
}
#else
const char *lati_error_text(char *buffer, size_t size, int error) {
  return strerror_r(error, buffer, size) == 0 ? buffer : "unknown error";
}
#endif

#ifdef __linux__
enum { PROC_MAGIC = 0x9fa0 }; /* PROC_SUPER_MAGIC of linux/magic.h */

int32_t lati_own_processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

int lati_is_process_link(int *error, const char *path) {
  struct statfs info;
  const int descriptor = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  *error = descriptor < 0 || fstatfs(descriptor, &info) != 0 ? errno : 0;
  if (descriptor >= 0) {
    close(descriptor);
  }
  return *error == 0 && info.f_type == PROC_MAGIC;
}

/* Transparent huge pages, which most systems give on request alone. */
void lati_prefer_large_pages(void *memory, size_t size) {
  const int error = errno;
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = (uintptr_t)memory;
  const uintptr_t first = (begin + page - 1) / page * page, end = (begin + size) / page * page;
  if (first < end) {
    madvise((void *)first, end - first, MADV_HUGEPAGE);
  }
  errno = error;
}
#else
int32_t lati_own_processors(void) {
  const long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 && count < INT32_MAX ? (int32_t)count : 1;
}

int lati_is_process_link(int *error, const char *path) {
  (void)path;
  *error = 0;
  return 0;
}

void lati_prefer_large_pages(void *memory, size_t size) {
  (void)memory;
  (void)size;
}
#endif
