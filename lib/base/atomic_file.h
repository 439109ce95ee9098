/* A file that appears whole or not at all: written beside its place, flushed, then renamed. */
#ifndef LATI_ATOMIC_FILE_H
#define LATI_ATOMIC_FILE_H

#include "base/alloc.h"

typedef struct lati_atomic_file lati_atomic_file;

/* Opens a temporary file beside `path`. What exists there must be a regular file (its permissions
 * are kept). Messages of these functions name the path. */
lat_status lati_atomic_open(lati_atomic_file **out, const lat_context *ctx, const char *path);

/* Appends. */
lat_status lati_atomic_write(lati_atomic_file *file, const void *data, size_t size);

/* Flushes the file to the disk, puts it in its place, and flushes the folder. */
lat_status lati_atomic_commit(lati_atomic_file *file);

/* Releases the handle; the temporary file is removed unless it was committed. NULL is a no-op. */
void lati_atomic_close(lati_atomic_file *file);

/* IO failure with errno's text: "PATH: cannot ACTION: TEXT". */
lat_status lati_fail_errno(const char *path, const char *action);

#endif
