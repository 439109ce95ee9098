/* The folder of a run's files. */
#ifndef LATI_RUN_DIRECTORY_H
#define LATI_RUN_DIRECTORY_H

#include "base/alloc.h"

/* "directory/name" in new memory. */
lat_status lati_run_path(char **out, const lat_context *ctx, const char *directory,
                         const char *name);

/* Creates the folder, and those above it, when absent. */
lat_status lati_run_directory_make(const lat_context *ctx, const char *directory);

/* STATE when there is anything at `path`. */
lat_status lati_run_require_absent(const char *path);

/* IO when there is nothing at `path`. */
lat_status lati_run_require_present(const char *path);

/* Whether there is anything at `path`. */
int lati_run_has(const char *path);

/* Gives the file at `checkpoint`, in the folder, the further name checkpoint-<examples>.safetensors
 * and removes all but the last `count` of such names. */
lat_status lati_run_keep(const lat_context *ctx, const char *directory, const char *checkpoint,
                         int64_t examples, int32_t count);

/* Removes what writes that were killed left beside directory/name. */
void lati_run_remove_temporaries(const char *directory, const char *name);

#endif
