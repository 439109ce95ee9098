#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

long fuzz_accepted;

void fuzz_require(int holds, const char *what) {
  if (!holds) {
    fprintf(stderr, "%s: %s\n", what, lat_last_error());
    abort();
  }
}

lat_context *fuzz_context(void) {
  static lat_context *ctx;
  if (ctx == NULL) {
    lat_context_options options;
    lat_context_options_init(&options);
    options.threads = 1;
    options.precision = LAT_PRECISION_F32;
    fuzz_require(lat_context_create(&ctx, &options) == LAT_OK, "context");
  }
  return ctx;
}

lat_tokenizer *fuzz_tokenizer(const char *encoding) {
  lat_tokenizer *tokenizer = NULL;
  lat_tokenizer_options options;
  lat_tokenizer_options_init(&options);
  options.input_encoding = options.output_encoding = encoding;
  fuzz_require(lat_tokenizer_create(&tokenizer, fuzz_context(), &options) == LAT_OK, "tokenizer");
  return tokenizer;
}

const char *fuzz_file(const uint8_t *data, size_t size) {
  static int descriptor = -1;
  static char path[64];
  if (descriptor < 0) {
    descriptor = memfd_create("fuzz", 0);
    fuzz_require(descriptor >= 0, "memfd_create");
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  }
  fuzz_require(ftruncate(descriptor, 0) == 0 && pwrite(descriptor, data, size, 0) == (ssize_t)size,
               "file in memory");
  return path;
}
