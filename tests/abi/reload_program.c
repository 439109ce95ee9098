/* A host that loads and unloads the library, as one does with plugins: the library stays, so that
 * BLIS's buffers and workers of contexts that are not freed stay valid, and nothing grows.
 *   reload_program LIBLAT_SO */
#include <dlfcn.h>
#include <lat/lat.h>
#include <stdio.h>
#include <string.h>

typedef lat_status create_function(lat_context **out, const lat_context_options *options);
typedef void free_function(lat_context *ctx);

static long resident_kilobytes(void) {
  long found = -1;
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof line, status) != NULL) {
    if (sscanf(line, "VmRSS: %ld", &found) == 1) {
      break;
    }
  }
  if (status != NULL) {
    fclose(status);
  }
  return found;
}

static int load_use_unload(const char *path) {
  lat_context *ctx = NULL;
  create_function *create = NULL;
  free_function *release = NULL;
  void *library = dlopen(path, RTLD_NOW);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  /* ISO C has no conversion from a pointer to a function's. */
  void *symbols[2] = {dlsym(library, "lat_context_create"), dlsym(library, "lat_context_free")};
  memcpy(&create, &symbols[0], sizeof create);
  memcpy(&release, &symbols[1], sizeof release);
  const int failed = create(&ctx, NULL) != LAT_OK;
  release(ctx);
  return dlclose(library) != 0 || failed;
}

int main(int argc, char **argv) {
  enum { WARM_UP = 20, ROUNDS = 20, ALLOWED_KILOBYTES = 4096 };
  int failed = argc != 2;
  for (int i = 0; i < WARM_UP && !failed; ++i) {
    failed = load_use_unload(argv[1]);
  }
  const long before = resident_kilobytes();
  for (int i = 0; i < ROUNDS && !failed; ++i) {
    failed = load_use_unload(argv[1]);
  }
  const long grown = resident_kilobytes() - before;
  printf("%ld kB more after %d rounds\n", grown, (int)ROUNDS);
  if (failed || dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) == NULL) {
    printf("the library could not be used, or did not stay\n");
    return 1;
  }
  return grown > ALLOWED_KILOBYTES;
}
