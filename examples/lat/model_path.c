/* Looks models up by name, and in the folders of runs. This is where the command reads
 * LAT_MODEL_PATH: the library reads no environment. */
#include "model_path.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

lat_status model_folders(char *folders, size_t capacity) {
  const char *own = getenv("LAT_MODEL_PATH");
  const int length = snprintf(folders, capacity, "%s%s%s", own != NULL ? own : "",
                              own != NULL && own[0] != '\0' ? ":" : "", lat_model_folder());
  return length >= 0 && (size_t)length < capacity ? LAT_OK : LAT_ERROR_LIMIT;
}

static int is_name(const char *model) {
  return model[0] != '\0' && strpbrk(model, "/.") == NULL && access(model, F_OK) != 0;
}

static int is_folder(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The first that there is of the models of a run's folder; the first of all where there is none, so
 * that the message names it. */
static lat_status run_model(char *path, size_t capacity, const char *folder) {
  static const char *const names[] = {"model", "best", "checkpoint", "model"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    const int length = snprintf(path, capacity, "%s/%s.safetensors", folder, names[i]);
    if (length < 0 || (size_t)length >= capacity) {
      return LAT_ERROR_LIMIT;
    }
    if (access(path, F_OK) == 0) {
      break;
    }
  }
  return LAT_OK;
}

lat_status model_path(char *path, size_t capacity, const char *model) {
  char folders[PATH_MAX];
  if (is_folder(model)) {
    return run_model(path, capacity, model);
  }
  if (!is_name(model)) {
    const int length = snprintf(path, capacity, "%s", model);
    return length >= 0 && (size_t)length < capacity ? LAT_OK : LAT_ERROR_LIMIT;
  }
  const lat_status status = model_folders(folders, sizeof folders);
  return status == LAT_OK ? lat_model_find(path, capacity, folders, model) : status;
}
