/* Replays corpora without a fuzzing engine: each argument is a folder of inputs, of which some must
 * be accepted and some refused. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void replay(const char *path) {
  struct stat info;
  FILE *file = fopen(path, "rb");
  if (file == NULL || fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
    perror(path);
    exit(EXIT_FAILURE);
  }
  const size_t size = (size_t)info.st_size;
  uint8_t *data = malloc(size > 0 ? size : 1);
  if (data == NULL || fread(data, 1, size, file) != size) {
    perror(path);
    exit(EXIT_FAILURE);
  }
  fclose(file);
  LLVMFuzzerTestOneInput(data, size);
  free(data);
}

int main(int count, char **arguments) {
  int replayed = 0;
  for (int i = 1; i < count; ++i) {
    struct dirent **entries = NULL;
    const int found = scandir(arguments[i], &entries, NULL, alphasort);
    for (int j = 0; j < found; ++j) {
      char path[4096];
      snprintf(path, sizeof path, "%s/%s", arguments[i], entries[j]->d_name);
      if (entries[j]->d_name[0] != '.') {
        replay(path);
        ++replayed;
      }
      free(entries[j]);
    }
    free(entries);
  }
  printf("%d inputs, %ld accepted\n", replayed, fuzz_accepted);
  return fuzz_accepted > 0 && fuzz_accepted < replayed ? EXIT_SUCCESS : EXIT_FAILURE;
}
