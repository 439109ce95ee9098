/* What the fuzz targets share. A target is LLVMFuzzerTestOneInput() alone; a fuzzing engine or
 * replay.c calls it. */
#ifndef LAT_TESTS_FUZZ_H
#define LAT_TESTS_FUZZ_H

#include <lat/lat.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which is how an engine learns of a finding, when `holds` is 0. */
void fuzz_require(int holds, const char *what);

/* Inputs that were read, not refused. A corpus without one would show nothing. */
extern long fuzz_accepted;

/* A context of one thread, and objects on it, made once. */
lat_context *fuzz_context(void);
lat_tokenizer *fuzz_tokenizer(const char *encoding);

/* The path of a file in memory with these bytes; the same file each time. */
const char *fuzz_file(const uint8_t *data, size_t size);

#endif
