#include "base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct lati_atomic_file {
  char *path, *temporary;
  int descriptor;
  int exists; /* the temporary file is there and must go */
};

/* Names tried before giving up: left behind by a killed process, or another thread's. */
#define MAX_ATTEMPTS 1000

lat_status lati_fail_errno(const char *path, const char *action) {
  char buffer[128];
  const int error = errno;
  const char *text = strerror_r(error, buffer, sizeof buffer);
  return lati_fail(LAT_ERROR_IO, "%s: cannot %s: %s", path, action, text);
}

static lat_status copy_text(char **out, const lat_context *ctx, const char *text) {
  lat_status status = LATI_NEW(*out, ctx, strlen(text) + 1);
  if (status == LAT_OK) {
    memcpy(*out, text, strlen(text) + 1);
  }
  return status;
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

static lat_status open_temporary(lati_atomic_file *file, size_t size, mode_t mode) {
  for (int attempt = 0; attempt < MAX_ATTEMPTS; ++attempt) {
    snprintf(file->temporary, size, "%s.%ld-%d.tmp", file->path, (long)getpid(), attempt);
    do {
      file->descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    } while (file->descriptor < 0 && errno == EINTR);
    if (file->descriptor >= 0) {
      file->exists = 1;
      return LAT_OK;
    }
    if (errno != EEXIST) {
      break;
    }
  }
  return lati_fail_errno(file->path, "create a temporary file beside it");
}

lat_status lati_atomic_open(lati_atomic_file **out, const lat_context *ctx, const char *path) {
  lat_status status = LAT_OK;
  lati_atomic_file *file = NULL;
  mode_t mode = 0;
  int replaces = 0;
  const size_t size = strlen(path) + 48;
  *out = NULL;
  LATI_TRY(LATI_NEW(file, ctx, 1));
  file->descriptor = -1;
  LATI_TRY(copy_text(&file->path, ctx, path));
  LATI_TRY(LATI_NEW(file->temporary, ctx, size));
  LATI_TRY(choose_mode(&mode, &replaces, path));
  LATI_TRY(open_temporary(file, size, mode));
  if (replaces && fchmod(file->descriptor, mode) != 0) {
    LATI_TRY(lati_fail_errno(path, "set the temporary file's permissions"));
  }
  *out = file;
  file = NULL;
done:
  lati_atomic_close(file);
  return status;
}

lat_status lati_atomic_write(lati_atomic_file *file, const void *data, size_t size) {
  const char *from = data;
  while (size > 0) {
    const ssize_t written = write(file->descriptor, from, size);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      errno = written == 0 ? ENOSPC : errno;
      return lati_fail_errno(file->path, "write");
    }
    from += written;
    size -= (size_t)written;
  }
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
  if (flush(file->descriptor) != 0) {
    return lati_fail_errno(file->path, "flush");
  }
  const int descriptor = file->descriptor;
  file->descriptor = -1;
  if (close(descriptor) != 0 && errno != EINTR) {
    return lati_fail_errno(file->path, "close");
  }
  if (rename(file->temporary, file->path) != 0) {
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
