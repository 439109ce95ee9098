/* The files of a run: their folder, what may lie there at the start, and how many checkpoints stay.
 */
#include "train/run_directory.h"

#include "base/atomic_file.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Digits of the examples in the name of a kept checkpoint, and room for the name. */
enum { KEPT_DIGITS = 16, KEPT_SIZE = 64 };

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

int lati_run_has(const char *path) {
  struct stat info;
  return lstat(path, &info) == 0;
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

/* Whether the name is that of a kept checkpoint; names of equal length sort as their numbers do. */
static int is_kept(const char *name) {
  static const char before[] = "checkpoint-", after[] = ".safetensors";
  if (strncmp(name, before, sizeof before - 1) != 0) {
    return 0;
  }
  const char *digits = name + sizeof before - 1;
  const size_t length = strspn(digits, "0123456789");
  return length == KEPT_DIGITS && strcmp(digits + length, after) == 0;
}

/* Finds the oldest kept checkpoint; returns how many there are. */
static int32_t find_oldest(char oldest[KEPT_SIZE], DIR *folder) {
  struct dirent *entry = NULL;
  int32_t count = 0;
  rewinddir(folder);
  while ((entry = readdir(folder)) != NULL) {
    if (is_kept(entry->d_name)) {
      if (count == 0 || strcmp(entry->d_name, oldest) < 0) {
        memcpy(oldest, entry->d_name, strlen(entry->d_name) + 1);
      }
      ++count;
    }
  }
  return count;
}

static lat_status remove_all_but(const char *directory, int32_t count) {
  char oldest[KEPT_SIZE] = "";
  DIR *folder = opendir(directory);
  if (folder == NULL) {
    return lati_fail_errno(directory, "list the folder");
  }
  lat_status status = LAT_OK;
  while (status == LAT_OK && find_oldest(oldest, folder) > count) {
    if (unlinkat(dirfd(folder), oldest, 0) != 0) {
      status = lati_fail_errno(directory, "remove an old checkpoint");
    }
  }
  closedir(folder);
  return status;
}

lat_status lati_run_keep(const lat_context *ctx, const char *directory, const char *checkpoint,
                         int64_t examples, int32_t count) {
  lat_status status = LAT_OK;
  char name[KEPT_SIZE], *path = NULL;
  lati_format(name, sizeof name, "checkpoint-%0*lld.safetensors", (int)KEPT_DIGITS,
              (long long)examples);
  LATI_TRY(lati_run_path(&path, ctx, directory, name));
  unlink(path); /* of the same examples, before the run was resumed */
  if (linkat(AT_FDCWD, checkpoint, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0) {
    LATI_TRY(lati_fail_errno(path, "link the checkpoint to this name"));
  }
  status = remove_all_but(directory, count);
done:
  lati_free(path);
  return status;
}
