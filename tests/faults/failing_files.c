#include "failing_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

static long failing, calls, most_bytes;
static int failure;

void failing_files_arm(long call, int error, long most) {
  failing = call;
  failure = error;
  most_bytes = most;
  calls = 0;
}

long failing_files_disarm(void) {
  const long counted = calls;
  failing_files_arm(0, 0, 0);
  return counted;
}

static int fails(void) {
  if (++calls != failing) {
    return 0;
  }
  errno = failure;
  return 1;
}

int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int descriptor, const void *data, size_t size);
int __real_fsync(int descriptor);
int __real_close(int descriptor);
int __real_rename(const char *from, const char *to);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_write(int descriptor, const void *data, size_t size);
int __wrap_fsync(int descriptor);
int __wrap_close(int descriptor);
int __wrap_rename(const char *from, const char *to);

int __wrap_open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return fails() ? -1 : __real_open(path, flags, mode);
}

ssize_t __wrap_write(int descriptor, const void *data, size_t size) {
  if (fails()) {
    return -1;
  }
  const size_t most = most_bytes > 0 ? (size_t)most_bytes : size;
  return __real_write(descriptor, data, size < most ? size : most);
}

int __wrap_fsync(int descriptor) {
  return fails() ? -1 : __real_fsync(descriptor);
}

/* The descriptor is gone all the same, as Linux has it. */
int __wrap_close(int descriptor) {
  const int failed = fails();
  const int outcome = __real_close(descriptor);
  errno = failed ? failure : errno;
  return failed ? -1 : outcome;
}

int __wrap_rename(const char *from, const char *to) {
  return fails() ? -1 : __real_rename(from, to);
}
