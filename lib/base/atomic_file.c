/* Atomic files: NAME.<process>-<attempt>.tmp is written in the folder of NAME, flushed, renamed to
 * NAME, and the folder flushed; at every moment NAME is the old file or the new one. */
#include "base/atomic_file.h"

#include "base/link_target.h"
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes gathered before a write: a model has hundreds of tensors of a few numbers. */
enum { BUFFER_SIZE = 1 << 16 };

struct lati_atomic_file {
  char *path, *temporary; /* path: behind the links */
  int descriptor;
  int exists;       /* the temporary file is there and must go */
  int64_t position; /* bytes written */
  size_t gathered;  /* bytes in the buffer, which come next */
  char buffer[BUFFER_SIZE];
};

/* Names tried before giving up: left behind by a killed process, or another thread's. */
#define MAX_ATTEMPTS 1000

/* Room for what a temporary name has behind the path. */
#define SUFFIX_SIZE 48

lat_status lati_fail_errno(const char *path, const char *action) {
  char buffer[128];
  const int error = errno;
  const char *text = lati_error_text(buffer, sizeof buffer, error);
  return lati_fail(LAT_ERROR_IO, "%s: cannot %s: %s", path[0] != '\0' ? path : "\"\"", action,
                   text);
}

/* Permissions for the new file: those of the file it replaces. A device or a folder is never
 * replaced. */
static lat_status choose_mode(mode_t *mode, int *replaces, const char *path) {
  struct stat info;
  *replaces = 0;
  *mode = 0666;
  if (stat(path, &info) != 0) {
    return errno == ENOENT ? LAT_OK : lati_fail_errno(path, "look at the file");
  }
  if (!S_ISREG(info.st_mode)) {
    return lati_fail(LAT_ERROR_IO, "%s: exists and is not a regular file", path);
  }
  *replaces = 1;
  *mode = info.st_mode & 0777;
  return LAT_OK;
}

/* The path without so many bytes of its last component as the suffix has, and without half a
 * character: a name that is no longer than the one it stands beside. */
static size_t shorten(const char *path, size_t suffix) {
  const char *slash = strrchr(path, '/');
  const size_t folder = slash == NULL ? 0 : (size_t)(slash + 1 - path);
  const size_t length = strlen(path);
  size_t kept = length - folder > suffix ? length - suffix : folder;
  while (kept > folder && ((unsigned char)path[kept] & 0xc0) == 0x80) {
    --kept;
  }
  return kept;
}

static void name_temporary(lati_atomic_file *file, int attempt, int shortened) {
  char suffix[SUFFIX_SIZE];
  const int length = snprintf(suffix, sizeof suffix, ".%ld-%d.tmp", (long)getpid(), attempt);
  const size_t kept = shortened ? shorten(file->path, (size_t)length) : strlen(file->path);
  memcpy(file->temporary, file->path, kept);
  memcpy(file->temporary + kept, suffix, (size_t)length + 1);
}

/* A name that is too long for the file system with its suffix is tried again without its end. */
static lat_status open_temporary(lati_atomic_file *file, mode_t mode) {
  int shortened = 0;
  for (int attempt = 0; attempt < MAX_ATTEMPTS; ++attempt) {
    name_temporary(file, attempt, shortened);
    do {
      file->descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    } while (file->descriptor < 0 && errno == EINTR);
    if (file->descriptor >= 0) {
      file->exists = 1;
      return LAT_OK;
    }
    const int too_long = errno == ENAMETOOLONG && !shortened;
    if (errno != EEXIST && !too_long) {
      break;
    }
    shortened |= too_long;
  }
  return lati_fail_errno(file->path, "create a temporary file beside it");
}

lat_status lati_atomic_open(lati_atomic_file **out, const lat_context *ctx, const char *path) {
  lat_status status = LAT_OK;
  lati_atomic_file *file = NULL;
  mode_t mode = 0;
  int replaces = 0;
  *out = NULL;
  LATI_TRY(LATI_NEW(file, ctx, 1));
  file->descriptor = -1;
  LATI_TRY(lati_link_target(&file->path, ctx, path));
  LATI_TRY(LATI_NEW(file->temporary, ctx, strlen(file->path) + SUFFIX_SIZE));
  LATI_TRY(choose_mode(&mode, &replaces, file->path));
  LATI_TRY(open_temporary(file, mode));
  if (replaces && fchmod(file->descriptor, mode) != 0) {
    LATI_TRY(lati_fail_errno(file->path, "set the temporary file's permissions"));
  }
  *out = file;
  file = NULL;
done:
  lati_atomic_close(file);
  return status;
}

static lat_status check_limit(const char *path, int64_t position, size_t size) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      (uint64_t)position + size <= (uint64_t)limit.rlim_cur) { /* signed on FreeBSD */
    return LAT_OK;
  }
  return lati_fail(LAT_ERROR_IO,
                   "%s: cannot write: byte %lld is beyond the process's limit on file sizes, "
                   "%lld bytes (ulimit -f)",
                   path, (long long)position + (long long)size, (long long)limit.rlim_cur);
}

lat_status lati_write_all(int descriptor, const char *path, int64_t position, const void *data,
                          size_t size) {
  const char *from = data;
  lat_status status = check_limit(path, position, size);
  while (status == LAT_OK && size > 0) {
    const ssize_t written = write(descriptor, from, size);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      errno = written == 0 ? ENOSPC : errno;
      return lati_fail_errno(path, "write");
    }
    from += written;
    size -= (size_t)written;
  }
  return status;
}

static lat_status write_through(lati_atomic_file *file, const void *data, size_t size) {
  const lat_status status =
      lati_write_all(file->descriptor, file->path, file->position, data, size);
  file->position += (int64_t)size;
  return status;
}

static lat_status write_gathered(lati_atomic_file *file) {
  const size_t size = file->gathered;
  file->gathered = 0;
  return write_through(file, file->buffer, size);
}

lat_status lati_atomic_write(lati_atomic_file *file, const void *data, size_t size) {
  if (size > BUFFER_SIZE - file->gathered) {
    const lat_status status = write_gathered(file);
    if (status != LAT_OK || size > BUFFER_SIZE) {
      return status != LAT_OK ? status : write_through(file, data, size);
    }
  }
  memcpy(file->buffer + file->gathered, data, size);
  file->gathered += size;
  return LAT_OK;
}

static int flush(int descriptor) {
  int result;
  do {
    result = fsync(descriptor);
  } while (result != 0 && errno == EINTR);
  return result;
}

/* Makes the rename last. A folder that may not be opened, or a file system that cannot flush one,
 * leaves nothing more to do. */
static lat_status flush_folder(char *path) {
  lat_status status = LAT_OK;
  char *slash = strrchr(path, '/');
  const char *folder = slash == NULL ? "." : slash == path ? "/" : path;
  if (slash != NULL) {
    *slash = '\0';
  }
  const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    if (flush(descriptor) != 0 && errno == EIO) {
      status = lati_fail_errno(folder, "flush the folder");
    }
    close(descriptor);
  }
  if (slash != NULL) {
    *slash = '/';
  }
  return status;
}

lat_status lati_atomic_commit(lati_atomic_file *file) {
  const lat_status status = write_gathered(file);
  if (status != LAT_OK) {
    return status;
  }
  if (flush(file->descriptor) != 0) {
    return lati_fail_errno(file->path, "flush");
  }
  const int descriptor = file->descriptor;
  file->descriptor = -1;
  if (close(descriptor) != 0 && errno != EINTR) {
    return lati_fail_errno(file->path, "close");
  }
  int renamed;
  do {
    renamed = rename(file->temporary, file->path);
  } while (renamed != 0 && errno == EINTR);
  if (renamed != 0) {
    return lati_fail_errno(file->path, "rename the temporary file to it");
  }
  file->exists = 0;
  return flush_folder(file->path);
}

void lati_atomic_close(lati_atomic_file *file) {
  if (file == NULL) {
    return;
  }
  if (file->descriptor >= 0) {
    close(file->descriptor);
  }
  if (file->exists) {
    unlink(file->temporary);
  }
  lati_free(file->temporary);
  lati_free(file->path);
  lati_free(file);
}
