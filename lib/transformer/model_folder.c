/* Models by name: NAME is the file NAME.safetensors of a folder of models. A list of folders is
 * text with ':' between them, and the first folder that has the file counts. The folder of
 * installed models is found from the library's own place, so that an installed tree can be moved.
 */
#include "base/alloc.h"
#include "base/text.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <lat/model.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".safetensors"

enum { SUFFIX_LENGTH = sizeof SUFFIX - 1, LONGEST_NAME = NAME_MAX - SUFFIX_LENGTH };

static char model_folder[PATH_MAX];
static pthread_once_t model_folder_once = PTHREAD_ONCE_INIT;

static int is_folder(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The folder beside the file that holds this code, a library or a program: 1 when it is there. */
static int find_beside_library(void) {
  Dl_info info;
  char path[PATH_MAX];
  if (LAT_MODELS_FROM_LIBRARY[0] == '\0' || dladdr(model_folder, &info) == 0 ||
      info.dli_fname == NULL || realpath(info.dli_fname, path) == NULL) {
    return 0;
  }
  char *slash = strrchr(path, '/');
  const size_t room = sizeof path - (size_t)(slash + 1 - path);
  const int length = lati_format(slash + 1, room, "%s", LAT_MODELS_FROM_LIBRARY);
  return (size_t)length < room && realpath(path, model_folder) != NULL && is_folder(model_folder);
}

static void find_model_folder(void) {
  if (!find_beside_library()) {
    lati_format(model_folder, sizeof model_folder, "%s", LAT_MODELS_FOLDER);
  }
}

const char *lat_model_folder(void) {
  pthread_once(&model_folder_once, find_model_folder);
  return model_folder;
}

/* The first folder of a list and its length, with the list behind it; 0 at the end. */
static int next_folder(const char **folder, size_t *length, const char **list) {
  const char *text = *list + strspn(*list, ":");
  *folder = text;
  *length = strcspn(text, ":");
  *list = text + *length;
  return *length > 0;
}

static const char *given_or_installed(const char *folders) {
  return folders != NULL ? folders : lat_model_folder();
}

/* The length of NAME in NAME.safetensors; 0 for any other file. */
static size_t length_of_name(const char *file) {
  const size_t length = strlen(file);
  if (length <= SUFFIX_LENGTH || strcmp(file + length - SUFFIX_LENGTH, SUFFIX) != 0) {
    return 0;
  }
  return length - SUFFIX_LENGTH;
}

/* Takes the folder's smallest name behind `after` if it is smaller than *next, or *next is "". A
 * folder that cannot be read has no models. */
static lat_status scan_folder(char next[NAME_MAX + 1], const char *folder, size_t length,
                              const char *after) {
  char text[NAME_MAX + 1], path[PATH_MAX];
  lati_format(path, sizeof path, "%.*s", (int)length, folder);
  DIR *stream = opendir(path);
  if (stream == NULL) {
    return errno != ENOMEM ? LAT_OK : lati_fail(LAT_ERROR_MEMORY, "%s: no memory to list it", path);
  }
  for (const struct dirent *file = readdir(stream); file != NULL; file = readdir(stream)) {
    const size_t name = length_of_name(file->d_name);
    lati_format(text, sizeof text, "%.*s", (int)name, file->d_name);
    if (name > 0 && strcmp(text, after) > 0 && (next[0] == '\0' || strcmp(text, next) < 0)) {
      memcpy(next, text, sizeof text);
    }
  }
  closedir(stream);
  return LAT_OK;
}

/* The name that follows `name` in alphabetical order takes its place; "" when there is none. */
static lat_status advance(char name[NAME_MAX + 1], const char *folders) {
  char next[NAME_MAX + 1] = "";
  const char *folder = NULL;
  size_t length = 0;
  lat_status status = LAT_OK;
  while (status == LAT_OK && next_folder(&folder, &length, &folders)) {
    status = scan_folder(next, folder, length, name);
  }
  memcpy(name, next, sizeof next);
  return status;
}

lat_status lat_model_name(char *name, size_t capacity, const char *folders, int32_t index) {
  char found[NAME_MAX + 1] = "";
  lat_status status = LAT_OK;
  if (name == NULL || capacity == 0 || index < 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s",
                     index < 0 ? "the index is negative" : "name is NULL");
  }
  name[0] = '\0';
  for (int32_t i = 0; i <= index && status == LAT_OK; ++i) {
    status = advance(found, given_or_installed(folders));
    if (status == LAT_OK && found[0] == '\0') {
      return lati_fail(LAT_ERROR_NOT_FOUND, "there are %d models, no number %d", (int)i,
                       (int)index);
    }
  }
  const size_t length = strlen(found);
  if (status == LAT_OK && length >= capacity) {
    return lati_fail(LAT_ERROR_LIMIT, "the name %s has %zu bytes, there is room for %zu", found,
                     length, capacity - 1);
  }
  memcpy(name, found, length + 1);
  return status;
}

/* " a, b, c" as far as it goes. */
static lat_status list_names(char *text, size_t size, const char *folders) {
  char name[NAME_MAX + 1] = "";
  size_t length = 0;
  lat_status status = advance(name, folders);
  text[0] = '\0';
  while (status == LAT_OK && name[0] != '\0' && length + strlen(name) + 8 < size) {
    length +=
        (size_t)lati_format(text + length, size - length, "%s%s", length > 0 ? ", " : " ", name);
    status = advance(name, folders);
  }
  if (status == LAT_OK && name[0] != '\0') {
    lati_format(text + length, size - length, ", ...");
  }
  return status;
}

static lat_status fail_not_found(const char *folders, const char *name) {
  char names[256];
  lat_status status = list_names(names, sizeof names, folders);
  if (status != LAT_OK) {
    return status;
  }
  return lati_fail(LAT_ERROR_NOT_FOUND, "no model %s in %s; %s%s", name, folders,
                   names[0] != '\0' ? "there are" : "there are none", names);
}

static lat_status check_name(const char *name) {
  if (name == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "name is NULL");
  }
  const size_t length = strlen(name);
  if (length == 0 || length > LONGEST_NAME || strchr(name, '/') != NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "a model's name has 1..%d bytes and no '/': '%s'",
                     (int)LONGEST_NAME, name);
  }
  return LAT_OK;
}

lat_status lat_model_find(char *path, size_t capacity, const char *folders, const char *name) {
  const char *folder = NULL;
  size_t length = 0;
  if (path == NULL || capacity == 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "path is NULL");
  }
  path[0] = '\0';
  lat_status status = check_name(name);
  if (status != LAT_OK) {
    return status;
  }
  folders = given_or_installed(folders);
  for (const char *rest = folders; next_folder(&folder, &length, &rest);) {
    struct stat info;
    const size_t needed =
        (size_t)lati_format(path, capacity, "%.*s/%s" SUFFIX, (int)length, folder, name);
    if (needed >= capacity) {
      path[0] = '\0';
      return lati_fail(LAT_ERROR_LIMIT, "a path of %zu bytes, there is room for %zu", needed,
                       capacity - 1);
    }
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
      return LAT_OK;
    }
  }
  path[0] = '\0';
  return fail_not_found(folders, name);
}

lat_status lat_model_load_named(lat_model **out, lat_context *ctx, const char *folders,
                                const char *name, lat_task *custom) {
  char path[PATH_MAX];
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (ctx == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "ctx is NULL");
  }
  const lat_status status = lat_model_find(path, sizeof path, folders, name);
  return status != LAT_OK ? status : lat_model_load(out, ctx, path, custom);
}
