#include "train/run_directory.h"

#include "base/atomic_file.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

lat_status lati_run_path(char **out, const lat_context *ctx, const char *directory,
                         const char *name) {
  const size_t size = strlen(directory) + strlen(name) + 2;
  lat_status status = LATI_NEW(*out, ctx, size);
  if (status == LAT_OK) {
    lati_format(*out, size, "%s/%s", directory, name);
  }
  return status;
}

static lat_status make_one(const char *path) {
  struct stat info;
  if (mkdir(path, 0777) == 0 ||
      (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))) {
    return LAT_OK;
  }
  return lati_fail_errno(path, "create the folder");
}

lat_status lati_run_directory_make(const lat_context *ctx, const char *directory) {
  lat_status status = LAT_OK;
  char *path = NULL;
  LATI_TRY(lati_run_path(&path, ctx, directory, ""));
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    LATI_TRY(make_one(path));
    *slash = '/';
  }
done:
  lati_free(path);
  return status;
}

lat_status lati_run_require_absent(const char *path) {
  struct stat info;
  if (lstat(path, &info) == 0) {
    return lati_fail(LAT_ERROR_STATE, "%s: exists; the folder already holds a run", path);
  }
  return errno == ENOENT ? LAT_OK : lati_fail_errno(path, "look at the file");
}

lat_status lati_run_require_present(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 ? LAT_OK : lati_fail_errno(path, "find the run's checkpoint");
}

/* NAME.<digits and dashes>.tmp, as base/atomic_file.c calls them. */
static int is_temporary(const char *entry, const char *name) {
  const size_t length = strlen(name);
  if (strncmp(entry, name, length) != 0 || entry[length] != '.') {
    return 0;
  }
  const char *rest = entry + length + 1;
  return strcmp(rest + strspn(rest, "0123456789-"), ".tmp") == 0;
}

void lati_run_remove_temporaries(const char *directory, const char *name) {
  DIR *folder = opendir(directory);
  struct dirent *entry = NULL;
  if (folder == NULL) {
    return;
  }
  while ((entry = readdir(folder)) != NULL) {
    if (is_temporary(entry->d_name, name)) {
      unlinkat(dirfd(folder), entry->d_name, 0);
    }
  }
  closedir(folder);
}
