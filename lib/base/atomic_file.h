/* A file that appears whole or not at all: written beside its place, flushed, then renamed. And
 * what else writes to files needs: failures with errno's text, and a write that goes on. */
#ifndef LATI_ATOMIC_FILE_H
#define LATI_ATOMIC_FILE_H

#include "base/alloc.h"

typedef struct lati_atomic_file lati_atomic_file;

/* Opens a temporary file beside `path`, or, where `path` is a symbolic link, beside the file that
 * the link leads to, which need not exist yet. What exists there must be a regular file; its
 * permissions are kept. A device, pipe, socket or folder, and a link of /proc to an open file
 * (/dev/stdout leads to one), are refused. Messages of these functions name the file behind the
 * links. */
lat_status lati_atomic_open(lati_atomic_file **out, const lat_context *ctx, const char *path);

/* Appends, through a buffer: a full disk may be told later, by lati_atomic_commit() at the latest.
 */
lat_status lati_atomic_write(lati_atomic_file *file, const void *data, size_t size);

/* Flushes the file to the disk, puts it in its place, and flushes the folder. */
lat_status lati_atomic_commit(lati_atomic_file *file);

/* Releases the handle; the temporary file is removed unless it was committed. NULL is a no-op. */
void lati_atomic_close(lati_atomic_file *file);

/* Writes all of `size` bytes at the file's end, which is byte `position`. Where the process's limit
 * on file sizes (RLIMIT_FSIZE) forbids that, nothing is written and the call fails: the write
 * itself would raise SIGXFSZ, which ends a process that does not expect it. */
lat_status lati_write_all(int descriptor, const char *path, int64_t position, const void *data,
                          size_t size);

/* IO failure with errno's text: "PATH: cannot ACTION: TEXT". */
lat_status lati_fail_errno(const char *path, const char *action);

#endif
